"""Reveals: how many personal values were shown to whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The table of reveals."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "reveals",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("count", number, nullable=False),
        sa.Column("proposal", number, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_reveals"),
    )
    op.create_index("ix_reveals_by", "reveals", ["tenant", "by", "at_ms"])
