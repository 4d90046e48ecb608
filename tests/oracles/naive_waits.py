"""The policy of `tests.waiting_policy` walked by hand, one record at a time: a plain state machine per wait. Obviously right, and slow.

In: records in arrival order, each with its label. Out: first decisions, what went on, what became of answers, what still waits.
"""

from __future__ import annotations

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
    """Feed records with `step`; `pass_time` lets time pass."""

    lag: int
    label_delay: int
    clock: int = 0
    accepted: int = 0
    known: dict[tuple[str, str], Any] = field(default_factory=dict)
    open: list[Waits] = field(default_factory=list)
    ended: set[tuple[str, str]] = field(default_factory=set)
    facts: list[tuple[int, str, str, Any]] = field(default_factory=list)
    labels: list[tuple[int, int, str]] = field(default_factory=list)
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
        self.expire(now)
        self.take_labels(now)
        back = [each for each in self.coming if each[0] <= self.accepted]
        self.facts += [(now, "decision", customer, outcome) for _, customer, outcome in back]
        self.coming = [each for each in self.coming if each[0] > self.accepted]
        if kind in ("drawdown", "payment"):
            self.facts.append((time, kind, record["customer"], record["amount"]))
            event = Waits(kind, name, position, record["customer"], record["amount"])
            outcome, node = self.begin(event, time)
            self.first.append((position, outcome))
            self.coming.append((self.accepted + self.lag, event.customer, outcome))
            self.wait(event, node, now)
            if record["label"] >= 0:
                own = int(datetime.fromisoformat(record["time"]).timestamp() * 1000)
                self.labels.append((own + self.label_delay, record["label"], record["customer"]))
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
        self.expire(until)

    def expire(self, now: int) -> None:
        """Waits whose time is over go on, each at its own moment."""
        while True:
            due = [each for each in self.open if each.deadline <= now]
            if not due:
                return
            event = min(due, key=lambda each: (each.deadline, each.position))
            self.take_labels(event.deadline)
            self.go_on(event, "expired", event.deadline, -1)

    def take_labels(self, now: int) -> None:
        """Labels that are due, in order."""
        for due, fraud, customer in sorted((each for each in self.labels if each[0] <= now), key=lambda each: each[0]):
            if fraud:
                self.facts.append((due, "label", customer, None))
        self.labels = [each for each in self.labels if each[0] > now]

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

    def go_on(self, event: Waits, cause: str, moment: int, answer: int) -> None:
        """One end of one wait."""
        self.open.remove(event)
        self.ended.add((event.kind, event.id))
        event.revision += 1
        outcome, node = self.after(event, cause, moment)
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

    def begin(self, event: Waits, now: int) -> tuple[str, str]:
        """The flow from its first node: (outcome, node that waits or "")."""
        who = event.customer
        known = self.count(("label",), who, now, DAY) + self.count(("decision",), who, now, DAY, "decline")
        if known > 2:
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
