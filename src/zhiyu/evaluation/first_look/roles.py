"""Which column is the id, the time, the label, the money, who is involved; which tell too much and stay out.

In: shapes of all columns, their values, what the user said. Out: `Roles`. A guess goes by the name and is held against the values; what the
user says is taken, and a column that is not there is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.evaluation.first_look.label import label_of
from zhiyu.evaluation.first_look.names import plain
from zhiyu.evaluation.first_look.shapes import ID_NAME, Shape, stamp_of

_LEAKS = re.compile(r"fraud|label|欺诈|标签|charge_?back|违约")
_ID = re.compile(
    r"(^|_)(id|uuid|guid|key|no|nr|num|number|ref|reference)$|编号|流水|单号|订单|^unnamed|^index$"
    r"|(trans|tx|event|order|loan|application).*(id|num|no)$|policy_?number"
)
_TIME = re.compile(r"time|date|timestamp|created|occurred|(^|_)(ts|dt|at|on|step|day|d)$|时间|日期|日$")
_EVENT_TIME = re.compile(r"trans|purchase|event|order|pay|tx|occur|apply|application|交易|下单|支付|申请|发生")
_OTHER_TIME = re.compile(
    r"sign_?up|regist|creat|join|settle|post(ed|ing)|deliver|due|resol|review|注册|开户|开卡|入账|结算"
)
_NOT_EVENT = re.compile(
    r"dob|birth|born|expir|label|update|close|last|first|earliest|open|next|issued?_?(on|date)?$|出生|生日|到期"
)
_ENTITY = re.compile(
    r"customer|client|user(?!_?agent)|account|acct|card|(^|_)cc|device|terminal|merchant|payer|payee|beneficiary|member|employee|employer"
    r"|sender|receiver|name_?(orig|dest)|(^|_)(uid|pan|imei|mac|ip|email|phone|mobile|entity)|person|seller|buyer|fingerprint"
    r"|(^|_)(dev|shop|store|vendor|agent|courier|driver)(_?id)?$|客户|用户|会员|账号|账户|卡号|设备|商户|手机|单位|收款|付款"
)
_NO_ENTITY = re.compile(
    r"(^|_)(type|age|city|state|country|name(?!_(?:orig|dest))|zip|postal|category|balance|count|limit|bin|income|lat|long|score|since|month|day|job|group"
    r"|level|number_of.*|amount|amt|ratio|rate|avg|sum|mean|max|min)s?($|_)|类型|等级|年龄|金额|余额|次数"
)
_MONEY = (
    re.compile(r"amount|(^|_)amt|amt$|金额|loan_?amnt|贷款额"),
    re.compile(r"price|价格|credit_?limit|limit_?bal|额度|(^|_)(loan|value|sum|total|money|cost|payment)$"),
)
_MONEY_UNITS = {
    "fen": re.compile(r"(^|_)fen($|_)|分$|单位_?分"),
    "cent": re.compile(r"(^|_)(cents?|pennies|pence|minor(_units?)?)($|_)"),
    "wan": re.compile(r"万元?$|单位_?万|(^|_)wan($|_)"),
}
"""Units that a name of a column of money may end in; whole numbers only for those below the currency's own."""
_LAT, _LONG = re.compile(r"(^|_)lat(itude)?$|纬度"), re.compile(r"(^|_)(long?|lng|longitude)$|经度")
_PERSONAL = re.compile(
    r"street|address|first_?name|last_?name|full_?name|(^|_)name$|ssn|passport|national_?id|姓名|地址|住址|护照|^(first|last|surname)$"
)
_NO_PERSON = re.compile(r"merchant|product|shop|store|company|brand|file|device|app_|event|商户|商品|店")
_CODE = re.compile(r"[A-Za-z]{0,4}[-_]?\d{2,12}|[0-9a-fA-F]{8,64}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STEPS = {"step": "h", "hour": "h", "day": "d", "minute": "min"}
MAX_ENTITIES = 5
SAME = 0.95
"""Share of different ids from which on ids that come again are looked at: copies of one record, or several records."""


@dataclass(frozen=True)
class Said:
    """What the user said: names of columns, "" for nothing; `labels_apart`: labels come in a file of their own."""

    label: str = ""
    fraud: tuple[str, ...] = ()
    time: str = ""
    id: str = ""
    entities: tuple[str, ...] = ()
    money: str = ""
    without: tuple[str, ...] = ()
    labels_apart: bool = False


@dataclass
class Roles:
    """What each column is for. `open`: words of the label that say nothing yet; `sure`, `named`: its words, its name say what they are.
    `epoch`: the unit of a time that is a number; `money_unit`: that of the money, "" for the currency's own. `places`: latitude →
    longitude. `left_out`: column → why."""

    label: str = ""
    labels_apart: bool = False
    fraud: tuple[str, ...] = ()
    legit: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    sure: bool = True
    named: bool = True
    time: str = ""
    clock: str = ""
    epoch: str = ""
    id: str = ""
    money: str = ""
    money_unit: str = ""
    entities: list[str] = field(default_factory=list)
    personal: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def roles_of(shapes: Mapping[str, Shape], said: Said, columns: Mapping[str, Sequence[Any]]) -> Roles:
    """Guess what was not said; `columns`: the values. InputError for a column that is not there."""
    named = (
        said.label,
        said.id,
        said.money,
        *said.entities,
        *said.without,
        *(() if said.time == "none" else (said.time,)),
    )
    for name in named:
        if name and name not in shapes:
            hint = did_you_mean(name, shapes)
            raise InputError(
                f"the file has no column '{name}'; {hint.en}".rstrip("; "),
                f"文件没有列“{name}”；{hint.zh}".rstrip("；"),
            )
    found = Roles(labels_apart=said.labels_apart, left_out=dict.fromkeys(said.without, "said"))
    if not said.labels_apart:
        label = label_of({name: shapes[name] for name in shapes if name not in said.without}, said.label, said.fraud)
        found.label, found.fraud, found.legit, found.open = label.column, label.fraud, label.legit, label.open
        found.sure, found.named = label.sure, label.named
    _time(found, shapes, said)
    _id(found, shapes, said, columns)
    _left_out(found, shapes, said)
    _money(found, shapes, said)
    _entities(found, shapes, said)
    for name in shapes:
        own = plain(name)
        other = next((x for x in shapes if _LONG.search(plain(x)) and _LONG.sub("", plain(x)) == _LAT.sub("", own)), "")
        if _LAT.search(own) and other and shapes[name].kind in ("number", "int"):
            found.places[name] = other
    found.personal = [name for name, shape in shapes.items() if _is_personal(shape)]
    return found


def _left_out(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    for name, shape in shapes.items():
        if not name:
            found.left_out[name] = "nameless"
        if name in (found.label, found.id, found.time, found.clock, *found.left_out):
            continue
        if shape.distinct <= 1 and not shape.missing:
            found.left_out[name] = "constant"
        elif not shape.distinct:
            found.left_out[name] = "empty"
        elif name in said.entities:
            continue
        elif _LEAKS.search(plain(name)):
            found.left_out[name] = "label"
        elif shape.kind == "text" and _ID.search(plain(name)) and not _ENTITY.search(plain(name)) and _unique(shape):
            found.left_out[name] = "number"


def _unique(shape: Shape) -> bool:
    return shape.distinct > 100 and shape.distinct > 0.99 * shape.known


def _time(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    if said.time == "none":
        return
    if said.time:
        found.time = said.time
        found.epoch = _epoch(shapes[said.time]) if shapes[said.time].kind in ("int", "number") else ""
    else:
        free = [s for s in shapes.values() if s.name not in (found.label, *said.without)]
        times = [s for s in free if s.kind == "time" and not _NOT_EVENT.search(plain(s.name)) and s.missing < 0.02]
        numbers = [
            s for s in free
            if s.kind in ("int", "number") and _TIME.search(plain(s.name)) and not _NOT_EVENT.search(plain(s.name)) and s.missing == 0
            and (stamp_of(s) or (s.rising and s.distinct > 5 and s.low >= 0))
        ]  # fmt: skip
        best = max([*times, *numbers], key=_likely_time, default=None)
        if best is None:
            return
        found.time, found.epoch = best.name, "" if best.kind == "time" else _epoch(best)
    shape = shapes[found.time]
    clocks = [s.name for s in shapes.values() if s.kind == "clock" and not _NOT_EVENT.search(plain(s.name))]
    if clocks and shape.kind == "time" and ":" not in shape.example:
        found.clock = clocks[0]


def _likely_time(shape: Shape) -> tuple[bool, bool, bool, bool, int]:
    """What makes one time more likely the event's than another."""
    name = plain(shape.name)
    return (
        bool(_TIME.search(name)), not _OTHER_TIME.search(name), shape.kind == "time", bool(_EVENT_TIME.search(name)), shape.distinct
    )  # fmt: skip


def _epoch(shape: Shape) -> str:
    return stamp_of(shape) or next((unit for word, unit in _STEPS.items() if word in plain(shape.name)), "s")


def _id(found: Roles, shapes: Mapping[str, Shape], said: Said, columns: Mapping[str, Sequence[Any]]) -> None:
    if said.id:
        found.id = said.id
        return
    apart = (found.time, found.label, "", *said.without)
    likely = [
        s for s in shapes.values()
        if s.kind in ("int", "text", "card") and not s.missing and _ID.search(plain(s.name)) and s.name not in apart
    ]  # fmt: skip
    unique = [s for s in likely if s.distinct == s.n]
    copied = [
        s for s in likely
        if SAME * s.n <= s.distinct < s.n and not _ENTITY.search(plain(s.name)) and _only_copies(s.name, columns)
    ]  # fmt: skip
    named = [s for s in unique if not _ENTITY.search(plain(s.name))] or copied or unique
    counting = [
        s for s in shapes.values()
        if s.kind == "int" and s.rising and s.distinct == s.n > 100 and s.name != found.time and not _MONEY[0].search(plain(s.name))
    ]  # fmt: skip
    found.id = next((s.name for s in (*named, *counting) if s.name not in apart), "")
    found.left_out |= {s.name: "number" for s in counting if s.name not in (found.id, found.label)}


def _only_copies(name: str, columns: Mapping[str, Sequence[Any]]) -> bool:
    """Whether records with one id are the same in everything else."""
    first: dict[Any, int] = {}
    for row, value in enumerate(columns[name]):
        before = first.setdefault(value, row)
        if before != row and any(values[before] != values[row] for values in columns.values()):
            return False
    return True


def _money(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    free = [
        s
        for s in shapes.values()
        if s.kind in ("int", "number") and s.name not in (*found.left_out, found.time, found.id, found.label)
    ]
    named = [
        s.name for each in _MONEY for s in free
         if each.search(plain(s.name)) and s.low >= 0 and s.distinct > (2 if each is _MONEY[0] else 20)
    ]  # fmt: skip
    found.money = said.money or (named[0] if named else "")
    if found.money:
        own, whole = plain(found.money), shapes[found.money].kind == "int"
        units = [unit for unit, names in _MONEY_UNITS.items() if names.search(own) and (whole or unit == "wan")]
        found.money_unit = units[0] if units else ""


def _entities(found: Roles, shapes: Mapping[str, Shape], said: Said) -> None:
    taken = {found.label, found.time, found.clock, found.id, found.money, *found.left_out}
    guessed = [s.name for s in shapes.values() if s.name not in taken and _is_entity(s)]
    found.entities = list(dict.fromkeys([*said.entities, *guessed]))[: max(MAX_ENTITIES, len(said.entities))]


def _is_entity(shape: Shape) -> bool:
    if shape.kind in ("ip", "email", "phone", "id_number", "card"):
        return True
    name = plain(shape.name)
    many = shape.distinct > 20 and shape.known > shape.distinct * 1.02
    if shape.kind not in ("int", "text") or not many or _NO_ENTITY.search(name):
        return False
    return bool(_ENTITY.search(name)) or (
        shape.distinct > 50 and (bool(re.search(r"(^|_)id$", name)) or _are_codes(shape))
    )


def _are_codes(shape: Shape) -> bool:
    """Whether the values look like what things are told apart by: d17281, M-004, 3f9a0c…"""
    good = sum(count for text, count in shape.counts.items() if _CODE.fullmatch(text.strip()))
    return shape.kind == "text" and good >= 0.98 * shape.known


def _is_personal(shape: Shape) -> bool:
    name = plain(shape.name)
    if shape.kind != "text" or shape.distinct <= 20:
        return False
    return bool(ID_NAME.search(name)) or (bool(_PERSONAL.search(name)) and not _NO_PERSON.search(name))
