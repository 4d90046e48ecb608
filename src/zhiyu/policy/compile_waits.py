"""Waits as the engine needs them: which trace bit says that a decision waits, as what it goes on, what answers it.

In: checked waits, the trace bits of the compiled flows, the numbers of event types and columns. Out: `Waits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.events.schema import EventSchema
from zhiyu.policy.compile_calls import CallPlan, compile_call
from zhiyu.policy.declare import OUTCOMES
from zhiyu.policy.waits import Wait, WrittenOut, resumed_name


@dataclass(frozen=True, slots=True)
class WaitPlan:
    """One wait of one event type. `kind`, `resumed`: numbers of the type that was declared and of the type it goes on as. `answers`: number
    of the answering type → name of its text that carries the id. `told` bool[columns]: what an answer of that type tells, by number.
    `call`: what a wait for a service needs besides."""

    wait: Wait
    kind: int
    resumed: int
    outcome: int
    answers: Mapping[int, str]
    told: Mapping[int, Array]
    call: CallPlan | None = None


@dataclass(frozen=True)
class Waits:
    """All waits of a policy. `bits`: trace bit → name of the node that waits there. `at`: (number of the type a row is of, node) → number
    in `plans`; rows that went on after one wait may wait again. `shortest_ms`: of all waits. `stays`: trace bits that say
    that something goes on waiting as it did."""

    plans: tuple[WaitPlan, ...] = ()
    bits: Mapping[int, str] = field(default_factory=dict)
    at: Mapping[tuple[int, str], int] = field(default_factory=dict)
    shortest_ms: int = 0
    stays: tuple[int, ...] = ()

    @property
    def watched(self) -> frozenset[str]:
        """What may change about anything that waits, and matter."""
        return frozenset(what for plan in self.plans for what in plan.wait.watched)

    def __bool__(self) -> bool:
        return bool(self.plans)

    @property
    def answering(self) -> dict[int, list[int]]:
        """Number of an answering type → numbers of the plans it may answer."""
        found: dict[int, list[int]] = {}
        for number, plan in enumerate(self.plans):
            for kind in plan.answers:
                found.setdefault(kind, []).append(number)
        return found


def compile_waits(
    written: WrittenOut, schema: EventSchema, visited: Sequence[str], encode: Callable[[str], int]
) -> Waits:
    """`visited`: names of the trace bits; `encode`: the code of a text."""
    if not written.waits:
        return Waits()
    numbers = schema.type_index
    roots = {name: name for name in numbers} | {wait.resumed: wait.of for wait in written.waits}
    services = {service.name: service for service in written.policy.services}
    plans, at = [], dict[tuple[int, str], int]()
    for number, wait in enumerate(written.waits):
        kind = numbers[wait.of]
        told = {numbers[answer]: _told(schema, kind, numbers[answer]) for answer in wait.answers}
        answers = {numbers[answer]: name for answer, name in wait.answers.items()}
        call = compile_call(services[wait.call], schema, encode) if wait.call else None
        outcome = OUTCOMES.index(wait.outcome)
        plans.append(WaitPlan(wait, kind, numbers[wait.resumed], outcome, answers, told, call))
        for name, root in roots.items():
            if name in (wait.event, wait.resumed) if wait.call else root == wait.of:
                at[numbers[name], wait.node] = number
    flows = {wait.flow for wait in written.waits}
    flows |= {name for name, (whose, _) in written.flows.items() if whose in flows}
    begins = {f"{flow}/{node}" for flow, (_, node) in written.flows.items()}  # where it goes on, it waits no more
    names = {f"{flow}/{wait.node}": wait.node for flow in flows for wait in written.waits}
    names = {name: node for name, node in names.items() if name not in begins}
    bits = {bit: names[name] for bit, name in enumerate(visited) if name in names}
    stay = {f"{resumed_name(wait.flow, wait.node)}/{name}" for wait in written.waits for name in wait.stays}
    stays = tuple(bit for bit, name in enumerate(visited) if name in stay)
    return Waits(tuple(plans), bits, at, min(wait.within_ms for wait in written.waits), stays)


def _told(schema: EventSchema, kind: int, answer: int) -> Array:
    """Columns that an answer fills: those of its fields that the event itself does not have."""
    own, other = schema.types[kind].fields, schema.types[answer].fields
    return np.array([column.of in other and column.of not in own for column in schema.columns], np.bool_)
