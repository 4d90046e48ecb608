"""Proposals: four eyes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The table of proposals."""
    texts = {
        "kind": 32,
        "about": 200,
        "title": 200,
        "base": 64,
        "state": 16,
        "by": 128,
        "decided_by": 128,
        "reviewed_by": 128,
    }
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "proposals",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("number", number, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in texts.items()),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("payload", "reason", "outcome")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("made_ms", "decided_ms", "due_ms")),
        sa.Column("emergency", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_proposals"),
    )
    op.create_index("ix_proposals_state", "proposals", ["tenant", "state"])
