"""entities: who and what was involved.

In: keys of people, devices, cards (keyed 64-bit codes, or integers). Out: dense slot numbers that are reclaimed when idle.
Knows: base.
"""
