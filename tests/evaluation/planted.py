"""A stream with planted frauds and a policy that misses most of them: the material of the tuning tests.

Two patterns: amounts over 812.50 by cards with at least four payments within the hour, and a device risk over 70 (the live rule says 90).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
START_MS = 1_750_000_000_000 // 86_400_000 * 86_400_000
DAY_MS = 86_400_000
POLICY = """\
name: planted
clock: {lateness: 1h, idempotency: 1d}
events:
  - name: payment
    money: amount
    fields:
      card: {type: string, required: true}
      amount: {type: money, currency: CNY, required: true, min: 0, max: 100000}
      risk: {type: int, required: true, min: 0, max: 100}
      age: {type: number, digits: 2}
      channel: {type: enum, values: [app, web, shop]}
      rooted: {type: bool}
features:
  - {name: n_card_1h, aggregate: count, by: card, over: 1h}
  - {name: gap, aggregate: since_last, by: card, over: 7d, current: exclude}
"""
RULES = """\
# What the house decides by hand.
rule_sets:
  - name: main      # one set
    thresholds:
      - {score: 30, outcome: challenge}   # mild
      - {score:   60, outcome: review}
    rules:
      - name: risky_device
        when: risk > 90      # measured long ago
        score: 60
        reason: DEVICE
      - name: huge
        when: "amount > 50000 or gap < '1s' and amount > 40000"
        outcome: decline
        reason: DEVICE
      - {name: web_night, when: channel == "web" and rooted, score: 20, reason: DEVICE}
reasons:
  - {code: DEVICE, en: device, zh: 设备}
"""


@dataclass(frozen=True)
class Planted:
    """Where the stream, its labels and the policy lie; the labels in order."""

    policy: Path
    events: Path
    labels: Path
    fraud: tuple[int, ...]
    time_ms: tuple[int, ...]


def planted(folder: Path, n: int = 12_000, days: int = 40, seed: int = 5) -> Planted:
    """Write policy, stream and labels into `folder`."""
    rng = np.random.default_rng(seed)
    policy = folder / "live"
    policy.mkdir(parents=True)
    (policy / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (policy / "rules.yaml").write_text(RULES, encoding="utf-8")
    card, time, count = _sessions(rng, n, days)
    amount = np.round(rng.lognormal(6.0, 0.8, n), 2)
    risk = np.where(rng.random(n) < 0.03, rng.integers(71, 101, n), rng.integers(0, 71, n))
    planted_here = (amount > 812.50) & (count >= 4) | (risk > 70)
    fraud = (planted_here | (rng.random(n) < 0.002)).astype(int)
    lines = []
    for row in range(n):
        record = {
            "type": "payment", "id": f"e{row}", "time": stamp(int(time[row])), "card": f"c{card[row]}",
            "amount": f"{amount[row]:.2f}", "risk": int(risk[row]),
        }  # fmt: skip
        if rng.random() < 0.7:
            record["age"] = round(float(rng.normal(40, 12)), 2)
        if rng.random() < 0.8:
            record["channel"] = ["app", "web", "shop"][int(rng.integers(0, 3))]
            record["rooted"] = bool(rng.random() < 0.1)
        lines.append(json.dumps(record))
    events = folder / "events.ndjson"
    events.write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = Planted(policy, events, folder / "labels.csv", tuple(fraud.tolist()), tuple(time.tolist()))
    write_labels(made.labels, made.fraud)
    return made


def write_labels(path: Path, fraud: tuple[int, ...]) -> None:
    """Labels by id, in order."""
    rows = "\n".join(f"e{row},{label}" for row, label in enumerate(fraud))
    path.write_text(f"id,fraud\n{rows}\n", encoding="utf-8")


def stamp(ms: int) -> str:
    """ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def _sessions(rng: np.random.Generator, n: int, days: int) -> tuple[Ints, Ints, Ints]:
    """(card, time, payments of the card within the hour) of n payments in order: cards pay one to eight times, two minutes apart."""
    starts = rng.integers(0, days * DAY_MS - 3_600_000, n)
    sizes = rng.choice([1, 1, 1, 1, 2, 3, 8], n)
    rows = [
        (int(s + 120_000 * k), number, k + 1)
        for number, (s, size) in enumerate(zip(starts, sizes))
        for k in range(size)
    ]
    chosen = sorted(rows[:n])
    time, card, count = (np.array(column, np.int64) for column in zip(*chosen))
    return card, START_MS + time, count
