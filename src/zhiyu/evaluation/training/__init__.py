"""Training: what was known then becomes a model package.

In: a policy, past events or a tape, labels. Out: a package, with how good it is on later events. Knows: the rooms above `evaluation`.
"""
