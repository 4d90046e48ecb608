"""The policy of the golden folder `calls_words` walked by hand, a record at a time, answers among them. Obviously right, and slow.

In: records in time order. Out: first decisions, what went on, what waits. What is decided after a call is decided from the first node on,
with the features that the event saw when it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WITHIN = {"lenders_query": 2 * MINUTE, "bureau": 2 * MINUTE, "by_hand": HOUR}
HELD_AS = {"lenders_query": "delay", "bureau": "delay", "by_hand": "review"}
SEVERITY = ("pass", "notify", "challenge", "delay", "review", "decline")


@dataclass
class Applied:
    """One application: what it saw when it came, what was told since, where it waits until when."""

    id: str
    position: int
    customer: str
    amount: int
    earlier: int
    told_before: int
    told: dict[str, Any] = field(default_factory=dict)
    at: str = ""
    deadline: int = 0
    revision: int = 0


@dataclass
class NaiveCalls:
    """Feed records with `step`; `pass_time` lets time pass. `lag`: events after which our own decisions come back."""

    lag: int
    clock: int = 0
    accepted: int = 0
    known: set[tuple[str, str]] = field(default_factory=set)
    open: list[Applied] = field(default_factory=list)
    applied: list[tuple[int, str]] = field(default_factory=list)
    decisions: list[tuple[int, str]] = field(default_factory=list)
    coming: list[tuple[int, str]] = field(default_factory=list)
    first: list[tuple[int, str]] = field(default_factory=list)
    went_on: list[tuple[Any, ...]] = field(default_factory=list)

    def step(self, position: int, record: dict[str, Any], floor: int = 0) -> None:
        """One record, with everything that happens before it and because of it."""
        kind, name = record["type"], record["id"]
        if (kind, name) in self.known:
            return
        self.known.add((kind, name))
        self.clock = max(self.clock, int(datetime.fromisoformat(record["time"]).timestamp() * 1000), floor)
        self.expire(self.clock)
        now, back = self.clock, [each for each in self.coming if each[0] <= self.accepted]
        self.decisions += [(now, customer) for _, customer in back]
        self.coming = [each for each in self.coming if each[0] > self.accepted]
        if kind == "application":
            self.apply(position, record, now)
            self.accepted += 1
            return
        self.accepted += 1
        for event in list(self.open):
            if event.id == record["about"] and event.at == {"verdict": "by_hand"}.get(kind, kind):
                answers = {name: value for name, value in record.items() if name not in ("type", "id", "time", "about")}
                if kind == "bureau" and answers["bureau_call"] != "answered":
                    answers["points"] = 600
                event.told |= answers
                self.go_on(event, "answered", now, position)

    def apply(self, position: int, record: dict[str, Any], now: int) -> None:
        """A new application."""
        who = record["customer"]
        earlier = sum(customer == who and now - DAY < time <= now for time, customer in self.applied)
        before = sum(customer == who and now - DAY < time <= now for time, customer in self.decisions)
        self.applied.append((now, who))
        event = Applied(record["id"], position, who, record["amount"], earlier, before)
        outcome, at = self.decide(event)
        self.first.append((position, outcome))
        self.wait(event, at, now)

    def pass_time(self, until: int) -> None:
        """Nothing comes until then."""
        self.clock = max(self.clock, until)
        self.expire(until)

    def expire(self, now: int) -> None:
        """What nobody answered goes on, each at its own moment."""
        while due := [each for each in self.open if each.deadline <= now]:
            event = min(due, key=lambda each: (each.deadline, each.position))
            if event.at != "by_hand":
                event.told[f"{event.at}_call"] = "unanswered"
                if event.at == "bureau":
                    event.told["points"] = 600
            self.go_on(event, "expired", event.deadline, -1)

    def go_on(self, event: Applied, cause: str, moment: int, answer: int) -> None:
        """One end of one wait."""
        self.open.remove(event)
        event.revision += 1
        if event.at == "by_hand":
            outcome, at = self.by_hand(event, cause), ""
        else:
            outcome, at = self.decide(event)
        self.went_on.append((event.position, event.revision, cause, answer, moment, outcome, at != ""))
        self.wait(event, at, moment)

    def wait(self, event: Applied, at: str, now: int) -> None:
        """Begin to wait, or stand as it is; who waits for a service has been told nothing yet."""
        if at not in ("lenders_query", "bureau"):
            self.coming.append((self.accepted + self.lag, event.customer))
        event.at = at
        if at:
            event.deadline = now + WITHIN[at]
            self.open.append(event)

    def decide(self, event: Applied) -> tuple[str, str]:
        """The flow from its first node: the outcome, and where it waits."""
        told, so_far = event.told, "notify" if event.amount > 10_000 or event.told_before >= 3 else "pass"
        lenders, points = told.get("lenders"), told.get("points")
        if event.earlier >= 2:
            return "decline", ""
        if lenders is None or lenders < 8:
            for service in ("lenders_query", "bureau"):
                if f"{service}_call" not in told:
                    return "delay", service
            if told["lenders_query_call"] != "answered" and told["bureau_call"] != "answered":
                return "review", "by_hand"
        if lenders is not None and lenders >= 8:
            return "decline", ""
        if points is not None and points < 500:
            return "review", "by_hand"
        return so_far, ""

    def by_hand(self, event: Applied, cause: str) -> str:
        """What a reviewer's verdict comes to."""
        released = cause == "answered" and event.told.get("released")
        return "pass" if released and event.told.get("points", 0) >= 400 else "decline"
