"""What all tables share: one catalogue with names for every constraint, and how a moment is stored.

In: nothing. Out: `metadata`, on which each room declares its tables. Times are whole milliseconds since 1970 (UTC), as everywhere.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the house. A name for each constraint, so that a migration can name it on both databases."""

Millis = BigInteger
"""A moment: milliseconds since 1970."""
Number = BigInteger().with_variant(Integer, "sqlite")
"""An own number, given by the database: SQLite counts only INTEGER keys by itself."""
