"""evaluation: replays put to use.

In: event files, labels, an opened policy. Out: reports, metrics against labels that have arrived, decisions derived again.
Knows: base to engine.
"""
