"""kinds: one file per field kind, each a scalar definition and a fast path over Arrow columns that equals it.

In: the declaration of a field. Out: its reader (`reader_of`). Knows: texts, numbers, times; nothing of batches or
events.
"""
