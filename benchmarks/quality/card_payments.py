"""Card payments by the published protocol: train on a week, wait a week for the labels, test on the next week.

In: the public card transactions, the policy beside this file. Out: per test week AUC, average precision, card precision at 100; their
means. Everything but the protocol is the product: features are declared, `Gathering` replays them, `Training` fits and calibrates.

Protocol (Fraud Detection Handbook, chapter 4): customers with a fraud in the training week, or later but seven days before a test day,
are known and leave the test. Card precision at 100: of the 100 most suspicious customers of a day the share with a fraud that day;
those found leave the days that follow; mean over the days.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.training.candidates import KINDS
from zhiyu.evaluation.training.gather import Gathering, TrainingSet
from zhiyu.evaluation.training.judge import judged
from zhiyu.evaluation.training.train import Recipe, Training
from zhiyu.models.scorer import Scorer

DAY_MS = 86_400_000
LAST_FOUR = ("2018-07-04", "2018-07-11", "2018-07-18", "2018-07-25")
EARLIER = ("2018-05-30", "2018-06-06", "2018-06-13", "2018-06-20", "2018-06-27")
"""Weeks that settings may be chosen on."""
TOP = 100


def day_ms(date: str) -> int:
    """Midnight of a date, UTC, in milliseconds."""
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp() * 1000)


def add_weeks(parser: argparse.ArgumentParser) -> None:
    """Which test weeks: options that the scripts of this data set share."""
    parser.add_argument(
        "--earlier", action="store_true", help="the five weeks before the last four, to choose settings on"
    )
    parser.add_argument(
        "--weeks",
        nargs="+",
        metavar="DATE",
        help="test weeks that begin on these days (YYYY-MM-DD), of any file of this form",
    )


def weeks_of(given: argparse.Namespace) -> tuple[str, ...]:
    """The weeks that were asked for: the last four of the public file unless said otherwise."""
    if given.weeks:
        return tuple(sorted(given.weeks))
    return EARLIER if given.earlier else LAST_FOUR


def rows_of(events: Path, weeks: tuple[str, ...]) -> TrainingSet:
    """Everything from two weeks before the first test week to the end of the last one, with the features of its own moment."""
    begins = datetime.fromisoformat(weeks[0]) - timedelta(days=14)
    ends = datetime.fromisoformat(weeks[-1]) + timedelta(days=7)
    opened = open_policy(Path(__file__).parent / "card_payments", all_features=True)
    span = Span(day_ms(begins.date().isoformat()), day_ms(ends.date().isoformat()))
    gathering = Gathering(opened, events, span=span, keys=["customer"])
    for _ in gathering.steps():
        pass
    return gathering.finish()


def without_known(rows: TrainingSet, test_ms: int) -> Array:
    """Rows of the test week whose customers were not known as compromised: indices."""
    customer = rows.keys["customer"]
    train = (rows.time_ms >= test_ms - 14 * DAY_MS) & (rows.time_ms < test_ms - 7 * DAY_MS)
    known, kept = set(customer[train & (rows.label == 1)].tolist()), []
    for day in range(7):
        start = test_ms + day * DAY_MS
        before = (rows.time_ms >= start - 8 * DAY_MS) & (rows.time_ms < start - 7 * DAY_MS)
        known |= set(customer[before & (rows.label == 1)].tolist())
        own = np.flatnonzero((rows.time_ms >= start) & (rows.time_ms < start + DAY_MS))
        kept.append(own[~np.isin(customer[own], list(known))])
    return np.concatenate(kept)


def card_precision(rows: TrainingSet, score: Array, test_ms: int) -> float:
    """Share of compromised cards among the `TOP` most suspicious of a day, mean over the days; what was found leaves."""
    customer, day = rows.keys["customer"], (rows.time_ms - test_ms) // DAY_MS
    found: set[int] = set()
    shares = []
    for number in range(7):
        own = (day == number) & ~np.isin(customer, list(found))
        names, place = np.unique(customer[own], return_inverse=True)
        worst, fraud = np.full(len(names), -1.0), np.zeros(len(names), bool)
        np.maximum.at(worst, place, score[own])
        np.logical_or.at(fraud, place, rows.label[own] == 1)
        top = np.argsort(-worst, kind="stable")[:TOP]
        found |= set(names[top][fraud[top]].tolist())
        shares.append(fraud[top].sum() / TOP)
    return float(np.mean(shares))


def week_of(rows: TrainingSet, date: str, settings: dict[str, Any], kind: str) -> dict[str, Any]:
    """Train for one test week, and judge."""
    test_ms = day_ms(date)
    recipe = Recipe(
        name="card_payments", kind=kind, cell="payment/card", calibration="none",
        begins_ms=test_ms - 14 * DAY_MS, ends_ms=test_ms - 7 * DAY_MS,
        test_ms=test_ms,
        until_ms=test_ms + 7 * DAY_MS, settings=settings,
    )  # fmt: skip
    training = Training(rows, recipe, "", ("payment",))
    for _ in training.steps():
        pass
    assert training.package is not None
    test = rows.at(without_known(rows, test_ms))
    score = Scorer(training.package).scores(test.values)
    figures = judged(score, test.label, test.weight)
    learned = training.package.trained.data["train"]
    return {
        "week": date, "train_rows": learned["rows"], "train_frauds": learned["frauds"], "rows": test.n, "frauds": figures["frauds"],
        "auc": figures["auc"], "average_precision": figures["average_precision"], "log_loss": figures["log_loss"],
        "card_precision_100": round(card_precision(test, score, test_ms), 4),
    }  # fmt: skip


def main() -> None:
    """One line per week, then the means, as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path, help="e.g. transactions_20180401_20180731.parquet")
    add_weeks(parser)
    parser.add_argument("--kind", default="trees", choices=KINDS)
    given = parser.parse_args()
    weeks, started = weeks_of(given), time.perf_counter()
    rows = rows_of(given.events, weeks)
    print(
        json.dumps({"rows": rows.n, "inputs": len(rows.inputs), "seconds": round(time.perf_counter() - started, 1)}),
        flush=True,
    )
    found = []
    for date in weeks:
        found.append(week_of(rows, date, {}, given.kind))
        print(json.dumps(found[-1]), flush=True)
    means = {
        key: round(float(np.mean([each[key] for each in found])), 4)
        for key in ("auc", "average_precision", "card_precision_100")
    }
    print(
        json.dumps(
            {"mean": means, "weeks": len(weeks), "kind": given.kind, "seconds": round(time.perf_counter() - started, 1)}
        )
    )


if __name__ == "__main__":
    main()
