"""What an attack came to: one JSON object, and one HTML page in both languages.

In: what was found per kind, with its closings. Out: dictionaries and HTML. No clock and no paths of the machine: same seed, same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from zhiyu.evaluation.backtest_page_parts import both, plain, row, table, whole
from zhiyu.evaluation.backtest_words import Said
from zhiyu.simulation.attack import ways as w
from zhiyu.simulation.attack.closing import Closing
from zhiyu.simulation.attack.means import Means
from zhiyu.simulation.attack.run import Operation
from zhiyu.simulation.attack.script import KINDS_ZH
from zhiyu.simulation.attack.search import Found
from zhiyu.simulation.lender import VERSION as LENDER


@dataclass
class Report:
    """An attack on one policy. `closings` by kind."""

    policy: str
    policy_hash: str
    seed: int
    goal_yuan: int
    tries: int
    means: Means
    found: list[Found] = field(default_factory=list)
    closings: dict[str, list[Closing]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "policy": self.policy, "policy_hash": self.policy_hash, "lender": LENDER, "seed": self.seed, "goal_yuan": self.goal_yuan,
            "budget_tries": self.tries, "means": self.means.to_dict(), "kinds": {each.kind: self._kind(each) for each in self.found},
        }  # fmt: skip

    def _kind(self, found: Found) -> dict[str, Any]:
        best = found.best
        return {
            "tries": found.tries, "ways": found.ways, "knobs": list(found.knobs), "proven": found.proven,
            "first_success_at": found.first_at,
            "price_per_round": [None if each is None else round(each, 2) for each in found.price_per_round],
            "cheapest_tried_first": _operation(found.naive) if found.naive else None, "best": _operation(best) if best else None,
            "walked_around": [
                {"means": name, "stopped_without": each.victims - each.successes, "of": each.victims, "by": _stops(each)}
                for name, each in found.without
            ],
            "closings": [
                {"type": c.type, "when": c.when, "honest_share": round(c.honest_share, 6), "honest_a_day": round(c.honest_a_day, 3),
                 "honest_yuan_a_day": round(c.honest_yuan_a_day, 2)} for c in self.closings.get(found.kind, [])
            ],
        }  # fmt: skip


def _operation(each: Operation) -> dict[str, Any]:
    return {
        "way": w.said(each.way), "victims": each.victims, "successes": each.successes, "challenges_answered": each.challenged,
        "yuan_per_success": None if each.price is None else round(each.price, 2), "spent_yuan": round(each.spent_yuan, 2),
        "tries_per_success": round(each.victims / each.successes, 3) if each.successes else None,
        "taken_yuan": each.taken_fen // 100, "stopped_by": _stops(each),
    }  # fmt: skip


def _stops(each: Operation) -> list[dict[str, Any]]:
    ordered = sorted(each.stops.items(), key=lambda item: (-item[1], item[0]))
    return [{"at": at, "rules": rules, "victims": count} for (at, rules), count in ordered]


def page(report: Report, language: str = "en") -> str:
    """The report as one HTML page; `language` is the one it opens in."""
    head = [
        f"<h1>{both(Said('What an attack costs', '攻击价格'))}</h1>",
        f'<p class="soft">{escape(report.policy)} · <code>{report.policy_hash}</code> · {LENDER} · seed {report.seed}</p>',
        table(
            [Said("kind", "类型"), Said("tries", "尝试"), Said("yuan per success", "每次得手成本（元）"),
             Said("tries per success", "每次得手尝试"),
             Said("of the goal", "占目标"), Said("cheapest there is", "已穷尽更便宜的方式")],
            [_line(report, each) for each in report.found],
        ),
    ]  # fmt: skip
    return whole(
        "Zhiyu attack · 智御攻击价格",
        [*head, *(_section(report, each) for each in report.found), _method(report)],
        language,
    )


def kind_said(kind: str) -> Said:
    """The name of a kind in both languages."""
    return Said(kind.replace("_", " "), KINDS_ZH[kind])


def _line(report: Report, found: Found) -> str:
    best = found.best
    if best is None or best.price is None:
        nothing = both(Said("no way found", "未找到途径"))
        return row([both(kind_said(found.kind)), f"{found.tries:,}", nothing, "", "", _yes(found.proven)])
    share = f"{100 * best.price / report.goal_yuan:.1f} %"
    tries = f"{best.victims / best.successes:.2f}"
    return row(
        [both(kind_said(found.kind)), f"{found.tries:,}", f"{best.price:,.0f}", tries, share, _yes(found.proven)]
    )


def _yes(value: bool) -> str:
    return both(Said("yes", "是") if value else Said("not proven", "未穷尽"))


def _section(report: Report, found: Found) -> str:
    parts = [f"<h2>{both(kind_said(found.kind))}</h2>"]
    best = found.best
    if best is None:
        told = Said(
            f"In {found.tries:,} tries no way through was found among {found.ways:,}.",
            f"尝试 {found.tries:,} 次，{found.ways:,} 种方式中未找到途径。",
        )  # fmt: skip
        parts.append(f"<p>{both(told)}</p>")
        if found.naive is not None:
            parts.append(_stops_table(Said("what stopped the cheapest way", "最便宜方式被何拦下"), found.naive))
        return "".join(parts)
    parts.append(_way_table(best))
    if found.without:
        parts.append(f"<h3>{both(Said('what each means walks around', '各手段绕过了什么'))}</h3>")
        heads = [Said("without", "去掉"), Said("stopped", "被拦"), Said("by", "规则")]
        parts.append(table(heads, [_without(name, each) for name, each in found.without]))
    closings = report.closings.get(found.kind, [])
    if closings:
        parts.append(f"<h3>{both(Said('what closing it would cost honest customers', '堵住它对正常客户的代价'))}</h3>")
        heads = [Said("on", "事件"), Said("condition", "条件"), Said("honest events hit", "命中正常事件"), Said("a day", "每天"),
                 Said("yuan a day", "每天金额（元）")]  # fmt: skip
        parts.append(table(heads, [_closing(each) for each in closings]))
    return "".join(parts)


def _way_table(best: Operation) -> str:
    english, chinese = w.said(best.way), w.said(best.way, True)
    lines = [
        row([both(Said(name, zh)), both(Said(level, level_zh))], "left")
        for (name, level), (zh, level_zh) in zip(english.items(), chinese.items())
    ]
    return table([Said("means", "手段"), Said("level", "取值")], lines)


def _without(name: str, each: Operation) -> str:
    stops = "; ".join(
        f"{at}: {rules} ({count})" for (at, rules), count in sorted(each.stops.items(), key=lambda item: -item[1])[:3]
    )
    label = both(
        Said(
            f"{name} ({w.KNOBS[name][0]})",
            f"{w.WORDS_ZH[name]}（{w.LEVELS_ZH.get(w.KNOBS[name][0], w.KNOBS[name][0])}）",
        )
    )
    return row([label, f"{each.victims - each.successes} / {each.victims}", plain(stops)], "left")


def _stops_table(head: Said, each: Operation) -> str:
    lines = [
        row([plain(at), plain(rules), f"{count}"], "left")
        for (at, rules), count in sorted(each.stops.items(), key=lambda item: -item[1])
    ]
    return f"<h3>{both(head)}</h3>" + table([Said("at", "环节"), Said("by", "规则"), Said("victims", "户数")], lines)


def _closing(each: Closing) -> str:
    share = f"{100 * each.honest_share:.2f} %"
    return row(
        [
            plain(each.type),
            f"<code>{escape(each.when)}</code>",
            share,
            f"{each.honest_a_day:.1f}",
            f"{each.honest_yuan_a_day:,.0f}",
        ]
    )


def _method(report: Report) -> str:
    prices: Sequence[tuple[str, Any]] = [item for item in report.means.to_dict().items() if item[0] != "version"]
    said = Said(
        "Prices of the adversary's means, in yuan: declared, not measured. An answered challenge counts as got through and is paid for.",
        "攻击者手段的价格（元）：为声明值，并非市场数据。骗过验证视为通过，并计入成本。",
    )
    lines = [row([plain(name), f"{price:g}"]) for name, price in prices]
    return (
        f'<h2>{both(Said("prices", "价格表"))} {plain(report.means.version)}</h2><p class="why">{both(said)}</p>'
        + table([Said("means", "手段"), Said("yuan", "元")], lines)
    )
