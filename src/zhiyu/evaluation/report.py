"""A replay report for the terminal, in English or Chinese.

In: `Replayed`. Out: lines printed to a rich console: throughput, what became of the events, outcomes, rules, the truth, three decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.base.limits import MAX_ENTRIES_PER_KEY, MAX_WAITS
from zhiyu.base.money import say_money
from zhiyu.decisions.explain import MARK_WORDS, OUTCOME_ZH, Explanation
from zhiyu.decisions.resumed import Change
from zhiyu.evaluation.metrics import Scores
from zhiyu.evaluation.spend_words import HEAD, spend_line, spend_rows
from zhiyu.evaluation.tally import Replayed
from zhiyu.policy.declare import OUTCOMES

TOP = 10
_TRUTH = (
    ("precision", "精确率"), ("recall", "召回率"), ("F1", "F1"), ("frauds caught", "拦截欺诈"), ("frauds missed", "漏过欺诈"),
    ("money caught", "拦截金额"), ("money missed", "漏过金额"), ("good events stopped", "误伤正常事件"), ("their money", "误伤金额"),
)  # fmt: skip
COLOURS = {
    "pass": "green",
    "notify": "cyan",
    "challenge": "yellow",
    "delay": "yellow",
    "review": "magenta",
    "decline": "red",
}


LARGE_COMPONENT, LARGE_SHARE = 100, 0.05
"""A component of so many people that holds more than this share of all is an alarm."""


class ReportPrinter:
    """Prints a report in one language."""

    def __init__(self, console: Console, language: str = "en") -> None:
        self.console = console
        self.zh = language == "zh"
        self.language = language

    def pick(self, en: str, zh: str) -> str:
        """The wording of the language."""
        return zh if self.zh else en

    def print(self, r: Replayed) -> None:
        """The whole report."""
        self._speed(r)
        self._left_out(r)
        self._outcomes(r)
        self._rules(r)
        self._truth(r)
        self._examples(r)
        self._footer(r)

    def _speed(self, r: Replayed) -> None:
        if r.served:
            self._served(r)
            return
        line = self.pick(
            f"{r.events:,} events in {r.seconds:.1f} s: [bold]{r.events_per_s:,.0f} events/s[/] with {r.features} features each "
            f"(reading, deciding and writing)",
            f"{r.events:,} 个事件，用时 {r.seconds:.1f} 秒：[bold]每秒 {r.events_per_s:,.0f} 个[/]，"
            f"每个 {r.features} 个特征（含读取、决策与写盘）",
        )
        self.console.print(f"\n{line}")

    def _served(self, r: Replayed) -> None:
        rate, rate_zh = "", ""
        if r.seconds:
            rate = f" in {r.seconds:.1f} s: [bold]{r.events_per_s:,.0f} events/s[/]"
            rate_zh = f"，用时 {r.seconds:.1f} 秒：[bold]每秒 {r.events_per_s:,.0f} 个[/]"
        line = self.pick(
            f"{r.events:,} events over HTTP{rate}, {r.features} features each, durable before answered",
            f"经 HTTP 处理 {r.events:,} 个事件{rate_zh}，每个 {r.features} 个特征，落盘后才应答",
        )
        self.console.print(f"\n{line}")

    def _left_out(self, r: Replayed) -> None:
        parts = [
            (r.refused, "refused", "拒收"), (r.repeats, "repeated", "重复"), (r.noise, "noise", "噪声"), (r.late, "late", "迟到"),
            (r.facts, "facts only", "仅计入特征"),
        ]  # fmt: skip
        told = [f"{count:,} {self.pick(en, zh)}" for count, en, zh in parts if count]
        if told:
            self.console.print(" · ".join(told))
        for refusal in r.first_refusals:
            why = refusal.zh if self.zh else refusal.en
            where = self.pick(f"position {refusal.position}", f"位置 {refusal.position}")
            self.console.print(f"  [red]{where}[/] {escape(refusal.field)}: {escape(why)}")
        for (name, action), count in sorted(r.cleaning.actions.items(), key=lambda item: -item[1])[:5]:
            self.console.print(f"  {self.pick('cleaned', '清洗')}: {escape(name)} {action} × {count:,}")

    def _outcomes(self, r: Replayed) -> None:
        table = Table(title=self.pick("Outcomes", "决策结果"), title_justify="left", box=None, pad_edge=False)
        table.add_column(self.pick("outcome", "结果"))
        table.add_column(self.pick("events", "事件"), justify="right")
        table.add_column(self.pick("share", "占比"), justify="right")
        if r.enforced:
            table.add_column(self.pick("enforced", "实际执行"), justify="right")
        for name, count in r.outcomes.items():
            done = r.enforced.get(name, 0)
            if count or done:
                shown = OUTCOME_ZH[name] if self.zh else name
                cells = [f"[{COLOURS[name]}]{shown}[/]", f"{count:,}", f"{count / max(r.decided, 1):.3%}"]
                table.add_row(*cells, *([f"{done:,}"] if r.enforced else []))
        self.console.print()
        self.console.print(table)
        if r.shadow_hash:
            moved = ", ".join(f"{name} × {count:,}" for name, count in r.shadow_moved.items()) or self.pick(
                "nothing", "无变化"
            )
            self.console.print(self.pick(f"  the shadow version would move: {moved}", f"  影子版本将改变：{moved}"))
        self._waits(r)
        self._spend(r)
        for mark, count in r.marks.items():
            if MARK_WORDS[mark][0] and not mark.startswith("limited"):
                self.console.print(f"  {count:,} × {MARK_WORDS[mark][self.zh]}")
        for name, count in r.limits.items():
            self.console.print(f"  {count:,} × {MARK_WORDS['limited'][self.zh].format(escape(name))}")

    def _spend(self, r: Replayed) -> None:
        """What services outside cost, and how their calls ended."""
        if not r.spend:
            return
        title = self.pick("Services outside", "外部服务")
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for number, words in enumerate(HEAD):
            table.add_column(words[self.zh], justify="right" if number in (1, 2, 4) else "left")
        for row in spend_rows(r.spend, self.zh):
            table.add_row(*map(escape, row))
        self.console.print()
        self.console.print(table)
        self.console.print(f"  {spend_line(r.spend, r.decided, self.zh)}", highlight=False, soft_wrap=True)

    def _waits(self, r: Replayed) -> None:
        """What waited, how the waits ended, what they came to."""
        w = r.waits
        if not w:
            return
        came = [(name, count) for name, count in r.came_to.items() if count]
        listed = ", ".join(f"{name} × {count:,}" for name, count in came) or "–"
        listed_zh = "、".join(f"{OUTCOME_ZH[name]} × {count:,}" for name, count in came) or "–"
        self.console.print(
            self.pick(
                f"  waits: {w['opened']:,} began, {w['answered']:,} answered, {w['expired']:,} ran out, {w['open']:,} still open; "
                f"they came to: {listed}",
                f"  等待：开始 {w['opened']:,}，已回应 {w['answered']:,}，超时 {w['expired']:,}，仍在等待 {w['open']:,}；"
                f"最终结果：{listed_zh}",
            )
        )
        if w.get("changed") or w.get("stayed"):
            self.console.print(
                self.pick(
                    f"  changed meanwhile: {w['changed']:,} ended by it, {w['stayed']:,} times decided again and waited on",
                    f"  等待期间有变化：因此结束 {w['changed']:,}，重新决策后继续等待 {w['stayed']:,} 次",
                )
            )
        late = [
            (w.get("answers_ended", 0), "too late or again", "迟到或重复"),
            (w.get("answers_unknown", 0), "about nothing that waits", "无对应事件"),
            (w.get("answers_other", 0), "about what waits for another answer", "非所等待的回应"),
        ]
        told = [f"{count:,} {self.pick(en, zh)}" for count, en, zh in late if count]
        if told:
            self.console.print(self.pick("  answers without effect: ", "  未起作用的回应：") + " · ".join(told))
        if w.get("turned_away"):
            self.console.print(
                self.pick(
                    f"[red]  {w['turned_away']:,} could not wait: more than {MAX_WAITS:,} at a time[/]",
                    f"[red]  {w['turned_away']:,} 个无法等待：同时等待超过 {MAX_WAITS:,} 个[/]",
                )
            )

    def _rules(self, r: Replayed) -> None:
        for title, counts in (
            (self.pick("Top rules", "命中最多的规则"), r.rule_hits), (self.pick("Top reasons", "主要原因"), r.reason_hits),
            (self.pick("Shadow and snoozed rules (no effect)", "影子与静默规则（不生效）"), r.quiet_hits),
            (self.pick("Rules with errors", "出错的规则"), r.rule_errors),
        ):  # fmt: skip
            if not counts:
                continue
            table = Table(title=title, title_justify="left", box=None, pad_edge=False, show_header=False)
            table.add_column()
            table.add_column(justify="right")
            for name, count in counts.most_common(TOP):
                table.add_row(escape(name), f"{count:,}")
            self.console.print()
            self.console.print(table)

    def _truth(self, r: Replayed) -> None:
        if not r.metrics.labelled:
            return
        title = self.pick(
            f"Against the truth ({r.metrics.labelled:,} labels arrived, {r.metrics.pending:,} still on their way)",
            f"与真实标签对比（已到 {r.metrics.labelled:,} 个，在途 {r.metrics.pending:,} 个）",
        )
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        table.add_column("")
        table.add_column(self.pick("stopped", "拦下"), justify="right")
        table.add_column(self.pick("declined", "拒绝"), justify="right")
        stopped, declined = (
            self._cells(r, r.metrics.scores()),
            self._cells(r, r.metrics.scores(OUTCOMES.index("decline"))),
        )
        for (en, zh), one, other in zip(_TRUTH, stopped, declined):
            table.add_row(self.pick(en, zh), one, other)
        self.console.print()
        self.console.print(table)

    def _cells(self, r: Replayed, s: Scores) -> list[str]:
        def money(minor: int) -> str:
            return say_money(minor, r.currency) if r.currency else "–"

        def share(value: float | None) -> str:
            return "–" if value is None else f"{value:.3f}"

        rate = "–" if s.false_alarm_rate is None else f"{s.false_alarms:,} ({s.false_alarm_rate:.3%})"
        return [
            share(s.precision), share(s.recall), share(s.f1), f"{s.caught:,}", f"{s.missed:,}", money(s.money_caught),
            money(s.money_missed), rate, money(s.money_of_good_stopped),
        ]  # fmt: skip

    def _examples(self, r: Replayed) -> None:
        if r.examples:
            self.console.print(f"\n[bold]{self.pick('Decisions explained', '决策举例')}[/]")
        for each in r.examples:
            self.console.print(f"  • {escape(each.sentence(self.language))}")

    def _footer(self, r: Replayed) -> None:
        self.console.print()
        self.console.print(
            f"{self.pick('policy', '策略')} {r.policy_hash}\n{self.pick('digest', '摘要')} {r.digest}",
            highlight=False,
            soft_wrap=True,
        )
        if r.state:
            keys, size = r.state.get("keys", 0), r.state.get("bytes", 0) / 1e6
            self.console.print(
                self.pick(f"state: {keys:,} keys, {size:,.1f} MB", f"状态：{keys:,} 个键，{size:,.1f} MB")
            )
        if "network_persons" in r.state:
            people, events = r.state["network_persons"], r.state["network_events"]
            hubs, largest = r.state["network_caps_hit"], r.state.get("network_largest_component", 0)
            self.console.print(
                self.pick(
                    f"network: {people:,} people, {events:,} events in the window; {hubs:,} links over their cap; the largest component "
                    f"has {largest:,} people",
                    f"关系网络：窗口内 {people:,} 人、{events:,} 个事件；{hubs:,} 个关联超过人数上限；最大关联网络 {largest:,} 人",
                )
            )
            if largest >= LARGE_COMPONENT and largest > LARGE_SHARE * people:
                self.console.print(
                    self.pick(
                        f"[red]one component holds {largest / people:.0%} of all people:[/] a link joins strangers; lower its "
                        "`max_people`, or let it weigh only",
                        f"[red]一个关联网络占全部人数的 {largest / people:.0%}：[/]某个关联连接了陌生人；"
                        "请调低其 max_people，或只让它计权重",
                    )
                )
        lost = r.state.get("lost_entries", 0)
        if lost:
            self.console.print(
                self.pick(
                    f"[red]approximate:[/] {lost:,} events were pushed out of keys with more than "
                    f"{MAX_ENTRIES_PER_KEY:,} events in their window; {r.approximate:,} decisions are marked",
                    f"[red]近似：[/]有键在窗口内超过 {MAX_ENTRIES_PER_KEY:,} 个事件，已挤出 {lost:,} 个；{r.approximate:,} 个决策已标记",
                )
            )
        if r.out:
            each = f"{r.bytes_per_decision:.1f}" if r.bytes_per_decision is not None else "–"
            self.console.print(
                self.pick(
                    f"decisions in {r.out} ({each} bytes each); `zhiyu explain ID` says why",
                    f"决策已写入 {r.out}（每条 {each} 字节）；用 `zhiyu explain ID` 查看原因",
                )
            )  # fmt: skip


_CAUSES = {
    "answered": ("an answer at position {}", "位置 {} 的回应"),
    "expired": ("time was over", "等待超时"),
    "changed": ("something about it changed", "相关信息变化"),
}


def print_went_on(console: Console, facts: Mapping[str, Any], language: str) -> None:
    """How a wait ended, before the decision it came to."""
    en, zh = _CAUSES[facts["cause"]]
    en, zh = en.format(facts["answer"]), zh.format(facts["answer"])
    if facts.get("changes"):
        said = [Change(**each).said() for each in facts["changes"]]
        en, zh = "; ".join(each for each, _ in said), "；".join(each for _, each in said)
    again = ("", "") if not facts["waits"] else (", and it waits again", "，并再次等待")
    if facts.get("stays"):
        again = ", and it waits on as before", "，并照旧等待"
    line = f"{facts['at']}：{zh}{again[1]}" if language == "zh" else f"{facts['at']}: {en}{again[0]}"
    console.print(f"\n[bold]{escape(line)}[/]", highlight=False, soft_wrap=True)


def print_explanation(console: Console, e: Explanation, language: str, values: bool = True) -> None:
    """One decision in full: sentence, rules, reasons with the wording for the customer, values seen."""
    zh = language == "zh"
    console.print(f"[bold]{escape(e.sentence(language))}[/]")
    console.print(
        f"{'位置' if zh else 'position'} {e.position} · {e.time} · {'策略' if zh else 'policy'} {e.policy_hash}",
        highlight=False,
        soft_wrap=True,
    )
    if e.late:
        console.print("事件迟到，按接收时间计入" if zh else "the event was late and counts at the time it was received")
    if e.approximate:
        console.print(
            "近似：有键超过条数上限，较早的未计入"
            if zh
            else "approximate: a key is past its limit, older events do not count"
        )
    for hit in e.rules:
        console.print(f"  {hit.rule_set}.{hit.rule} ({hit.score:+}): {escape(hit.zh if zh else hit.en)}")
    for said in [part.zh if zh else part.en for part in e.tables] + [
        part.zh if zh else part.en for part in e.scorecards
    ]:
        console.print(f"  {escape(said)}")
    for hit in e.quiet:
        kind = ("影子" if zh else "shadow") if hit.shadow else ("静默" if zh else "snoozed")
        console.print(f"  [dim]{kind} {hit.rule_set}.{hit.rule}: {escape(hit.zh if zh else hit.en)}[/]")
    if e.path:
        console.print(f"  {'路径' if zh else 'path'}: {escape(' → '.join(e.path))}")
    for action in e.actions:
        given = ", ".join(f"{name}={value}" for name, value in action.parameters.items())
        console.print(f"  {'动作' if zh else 'action'}: {escape(action.action)}({escape(given)}) · {escape(action.by)}")
    for reason in e.reasons:
        own, consumer = (reason.zh, reason.consumer_zh) if zh else (reason.en, reason.consumer_en)
        console.print(
            f"  {reason.code}: {escape(own)}"
            + (f" · {'可告知客户' if zh else 'to the customer'}: {escape(consumer)}" if consumer else "")
        )
    if e.counterfactual is not None:
        console.print(
            f"  {'可行的改变' if zh else 'what would have changed it'}: {escape(e.counterfactual.sentence(language))}"
        )
        for left in e.counterfactual.left_out:
            console.print(f"  [dim]{left.name}: {escape(left.zh if zh else left.en)}[/]")
    if not e.values_kept:
        console.print(
            "通过的决策不保留数值，可从输入重新推导"
            if zh
            else "a pass keeps no values; they can be derived again from the input"
        )
    elif values:
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, value in e.seen.items():
            if value is not None:
                table.add_row(escape(name), escape(str(value)))
        console.print(table)
