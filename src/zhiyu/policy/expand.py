"""All features of a policy, grids written out.

In: a policy. Out: one `Expanded` per feature: the feature and the path of the declaration it came from. Single
features come first, then grids in their order, then the results of the network; inside a grid: key, field, aggregate,
window, filter, the last varying fastest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from zhiyu.features.declare import Feature, Grid
from zhiyu.network.declare import network_features
from zhiyu.policy.declare import Policy
from zhiyu.policy.places import Path

PLACEHOLDERS = ("by", "of", "aggregate", "over", "where")


@dataclass(frozen=True, slots=True)
class Expanded:
    """A feature and where it was declared; `where_path` leads to its filter text."""

    feature: Feature
    path: Path
    where_path: Path
    from_grid: bool = False


def all_features(policy: Policy) -> tuple[Expanded, ...]:
    """Every feature of the policy; names may still repeat (the checks report that).

    >>> from zhiyu.events.declare import EventType, Field
    >>> grid = Grid(name="n_{by}_{over}", by=("card",), aggregates=("count",), over=("1h", "1d"))
    >>> events = (EventType(name="payment", fields={"card": Field(type="card")}),)
    >>> [e.feature.name for e in all_features(Policy(name="p", events=events, grids=(grid,)))]
    ['n_card_1h', 'n_card_1d']
    """
    single = (Expanded(f, ("features", i), ("features", i, "where")) for i, f in enumerate(policy.features))
    grids = (e for i, grid in enumerate(policy.grids) for e in _written_out(grid, ("grids", i)))
    network = (Expanded(f, ("network",), ("network",), True) for f in _of_network(policy))
    return (*single, *grids, *network)


def _of_network(policy: Policy) -> Iterator[Feature]:
    if policy.network is not None:
        yield from network_features(policy.network)


def grid_size(grid: Grid) -> int:
    """How many features a grid makes, without making them."""
    return len(grid.by) * max(len(grid.of), 1) * len(grid.aggregates) * len(grid.over) * max(len(grid.where), 1)


def _written_out(grid: Grid, path: Path) -> Iterator[Expanded]:
    for by in grid.by:
        keys = (by,) if isinstance(by, str) else by
        for of in grid.of or ("",):
            for aggregate in grid.aggregates:
                for over in grid.over:
                    for short, predicate in (grid.where or {"": ""}).items():
                        words = {"by": "_".join(keys), "of": of, "aggregate": aggregate, "over": over, "where": short}
                        feature = Feature(
                            name=grid_name(grid.name, words), aggregate=aggregate, of=of, by=keys, over=over,
                            where=predicate, on=grid.on, current=grid.current,
                        )  # fmt: skip
                        yield Expanded(feature, path, (*path, "where", short), True)


def grid_name(pattern: str, words: dict[str, str]) -> str:
    """The pattern with its placeholders filled; underscores left over by an empty word are closed up.

    >>> grid_name("{aggregate}_{of}_{over}", {"aggregate": "count", "of": "", "over": "1h"})
    'count_1h'
    """
    filled = re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), pattern)
    return re.sub(r"_{2,}", "_", filled).strip("_")
