"""Scores of small models that a person can work out, and what a register becomes."""

from __future__ import annotations

import math

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.models.contributions import Contributions
from zhiyu.models.package import Additive, Calibration, Input, Package, Term, Trees
from zhiyu.models.prepare import Prepared
from zhiyu.models.score import score_rows
from zhiyu.models.scorer import Scorer

STUMP = Trees(
    leaves=(2, 1), feature=(0,), threshold=(1.5,), left=(-1,), right=(-2,), missing=(2,), default_left=(False,), category=(-1,),
    value=(-1.0, 2.0, 0.25), split_cover=(10.0,), leaf_cover=(6.0, 4.0, 10.0),
)  # fmt: skip
CARD = Additive(
    base=-1.0,
    terms=(
        Term(kind="line", weight=0.5, centre=10.0, low=0.0, high=20.0, missing=0.125, mean=-1.0),
        Term(kind="bins", edges=(1.0, 5.0), points=(0.1, 0.2, 0.4), missing=-0.5, mean=0.2),
        Term(kind="categories", points=(1.0, -1.0), missing=0.0, other=0.75),
    ),
)  # fmt: skip
INPUTS = (
    Input(name="a", kind="float"),
    Input(name="b", kind="int"),
    Input(name="c", kind="string", categories=("x", "y")),
)


def card(**changed: object) -> Package:
    return Package(**{"name": "card", "kind": "scorecard", "inputs": INPUTS, "additive": CARD, **changed})  # type: ignore[arg-type]


def test_a_stump_and_a_tree_of_one_leaf() -> None:
    package = Package(name="stump", kind="trees", inputs=(Input(name="x", kind="float"),), trees=STUMP)
    rows = np.array([[1.5], [1.6], [np.nan]])
    assert Scorer(package).raw(rows).tolist() == [-0.75, 2.25, 2.25]
    assert Scorer(package).raw(rows, one_by_one=True).tolist() == [-0.75, 2.25, 2.25]
    base, found = Contributions(package).of(rows[1])
    assert (round(base, 12), round(float(found[0]), 12)) == (0.45, 1.8)


def test_every_kind_of_term() -> None:
    rows = np.array([[12.0, 0.9, 0.0], [99.0, 1.0, 1.0], [np.nan, np.nan, np.nan], [-5.0, 5.0, 2.0]])
    wanted = [-1.0 + 1.0 + 0.1 + 1.0, -1.0 + 5.0 + 0.2 - 1.0, -1.0 + 0.125 - 0.5 + 0.0, -1.0 - 5.0 + 0.4 + 0.75]
    for one_by_one in (False, True):
        assert np.allclose(Scorer(card()).raw(rows, one_by_one), wanted, atol=1e-15)
    base, found = Contributions(card()).of(rows[0])
    assert np.allclose([base, *found], [-1.8, 2.0, -0.1, 1.0])


def test_calibration_by_platt_and_by_straight_lines() -> None:
    rows = np.array([[12.0, 0.9, 0.0], [99.0, 1.0, 1.0], [np.nan, np.nan, np.nan]])  # raw 1.1, 3.2, -1.375
    platt = Scorer(card(calibration=Calibration(kind="platt", slope=2.0, offset=-1.0))).scores(rows)
    assert np.allclose(platt, [1 / (1 + math.exp(-(2.0 * raw - 1.0))) for raw in (1.1, 3.2, -1.375)])
    curve = Calibration(kind="isotonic", x=(-1.0, 1.0, 1.2), y=(0.1, 0.2, 0.6))
    assert np.allclose(Scorer(card(calibration=curve)).scores(rows), [0.4, 0.6, 0.1])


def scored(
    package: Package, values: Array, nulls: Array, rows: list[int], least: int = 0, fallback: float | None = None
) -> list[object]:
    """Score rows of a register file whose last register takes the score."""
    prepared = Prepared(package, [0, 1, 2], 3, lambda text: {"x": 77, "y": -5}[text], least, fallback)
    score_columns_of(prepared, values, nulls, rows)
    found = values[3].view(np.float64)
    return [None if nulls[3, row] else float(found[row]) for row in rows]


def score_columns_of(prepared: Prepared, values: Array, nulls: Array, rows: list[int]) -> None:
    """The kernel as the decision calls it, over arrays."""
    from zhiyu.base.jit import kernel
    from zhiyu.base.machine import bytes_at, words_at

    @kernel
    def run(plan: Array, values: Array, nulls: Array, rows: Array) -> None:
        score_rows(
            words_at(plan.ctypes.data),
            words_at(values.ctypes.data),
            bytes_at(nulls.ctypes.data),
            values.shape[1],
            rows,
            len(rows),
        )

    run(prepared.plan, values, nulls, np.array(rows, np.int64))


def test_registers_become_numbers() -> None:
    inputs = (
        Input(name="a", kind="fixed", scale=2),
        Input(name="b", kind="int"),
        Input(name="c", kind="string", categories=("x", "y")),
    )
    package = card(inputs=inputs, calibration=Calibration(kind="isotonic", x=(-100.0, 100.0), y=(0.0, 1.0)))
    values, nulls = np.zeros((4, 5), np.int64), np.zeros((4, 5), np.uint8)
    values[0], values[1], values[2] = [1200, 1200, 0, 0, 0], [0, 0, 3, 3, 3], [77, -5, 12, 77, 77]
    nulls[0, 2], nulls[:3, 3], nulls[0, 4] = 2, 1, 1
    raws = [1.1, -0.9, -1.0 + 0.125 + 0.2 + 0.75, -1.0 + 0.125 - 0.5, -1.0 + 0.125 + 0.2 + 1.0]
    wanted = [(raw + 100) / 200 for raw in raws]
    assert np.allclose(scored(package, values.copy(), nulls.copy(), [0, 1, 2, 3, 4]), wanted)  # type: ignore[arg-type]
    assert scored(package, values.copy(), nulls.copy(), [3], least=1) == [None]
    assert scored(package, values.copy(), nulls.copy(), [3, 4], least=3, fallback=0.5) == [0.5, 0.5]
