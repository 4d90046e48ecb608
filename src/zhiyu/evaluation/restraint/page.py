"""The page of restraint: what was declared, what was found, whether it holds; both languages, no network, no script.

In: facts of `judged_restraint`. Out: HTML.
"""

from __future__ import annotations

from typing import Any

from zhiyu.evaluation.backtest_page_parts import both, plain, row, table
from zhiyu.evaluation.backtest_style import STYLE
from zhiyu.evaluation.backtest_words import Said

HOLDS = {True: Said("holds", "符合"), False: Said("does not hold", "不符合")}


def page(facts: dict[str, Any]) -> str:
    """The whole page."""
    title = Said("Fairness and restraint", "公平与克制")
    count = Said(
        f"{facts['decisions']:,} decisions, {facts['labelled']:,} labels",
        f"{facts['decisions']:,} 个决策，{facts['labelled']:,} 个标签",
    )
    parts = [
        f"<h1>{both(title)}</h1>",
        f"<div class='summary'><p>{_verdict(facts['holds'])}</p><p>{both(count)}</p></div>",
    ]
    parts += [_groups(each) for each in facts["groups"]]
    parts += [_independence(each) for each in facts["independence"]]
    parts += [_over_lending(each) for each in facts["over_lending"]]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{plain(title.en)}</title><style>{STYLE}</style></head><body>'
        '<input class="tongue" type="radio" name="tongue" id="tongue-en" checked><input class="tongue" type="radio" name="tongue" '
        'id="tongue-zh"><label class="tongue" for="tongue-en">English</label><label class="tongue" for="tongue-zh">中文</label>'
        f"<main>{''.join(parts)}</main></body></html>\n"
    )


def _verdict(holds: bool) -> str:
    return f'<span class="{"better" if holds else "worse"}">{both(HOLDS[holds])}</span>'


def _head(each: dict[str, Any], en: str, zh: str) -> str:
    words = Said(each["en"] or en, each["zh"] or zh)
    return f"<h2>{both(words)}: {_verdict(each['holds'])}</h2>"


def _groups(each: dict[str, Any]) -> str:
    heads = (
        Said("group", "分组"), Said("events", "事件"), Said("let through", "放行率"), Said("beside the best", "与最优组之比"),
        Said("good events let through", "正常事件放行率"), Said("beside the best", "与最优组之比"), Said("frauds stopped", "欺诈拦截率"),
    )  # fmt: skip
    rows = [
        row([
            plain(line["group"]), f"{line['events']:,}", _percent(line["let_through"]), _ratio(line, "let_through"),
            _percent(line["good_let_through"]), _ratio(line, "good_let_through"), _percent(line["frauds_stopped"]),
        ])
        for line in each["groups"]
    ]  # fmt: skip
    note = Said(f"at least {each['ratio']:g} times the best", f"不低于最优组的 {each['ratio']:g} 倍")
    return (
        _head(each, f"Groups of {each['of']}", f"{each['of']} 的分组")
        + table(heads, rows)
        + f"<p class='note'>{both(note)}</p>"
    )


def _ratio(line: dict[str, Any], key: str) -> str:
    value = line.get(f"{key}_ratio")
    if value is None:
        return "–"
    return f'<span class="{"same" if line[f"{key}_holds"] else "worse"}">{value:.3f}</span>'


def _independence(each: dict[str, Any]) -> str:
    heads = (
        Said("what", "量"),
        Said("events", "事件"),
        Said("rank correlation", "秩相关"),
        Said("z under chance", "偶然性 z 值"),
        Said("", ""),
    )
    rows = [
        row(
            [
                plain(line["what"]),
                f"{line['events']:,}",
                f"{line['correlation']:+.4f}",
                f"{line['z']:+.1f}",
                _verdict(line["holds"]),
            ]
        )
        for line in each["by"]
    ]
    told = table(heads, rows)
    if "set" in each:
        heads = (
            Said("what", "量"),
            Said("events", "事件"),
            Said("changed", "改变"),
            Said("means", "均值"),
            Said("", ""),
        )
        values = ", ".join(each["values"])
        said = Said(f"decided again as if {each['of']} were {values}", f"假设 {each['of']} 依次为 {values} 重新决策")
        rows = [
            row([
                plain(line["what"]), f"{line['events']:,}", f"{line['changed']:,} ({line['share']:.3%})",
                ", ".join("–" if mean is None else f"{mean:g}" for mean in line["means"]), _verdict(line["holds"]),
            ])
            for line in each["set"]
        ]  # fmt: skip
        told += f"<p class='note'>{both(said)}</p>" + table(heads, rows)
    given = (
        Said(f"among events alike in {', '.join(each['given'])}", f"在 {'、'.join(each['given'])} 相同的事件之间")
        if each["given"]
        else None
    )
    note = f"<p class='note'>{both(given)}</p>" if given else ""
    return _head(each, f"{each['of']} must not matter", f"{each['of']} 不得影响结果") + note + told


def _over_lending(each: dict[str, Any]) -> str:
    lines = Said(
        f"{each['over']:,} of {each['let_through']:,} let through ({each['share']:.3%}) although {each['when']}; "
        f"at most {each['limit']:.3%}; "
        f"{each['stopped']:,} stopped, {each['unknown']:,} not known",
        f"放行 {each['let_through']:,} 个，其中 {each['over']:,} 个（{each['share']:.3%}）符合 {each['when']}，上限 {each['limit']:.3%}；"
        f"已拦下 {each['stopped']:,} 个，无法判断 {each['unknown']:,} 个",
    )  # fmt: skip
    return _head(each, f"Over-lending: {each['name']}", f"过度授信：{each['name']}") + f"<p>{both(lines)}</p>"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"
