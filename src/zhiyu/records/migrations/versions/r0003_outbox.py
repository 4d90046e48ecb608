"""The outbox: webhooks, what leaves, up to where logs were read for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Three tables."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "webhooks",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_webhooks"),
    )
    texts = {"tenant": 63, "key": 200, "target": 80, "kind": 64, "about": 200, "state": 12, "last": 300}
    op.create_table(
        "outbox",
        sa.Column("id", number, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in texts.items()),
        sa.Column("body", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("made_ms", "due_ms", "done_ms")),
        sa.Column("tries", number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("tenant", "key", "target", name="uq_outbox_tenant_key_target"),
    )
    op.create_index("ix_outbox_due", "outbox", ["tenant", "state", "due_ms"])
    op.create_index("ix_outbox_order", "outbox", ["tenant", "target", "about", "id"])
    op.create_table(
        "outbox_positions",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("position", number, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "source", name="pk_outbox_positions"),
    )
