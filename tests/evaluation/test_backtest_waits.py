"""Policies that wait, compared: a decision counts as what it came to, from events and from a tape alike, as a shadow, and in a replay.

The oracle is two plain replays: their run folders say what every decision was first and what it came to.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.waiting_policy import MINUTE, POLICY, START, random_stream
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.entities.lists import ListChange
from zhiyu.evaluation.backtest import Backtest
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.two_tapes import TwoTapes
from zhiyu.log.list_journal import append_journal
from zhiyu.policy.load import load_texts

HOUR_MS = 3_600_000
TEXT = POLICY.replace("LAG", "5").replace("amount: {type: int,", "amount: {type: money, currency: CNY,")
TEXT = TEXT.replace("- name: drawdown\n", "- name: drawdown\n  money: amount\n").replace(
    "- name: payment\n", "- name: payment\n  money: amount\n"
)


def opened(text: str) -> Opened:
    return open_policy(load_texts({"policy.yaml": text.encode()}).policy, key=b"0123456789abcdef")


LIVE = opened(TEXT)
CANDIDATE = opened(
    TEXT.replace("amount > 200", "amount > 100")
    .replace("next: verdict, expired: stop", "next: verdict, expired: fine")
    .replace("within: 5m", "within: 8m")
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Events with gaps, so that waits are answered and run out; labels; a journal of the list."""
    folder = tmp_path_factory.mktemp("waits")
    records = random_stream(random.Random(5), 900)
    for number, each in enumerate(records):
        each["customer"] = f"{each.get('customer') or 'x'}{number // 30}"  # or everybody would be known for fraud soon
    events = [{key: value for key, value in each.items() if key != "label"} for each in records]
    labels = [{"id": each["id"], "fraud": each["label"]} for each in records if each.get("label", -1) >= 0]
    (folder / "events.ndjson").write_text("".join(json.dumps(each) + "\n" for each in events))
    (folder / "labels.ndjson").write_text(
        "".join(json.dumps(each) + "\n" for each in {e["id"]: e for e in labels}.values())
    )
    changes = [
        ListChange(START + minute * MINUTE, "blocked", op, LIVE.codes.one(who), shown=who)
        for minute in range(30, 5_000, 7)
        for op, who in (("add", f"a{minute % 29}"), ("remove", f"a{(minute - 7) % 29}"))
    ]
    append_journal(folder / "lists.journal", changes, LIVE.known_lists)
    return {name: folder / file for name, file in (
        ("events", "events.ndjson"), ("labels", "labels.ndjson"), ("lists", "lists.journal"), ("folder", "."),
    )}  # fmt: skip


def came_to(policy: Opened, files: dict[str, Path], out: Path) -> dict[int, tuple[str, float | None]]:
    """Position → (final outcome, hours held; None: never waited, or still waits), by a replay of this policy alone."""
    replay = Replay(policy, files["events"], labels=files["labels"], label_delay="10m", lists=files["lists"], out=out)
    held: dict[int, int] = {}
    replay.on_batch = lambda outcome, batch: held.update(
        {p: int(outcome.decisions.received_ms[outcome.decisions.positions == p][0]) for p in outcome.held}
    )
    folder = replay.run().out
    assert folder is not None
    found: dict[int, tuple[str, float | None]] = {}
    for line in pq.read_table(folder / "decisions.parquet").to_pylist():
        found[line["position"]] = line["outcome"], None
    for line in pq.read_table(folder / "resumed.parquet").to_pylist():
        if line["stays"]:
            continue
        at, since = line["position"], held[line["position"]]
        hours = (line["received_at"].timestamp() * 1000 - since) / HOUR_MS
        found[at] = line["outcome"], None if line["waits"] else hours
    return found


def backtest(files: dict[str, Path], **more: Any) -> dict[str, Any]:
    given = {} if "pairs" in more else {"labels": files["labels"], "label_delay": "10m", "lists": files["lists"]}
    found = Backtest(LIVE, CANDIDATE, files["events"], **given, **more).run().to_dict()
    return {name: value for name, value in found.items() if name != "seconds"}


def test_figures_count_what_decisions_came_to(files: dict[str, Path], tmp_path: Path) -> None:
    one, other = came_to(LIVE, files, tmp_path / "live"), came_to(CANDIDATE, files, tmp_path / "candidate")
    found = backtest(files, batch=37)
    names = found["matrix"]["outcomes"]
    matrix = [[0] * len(names) for _ in names]
    for position, (outcome, _) in one.items():
        matrix[names.index(outcome)][names.index(other[position][0])] += 1
    assert found["matrix"]["events"] == matrix
    assert found["moved"] == sum(one[position][0] != other[position][0] for position in one) > 10
    for side, mine in (("live", one), ("candidate", other)):
        held = found["held"][side]
        hours = [each[1] for each in mine.values() if each[1] is not None]
        assert held["count"] == len(hours) + held["still_open"] > 50
        assert sum(held["came_to"].values()) == len(hours)
        if not held["still_open"]:
            assert held["hours_mean"] == pytest.approx(sum(hours) / len(hours), abs=0.001)
    assert found == backtest(files)


def test_a_tape_gives_the_same(files: dict[str, Path], tmp_path: Path) -> None:
    given = {"labels": files["labels"], "label_delay": "10m", "lists": files["lists"]}
    recorded = Replay(LIVE, files["events"], tape=tmp_path / "tape", **given).run()
    again = Replay(LIVE, tmp_path / "tape", lists=files["lists"]).run()
    assert (again.digest, again.waits, again.came_to) == (recorded.digest, recorded.waits, recorded.came_to)
    assert recorded.waits["changed"] > 0
    assert recorded.waits["answered"] > 0
    plain = Replay(CANDIDATE, files["events"], **given).run()
    assert Replay(CANDIDATE, tmp_path / "tape", lists=files["lists"]).run().digest == plain.digest
    taped = backtest(files, pairs=TwoTapes(LIVE, CANDIDATE, tmp_path / "tape", files["lists"]))
    straight = backtest(files)
    assert {**taped, "records": 0} == {**straight, "records": 0}


def test_a_shadow_is_compared_by_what_both_came_to(files: dict[str, Path], tmp_path: Path) -> None:
    one, other = came_to(LIVE, files, tmp_path / "live"), came_to(CANDIDATE, files, tmp_path / "candidate")
    expected: dict[str, int] = {}
    for position, (outcome, _) in one.items():
        if outcome != other[position][0]:
            name = f"{outcome} → {other[position][0]}"
            expected[name] = expected.get(name, 0) + 1
    result = Replay(
        LIVE, files["events"], labels=files["labels"], label_delay="10m", lists=files["lists"], shadow=CANDIDATE, batch=50
    ).run()  # fmt: skip
    assert result.shadow_moved == expected
