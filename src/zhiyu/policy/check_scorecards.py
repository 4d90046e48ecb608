"""Scorecards: bins that overlap or leave values open, bands that do not rise or are never reached.

In: the typed scorecards. Out: problems at the bin, the characteristic or the band.
"""

from __future__ import annotations

from zhiyu.base.errors import Hint
from zhiyu.base.limits import MAX_BINS, MAX_CHARACTERISTICS
from zhiyu.policy.cells import Strip
from zhiyu.policy.checked import Checked, CheckedColumn, CheckedScorecard
from zhiyu.policy.declare_scorecards import Bin, Scorecard
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.places import Path

MAX_TOLD = 10


def scorecards(checked: Checked) -> None:
    """Check every scorecard."""
    for card in checked.scorecards:
        _shape(checked, card)
        for column in card.columns:
            bins = card.card.characteristics[int(column.path[-1])].bins
            if bins and len(bins) <= MAX_BINS:
                _bins(checked, card, column)
        _bands(checked, card.card, card.path)


def _shape(checked: Checked, card: CheckedScorecard) -> None:
    name, path = card.card.name, card.path
    if not card.card.characteristics:
        checked.error(
            "card.empty",
            path,
            f"scorecard '{name}' has no characteristics",
            f"评分卡“{name}”没有特征项",
            Hint("add what is scored", "加上要评分的特征项"),
        )
    if len(card.card.characteristics) > MAX_CHARACTERISTICS:
        n = len(card.card.characteristics)
        en, zh = f"{n} characteristics; at most {MAX_CHARACTERISTICS}", f"特征项 {n} 个，上限 {MAX_CHARACTERISTICS}"
        checked.error("limit.characteristics", path, en, zh)
    seen: set[str] = set()
    for number, one in enumerate(card.card.characteristics):
        place: Path = (*path, "characteristics", number)
        if one.name in seen:
            en, zh = f"characteristic '{one.name}' stands twice", f"特征项“{one.name}”出现两次"
            checked.error("name.twice", (*place, "name"), en, zh, Hint("give it another name", "换一个名称"))
        seen.add(one.name)
        if not one.bins or len(one.bins) > MAX_BINS:
            en, zh = (
                f"'{one.name}' has {len(one.bins)} bins; 1 to {MAX_BINS}",
                f"“{one.name}”有 {len(one.bins)} 个分箱，应为 1 到 {MAX_BINS} 个",
            )
            checked.error("limit.bins", place, en, zh)
        for at, bin_ in enumerate(one.bins):
            _one_bin(checked, bin_, (*place, "bins", at))
    if not card.card.bands:
        en, zh = (
            f"scorecard '{name}' has no bands: its total decides nothing by itself",
            f"评分卡“{name}”没有分段：总分本身不作决定",
        )
        read = any(node.scorecard == name for flow in checked.policy.flows for node in flow.nodes)
        if not read:
            checked.warn(
                "card.bands",
                path,
                en,
                zh,
                Hint(
                    "add e.g. `bands: [{below: 400, outcome: review}]`",
                    "例如加上 `bands: [{below: 400, outcome: review}]`",
                ),
            )


def _one_bin(checked: Checked, bin_: Bin, place: Path) -> None:
    bounded = bin_.low is not None or bin_.high is not None or bin_.values
    if not (bounded or bin_.missing or bin_.otherwise):
        en, zh = "this bin takes nothing", "此分箱不包含任何取值"
        checked.error(
            "bin.empty",
            place,
            en,
            zh,
            Hint(
                "give `low`, `high`, `values`, `missing: true` or `otherwise: true`",
                "写上 `low`、`high`、`values`、`missing: true` 或 `otherwise: true`",
            ),
        )
    if bounded and bin_.otherwise:
        en, zh = "a bin that takes the rest has no bounds or values of its own", "otherwise 分箱不能再写界限或取值"
        checked.error("bin.otherwise", place, en, zh, Hint("make two bins", "拆成两个分箱"))


def _bins(checked: Checked, card: CheckedScorecard, column: CheckedColumn) -> None:
    strip, told = Strip.of(column), 0
    taken, rests = 0, 0
    for number, mask in enumerate(strip.masks):
        place: Path = (*column.path, "bins", number)
        rests += column.taken[number].rest
        first = next((i for i in range(number) if strip.masks[i] & mask), None)
        if (first is not None or (rests > 1 and column.taken[number].rest)) and told < MAX_TOLD:
            shown = "" if first is None else strip.say(strip.masks[first] & mask)
            other = 0 if first is None else first
            en = f"bins {other + 1} and {number + 1} of '{column.name}' both take {shown or 'the rest'}"
            zh = f"“{column.name}”的第 {other + 1} 与第 {number + 1} 个分箱都包含 {shown or '其余取值'}"
            checked.error("bin.overlap", place, en, zh, Hint("a value belongs to one bin", "一个值只能属于一个分箱"))
            told += 1
        elif not mask and not column.taken[number].null:
            en, zh = (
                f"bin {number + 1} of '{column.name}' takes no possible value",
                f"“{column.name}”的第 {number + 1} 个分箱没有可能的取值",
            )
            checked.warn("bin.never", place, en, zh, Hint("correct its bounds, or remove it", "更正边界，或删除它"))
        taken |= mask
    _open(checked, column, strip, taken)


def _open(checked: Checked, column: CheckedColumn, strip: Strip, taken: int) -> None:
    left = strip.present & ~taken
    if left:
        en = f"no bin of '{column.name}' takes {strip.say(left)}: it gives 0 points"
        zh = f"“{column.name}”没有分箱包含 {strip.say(left)}：计 0 分"
        checked.warn(
            "bin.gap", column.path, en, zh, Hint("add a bin, or `otherwise: true`", "增加分箱，或写 `otherwise: true`")
        )
    if strip.null & ~taken:
        en, zh = (
            f"no bin takes '{column.name}' when it is missing: it gives 0 points",
            f"“{column.name}”缺失时没有分箱：计 0 分",
        )
        checked.warn(
            "bin.null_gap", column.path, en, zh, Hint("add a bin with `missing: true`", "增加 `missing: true` 的分箱")
        )


def range_of(card: Scorecard) -> tuple[int, int]:
    """The least and the highest total a card can reach; a characteristic whose bins leave values open may give 0.

    >>> range_of(Scorecard(name="c", characteristics=(), base=5))
    (5, 5)
    """
    low = high = card.base
    for one in card.characteristics:
        points = [bin_.points for bin_ in one.bins] or [0]
        low += min(points)
        high += max(points)
    return low, high


def _bands(checked: Checked, card: Scorecard, path: Path) -> None:
    for number, (before, after) in enumerate(zip(card.bands, card.bands[1:]), 1):
        place: Path = (*path, "bands", number)
        if after.below <= before.below:
            en, zh = (
                f"band below {after.below} does not rise above {before.below} before it",
                f"分段 {after.below} 没有高于前一个 {before.below}",
            )
            checked.error("band.order", place, en, zh, Hint("order them by `below`", "按 `below` 排序"))
        elif OUTCOMES.index(after.outcome) >= OUTCOMES.index(before.outcome):
            en = f"below {after.below} the outcome '{after.outcome}' is not milder than '{before.outcome}' before it"
            zh = f"低于 {after.below} 分的结果“{after.outcome}”不比之前的“{before.outcome}”更轻"
            checked.warn(
                "band.outcome",
                place,
                en,
                zh,
                Hint(f"mildest first: {', '.join(OUTCOMES)}", f"由轻到重：{'、'.join(OUTCOMES)}"),
            )
    low, high = _reach(card)
    for number, band in enumerate(card.bands):
        floor = card.bands[number - 1].below if number else None
        if band.below <= low or (floor is not None and floor > high):
            en = f"the band below {band.below} is never reached: totals of '{card.name}' go from {low} to {high}"
            zh = f"低于 {band.below} 的分段永远达不到：“{card.name}”的总分为 {low} 到 {high}"
            checked.warn(
                "band.never",
                (*path, "bands", number),
                en,
                zh,
                Hint("move it, or change the points", "调整界限，或修改分值"),
            )


def _reach(card: Scorecard) -> tuple[int, int]:
    """The range, with 0 points wherever a characteristic may leave a value open."""
    low, high = range_of(card)
    for one in card.characteristics:
        points = [bin_.points for bin_ in one.bins] or [0]
        low, high = low - max(min(points), 0), high - min(max(points), 0)
    return low, high
