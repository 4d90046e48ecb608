"""Cases held against a model in plain Python, over random alerts, steps and time: the same answers, the same refusals, the same state."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from tests.cases.made import HOUR_MS, NOW, card, cases_on, decision
from zhiyu.base.errors import ZhiyuError
from zhiyu.cases.listing import Wanted
from zhiyu.cases.queues import DEFAULT
from zhiyu.cases.work import Finding
from zhiyu.records.outbox import outbox

WHO = st.sampled_from(["person:lin", "person:wang"])
NUMBERS = st.integers(1, 6)
CLAIM_MS = DEFAULT.claim_ms


@dataclass
class Simple:
    """A case of the model."""

    subject: str
    alerts: list[int] = field(default_factory=list)
    state: str = "open"
    holder: str = ""
    until: int = 0
    disposition: str = ""
    owns: bool = True

    def held(self, now: int) -> str:
        return "" if 0 < self.until <= now else self.holder


class Machine(RuleBasedStateMachine):
    """Two people, five cards, one queue of work."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.cases = cases_on(f"sqlite:///{self.folder.name}/records.db")
        self.model: list[Simple] = []
        self.now, self.position, self.labels = NOW, 0, 0

    def teardown(self) -> None:
        self.cases._records.close()
        self.folder.cleanup()

    def own(self, number: int, by: str, closed: bool = False) -> Simple | None:
        """The case of the model, if `by` may change it now."""
        case = self.model[number - 1] if number <= len(self.model) else None
        if case is None or (case.state == "closed") is not closed:
            return None
        return case if closed or case.held(self.now) in ("", by) else None

    def does(self, step: object, allowed: bool) -> bool:
        """What really happened is what the model allows."""
        try:
            step()  # type: ignore[operator]
        except ZhiyuError:
            assert not allowed
            return False
        assert allowed
        return True

    @rule(cards=st.lists(st.integers(1, 5), min_size=1, max_size=4), again=st.booleans())
    def alerts(self, cards: list[int], again: bool) -> None:
        found = [decision(self.position + at, card(each)) for at, each in enumerate(cards, 1)]
        before = self.cases.intake.position("log")
        after = max(before, 0) + len(cards)
        self.cases.intake.take(found, "log", before, after, self.now)
        if again:
            self.cases.intake.take(found, "log", after, after, self.now)
        for each in found:
            case = next((c for c in self.model if c.owns and c.subject == each.subjects[0]), None)
            if case is None:
                case = Simple(each.subjects[0])
                self.model.append(case)
            case.alerts.append(each.position)
        self.position += len(cards)

    @rule(number=NUMBERS, by=WHO)
    def claim(self, number: int, by: str) -> None:
        case = self.own(number, by)
        assigned = case is not None and case.holder == by and not case.until
        if (
            self.does(lambda: self.cases.claim(number, by, self.now), case is not None)
            and case is not None
            and not assigned
        ):
            case.holder, case.until = by, self.now + CLAIM_MS

    @rule(by=WHO)
    def next(self, by: str) -> None:
        free = {n for n, case in enumerate(self.model, 1) if case.state == "open" and not case.held(self.now)}
        found = self.cases.next("review", by, self.now)
        assert (found is None) is (not free)
        if found is not None:
            assert found.number in free
            self.model[found.number - 1].holder, self.model[found.number - 1].until = by, self.now + CLAIM_MS

    @rule(number=NUMBERS, by=WHO)
    def release(self, number: int, by: str) -> None:
        case = self.own(number, by)
        allowed = case is not None and bool(case.held(self.now))
        if self.does(lambda: self.cases.release(number, by, self.now), allowed) and case is not None:
            case.holder, case.until = "", 0

    @rule(number=NUMBERS, to=WHO)
    def assign(self, number: int, to: str) -> None:
        case = self.model[number - 1] if number <= len(self.model) and self.model[number - 1].state == "open" else None
        if (
            self.does(lambda: self.cases.assign(number, "person:chief", to, self.now), case is not None)
            and case is not None
        ):
            case.holder, case.until = to, 0

    @rule(number=NUMBERS, by=WHO, fraud=st.booleans())
    def close(self, number: int, by: str, fraud: bool) -> None:
        case = self.own(number, by)
        finding = Finding(disposition="fraud", kind="takeover") if fraud else Finding(disposition="unclear")
        if self.does(lambda: self.cases.close(number, by, finding, self.now), case is not None) and case is not None:
            case.state, case.holder, case.until, case.disposition = "closed", by, 0, finding.disposition
            case.owns = False  # nothing joins a closed case
            self.labels += len(case.alerts) if fraud else 0

    @rule(number=NUMBERS, by=WHO)
    def reopen(self, number: int, by: str) -> None:
        case = self.own(number, by, closed=True)
        if self.does(lambda: self.cases.reopen(number, by, "again", self.now), case is not None) and case is not None:
            case.owns = not any(c.owns and c.subject == case.subject for c in self.model)
            case.state, case.holder, case.until, case.disposition = "open", by, self.now + CLAIM_MS, ""

    @rule(hours=st.integers(0, 40))
    def time(self, hours: int) -> None:
        self.now += hours * HOUR_MS // 10
        self.cases.lapse(self.now)
        for case in self.model:
            if case.state == "open" and not case.held(self.now):
                case.holder, case.until = "", 0

    @invariant()
    def same(self) -> None:
        found = sorted(self.cases.page(Wanted(state="", limit=1_000))[0], key=lambda case: case.number)
        told = [
            (c.state, c.held_by(self.now) if c.state == "open" else c.assignee, c.alerts, c.disposition) for c in found
        ]
        assert told == [
            (c.state, c.held(self.now) if c.state == "open" else c.holder, len(c.alerts), c.disposition)
            for c in self.model
        ]
        with self.cases._records.reading() as connection:
            assert len(connection.execute(select(outbox.c.id).where(outbox.c.kind == "label")).all()) == self.labels


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
