"""What the vault of a log must hold, read straight from the registers of the log's frames; and what it holds."""

from __future__ import annotations

from collections.abc import Collection

from zhiyu.engine.event_frames import noted
from zhiyu.engine.live import Live
from zhiyu.log.frames import EVENTS

Pairs = set[tuple[int, int]]


def told_by_the_log(live: Live, positions: Collection[int] | None = None, who: str = "customer") -> Pairs:
    """(person, code) of every personal value of every accepted event, or of those at some positions; where `who` is not told, a value
    stands for itself."""
    found: Pairs = set()
    for frame in live.log.frames(live.log.first):
        if frame.header.kind != EVENTS:
            continue
        note = noted(frame.payload, "default")
        opened, batch = live._opened_of(note.policy), note.batch
        schema = opened.compiled.schema
        for row in range(batch.n):
            if positions is not None and int(batch.positions[row]) not in positions:
                continue
            fields = schema.types[int(batch.type_index[row])].fields
            known = who in fields and not batch.nulls[schema.index[who], row]
            for name in fields:
                at = schema.index[name]
                if name in opened.personal and not batch.nulls[at, row]:
                    code = int(batch.values[at, row])
                    found.add((int(batch.values[schema.index[who], row]) if known else code, code))
    return found


def kept(live: Live) -> dict[tuple[int, int], str]:
    """(person, code) → text of everything in the vault, once all that waits is filed."""
    assert live.vaulting is not None
    live.sync()
    live.vaulting.flush()
    vault = live.vaulting.vault
    people = [person for (person,) in vault._db.execute("SELECT person FROM people")]
    return {(each.person, each.code): each.text for person in people for each in vault.of_person(person)}
