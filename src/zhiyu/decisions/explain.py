"""A decision in words: outcome, reasons, each rule, table row and scorecard that spoke, the way through the flow, what is done about it.

In: the checked policy, what the record holds of a decision (`Told`), the values seen (register form, texts as text). Out: `Explanation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zhiyu.decisions.counterfactual import Counterfactual
from zhiyu.decisions.explain_parts import Asked, CardTotal, TableRow, asked_actions, card_totals, table_rows
from zhiyu.decisions.explain_scores import ScoreTeller, ScoreTold
from zhiyu.expressions.say import say_with_values
from zhiyu.policy.checked import CheckedRule
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare import OUTCOMES, Reason, Rule
from zhiyu.policy.say import labels_of
from zhiyu.policy.two_versions import version_of

OUTCOME_ZH = {
    "pass": "通过",
    "notify": "提醒",
    "challenge": "加强验证",
    "delay": "延迟",
    "review": "人工审核",
    "decline": "拒绝",
}
MARK_WORDS = {
    "": ("", ""),
    "let_through": ("let through at random, so that its truth becomes known", "随机放行，以便获知真实结果"),
    "limited": ("limit '{}' was reached", "已达上限“{}”"),
    "limited_not_drawn": ("limit '{}' was reached", "已达上限“{}”"),
    "not_enforcing": ("the policy decides without enforcing", "策略仅决策、不执行"),
    "not_drawn": ("", ""),
    "fallback": ("the deadline had passed", "已超过时限"),
    "cap_reached": ("", ""),
}


@dataclass(frozen=True, slots=True)
class RuleHit:
    """One rule that hit: its name, set, score, reason code, and the condition with values, en and zh. `shadow`: it changed nothing."""

    rule: str
    rule_set: str
    score: int
    reason: str
    en: str
    zh: str
    shadow: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "rule": self.rule, "set": self.rule_set, "score": self.score, "reason": self.reason, "en": self.en, "zh": self.zh,
            "shadow": self.shadow,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What the record says of one decision. `hits`, `quiet`, `path`: names in policy order. `limit`: the one that was reached.
    `spoke`: cell of the model matrix → the model whose score it is."""

    event_id: str
    event_type: str
    position: int
    time: str
    outcome: str
    score: int
    hits: Sequence[str]
    enforced: str
    mark: str = ""
    quiet: Sequence[str] = ()
    path: Sequence[str] = ()
    late: bool = False
    approximate: bool = False
    kept: bool = True
    limit: str = ""
    spoke: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brief:
    """What spoke in a decision: rules (what mattered most first), reason codes, table rows, scorecards; the actions that come with it."""

    rules: tuple[CheckedRule, ...]
    reasons: tuple[str, ...]
    tables: tuple[TableRow, ...]
    scorecards: tuple[CardTotal, ...]
    actions: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a decision came out as it did. `seen` holds the values, None for null; `values_kept` is False for a pass that kept none.

    `version`: where two versions decide side by side, the hash of the one that did.
    `counterfactual`: what would have changed it, when somebody searched. `calls`: the services that were asked, what they cost and told.
    `quiet`: rules that hit and did not count (shadow, snoozed). `enforced` differs from `outcome` where `mark` says why.
    """

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
    enforced: str = ""
    mark: str = ""
    quiet: tuple[RuleHit, ...] = ()
    tables: tuple[TableRow, ...] = ()
    scorecards: tuple[CardTotal, ...] = ()
    path: tuple[str, ...] = ()
    actions: tuple[Asked, ...] = ()
    approximate: bool = False
    limit: str = ""
    counterfactual: Counterfactual | None = None
    scores: tuple[ScoreTold, ...] = ()
    calls: tuple[dict[str, Any], ...] = ()
    version: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object, both languages."""
        return {
            "id": self.event_id, "type": self.event_type, "position": self.position, "time": self.time, "outcome": self.outcome,
            "enforced": self.enforced, "mark": self.mark, "limit": self.limit, "score": self.score,
            "rules": [hit.to_dict() for hit in self.rules], "quiet": [hit.to_dict() for hit in self.quiet],
            "tables": [row.to_dict() for row in self.tables],
            "scorecards": [card.to_dict() for card in self.scorecards],
            "scores": [each.to_dict() for each in self.scores], "path": list(self.path),
            "actions": [action.to_dict() for action in self.actions], "reasons": [reason.code for reason in self.reasons],
            "to_customer": {"en": self.to_customer("en"), "zh": self.to_customer("zh")},
            "en": self.sentence("en"), "zh": self.sentence("zh"), "seen": dict(self.seen), "values_kept": self.values_kept,
            "late": self.late, "approximate": self.approximate, "policy_hash": self.policy_hash,
            "counterfactual": self.counterfactual.to_dict() if self.counterfactual else None, "calls": list(self.calls),
            **({"version": self.version} if self.version else {}),
        }  # fmt: skip

    def to_customer(self, language: str = "en") -> list[str]:
        """What the customer may be told: the consumer-safe wording of the reasons, each once; nothing where none is declared."""
        said = (reason.consumer_zh if language == "zh" else reason.consumer_en for reason in self.reasons)
        return [text for text in dict.fromkeys(said) if text]

    def sentence(self, language: str = "en") -> str:
        """The whole decision in one sentence."""
        zh = language == "zh"
        spoke = [hit.zh if zh else hit.en for hit in self.rules]
        spoke += [row.zh if zh else row.en for row in self.tables]
        spoke += [card.zh if zh else card.en for card in self.scorecards if card.outcome != "pass"]
        spoke = spoke or [self._other(zh)]
        spoke += [each.zh if zh else each.en for each in self.scores]
        done = self._done(zh)
        if zh:
            why = "；".join(spoke)
            return (
                f"{self.event_type} {self.event_id}：{OUTCOME_ZH[self.outcome]}（{self.score} 分），因为{why}{done}。"
            )
        return (
            f"{self.event_type} {self.event_id}: {self.outcome} (score {self.score}), because {'; '.join(spoke)}{done}."
        )

    def _other(self, zh: bool) -> str:
        """No rule, row or card spoke: the flow decided by itself, or nothing hit."""
        if self.path and self.outcome != "pass":
            return f"流程走到 {self.path[-1]}" if zh else f"the flow ends at {self.path[-1]}"
        return "没有规则命中" if zh else "no rule hit"

    def _done(self, zh: bool) -> str:
        if not self.enforced or self.enforced == self.outcome:
            return ""
        why = MARK_WORDS[self.mark][zh].format(self.limit)
        if zh:
            return f"；实际执行：{OUTCOME_ZH[self.enforced]}（{why}）"
        return f"; enforced: {self.enforced} ({why})"


def weight(rule: Rule) -> tuple[int, int]:
    """Sort key that puts what mattered most first: the severest outcome asked for, then the highest score."""
    return -(OUTCOMES.index(rule.outcome) if rule.outcome else 0), -rule.score


@dataclass
class Explainer:
    """Explains decisions of one policy; wording is looked up once."""

    compiled: Compiled
    policy_hash: str
    rules: dict[str, CheckedRule] = field(init=False)
    reasons: dict[str, Reason] = field(init=False)

    def __post_init__(self) -> None:
        self.checked = self.compiled.checked
        self.rules = {rule.rule.name: rule for rule in self.compiled.rule_order}
        self.reasons = {reason.code: reason for reason in self.checked.policy.reasons}
        self.labels = labels_of(self.checked)
        self.scores = ScoreTeller(self.checked, self.labels)
        self.nodes = {visited.name: visited.node for visited in self.compiled.flow.visited}

    def explain(self, told: Told, seen: Mapping[str, Any], shown: Mapping[str, Any]) -> Explanation:
        """`seen`: values in register form; `shown`: the same for people."""
        brief, versions = self.brief(told, seen), self.checked.declared.versions
        version = version_of(told.path, versions) if versions else ""
        return Explanation(
            told.event_id, told.event_type, told.position, told.time, told.outcome, told.score,
            tuple(self._hit(rule, seen) for rule in brief.rules), tuple(self.reasons[code] for code in brief.reasons), shown,
            self.policy_hash, told.late, told.kept, told.enforced, told.mark,
            tuple(self._hit(rule, seen) for rule in self._ranked(told.quiet)), brief.tables, brief.scorecards, tuple(told.path),
            brief.actions, told.approximate, told.limit, scores=self.scores.told(seen, told.spoke), version=version,
        )  # fmt: skip

    def brief(self, told: Told, seen: Mapping[str, Any]) -> Brief:
        """What spoke, without the sentences; `seen` needs the results of tables and scorecards only."""
        rules = self._ranked(told.hits)
        tables, cards = table_rows(self.checked, seen), card_totals(self.checked, seen)
        nodes = [node for node in map(self.nodes.get, told.path) if node is not None]
        codes = [rule.rule.reason for rule in rules] + [row.reason for row in tables]
        codes += [code for card in cards if card.outcome != "pass" for code in card.reasons]
        codes += [node.reason for node in nodes]
        actions = asked_actions(self.checked.policy, told.enforced, [rule.rule for rule in rules], nodes)
        known = tuple(code for code in dict.fromkeys(codes) if code in self.reasons)
        return Brief(rules, known, tables, cards, actions)

    def _ranked(self, names: Iterable[str]) -> tuple[CheckedRule, ...]:
        found = (self.rules[name] for name in names if name in self.rules)
        return tuple(sorted(found, key=lambda rule: weight(rule.rule)))

    def _hit(self, rule: CheckedRule, seen: Mapping[str, Any]) -> RuleHit:
        assert rule.when is not None
        needed = set(rule.when.names) | {prepared.key for prepared in rule.when.prepared}
        own = {name: value for name, value in seen.items() if name in needed}
        return RuleHit(
            rule.rule.name, rule.rule_set.name, rule.rule.score, rule.rule.reason,
            say_with_values(rule.when, "en", self.labels, own), say_with_values(rule.when, "zh", self.labels, own), rule.rule.shadow,
        )  # fmt: skip
