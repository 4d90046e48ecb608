"""A forest of the newest edges, made at once: for the few cases in which it does not grow event by event.

In: nodes, edges with ages. Out: every node with its parent and the age of that edge, children before their parents.
Edges are taken newest first, and each that joins two trees stays (Kruskal 1956): what is left is as new as can be. Each tree hangs from a
node of its middle, so that ways up are short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.network import layout as at


class Edge(NamedTuple):
    """Two nodes; the greater `age` is the newer."""

    age: int
    one: int
    other: int


def roots_of(ints: Array) -> Array:
    """int64[n]: the root of every node, from node lines int32[n, LINE_INTS]."""
    found = np.where(ints[:, at.PARENT] > 0, ints[:, at.PARENT] - 1, np.arange(len(ints)))
    while (found != (above := found[found])).any():
        found = above
    return found


def spanning_trees(nodes: Iterable[int], edges: Iterable[Edge]) -> Iterator[tuple[int, int, int]]:
    """(node, parent or -1, age of the edge to it or 0) of every node, children first."""
    around = _chosen(list(nodes), edges)
    done: set[int] = set()
    for start in around:
        if start in done:
            continue
        order = _walk(start, around)
        done.update(node for node, _, _ in order)
        yield from reversed(_walk(_middle(order), around))


def _chosen(nodes: list[int], edges: Iterable[Edge]) -> dict[int, list[tuple[int, int]]]:
    """(other end, age) of the edges that stay, by node."""
    above = {node: node for node in nodes}
    around: dict[int, list[tuple[int, int]]] = {node: [] for node in nodes}

    def top(node: int) -> int:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for edge in sorted(edges, key=lambda edge: -edge.age):
        one, other = top(edge.one), top(edge.other)
        if one != other:
            above[one] = other
            around[edge.one].append((edge.other, edge.age))
            around[edge.other].append((edge.one, edge.age))
    return around


def _walk(start: int, around: dict[int, list[tuple[int, int]]]) -> list[tuple[int, int, int]]:
    """(node, parent, age) of a tree, from `start` on, parents first."""
    found = [(start, -1, 0)]
    for node, parent, _ in found:
        found += [(other, node, age) for other, age in around[node] if other != parent]
    return found


def _middle(order: list[tuple[int, int, int]]) -> int:
    """A node none of whose branches holds more than half of the tree."""
    size = {node: 1 for node, _, _ in order}
    for node, parent, _ in reversed(order):
        if 2 * size[node] >= len(order):
            return node
        size[parent] += size[node]
    return order[0][0]
