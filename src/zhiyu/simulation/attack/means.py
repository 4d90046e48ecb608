"""What the adversary's means cost, in yuan: one frozen table under a version, which a user may replace.

In: nothing, or a YAML or JSON file with some of the names. Out: `Means`. The figures are plausible orders of magnitude, no market
data: what an attack costs is only as good as they are, and a price is comparable only between reports of one table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from zhiyu.base.errors import InputError, did_you_mean

VERSION = "means/2"
"""2: means of coached victims and of cash-out rings, false faces; the prices of 1 are what they were."""
MAX_YUAN = 1_000_000.0
MAX_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Means:
    """Prices in yuan. A change of any number is a new `version`.

    `account`: log-in of somebody else's account; `identity`: another's identity with telephone and card; `clean_identity`: one whose credit
    record is good; `fresh_device`: a device nobody has seen; `victims_device`: control of the customer's own telephone; `near_address`: a
    network exit in the customer's city; `receiver`: a receiving account, or a shop that plays along; `contact`: a telephone that
    answers for an applicant; `code`: getting a code or an answer out of the customer when challenged; `step`: an operator's work for
    one event; `day_held`: risk of discovery and patience for each day between the first and the last event; `quiet_day`: use like a
    customer's for a day; `by_day`: working while the customer may notice; `other_channel`: knowing a second channel.
    Coached victims: `lead`: somebody who listens; `on_the_phone`: guiding without seeing the screen; `talked_round`: somebody who acts
    alone and says nothing; `known_payee`: a small sum to the payee before. Cash-out: `customer`: somebody who wants cash; `own_hand`:
    having him pay himself, each time; `fee_in_cash`: collecting the fee without an account. `false_face`: somebody else's face before the
    camera.
    """

    account: float = 180.0
    identity: float = 60.0
    clean_identity: float = 900.0
    fresh_device: float = 35.0
    victims_device: float = 450.0
    near_address: float = 12.0
    receiver: float = 260.0
    contact: float = 15.0
    code: float = 120.0
    step: float = 4.0
    day_held: float = 25.0
    quiet_day: float = 18.0
    by_day: float = 5.0
    other_channel: float = 3.0
    lead: float = 140.0
    on_the_phone: float = 45.0
    talked_round: float = 320.0
    known_payee: float = 60.0
    customer: float = 40.0
    own_hand: float = 6.0
    fee_in_cash: float = 15.0
    false_face: float = 650.0
    version: str = VERSION

    def victim_of(self, kind: str) -> float:
        """What somebody to defraud costs, or to defraud with, where no identity is invented."""
        return {"scam_victim": self.lead, "cash_out": self.customer}.get(kind, self.account)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


MEANS = Means()
_NAMES = tuple(each.name for each in fields(Means) if each.name != "version")


def read_means(path: Path) -> Means:
    """The table with a user's prices in place of some of its own; `version` names it. InputError when a name or a price cannot be."""
    if not path.is_file():
        raise InputError(f"there is no file {path}", f"没有文件 {path}")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES:,} bytes", f"{path} 超过 {MAX_BYTES:,} 字节")
    try:
        given = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError, RecursionError) as wrong:
        raise InputError(f"{path} is no YAML: {str(wrong)[:200]}", f"{path} 不是 YAML：{str(wrong)[:200]}") from None
    if not isinstance(given, dict):
        raise InputError(f"{path} holds no table of names and prices", f"{path} 中没有“名称：价格”的表")
    for name, price in given.items():
        _check(path, name, price)
    prices = {name: float(price) for name, price in given.items() if name != "version"}
    return replace(MEANS, version=str(given.get("version", f"own ({path.name})")), **prices)


def _check(path: Path, name: Any, price: Any) -> None:
    if name == "version" and isinstance(price, str) and 0 < len(price) <= 60:
        return
    if name not in _NAMES:
        hint = did_you_mean(str(name), _NAMES)
        known = hint.en if hint else f"known: {', '.join(_NAMES)}"
        zh = hint.zh if hint else f"可用：{'、'.join(_NAMES)}"
        raise InputError(f"{path}: no means '{name}'; {known}", f"{path}：没有手段“{name}”；{zh}")
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price <= MAX_YUAN:
        raise InputError(
            f"{path}: '{name}' is {price!r}; a price is 0 to {MAX_YUAN:,.0f} yuan",
            f"{path}：{name} 为 {price!r}；价格应为 0 至 {MAX_YUAN:,.0f} 元",
        )
