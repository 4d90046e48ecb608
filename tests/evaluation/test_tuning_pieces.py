"""The pieces of tuning, each beside a slow and obvious version: deciding again, clauses, numbers, edits in the text, the command."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.planted import planted
from tests.streams import busy_policy, random_records
from zhiyu.base.errors import InputError
from zhiyu.cli import main
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.changes import Change, NewRule, OtherConstant, OtherThreshold, Spot
from zhiyu.evaluation.tuning.clauses import Clause, Value, fitting, joined
from zhiyu.evaluation.tuning.collect import observe
from zhiyu.evaluation.tuning.constants import constant_changes, threshold_changes
from zhiyu.evaluation.tuning.folder import write_candidate
from zhiyu.evaluation.tuning.observed import Evaluator, Observed
from zhiyu.evaluation.tuning.parts import Part
from zhiyu.evaluation.tuning.readable import readable, written
from zhiyu.expressions import Scope, check, parse
from zhiyu.expressions.types import Kind, Type
from zhiyu.policy.declare import Feedback, Policy, Rule, RuleSet
from zhiyu.policy.load import load_policy


def stream(folder: Path, seed: int, length: int = 600) -> Path:
    """Random records as NDJSON."""
    path = folder / f"events-{seed}.ndjson"
    records = random_records(random.Random(seed), length)
    path.write_text("\n".join(json.dumps(each) for each in records) + "\n", encoding="utf-8")
    return path


def changed(policy: Policy, change: Change, again: Again) -> Policy:
    """The policy with a change, made in Python."""
    sets = list(policy.rule_sets)
    if isinstance(change, NewRule):
        rule = Rule(name="added", when=change.when, outcome=change.outcome)
        return msgspec.structs.replace(policy, rule_sets=(*sets, RuleSet(name="more", rules=(rule,))))
    if isinstance(change, OtherThreshold):
        sets[change.rule_set] = msgspec.structs.replace(
            sets[change.rule_set], thresholds=tuple(change.thresholds(again))
        )
    else:
        texts = {again.rules[n].rule.name: text for n, text in change.conditions(again).items()}
        rules = tuple(msgspec.structs.replace(r, when=texts.get(r.name, r.when)) for r in sets[change.rule_set].rules)
        sets[change.rule_set] = msgspec.structs.replace(sets[change.rule_set], rules=rules)
    return msgspec.structs.replace(policy, rule_sets=tuple(sets))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_deciding_again_is_what_the_engine_does(seed: int, tmp_path: Path) -> None:
    """Score and first-hit sets, nulls, late events, labels: with no change, and with every kind of change."""
    policy = msgspec.structs.replace(busy_policy(), feedback=Feedback())
    hard = tuple(r for r in policy.rule_sets[1].rules if r.name != "again")
    policy = msgspec.structs.replace(
        policy,
        rule_sets=(policy.rule_sets[0], msgspec.structs.replace(policy.rule_sets[1], rules=hard)),
        features=tuple(f for f in policy.features if f.name != "refused_before"),
    )
    events = stream(tmp_path, seed)
    opened = open_policy(policy, all_features=True)
    o = observe(opened, events)
    again = Again(Evaluator(o, opened.report.require(), opened.codes.one))
    assert again.unlike == 0
    part = Part(np.arange(o.n), np.zeros(o.n, np.int64), 0, 1)
    rng = random.Random(seed)
    pool: list[Change] = [*threshold_changes(again, part), *constant_changes(again, part)]
    names = {each.name for each in pool if isinstance(each, OtherConstant)}
    assert {"failed_logins", "z", "speed", "sum_amount_1h", "amount", "count_amount_1d"} <= names
    tried = [*rng.sample(pool, min(12, len(pool))), NewRule("payment", "max_amount_1h > 200 and z is null", "delay")]
    for change in tried:
        outcomes: list[Any] = []
        other = open_policy(changed(policy, change, again))
        Replay(other, events, on_batch=lambda out, _, into=outcomes: into.append(out.decisions.outcome)).run()
        assert np.concatenate(outcomes).tolist() == change.decide(again)[0].tolist(), change.text


COLUMNS = {
    "amount": Type(Kind.FIXED, 2, "CNY", minimum=0), "n": Type(Kind.INT, minimum=0), "gap": Type(Kind.DURATION),
    "ratio": Type(Kind.FLOAT), "app": Type(Kind.BOOL), "channel": Type(Kind.STRING, choices=("a", "b", "c,d")),
}  # fmt: skip


@st.composite
def clauses(draw: st.DrawFn, values: dict[str, Value]) -> Clause:
    """Any clause a tree could come to."""
    value = values[draw(st.sampled_from(sorted(values)))]
    null, only = draw(st.booleans()), draw(st.integers(0, 9)) == 0
    if value.type.kind is Kind.BOOL:
        word = draw(st.booleans())
        return Clause(value, is_=("true",) if word else (), not_=() if word else ("true",), null=null, only_null=only)
    if value.type.kind is Kind.STRING:
        chosen = tuple(draw(st.lists(st.sampled_from(value.type.choices), min_size=1, max_size=3, unique=True)))
        one = draw(st.booleans())
        return Clause(value, is_=chosen[:1] if one else (), not_=() if one else chosen, null=null, only_null=only)
    low, high = (draw(st.none() | st.integers(0, 2_000)) for _ in range(2))
    if value.type.kind is Kind.FLOAT:
        low, high = (None if each is None else readable(each / 7, value.type) for each in (low, high))
    elif value.type.kind is Kind.DURATION:
        low, high = (None if each is None else readable(each * 997, value.type) for each in (low, high))
    return Clause(value, low, high, null=null and not (low is None and high is None), only_null=only)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(0, 1000))
def test_a_clause_says_what_it_takes(data: st.DataObject, seed: int) -> None:
    """The text of clauses, run by the engine's machine, fires on exactly the rows the clauses take."""
    rng = np.random.default_rng(seed)
    n = 60
    codes = {"a": 11, "b": 22, "c,d": 33}
    rows = {
        name: (
            rng.normal(150, 80, n).round(1).view(np.int64) if type_.kind is Kind.FLOAT
            else rng.integers(0, 2, n) if type_.kind is Kind.BOOL
            else rng.choice(list(codes.values()), n) if type_.kind is Kind.STRING
            else rng.integers(0, 2_000_000 if type_.kind is Kind.DURATION else 2_000, n)
        ) for name, type_ in COLUMNS.items()
    }  # fmt: skip
    nulls = {name: (rng.random(n) < 0.2).astype(np.uint8) for name in COLUMNS}
    values = {
        name: Value(name, type_, rows[name], nulls[name], tuple(codes.items()) if type_.kind is Kind.STRING else ())
        for name, type_ in COLUMNS.items()
    }
    chosen = tuple(data.draw(st.lists(clauses(values), min_size=1, max_size=3)))
    text = joined(chosen)
    zero = np.zeros(n, np.int64)
    o = Observed(
        zero, zero, zero, zero, zero, zero, zero, zero, np.array(list(rows.values())), np.array(list(nulls.values())),
        {name: number for number, name in enumerate(COLUMNS)}, {}, n, 0, 0,
    )  # fmt: skip
    expression = check(parse(text), Scope(COLUMNS), text, want=Kind.BOOL)
    evaluator = Evaluator.__new__(Evaluator)
    evaluator.observed, evaluator.encode, evaluator._derived = o, codes.__getitem__, {}
    assert evaluator.fires(expression).tolist() == fitting(chosen, n).tolist(), text


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_a_number_is_written_exactly(value: int, scale: int) -> None:
    assert Decimal(written(value, Type(Kind.FIXED, scale))) == Decimal(value).scaleb(-scale)
    near = readable(value, Type(Kind.FIXED, scale, "CNY"))
    assert near % 10**scale == 0 or not scale
    assert abs(near - value) <= max(abs(value) * 0.006, 10**scale)


@given(st.floats(-1e9, 1e9))
def test_a_float_reads_back(value: float) -> None:
    near = readable(value, Type(Kind.FLOAT))
    assert float(written(near, Type(Kind.FLOAT))) == near
    assert abs(near - value) <= abs(value) * 0.06


EDITS = (
    ("when: risk > 90 # old", "when: risk > 70 # old", "70"),
    ('when: "risk > 90"', 'when: "risk > 70"', "70"),
    ("when: 'risk > 90.0 and gap < ''5m'''", "when: 'risk > 70 and gap < ''5m'''", "70"),
    (
        "when: >-\n          amount > 1 or\n          risk > 90",
        "when: >-\n          amount > 1 or\n          risk > 70",
        "70",
    ),
    ("when: \"gap < '90s'\"", "when: \"gap < '3m'\"", '"3m"'),
    ("when: 'gap < ''90s'''", "when: 'gap < ''3m'''", '"3m"'),
    ('when: gap < "90s"', 'when: gap < "3m"', '"3m"'),
    ("when: 90 < risk", "when: 70 < risk", "70"),
)


@pytest.mark.parametrize(("before", "after", "literal"), EDITS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_constant_is_edited_where_it_stands(
    before: str, after: str, literal: str, ending: str, tmp_path: Path
) -> None:
    made = planted(tmp_path, n=50, days=3)
    rules = f"# 规则\nrule_sets:\n  - name: main\n    rules:\n      - name: one\n        {before}\n        outcome: review\n"
    (made.policy / "rules.yaml").write_bytes(rules.replace("\n", ending).encode())
    opened, loaded = open_policy(made.policy, all_features=True), load_policy(made.policy)
    o = observe(opened, made.events, labels=made.labels)
    again = Again(Evaluator(o, opened.report.require(), opened.codes.one))
    column = next(
        again.rules[0].rule.when.index(each) for each in ("'90s'", '"90s"', "90") if each in again.rules[0].rule.when
    )
    change = OtherConstant(0, "main", ("one",), "x", ">", "90", literal, (Spot(0, column),))
    write_candidate(made.policy, tmp_path / "candidate", change, again, loaded)
    meant = rules.replace(before, after).replace("\n", ending)
    assert (tmp_path / "candidate" / "rules.yaml").read_bytes().decode() == meant


def test_bands_that_share_a_border_move_together(tmp_path: Path) -> None:
    made = planted(tmp_path, n=400, days=20)
    (made.policy / "rules.yaml").write_text(
        "rule_sets:\n  - name: main\n    thresholds: [{score: 10, outcome: review}]\n    rules:\n"
        "      - {name: high, when: risk > 90, score: 10}\n      - {name: middle, when: risk > 50 and risk <= 90, score: 5}\n"
    )
    opened = open_policy(made.policy, all_features=True)
    o = observe(opened, made.events, labels=made.labels)
    again = Again(Evaluator(o, opened.report.require(), opened.codes.one))
    found = list(constant_changes(again, Part(np.arange(o.n), np.zeros(o.n, np.int64), 0, 1)))
    assert {each.rules for each in found if each.old == "90"} == {("high", "middle")}
    assert {each.rules for each in found if each.old == "50"} == {("middle",)}


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    made = planted(tmp_path / "made", n=6_000, days=30)
    options = ["tune", "-p", str(made.policy), "--events", str(made.events), "--labels", str(made.labels)]
    options += ["--label-delay", "2d", "--max-depth", "2", "--proposals", "2", "--lang", "en"]
    done = CliRunner().invoke(main, [*options, "--out", str(tmp_path / "one"), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary == json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["proposals"]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("zhiyu.commands.tune.time.sleep", wait)
    CliRunner().invoke(main, [*options, "--out", str(tmp_path / "weekly"), "--every", "7d"])
    assert waits == [604_800.0] * 2
    assert len(list((tmp_path / "weekly").iterdir())) == 2
    again = CliRunner().invoke(main, [*options, "--out", str(tmp_path / "one")])
    assert again.exit_code == 1
    assert "not empty" in again.stderr
    bad = CliRunner().invoke(main, [*options, "--out", str(tmp_path / "two"), "--good-hurt", "1.5"])
    assert bad.exit_code == 1
    assert "between 0 and 1" in bad.stderr


def test_a_folder_full_of_data_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planted(tmp_path, n=50, days=3)
    monkeypatch.setattr("zhiyu.evaluation.tuning.folder.MAX_FOLDER_BYTES", 1_000)
    pq.write_table(pa.table({"x": np.arange(2_000)}), made.policy / "big.parquet")
    opened = open_policy(made.policy, all_features=True)
    again = Again(
        Evaluator(observe(opened, made.events, labels=made.labels), opened.report.require(), opened.codes.one)
    )
    with pytest.raises(InputError, match="keep data elsewhere"):
        write_candidate(
            made.policy, tmp_path / "c", NewRule("payment", "risk > 1", "review"), again, load_policy(made.policy)
        )
