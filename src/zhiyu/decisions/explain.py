"""A decision in words: outcome, reasons, each rule that hit with the values it saw.

In: the checked policy, the rules that hit, the values seen (register form, texts as text). Out: `Explanation`, in zh and en.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhiyu.expressions.say import say_with_values
from zhiyu.policy.checked import Checked, CheckedRule
from zhiyu.policy.declare import OUTCOMES, Reason, Rule
from zhiyu.policy.say import labels_of

OUTCOME_ZH = {
    "pass": "通过",
    "notify": "提醒",
    "challenge": "加强验证",
    "delay": "延迟",
    "review": "人工审核",
    "decline": "拒绝",
}


@dataclass(frozen=True, slots=True)
class RuleHit:
    """One rule that hit: its name, set, score, reason code, and the condition with values, en and zh."""

    rule: str
    rule_set: str
    score: int
    reason: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a decision came out as it did. `seen` holds the values, None for null; `values_kept` is False for a pass that kept none."""

    event_id: str
    event_type: str
    position: int
    time: str
    outcome: str
    score: int
    rules: tuple[RuleHit, ...]
    reasons: tuple[Reason, ...]
    seen: Mapping[str, Any]
    policy_hash: str
    late: bool
    values_kept: bool

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object, both languages."""
        rules = [
            {
                "rule": hit.rule,
                "set": hit.rule_set,
                "score": hit.score,
                "reason": hit.reason,
                "en": hit.en,
                "zh": hit.zh,
            }
            for hit in self.rules
        ]
        return {
            "id": self.event_id, "type": self.event_type, "position": self.position, "time": self.time, "outcome": self.outcome,
            "score": self.score, "rules": rules, "reasons": [reason.code for reason in self.reasons], "en": self.sentence("en"),
            "zh": self.sentence("zh"), "seen": dict(self.seen), "values_kept": self.values_kept, "late": self.late,
            "policy_hash": self.policy_hash,
        }  # fmt: skip

    def sentence(self, language: str = "en") -> str:
        """The whole decision in one sentence."""
        if language == "zh":
            why = "；".join(hit.zh for hit in self.rules) or "没有规则命中"
            return f"{self.event_type} {self.event_id}：{OUTCOME_ZH[self.outcome]}（{self.score} 分），因为{why}。"
        why = "; ".join(hit.en for hit in self.rules) or "no rule hit"
        return f"{self.event_type} {self.event_id}: {self.outcome} (score {self.score}), because {why}."


def weight(rule: Rule) -> tuple[int, int]:
    """Sort key that puts what mattered most first: the severest outcome asked for, then the highest score."""
    return -(OUTCOMES.index(rule.outcome) if rule.outcome else 0), -rule.score


class Explainer:
    """Explains decisions of one policy; wording is looked up once."""

    def __init__(self, checked: Checked, rules: Sequence[CheckedRule], policy_hash: str) -> None:
        self.checked = checked
        self.rules = {rule.rule.name: rule for rule in rules}
        self.reasons = {reason.code: reason for reason in checked.policy.reasons}
        self.labels = labels_of(checked)
        self.policy_hash = policy_hash

    def explain(
        self, event_id: str, event_type: str, position: int, time: str, outcome: str, score: int, hits: Sequence[str],
        seen: Mapping[str, Any], shown: Mapping[str, Any], late: bool = False, kept: bool = True,
    ) -> Explanation:  # fmt: skip
        """`hits`: names of the rules that hit, in policy order; `seen`: values in register form; `shown`: the same for people."""
        found = sorted((self.rules[name] for name in hits if name in self.rules), key=lambda rule: weight(rule.rule))
        rules = tuple(self._hit(rule, seen) for rule in found)
        codes = dict.fromkeys(rule.rule.reason for rule in found if rule.rule.reason)
        reasons = tuple(self.reasons[code] for code in codes if code in self.reasons)
        return Explanation(
            event_id, event_type, position, time, outcome, score, rules, reasons, shown, self.policy_hash, late, kept
        )  # fmt: skip

    def _hit(self, rule: CheckedRule, seen: Mapping[str, Any]) -> RuleHit:
        assert rule.when is not None
        needed = set(rule.when.names) | {prepared.key for prepared in rule.when.prepared}
        own = {name: value for name, value in seen.items() if name in needed}
        return RuleHit(
            rule.rule.name, rule.rule_set.name, rule.rule.score, rule.rule.reason,
            say_with_values(rule.when, "en", self.labels, own), say_with_values(rule.when, "zh", self.labels, own),
        )  # fmt: skip
