"""Tables of cases: what came up, whom it is about, who works on it, what they did.

In: the shared catalogue. Out: `cases`, `alerts`, `case_subjects`, `case_entities`, `case_steps`, `case_positions`. Values of people are in
them as codes and as they may be shown, never raw.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from zhiyu.records.tables import Millis, Number, metadata

cases = Table(
    "cases",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("shown", String(200), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("assignee", String(128), nullable=False),
    Column("claimed_until_ms", Millis, nullable=False),
    Column("money", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("deadline_ms", Millis, nullable=False),
    Column("late_ms", Millis, nullable=False),
    Column("rank_ms", Millis, nullable=False),
    Column("level", Integer, nullable=False),
    Column("alerts", Number, nullable=False),
    Column("facts", Text, nullable=False),
    Column("opened_ms", Millis, nullable=False),
    Column("changed_ms", Millis, nullable=False),
    Column("closed_ms", Millis, nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("fraud_kind", String(32), nullable=False),
    Column("steps", Number, nullable=False),
    Column("version", Number, nullable=False),
    Index("ix_cases_next", "tenant", "state", "queue", "assignee", "rank_ms", "number"),
    Index("ix_cases_figures", "tenant", "state", "queue", "assignee", "deadline_ms", "money"),
    Index("ix_cases_queue", "tenant", "state", "queue", "rank_ms", "number"),
    Index("ix_cases_rank", "tenant", "state", "rank_ms", "number"),
    Index("ix_cases_own", "tenant", "assignee", "state", "rank_ms", "number"),
    Index("ix_cases_deadline", "tenant", "state", "deadline_ms", "number"),
    Index("ix_cases_money", "tenant", "state", "money", "number"),
    Index("ix_cases_late", "tenant", "state", "late_ms"),
    Index("ix_cases_claims", "tenant", "state", "claimed_until_ms"),
)
"""`kind`: one of `model.CASE_KINDS`. `subject`: the first thing it is about, `shown`: the same for people. `claimed_until_ms`: when a claim
lapses, 0 for a free case and for one that was assigned. `money`: at risk, minor units. `late_ms`: when it is escalated by itself, 0 for
never again. `rank_ms`: the order of work (`rank.py`). `facts`: JSON, what its alerts say in sum. `steps`: length of the timeline.
`version`: changes with every change."""

alerts = Table(
    "alerts",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("case_number", Number, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_type", String(128), nullable=False),
    Column("at_ms", Millis, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("waits", String(8), nullable=False),
    Column("until_ms", Millis, nullable=False),
    Column("final", String(16), nullable=False),
    Column("score", BigInteger, nullable=False),
    Column("money", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_alerts_case", "tenant", "case_number", "at_ms", "id"),
)
"""What came up. `id` follows from what it is about, so that reading the log again makes no second one. `position`: in the log, -1 without.
`outcome`: what was done. `waits`: "open" while the decision waits, "ended" after, "" when it never did; `final`: what it came to.
`detail`: JSON: rules, reasons with their wording, the gang, the model."""

case_subjects = Table(
    "case_subjects",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("case_number", Number, nullable=False),
    Index("ix_case_subjects_case", "tenant", "case_number"),
)
"""Which open case an alert about a subject joins; a closed case has none."""

case_entities = Table(
    "case_entities",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("case_number", Number, primary_key=True, autoincrement=False),
    Column("entity", String(64), primary_key=True),
    Column("code", String(16), primary_key=True),
    Column("shown", String(200), nullable=False),
    Column("alerts", Number, nullable=False),
    Column("first_ms", Millis, nullable=False),
    Column("last_ms", Millis, nullable=False),
    Index("ix_case_entities_who", "tenant", "entity", "code"),
)
"""Everybody and everything that the events of a case name. `code`: 16 hex digits."""

case_steps = Table(
    "case_steps",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("case_number", Number, primary_key=True, autoincrement=False),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("at_ms", Millis, nullable=False),
    Column("by", String(128), nullable=False),
    Column("verb", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
"""The timeline of a case. `by`: "person:NAME", "key:ID" or "system"."""

case_positions = Table(
    "case_positions",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("source", String(16), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""Up to where a source ("log", "gangs") has been read; moved on in the transaction that writes the alerts."""

case_files = Table(
    "case_files",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("case_number", Number, primary_key=True, autoincrement=False),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("by", String(128), nullable=False),
    Column("at_ms", Millis, nullable=False),
)
"""Files, whose content is kept outside under its `digest` (SHA-256). `kind`: the media type as read off the content."""

case_questions = Table(
    "case_questions",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("way", String(16), nullable=False),
    Column("case_number", Number, nullable=False),
    Column("name", String(200), nullable=False),
    Column("whom", Text, nullable=False),
    Column("hops", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("until_ms", Millis, nullable=False),
    Column("by", String(128), nullable=False),
    Column("at_ms", Millis, nullable=False),
    Column("digest", String(64), nullable=False),
    Index("ix_case_questions_case", "tenant", "case_number", "number"),
)
"""Questions of investigations: see `questions.Question`. `whom`: JSON."""

case_workers = Table(
    "case_workers",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("skills", Text, nullable=False),
    Column("most", Integer, nullable=False),
    Column("away", Boolean, nullable=False),
)
"""What people who work on cases can do: `skills`, separated by commas; `most`: open cases that are dealt to one; `away`: none are now."""
