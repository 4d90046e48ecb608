"""What an input is worth: trees against a naive walk, additive models against the rows of their spread."""

from __future__ import annotations

import random

import pytest

from tests.models.boosted import drawn_model
from zhiyu.models.importance import importance
from zhiyu.models.package import Additive, Input, Package, Spread, Term


def naive(package: Package) -> dict[str, float]:
    """Share of the variance that the splits of an input take away: rows below each split are listed one by one."""
    trees = package.trees
    assert trees is not None
    found = dict.fromkeys((each.name for each in package.inputs), 0.0)
    split = leaf = 0

    def rows(node: int) -> list[float]:
        if node < 0:
            return [trees.value[leaf + ~node]] * int(trees.leaf_cover[leaf + ~node])
        return rows(trees.left[split + node]) + rows(trees.right[split + node])

    def spread(values: list[float]) -> float:
        mean = sum(values) / len(values)
        return sum((value - mean) ** 2 for value in values)

    for leaves in trees.leaves:
        for at in range(leaves - 1):
            left, right = rows(trees.left[split + at]), rows(trees.right[split + at])
            name = package.inputs[trees.feature[split + at]].name
            found[name] += (spread(left + right) - spread(left) - spread(right)) / len(rows(0))
        split, leaf = split + leaves - 1, leaf + leaves
    return found


@pytest.mark.parametrize("seed", range(6))
def test_trees_are_worth_what_a_naive_walk_says(seed: int) -> None:
    _, _, package = drawn_model(random.Random(seed))
    told, expected = dict(importance(package)), naive(package)
    whole = sum(expected.values())
    if whole == 0:
        assert told == {}
        return
    assert sum(told.values()) == pytest.approx(1, abs=1e-4)
    for name, share in told.items():
        assert share == pytest.approx(expected[name] / whole, abs=1e-5), name


def test_terms_by_their_spread_largest_first_and_nothing_without_one() -> None:
    inputs = (Input(name="line", kind="float"), Input(name="shop", kind="string", categories=("a", "b")))
    terms = (
        Term(kind="line", weight=2.0, centre=1.0, low=0.0, high=4.0, missing=5.0),
        Term(kind="categories", points=(1.0, 9.0), missing=0.0, other=2.0),
    )
    spreads = (
        Spread(name="line", shares=(0.25, 0.25, 0.25), missing=0.25, edges=(0.0, 4.0)),
        Spread(name="shop", shares=(0.5, 0.5, 0.0), missing=0.0, edges=(1.0, 2.0)),
    )
    package = Package(
        name="m", kind="logistic", inputs=inputs, additive=Additive(base=0.0, terms=terms), baseline=spreads
    )
    line = [-2.0, 2.0, 6.0, 5.0]  # below 0, between, above 4, null
    mean = sum(line) / 4
    variances = {"line": sum((each - mean) ** 2 for each in line) / 4, "shop": 16.0}
    whole = sum(variances.values())
    assert importance(package) == [
        (name, pytest.approx(variances[name] / whole, abs=1e-6)) for name in ("shop", "line")
    ]
    bare = Package(name="m", kind="logistic", inputs=inputs, additive=Additive(base=0.0, terms=terms))
    assert importance(bare) == []
