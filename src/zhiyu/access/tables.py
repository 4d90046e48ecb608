"""Tables of people, their sessions, and the audit.

In: the shared catalogue. Out: `people`, `sessions`, `sign_ons`, `audit`, `audit_heads`, `proposals`, `reveals`. No password and no token is
in them, only what proves one.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from zhiyu.records.tables import Millis, Number, metadata

people = Table(
    "people",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("tenant", String(63), nullable=False),
    Column("name", String(64), nullable=False),
    Column("roles", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_ms", Millis, nullable=False),
    Column("failures", Number, nullable=False),
    Column("locked_until_ms", Millis, nullable=False),
    UniqueConstraint("tenant", "name"),
    CheckConstraint("length(name) > 0", name="named"),
)
"""Who may sign in. `roles`: names, separated by commas. `password`: argon2id in its own text form. `failures`: wrong passwords in a row."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("person", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_ms", Millis, nullable=False),
    Column("seen_ms", Millis, nullable=False),
    Column("provider", String(32), nullable=False, server_default=""),
    Column("provider_session", String(255), nullable=False, server_default=""),
)
"""Who is signed in. `digest`: of the token, which only its holder has. `provider`: where they did, "" here; `provider_session`: what the
provider calls the session."""

sign_ons = Table(
    "sign_ons",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("provider", String(32), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
)
"""Whom the subjects of identity providers are."""

audit = Table(
    "audit",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("at_ms", Millis, nullable=False),
    Column("by", String(128), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("about", String(256), nullable=False),
    Column("detail", Text, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Index("ix_audit_about", "tenant", "about"),
)
"""What was changed and revealed, in order. `detail`: JSON. `chain`: keyed digest of the entry and the chain before it."""

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("number", Number, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
)
"""The last entry of each tenant: the row that writers of the audit lock."""

proposals = Table(
    "proposals",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("about", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("payload", Text, nullable=False),
    Column("base", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("by", String(128), nullable=False),
    Column("made_ms", Millis, nullable=False),
    Column("decided_by", String(128), nullable=False),
    Column("decided_ms", Millis, nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_ms", Millis, nullable=False),
    Column("emergency", Boolean, nullable=False),
    Column("reviewed_by", String(128), nullable=False),
    Column("outcome", Text, nullable=False),
    Index("ix_proposals_state", "tenant", "state"),
)
"""What somebody proposes and somebody else approves: see `proposals.Proposal`. `payload`, `outcome`: JSON."""

reveals = Table(
    "reveals",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("by", String(128), nullable=False),
    Column("at_ms", Millis, nullable=False),
    Column("count", Number, nullable=False),
    Column("proposal", Number, nullable=False),
    Index("ix_reveals_by", "tenant", "by", "at_ms"),
)
"""How many personal values were shown to whom, for the limit by the hour. `number`: of the entry of the audit; `proposal`: 0 for none."""
