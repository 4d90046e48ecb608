"""records: what people did, in SQL: who there is, what they changed, what waits for them.

In: a database URL. Out: connections inside transactions, on SQLite (a file beside the log) or PostgreSQL, with tables brought up to date.
Knows: base only; each room declares its own tables on `tables.metadata`. The log stays the truth of events, decisions, labels and lists.
"""
