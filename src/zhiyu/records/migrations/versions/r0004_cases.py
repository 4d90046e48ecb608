"""Cases, their alerts, whom they are about, their timelines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _texts(**lengths: int) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(length), nullable=False) for name, length in lengths.items()]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, _number, autoincrement=False, nullable=False) for name in names]


def _long(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Six tables."""
    op.create_table(
        "cases",
        *_texts(tenant=63),
        *_numbers("number"),
        *_texts(kind=16, subject=128, shown=200, queue=64, state=8, assignee=128),
        *_whole("claimed_until_ms", "money"),
        *_texts(currency=8),
        *_whole("deadline_ms", "rank_ms"),
        sa.Column("level", sa.Integer, nullable=False),
        *_numbers("alerts"),
        *_long("facts"),
        *_whole("opened_ms", "changed_ms", "closed_ms"),
        *_texts(disposition=16, fraud_kind=32),
        *_numbers("steps", "version"),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_cases"),
    )
    for name, columns in {
        "next": ("state", "queue", "assignee", "rank_ms", "number"), "queue": ("state", "queue", "rank_ms", "number"),
        "rank": ("state", "rank_ms", "number"), "own": ("assignee", "state", "rank_ms", "number"),
        "deadline": ("state", "deadline_ms", "number"), "money": ("state", "money", "number"), "claims": ("state", "claimed_until_ms"),
    }.items():  # fmt: skip
        op.create_index(f"ix_cases_{name}", "cases", ["tenant", *columns])
    op.create_table(
        "alerts",
        *_texts(tenant=63, id=128),
        *_numbers("case_number"),
        *_texts(kind=16),
        *_whole("position"),
        *_long("event_id"),
        *_texts(event_type=128),
        *_whole("at_ms"),
        *_texts(outcome=16, waits=8),
        *_whole("until_ms"),
        *_texts(final=16),
        *_whole("score", "money"),
        *_long("detail"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_case", "alerts", ["tenant", "case_number", "at_ms", "id"])
    _about()


def _about() -> None:
    """Whom cases are about, and what happened to them."""
    op.create_table(
        "case_subjects",
        *_texts(tenant=63, subject=128),
        *_numbers("case_number"),
        sa.PrimaryKeyConstraint("tenant", "subject", name="pk_case_subjects"),
    )
    op.create_index("ix_case_subjects_case", "case_subjects", ["tenant", "case_number"])
    op.create_table(
        "case_entities",
        *_texts(tenant=63),
        *_numbers("case_number"),
        *_texts(entity=64, code=16, shown=200),
        *_numbers("alerts"),
        *_whole("first_ms", "last_ms"),
        sa.PrimaryKeyConstraint("tenant", "case_number", "entity", "code", name="pk_case_entities"),
    )
    op.create_index("ix_case_entities_who", "case_entities", ["tenant", "entity", "code"])
    op.create_table(
        "case_steps",
        *_texts(tenant=63),
        *_numbers("case_number", "number"),
        *_whole("at_ms"),
        *_texts(by=128, verb=32),
        *_long("text", "detail"),
        sa.PrimaryKeyConstraint("tenant", "case_number", "number", name="pk_case_steps"),
    )
    op.create_table(
        "case_positions",
        *_texts(tenant=63, source=16),
        *_whole("position"),
        sa.PrimaryKeyConstraint("tenant", "source", name="pk_case_positions"),
    )
