"""Sign-on at identity providers: whom their subjects are, which sessions began there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"


def upgrade() -> None:
    """A table, two columns."""
    op.create_table(
        "sign_ons",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sign_ons_person_people", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "provider", "subject", name="pk_sign_ons"),
    )
    op.create_index("ix_sign_ons_person", "sign_ons", ["person"])
    op.add_column("sessions", sa.Column("provider", sa.String(32), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("provider_session", sa.String(255), nullable=False, server_default=""))
