"""Why a case is here, as one sentence.

In: a case. Out: English and Chinese: what came up, how often, for which reasons, how much money is at risk.
"""

from __future__ import annotations

from zhiyu.base.money import say_money
from zhiyu.cases.model import Case
from zhiyu.policy.outcomes import OUTCOMES

SHOWN_REASONS = 3
_DONE = {
    "pass": ("let through", "放行"), "notify": ("let through with a notice", "提醒后放行"), "challenge": ("challenged", "要求补充验证"),
    "delay": ("held", "暂缓"), "review": ("sent to a reviewer", "转人工审核"), "decline": ("declined", "拒绝"),
}  # fmt: skip


def why(case: Case) -> tuple[str, str]:
    """The sentence, (en, zh)."""
    if case.kind == "model":
        what, what_zh = (f" ({case.facts.what})", f"（{case.facts.what}）") if case.facts.what else ("", "")
        more, more_zh = (f", {case.alerts} alerts", f"，共 {case.alerts} 条告警") if case.alerts > 1 else ("", "")
        return f"Model {case.shown} has drifted{what}{more}.", f"模型 {case.shown} 发生漂移{what_zh}{more_zh}。"
    return f"{_opening(case)[0]}{_tail(case)[0]}.", f"{_opening(case)[1]}{_tail(case)[1]}。"


def _opening(case: Case) -> tuple[str, str]:
    done, done_zh = _outcomes(case)
    if case.kind == "gang":
        people = case.facts.people
        en, zh = f"Gang {case.facts.gang} has reached {people} people", f"团伙 {case.facts.gang} 已达 {people} 人"
        return (f"{en}; {done}", f"{zh}；{done_zh}") if done else (en, zh)
    if case.kind == "event":
        return f"One event was {done}", f"1 个事件被{done_zh}"
    entity, _, value = case.shown.partition(" ")
    en, zh = (each or entity for each in case.facts.called)
    done, done_zh = (done, done_zh) if done else ("brought up by hand", "人工提交")
    return f"{_upper(en)} {value}: {done}", f"{zh} {value}：{done_zh}"


def _outcomes(case: Case) -> tuple[str, str]:
    """What was done, the severest first."""
    given = sorted(case.facts.outcomes.items(), key=lambda each: -OUTCOMES.index(each[0]))
    total = sum(count for _, count in given)
    if not total:
        return "", ""
    if case.kind == "event":
        return _DONE[given[0][0]]
    noun = "decision" if total == 1 else "decisions"
    each = ", ".join(f"{count} {_DONE[name][0]}" for name, count in given)
    each_zh = "、".join(f"{_DONE[name][1]} {count} 次" for name, count in given)
    return f"{total} {noun}, {each}", f"{total} 个决策，{each_zh}"


def _tail(case: Case) -> tuple[str, str]:
    facts = case.facts
    ranked = sorted(facts.reasons.items(), key=lambda each: (-each[1][2], each[0]))[:SHOWN_REASONS]
    en = f", because of: {', '.join(said or code for code, (said, _, _) in ranked)}" if ranked else ""
    zh = f"，原因：{'、'.join(said or code for code, (_, said, _) in ranked)}" if ranked else ""
    if facts.waiting:
        verb = "waits" if facts.waiting == 1 else "wait"
        en, zh = f"{en}; {facts.waiting} still {verb} for an answer", f"{zh}；{facts.waiting} 个仍在等待答复"
    if case.money:
        money = say_money(case.money, case.currency)
        en, zh = f"{en}; {money} at risk", f"{zh}；涉险金额 {money}"
    return en, zh


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
