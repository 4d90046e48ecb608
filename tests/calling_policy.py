"""The policy of the golden folder `calls_words` with our own decisions coming back, and random streams for it.

In: a seed. Out: applications, answers that are right, wrong, early, late and double, verdicts, jumps in time, ties."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.waiting_policy import START, when
from zhiyu.policy.load import load_texts

TEXT = (Path(__file__).parent / "golden" / "policy" / "calls_words" / "policy.yaml").read_text(encoding="utf-8")
MINUTE = 60_000
STEPS = (0, 0, 0, 1, 200, 1_000, 30_000, 2 * MINUTE, 2 * MINUTE - 1, 60 * MINUTE)
ENDS = ("answered", "answered", "answered", "timed_out", "refused", "breaker_open", "invalid", "lost", "unanswered")
TOLD = (
    "- {name: told_before, aggregate: count, by: customer, over: 1d, on: [decision]}\n"
    "rule_sets:\n"
)  # fmt: skip
RULE = "  - {name: many_told, when: told_before >= 3, outcome: notify, reason: MANY}\n- name: dear\n"
ID_NUMBER = "11010519491231002X"


def policy(lag: int) -> Any:
    """The policy; decisions come back after so many events."""
    text = TEXT.replace("rule_sets:\n", TOLD).replace("- name: dear\n", RULE)
    text += f"feedback: {{decisions: true, lag_events: {lag}}}\n"
    return load_texts({"policy.yaml": text.encode()}).policy


def random_stream(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Records in time order."""
    now, ids, found = START, ["nothing"], list[dict[str, Any]]()
    for number in range(count):
        now += rng.choice(STEPS)
        kind = rng.choice(["application", "lenders_query", "lenders_query", "bureau", "bureau", "verdict"])
        record: dict[str, Any] = {"type": kind, "id": f"{number}", "time": when(now)}
        if kind == "application":
            ids.append(f"{number}")
            amount = rng.choice([500, 20_000])
            record |= {"customer": rng.choice("abcdef"), "id_number": ID_NUMBER, "amount": amount}
        else:
            record["about"] = rng.choice(ids[-3:] if rng.random() < 0.9 else ids)
        if kind in ("lenders_query", "bureau"):
            end = rng.choice(ENDS)
            record[f"{kind}_call"] = end
            if end == "answered":
                record |= (
                    {"lenders": rng.choice([0, 3, 8])}
                    if kind == "lenders_query"
                    else {"points": rng.choice([350, 450, 700])}
                )
        elif kind == "verdict":
            record["released"] = rng.random() < 0.6
        if found and rng.random() < 0.05:
            record = dict(rng.choice(found))  # sent again
        found.append(record)
    return found
