"""The busy policy (tests/streams.py), decided the slow way: one event at a time, every list searched from the start, plain Python.

In: raw records. Out: for every decided event its outcome, score, rules and features; and what was said of the others.
It shares nothing with the engine but the meaning written in the design: effective times, the door, labels and decisions coming back.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from zhiyu.base.numeric import distance_km

HOUR, DAY = 3_600_000, 86_400_000
LATENESS, AHEAD, HORIZON, LABEL_DELAY = 600_000, 30 * DAY, DAY, HOUR
SEVERITY = ("pass", "notify", "challenge", "delay", "review", "decline")


class NaiveEngine:
    """Feed records in order with `step`; results in `decided` and `told`."""

    def __init__(self, lag: int) -> None:
        self.lag = lag
        self.clock: int | None = None
        self.ids: dict[str, tuple[dict[str, Any], int, int]] = {}
        self.facts: list[dict[str, Any]] = []
        self.labels: list[tuple[int, int, dict[str, Any]]] = []
        self.feedback: list[tuple[int, dict[str, Any]]] = []
        self.accepted = 0
        self.decided: list[dict[str, Any]] = []
        self.told: list[tuple[int, str]] = []

    def step(self, position: int, record: dict[str, Any]) -> None:
        """Take one record."""
        event = self._read(record)
        if event is None:
            self.told.append((position, "refused"))
            return
        now = event["at"] if self.clock is None else max(self.clock, event["at"])
        if self.clock is not None and event["at"] > self.clock + AHEAD:
            self.told.append((position, "too_far_ahead"))
            return
        known = self.ids.get(event["key"])
        if known is not None and now - known[1] <= HORIZON:
            same = known[0] == event["body"]
            self.told.append((position, f"repeat of {known[2]}" if same else "id_conflict"))
            return
        self.ids[event["key"]] = (event["body"], now, position)
        self.clock = now
        event["late"] = now - event["at"] > LATENESS
        event["t"] = now if event["late"] else event["at"]
        self._facts_before(now)
        self._take(position, event)
        if event["fraud"] is not None:
            self.labels.append((event["at"] + LABEL_DELAY, position, event | {"kind": "label"}))
        self.accepted += 1

    def _facts_before(self, now: int) -> None:
        for due in sorted((x for x in self.labels if x[0] <= now), key=lambda x: (x[0], x[1])):
            self.labels.remove(due)
            self.facts.append(due[2] | {"t": due[0]})
        for place in [x for x in self.feedback if x[0] <= self.accepted]:
            self.feedback.remove(place)
            self.facts.append(place[1] | {"t": now})

    def _take(self, position: int, event: dict[str, Any]) -> None:
        if event["kind"] == "payment" and event["amount"] == 0:
            self.told.append((position, "noise"))
            return
        before = [f for f in self.facts if f["t"] <= event["t"]]
        self.facts.append(event)
        if event["kind"] != "payment":
            return
        seen = self._features(event, before, [f for f in self.facts if f["t"] <= event["t"]])
        outcome, score, rules = decide(event, seen)
        self.decided.append({"position": position, "outcome": outcome, "score": score, "rules": rules, "seen": seen})
        self.feedback.append((self.accepted + self.lag, event | {"kind": "decision", "outcome": outcome}))

    def _read(self, record: dict[str, Any]) -> dict[str, Any] | None:
        event: dict[str, Any] = {"kind": record["type"], "key": record["type"] + "/" + record["id"], "at": record["at"]}
        event |= {"who": record["who"], "device": record["device"], "fraud": None}
        body = {k: v for k, v in record.items() if k not in ("id", "fraud")}
        if record["type"] == "payment":
            try:
                amount = Decimal(record["amount"])
            except InvalidOperation:
                return None
            if not 0 <= amount <= 100000:
                return None
            place = (round(record["lat"] * 1e6), round(record["lon"] * 1e6)) if "lat" in record else None
            event |= {"amount": int(amount * 100), "place": place, "fraud": record["fraud"]}
            body |= {"amount": int(amount * 100), "lat": place, "lon": None}
        else:
            event["ok"] = record["ok"]
        return event | {"body": body}

    def _features(self, e: dict[str, Any], before: list[dict[str, Any]], upto: list[dict[str, Any]]) -> dict[str, Any]:
        def within(facts: list[dict[str, Any]], kind: str, window: int, **same: Any) -> list[dict[str, Any]]:
            found = [
                f
                for f in facts
                if f["kind"] == kind and f["t"] > e["t"] - window and all(f[k] == v for k, v in same.items())
            ]
            return sorted(found, key=lambda f: f["t"])

        device, own = e["device"], {"who": e["who"]}
        seen: dict[str, Any] = {
            "failed_logins": sum(not f["ok"] for f in within(upto, "login", HOUR, **own)),
            "refused_before": sum(f["outcome"] == "decline" for f in within(upto, "decision", DAY, **own)),
            "frauds": None
            if device is None
            else sum(f["fraud"] == 1 for f in within(upto, "label", 7 * DAY, device=device)),
        }
        earlier = within(before, "payment", DAY, **own)
        devices = [f["device"] for f in earlier if f["device"] is not None]
        seen["last_device"] = devices[-1] if devices else None
        seen["speed"] = speed(e, [f for f in earlier if f["place"] is not None])
        seen["usual_hour"] = sum(hour(f["at"]) == hour(e["at"]) for f in within(upto, "payment", 7 * DAY, **own))
        for over, window in (("1h", HOUR), ("1d", DAY)):
            amounts = [f["amount"] for f in within(upto, "payment", window, **own)]
            n, total = len(amounts), sum(amounts)
            seen |= {f"count_{over}": n, f"sum_{over}": total, f"min_{over}": min(amounts), f"max_{over}": max(amounts)}
            seen[f"mean_{over}"] = total / (n * 100)
            seen[f"std_{over}"] = math.sqrt(n * sum(a * a for a in amounts) - total * total) / (n * 100)
            kinds = ("payment", "login")
            people = (
                {f["who"] for kind in kinds for f in within(upto, kind, window, device=device)}
                if device is not None
                else None
            )
            seen[f"distinct_{over}"] = None if people is None else len(people)
        return seen


def speed(e: dict[str, Any], placed: list[dict[str, Any]]) -> float | None:
    """km/h since the last place before this event."""
    if not placed or e["place"] is None:
        return None
    return distance_km(*placed[-1]["place"], *e["place"]) / (max(e["t"] - placed[-1]["t"], 1000) / HOUR)


def hour(ms: int) -> int:
    """Hour of the day, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).hour


def decide(e: dict[str, Any], s: dict[str, Any]) -> tuple[str, int, list[str]]:
    """The rules of the busy policy, by hand: null never fires."""
    z = (e["amount"] / 100 - s["mean_1d"]) / s["std_1d"] if s["std_1d"] else None
    fired = []
    score_rules = [
        ("guessing", 30, s["failed_logins"] >= 2), ("unusual", 30, z is not None and z > 1.5),
        ("shared", 40, s["distinct_1d"] is not None and s["distinct_1d"] > 2), ("fast", 30, s["speed"] is not None and s["speed"] > 900),
        ("new_device", 10, e["device"] is not None and s["last_device"] is not None and e["device"] != s["last_device"]),
    ]  # fmt: skip
    score = sum(points for _, points, hit in score_rules if hit)
    fired += [name for name, _, hit in score_rules if hit]
    severity = 4 if score >= 60 else 1 if score >= 30 else 0
    hard_rules = [
        ("fraud_device", 5, s["frauds"] is not None and s["frauds"] > 0), ("again", 4, s["refused_before"] > 0),
        ("big", 5, s["sum_1h"] > 500_000 or e["amount"] > 300_000),
        ("spread", 2, s["max_1d"] - s["min_1d"] > 90_000 and s["count_1d"] > 3 and s["usual_hour"] == 1),
    ]  # fmt: skip
    for name, level, hit in hard_rules:
        if hit:
            fired.append(name)
            severity = max(severity, level)
            break
    return SEVERITY[severity], score, fired
