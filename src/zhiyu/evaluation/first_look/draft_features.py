"""Features and first rules of a drafted policy: what is worth counting about who is involved.

In: the fields by what they are for. Out: YAML texts. Counts, sums and habits of each entity over sliding windows; how often what is known
of an entity, or of a value with many others beside it, turned out to be fraud, from labels that had arrived.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from zhiyu.base.money import MINOR_DIGITS
from zhiyu.evaluation.first_look.roles import Roles
from zhiyu.evaluation.first_look.shapes import Shape
from zhiyu.events.spelling import plain_number

MANY = 64
"""Different values from which on a text is no category of a model."""
MAX_GROUPS = 6
RARE = 0.999


@dataclass(frozen=True)
class Counted:
    """`keys`: fields of entities; `groups`: texts with many values, worth a good or bad name; `money`: the amount; `label`, `timed`: there
    is one.
    """

    keys: tuple[str, ...]
    groups: tuple[str, ...]
    money: str
    label: bool
    timed: bool

    @staticmethod
    def of(shapes: Mapping[str, Shape], roles: Roles, names: Mapping[str, str], kinds: Mapping[str, str]) -> Counted:
        """From what the columns are for."""
        keys = tuple(names[column] for column in roles.entities if column in names)
        groups = [
            names[column] for column, kind in kinds.items()
            if kind == "string" and column not in roles.entities and column not in roles.personal and shapes[column].distinct > MANY
            and shapes[column].known >= 3 * shapes[column].distinct
        ]  # fmt: skip
        money = names.get(roles.money, "")
        return Counted(
            keys, tuple(groups[:MAX_GROUPS]), money, bool(roles.label or roles.labels_apart), bool(roles.time)
        )


def features_text(counted: Counted) -> str:
    """features.yaml; "" where nothing can be counted over time."""
    named = (*counted.keys, *counted.groups)
    if not counted.timed or not named:
        return ""
    lines = [
        "# What has been counted when an event arrives, over sliding windows that are exact to the event.", "grids:",
        f'  - {{name: "{{by}}_count_{{over}}", by: [{", ".join(named)}], aggregates: [count], over: [1h, 1d, 7d, 30d]}}',
    ]  # fmt: skip
    keys = ", ".join(counted.keys)
    if counted.keys and counted.money:
        lines.append(
            f'  - {{name: "{{by}}_{counted.money}_{{aggregate}}_{{over}}", by: [{keys}], of: [{counted.money}], '
            "aggregates: [mean, max, std], over: [7d, 30d, 90d], current: exclude}"
        )
        lines.append(
            f'  - {{name: "{{by}}_{counted.money}_sum_{{over}}", by: [{keys}], of: [{counted.money}], aggregates: [sum], over: [1d, 7d]}}'
        )
    for key in counted.keys:
        others = [other for other in counted.keys if other != key]
        if others:
            lines.append(
                f'  - {{name: "{{by}}_{{of}}_different_{{over}}", by: [{key}], of: [{", ".join(others)}], '
                "aggregates: [distinct], over: [1d, 30d]}"
            )
    if counted.keys:
        lines.append(
            f'  - {{name: "{{by}}_{{aggregate}}", by: [{keys}], aggregates: [since_last, since_first], over: [90d], current: exclude}}'
        )
    if counted.label:
        lines += [
            "  # what turned out to be fraud, counted from the moment its label had arrived",
            f'  - {{name: "{{by}}_{{where}}_{{over}}", by: [{", ".join(named)}], aggregates: [count], over: [7d, 30d, 365d], '
            'on: [label], where: {fraud: fraud, seen: ""}}',
        ]
    derived = _ratios(counted)
    return "\n".join([*lines, *(["features:", *derived] if derived else [])]) + "\n"


def _ratios(counted: Counted) -> list[str]:
    lines = []
    for key in counted.keys if counted.money else ():
        habit = f"{key}_{counted.money}"
        lines.append(f"  - {{name: {habit}_multiple, expr: {counted.money} / {habit}_mean_90d}}")
        lines.append(f"  - {{name: {habit}_over_max, expr: {counted.money} / {habit}_max_90d}}")
        lines.append(f"  - {{name: {habit}_far, expr: ({counted.money} - {habit}_mean_90d) / {habit}_std_90d}}")
    if counted.label:
        lines += [
            f"  - {{name: {key}_fraud_share_{over}, expr: {key}_fraud_{over} / {key}_seen_{over}, "
            f"en: share of frauds among what is known of the same {key} in {over}, zh: 同一{key} {over} 内已知结果中的欺诈占比}}"
            for key in (*counted.keys, *counted.groups)
            for over in ("30d", "365d")
        ]
    return lines


def rules_text(
    counted: Counted, shapes: Mapping[str, Shape], names: Mapping[str, str], currency: str, power: int = 0
) -> str:
    """rules.yaml: a few first rules, every number of which is to be thought about. `power`: of ten, that makes the file's money the
    currency's."""
    rules, reasons = [], []
    money = next((shapes[column] for column, field in names.items() if field == counted.money), None)
    if money is not None:
        edge = f"{_quantile(money) * 10.0**power:.{MINOR_DIGITS.get(currency, 2)}f}"
        rules.append(
            f"      - {{name: large, when: {counted.money} >= {edge}, score: 40, reason: LARGE}}  # one in a thousand in the file"
        )
        reasons.append(("LARGE", "the amount is very large", "金额很大"))
    if counted.timed:
        for key in counted.keys:
            rules.append(f"      - {{name: burst_of_{key}, when: {key}_count_1h >= 10, score: 40, reason: BURST}}")
            if counted.label:
                rules.append(
                    f"      - {{name: bad_name_of_{key}, when: '{key}_fraud_30d >= 2 and coalesce({key}_fraud_share_30d, 0) >= 0.5', "
                    "score: 60, reason: BAD_NAME}"
                )
        if counted.keys:
            reasons.append(("BURST", "many events in a short time", "短时间内事件很多"))
        if counted.keys and counted.label:
            reasons.append(("BAD_NAME", "frauds were reported before", "此前有欺诈记录"))
    if not rules:
        rules, reasons = [_any_rule(shapes, names)], [("ODD", "an unusual value", "取值不常见")]
    lines = [
        "# First rules, to have something that decides. Look at what they hit; then `zhiyu train` and `zhiyu tune` say more.",
        "rule_sets:", "  - name: first_rules", "    rules:", *rules, "    thresholds:", "      - {score: 40, outcome: review}",
        *(["      - {score: 100, outcome: decline}"] if len(rules) > 2 else []), "reasons:",
        *(f"  - {{code: {code}, en: {en}, zh: {zh}}}" for code, en, zh in reasons),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _any_rule(shapes: Mapping[str, Shape], names: Mapping[str, str]) -> str:
    """A rule for a table that has neither an amount nor anybody in it: the largest values of its first number, or its rarest word."""
    fields = [(field, shapes[column]) for column, field in names.items() if shapes[column].distinct > 1]
    for field, shape in fields:
        if shape.kind in ("int", "number") and shape.low < shape.high:
            return f"      - {{name: odd_{field}, when: {field} >= {_quantile(shape):g}, score: 40, reason: ODD}}"
    for field, shape in fields:
        if shape.kind == "text":
            word = json.dumps(shape.counts.most_common()[-1][0], ensure_ascii=False)
            return f"      - {{name: odd_{field}, when: '{field} == {word}', score: 40, reason: ODD}}"
    return "      - {name: odd, when: event_type is null, score: 40, reason: ODD}"


def _quantile(shape: Shape) -> float:
    """The value that one record in a thousand reaches."""
    numbers = sorted(
        (float(plain_number(text, shape.decimal) or 0) if shape.decimal else float(text), count)
        for text, count in shape.counts.items()
    )
    left = shape.known * RARE
    for value, count in numbers:
        left -= count
        if left <= 0:
            return value
    return numbers[-1][0]
