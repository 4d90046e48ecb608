"""policy: what we decided to decide.

In: a folder of YAML, or declarations made in Python. Out: one `Policy`, its artifact (canonical text and hash), every
finding of the static checks with its place, and rules as sentences. Knows: expressions, events and features as words;
never runs anything.
"""
