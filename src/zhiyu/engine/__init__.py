"""engine: where a policy runs, in one process.

In: a policy folder or a `Policy`, decoded batches in log order. Out: decisions, run folders, snapshots.
Knows: base to decisions; the first room that touches disk and environment.
"""
