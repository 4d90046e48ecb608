"""bench: every speed and size we claim, measured on this machine, beside what else could do the same work.

In: sizes. Out: one report (a dict, a table): figures, the conditions they hold under, peers and ratios.
Knows: policy, engine and everything above them; reads a clock, which nothing it measures does.
"""
