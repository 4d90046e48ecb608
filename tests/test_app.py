"""Zhiyu from Python: declare or load, decide, explain, replay; both ways give the same artifact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import zhiyu
from tests.streams import busy_policy, random_records
from zhiyu.engine.opened import open_policy

RECORDS = [
    {"type": "login", "id": "l1", "time": "2026-01-01T10:00:00Z", "who": "w", "ok": False},
    {"type": "login", "id": "l2", "time": "2026-01-01T10:01:00Z", "who": "w", "ok": False},
    {"type": "payment", "id": "p1", "time": "2026-01-01T10:02:00Z", "who": "w", "device": "d", "amount": "12.50"},
    {"type": "payment", "id": "p2", "time": "2026-01-01T10:03:00Z", "who": "w", "device": "d", "amount": "6000"},
]


@pytest.fixture
def app() -> zhiyu.App:
    return zhiyu.App(busy_policy())


def test_facts_feed_and_payments_are_decided(app: zhiyu.App) -> None:
    first, second, small, big = [app.decide(record) for record in RECORDS]
    assert (first, second) == (None, None)
    assert small is not None
    assert (small.outcome, small.score, small.rules, small.reasons) == ("notify", 30, ("guessing",), ("LOGIN",))
    assert big is not None
    assert (big.outcome, big.rules[0]) == ("decline", "big")
    why = app.explain("p2")
    assert "¥6,000.00" in why.sentence("en")
    assert "拒绝" in why.sentence("zh")
    assert why.seen["failed_logins"] == 2


def test_a_repeat_gives_the_first_decision_and_counts_once(app: zhiyu.App) -> None:
    for record in RECORDS[:3]:
        first = app.decide(record)
    again = app.decide(RECORDS[2])
    assert again is not None
    assert first is not None
    assert again.repeated
    assert (again.outcome, again.position) == (first.outcome, first.position)
    other = app.decide(RECORDS[3])
    assert other is not None
    assert app.explain("p2").seen["count_amount_1d"] == 2
    with pytest.raises(zhiyu.EventRefused, match="same id"):
        app.decide(RECORDS[2] | {"amount": "13"})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "many"}, "amount"), ({"amount": float("nan")}, "amount"), ({"amount": "-1"}, "amount"), ({"who": None}, "who"),
        ({"time": "yesterday"}, "time"), ({"type": "paymnt"}, "type"), ({"amount": True}, "amount"), ({"amount": 10**30}, "amount"),
        ({"who": {"deep": []}}, "who"), ({"id": None}, "id"),
    ],
)  # fmt: skip
def test_a_bad_event_is_refused_with_its_field_and_nothing_changes(
    app: zhiyu.App, change: dict[str, object], field: str
) -> None:
    with pytest.raises(zhiyu.EventRefused) as refused:
        app.decide(RECORDS[2] | change)
    assert refused.value.field == field
    assert refused.value.reason_zh
    assert app.decide(RECORDS[2]) is not None


def test_snapshot_and_restore(tmp_path: Path, app: zhiyu.App) -> None:
    for record in RECORDS[:3]:
        app.decide(record)
    app.snapshot(tmp_path / "s")
    fresh = zhiyu.App(busy_policy())
    fresh.restore(tmp_path / "s")
    assert fresh.decide(RECORDS[3]) == app.decide(RECORDS[3])
    other = zhiyu.App(busy_policy(lag=9))
    with pytest.raises(zhiyu.InputError, match="policy"):
        other.restore(tmp_path / "s")


@pytest.mark.parametrize("damage", ["flip", "cut", "magic"])
def test_a_damaged_snapshot_is_refused(tmp_path: Path, app: zhiyu.App, damage: str) -> None:
    for record in RECORDS:
        app.decide(record)
    app.snapshot(tmp_path / "s")
    file = tmp_path / "s" / "features.state"
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[-100] ^= 1
    file.write_bytes(
        bytes(data[: len(data) // 2]) if damage == "cut" else b"nonsense" if damage == "magic" else bytes(data)
    )
    with pytest.raises(zhiyu.InputError, match=r"damaged|not a state snapshot"):
        zhiyu.App(busy_policy()).restore(tmp_path / "s")


def test_replay_gives_a_table_with_every_feature(tmp_path: Path) -> None:
    import random

    records = [r for r in random_records(random.Random(5), 300) if r.get("amount") not in ("many", "-5")]
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    result = zhiyu.replay(file, busy_policy(), batch=37)
    assert result.table.num_rows == result.report.decided > 50
    assert {"event.amount", "mean_amount_1d", "outcome", "label", "rules"} <= set(result.table.column_names)
    assert result.report.digest == zhiyu.replay(file, busy_policy(), batch=1000).report.digest
    assert sum(result.report.outcomes.values()) == result.report.decided


def test_yaml_and_python_give_the_same_hash(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(
        "name: twin\nevents:\n  - name: login\n    fields: {tries: {type: int, required: true}}\n"
        "rule_sets:\n  - name: main\n    rules:\n      - {name: many, when: 'tries  >  5', outcome: review}\n",
        encoding="utf-8",
    )
    login = zhiyu.EventType(name="login", fields={"tries": zhiyu.Field(type="int", required=True)})
    rules = zhiyu.RuleSet(name="main", rules=(zhiyu.Rule(name="many", when="tries > 5", outcome="review"),))
    declared = zhiyu.Policy(name="twin", events=(login,), rule_sets=(rules,))
    assert open_policy(tmp_path).artifact.hash == open_policy(declared).artifact.hash
