"""A package becomes what the kernels run: arrays, and a plan of their addresses.

In: a sound package, the register of each input and of the score, the coder of texts. Out: `Prepared`; it lives as long as its arrays.
Splits are sorted by feature, numbers before categories, so that a block asks them feature by feature; trees keep the model's order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.models import layout as at
from zhiyu.models.package import MISSING_NAN, MISSING_NONE, MISSING_ZERO, Additive, Calibration, Input, Package, Trees

_READ = {
    "bool": at.WHOLE,
    "int": at.WHOLE,
    "duration": at.WHOLE,
    "fixed": at.SCALED,
    "float": at.FLOATING,
    "string": at.CATEGORY,
}
_TERM = {"line": at.LINE, "bins": at.BINS, "categories": at.CATEGORIES}
_CALIBRATION = {"none": at.NONE, "platt": at.PLATT, "isotonic": at.ISOTONIC}


class Prepared:
    """A model in memory: `plan` int64[PLAN_WORDS]. Its scratch is its own: one thread at a time."""

    def __init__(
        self, package: Package, registers: Sequence[int], output: int, encode: Callable[[str], int], least: int = 0,
        fallback: float | None = None,
    ) -> None:  # fmt: skip
        self.package = package
        self.plan = np.zeros(at.PLAN_WORDS, np.int64)
        self._held: list[Array] = []
        count = len(package.inputs)
        self.plan[at.P_INPUT_COUNT], self.plan[at.P_OUTPUT], self.plan[at.P_LEAST] = count, output, least
        lines, codes = _inputs(package.inputs, registers, encode)
        self._hold(at.P_INPUTS, lines)
        self._hold(at.P_CODES, codes)
        self.plan[at.P_FALLBACK] = int(fallback is not None)
        curve = package.calibration
        self.numbers = np.array([1.0, 0.0, curve.slope, curve.offset, fallback or 0.0])
        self._hold(at.P_NUMBERS, self.numbers)
        self._calibrate(curve)
        self.xs = self._hold(at.P_XS, np.full((max(count, 1), at.ROWS), np.nan))
        self._hold(at.P_RAW, np.zeros(at.ROWS))
        self._hold(at.P_SHARE, np.zeros(at.ROWS))
        if package.trees is not None:
            self._take_trees(package.trees, count)
        elif package.additive is not None:
            self._take_terms(package.additive)

    def _hold(self, word: int, array: Array) -> Array:
        """Let a word of the plan lead to this array."""
        array = np.ascontiguousarray(array)
        self._held.append(array)
        self.plan[word] = array.ctypes.data
        return array

    def _calibrate(self, curve: Calibration) -> None:
        self.plan[at.P_CALIBRATION] = _CALIBRATION[curve.kind]
        self.plan[at.P_POINT_COUNT] = len(curve.x)
        self._hold(at.P_CURVE, np.array([*zip(curve.x, curve.y), (0.0, 0.0)]))

    def _take_trees(self, trees: Trees, inputs: int) -> None:
        self.plan[at.P_KIND] = at.TREES
        self.numbers[at.Q_SIGMOID] = trees.sigmoid
        splits = len(trees.feature)
        feature, category = np.array(trees.feature, np.int64), np.array(trees.category, np.int64)
        threshold = np.array(trees.threshold, np.float64)
        order = np.lexsort((threshold, category >= 0, feature))
        starts = np.searchsorted(2 * feature[order] + (category[order] >= 0), np.arange(2 * inputs + 1))
        place = np.empty(splits, np.int64)
        place[order] = np.arange(splits)
        sizes = np.array(trees.leaves, np.int64) - 1
        self.plan[at.P_TREE_COUNT], self.plan[at.P_SPLITS], self.plan[at.P_LEAVES] = (
            len(sizes),
            splits,
            len(trees.value),
        )
        own = np.repeat(sizes, sizes)
        first = np.repeat(2 * (np.cumsum(sizes) - sizes) + np.arange(len(sizes)), sizes)
        slot = first + np.arange(splits) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        slots = splits + len(trees.value)
        kids = np.repeat(np.arange(slots + 1), 2)
        for side, (word, children) in enumerate(((at.P_LEFT, trees.left), (at.P_RIGHT, trees.right))):
            child = np.array(children, np.int64)
            inside = np.where(child >= 0, child, own + ~child)
            self._hold(word, inside.astype(np.int32))
            kids[2 * slot + side] = first + inside
        self._walks(trees, sizes, slot, place, kids)
        self._hold(at.P_TREES, sizes.astype(np.int32))
        self._hold(at.P_STARTS, np.append(starts, splits).astype(np.int32))
        self._hold(at.P_THRESHOLDS, threshold[order])
        self._hold(at.P_CLASSES, _classes(trees)[order])
        self._hold(at.P_PLACES, order.astype(np.int32))
        self._hold(at.P_VALUES, np.array(trees.value, np.float64))
        self._hold(at.P_CHOICES, category[order].astype(np.int32))
        edges, words = _bits(trees.sets)
        self._hold(at.P_SET_STARTS, edges)
        self._hold(at.P_SETS, words)
        self._hold(at.P_GO, np.zeros(splits + 1, np.int64))
        self._hold(at.P_REACH, np.zeros(2 * max(trees.leaves, default=1) + 1, np.int64))

    def _walks(self, trees: Trees, sizes: Array, slot: Array, place: Array, kids: Array) -> None:
        """What one row needs: slots with where they lead and which answer they read, and trees in fours of about the same depth."""
        count, slots = len(sizes), len(kids) // 2 - 1
        asked = np.full(slots + 1, len(place), np.int32)
        asked[slot] = place
        values = np.zeros(slots + 1)
        values[np.setdiff1d(np.arange(slots), slot)] = trees.value
        roots = np.append(2 * (np.cumsum(sizes) - sizes) + np.arange(count), slots)
        depths = np.append(_depths(trees), 0)
        order = np.argsort(depths[:count], kind="stable")
        order = np.append(order, np.full(-count % at.TOGETHER, count)).reshape(-1, at.TOGETHER)
        turns = np.zeros((len(order), at.TURN_COLUMNS), np.int32)
        turns[:, 0:-1:2], turns[:, 1::2], turns[:, -1] = order, roots[order], depths[order].max(axis=1, initial=0)
        self._hold(at.P_KIDS, kids.astype(np.int32))
        self._hold(at.P_ASKED, asked)
        self._hold(at.P_SLOTS, values)
        self._hold(at.P_TURNS, turns)
        self._hold(at.P_SPOTS, np.zeros(count + 1, np.int32))

    def _take_terms(self, additive: Additive) -> None:
        self.plan[at.P_KIND] = at.ADDITIVE
        self.numbers[at.Q_BASE] = additive.base
        lines, numbers, edges, points = [], [], [0.0], [0.0]
        for term in additive.terms:
            lines.append(
                [
                    _TERM[term.kind],
                    len(edges),
                    len(edges) + len(term.edges),
                    len(points),
                    len(points) + len(term.points),
                ]
            )
            numbers.append([term.weight, term.centre, term.low, term.high, term.missing, term.other])
            edges += term.edges
            points += term.points
        self._hold(at.P_TYPES, np.array(lines, np.int32).reshape(-1, at.TERM_COLUMNS))
        self._hold(at.P_TERMS, np.array(numbers, np.float64).reshape(-1, at.TERM_NUMBERS))
        self._hold(at.P_EDGES, np.array(edges))
        self._hold(at.P_POINTS, np.array(points))


def _inputs(inputs: Sequence[Input], registers: Sequence[int], encode: Callable[[str], int]) -> tuple[Array, Array]:
    """Lines of inputs int64[F, INPUT_COLUMNS], and (code, number) of their categories, sorted by code within an input."""
    lines, codes = [], list[tuple[int, int]]()
    for given, register in zip(inputs, registers):
        first = len(codes)
        codes += sorted((encode(text), number) for number, text in enumerate(given.categories))
        lines.append([register, _READ[given.kind], first, len(codes), 10**given.scale])
    found = np.array([*codes, (0, 0)], np.int64)
    return np.array(lines, np.int64).reshape(-1, at.INPUT_COLUMNS), found


def _depths(trees: Trees) -> Array:
    """int64[trees]: most splits above a leaf, tree by tree."""
    found, at_split = [], 0
    for leaves in trees.leaves:
        deep = [0] * leaves
        deepest = 0
        for number in range(leaves - 1):
            for child in (trees.left[at_split + number], trees.right[at_split + number]):
                deepest = max(deepest, deep[number] + 1)
                if child >= 0:
                    deep[child] = deep[number] + 1
        found.append(deepest)
        at_split += leaves - 1
    return np.array(found, np.int64)


def _classes(trees: Trees) -> Array:
    """What each split does with null and 0, uint8. NaN > threshold is false, so null goes left by itself."""
    missing, left = np.array(trees.missing, np.int64), np.array(trees.default_left, bool)
    kinds = np.full(len(missing), at.PLAIN, np.uint8)
    kinds[(missing == MISSING_NAN) & ~left] = at.NULL_RIGHT
    kinds[(missing == MISSING_ZERO) & left] = at.ZERO_LEFT
    kinds[(missing == MISSING_ZERO) & ~left] = at.ZERO_RIGHT
    kinds[(missing == MISSING_NONE) & (np.array(trees.threshold, np.float64) < 0.0)] = at.NULL_RIGHT
    return kinds


def _bits(sets: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """Sets of categories as words of 64 bits: where each begins int32[s + 1], the words int64."""
    sizes = [(max(members, default=-1) >> 6) + 1 for members in sets]
    edges = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    words = np.zeros(int(edges[-1]) + 1, np.uint64)
    for start, members in zip(edges, sets):
        for member in members:
            words[int(start) + (member >> 6)] |= np.uint64(1 << (member & 63))
    return edges.astype(np.int32), words.view(np.int64)
