"""The policy of `tests.waiting_policy` walked by hand, one record at a time: a plain state machine per wait. Obviously right, and slow.

In: records in arrival order, each with its label; changes of the list, as (due, customer, until or None for taken off); gangs. Out: first
decisions, what went on, what became of answers, what still waits.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.waiting_policy import MINUTE

HOUR, DAY, LATENESS = 60 * MINUTE, 1440 * MINUTE, 2 * MINUTE
WITHIN = {"call": 10 * MINUTE, "cool": 5 * MINUTE, "hold": 20 * MINUTE}
OUTCOME = {"call": "challenge", "cool": "delay", "hold": "review"}
TAKES = {"call": ("call_result", "review_result"), "cool": ("review_result",), "hold": ("review_result",)}


@dataclass
class Waits:
    """One event that waits: where, until when, how often it went on, what answers have told."""

    kind: str
    id: str
    position: int
    customer: str
    amount: int
    node: str = ""
    deadline: int = 0
    revision: int = 0
    told: dict[str, Any] = field(default_factory=dict)


@dataclass
class NaiveWaits:
    """Feed records with `step`; `pass_time` lets time pass. `lists`: changes to come, by due; `gangs`: those found in front of an accepted
    event, by its number."""

    lag: int
    label_delay: int
    clock: int = 0
    accepted: int = 0
    known: dict[tuple[str, str], Any] = field(default_factory=dict)
    open: list[Waits] = field(default_factory=list)
    ended: set[tuple[str, str]] = field(default_factory=set)
    facts: list[tuple[int, str, str, Any]] = field(default_factory=list)
    labels: list[tuple[int, str]] = field(default_factory=list)
    lists: list[tuple[int, str, int | None]] = field(default_factory=list)
    gangs: dict[int, str] = field(default_factory=dict)
    blocked: dict[str, int] = field(default_factory=dict)
    now: int = -(2**62)
    coming: list[tuple[int, str, str]] = field(default_factory=list)
    first: list[tuple[Any, ...]] = field(default_factory=list)
    went_on: list[tuple[Any, ...]] = field(default_factory=list)
    answers: list[tuple[int, str, int]] = field(default_factory=list)

    def step(self, position: int, record: dict[str, Any], floor: int = 0) -> None:
        """One record, with everything that happens before it and because of it. `floor`: the wall clock when it came."""
        kind, name = record["type"], record["id"]
        time = int(datetime.fromisoformat(record["time"]).timestamp() * 1000)
        body = {key: value for key, value in record.items() if key != "label"}
        if (kind, name) in self.known:
            return  # a repeat or a conflict: it counts nowhere, and time does not pass
        self.known[kind, name] = body
        self.clock = max(self.clock, time, floor)
        now = self.clock
        if now - time > LATENESS:
            time = now
        self.upto(now, kind="changes")
        self.change("gangs", self.gangs.get(self.accepted, ""), now)
        self.upto(now)
        self.now = now
        back = [each for each in self.coming if each[0] <= self.accepted]
        self.facts += [(now, "decision", customer, outcome) for _, customer, outcome in back]
        self.coming = [each for each in self.coming if each[0] > self.accepted]
        if kind in ("drawdown", "payment"):
            self.facts.append((time, kind, record["customer"], record["amount"]))
            event = Waits(kind, name, position, record["customer"], record["amount"])
            outcome, node = self.begin(event, time, now)
            self.first.append((position, outcome))
            self.coming.append((self.accepted + self.lag, event.customer, outcome))
            self.wait(event, node, now)
            if record["label"] >= 0:
                own = int(datetime.fromisoformat(record["time"]).timestamp() * 1000)
                self.label(own + self.label_delay, record["label"], record["customer"])
            self.accepted += 1
        else:
            if kind == "call_result" and record["customer"]:
                self.facts.append((time, kind, record["customer"], None))
            elif kind == "review_result":
                self.facts.append((time, kind, "", None))
            self.accepted += 1
            self.answer(position, record, now)

    def pass_time(self, until: int) -> None:
        """Nothing comes until then."""
        self.clock = max(self.clock, until)
        self.upto(until)

    def label(self, due: int, fraud: int, customer: str) -> None:
        """A label counts from its due time on."""
        if fraud:
            self.facts.append((due, "label", customer, None))
        self.labels.append((due, customer))

    def upto(self, now: int, kind: str = "all") -> None:
        """Everything that is due by now, in the order of its time; at one moment lists first, then labels, then what runs out. Only
        "changes": what runs out right now still waits."""
        while True:
            lists = max(self.lists[0][0], self.now) if self.lists else now + 1
            labels = max(min(self.labels)[0], self.now) if self.labels else now + 1
            over = min((each.deadline for each in self.open), default=now + 1)
            over = now + 1 if kind == "changes" and over == now else over
            moment = min(lists, labels, over)
            if moment > now:
                return
            self.now = max(self.now, moment)
            if lists == moment:
                due = [each for each in self.lists if each[0] <= moment]
                self.lists = self.lists[len(due) :]
                for _, customer, until in due:
                    self.blocked[customer] = -1 if until is None else until
                self.change("lists", {customer for _, customer, _ in due}, moment)
            elif labels == moment:
                whose = {customer for due, customer in self.labels if due <= moment}
                self.labels = [each for each in self.labels if each[0] > moment]
                self.change("labels", whose, moment)
            else:
                event = min(self.open, key=lambda each: (each.deadline, each.position))
                self.go_on(event, "expired", event.deadline, -1)

    def change(self, what: str, customers: Collection[str], moment: int) -> None:
        """What waits and is about these customers is decided again, once."""
        for event in sorted(self.open, key=lambda each: each.position):
            if event.customer not in customers or event.deadline <= moment:
                continue
            outcome, node, stays = self.again(event, what, moment)
            if not stays:
                self.go_on(event, "changed", moment, -1, (outcome, node))
                continue
            event.revision += 1
            self.went_on.append((event.position, event.revision, "changed", -1, moment, outcome, True))

    def again(self, event: Waits, what: str, now: int) -> tuple[str, str, bool]:
        """The flow from where the change leads: (outcome, node that waits or "", whether it waits on as it did)."""
        if event.node == "call" and what == "gangs":
            return "decline", "", False
        if event.node == "call" and what == "lists":
            return ("decline", "", False) if self.is_blocked(event.customer, now) else ("challenge", "", True)
        outcome, node = self.begin(event, now, now)
        if event.node == "call":
            return outcome, "", node == "call"
        return (OUTCOME[event.node] if node else outcome), "", outcome != "decline"

    def is_blocked(self, customer: str, now: int) -> bool:
        return self.blocked.get(customer, -1) > now

    def answer(self, position: int, record: dict[str, Any], now: int) -> None:
        """What is waiting under the id goes on, whatever type it is of."""
        status, about, own = "unknown", -1, record["about"]
        for kind in ("drawdown", "payment"):
            event = next((each for each in self.open if (each.kind, each.id) == (kind, own)), None)
            if event is not None and record["type"] in TAKES[event.node]:
                event.told |= {key: record.get(key) for key in ("coached", "verdict") if key in record}
                self.go_on(event, "answered", now, position)
                status, about = "taken", event.position
            elif event is not None and status != "taken":
                status, about = "other", event.position
            elif event is None and (kind, own) in self.ended and status == "unknown":
                status, about = "ended", -2
        self.answers.append((position, status, about))

    def go_on(self, event: Waits, cause: str, moment: int, answer: int, found: tuple[str, str] | None = None) -> None:
        """One end of one wait."""
        self.open.remove(event)
        self.ended.add((event.kind, event.id))
        event.revision += 1
        outcome, node = found or self.after(event, cause, moment)
        self.went_on.append((event.position, event.revision, cause, answer, moment, outcome, node != ""))
        self.coming.append((self.accepted + self.lag, event.customer, outcome))
        self.wait(event, node, moment)

    def wait(self, event: Waits, node: str, now: int) -> None:
        if node:
            event.node, event.deadline = node, now + WITHIN[node]
            self.open.append(event)

    def count(self, kinds: tuple[str, ...], customer: str, now: int, window: int, outcome: str = "") -> int:
        """Facts of these kinds about a customer in (now - window, now]."""
        return len(self.those(kinds, customer, now, window, outcome))

    def those(self, kinds: tuple[str, ...], customer: str, now: int, window: int, outcome: str = "") -> list[Any]:
        return [
            what for time, kind, who, what in self.facts
            if kind in kinds and who == customer and now - window < time <= now and (not outcome or what == outcome)
        ]  # fmt: skip

    def begin(self, event: Waits, now: int, received: int) -> tuple[str, str]:
        """The flow from its first node: (outcome, node that waits or ""). Counts are as of the event's time, lists as of when it came."""
        who = event.customer
        known = self.count(("label",), who, now, DAY) + self.count(("decision",), who, now, DAY, "decline")
        if known > 2 or self.is_blocked(who, received):
            return "decline", ""
        if sum(self.those(("drawdown",), who, now, HOUR)) + event.amount > 200:
            return "challenge", "call"
        return "pass", ""

    def after(self, event: Waits, cause: str, now: int) -> tuple[str, str]:
        """The flow from where it waited."""
        who, refused = event.customer, event.told.get("verdict") == "refuse"
        if event.node == "call":
            if cause == "expired":
                return "review", "hold"
            if event.told.get("coached") or refused:
                return "decline", ""
            much = sum(self.those(("drawdown",), who, now, HOUR)) > 300
            calls, frauds = self.count(("call_result",), who, now, HOUR), self.count(("label",), who, now, DAY)
            return ("delay", "cool") if much or calls > 2 or frauds > 0 else ("pass", "")
        if event.node == "cool":
            earlier = self.count(("drawdown", "payment"), who, now, HOUR)
            events = self.count(("drawdown", "payment", "call_result"), who, now, HOUR)
            return ("decline", "") if earlier > 4 or events > 7 or refused else ("pass", "")
        released = cause == "answered" and event.told.get("verdict") == "release"
        return ("pass", "") if released else ("decline", "")
