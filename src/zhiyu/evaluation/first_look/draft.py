"""The policy folder that a first look leads to: source, event type, features, first rules.

In: a sample with its shapes and roles. Out: file name → YAML text, written for people who will change it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import combinations

from zhiyu.base.limits import MAX_FIELDS, MAX_VALUE
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.evaluation.first_look.draft_features import Counted, features_text, rules_text
from zhiyu.evaluation.first_look.names import names_of, plain
from zhiyu.evaluation.first_look.roles import Roles
from zhiyu.evaluation.first_look.sample import Sample
from zhiyu.evaluation.first_look.shapes import Shape, stamp_of
from zhiyu.evaluation.first_look.timeline import Timeline, formats_with
from zhiyu.events.kinds.in_unit import MONEY
from zhiyu.events.problems import RESERVED
from zhiyu.expressions.functions import FUNCTIONS

_CODE = re.compile(r"code|(^|_)type|zip|postal|mcc|(^|_)bin$|categor|region|(^|_)id$|addr\d|代码|类型|编码|邮编|类别")
_NUMBER = re.compile(r"count|num|since|velocity|ratio|amount|_\d+[hdwmy]$|次数|数量|金额")
_PHONE = re.compile(r"phone|mobile|(^|_)tel|手机|电话")
_PLAIN = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff]*")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])
STAMP_NAME = re.compile(r"time|date|stamp|(^|_)(ts|at|on)$|epoch|unix|时间|日期")
TAKEN = RESERVED | frozenset(FUNCTIONS) | {"fraud", "outcome", "score", "label", "decision"}
LONG_GAP_MS = 300 * 86_400_000
"""A jump that comes near what `clock.max_ahead` lets through."""


@dataclass(frozen=True)
class Draft:
    """What will be written. `names`: column → field; `kinds`: column → type of the field."""

    files: dict[str, str]
    names: dict[str, str]
    kinds: dict[str, str]


@dataclass(frozen=True)
class Wanted:
    """What the user wants it to be called: policy, event type, currency of the money, zone of times without an offset, delay of labels."""

    policy: str
    event: str = "event"
    currency: str = "CNY"
    timezone: str = "UTC"
    delay: str = ""


def scalar(text: object) -> str:
    """A YAML scalar that reads as this text or number."""
    if isinstance(text, (int, float)):
        return str(text)
    words = str(text)
    plain = _PLAIN.fullmatch(words) and words.lower() not in _WORDS
    return words if plain else json.dumps(words, ensure_ascii=False)


def draft_of(
    sample: Sample, shapes: dict[str, Shape], roles: Roles, timeline: Timeline | None, wanted: Wanted
) -> Draft:
    """Write it down."""
    apart = {roles.label, roles.time, roles.clock, roles.id, *roles.left_out, *roles.places.values()} - set(
        roles.entities
    )
    columns = [name for name in shapes if name not in apart][: MAX_FIELDS - 16]
    named = {name: name for name in columns if name not in roles.places}
    names = names_of(list(named), TAKEN) | {
        lat: "place" if len(roles.places) == 1 else f"place_{n}" for n, lat in enumerate(roles.places, 1)
    }
    kinds = {name: _kind(shapes[name], roles) for name in columns}
    counted = Counted.of(shapes, roles, names, kinds)
    files = {
        "policy.yaml": _policy(sample, shapes, roles, names, kinds, timeline, wanted),
        "events.yaml": _events(shapes, roles, names, kinds, wanted),
        "features.yaml": features_text(counted),
        "rules.yaml": rules_text(counted, shapes, names, wanted.currency, MONEY.get(roles.money_unit, 0)),
    }
    return Draft({name: text for name, text in files.items() if text}, names, kinds)


def _kind(shape: Shape, roles: Roles) -> str:
    name, kind = shape.name, shape.kind
    own = plain(name)
    if name in roles.places:
        return "geo"
    if name == roles.money and max(abs(shape.low), abs(shape.high)) < MAX_VALUE / 1000:
        return "money"
    if _PHONE.search(own) and kind in ("text", "int") and name in roles.entities:
        return "phone"
    if kind == "int" and (name in roles.entities or (_CODE.search(own) and not _NUMBER.search(own) and shape.low >= 0)):
        return "string"
    if stamp_of(shape) and roles.time and (STAMP_NAME.search(own) or shape.high > 1e12):
        return "time"
    return {"text": "string", "clock": "string"}.get(kind, kind)


def _policy(
    sample: Sample,
    shapes: dict[str, Shape],
    roles: Roles,
    names: dict[str, str],
    kinds: dict[str, str],
    timeline: Timeline | None,
    wanted: Wanted,
) -> str:
    lines = [
        "# Written by a first look at the file: read it, and change what was guessed wrong. `zhiyu check` says what does not fit.",
        f"name: {scalar(wanted.policy)}", f"zh: {scalar(wanted.policy)}",
    ]  # fmt: skip
    if timeline is not None and timeline.gap_ms > LONG_GAP_MS:
        lines.append("clock: {max_ahead: 3650d}  # the file jumps far ahead in time")
    lines += ["sources:", "  - name: file", f"    event: {wanted.event}"]
    lines += [f"    {key}: {_value(value)}" for key, value in _written(sample, shapes, kinds).items()]
    lines.append(
        f"    id: {scalar(roles.id)}"
        if roles.id
        else "    # no column tells records apart: the place in the file is the id"
    )
    lines.append(_time_line(shapes, roles, wanted))
    if roles.time and not _in_order(shapes[roles.time], roles):
        lines.append("    order: time  # the file is in no order of time")
    lines.append("    fields:")
    for column, field in names.items():
        if kinds[column] == "geo":
            lines.append(f"      {field}: [{scalar(column)}, {scalar(roles.places[column])}]")
        elif kinds[column] != "time":
            lines.append(f"      {field}: {scalar(column)}")
    times = [column for column, kind in kinds.items() if kind == "time"]
    if times:
        lines.append("    times:")
        lines += [f"      {names[column]}: {_other_time(shapes[column], wanted)}" for column in times]
    if roles.money_unit and kinds.get(roles.money) == "money":
        lines.append(f"    units: {{{names[roles.money]}: {roles.money_unit}}}  # the name of the column says so")
    lines += _label_lines(shapes, roles, timeline, wanted)
    lines += [f"    # left out: {column or '?'} ({_WHY[why]})" for column, why in roles.left_out.items()]
    return "\n".join(lines) + "\n"


_WHY = {
    "constant": "always the same",
    "empty": "always empty",
    "label": "seems to tell the outcome, as a label does",
    "number": "only tells records apart",
    "said": "as you said",
    "nameless": "the column has no name",
}


def _written(sample: Sample, shapes: dict[str, Shape], kinds: dict[str, str]) -> dict[str, object]:
    """How the file is written, its words for nothing and its decimal mark."""
    found: dict[str, object] = dict(sample.written)
    words = dict.fromkeys(word.strip() for name in shapes for word in shapes[name].words)
    if words:
        found["missing"] = tuple({word.casefold(): word for word in words}.values())
    decimals = {shapes[name].decimal for name in kinds} - {""}
    if decimals:
        found["decimal"] = "," if "," in decimals else "."
    return found


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(scalar(each) for each in value) + "]"
    return scalar(value)


def _time_line(shapes: dict[str, Shape], roles: Roles, wanted: Wanted) -> str:
    if not roles.time:
        return "    # no time: a table in no order of time, nothing is counted over windows"
    if roles.epoch:
        return f"    time: {{column: {scalar(roles.time)}, epoch: {roles.epoch}}}"
    extra = f", clock: {scalar(roles.clock)}" if roles.clock else ""
    return f"    time: {_time(roles.time, formats_with(shapes, roles), wanted, extra)}"


def _time(column: str, formats: tuple[str, ...], wanted: Wanted, extra: str = "") -> str:
    told = f", formats: [{', '.join(json.dumps(each, ensure_ascii=False) for each in formats)}]" if formats else ""
    return f"{{column: {scalar(column)}{extra}{told}, timezone: {scalar(wanted.timezone)}}}"


def _other_time(shape: Shape, wanted: Wanted) -> str:
    """A time that is not the event's."""
    if unit := stamp_of(shape):
        return f"{{column: {scalar(shape.name)}, epoch: {unit}}}"
    return _time(shape.name, shape.formats, wanted)


def _in_order(shape: Shape, roles: Roles) -> bool:
    return shape.rising and not roles.clock


def _label_lines(shapes: dict[str, Shape], roles: Roles, timeline: Timeline | None, wanted: Wanted) -> list[str]:
    if roles.labels_apart:
        return ["    # labels come in a file of their own: --labels when you replay and train"]
    if not roles.label:
        return [
            "    # no label was found: declare `label: {column: …, fraud: […], legit: […], delay: 7d}` when there is one"
        ]
    bad, good = (", ".join(scalar(word) for word in words) for words in (roles.fraud, roles.legit))
    counts = shapes[roles.label].counts
    frauds, legits = (sum(counts[word] for word in words) for words in (roles.fraud, roles.legit))
    unsure = "" if roles.sure else "; the rarer value was taken for fraud: is that so?"
    delay = wanted.delay or (timeline.delay if timeline is not None else "0s")
    silent = ", ".join(roles.open)
    return [
        f"    # {frauds / max(frauds + legits, 1):.2%} of the labelled records are fraud{unsure}",
        *([f"    # no label yet: {silent}"] if silent else []),
        f"    label: {{column: {scalar(roles.label)}, fraud: [{bad}], legit: [{good}], delay: {delay}}}",
    ]


def _events(
    shapes: dict[str, Shape], roles: Roles, names: dict[str, str], kinds: dict[str, str], wanted: Wanted
) -> str:
    lines = ["events:", f"  - name: {wanted.event}"]
    money = names.get(roles.money, "") if kinds.get(roles.money) == "money" else ""
    if money:
        lines.append(f"    money: {money}  # how much is at stake")
    lines.append("    fields:")
    for column, field in names.items():
        shape, kind = shapes[column], kinds[column]
        told = [f"type: {kind}"]
        if kind == "money":
            told += [
                f"currency: {wanted.currency}",
                *(
                    ["round: true"]
                    if shape.digits > MINOR_DIGITS.get(wanted.currency, 2) or shape.kind == "number"
                    else []
                ),
            ]
        if kind == "number":
            told += [*([f"digits: {shape.digits}"] if shape.digits != 6 else []), "round: true"]
        if column in roles.entities:
            told.append(f"entity: {field}")
        if column in roles.personal:
            told.append("personal: true")
        lines.append(f"      {field}: {{{', '.join(told)}}}")
    derived = _derived(shapes, roles, names, kinds)
    if derived:
        lines.append("    # values of one event alone")
        lines += ["    derive:", *(f"      {name}: {expression}" for name, expression in derived.items())]
    return "\n".join(lines) + "\n"


def _derived(shapes: dict[str, Shape], roles: Roles, names: dict[str, str], kinds: dict[str, str]) -> dict[str, str]:
    """Hour and day of the week where the time of day is known; how long before the event other times were; how far apart places are."""
    found: dict[str, str] = {}
    if roles.time and (roles.epoch or roles.clock or ":" in shapes[roles.time].example):
        found |= {"hour_of_day": "hour(time)", "day_of_week": "weekday(time)"}
    found |= {
        f"days_since_{names[column]}": f"days(time - {names[column]})"
        for column, kind in kinds.items()
        if kind == "time" and roles.time
    }
    places = [names[column] for column, kind in kinds.items() if kind == "geo"]
    found |= {f"km_{a}_{b}": f"distance_km({a}, {b})" for a, b in combinations(places, 2)}
    return {name: expression for name, expression in found.items() if name not in names.values()}
