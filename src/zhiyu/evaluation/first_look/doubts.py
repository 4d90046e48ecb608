"""What a person should look at before a first look is believed, in words.

In: a `Looked`. Out: sentences, en and zh, each with the option that says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from zhiyu.evaluation.first_look.look import Looked
from zhiyu.evaluation.first_look.timeline import DELAYS, STRETCHES

MANY_ALONE = 3
"""Stretches of time with nothing but frauds from which on the file was put together."""
SHORT_S = DELAYS[0][1]


def doubts_of(looked: Looked) -> list[tuple[str, str]]:
    """(English, Chinese), the label first."""
    return [*_label(looked), *_times(looked), *_columns(looked)]


def _label(looked: Looked) -> Iterator[tuple[str, str]]:
    roles = looked.roles
    if not roles.label:
        if not roles.labels_apart:
            yield (
                "no label was found; --label COLUMN names it, --labels FILE a file of labels with columns id and fraud",
                "没有找到标签列；请用 --label 指定；标签在另一个文件中（列为 id、fraud）时请加 --labels 文件",
            )
        return
    bad = "/".join(roles.fraud)
    if not roles.named:
        yield (
            f"{roles.label} was taken for the label, though its name does not say so; --label COLUMN says otherwise",
            f"暂以 {roles.label} 为标签列，但列名不能说明；如不对请用 --label 指定",
        )
    if not roles.sure:
        yield (
            f"{roles.label}: {bad} was taken for fraud because it is rarer; --fraud VALUE says otherwise",
            f"{roles.label}：{bad} 较少，暂定为欺诈；如不对请用 --fraud 指定",
        )
    if roles.open:
        words = ", ".join(roles.open)
        yield (f"{roles.label}: {words} was taken for no label yet", f"{roles.label}：{words} 视为尚无标签")


def _times(looked: Looked) -> Iterator[tuple[str, str]]:
    roles, line = looked.roles, looked.timeline
    if not roles.time:
        yield (
            "no time was found: a table in no order of time, nothing is counted over windows",
            "没有时间列：按无时间的表格处理，不做滑动窗口统计",
        )
    elif not roles.entities:
        yield (
            "no entity (a customer, a card) was found; --entity COLUMN names one",
            "没有找到主体（客户、卡、设备）；可用 --entity 指定",
        )
    if line is None or not roles.label:
        return
    if line.span_s < SHORT_S:
        days = line.span_s / 86_400
        yield (
            f"the file spans {days:.1f} days: labels were taken to come {line.delay} later; --label-delay says otherwise",
            f"文件跨度 {days:.1f} 天：暂定标签晚到 {line.delay}；如不对请用 --label-delay 指定",
        )
    if line.only_fraud >= MANY_ALONE:
        part = f"{line.only_fraud}/{STRETCHES}"
        yield (
            f"in {part} of the time every labelled record is fraud: the good ones were left out, so counts over time and a test on "
            "later events say little; train with --split draw",
            f"有 {part} 的时段内带标签的记录全是欺诈：正常记录被剔除，按时间的统计与按时间切分的测试都不可信；训练请用 --split draw",
        )
    if line.silent_from_ms:
        day = datetime.fromtimestamp(line.silent_from_ms / 1000, UTC).date()
        yield (
            f"from {day} on no record is labelled fraud: if those labels are still to come, train with --test-until {day}",
            f"{day} 起没有记录被标为欺诈：若标签尚未到达，训练请用 --test-until {day}",
        )


def _columns(looked: Looked) -> Iterator[tuple[str, str]]:
    for name, why in looked.roles.left_out.items():
        if why == "label":
            yield f"left out {name}: it seems to tell the outcome", f"未采用 {name}：它似乎就是结果"
        if why == "label" and not (looked.roles.label or looked.roles.labels_apart):
            known = 1 - looked.shapes[name].missing
            yield (
                f"{name} has a value in {known:.1%} of the records; if that says which were fraud, write a file with columns id and fraud, "
                "and name it with --labels",
                f"{known:.1%} 的记录有 {name}；若由此可知哪些是欺诈，请写成列为 id、fraud 的文件，并用 --labels 指定",
            )
    for name, area in looked.telling.items():
        yield (
            f"{name} tells the outcome almost alone (area under the curve {area:.3f}): is it known at that moment? "
            "--without COLUMN leaves it out",
            f"{name} 几乎单独就能判定结果（AUC {area:.3f}）：当时真的已知吗？可用 --without 排除",
        )
