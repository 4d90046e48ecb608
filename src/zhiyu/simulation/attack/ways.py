"""The ways an adversary may go: a handful of knobs, each with a few levels; what a way costs if nothing goes wrong.

In: a kind of fraud, which knobs the policy could notice at all, prices. Out: `Space`: every way as one line of levels int8[n, K],
cheapest first. A knob that a policy cannot see (it has no such field) stays at its cheapest level: it would only cost.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhiyu.simulation.attack.means import Means
from zhiyu.simulation.lender.chance import Chance

Levels = NDArray[np.int8]
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MAX_SPAN_DAYS = 28
"""A way that takes longer is none: the loan would be due."""

PARTS = (1, 2, 3, 4, 6, 8, 12, 16)
PAUSES_MS = (2 * MINUTE_MS, 30 * MINUTE_MS, 3 * HOUR_MS, DAY_MS, 3 * DAY_MS, 7 * DAY_MS)
QUIET_DAYS = (0, 3, 10)
KNOBS: dict[str, tuple[str, ...]] = {
    "parts": tuple(str(each) for each in PARTS),
    "pause": ("2m", "30m", "3h", "1d", "3d", "7d"),
    "hour": ("night", "day"),
    "device": ("one for all", "one per victim", "one per step", "the victim's own"),
    "place": ("own city", "victim's city"),
    "channel": ("app", "web"),
    "receiver": ("one for all", "one per victim", "one per step"),
    "quiet": ("none", "3 days", "10 days"),
    "codes": ("gives up", "answers challenges"),
    "identity": ("any", "good record"),
    "contact": ("one for all", "one per victim"),
    "coach": ("shares the screen", "on the phone", "talked round before"),
    "payee": ("new", "paid before"),
    "hands": ("the organiser's phone", "the customer's own phone"),
    "fee": ("to one account", "in cash"),
    "face": ("own", "played in"),
}
"""Names and levels, cheapest first."""
NAMES = tuple(KNOBS)
WORDS_ZH = {
    "parts": "拆分笔数", "pause": "间隔", "hour": "时段", "device": "设备", "place": "地点", "channel": "渠道", "receiver": "收款方",
    "quiet": "养号", "codes": "应对验证", "identity": "身份", "contact": "联系人",
    "coach": "诱导方式", "payee": "收款人新旧", "hands": "操作手机", "fee": "手续费", "face": "人脸",
}  # fmt: skip
LEVELS_ZH = {
    "one for all": "全部共用", "one per victim": "每户一个", "one per step": "每步一个", "the victim's own": "受害者本机",
    "own city": "本地",
    "victim's city": "受害者所在地", "night": "夜间", "day": "白天", "none": "无", "3 days": "3 天", "10 days": "10 天", "gives up": "放弃",
    "shares the screen": "共享屏幕", "on the phone": "通话指挥", "talked round before": "事先洗脑", "new": "新收款人",
    "paid before": "已付过款", "the organiser's phone": "组织者手机", "the customer's own phone": "客户本机",
    "to one account": "转入同一账户", "in cash": "现金", "own": "本人面孔", "played in": "人脸伪造",
    "answers challenges": "骗取验证码", "any": "任意", "good record": "征信良好", "app": "App", "web": "网页",
}  # fmt: skip
ONLY_WITH_APPLICATION = ("identity", "contact")
OWN_KNOBS = {
    "coach": ("scam_victim",), "payee": ("scam_victim",), "hands": ("cash_out",), "fee": ("cash_out",), "face": ("takeover", "batch"),
}  # fmt: skip
"""Knobs that only some kinds of fraud have."""
WILLING = ("scam_victim", "cash_out")
"""Kinds in which the customer acts himself, at home, on a telephone of his own."""
KNOWN_PAYEE_DAYS = 7
"""How long before a payee was paid a small sum."""


def at(way: Levels, name: str) -> int:
    """The level of a knob in a way."""
    return int(way[NAMES.index(name)])


def said(way: Levels, chinese: bool = False) -> dict[str, str]:
    """The levels of a way in words."""
    words = {name: levels[at(way, name)] for name, levels in KNOBS.items()}
    if not chinese:
        return words
    return {WORDS_ZH[name]: LEVELS_ZH.get(word, word) for name, word in words.items()}


@dataclass(frozen=True)
class Space:
    """All ways of one kind: `ways` int8[n, K] and `price` float64[n] per victim when every step works out, cheapest first; `place` of
    a way by its bytes."""

    ways: Levels
    price: NDArray[np.float64]
    place: dict[bytes, int]


def price_of(ways: Levels, means: Means, victims: int, kind: str, money: bool) -> NDArray[np.float64]:
    """Yuan per victim of an operation against `victims`, if nothing goes wrong. `money`: the policy sees money move."""
    application = kind == "batch"
    knob = {name: ways[:, place].astype(np.int64) for place, name in enumerate(NAMES)}
    parts = np.array(PARTS)[knob["parts"]]
    days = np.array(QUIET_DAYS)[knob["quiet"]] + (parts - 1) * np.array(PAUSES_MS)[knob["pause"]] / DAY_MS
    steps = (parts + 1 if money else 0) + (1 if application else 0)
    price = (
        np.where(knob["identity"] == 1, means.clean_identity, means.identity)
        if application
        else np.full(len(ways), means.victim_of(kind))
    )
    devices = (means.fresh_device / victims, means.fresh_device, means.fresh_device * parts, means.victims_device)
    price = price + (0.0 if kind in WILLING else _by_level(knob["device"], devices))
    each = _by_level(knob["receiver"], (1 / victims, 1.0, parts))
    price = price + means.receiver * each + means.near_address * knob["place"] + means.by_day * knob["hour"]
    price = price + means.step * steps + means.day_held * days
    price = price + means.quiet_day * np.array(QUIET_DAYS)[knob["quiet"]] + means.other_channel * knob["channel"]
    if application:
        price = price + means.contact * np.where(knob["contact"] == 1, 1.0, 1 / victims)
    return price + _own_price(knob, means, victims, kind, parts)


def _own_price(
    knob: dict[str, NDArray[np.int64]], means: Means, victims: int, kind: str, parts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What the means cost that only some kinds have."""
    price = means.false_face * (knob["face"] == 1)
    if kind == "scam_victim":
        price = price + _by_level(knob["coach"], (0.0, means.on_the_phone, means.talked_round))
        price = price + np.where(knob["payee"] == 1, means.known_payee + KNOWN_PAYEE_DAYS * means.day_held, 0.0)
    if kind == "cash_out":
        price = price + np.where(knob["hands"] == 1, means.own_hand * parts, means.fresh_device / victims)
        price = price + means.fee_in_cash * parts * (knob["fee"] == 1)
    found: NDArray[np.float64] = price
    return found


def _by_level(level: NDArray[np.int64], values: Sequence[Any]) -> NDArray[np.float64]:
    """For each way the value of its level: a number, or one per way."""
    found = np.zeros(len(level))
    for number, value in enumerate(values):
        found = np.where(level == number, value, found)
    return found


def space(knobs: tuple[str, ...], means: Means, victims: int, kind: str, money: bool, seed: int) -> Space:
    """Every way over these knobs, cheapest first; equal prices in an order that the seed decides."""
    ranges = [range(len(KNOBS[name])) if name in knobs else range(1) for name in NAMES]
    ways = np.array(list(itertools.product(*ranges)), np.int8)
    parts, pause = ways[:, NAMES.index("parts")], ways[:, NAMES.index("pause")]
    lasts = (np.array(PARTS)[parts] - 1) * np.array(PAUSES_MS)[pause] + np.array(QUIET_DAYS)[
        ways[:, NAMES.index("quiet")]
    ] * DAY_MS
    one = np.array(PARTS)[parts] == 1
    senseless = one & ((pause > 0) | (ways[:, NAMES.index("device")] == 2) | (ways[:, NAMES.index("receiver")] == 2))
    ways = ways[(lasts <= MAX_SPAN_DAYS * DAY_MS) & ~senseless]
    price = price_of(ways, means, victims, kind, money)
    order = np.lexsort((Chance(seed).bits("tie", np.arange(len(ways))), np.round(price, 6)))
    ways = np.ascontiguousarray(ways[order])
    return Space(ways, price[order], {way.tobytes(): number for number, way in enumerate(ways)})


def lesser(way: Levels) -> list[tuple[str, Levels]]:
    """The same way without one of its means: each knob that is not at its cheapest level, set there."""
    found = []
    for place, name in enumerate(NAMES):
        if way[place] > 0:
            less = way.copy()
            less[place] = 0
            if name == "parts":
                for other in ("pause", "device", "receiver"):
                    if other == "pause" or less[NAMES.index(other)] == 2:
                        less[NAMES.index(other)] = 0 if other == "pause" else 1
            found.append((name, less))
    return found
