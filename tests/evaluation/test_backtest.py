"""A backtest over a file against two plain replays, decision by decision; refusals, noise and facts of one side; segments; explanations."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace as with_fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.streams import busy_policy, random_records
from zhiyu.base.errors import InputError
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.backtest import Backtest
from zhiyu.evaluation.backtest_words import notes
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.compare_figures import CHALLENGE
from zhiyu.evaluation.paired import Pair, Side, match
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.two_engines import TwoEngines
from zhiyu.policy.declare import OUTCOMES, Policy


def changed(policy: Policy, **changes: str) -> Policy:
    """The policy with other conditions of some rules."""
    sets = [
        msgspec.structs.replace(
            each,
            rules=tuple(msgspec.structs.replace(r, when=changes.get(r.name, r.when)) for r in each.rules),
        )
        for each in policy.rule_sets
    ]
    return msgspec.structs.replace(policy, rule_sets=tuple(sets))


@pytest.fixture(scope="module")
def live() -> Opened:
    return open_policy(busy_policy())


@pytest.fixture(scope="module")
def candidate() -> Opened:
    return open_policy(changed(busy_policy(), big="amount > 15", again="refused_before > 3"))


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    """600 records, bad ones among them."""
    records = random_records(random.Random(4), 600)
    path = tmp_path / "stream.ndjson"
    path.write_text("\n".join(json.dumps(each) for each in records), encoding="utf-8")
    return path


def replayed(opened: Opened, events: Path) -> dict[int, dict[str, Any]]:
    """Every decision of a plain replay, by position."""
    found: dict[int, dict[str, Any]] = {}

    def look(outcome: Any, batch: Any) -> None:
        d = outcome.decisions
        hits = d.hit_matrix(len(opened.compiled.rule_order))
        for i in range(d.n):
            names = [rule.rule.name for rule, hit in zip(opened.compiled.rule_order, hits[i]) if hit]
            found[int(d.positions[i])] = {
                "id": str(d.ids[i]), "outcome": int(d.outcome[i]), "score": int(d.score[i]), "label": int(d.labels[i]),
                "money": int(d.money[i]), "time": int(d.time_ms[i]), "rules": names,
            }  # fmt: skip

    Replay(opened, events, on_batch=look).run()
    return found


@pytest.mark.parametrize("batch", [7, 10_000])
def test_it_is_two_replays_side_by_side(live: Opened, candidate: Opened, stream: Path, batch: int) -> None:
    ours, theirs = replayed(live, stream), replayed(candidate, stream)
    run = Backtest(live, candidate, stream, batch=batch)
    found = run.run()
    assert run.pairs.one_decode  # type: ignore[attr-defined]
    c = found.compared
    both = sorted(ours.keys() & theirs.keys())
    assert c.position.tolist() == both
    for side, decided in ((0, ours), (1, theirs)):
        assert c.outcome[side].tolist() == [decided[p]["outcome"] for p in both]
        assert c.score[side].tolist() == [decided[p]["score"] for p in both]
        for row, p in enumerate(both):
            names = (found.live, found.candidate)[side].rules
            assert [names[rule] for rule in c.hits[side].of(row)] == decided[p]["rules"]
    for name in ("label", "money"):
        assert getattr(c, name).tolist() == [ours[p][name] for p in both]
    moved = [p for p in both if ours[p]["outcome"] != theirs[p]["outcome"]]
    assert len(moved) > 10
    assert c.moved_ids == [ours[p]["id"] for p in moved]
    shown = sorted(moved, key=lambda p: (-ours[p]["money"], p))[:50]
    assert [each.position for each in found.examples] == shown
    for each in found.examples:
        assert (each.live.outcome, each.candidate.outcome) == (
            OUTCOMES[ours[each.position]["outcome"]], OUTCOMES[theirs[each.position]["outcome"]]
        )  # fmt: skip
        assert sorted(hit.rule for hit in each.candidate.rules) == sorted(theirs[each.position]["rules"])


@pytest.mark.parametrize("batch", [13, 10_000])
def test_only_the_dearest_are_explained(
    live: Opened, candidate: Opened, stream: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhiyu.evaluation.backtest.EXAMPLES", 7)
    found = Backtest(live, candidate, stream, batch=batch).run()
    money = dict(zip(found.compared.position.tolist(), found.compared.money.tolist()))
    moved = found.compared.position[found.compared.moved].tolist()
    assert [each.position for each in found.examples] == sorted(moved, key=lambda p: (-money[p], p))[:7]


def test_another_way_to_read_a_field_is_decoded_apart(live: Opened, stream: Path) -> None:
    """Rounding leaves all columns as they are and still changes what is read."""
    policy = busy_policy()
    payment = policy.events[0]
    amount = msgspec.structs.replace(payment.fields["amount"], round=True)
    event = msgspec.structs.replace(payment, fields=payment.fields | {"amount": amount})
    other = open_policy(msgspec.structs.replace(policy, events=(event, policy.events[1])))
    assert live.compiled.schema.columns == other.compiled.schema.columns
    assert not TwoEngines(live, other, stream, 100).one_decode
    derived = msgspec.structs.replace(payment, derive={"hour_now": "hour(time) + 1"})
    third = open_policy(msgspec.structs.replace(policy, events=(derived, policy.events[1])))
    assert TwoEngines(live, third, stream, 100).one_decode


def lasting(found: Backtested) -> dict[str, Any]:
    """The JSON object without the time it took."""
    return {name: value for name, value in found.to_dict().items() if name != "seconds"}


def test_the_same_seed_gives_the_same_object_for_any_batch(live: Opened, candidate: Opened, stream: Path) -> None:
    runs = [
        lasting(Backtest(live, candidate, stream, batch=size, seed=3, segments=("device",)).run())
        for size in (11, 9_999)
    ]
    assert runs[0] == runs[1]
    other = lasting(Backtest(live, candidate, stream, seed=4, segments=("device",)).run())
    assert other["figures"] != runs[0]["figures"]
    assert other["matrix"] == runs[0]["matrix"]


def test_a_policy_against_itself(live: Opened, stream: Path) -> None:
    found = Backtest(live, live, stream, segments=("device", "event_type")).run()
    assert found.identical
    facts = found.to_dict()
    assert facts["moved"] == facts["score_moved"] == 0
    assert {e["difference"] for e in facts["figures"].values()} <= {0, None}
    assert {e["low"] for e in facts["figures"].values()} | {e["high"] for e in facts["figures"].values()} <= {0, None}
    assert all(rule["difference"] == 0 for rule in facts["rules"])


def test_events_that_one_policy_does_not_decide_are_named(live: Opened, stream: Path) -> None:
    """A candidate that drops small amounts, refuses large ones, and reads the file with its own schema."""
    policy = busy_policy()
    payment = policy.events[0]
    amount = msgspec.structs.replace(payment.fields["amount"], max=1000)
    payment = msgspec.structs.replace(payment, fields=payment.fields | {"amount": amount}, drop=("amount < 2",))
    other = open_policy(msgspec.structs.replace(policy, events=(payment, policy.events[1])))
    run = Backtest(live, other, stream, batch=50)
    found = run.run()
    assert not run.pairs.one_decode  # type: ignore[attr-defined]
    ours, theirs = replayed(live, stream), replayed(other, stream)
    assert sorted(ours.keys() & theirs.keys()) == found.compared.position.tolist()
    gone = [p for p in ours if p not in theirs]
    wanted = Counter("refused" if ours[p]["money"] > 100_000 else "noise" for p in gone)
    assert min(wanted.values()) > 5
    counts = {became: n for (by, became), n in found.apart_counts.items() if by == "live"}
    assert counts == wanted
    assert {(by, n) for (by, _), n in found.apart_counts.items() if by == "candidate"} == set()
    assert [each.position for each in found.apart_first] == gone[:20]
    assert "1000.00" in next(each.en for each in found.apart_first if each.became == "refused")
    assert not found.identical


def test_a_fact_of_one_side(live: Opened, stream: Path) -> None:
    policy = busy_policy()
    login = msgspec.structs.replace(policy.events[1], decide=True)
    other = open_policy(msgspec.structs.replace(policy, events=(policy.events[0], login)))
    found = Backtest(live, other, stream).run()
    assert set(found.apart_counts) == {("candidate", "fact")}
    logins = sum(1 for d in replayed(other, stream)) - sum(1 for d in replayed(live, stream))
    assert found.apart_counts["candidate", "fact"] == logins > 20


def test_segments_of_text_type_and_bool(live: Opened, candidate: Opened, stream: Path) -> None:
    found = Backtest(live, candidate, stream, segments=("device", "event_type", "ok")).run()
    records = [json.loads(line) for line in stream.read_text(encoding="utf-8").splitlines()]
    rows = [records[p] for p in found.compared.position.tolist()]
    device = dict(found.segments)["device"]
    wanted = Counter(str(row["device"]) for row in rows)
    assert {line.group.value or "None": line.decisions for line in device} == wanted
    for line in device:
        value = line.group.value or None
        mask = np.array([row["device"] == value for row in rows])
        assert line.figures["reviews"].candidate == int((found.compared.outcome[1][mask] == 4).sum())
    assert [(x.group.value, x.decisions) for x in dict(found.segments)["event_type"]] == [("payment", len(rows))]
    assert [(x.group.kind, x.decisions) for x in dict(found.segments)["ok"]] == [("null", len(rows))]


def test_what_cannot_be_a_segment_is_said(live: Opened, candidate: Opened, stream: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'device'"):
        Backtest(live, candidate, stream, segments=("devise",))
    with pytest.raises(InputError, match="at most 8"):
        Backtest(live, candidate, stream, segments=tuple("abcdefghi"))
    assert len(Backtest(live, candidate, stream, segments=("device",) * 8).segments) == 1


def test_sources_in_different_orders_do_not_compare(live: Opened, stream: Path) -> None:
    policy = busy_policy()
    source = msgspec.structs.replace(policy.sources[0], order="time")
    other = open_policy(msgspec.structs.replace(policy, sources=(source,)))
    with pytest.raises(InputError, match="different orders"):
        Backtest(live, other, stream)


def test_sources_that_read_other_columns_are_read_apart(live: Opened, stream: Path) -> None:
    policy = busy_policy()
    fields = {name: column for name, column in policy.sources[0].fields.items() if name != "place"}
    other = open_policy(
        msgspec.structs.replace(policy, sources=(msgspec.structs.replace(policy.sources[0], fields=fields),))
    )
    found = Backtest(live, other, stream, batch=40).run()
    ours, theirs = replayed(live, stream), replayed(other, stream)
    both = sorted(ours.keys() & theirs.keys())
    assert found.compared.position.tolist() == both
    assert found.compared.outcome[1].tolist() == [theirs[p]["outcome"] for p in both]


def test_with_a_lottery_figures_are_those_of_a_replay(live: Opened, tmp_path: Path) -> None:
    """Also where the file knows the truth about what was not let through: nobody is counted twice."""
    rows = [f"{i},2026-01-{1 + i // 40:02}T00:{i % 40:02}:00Z,{i % 9},{int(i % 3 == 0)}" for i in range(1200)]
    (tmp_path / "e.csv").write_text("id,at,n,fraud\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = """
name: drawn
events: [{name: try, fields: {n: {type: int, required: true}}}]
rule_sets: [{name: main, rules: [{name: many, when: n > 3, outcome: review}]}]
sources: [{name: file, event: try, id: id, time: {column: at}, fields: {n: n}, label: {column: fraud, delay: 1h}}]
"""
    policies = []
    for name, more in (("plain", ""), ("drawn", "let_through: {share: 0.1, money_cap: 0}\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "p.yaml").write_text(text + more, encoding="utf-8")
        policies.append(open_policy(tmp_path / name))
    found = Backtest(policies[1], policies[0], tmp_path / "e.csv").run()
    scores = Replay(policies[1], tmp_path / "e.csv").run().metrics.scores()
    figures = found.figures
    assert scores.caught > 100
    assert figures["fraud_caught"].live == scores.caught
    assert figures["good_stopped"].live == scores.false_alarms
    assert figures["fraud_missed"].live == scores.missed
    drawn = int((found.compared.weight > 1).sum())
    assert any(f"{drawn:,} decisions were let through" in each.en for each in notes(found))


def test_lottery_marks_become_weights(live: Opened, candidate: Opened, stream: Path) -> None:
    """Marks are put on by hand: decisions let through with share 0.05 count twenty times, for those that were drawn against."""
    pair = next(iter(Backtest(live, candidate, stream, batch=10_000).pairs))

    class Marked:
        """A decision batch with marks."""

        def __init__(self, inner: Any, mark: Any) -> None:
            self._inner, self.mark = inner, mark

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    mark = (np.arange(pair.live.decisions.n) % 8).astype(np.uint8)
    marked = Pair(with_fields(pair.live, decisions=Marked(pair.live.decisions, mark)), pair.candidate, pair.events)  # type: ignore[arg-type]
    rules = (len(live.compiled.rule_order), len(candidate.compiled.rule_order))
    assert match(pair, rules, (), 0.05)[0].weight.tolist() == [1.0] * pair.live.decisions.n
    assert match(marked, rules, (), 0.05)[0].weight.tolist() == [
        {1: 20.0, 4: 0.0, 7: 0.0}.get(m, 1.0) for m in mark.tolist()
    ]
    assert isinstance(pair.live, Side)
    assert CHALLENGE == 2


def test_a_span_counts_what_a_plain_replay_decided_in_it(live: Opened, candidate: Opened, stream: Path) -> None:
    """Decisions, labels, examples and events of one side: those of the whole run that lie in the span, for any batch."""
    whole = Backtest(live, candidate, stream).run()
    times = np.sort(whole.compared.time_ms)
    low, high = int(times[len(times) // 3]), int(times[2 * len(times) // 3])
    for size in (7, 10_000):
        found = Backtest(live, candidate, stream, batch=size, span=Span(low, high)).run()
        c, rows = found.compared, np.flatnonzero((whole.compared.time_ms >= low) & (whole.compared.time_ms < high))
        assert 20 < len(rows) < whole.compared.n
        for name in ("position", "outcome", "score", "label", "money"):
            assert getattr(c, name).tolist() == getattr(whole.compared, name)[..., rows].tolist(), name
        for side in (0, 1):
            assert [c.hits[side].of(i) for i in range(c.n)] == [whole.compared.hits[side].of(i) for i in rows.tolist()]
        assert c.clock_ms < high
        assert all(low <= each.time_ms < high for each in found.examples)
        ids = dict(zip(whole.compared.position[whole.compared.moved].tolist(), whole.compared.moved_ids))
        assert c.moved_ids == [ids[p] for p in c.position[c.moved].tolist()]
        assert found.to_dict()["compared"] == len(rows)
        assert found.records == whole.records


def test_in_a_span_only_labels_that_had_arrived_by_its_end_count(live: Opened, candidate: Opened, stream: Path) -> None:
    whole = Backtest(live, candidate, stream, label_delay="1h").run().compared
    high = int(np.sort(whole.time_ms)[whole.n // 2])
    part = Backtest(live, candidate, stream, label_delay="1h", span=Span(None, high)).run().compared
    arrived = (whole.time_ms < high) & (whole.label >= 0) & (whole.time_ms + 3_600_000 < high)
    assert 0 < arrived.sum() < (whole.arrived & (whole.time_ms < high)).sum()
    assert part.position[part.arrived].tolist() == whole.position[arrived].tolist()


def test_events_of_one_side_outside_the_span_are_not_named(live: Opened, stream: Path) -> None:
    policy = busy_policy()
    other = open_policy(
        msgspec.structs.replace(
            policy, events=(msgspec.structs.replace(policy.events[0], drop=("amount > 5",)), *policy.events[1:])
        )
    )
    whole = Backtest(live, other, stream).run()
    cut = int(np.median(whole.compared.time_ms))
    parts = [Backtest(live, other, stream, span=span).run() for span in (Span(None, cut), Span(cut, None))]
    counts = [sum(each.apart_counts.values()) for each in (whole, *parts)]
    assert counts[0] == counts[1] + counts[2]
    assert counts[1] > 0
    assert counts[2] > 0


def test_a_span_says_itself_in_both_languages(live: Opened, candidate: Opened, stream: Path) -> None:
    c = Backtest(live, candidate, stream).run().compared
    found = Backtest(live, candidate, stream, span=Span(int(np.median(c.time_ms)), None)).run()
    first = notes(found)[0]
    assert str(found.to_dict()["from"])[:10] in first.en
    assert str(found.to_dict()["from"])[:10] in first.zh
    assert found.to_dict()["until"] is None


def test_a_span_without_decisions_and_a_wrong_one_are_refused(live: Opened, candidate: Opened, stream: Path) -> None:
    with pytest.raises(InputError, match="give another --from or --until"):
        Backtest(live, candidate, stream, span=Span.read("2090-01-01", "")).run()
    with pytest.raises(InputError, match="--until is not after --from"):
        Span.read("2026-03-02", "2026-03-02T00:00:00Z")
    for text in ("soon", "2026-03-02T10:00:00", "2026-13-02"):
        with pytest.raises(InputError, match=r"--from: .*a date such as"):
            Span.read(text, "")
