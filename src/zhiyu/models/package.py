"""The package of a trained model: one JSON document with everything that scores, explains and judges it. Data only, never code.

In: bytes of a package, or its parts. Out: `Package`, checked so that a scorer may trust every number in it; its SHA-256. A float is
written with as many digits as bring it back to the bit. A user's package that is damaged, changed or too large is an `InputError`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.base.limits import (
    MAX_CATEGORIES,
    MAX_MODEL_BYTES,
    MAX_MODEL_INPUTS,
    MAX_MODEL_NODES,
    MAX_TREE_LEAVES,
    MAX_TREES,
)

FORMAT = "zhiyu-model/1"
MISSING_NONE, MISSING_ZERO, MISSING_NAN = range(3)
"""How a split treats what is missing: null counts as 0; null and 0 take the default side; null takes the default side."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything in a package."""


class Input(Part, frozen=True):
    """One feature the model reads: its name, the kind of its register and, for decimals, their scale; the meaning it had in training (the
    key of the aggregate or the text of the expression). `categories`: texts by number, for `string`."""

    name: str
    kind: Literal["bool", "int", "fixed", "float", "duration", "string"]
    scale: int = 0
    unit: str = ""
    meaning: str = ""
    categories: tuple[str, ...] = ()


class Trees(Part, frozen=True):
    """Gradient-boosted trees, all of them one after the other. Splits of a tree come parents first; `left` and `right` name a split of
    the same tree (>= 0) or a leaf (~leaf). A split goes left when value <= `threshold`, or, with `category` >= 0, when the value is in
    that one of `sets`. `missing`: `MISSING_*`; `default_left`: the side of what is missing. `cover`: rows of the training that came to
    a split or leaf.
    """

    leaves: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    missing: tuple[int, ...]
    default_left: tuple[bool, ...]
    category: tuple[int, ...]
    value: tuple[float, ...]
    split_cover: tuple[float, ...]
    leaf_cover: tuple[float, ...]
    sets: tuple[tuple[int, ...], ...] = ()
    sigmoid: float = 1.0


class Term(Part, frozen=True):
    """What one input adds to the log-odds. `line`: weight x (value held between `low` and `high`, minus `centre`). `bins`: `points[i]`
    for the i-th interval, which ends before `edges[i]`. `categories`: `points[number]`. Null adds `missing`, an unknown category
    `other`."""

    kind: Literal["line", "bins", "categories"]
    weight: float = 0.0
    centre: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    edges: tuple[float, ...] = ()
    points: tuple[float, ...] = ()
    missing: float = 0.0
    other: float = 0.0
    mean: float = 0.0
    """What the term adds on average in the training data: contributions are told against it."""


class Additive(Part, frozen=True):
    """A sum of one term per input: a logistic regression, or a scorecard of weights of evidence."""

    base: float
    terms: tuple[Term, ...]


class Calibration(Part, frozen=True):
    """From the raw score to a probability. `none`: the model's own sigmoid. `platt`: sigmoid(slope x raw + offset). `isotonic`:
    straight lines between the points (x raw, y probability), flat outside."""

    kind: Literal["none", "platt", "isotonic"] = "none"
    slope: float = 1.0
    offset: float = 0.0
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()


class Spread(Part, frozen=True):
    """How one value was spread in training: shares of the intervals that end before `edges`, or of the categories; and of null."""

    name: str
    shares: tuple[float, ...]
    missing: float
    edges: tuple[float, ...] = ()


class Trained(Part, frozen=True):
    """On what, and how: enough to do it again and to know whether it is the same."""

    policy_hash: str = ""
    cell: str = ""
    events: tuple[str, ...] = ()
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class Package(Part, frozen=True):
    """A model and all that belongs to it. Exactly one of `trees` and `additive` is there."""

    name: str
    kind: Literal["trees", "logistic", "scorecard"]
    inputs: tuple[Input, ...]
    trees: Trees | None = None
    additive: Additive | None = None
    calibration: Calibration = Calibration()
    trained: Trained = Trained()
    metrics: dict[str, Any] = msgspec.field(default_factory=dict)
    baseline: tuple[Spread, ...] = ()
    card_en: str = ""
    card_zh: str = ""


def written(package: Package) -> bytes:
    """The package as a file: its hash, the format, the content, keys sorted.

    >>> read(written(Package(name="m", kind="logistic", inputs=(), additive=Additive(base=0.5, terms=())))).additive.base
    0.5
    """
    _sound(package)
    content = msgspec.json.encode(_finite(msgspec.to_builtins(package)), order="sorted")
    return msgspec.json.encode({"hash": _digest(content), "format": FORMAT, "package": msgspec.Raw(content)}) + b"\n"


def hash_of(package: Package) -> str:
    """SHA-256 (hex) of the content: two packages that score, explain and say the same have the same."""
    return _digest(msgspec.json.encode(_finite(msgspec.to_builtins(package)), order="sorted"))


def read(content: bytes | str) -> Package:
    """The package in a file; `InputError` when it is none, was changed, is too large or would not score."""
    if len(content) > MAX_MODEL_BYTES:
        raise _wrong(
            f"a package of {len(content)} bytes; at most {MAX_MODEL_BYTES}",
            f"模型包 {len(content)} 字节，上限 {MAX_MODEL_BYTES}",
        )
    try:
        document = msgspec.json.decode(content)
        if document.get("format") != FORMAT:
            raise _wrong(
                f"its format is '{document.get('format')}', not '{FORMAT}'",
                f"格式是“{document.get('format')}”，不是“{FORMAT}”",
            )
        package = msgspec.convert(_unbounded(document.get("package")), Package)
        stored = document.get("hash")
    except (msgspec.MsgspecError, AttributeError, TypeError, UnicodeDecodeError, RecursionError) as fault:
        raise _wrong(str(fault), str(fault)) from None
    _sound(package)
    if stored != hash_of(package):
        raise _wrong(
            f"it does not match its hash {stored}: it was changed after it was written",
            f"与其哈希 {stored} 不符：写出后被改动过",
        )
    return package


def _wrong(en: str, zh: str) -> InputError:
    return InputError(f"not a model package: {en}", f"不是可用的模型包：{zh}")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _finite(value: Any) -> Any:
    """JSON has no infinity; it stands as a text there."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def _unbounded(value: Any, key: str = "") -> Any:
    """Infinity back from its text, where a number stands."""
    if isinstance(value, str) and value in ("inf", "-inf") and key in ("threshold", "low", "high", "edges"):
        return float(value)
    if isinstance(value, dict):
        return {name: _unbounded(each, name) for name, each in value.items()}
    return [_unbounded(each, key) for each in value] if isinstance(value, list) else value


def _sound(package: Package) -> None:
    """Everything a scorer relies on without looking again."""
    if len(package.inputs) > MAX_MODEL_INPUTS:
        raise _wrong(
            f"{len(package.inputs)} inputs; at most {MAX_MODEL_INPUTS}",
            f"输入 {len(package.inputs)} 个，上限 {MAX_MODEL_INPUTS}",
        )
    if len({each.name for each in package.inputs}) < len(package.inputs):
        raise _wrong("an input is there twice", "输入重复")
    for each in package.inputs:
        if len(each.categories) > MAX_CATEGORIES or len(set(each.categories)) < len(each.categories):
            raise _wrong(
                f"categories of '{each.name}': repeated, or more than {MAX_CATEGORIES}",
                f"“{each.name}”的类别重复或超过 {MAX_CATEGORIES} 个",
            )
        if not 0 <= each.scale <= 18:
            raise _wrong(f"scale of '{each.name}' is {each.scale}", f"“{each.name}”的小数位数是 {each.scale}")
    trees, additive = package.trees, package.additive
    if (trees is None) == (additive is None) or (trees is None) == (package.kind == "trees"):
        raise _wrong(f"a model of kind '{package.kind}' needs its one part", f"“{package.kind}”模型缺少其内容")
    if trees is not None:
        _sound_trees(trees, len(package.inputs))
    if additive is not None:
        _sound_terms(additive, package.inputs)
    _sound_calibration(package.calibration)


def _sound_trees(trees: Trees, inputs: int) -> None:
    splits, leaves = sum(trees.leaves) - len(trees.leaves), sum(trees.leaves)
    if len(trees.leaves) > MAX_TREES or splits > MAX_MODEL_NODES or max(trees.leaves, default=1) > MAX_TREE_LEAVES:
        raise _wrong(
            f"at most {MAX_TREES} trees, {MAX_TREE_LEAVES} leaves each, {MAX_MODEL_NODES} splits",
            f"最多 {MAX_TREES} 棵树、每棵 {MAX_TREE_LEAVES} 片叶子、共 {MAX_MODEL_NODES} 个分裂",
        )
    if min(trees.leaves, default=1) < 1:
        raise _wrong("a tree without leaves", "有一棵树没有叶子")
    of_splits: tuple[Sequence[Any], ...] = (
        trees.feature, trees.threshold, trees.left, trees.right, trees.missing, trees.default_left, trees.category, trees.split_cover,
    )  # fmt: skip
    if any(len(each) != splits for each in of_splits) or any(
        len(each) != leaves for each in (trees.value, trees.leaf_cover)
    ):
        raise _wrong("the parts of its trees differ in length", "树的各部分长度不一")
    good = (
        all(0 <= each < inputs for each in trees.feature)
        and all(each in (MISSING_NONE, MISSING_ZERO, MISSING_NAN) for each in trees.missing)
        and all(-1 <= each < len(trees.sets) for each in trees.category)
        and all(0 <= each < MAX_CATEGORIES for members in trees.sets for each in members)
        and all(math.isfinite(each) for each in (*trees.value, trees.sigmoid))
        and not any(math.isnan(each) for each in trees.threshold)
        and trees.sigmoid > 0
    )
    if not good:
        raise _wrong("a number in its trees is out of range", "树中有数值越界")
    at = 0
    for count in trees.leaves:
        _sound_tree(trees.left[at : at + count - 1], trees.right[at : at + count - 1], count)
        at += count - 1


def _sound_tree(left: Sequence[int], right: Sequence[int], leaves: int) -> None:
    """Every split and leaf has one parent, which comes before it."""
    seen = set()
    for number, children in enumerate(zip(left, right)):
        for child in children:
            inside = number < child < leaves - 1 if child >= 0 else ~child < leaves
            if not inside or child in seen:
                raise _wrong("a tree that is none", "树的结构不成立")
            seen.add(child)


def _sound_terms(additive: Additive, inputs: Sequence[Input]) -> None:
    if len(additive.terms) != len(inputs):
        raise _wrong("it needs one term per input", "每个输入须有一项")
    for term, given in zip(additive.terms, inputs):
        wanted = {"line": 0, "bins": len(term.edges) + 1, "categories": len(given.categories)}[term.kind]
        numbers = (term.weight, term.centre, *term.points, term.missing, term.other, term.mean, additive.base)
        rising = all(a < b for a, b in pairwise(term.edges)) and not any(math.isnan(each) for each in term.edges)
        if len(term.points) != wanted or not rising or not all(math.isfinite(each) for each in numbers):
            raise _wrong(f"the term of '{given.name}' does not fit together", f"“{given.name}”的项不成立")
        if math.isnan(term.low) or math.isnan(term.high) or (term.kind == "categories") != (given.kind == "string"):
            raise _wrong(f"the term of '{given.name}' does not fit its input", f"“{given.name}”的项与输入不符")


def _sound_calibration(calibration: Calibration) -> None:
    x, y = calibration.x, calibration.y
    rising = all(a < b for a, b in pairwise(x)) and all(a <= b for a, b in pairwise(y))
    good = (
        len(x) == len(y) and rising and all(math.isfinite(each) for each in (*x, calibration.slope, calibration.offset))
    )
    if not good or not all(0 <= each <= 1 for each in y) or (calibration.kind == "isotonic" and len(x) < 2):
        raise _wrong("its calibration does not rise from 0 to 1", "校准曲线不是从 0 到 1 递增")
