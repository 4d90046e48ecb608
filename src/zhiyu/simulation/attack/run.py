"""Operations against the engine, as they would go: who is stopped does not go on, and everybody else sees what was sent so far.

In: a stage and a script. Out: `Ran`: per operation what was tried, what came out, what was spent, where and by which rules it was stopped.
Honest customers live on meanwhile. Events go to the engine in the longest pieces in which no victim comes twice, so that a stop is
known before the next step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.engine.outcome import Outcome
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.simulation.attack import ways as w
from zhiyu.simulation.attack.means import Means
from zhiyu.simulation.attack.script import Script
from zhiyu.simulation.attack.stage import Record, Stage, woven
from zhiyu.simulation.lender.parameters import START_MS

CHALLENGE = OUTCOMES.index("challenge")
REFUSED = "refused"
"""What stopped an event that the policy's door did not take: a value that it does not know."""


@dataclass(slots=True)
class Operation:
    """What became of one way: `victims` tried, `successes`, yuan spent, fen taken; `progress` 0..1: the share of the money that was
    reached; `stops`: type of event and rules (or the outcome, where no rule hit) that stopped victims, with how many."""

    way: w.Levels
    victims: int = 0
    successes: int = 0
    spent_yuan: float = 0.0
    taken_fen: int = 0
    progress: float = 0.0
    challenged: int = 0
    stops: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def price(self) -> float | None:
        """Yuan per success; None without one."""
        return self.spent_yuan / self.successes if self.successes else None


@dataclass(slots=True)
class Ran:
    """A script that ran. `through`: records that were not stopped. `kept`: decisions with all values and, for each, the record of the
    script it belongs to (-1: honest)."""

    operations: list[Operation]
    through: set[int] = field(default_factory=set)
    kept: list[tuple[DecisionBatch, NDArray[np.int64]]] = field(default_factory=list)


def run(stage: Stage, script: Script, ways: list[w.Levels], means: Means, goal_fen: int, keep: bool = False) -> Ran:
    """Run every operation of a script at once, each with its own victims, devices and accounts."""
    operations = [Operation(way) for way in ways]
    found = Ran(operations)
    victims = dict(zip(script.victim, script.operation))
    reached, steps = dict.fromkeys(victims, 0), Counter(script.victim)
    passed: Counter[int] = Counter()
    for number in victims.values():
        operations[number].victims += 1
        operations[number].spent_yuan += script.base[number]
    attack = stage.decoded(pa.Table.from_pylist(_even(script.records)))
    answers = (
        stage.decoded(pa.Table.from_pylist(_even([each for _, each in script.answers]))) if script.answers else None
    )
    numbers = {record["id"]: at for at, record in enumerate(script.records)} if script.answers else {}
    answered: dict[str, list[int]] = {}
    for number, (about, _) in enumerate(script.answers):
        answered.setdefault(about, []).append(number)
    row_of = np.full(len(script.records), -1)
    row_of[attack.positions] = np.arange(attack.n)
    engine, out, honest, position = stage.engine(), set[int](), 0, 0
    for first, last in _pieces(script.victim):
        sent = np.array([at for at in range(first, last) if script.victim[at] not in out], np.int64)
        rows = sent[row_of[sent] >= 0]
        until = int(np.searchsorted(stage.meanwhile.time_ms, script.at_ms[last - 1] + START_MS, side="right"))
        parts = [(stage.meanwhile, np.arange(honest, until)), (attack, row_of[rows])]
        if answers is not None:
            told = [number for at in rows.tolist() for number in answered.get(script.records[at]["id"], ())]
            parts.append((answers, np.array(told, np.int64)))
        batch = woven(parts, position)
        source = _sources([batch.time_ms[chosen] for batch, chosen in parts], rows)
        outcome = engine.process(batch, keep_all=keep)
        finals = _finals(outcome, numbers)
        honest, position = until, position + batch.n
        d = outcome.decisions
        whose = source[d.rows]
        if keep:
            found.kept.append((d, whose))
        decided = {int(at): place for place, at in enumerate(whose.tolist()) if at >= 0}
        for at in sent.tolist():
            victim = script.victim[at]
            operation = operations[script.operation[at]]
            operation.spent_yuan += script.cost[at]
            if row_of[at] < 0:
                out.add(victim)
                operation.stops[(script.records[at]["type"], REFUSED)] += 1
                continue
            made, place = finals.get(at, (d, decided.get(at)))
            if place is not None and not _gets_through(made, place, operation, means):
                out.add(victim)
                operation.stops[(script.records[at]["type"], _by(stage, made, place))] += 1
                continue
            found.through.add(at)
            passed[victim] += 1
            reached[victim] += script.moves[at]
    if keep:  # honest life goes on, so that what a closing would cost is counted over all of it
        rest = woven([(stage.meanwhile, np.arange(honest, stage.meanwhile.n))], position)
        d = engine.process(rest, keep_all=True).decisions
        found.kept.append((d, np.full(d.n, -1)))
    _sum_up(operations, victims, reached, passed, steps, goal_fen)
    return found


def _gets_through(d: DecisionBatch, place: int, operation: Operation, means: Means) -> bool:
    """Whether the adversary may go on; pays for the answer to a challenge if the way says so."""
    enforced = int(d.enforced[place])
    if enforced == CHALLENGE and w.at(operation.way, "codes"):
        operation.spent_yuan += means.code
        operation.challenged += 1
        return True
    return enforced < CHALLENGE


def _by(stage: Stage, d: DecisionBatch, place: int) -> str:
    """The rules that hit, else the outcome."""
    order = stage.opened.compiled.rule_order
    hits = bits_to_matrix(d.hits[place][None], len(order))[0] if len(order) else np.zeros(0, np.bool_)
    names = [rule.rule.name for rule, hit in zip(order, hits) if hit]
    return ", ".join(names) or OUTCOMES[int(d.enforced[place])]


def _sum_up(
    operations: list[Operation], victims: dict[int, int], reached: dict[int, int], passed: Counter[int], steps: Counter[int],
    goal_fen: int,
) -> None:  # fmt: skip
    for victim, number in victims.items():
        operation = operations[number]
        operation.taken_fen += reached[victim]
        operation.successes += reached[victim] >= goal_fen
        operation.progress += 0.5 * (reached[victim] / goal_fen + passed[victim] / steps[victim]) / operation.victims


def _pieces(victims: list[int]) -> Iterator[tuple[int, int]]:
    """The longest runs of records in which no victim comes twice."""
    first, seen = 0, set[int]()
    for at, victim in enumerate(victims):
        if victim in seen:
            yield first, at
            first, seen = at, set()
        seen.add(victim)
    if victims:
        yield first, len(victims)


def _sources(times: list[NDArray[np.int64]], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row of the woven batch, the record it is, -1 for others. `times` of its parts, the second one those of `rows`."""
    order = np.argsort(np.concatenate(times), kind="stable")
    sources = [np.full(len(each), -1) for each in times]
    sources[1] = rows
    return np.concatenate(sources)[order]


def _finals(outcome: Outcome, numbers: dict[str, int]) -> dict[int, tuple[DecisionBatch, int | None]]:
    """Record → what its decision came to after services were asked: the batch of decisions and its place there. `numbers`: by event id."""
    found: dict[int, tuple[DecisionBatch, int | None]] = {}
    for part in outcome.resumed:
        for place, event_id in enumerate(part.decisions.ids):
            if str(event_id) in numbers:
                found[numbers[str(event_id)]] = part.decisions, place
    return found


def _even(records: list[Record]) -> list[Record]:
    """The records with the same names in each, so that they make one table."""
    names = dict.fromkeys(name for record in records for name in record)
    return [{name: record.get(name) for name in names} for record in records]
