"""network: who is connected to whom, as of when.

In: declared links, blocks of events in log order. Out: components and the dense core around each event; a state that can be saved.
Knows: base to features.
"""
