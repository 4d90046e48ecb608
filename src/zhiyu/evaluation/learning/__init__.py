"""Learning again: a cell's model trained on what has matured since, compared, proposed with its thresholds; a person decides.

In: a policy folder, past events, labels. Out: folders with proposals. Knows: the rooms above `evaluation`.
"""
