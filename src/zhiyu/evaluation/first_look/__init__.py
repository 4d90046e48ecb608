"""A first look at a data file: what its columns are, and the policy to begin with.

In: a file of events nobody has described yet. Out: a policy folder that reads it, with keys, features, first rules and the label, and a
table of what was guessed. Knows: the rooms above `evaluation`. Nothing here decides anything: what is written is for people to read and
change.
"""
