"""A policy whose decisions wait, small enough to be walked by hand, and random streams for it.

Draw-downs and payments of more than 100 in an hour are challenged: a call must be answered within 10 minutes. A coached customer, or a
refusal by a reviewer, stops it; more than 300 waits 5 minutes more; a call that nobody answers goes to a reviewer for 20 minutes. A call
says what a change of a list, a label or a gang leads to; the other two waits leave it to the flow.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from zhiyu.base.hashing import Codes
from zhiyu.events.list_changes import NEVER, ListChange
from zhiyu.policy.load import load_texts

POLICY = """
name: waiting
events:
- name: drawdown
  fields:
    customer: {type: string, required: true, entity: customer}
    amount: {type: int, required: true}
    device: {type: string, entity: device}
- name: payment
  fields: {customer: {type: string, required: true, entity: customer}, amount: {type: int, required: true}}
- name: call_result
  decide: false
  fields: {about: {type: string}, customer: {type: string}, coached: {type: bool}}
- name: review_result
  decide: false
  fields: {about: {type: string, required: true}, verdict: {type: enum, values: [release, refuse]}}
features:
- {name: drawn, aggregate: sum, of: amount, by: customer, over: 1h, on: [drawdown]}
- {name: earlier, aggregate: count, by: customer, over: 1h, on: [drawdown, payment], current: exclude}
- {name: calls, aggregate: count, by: customer, over: 1h, on: [call_result]}
- {name: frauds, aggregate: count, by: customer, over: 1d, where: fraud, on: [label]}
- {name: stopped, aggregate: count, by: customer, over: 1d, where: 'outcome == "decline"', on: [decision]}
- {name: events, aggregate: count, by: customer, over: 1h}
network: {person: customer, links: [{field: device}]}
lists:
- {name: blocked, of: customer}
rule_sets:
- name: risk
  rules:
  - {name: listed, when: customer in blocked, outcome: decline}
  - {name: much, when: 'coalesce(drawn, 0) + amount > 200', outcome: challenge}
  - {name: known, when: 'coalesce(frauds, 0) + coalesce(stopped, 0) > 2', outcome: decline}
- name: again
  rules: [{name: more, when: 'drawn > 300 or calls > 2 or frauds > 0', outcome: delay}]
flows:
- name: out
  on: [drawdown, payment]
  nodes:
  - {name: risk, rule_set: risk, then: {challenge: call, decline: stop}, next: fine}
  - {name: fine, outcome: pass}
  - name: call
    wait: challenge
    within: 10m
    answers: {call_result: about, review_result: about}
    next: answered
    expired: hold
    changed: {lists: still_free, labels: risk, gangs: stop}
  - {name: still_free, list: blocked, of: customer, hit: stop, next: call}
  - name: answered
    branch: [{when: coached, to: stop}, {when: 'verdict == "refuse"', to: stop}]
    next: again
  - {name: again, rule_set: again, then: {delay: cool}, next: fine}
  - {name: cool, wait: delay, within: 5m, answers: {review_result: about}, next: cooled}
  - {name: cooled, branch: [{when: 'earlier > 4 or events > 7 or verdict == "refuse"', to: stop}], next: fine}
  - {name: hold, wait: review, within: 20m, answers: {review_result: about}, next: verdict, expired: stop}
  - {name: verdict, branch: [{when: 'verdict == "release"', to: fine}], next: stop}
  - {name: stop, outcome: decline}
clock: {lateness: 2m}
feedback: {decisions: true, lag_events: LAG}
"""
START = 1_772_445_600_000
MINUTE = 60_000


def policy(lag: int) -> Any:
    """The policy; decisions come back after so many events."""
    return load_texts({"policy.yaml": POLICY.replace("LAG", str(lag)).encode()}).policy


def when(ms: int) -> str:
    """A time as records carry it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def random_changes(rng: random.Random, codes: Codes, last: int, count: int) -> list[ListChange]:
    """Customers that come onto the list and leave it, in the order in which they are made."""
    found = []
    for _ in range(count):
        due = rng.randint(START - MINUTE, max(last, START))
        due -= rng.choice([0, due % MINUTE])  # some at the very moments at which something else happens
        until = due + rng.choice([MINUTE, 30 * MINUTE]) if rng.random() < 0.5 else NEVER
        who = rng.choice("abc")
        found.append(ListChange(due, "blocked", rng.choice(["add", "add", "remove"]), codes.one(who), until, shown=who))
    return sorted(found, key=lambda each: each.due_ms)


def random_stream(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Records in arrival order: what may wait, answers that are right, wrong, early, late and double, jumps in time, late events, ties."""
    now, ids, found = START, list[str](), list[dict[str, Any]]()
    for number in range(count):
        now += rng.choice(
            [0, 0, 1, 1_000, 20_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE - 1, 40 * MINUTE]
        )
        time = now - rng.choice([0, 0, 0, 0, 30_000, 3 * MINUTE])
        customer = rng.choice("abc")
        kind = rng.choice(["drawdown", "drawdown", "payment", "call_result", "review_result"])
        name = f"{number}" if kind != "payment" or not ids or rng.random() < 0.7 else rng.choice(ids)
        record: dict[str, Any] = {"type": kind, "id": f"{kind}{number}", "time": when(time)}
        if kind in ("drawdown", "payment"):
            record |= {"id": name, "customer": customer, "amount": rng.choice([10, 60, 150, 250])}
            record["label"] = rng.choice([1, 0, -1, -1])
            ids.append(name)
        else:
            near = ids[-4:] if rng.random() < 0.8 else ids
            about = rng.choice([*near, str(number + 1), "nothing"]) if near else "nothing"
            record["about"] = about
            if kind == "call_result":
                record |= {
                    "coached": rng.choice([True, False, False, None]),
                    "customer": rng.choice([customer, customer, None]),
                }
                record["about"] = about if rng.random() < 0.95 else None
            else:
                record["verdict"] = rng.choice(["release", "refuse", None])
        found.append(record)
    return found
