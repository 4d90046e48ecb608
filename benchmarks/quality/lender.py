"""The simulated lender: what its example policy stops, by kind of fraud and difficulty, beside a model of raw fields that stops as many.

In: days, customers, difficulties, a seed. Out: a JSON line per difficulty and kind, of the second half of the time: share of the kind's
frauds that are held back (delay, review, decline), share of their money, and of all that is held back the share that is fraud, by events
and by money; the same for gradient boosting over the fields of single events, learnt on the first half, which holds back as many events
of each type.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.bench.lender import raw_fields
from zhiyu.bench.lender_policy import outcomes_on_lender
from zhiyu.engine.opened import open_policy
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.simulation.lender import Wanted, make_lender
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.parameters import DAY_MS
from zhiyu.simulation.lender.rows import KINDS
from zhiyu.simulation.lender.write import truth_table

POLICY = Path(__file__).parents[2] / "examples" / "consumer_credit"
HELD_FROM = OUTCOMES.index("delay")


def held_by_policy(made: Made, folder: Path) -> Array:
    """bool[events]: what the policy held back in the end, services answered and waits over, by the place of the event."""
    return outcomes_on_lender(open_policy(POLICY), made, folder)[0] >= HELD_FROM


def held_by_fields(made: Made, held: Array, half_ms: int) -> Array:
    """bool[events]: the most suspicious events of the second half by single fields, as many of each type as `held`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fields, kept = raw_fields(made)
    late, fraud = made.events["time"][kept] >= half_ms, made.events["kind"][kept] > 0
    told = [values for values in fields.values() if np.unique(values[~late & np.isfinite(values)]).size > 1]
    matrix = np.column_stack(told)
    model = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.08, min_samples_leaf=40, random_state=1)
    score = model.fit(matrix[~late], fraud[~late]).predict_proba(matrix[late])[:, 1]
    place, found = kept[late], np.zeros(len(made.events), bool)
    types = made.events["type"][place]
    for kind in np.unique(types).tolist():
        own = np.flatnonzero(types == kind)
        most = int(held[place[own]].sum())
        found[place[own[np.argsort(-score[own], kind="stable")[:most]]]] = True
    return found


def figures(made: Made, held: Array, half_ms: int, number: int, money: Array) -> dict[str, Any]:
    """Of one kind (0: of all): recall, money, and the precision of everything that is held back, by events and by money."""
    _, kept = raw_fields(made)
    late = kept[made.events["time"][kept] >= half_ms]
    kind = made.events["kind"][late]
    own = kind == number if number else kind > 0
    caught, stake = own & held[late], money[late]
    return {
        "frauds": int(own.sum()), "recall": _share(caught.sum(), own.sum()), "money": round(float(stake[own].sum()), 2),
        "money_held": _share(stake[caught].sum(), stake[own].sum()), "held": int(held[late].sum()),
        "precision": _share((held[late] & (kind > 0)).sum(), held[late].sum()),
        "money_precision": _share(stake[held[late] & (kind > 0)].sum(), stake[held[late]].sum()),
    }  # fmt: skip


def _share(part: Any, whole: Any) -> float | None:
    return round(float(part / whole), 4) if whole else None


def main() -> None:
    """JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--difficulty", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for difficulty in given.difficulty:
        made = make_lender(Wanted(given.days, given.customers, given.seed, difficulty))
        half_ms = given.days * DAY_MS // 2
        money = np.array(truth_table(made)["money"].to_pylist(), float)
        with tempfile.TemporaryDirectory() as folder:
            held = held_by_policy(made, Path(folder))
        ways = {"policy": held, "fields": held_by_fields(made, held, half_ms)}
        for number, name in enumerate(KINDS):
            found = {way: figures(made, each, half_ms, number, np.nan_to_num(money)) for way, each in ways.items()}
            if found["policy"]["frauds"]:
                print(json.dumps({"difficulty": difficulty, "kind": name or "all", **found}), flush=True)


if __name__ == "__main__":
    main()
