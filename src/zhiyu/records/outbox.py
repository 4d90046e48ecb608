"""The outbox: what has to leave this house because of a change, written in the transaction of the change itself.

In: effects, inside somebody's transaction. Out: rows that are carried out later, in order for each thing they are about. An effect has
a key of its own that follows from what caused it: putting it again changes nothing. One that is held for some seconds can be taken back
until it leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, Connection, Index, String, Table, Text, UniqueConstraint, select, update
from sqlalchemy.dialects import postgresql, sqlite

from zhiyu.base.errors import LimitExceeded
from zhiyu.records.tables import Millis, Number, metadata

LOG = "log"
"""The target of what the log has to know: labels, answers to what waits."""
MAX_BODY_BYTES = 256 << 10
MAX_ABOUT_CHARS, MAX_KEY_CHARS = 200, 200
WAITING, SENDING, DONE, DEAD, BACK = "waiting", "sending", "done", "dead", "taken_back"
STATES = (WAITING, SENDING, DONE, DEAD, BACK)

webhooks = Table(
    "webhooks",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("salt", String(32), nullable=False),
    Column("private", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("by", String(128), nullable=False),
    Column("made_ms", Millis, nullable=False),
)
"""Who wants to be told of what. `kinds`: of effects, separated by commas; `decision.*` names all that begin so, `*` all. `salt`: with the
tenant's key it makes the secret that signs; the secret itself is nowhere. `private`: addresses of a private network are allowed."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("tenant", String(63), nullable=False),
    Column("key", String(MAX_KEY_CHARS), nullable=False),
    Column("target", String(80), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("about", String(MAX_ABOUT_CHARS), nullable=False),
    Column("body", Text, nullable=False),
    Column("made_ms", Millis, nullable=False),
    Column("due_ms", Millis, nullable=False),
    Column("state", String(12), nullable=False),
    Column("tries", Number, nullable=False),
    Column("last", String(300), nullable=False),
    Column("done_ms", Millis, nullable=False),
    UniqueConstraint("tenant", "key", "target"),
    Index("ix_outbox_due", "tenant", "state", "due_ms"),
    Index("ix_outbox_order", "tenant", "target", "about", "id"),
)
"""What leaves. `target`: `log`, or `hook:NAME`. `about`: the thing within which order is kept. `body`: JSON. `last`: what the last try
came to."""

outbox_positions = Table(
    "outbox_positions",
    metadata,
    Column("tenant", String(63), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("position", Number, nullable=False),
)
"""Up to where a log has been read for what has to leave; moved on in the transaction that puts it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """`kind`: "case.opened"; `about`: "case/17", the thing within which order is kept; `cause`: what it follows from ("case/17/closed/3"),
    so that the same cause makes the same key; `body`: JSON that leaves, no raw personal value in it."""

    kind: str
    about: str
    cause: str
    body: dict[str, Any]

    @property
    def key(self) -> str:
        """The id under which it leaves; receivers know by it what they have had.

        >>> Effect("case.opened", "case/17", "case/17/opened", {}).key
        'zo_166a9fa8a572cd96c89b3f9b9f3fe7f2'
        """
        return f"zo_{hashlib.sha256(f'{self.kind} {self.cause}'.encode()).hexdigest()[:32]}"


def put(
    connection: Connection, tenant: str, effects: Sequence[Effect], now_ms: int, hold_ms: int = 0, only: str = ""
) -> list[str]:
    """Write effects for whoever wants to be told, in the transaction that is under way; their keys, in order. None that nobody wants is
    written. `hold_ms`: none leaves before that. `only`: for the webhook of this name, whatever it wants. LimitExceeded."""
    hooks = wanted(connection, tenant) if effects and not only else []
    for effect in effects:
        targets = [f"hook:{name}" for name, kinds in hooks if wants(kinds, effect.kind)] or [f"hook:{only}"] * bool(
            only
        )
        _write(connection, tenant, effect, targets, now_ms, now_ms + hold_ms)
    return [effect.key for effect in effects]


def tell_log(
    connection: Connection, tenant: str, effects: Sequence[Effect], now_ms: int, hold_ms: int = 0
) -> list[str]:
    """Write effects that the log has to know, in the transaction that is under way; their keys. Kinds: `label` (a body as of POST
    /v1/labels), `event` (a body as of POST /v1/events). The id of each record must follow from its cause. LimitExceeded."""
    for effect in effects:
        _write(connection, tenant, effect, [LOG], now_ms, now_ms + hold_ms)
    return [effect.key for effect in effects]


def take_back(connection: Connection, tenant: str, key: str) -> bool:
    """Let an effect not leave after all; False when (a part of) it has left, or there is none."""
    mine = (outbox.c.tenant == tenant) & (outbox.c.key == key)
    states = connection.execute(select(outbox.c.state, outbox.c.tries).where(mine).with_for_update()).all()
    if not states or any(state != WAITING or tries for state, tries in states):
        return False
    connection.execute(update(outbox).where(mine).values(state=BACK))
    return True


def wanted(connection: Connection, tenant: str) -> list[tuple[str, tuple[str, ...]]]:
    """(name, kinds) of the webhooks that are told."""
    asked = select(webhooks.c.name, webhooks.c.kinds).where(webhooks.c.tenant == tenant, webhooks.c.active)
    return [(name, tuple(kinds.split(","))) for name, kinds in connection.execute(asked.order_by(webhooks.c.name))]


def wants(kinds: Sequence[str], kind: str) -> bool:
    """Whether one of `kinds` names `kind`.

    >>> wants(("decision.*",), "decision.decline"), wants(("case.opened",), "case.closed")
    (True, False)
    """
    return any(each == kind or (each.endswith("*") and kind.startswith(each[:-1])) for each in kinds)


def _write(
    connection: Connection, tenant: str, effect: Effect, targets: Sequence[str], now_ms: int, due_ms: int
) -> None:
    if not targets:
        return
    body = msgspec.json.encode(effect.body).decode()
    if len(body) > MAX_BODY_BYTES or len(effect.about) > MAX_ABOUT_CHARS:
        raise LimitExceeded(
            f"an effect has at most {MAX_BODY_BYTES:,} bytes, and {MAX_ABOUT_CHARS} characters about what it is",
            f"外发内容最多 {MAX_BODY_BYTES:,} 字节，对象标识最多 {MAX_ABOUT_CHARS} 个字符",
        )
    made = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [
        {
            "tenant": tenant, "key": effect.key, "target": target, "kind": effect.kind, "about": effect.about, "body": body,
            "made_ms": now_ms, "due_ms": due_ms, "state": WAITING, "tries": 0, "last": "", "done_ms": 0,
        }
        for target in targets
    ]  # fmt: skip
    connection.execute(made(outbox).values(rows).on_conflict_do_nothing())
