"""Labels that events say: what features count of them, and which decisions they label, against plain loops over the records."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.base.errors import InputError
from zhiyu.decisions.digest import Digest
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.event_labels import EventLabels
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.policy.check import check_policy
from zhiyu.policy.load import load_texts

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
HOUR = 3_600_000
START = 1_772_445_600_000
POLICY = """
name: labels
events:
- {name: payment, fields: {customer: {type: string, required: true}, contract: {type: string}}}
- name: report
  decide: false
  fields: {customer: {type: string}, about: {type: string}, finding: {type: enum, values: [fraud, legit, unclear]}}
- name: overdue
  decide: false
  drop: [days < 0]
  fields: {customer: {type: string, required: true}, contract: {type: string}, days: {type: int}}
labels:
- {name: reported, on: [report], where: 'finding == "fraud"', of: [payment], about: about, within: 48h}
- {name: cleared, on: [report], where: 'finding == "legit"', fraud: false}
- {name: defaulted, on: [overdue], where: 'days >= 30 or days < -5', of: [payment], by: contract, within: 36h}
features:
- {name: reports, aggregate: count, by: customer, over: 24h, on: [label], where: 'fraud and label_kind == "reported"'}
- {name: defaults, aggregate: count, by: customer, over: 24h, on: [label], where: 'label_kind == "defaulted"'}
- {name: goods, aggregate: count, by: customer, over: 24h, on: [label], where: 'not fraud'}
rule_sets:
- {name: main, rules: [{name: any, when: 'reports + defaults + goods > 0', score: 1}], thresholds: [{score: 1, outcome: review}]}
"""
OPENED = open_policy(load_texts({"policy.yaml": POLICY.encode()}).policy)


def stream(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Payments, reports and overdue bills of three customers, some at the same moment."""
    now, found = START, list[dict[str, Any]]()
    for number in range(count):
        now += rng.choice([0, 0, 1, HOUR, 12 * HOUR, 24 * HOUR])
        kind, customer = rng.choice(["payment", "payment", "report", "overdue"]), rng.choice("abc")
        record: dict[str, Any] = {"type": kind, "id": f"e{number}", "time": now, "customer": customer}
        if kind == "report":
            record |= {"about": f"e{rng.randrange(count)}", "finding": rng.choice(["fraud", "legit", "unclear", None])}
        else:
            record["contract"] = rng.choice(["k1", "k2", None])
        if kind == "overdue":
            record["days"] = rng.choice([1, 30, 60, -3, -9, None])
        found.append(record)
    return found


def said(record: dict[str, Any]) -> str:
    """Which label a record says, "" for none; a bill with negative days is noise."""
    if record["type"] == "report":
        return {"fraud": "reported", "legit": "cleared"}.get(record["finding"], "")
    return "defaulted" if record["type"] == "overdue" and (record["days"] or 0) >= 30 else ""


def run(records: list[dict[str, Any]], sizes: list[int], watching: list[EventLabels]) -> tuple[str, list[list[int]]]:
    """Digest, and what the three features were for each payment."""
    engine, digest, seen, start = Engine(OPENED.compiled, OPENED.codes), Digest(), list[list[int]](), 0
    order = [
        [column.name for column in OPENED.compiled.features].index(each) for each in ("reports", "defaults", "goods")
    ]
    for size in sizes:
        part = records[start : start + size]
        if not part:
            break
        batch = decode(OPENED.compiled.schema, None, RawBatch(None, part, start), OPENED.codes, "default").batch
        outcome = engine.process(batch, True)
        digest.update(outcome.decisions)
        seen += outcome.decisions.kept_values[:, order].tolist()
        for each in watching:
            each.take(outcome, batch)
        start += size
    return digest.hexdigest(), seen


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_features_and_joins_equal_plain_loops(seed: int) -> None:
    rng = random.Random(seed)
    records = stream(rng, rng.choice([5, 40, 90]))
    joins = [EventLabels(OPENED, "reported"), EventLabels(OPENED, "defaulted")]
    whole, seen = run(records, [len(records)], joins)
    pieces = [EventLabels(OPENED, "reported"), EventLabels(OPENED, "defaulted")]
    assert run(records, [rng.choice([1, 2, 7]) for _ in records], pieces)[0] == whole
    expected = []
    for at, record in enumerate(records):
        if record["type"] == "payment":
            before = [
                said(each) for each in records[:at]
                if each["customer"] == record["customer"] and record["time"] - 24 * HOUR < each["time"]
            ]  # fmt: skip
            expected.append([before.count("reported"), before.count("defaulted"), before.count("cleared")])
    assert seen == expected, seed
    for pair, name, within in zip(zip(joins, pieces), ("reported", "defaulted"), (48 * HOUR, 36 * HOUR)):
        one, other = (each.labelled() for each in pair)
        assert [one.position.tolist(), one.label.tolist(), one.known_ms.tolist()] == joined(records, name, within), seed
        assert np.array_equal(one.position, other.position)
        assert np.array_equal(one.known_ms, other.known_ms)


def joined(records: list[dict[str, Any]], name: str, within: int) -> list[list[int]]:
    """Positions, labels and times known of the payments that are settled."""
    found, end = [], records[-1]["time"]
    for at, record in enumerate(records):
        if record["type"] != "payment" or (name == "defaulted" and record["contract"] is None):
            continue
        times = [
            each["time"] for each in records
            if said(each) == name and record["time"] < each["time"] <= record["time"] + within
            and (each["about"] == record["id"] if name == "reported" else each["contract"] == record["contract"])
        ]  # fmt: skip
        if times:
            found.append((at, 1, min(times)))
        elif record["time"] + within <= end:
            found.append((at, 0, record["time"] + within))
    return [list(column) for column in zip(*found)] if found else [[], [], []]


def test_what_cannot_be() -> None:
    def findings(labels: str) -> list[tuple[str, int]]:
        head = POLICY.split("labels:")[0]
        text = f"{head}labels:\n{labels}\nfeatures:\n- {{name: f, aggregate: count, by: customer, over: 24h}}\n"
        loaded = load_texts({"policy.yaml": text.encode()})
        return [(each.code, each.place.column) for each in check_policy(loaded.policy, loaded.places).errors]

    assert findings("- {name: a, on: [reprot]}") == [("event.unknown", 18)]
    assert findings("- {name: a, on: [report], where: 'findin == \"fraud\"'}")[0][0] == "unknown_name"
    assert findings("- {name: a, on: [report], of: [payment]}")[0][0] == "label.attached"
    assert findings("- {name: a, on: [report], of: [payment], by: contract, within: 3d}")[0][0] == "field.unknown"
    assert findings("- {name: a, on: [report], of: [payment], about: abou, within: 3d}")[0][0] == "field.unknown"
    assert findings("- {name: a, on: [report], of: [payment], about: about, within: 733d}")[0][0] == "label.within"
    assert findings("- {name: a, on: [report]}\n- {name: a, on: [overdue]}")[0][0] == "label.name"
    many = "\n".join(f"- {{name: l{number}, on: [report]}}" for number in range(65))
    assert findings(many)[0][0] == "label.name"
    with pytest.raises(InputError, match="derives no label 'reportd'; did you mean 'reported'"):
        EventLabels(OPENED, "reportd")
    with pytest.raises(InputError, match="labels no decisions"):
        EventLabels(OPENED, "cleared")
