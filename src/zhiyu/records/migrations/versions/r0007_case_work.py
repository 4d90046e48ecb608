"""Cases that are late, what people can do who work on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """A column, two indices, a table."""
    op.add_column("cases", sa.Column("late_ms", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ix_cases_late", "cases", ["tenant", "state", "late_ms"])
    op.create_index("ix_cases_figures", "cases", ["tenant", "state", "queue", "assignee", "deadline_ms", "money"])
    op.create_table(
        "case_workers",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("skills", sa.Text, nullable=False),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("away", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_case_workers"),
    )
