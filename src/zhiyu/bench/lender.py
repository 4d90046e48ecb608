"""How hard the simulated lender is: what a model finds that sees nothing but the fields of one event.

In: sizes and difficulties. Out: average precision of gradient-boosted trees per kind of fraud and difficulty, learnt on the first
half of the
time and measured on the second. Numbers go in as they are, words as categories, codes by the number they spell (an order that leaked would
be found), the time as hour and weekday; nothing is counted over other events. That such a model does badly is what makes the rest
worth doing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from zhiyu.base.errors import InputError
from zhiyu.simulation.lender import Wanted, make_lender
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.parameters import DAY_MS, HOUR_MS, VERSION
from zhiyu.simulation.lender.render import tables
from zhiyu.simulation.lender.rows import KINDS
from zhiyu.simulation.lender.write import DECIDED

Floats = NDArray[np.float64]
MAX_WORDS = 60
"""Texts with more values than this are codes."""
Say = Callable[[str, float], None]


def raw_fields(made: Made) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Every field of the decided events as numbers (NaN where missing), and the places of these events."""
    kept = np.flatnonzero(np.isin(made.events["type"], DECIDED))
    pieces, first = [], 0
    for each in tables(made):
        here = kept[(kept >= first) & (kept < first + len(each))] - first
        pieces.append(each.take(pa.array(here)))
        first += len(each)
    table = pa.concat_tables(pieces)
    found: dict[str, Floats] = {}
    for name in table.column_names:
        if name in ("id", "time"):
            continue
        found[name] = _numbers(table[name].combine_chunks())
    found["id"] = _numbers(table["id"].combine_chunks())
    local = made.events["time"][kept]
    found["hour"] = (local % DAY_MS / HOUR_MS).astype(np.float64)
    found["weekday"] = (local // DAY_MS % 7).astype(np.float64)
    return {name: values for name, values in found.items() if np.isfinite(values).any()}, kept


def _numbers(column: Any) -> Floats:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not pa.types.is_string(column.type):
        return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False))
    encoded = column.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    if len(words) <= MAX_WORDS:
        order = {word: float(at) for at, word in enumerate(sorted(words))}
        each = np.array([order[word] for word in words] or [0.0])
    else:
        each = np.array([_spelled(word) for word in words])
    index = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return np.where(index >= 0, each[np.maximum(index, 0)], np.nan)


def _spelled(word: str) -> float:
    """The number a code spells: hexadecimal digits after a letter, else decimal digits."""
    body = word[1:17]
    try:
        return float(int(body, 16) if word[:1].isalpha() else int("".join(c for c in word if c.isdigit()) or "0"))
    except ValueError:
        return 0.0


def raw_model(wanted: Wanted, seed: int = 1) -> dict[str, Any]:
    """Learn on the first half, measure on the second: average precision and share per kind, and over all."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.metrics import average_precision_score
    except ImportError:
        en, zh = "this needs scikit-learn: pip install 'zhiyu[tune]'", "需要 scikit-learn：pip install 'zhiyu[tune]'"
        raise InputError(en, zh) from None
    made = make_lender(wanted)
    fields, kept = raw_fields(made)
    matrix = np.column_stack(list(fields.values()))
    kind = made.events["kind"][kept].astype(np.int64)
    late = made.events["time"][kept] >= wanted.days * DAY_MS // 2
    words = [
        at
        for at, values in enumerate(fields.values())
        if np.nanmax(values) < MAX_WORDS and np.all(np.mod(values[np.isfinite(values)], 1) == 0)
    ]
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.08, min_samples_leaf=40, categorical_features=words, random_state=seed
    )
    model.fit(matrix[~late], kind[~late] > 0)
    scores = model.predict_proba(matrix[late])[:, 1]
    truth = kind[late]
    found: dict[str, Any] = {"events": len(kept), "frauds": int((kind > 0).sum()), "kinds": {}}
    for number, name in enumerate(KINDS):
        rows = (truth == 0) | (truth == number if number else truth > 0)
        positive = truth[rows] > 0
        if positive.any():
            ap = float(average_precision_score(positive, scores[rows]))
            found["kinds"][name or "all"] = {"ap": ap, "share": float(positive.mean()), "frauds": int(positive.sum())}
    return found


def run_lender(days: int, customers: int, difficulties: tuple[int, ...], seed: int, say: Say) -> dict[str, Any]:
    """The table of all difficulties."""
    found: dict[str, Any] = {"version": VERSION, "days": days, "customers": customers, "seed": seed, "difficulties": {}}
    for number, difficulty in enumerate(difficulties):
        say(f"difficulty {difficulty}", number / len(difficulties))
        found["difficulties"][difficulty] = raw_model(Wanted(days, customers, seed, difficulty))
    return found


def show_lender(report: dict[str, Any], console: Console) -> None:
    """Print the table: a line per kind, a column per difficulty."""
    levels = list(report["difficulties"])
    kinds = list(dict.fromkeys(kind for level in levels for kind in report["difficulties"][level]["kinds"]))
    table = Table("kind of fraud", *(f"difficulty {level}" for level in levels), "share of fraud", box=None)
    for kind in kinds:
        found = [report["difficulties"][level]["kinds"].get(kind) for level in levels]
        share = next(each["share"] for each in reversed(found) if each)
        table.add_row(kind, *(f"{each['ap']:.3f}" if each else "–" for each in found), f"{share:.4f}")
    console.print(table)
    console.print(
        f"average precision on the second half of {report['days']} days, {report['customers']:,} customers, seed {report['seed']}, "
        f"{report['version']}; a model that guesses gets the share of fraud",
        style="dim",
    )
