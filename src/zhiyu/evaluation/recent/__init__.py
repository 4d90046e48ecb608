"""The last days of a server's own log, ready to be decided again while somebody types: a tape of the events with every feature they saw.

`record`: the log becomes a tape; `decide`: a policy decides over it; `figures`: two policies beside each other; `spread`: how a feature is
distributed; `arms`: what came of the arms of an experiment; `draft`: a patch becomes a policy, with findings and what changed; `work`: the
process that does all this beside the server.
"""
