"""A LightGBM model in its text form becomes `Trees`; nothing is executed, nothing but numbers is taken.

In: the text of `Booster.model_to_string()`: one binary or regression objective, ordinary trees. Out: `Trees`, names of its features,
from which the same raw score comes as from LightGBM, to the bit. `InputError` for what would score differently: several classes, linear
leaves, random forests (they average), an unknown version.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from zhiyu.base.errors import InputError
from zhiyu.models.package import Trees

CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2
WORD_BITS = 32


def trees_of(text: str) -> tuple[Trees, tuple[str, ...]]:
    """The trees, and the names of their features in order."""
    head, *blocks = _blocks(text)
    _refuse(head)
    names = tuple(head.get("feature_names", "").split())
    parts: dict[str, list[object]] = {name: [] for name in ("leaves", *_OF_SPLITS, "value", "leaf_cover", "sets")}
    try:
        for block in blocks:
            _take(block, parts)
        sigmoid = _sigmoid(head.get("objective", ""))
        return Trees(**{name: tuple(found) for name, found in parts.items()}, sigmoid=sigmoid), names  # type: ignore[arg-type]
    except (KeyError, ValueError, IndexError) as fault:
        raise _unfit(f"a tree lacks or garbles {fault}", f"有一棵树缺少或写错 {fault}") from None


_OF_SPLITS = ("feature", "threshold", "left", "right", "missing", "default_left", "category", "split_cover")


def _unfit(en: str, zh: str) -> InputError:
    return InputError(f"not a LightGBM model that can be taken over: {en}", f"不是可用的 LightGBM 模型：{zh}")


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """The head, then one block per tree, as key → value."""
    block: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("Tree=") or line == "end of trees":
            yield block
            block = {}
            if not line.startswith("Tree="):
                return
        name, equals, value = line.partition("=")
        block[name] = value if equals else "yes"
    raise _unfit("it ends before 'end of trees'", "内容不完整")


def _refuse(head: dict[str, str]) -> None:
    if "tree" not in head or head.get("version") not in ("v3", "v4"):
        raise _unfit(
            f"version '{head.get('version')}'; v3 and v4 are known", f"版本“{head.get('version')}”；仅支持 v3、v4"
        )
    if head.get("num_class", "1") != "1" or head.get("num_tree_per_iteration", "1") != "1":
        raise _unfit(
            "it tells several classes apart; train one model per fraud type", "多分类模型；请为每种欺诈各训练一个模型"
        )
    if "average_output" in head:
        raise _unfit("it averages its trees; train with boosting", "对树取平均（随机森林）；请用 boosting 训练")


def _sigmoid(objective: str) -> float:
    words = dict(word.split(":") for word in objective.split() if ":" in word)
    return float(words.get("sigmoid", "1"))


def _numbers(block: dict[str, str], name: str) -> list[float]:
    return [float(each) for each in block[name].split()]


def _whole(block: dict[str, str], name: str) -> list[int]:
    return [int(each) for each in block[name].split()]


def _take(block: dict[str, str], parts: dict[str, list[object]]) -> None:
    """One tree. A tree of one leaf has no splits, and (in some versions) no counts."""
    if block.get("is_linear", "0") != "0":
        raise _unfit(
            "its leaves are linear; train with linear_tree=false", "叶子是线性模型；请以 linear_tree=false 训练"
        )
    leaves = int(block["num_leaves"])
    parts["leaves"].append(leaves)
    parts["value"] += _numbers(block, "leaf_value")[:leaves]
    if leaves == 1:
        parts["leaf_cover"].append(1.0)
        return
    parts["leaf_cover"] += _numbers(block, "leaf_count")
    parts["split_cover"] += _numbers(block, "internal_count")
    parts["feature"] += _whole(block, "split_feature")
    parts["left"] += _whole(block, "left_child")
    parts["right"] += _whole(block, "right_child")
    sets = _sets(block)
    for kind, threshold in zip(_whole(block, "decision_type"), _numbers(block, "threshold")):
        categorical = bool(kind & CATEGORICAL)
        parts["category"].append(len(parts["sets"]) + int(threshold) if categorical else -1)
        parts["threshold"].append(0.0 if categorical else threshold)
        parts["missing"].append((kind >> MISSING_SHIFT) & 3)
        parts["default_left"].append(bool(kind & DEFAULT_LEFT))
    parts["sets"] += sets


def _sets(block: dict[str, str]) -> list[tuple[int, ...]]:
    """Categories that go left, split by categorical split: the bits that are set in words of 32."""
    if not int(block.get("num_cat", "0")):
        return []
    edges, words = _whole(block, "cat_boundaries"), _whole(block, "cat_threshold")
    return [
        tuple(
            WORD_BITS * number + bit
            for number, word in enumerate(words[start:stop])
            for bit in range(WORD_BITS)
            if word >> bit & 1
        )
        for start, stop in pairwise(edges)
    ]
