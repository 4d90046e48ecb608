"""The limits of waiting: as many as there is room for, and one more; ended waits are remembered, and then forgotten."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.live_stream import records
from tests.faults.killed import POLICIES, answering
from tests.waiting_policy import MINUTE, START, policy, when
from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_ENDED_WAITS, MAX_WAITS
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.holds import ENDED, TAKEN, UNKNOWN, Ended, Held, Holds
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode

OPENED = open_policy(policy(3))


def engine(limit: int = MAX_WAITS, remembered: int = MAX_ENDED_WAITS) -> Engine:
    found = Engine(OPENED.compiled, OPENED.codes)
    assert found.resuming is not None
    found.resuming.holds.limit, found.resuming.holds.remembered = limit, remembered
    return found


def take(found: Engine, records: list[dict[str, Any]], start: int = 0) -> Outcome:
    batch = decode(OPENED.compiled.schema, None, RawBatch(None, records, start), OPENED.codes, "default").batch
    return found.process(batch)


def drawdown(name: str, minute: int) -> dict[str, Any]:
    return {"type": "drawdown", "id": name, "time": when(START + minute * MINUTE), "customer": name, "amount": 900}


def called(name: str, about: str, minute: int) -> dict[str, Any]:
    return {"type": "call_result", "id": name, "time": when(START + minute * MINUTE), "about": about, "coached": False}


@pytest.mark.parametrize("size", [1, 2, 10])
def test_as_many_wait_as_there_is_room_for(size: int) -> None:
    records = [
        drawdown("a", 0),
        drawdown("b", 1),
        drawdown("c", 2),
        called("r", "a", 3),
        drawdown("d", 4),
        called("s", "c", 5),
    ]
    found, held, away, answered = engine(2), list[int](), list[int](), list[tuple[int, int, int]]()
    for start in range(0, len(records), size):
        outcome = take(found, records[start : start + size], start)
        held += outcome.held
        away += outcome.turned_away
        answered += outcome.answered
    assert (held, away) == ([0, 1], [2, 4]), "the wait of `a` went on to another wait, so its place is not free"
    assert answered == [(3, TAKEN, 0), (5, UNKNOWN, -1)]
    assert found.facts()["waits_turned_away"] == 2
    assert found.facts()["waits_open"] == 2


def test_room_is_free_when_a_wait_is_over_in_the_same_batch() -> None:
    records = [drawdown("a", 0), {**called("r", "a", 1), "coached": True}, drawdown("b", 2)]
    found = engine(1)
    outcome = take(found, records)
    assert (outcome.held, outcome.turned_away) == ([0, 2], [])


def test_ended_waits_are_forgotten_past_their_limit() -> None:
    found = engine(remembered=1)
    take(found, [drawdown("a", 0), drawdown("b", 0), {**called("r", "a", 1), "coached": True}])
    assert take(found, [called("again", "a", 2)], 3).answered == [(3, ENDED, 0)]
    take(found, [{**called("s", "b", 2), "coached": True}], 4)
    assert take(found, [called("t", "a", 3), called("u", "b", 3)], 5).answered == [(5, UNKNOWN, -1), (6, ENDED, 1)]


def test_a_damaged_snapshot_of_waits_is_refused(tmp_path: Path) -> None:
    holds = Holds([("e", "w")])
    one = np.ones(3, np.int64).tobytes()
    holds.put(Held(0, 7, "x", (1, 2), 0, 10, 0, 0, 0, -1, 0, one, one, {"name": "陈"}))
    holds.end((3, 4), Ended(5, 9, 0, 1, 1, 1))
    holds.snapshot(tmp_path / "waits.state")
    again = Holds([("e", "w")])
    again.restore(tmp_path / "waits.state")
    assert [held.shown for held in again] == [{"name": "陈"}]
    assert (again.next_deadline, again.ended((3, 4))) == (10, Ended(5, 9, 0, 1, 1, 1))
    data = bytearray((tmp_path / "waits.state").read_bytes())
    data[-40] ^= 1
    (tmp_path / "waits.state").write_bytes(data)
    with pytest.raises(InputError):
        Holds([("e", "w")]).restore(tmp_path / "waits.state")


@pytest.mark.parametrize("size", [1, 2, 3])
def test_what_is_kept_does_not_tell_where_batches_were_cut(size: int) -> None:
    records = [
        drawdown("a", 9), drawdown("b", 2), drawdown("b", 2), called("r", "a", 9), drawdown("c", 1), drawdown("c", 1),
    ]  # fmt: skip
    index, found = OPENED.compiled.schema.index, engine()
    for start in range(0, len(records), size):
        take(found, records[start : start + size], start)
    assert found.resuming is not None
    kept = {}
    for held in found.resuming.holds:
        values = np.frombuffer(held.values, np.int64)
        kept[held.event_id] = (values[index["received_at"]] == held.opened_ms, values[index["late"]] == held.late)
    assert kept == dict.fromkeys(("a", "b", "c"), (True, True))


@pytest.mark.parametrize("seed", range(4))
def test_what_waits_is_the_same_to_the_byte_however_batches_were_cut(tmp_path: Path, seed: int) -> None:
    """Texts that some records have and others do not, names in any order: the file of what waits is one."""
    (tmp_path / "policy.yaml").write_text(POLICIES[0])
    bodies, opened = answering(random.Random(-seed), records(seed, 120)), open_policy(tmp_path)
    files: dict[int, list[bytes]] = {}
    for size in (1, 5, 15):
        live = Live(tmp_path / str(size), opened, clock="events")
        assert live.engine.resuming is not None
        holds, opens = live.engine.resuming.holds, 0
        for start in range(0, 120, size):
            live.take(bodies[start : start + size])
            if (start + size) % 15 == 0:
                holds.snapshot(tmp_path / "waits.state")
                files.setdefault(size, []).append((tmp_path / "waits.state").read_bytes())
                opens += holds.facts()["open"]
        assert opens > 3
        live.close()
    assert files[1] == files[5] == files[15]
