"""Restraint: whether groups fare alike, whether what must not matter does not, whether lending stays within what customers can carry.

In: a policy that declares it, past events, labels. Out: figures, and whether they hold. Knows: the rooms above `evaluation`.
"""
