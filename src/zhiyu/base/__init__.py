"""base: the few shared words.

In: nothing of the house. Out: errors and places, durations and time, money, limits, the kernel wrapper, the state arena.
Knows: only the standard library, NumPy and numba.
"""
