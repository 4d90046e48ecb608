"""How the tables came to be: one file per step, applied in order by `zhiyu.records.migrate`."""
