"""The words of a backtest, in English and Chinese: numbers, the summary a supervisor reads, what must be said beside the figures.

In: `Backtested`. Out: `Said` pairs. Terminal and page use the same words.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhiyu.base.money import MINOR_DIGITS, say_money
from zhiyu.decisions.explain import OUTCOME_ZH
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.compare_figures import Figure
from zhiyu.evaluation.compare_intervals import Estimate
from zhiyu.evaluation.compare_labels import Blind

NONE = "–"
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Said:
    """One text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en


def number(value: float | None, kind: str, currency: str) -> str:
    """A value of a figure for people: 1,234 · €12.30 · 3.21% · 38.5."""
    if value is None:
        return NONE
    if kind == "money":
        return (
            say_money(round(value), currency).replace("-", MINUS) if currency else f"{value:,.0f}".replace("-", MINUS)
        )
    if kind == "rate":
        return f"{value:.{_digits(value)}%}".replace("-", MINUS)
    if kind == "load":
        return f"{value:,.1f}".replace("-", MINUS)
    return (f"{value:,.0f}" if value == int(value) else f"{value:,.1f}").replace("-", MINUS)


def _digits(share: float) -> int:
    """Decimals of a percentage: small shares need more to differ."""
    return 2 if abs(share) >= 0.01 or share == 0 else 3


def whole_money(value: float | None, currency: str) -> str:
    """Money without cents, for crowded tables."""
    unit = 10 ** MINOR_DIGITS.get(currency, 2)
    return NONE if value is None else number(round(value / unit) * unit, "money", currency).split(".")[0]


def change(value: float | None, kind: str, currency: str) -> Said:
    """A difference with its sign; rates in percentage points."""
    if value is None:
        return Said(NONE, NONE)
    sign = "+" if value > 0 else ""
    if kind == "rate":
        points = f"{sign}{value * 100:.{_digits(value)}f}".replace("-", MINUS)
        return Said(f"{points} pp", f"{points} 个百分点")
    text = sign + number(value, kind, currency)
    return Said(text, text)


def interval(estimate: Estimate, kind: str, currency: str) -> Said:
    """ "+3 to +12", or a dash."""
    if estimate.low is None or estimate.high is None:
        return Said(NONE, NONE)
    low, high = ends(estimate.low, estimate.high, kind)
    first, last = change(low, kind, currency), change(high, kind, currency)
    return Said(f"{first.en.removesuffix(' pp')} to {last.en}", f"{first.zh.removesuffix(' 个百分点')} 至 {last.zh}")


def ends(low: float, high: float, kind: str) -> tuple[float, float]:
    """The ends of an interval as they are shown: counts as whole numbers."""
    return (float(round(low)), float(round(high))) if kind == "count" else (low, high)


def verdict(figure: Figure, estimate: Estimate) -> str:
    """ "better", "worse", "chance" (the interval holds 0), "same", or "" where more is neither."""
    if not estimate.difference or estimate.low is None or estimate.high is None:
        return "same" if estimate.difference == 0 else ""
    if estimate.low <= 0 <= estimate.high:
        return "chance"
    if not figure.better:
        return ""
    return "better" if estimate.difference * figure.better > 0 else "worse"


VERDICTS = {
    "better": Said("better", "改善"), "worse": Said("worse", "变差"), "chance": Said("may be chance", "可能是偶然"),
    "same": Said("no difference", "无差异"), "": Said("", ""),
}  # fmt: skip


def summary(b: Backtested) -> list[Said]:
    """Three sentences: fraud, good customers, work. One when nothing differs."""
    if b.identical:
        n = f"{b.compared.n:,}"
        return [
            Said(
                f"No difference: both policies decide all {n} events alike, in outcome and score.",
                f"没有差异：两个策略对全部 {n} 个事件的结果和分数完全相同。",
            )
        ]
    truth = [_fraud(b), _good(b)] if b.maturity.arrived else [_no_truth(), _moved(b)]
    return [*truth, _work(b)]


def _no_truth() -> Said:
    return Said(
        "No label has arrived, so nothing can be said about fraud or good customers; give --labels or a label column.",
        "尚无已到达的标签，无法判断欺诈与误伤；请提供 --labels 或标签列。",
    )


def _moved(b: Backtested) -> Said:
    return Said(
        f"{b.moved:,} of {b.compared.n:,} decisions have another outcome.",
        f"{b.compared.n:,} 个决策中有 {b.moved:,} 个结果不同。",
    )


def _fraud(b: Backtested) -> Said:
    count, money = b.figures["fraud_caught"], b.figures["fraud_money_caught"]
    more, worth = count.difference or 0.0, money.difference or 0.0
    sure = _sure(count, "count", "")
    if not more:
        en, zh = (
            f"The candidate stops as many frauds as live ({_n(count.live)})",
            f"候选策略拦下的欺诈数与现行相同（{_n(count.live)} 笔）",
        )
    else:
        en = f"The candidate stops {_n(abs(more))} {_more(more)} fraud{_plural(more)} ({_n(count.candidate)} instead of {_n(count.live)})"
        zh = (
            f"候选策略{_more_zh(more)}拦下 {_n(abs(more))} 笔欺诈（{_n(count.candidate)} 笔，现行 {_n(count.live)} 笔）"
        )
    if b.live.currency and worth:
        amount = number(abs(worth), "money", b.live.currency)
        apart = more * worth <= 0
        en += f", {'but' if apart else 'and'} {amount} {'more' if worth > 0 else 'less'} fraud money"
        zh += f"，{'但' if apart else ''}欺诈金额{_more_zh(worth)}拦 {amount}"
    return Said(f"{en}{sure.en}.", f"{zh}{sure.zh}。")


def _good(b: Backtested) -> Said:
    count, rate, declined = b.figures["good_stopped"], b.figures["good_stopped_rate"], b.figures["good_declined"]
    more, refused = count.difference or 0.0, declined.difference or 0.0
    rates = f"{number(rate.candidate, 'rate', '')}", f"{number(rate.live, 'rate', '')}"
    sure = _sure(count, "count", "")
    if not more:
        en, zh = (
            f"It stops as many events of good customers ({_n(count.live)})",
            f"误伤正常事件数不变（{_n(count.live)} 笔）",
        )
    else:
        en = f"It stops {_n(abs(more))} {_more(more)} event{_plural(more)} of good customers"
        en += f" ({rates[0]} of all good ones instead of {rates[1]})"
        zh = f"{_more_zh(more)}误伤 {_n(abs(more))} 笔正常事件（误伤率 {rates[0]}，现行 {rates[1]}）"
    if refused:
        en += f", and declines {_n(abs(refused))} {_more(refused)} outright"
        zh += f"，其中直接拒绝{_more_zh(refused)} {_n(abs(refused))} 笔"
    return Said(f"{en}{sure.en}.", f"{zh}{sure.zh}。")


def _work(b: Backtested) -> Said:
    load, approved = b.figures["reviews_per_day"], b.figures["approval_rate"]
    one, two = number(load.live, "load", ""), number(load.candidate, "load", "")
    rates = number(approved.live, "rate", ""), number(approved.candidate, "rate", "")
    return Said(
        f"Reviews go from {one} to {two} a day (busiest day {b.reviews_max[0]:,}, then {b.reviews_max[1]:,}), approvals from "
        f"{rates[0]} to {rates[1]}.",
        f"日均人工审核由 {one} 变为 {two}（最忙一日 {b.reviews_max[0]:,} → {b.reviews_max[1]:,}），通过率由 {rates[0]} 变为 {rates[1]}。",
    )


def _sure(estimate: Estimate, kind: str, currency: str) -> Said:
    if estimate.low is None or estimate.high is None or not estimate.difference:
        return Said("", "")
    span = interval(estimate, kind, currency)
    doubt = estimate.low <= 0 <= estimate.high
    return Said(
        f"; 95% interval {span.en}{', so it may be chance' if doubt else ''}",
        f"；95% 区间 {span.zh}{'，可能是偶然' if doubt else ''}",
    )


def _n(value: float | None) -> str:
    return number(value, "count", "")


def _plural(value: float) -> str:
    return "" if abs(value) == 1 else "s"


def _more(value: float) -> str:
    return "more" if value > 0 else "fewer"


def _more_zh(value: float) -> str:
    return "多" if value > 0 else "少"


def say_blind(blind: Blind) -> Said:
    """The warning about an outcome whose labels are missing."""
    gone, base = blind.missing / blind.due, blind.passes_missing / max(blind.passes_due, 1)
    zh = OUTCOME_ZH[blind.outcome]
    drawn = blind.let_through
    return Said(
        f"What the live policy sets to {blind.outcome} has too few labels: {blind.missing:,} of {blind.due:,} have none "
        f"({gone:.0%}; of passes {base:.0%}). Whether the candidate gains or harms there cannot be judged from this data; it would "
        f"not stop {blind.milder:,} of them."
        + (f" {drawn:,} that were let through on purpose stand for the rest, by their weight." if drawn else ""),
        f"现行策略“{zh}”的事件缺少标签：{blind.due:,} 个中 {blind.missing:,} 个没有标签（{gone:.0%}；通过的为 {base:.0%}）。"
        f"候选策略在这部分的得失无法由此数据判断；其中 {blind.milder:,} 个候选策略不会拦下。"
        + (f"有意放行的 {drawn:,} 个按权重代表其余。" if drawn else ""),
    )


def _asked(b: Backtested) -> Said:
    ends = b.asked.to_dict()
    begins, ends_at = (str(ends[name] or "").replace("T00:00:00Z", "") for name in ("from", "until"))
    en = " ".join(part for part in (begins and f"from {begins}", ends_at and f"before {ends_at}") if part)
    zh = "、".join(part for part in (begins and f"{begins} 起", ends_at and f"{ends_at} 之前") if part)
    late = " Labels that arrived later do not count." if ends_at else ""
    late_zh = "之后到达的标签不计。" if ends_at else ""
    return Said(
        f"Only decisions {en} are counted; features know what came before.{late}",
        f"只统计 {zh}的决策；特征仍包含此前的历史。{late_zh}",
    )


def _held(b: Backtested, at: int, name: tuple[str, str]) -> Said:
    """What the decisions of one policy that waited came to."""
    held, currency = b.held[at], b.live.currency
    money = f" ({say_money(held.money, currency)})" if currency else ""
    came = ", ".join(f"{name} {count:,}" for name, count in held.came_to.items()) or "–"
    came_zh = "、".join(f"{OUTCOME_ZH[name]} {count:,}" for name, count in held.came_to.items()) or "–"
    return Said(
        f"{name[0]}: {held.count:,} decisions waited{money}, {held.hours_mean:.1f} h on average, {held.hours_max:.1f} h at most; "
        f"they came to: {came}; {held.still_open:,} still wait. Figures count what they came to.",
        f"{name[1]}：{held.count:,} 个决策曾等待{money}，平均 {held.hours_mean:.1f} 小时，最长 {held.hours_max:.1f} 小时；"
        f"最终结果：{came_zh}；仍在等待 {held.still_open:,}。指标按最终结果计算。",
    )


def notes(b: Backtested) -> list[Said]:
    """What must be known beside the figures: the span asked for, events of one policy alone, labels on their way, few days, weights."""
    found = [_asked(b)] if not b.asked.open else []
    zh_by = {"live": "现行", "candidate": "候选"}
    zh_became = {"refused": "拒收", "repeat": "视为重复", "noise": "视为噪声", "fact": "仅计入特征"}
    en_became = {
        "refused": "refused",
        "repeat": "taken for a repeat",
        "noise": "dropped as noise",
        "fact": "taken as a fact",
    }
    for (by, became), count in sorted(b.apart_counts.items()):
        other = "candidate" if by == "live" else "live"
        found.append(
            Said(
                f"{count:,} events are decided by {by} only; in the other policy ({other}) they are {en_became[became]}. They are in "
                "no figure.",
                f"{count:,} 个事件只有{zh_by[by]}策略做了决策，在{zh_by[other]}策略中{zh_became[became]}；不计入任何指标。",
            )
        )
    found += [_held(b, at, name) for at, name in enumerate((("live", "现行"), ("candidate", "候选"))) if b.held]
    waiting = b.maturity.pending
    if waiting:
        found.append(
            Said(
                f"{waiting:,} labels are still on their way at the end; figures about fraud and good customers use the "
                f"{b.maturity.arrived:,} that have arrived ({b.maturity.share:.1%} of decisions).",
                f"结束时还有 {waiting:,} 个标签在途；欺诈与误伤指标只用已到达的 "
                f"{b.maturity.arrived:,} 个（占决策的 {b.maturity.share:.1%}）。",
            )
        )
    if b.clusters.by == "block":
        found.append(
            Said(
                f"The file covers {len(b.days)} day(s): intervals come from {b.clusters.count} blocks of consecutive events, not from "
                "days, and are probably too narrow.",
                f"文件只覆盖 {len(b.days)} 天：区间由 {b.clusters.count} 个连续事件块得出，而非按天，可能偏窄。",
            )
        )
    if (b.compared.weight > 1).any():
        found.append(
            Said(
                f"{int((b.compared.weight > 1).sum()):,} decisions were let through by a lottery; with their label each counts for all "
                "that it was drawn from.",
                f"{int((b.compared.weight > 1).sum()):,} 个决策由随机放行产生；带标签时按抽样比例加权。",
            )
        )
    return found
