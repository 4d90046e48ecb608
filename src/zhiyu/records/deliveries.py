"""The other side of the outbox: what is due, in order, what became of it, what nobody took.

In: a tenant. Out: `Delivery`s to be carried out; each is claimed first, so that it is under way once. Of those about the same thing for the
same target only the oldest is given out: order is kept even when one has to be tried again. After so many tries it is dead, the next one
goes on, and people may send it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, exists, insert, select, update

from zhiyu.base.errors import ZhiyuError
from zhiyu.records.outbox import BACK, DEAD, DONE, SENDING, WAITING, outbox, outbox_positions
from zhiyu.records.store import Records

MAX_TRIES = 15
FIRST_WAIT_MS, LONGEST_WAIT_MS = 2_000, 3_600_000


class NoSuchDelivery(ZhiyuError):
    """Nothing of this number is in the outbox, or not in this state."""

    code = "no_delivery"
    status = 404


@dataclass(frozen=True, slots=True)
class Delivery:
    """One effect for one target. `number`: its own; `key`: the id under which it leaves; times in ms."""

    number: int
    key: str
    target: str
    kind: str
    about: str
    body: dict[str, Any]
    made_ms: int
    due_ms: int
    state: str
    tries: int
    last: str
    done_ms: int


class Deliveries:
    """The outbox of one tenant."""

    def __init__(self, records: Records, tenant: str) -> None:
        self._records, self.tenant = records, tenant

    def claim(self, now_ms: int, limit: int) -> list[Delivery]:
        """What may leave now, oldest first; it is under way from here on."""
        mine, before = outbox.alias("mine"), outbox.alias("before")
        older = exists().where(
            before.c.tenant == mine.c.tenant, before.c.target == mine.c.target, before.c.about == mine.c.about,
            before.c.id < mine.c.id, before.c.state.in_((WAITING, SENDING)),
        )  # fmt: skip
        asked = select(mine).where(
            mine.c.tenant == self.tenant, mine.c.state == WAITING, mine.c.due_ms <= now_ms, ~older
        )
        with self._records.writing() as connection:
            rows = connection.execute(asked.order_by(mine.c.id).limit(limit).with_for_update(skip_locked=True)).all()
            if rows:
                taken = outbox.c.id.in_([row.id for row in rows])
                connection.execute(update(outbox).where(taken).values(state=SENDING))
        return [_delivery(row) for row in rows]

    def recover(self, known: Sequence[int] = ()) -> int:
        """What is said to be under way and is not is to be carried out again; how many. Call it before the first `claim`, and after one
        whose answer was lost. `known`: numbers of those that were sent and not yet written down."""
        with self._records.writing() as connection:
            lost = and_(outbox.c.tenant == self.tenant, outbox.c.state == SENDING, outbox.c.id.not_in(known))
            return connection.execute(update(outbox).where(lost).values(state=WAITING)).rowcount

    def finish(self, results: Sequence[tuple[Delivery, str, bool]], now_ms: int, chance: float = 1.0) -> None:
        """(delivery, what is to be said, whether to try again): said "" it was taken. `chance` (0.5..1) spreads the tries."""
        with self._records.writing() as connection:
            for each, said, again in results:
                tries = each.tries + 1
                values: dict[str, Any] = {"tries": tries, "last": said[:300], "state": DONE if not said else DEAD}
                if said and again and tries < MAX_TRIES:
                    values |= {"state": WAITING, "due_ms": now_ms + int(wait_ms(tries) * chance)}
                else:
                    values["done_ms"] = now_ms
                mine = and_(outbox.c.id == each.number, outbox.c.state == SENDING)
                connection.execute(update(outbox).where(mine).values(values))

    def all(self, states: Sequence[str] = (), before: int | None = None, limit: int = 100) -> list[Delivery]:
        """Newest first."""
        asked = select(outbox).where(outbox.c.tenant == self.tenant)
        if states:
            asked = asked.where(outbox.c.state.in_(states))
        if before is not None:
            asked = asked.where(outbox.c.id < before)
        with self._records.reading() as connection:
            return [_delivery(row) for row in connection.execute(asked.order_by(outbox.c.id.desc()).limit(limit))]

    def replay(self, connection: Connection, number: int, now_ms: int) -> str:
        """Send once more what nobody took, or what was taken; returns its key. NoSuchDelivery."""
        mine = and_(outbox.c.tenant == self.tenant, outbox.c.id == number, outbox.c.state.in_((DEAD, DONE, BACK)))
        again = update(outbox).where(mine).values(state=WAITING, due_ms=now_ms, tries=0, done_ms=0)
        found = connection.execute(again.returning(outbox.c.key)).scalar() if number < 1 << 62 else None
        if found is None:
            raise NoSuchDelivery(
                "nothing of this number is at its end; see GET /v1/outbox",
                "没有该编号的已结束外发；请查看 GET /v1/outbox",
            )
        return str(found)

    def position(self, source: str) -> int | None:
        """Up to where a source has been read; None before the first time."""
        with self._records.reading() as connection:
            return connection.execute(select(outbox_positions.c.position).where(*self._of(source))).scalar()

    def move(self, connection: Connection, source: str, position: int) -> None:
        """The source has been read up to there, in the transaction that put what was found."""
        moved = update(outbox_positions).where(*self._of(source)).values(position=position)
        if not connection.execute(moved).rowcount:
            row = {"tenant": self.tenant, "source": source, "position": position}
            connection.execute(insert(outbox_positions).values(row))

    def _of(self, source: str) -> tuple[Any, ...]:
        return outbox_positions.c.tenant == self.tenant, outbox_positions.c.source == source


def wait_ms(tries: int) -> int:
    """How long at most until the next try, after so many: twice as long each time, up to an hour.

    >>> [wait_ms(tries) for tries in (1, 2, 3, 20)]
    [2000, 4000, 8000, 3600000]
    """
    return int(min(FIRST_WAIT_MS * 2 ** (min(tries, 40) - 1), LONGEST_WAIT_MS))


def _delivery(row: Any) -> Delivery:
    return Delivery(
        row.id, row.key, row.target, row.kind, row.about, msgspec.json.decode(row.body), row.made_ms, row.due_ms, row.state, row.tries,
        row.last, row.done_ms,
    )  # fmt: skip
