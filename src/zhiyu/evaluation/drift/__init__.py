"""Drift: what a model meets now, beside what it was trained on, by hour and by day.

In: a package, decisions with their values, labels as they mature. Out: figures, alerts, a page. Knows: the rooms above `evaluation`.
"""
