"""features: what we have counted so far.

In: declared variables, blocks of events in log order. Out: exact sliding-window values as of each event; a state that can be saved.
Knows: base to entities.
"""
