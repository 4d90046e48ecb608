"""The metric cube against counting by hand: any questions, any cuts of the log, after crashes and merges."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import calling_policy
from tests.engine.live_stream import START_MS, records
from tests.faults.killed import POLICIES, answering
from tests.waiting_policy import START, when
from zhiyu.base.errors import InputError
from zhiyu.engine.event_frames import noted
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.went_on import KINDS, parts_of
from zhiyu.evaluation.cube.ask import MEASURES, STOPPED, Question, as_csv, ask
from zhiyu.evaluation.cube.cube import Cube
from zhiyu.evaluation.cube.facts import FIELDS, TABLES, schema_of, summed
from zhiyu.evaluation.cube.rollups import GRAINS, Rollups
from zhiyu.log.frames import EVENTS
from zhiyu.policy.declare import OUTCOMES

HOUR = 3_600_000
N = 400


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Opened]:
    """A log of payments, some of which wait and go on; cities are regions. The policy changes half-way."""
    folder = tmp_path_factory.mktemp("served")
    policies = []
    for number, text in enumerate(POLICIES[:2]):
        (folder / f"p{number}").mkdir()
        (folder / f"p{number}" / "policy.yaml").write_text(text)
        policies.append(open_policy(folder / f"p{number}"))
    live = Live(folder / "default", policies[0], clock="events", segment_bytes=60_000)
    bodies = answering(random.Random(1), records(1, N))
    for start in range(0, N, 7):
        if start == 203:
            live.release(policies[1])
        live.take(bodies[start : start + 7])
    live.sync()
    live.close()
    return folder / "default", policies[0]


def reopened(served: tuple[Path, Opened]) -> Live:
    return Live(served[0], served[1], clock="events", release=False)


def cube_of(live: Live, folder: Path, writes: bool = True) -> Cube:
    return Cube(folder, "default", live._opened_of, live.log.first, writes)


def facts_by_hand(live: Live) -> list[dict[str, Any]]:
    """One dictionary per decision, in plain Python."""
    found = []
    for frame in live.log.frames(live.log.first):
        if frame.header.kind not in KINDS:
            continue
        note = noted(frame.payload, "default") if frame.header.kind == EVENTS else None
        policy, parts = parts_of(frame, "default")
        opened = live._opened_of(policy) if policy else None
        for d, batch, went_on in (
            *([(note.decisions, note.batch, None)] if note else []),
            *((part.decisions, part.events, part) for part in parts),
        ):
            assert opened is not None
            rules = [rule.rule.name for rule in opened.compiled.rule_order]
            hits = d.hit_matrix(len(rules))
            for at in range(d.n):
                if went_on is not None and went_on.stays[at]:
                    continue
                row = int(d.rows[at])
                city = batch.shown["city"][row] if "city" in batch.shown else None
                found.append(
                    {
                        "ms": int(d.received_ms[at]),
                        "stage": opened.compiled.schema.types[int(d.type_index[at])].name.partition("@")[0],
                        "region": city or "", "product": "", "channel": "", "policy": policy[:12],
                        "outcome": OUTCOMES[int(d.enforced[at])], "money": 0 if went_on else int(d.money[at]),
                        "score": 0 if went_on else int(d.score[at]), "first": went_on is None,
                        "asked_again": int(d.score[at]) if went_on else 0,
                        "rules": [] if went_on else [rules[n] for n in np.flatnonzero(hits[at])],
                    }
                )  # fmt: skip
    return found


def random_question(rng: random.Random, end_ms: int) -> Question:
    table = rng.choice(["decisions", "decisions", "rules"])
    measures = rng.sample([name for name, each in MEASURES.items() if each.table == table], 2)
    dimensions = ["stage", "region", "policy", "outcome", "time", *(["rule"] if table == "rules" else [])]
    by = tuple(rng.sample(dimensions, rng.randrange(4)))
    where = {} if rng.random() < 0.5 else {"outcome": frozenset(rng.sample(OUTCOMES, 3))}
    unit = rng.choice([60_000, HOUR])
    first = START_MS // HOUR * HOUR + unit * rng.randrange(-3, 2)
    until = first + unit * rng.randrange(1, 2 + max(end_ms - first, 0) // unit)
    return Question(
        measures, first, until, by, where, rng.choice([5, 60, 180]) * 60_000, 1_000, rng.choice([0, 0, HOUR])
    )


def by_hand(facts: list[dict[str, Any]], question: Question, moved: int = 0) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Lines of the answer, by key."""
    sums: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for each in facts:
        minute = each["ms"] // 60_000 * 60_000
        if not question.from_ms - moved <= minute < question.until_ms - moved:
            continue
        if any(each[name] not in texts for name, texts in question.where.items()):
            continue
        time = minute // question.step_ms * question.step_ms
        names = each["rules"] if question.tables == {"rules"} else [""]
        for rule in names:
            known = each | {"rule": rule, "time": time + moved}
            own = sums[tuple(known[name] for name in question.by)]
            own["decisions"] += each["first"]
            own["went_on"] += not each["first"]
            own["hits"] += 1
            for name in ("money", "score"):
                own[name] += each[name]
            if each["outcome"] in STOPPED:
                own["stopped"] += each["first"]
                own["stopped_money"] += each["money"]
    return {
        key: {
            name: _figure(MEASURES[name].make(*(own[of] for of in MEASURES[name].of)), MEASURES[name].money)
            for name in question.measures
        }
        for key, own in sums.items()
    }


def _figure(value: Any, money: bool) -> Any:
    return value / 100 if money and value is not None else value


def lines_of(answer: dict[str, Any], question: Question, which: str = "") -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {}
    for line in answer["lines"]:
        key = tuple(_ms(line[name]) if name == "time" else line[name] for name in question.by)
        told = line[which] if which else line
        found[key] = {name: told[name] for name in question.measures}
    return found


def _ms(text: str) -> int:
    return int(np.datetime64(text.removesuffix("Z"), "ms").astype(np.int64))


@pytest.mark.parametrize("seed", range(12))
def test_any_question_is_answered_as_counted_by_hand(served: tuple[Path, Opened], tmp_path: Path, seed: int) -> None:
    """Counted in pieces of any size, kept now and then, opened again in between; questions with shadows of rules are left to another."""
    rng, live = random.Random(seed), reopened(served)
    cube, facts = cube_of(live, tmp_path), facts_by_hand(live)
    frames = list(live.log.frames(live.log.first))
    at = 0
    while at < len(frames):
        size = rng.choice([1, 3, 20])
        cube.take(frames[at : at + size])
        at += size
        if rng.random() < 0.3:
            cube.keep()
        if rng.random() < 0.2:  # a crash: what was not kept is counted again
            cube = cube_of(live, tmp_path)
            at = next((n for n, each in enumerate(frames) if each.header.first >= cube.position), len(frames))
    assert cube.position == live.log.position
    end = max(each["ms"] for each in facts) + HOUR
    for _ in range(25):
        question = random_question(rng, end)
        for asked in (
            cube,
            cube_of(live, tmp_path, writes=False) if cube.rollups.position() == cube.position else cube,
        ):
            answer = ask(asked, question, "CNY")
            wanted = by_hand(facts, question)
            if "quiet" in question.measures or "errors" in question.measures:
                continue  # this policy has neither
            if question.by:
                assert lines_of(answer, question) == wanted, question
                if question.against_ms:
                    earlier = by_hand(facts, question, question.against_ms)
                    nothing = {
                        n: _figure(MEASURES[n].make(*(0 for _ in MEASURES[n].of)), MEASURES[n].money)
                        for n in question.measures
                    }
                    assert lines_of(answer, question, "before") == {key: earlier.get(key, nothing) for key in wanted}
            else:
                own = wanted.get((), None)
                assert own is None or {name: answer["total"][name] for name in question.measures} == own
    live.close()


def test_parts_merge_and_a_cut_off_merge_counts_nothing_twice(served: tuple[Path, Opened], tmp_path: Path) -> None:
    live = reopened(served)
    frames = list(live.log.frames(live.log.first))
    whole, pieces = cube_of(live, tmp_path / "whole"), cube_of(live, tmp_path / "pieces")
    whole.take(frames)
    whole.keep()
    before: Path | None = None
    for number, frame in enumerate(frames):
        pieces.take([frame])
        pieces.keep()
        if number == len(frames) // 2:
            before = tmp_path / "before"
            shutil.copytree(tmp_path / "pieces" / "cube", before)
    assert len(pieces.rollups.parts()) < 12 < len(frames)
    assert before is not None
    for old in before.iterdir():  # what a merge that was cut off leaves behind
        if not (tmp_path / "pieces" / "cube" / old.name).exists():
            shutil.copytree(old, tmp_path / "pieces" / "cube" / old.name)
    (tmp_path / "pieces" / "cube" / f"{0:020d}-{9:020d}.part").mkdir()
    for table, (keys, sums) in TABLES.items():
        for grain in GRAINS:
            told = [
                Rollups(tmp_path / name / "cube").read(table, grain, 0, 1 << 50, [*keys, *sums])
                for name in ("whole", "pieces")
            ]
            made = [summed(table, each.cast(schema_of(table))) for each in told]
            assert made[0].equals(made[1])
    live.close()


def test_who_reads_beside_a_writer_counts_nothing_twice(served: tuple[Path, Opened], tmp_path: Path) -> None:
    """The reader opens the parts and counts the rest in memory; then the writer keeps that rest, and merges."""
    live = reopened(served)
    frames = list(live.log.frames(live.log.first))
    writer = cube_of(live, tmp_path)
    writer.take(frames[: len(frames) // 2])
    writer.keep()
    reader = cube_of(live, tmp_path, writes=False)
    reader.take(frames)
    writer.take(frames)
    writer.keep()
    first, until = START_MS // HOUR * HOUR - 24 * HOUR, START_MS // HOUR * HOUR + 240 * HOUR
    answers = [ask(cube, Question(("decisions", "money"), first, until, ("outcome",))) for cube in (reader, writer)]
    assert answers[0] == answers[1]
    assert answers[0]["total"]["decisions"] == sum(each["first"] for each in facts_by_hand(live))
    live.close()


def test_a_mean_score_is_of_first_decisions(tmp_path: Path) -> None:
    """Rules are asked again after the wait; what they find then is no score of another decision."""
    again = "{name: again, branch: [{when: logins_1h > 1, to: stop}], next: fine}"
    assert again in POLICIES[0]
    asked = POLICIES[0].replace(again, "{name: again, rule_set: main, next: fine}")
    (tmp_path / "policy.yaml").write_text(asked.replace("expired: cool", "expired: again"))
    live = Live(tmp_path / "default", open_policy(tmp_path), clock="events")
    live.take(answering(random.Random(1), records(1, N)))
    live.sync()
    cube, facts = cube_of(live, tmp_path / "own"), facts_by_hand(live)
    cube.take(live.log.frames(live.log.first))
    scores = [each["score"] for each in facts if each["first"]]
    first, until = START_MS // HOUR * HOUR - 24 * HOUR, START_MS // HOUR * HOUR + 240 * HOUR
    answer = ask(cube, Question(("score", "went_on"), first, until))
    assert sum(each["asked_again"] for each in facts) > 0
    assert answer["total"] == {"score": sum(scores) / len(scores), "went_on": sum(not each["first"] for each in facts)}
    live.close()


def test_what_is_not_among_the_largest_is_the_rest(served: tuple[Path, Opened], tmp_path: Path) -> None:
    live = reopened(served)
    cube = cube_of(live, tmp_path)
    cube.take(live.log.frames(live.log.first))
    first, until = START_MS // HOUR * HOUR - 24 * HOUR, START_MS // HOUR * HOUR + 240 * HOUR
    every = ask(cube, Question(("decisions",), first, until, ("outcome",)))
    few = ask(cube, Question(("decisions",), first, until, ("outcome",), top=1))
    assert len(every["lines"]) > 2
    assert few["lines"] == [
        every["lines"][0],
        {"outcome": None, "decisions": sum(line["decisions"] for line in every["lines"][1:])},
    ]
    assert few["total"] == every["total"] == {"decisions": sum(line["decisions"] for line in every["lines"])}
    assert as_csv(few).splitlines()[0] == "outcome,decisions"
    live.close()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"measures": ("decision",)}, "did you mean 'decisions'"), ({"by": ("chanel",)}, "did you mean 'channel'"),
        ({"measures": ("decisions", "hits")}, "counted apart"), ({"by": ("rule",)}, "counted apart"), ({"until_ms": 0}, "ends before"),
        ({"step_ms": 61_000}, "whole number of minutes"), ({"measures": ()}, "at least one"),
        ({"by": ("time",), "step_ms": 60_000, "until_ms": 400 * 24 * HOUR}, "more than 10,000 steps"),
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_told_why(changed: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"measures": ("decisions",), "from_ms": 0, "until_ms": HOUR}
    with pytest.raises(InputError, match=told):
        Question(**(given | changed))


def test_dimensions_are_read_from_the_fields_that_lenders_have() -> None:
    assert set(FIELDS) == {"product", "channel", "region"}
    assert json.dumps(sorted(MEASURES))


@pytest.mark.parametrize("seed", range(3))
def test_a_decision_that_asks_services_counts_when_they_have_answered(seed: int, tmp_path: Path) -> None:
    """Nobody is told what stands while a service is asked. By hand: a decision is no answer when the next one of its event went on from a
    call; the first that is one counts as the decision, what comes after it as what a wait came to."""
    opened = open_policy(calling_policy.policy(5))
    calls = {plan.wait.resumed for plan in opened.compiled.waits.plans if plan.call is not None}
    live = Live(tmp_path / "default", opened, clock="events")
    stream = calling_policy.random_stream(random.Random(seed), 300)
    end = {"type": "verdict", "id": "end", "time": when(START + 10**10), "about": "nothing", "released": True}
    bodies = [json.dumps(each).encode() for each in [*stream, end]]  # by the end every call is over
    for start in range(0, len(bodies), 11):
        live.take(bodies[start : start + 11])
    live.sync()
    told: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for frame in live.log.frames(live.log.first):
        note = noted(frame.payload, "default") if frame.header.kind == EVENTS else None
        for position, outcome in (
            zip(note.decisions.positions.tolist(), note.decisions.enforced) if note and note.decisions.n else ()
        ):
            told[position].append(("", OUTCOMES[outcome]))
        for part in parts_of(frame, "default")[1]:
            for at in np.flatnonzero(~part.stays).tolist():
                kind = opened.compiled.schema.types[int(part.decisions.type_index[at])].name
                told[int(part.decisions.positions[at])].append((kind, OUTCOMES[part.decisions.enforced[at]]))
    first, later = Counter[str](), 0
    for steps in told.values():
        answers = [
            outcome for (_, outcome), after in zip(steps, [*steps[1:], ("", "")], strict=True) if after[0] not in calls
        ]
        first[answers[0]] += 1
        later += len(answers) - 1
    cube = cube_of(live, tmp_path / "cube")
    cube.take(live.log.frames(live.log.first))
    period = (START // HOUR * HOUR - 24 * HOUR, START // HOUR * HOUR + 9_000 * HOUR)
    found = ask(cube, Question(("decisions", "went_on"), *period, ("outcome",)))
    assert {line["outcome"]: line["decisions"] for line in found["lines"] if line["decisions"]} == first
    assert found["total"] == {"decisions": len(told), "went_on": later}
    assert later > 0
    assert len(first) >= 2
    live.close()
