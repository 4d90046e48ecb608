"""Which column is the id, the time, the label, the money, who is involved; which tell too much and stay out.

In: shapes of all columns, what the user said. Out: `Roles`. A guess goes by the name and is held against the values; what the user says is
taken, and a column that is not there is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.evaluation.first_look.shapes import Shape

_ANY_CASE = re.IGNORECASE
BAD_WORDS = frozenset((
    "1", "true", "yes", "y", "t", "bad", "fraud", "fraudulent", "default", "defaulted", "chargeback", "charged_off", "b", "ja",
    "是", "欺诈", "违约", "坏", "坏客户", "逾期", "异常",
))  # fmt: skip
GOOD_WORDS = frozenset((
    "0", "false", "no", "n", "f", "good", "legit", "legitimate", "genuine", "normal", "paid", "fully_paid", "g", "nein",
    "否", "正常", "好", "好客户", "未违约", "非欺诈",
))  # fmt: skip
_LABEL = (
    re.compile(r"(^|_)(is_?fraud|tx_?fraud|fraud_?(flag|label|ind|bool|reported)|fraud)$|欺诈|event_label", _ANY_CASE),
    re.compile(
        r"(^|_)(label|target|default|defaulted|bad|good_?bad|class|classification|churn|charge_?back|bad_?flag|loan_?default)$"
        r"|违约|标签|逾期标志|好坏|default.*next|serious_?dlq",
        _ANY_CASE,
    ),
    re.compile(r"(^|_)(y|flag|outcome|status|loan_?status|risk|response|result)$|是否", _ANY_CASE),
)
_LEAKS = re.compile(r"fraud|label|欺诈|标签|charge_?back|违约", _ANY_CASE)
_ID = re.compile(
    r"(^|[_ -])(id|uuid|guid|key|no|nr|num|number|ref|reference)$|编号|流水|单号|^unnamed|^index$|^$"
    r"|(trans|tx|event|order|loan|application).*(id|num|no)$",
    _ANY_CASE,
)
_TIME = re.compile(r"time|date|timestamp|created|(^|_)(ts|dt|at|on|step|day)$|时间|日期|日$", _ANY_CASE)
_NOT_EVENT = re.compile(
    r"dob|birth|born|expir|label|update|close|last|first|open|issued?_?(on|date)?$|出生|生日|到期", _ANY_CASE
)
_ENTITY = re.compile(
    r"customer|client|user(?!_?agent)|account|acct|card|(^|_)cc|device|terminal|merchant|payer|payee|beneficiary|member|employee|employer"
    r"|sender|receiver|name_?(orig|dest)|(^|_)(uid|pan|imei|mac|ip|email|phone|mobile|entity)|person|seller|buyer"
    r"|客户|用户|会员|账号|账户|卡号|设备|商户|手机|单位|收款|付款",
    _ANY_CASE,
)
_NO_ENTITY = re.compile(
    r"(^|_)(type|age|city|state|country|name|zip|postal|category|balance|count|limit|bin|income|lat|long|score|since|month|day|job|group"
    r"|level|number_of.*)s?($|_)|类型|等级|年龄",
    _ANY_CASE,
)
_MONEY = re.compile(
    r"amount|(^|_)amt|amt$|price|金额|价格|loan_?amnt|credit_?limit|limit_?bal|额度|贷款额|(^|_)value$|(^|_)sum$",
    _ANY_CASE,
)
_LAT, _LONG = (
    re.compile(r"(^|_)lat(itude)?$|纬度", _ANY_CASE),
    re.compile(r"(^|_)(long?|lng|longitude)$|经度", _ANY_CASE),
)
_PERSONAL = re.compile(
    r"street|address|first_?name|last_?name|full_?name|(^|_)name$|customer_?name|ssn|passport|姓名|地址|住址", _ANY_CASE
)
_STEPS = {"step": "h", "hour": "h", "day": "d", "minute": "min"}
MAX_ENTITIES = 5
LEAST_DAY = 86_400


@dataclass(frozen=True)
class Said:
    """What the user said: names of columns, "" for nothing."""

    label: str = ""
    fraud: tuple[str, ...] = ()
    time: str = ""
    id: str = ""
    entities: tuple[str, ...] = ()
    money: str = ""


@dataclass
class Roles:
    """What each column is for. `epoch`: the unit of a time that is a number. `places`: latitude → longitude. `left_out`: column → why."""

    label: str = ""
    fraud: tuple[str, ...] = ()
    legit: tuple[str, ...] = ()
    sure: bool = True
    time: str = ""
    clock: str = ""
    epoch: str = ""
    id: str = ""
    money: str = ""
    entities: list[str] = field(default_factory=list)
    personal: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def roles_of(shapes: Mapping[str, Shape], said: Said) -> Roles:
    """Guess what was not said. InputError for a column that is not there."""
    for name in (said.label, said.id, said.money, *said.entities, *(() if said.time == "none" else (said.time,))):
        if name and name not in shapes:
            hint = did_you_mean(name, shapes)
            raise InputError(
                f"the file has no column '{name}'; {hint.en}".rstrip("; "),
                f"文件没有列“{name}”；{hint.zh}".rstrip("；"),
            )
    found = Roles()
    _label(found, shapes, said)
    _time(found, shapes, said)
    _id(found, shapes, said)
    for name, shape in shapes.items():
        if name in (found.label, found.id, found.time, found.clock):
            continue
        if shape.distinct <= 1 and not shape.missing:
            found.left_out[name] = "constant"
        elif not shape.distinct:
            found.left_out[name] = "empty"
        elif found.label and _LEAKS.search(name) and name not in said.entities:
            found.left_out[name] = "label"
    _money(found, shapes, said)
    _entities(found, shapes, said)
    for name in shapes:
        other = next((each for each in shapes if _LONG.search(each) and _LONG.sub("", each) == _LAT.sub("", name)), "")
        if _LAT.search(name) and other and shapes[name].kind in ("number", "int"):
            found.places[name] = other
    found.personal = [
        name
        for name, shape in shapes.items()
        if _PERSONAL.search(name) and shape.kind == "text" and shape.distinct > 20
    ]
    return found


def _label(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    found.label = said.label or next(
        (name for pattern in _LABEL for name, shape in shapes.items() if pattern.search(name) and _two_sided(shape)), ""
    )
    if not found.label:
        return
    counts = shapes[found.label].counts
    if said.fraud:
        wanted = {word.strip().casefold() for word in said.fraud}
        found.fraud = tuple(word for word in counts if word.strip().casefold() in wanted) or said.fraud
    else:
        found.fraud, found.sure = _bad_of(shapes[found.label])
    found.legit = tuple(word for word in counts if word not in found.fraud)


def _two_sided(shape: Shape) -> bool:
    return 1 <= shape.distinct <= 2 and shape.kind in ("int", "number", "bool", "text")


def _bad_of(shape: Shape) -> tuple[tuple[str, ...], bool]:
    """The words for fraud, and whether they say so themselves; the rarer one when they do not."""
    rarer = [word for word, _ in reversed(shape.counts.most_common())]
    plain = {word: word.strip().casefold().replace(" ", "_") for word in rarer}
    bad = tuple(word for word in rarer if plain[word] in BAD_WORDS)
    good = tuple(word for word in rarer if plain[word] in GOOD_WORDS)
    numeric = {"0", "1"} >= set(plain.values())
    if len(bad) == 1 and (good or len(rarer) == 1) and not (numeric and shape.counts[bad[0]] * 2 > shape.known):
        return bad, True
    if len(good) == 1 and not bad and len(rarer) == 2:
        return tuple(word for word in rarer if word not in good), True
    return (rarer[0],), False


def _time(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    if said.time == "none":
        return
    if said.time:
        found.time = said.time
        found.epoch = _epoch(shapes[said.time]) if shapes[said.time].kind in ("int", "number") else ""
    else:
        times = [s for s in shapes.values() if s.kind == "time" and not _NOT_EVENT.search(s.name) and s.missing < 0.02]
        numbers = [
            s for s in shapes.values()
            if s.kind in ("int", "number") and _TIME.search(s.name) and s.missing == 0
            and (_stamp(s) or (s.rising and s.distinct > 5 and s.low >= 0))
        ]  # fmt: skip
        best = max(
            [*times, *numbers], key=lambda s: (bool(_TIME.search(s.name)), s.kind == "time", s.distinct), default=None
        )
        if best is None:
            return
        found.time, found.epoch = best.name, "" if best.kind == "time" else _epoch(best)
    shape = shapes[found.time]
    clocks = [s.name for s in shapes.values() if s.kind == "clock" and not _NOT_EVENT.search(s.name)]
    if clocks and shape.kind == "time" and ":" not in shape.example:
        found.clock = clocks[0]


def _stamp(shape: Shape) -> str:
    """Seconds, milliseconds … since 1970, judged by size."""
    for unit, power in (("s", 0), ("ms", 3), ("us", 6), ("ns", 9)):
        if 6e8 * 10**power <= shape.low and shape.high <= 2.2e9 * 10**power:
            return unit
    return ""


def _epoch(shape: Shape) -> str:
    return _stamp(shape) or next((unit for word, unit in _STEPS.items() if word in shape.name.lower()), "s")


def _id(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    if said.id:
        found.id = said.id
        return
    unique = [
        s for s in shapes.values()
        if s.kind in ("int", "text", "card") and not s.missing and s.distinct == s.n and _ID.search(s.name)
        and s.name not in (found.time, found.label)
    ]  # fmt: skip
    named = [s for s in unique if not _ENTITY.search(s.name)] or unique
    counting = [
        s for s in shapes.values() if s.kind == "int" and s.rising and s.distinct == s.n > 100 and s.name != found.time
    ]
    found.id = next((s.name for s in (*named, *counting)), "")
    found.left_out |= {s.name: "number" for s in counting if s.name != found.id}


def _money(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    free = [
        s
        for s in shapes.values()
        if s.kind in ("int", "number") and s.name not in found.left_out and s.name not in (found.time, found.id)
    ]
    named = [s.name for s in free if _MONEY.search(s.name) and s.distinct > 20 and s.low >= 0]
    found.money = said.money or (named[0] if named else "")


def _entities(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    taken = {found.label, found.time, found.clock, found.id, found.money, *found.left_out}
    guessed = [s.name for s in shapes.values() if s.name not in taken and _is_entity(s)]
    found.entities = list(dict.fromkeys([*said.entities, *guessed]))[: max(MAX_ENTITIES, len(said.entities))]


def _is_entity(shape: Shape) -> bool:
    if shape.kind in ("ip", "email", "phone", "id_number", "card"):
        return True
    many = shape.distinct > 20 and shape.known > shape.distinct * 1.02
    if shape.kind not in ("int", "text") or not many or _NO_ENTITY.search(shape.name):
        return False
    return bool(_ENTITY.search(shape.name)) or (
        bool(re.search(r"(^|_)id$", shape.name, _ANY_CASE)) and shape.distinct > 50
    )


def names_of(columns: Sequence[str], event_names: frozenset[str]) -> dict[str, str]:
    """Column → the name of a field: small letters, digits and _, each once. Chinese names stay.

    >>> names_of(["nameOrig", "TX AMOUNT", "type", "金额", "7x", "tx_amount"], frozenset({"type"}))
    {'nameOrig': 'name_orig', 'TX AMOUNT': 'tx_amount', 'type': 'type_value', '金额': '金额', '7x': 'f_7x', 'tx_amount': 'tx_amount_2'}
    """
    found: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())
        name = re.sub(r"\W+", "_", name).strip("_").lower() or "field"
        name = f"f_{name}" if name[0].isdigit() else name
        name = f"{name}_value" if name in event_names or not name.isidentifier() else name
        base, number = name, 1
        while name in found.values():
            number += 1
            name = f"{base}_{number}"
        found[column] = name
    return found
