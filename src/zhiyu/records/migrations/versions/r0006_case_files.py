"""Files of cases, questions of investigations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _texts(**lengths: int) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(length), nullable=False) for name, length in lengths.items()]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, _number, autoincrement=False, nullable=False) for name in names]


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "case_files",
        *_texts(tenant=63),
        *_numbers("case_number", "number"),
        *_texts(name=200, kind=64),
        sa.Column("size", sa.BigInteger, nullable=False),
        *_texts(digest=64, by=128),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "case_number", "number", name="pk_case_files"),
    )
    op.create_table(
        "case_questions",
        *_texts(tenant=63),
        *_numbers("number"),
        *_texts(way=16),
        *_numbers("case_number"),
        *_texts(name=200),
        sa.Column("whom", sa.Text, nullable=False),
        sa.Column("hops", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("position", "until_ms")),
        *_texts(by=128),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        *_texts(digest=64),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_case_questions"),
    )
    op.create_index("ix_case_questions_case", "case_questions", ["tenant", "case_number", "number"])
