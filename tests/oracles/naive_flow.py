"""A whole policy walked by hand, one event at a time: lists, rules, scorecards, tables, flows, brakes. Plain Python, obviously right.

In: the policy as declared, plain values of an event, who is on which list. Out: what was decided, along which path, what is enforced.
It shares nothing with the engine but the parser of expressions and the mix of 64-bit keys, written again here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracles.naive_expressions import ERROR, Number, evaluate
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions import parse
from zhiyu.policy.declare import OUTCOMES, Policy
from zhiyu.policy.declare_actions import ActionLimit
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.declare_scorecards import Scorecard
from zhiyu.policy.declare_tables import DecisionTable

MASK = (1 << 64) - 1
SEVERITY = {name: number for number, name in enumerate(OUTCOMES)}
DAY = 86_400_000


def spread(key: int) -> int:
    """MurmurHash3's finaliser, 63 bits."""
    x = key & MASK
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        x = ((x ^ (x >> shift)) * factor) & MASK
    return (x ^ (x >> 33)) & (MASK >> 1)


def mixed(first: int, second: int) -> int:
    """One 64-bit key from two."""
    return ((spread(first) * 0x9E3779B97F4A7C15) & MASK) ^ spread(second)


@dataclass
class Found:
    """What became of one event."""

    outcome: int = 0
    score: int = 0
    hits: list[str] = field(default_factory=list)
    quiet: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    enforced: int = 0
    mark: int = 0
    limit: str = ""


class NaivePolicy:
    """Feed events in order; `encode` gives the code of a text."""

    def __init__(self, policy: Policy, encode: Any) -> None:
        self.policy, self.encode = policy, encode
        self.flows = {flow.name: flow for flow in policy.flows}
        self.sets = {s.name: s for s in policy.rule_sets}
        self.cards = {c.name: c for c in policy.scorecards}
        self.tables = {t.name: t for t in policy.tables}
        rules = [rule.name for rule_set in policy.rule_sets for rule in rule_set.rules]
        self.limits = [
            (limit, rule) for limit in policy.limits for rule in (rules if limit.each_rule else [limit.rule])
        ]
        self.acts: dict[tuple[str, str], list[tuple[int, Any]]] = {
            (limit.name, rule): [] for limit, rule in self.limits
        }
        self.spent: dict[int, int] = {}

    def decide(self, row: dict[str, Any], snoozed: set[tuple[str, str]], now: int, id_code: int, money: int) -> Found:
        """`row`: name → plain value, lists as collections; `snoozed`: (rule, card)."""
        found = Found()
        self.row, self.snoozed = row, snoozed
        flow = next((flow for flow in self.policy.flows if "application" in flow.on), None)
        if flow is not None:
            found.outcome = self._walk(flow, found, flow.name, top=True)
        else:
            for rule_set in self.policy.rule_sets:
                found.outcome = max(found.outcome, self._rules(rule_set, found))
            for card in self.policy.scorecards:
                found.outcome = max(found.outcome, self._card(card, found))
            for table in self.policy.tables:
                found.outcome = max(found.outcome, self._table(table, found))
        self._brake(found, now, id_code, money)
        return found

    def _true(self, text: str) -> Any:
        return evaluate(parse(text), self.row)

    def _walk(self, flow: Flow, found: Found, prefix: str, top: bool) -> int:
        nodes = {node.name: node for node in flow.nodes}
        at = flow.nodes[0]
        while True:
            found.path.append(f"{prefix}/{at.name}")
            if at.outcome or at.severest:
                own = SEVERITY[at.outcome] if at.outcome else found.outcome
                if not top:
                    found.outcome = max(found.outcome, own)
                return own
            at = nodes[self._next(flow, at, found, prefix)]

    def _next(self, flow: Flow, node: Node, found: Found, prefix: str) -> str:
        if node.branch:
            totals = {name: Number(value) for name, value in found.totals.items()}
            names = [*self.sets, *self.cards, *self.tables]
            row = dict.fromkeys(names) | self.row | totals
            return next((case.to for case in node.branch if evaluate(parse(case.when), row) is True), node.next)
        if node.list:
            return node.hit if self._true(f"{node.of} in {node.list}") is True else node.next
        if node.experiment:
            return self._arm(node, found, prefix)
        if node.flow:
            own = self._walk(self.flows[node.flow], found, f"{prefix}/{node.name}", top=False)
        elif node.rule_set:
            own = self._rules(self.sets[node.rule_set], found)
        elif node.scorecard:
            own = self._card(self.cards[node.scorecard], found)
        else:
            own = self._table(self.tables[node.table], found)
        found.outcome = max(found.outcome, own)
        return node.then.get(OUTCOMES[own], node.next)

    def _arm(self, node: Node, found: Found, prefix: str) -> str:
        value = self.row[node.by]
        if value is None:
            return node.next
        place = Fraction(spread(mixed(self.encode(node.salt), self.encode(value))) >> 31, 1 << 32) * 100
        upto = Fraction(0)
        for arm in node.experiment:
            upto += Fraction(str(arm.percent))
            if int(place * 10_000) < upto * 10_000:
                found.path.append(f"{prefix}/{node.name}:{arm.name}")
                return arm.to
        return node.next

    def _rules(self, rule_set: Any, found: Found) -> int:
        total = outcome = 0
        for rule in rule_set.rules:
            value = self._true(rule.when)
            if value is ERROR:
                found.errors.append(rule.name)
            if value is not True:
                continue
            if rule.shadow or (rule.name, self.row["card"]) in self.snoozed:
                found.quiet.append(rule.name)
                continue
            found.hits.append(rule.name)
            total += rule.score
            outcome = max(outcome, SEVERITY[rule.outcome] if rule.outcome else 0)
            if rule_set.mode == "first_hit":
                break
        for threshold in rule_set.thresholds:
            if total >= threshold.score:
                outcome = max(outcome, SEVERITY[threshold.outcome])
        found.score += total
        found.totals[rule_set.name] = total
        return outcome

    def _card(self, card: Scorecard, found: Found) -> int:
        total = card.base
        for each in card.characteristics:
            value = plain(self._true(each.of or each.name))
            bins = [b for b in each.bins if not b.otherwise and bin_takes(b, value)]
            bins += [b for b in each.bins if b.missing and value is None]
            rest = [b for b in each.bins if b.otherwise and value is not None]
            for bin_ in (bins + rest)[:1]:
                total += bin_.points
                found.totals[f"{card.name}.{each.name}.bin"] = each.bins.index(bin_)
        found.totals[card.name] = total
        fitting = [band for band in sorted(card.bands, key=lambda b: b.below) if total < band.below]
        return SEVERITY[fitting[0].outcome] if fitting else 0

    def _table(self, table: DecisionTable, found: Found) -> int:
        values = {column.name: plain(self._true(column.of or column.name)) for column in table.inputs}
        for number, row in enumerate(table.rows):
            if all(fits(row.when.get(name, "-"), value) for name, value in values.items()):
                found.score += row.score
                found.totals |= {table.name: row.score, f"{table.name}.row": number}
                return SEVERITY[row.outcome] if row.outcome else 0
        return 0

    def _brake(self, found: Found, now: int, id_code: int, money: int) -> None:
        policy, outcome = self.policy, found.outcome
        found.enforced = outcome
        if outcome == 0:
            return
        if not policy.enforce:
            found.enforced, found.mark = 0, 3
            return
        lottery = policy.let_through
        if lottery is not None and OUTCOMES[outcome] in lottery.outcomes:
            day, cap = now // DAY, int(Decimal(str(lottery.money_cap)) * 100)
            found.mark = 4
            if self.spent.get(day, 0) + money > cap:
                found.mark = 5
            elif spread(mixed(self.encode(lottery.salt or "let_through"), id_code)) >> 31 < int(
                Decimal(str(lottery.share)) * 2**32
            ):
                self.spent[day] = self.spent.get(day, 0) + money
                found.enforced, found.mark = 0, 1
                return
        found.enforced = self._within_limits(found, outcome, now)
        if found.limit:
            found.mark = 7 if found.mark == 4 else 2

    def _within_limits(self, found: Found, outcome: int, now: int) -> int:
        nobody = object()  # who has no key is like nobody else

        def key_of(limit: ActionLimit) -> Any:
            value = self.row[limit.key] if limit.key else None
            return nobody if value is None else value.exact if isinstance(value, Number) else value

        def full(limit: ActionLimit, rule: str) -> bool:
            lately = [key for at, key in self.acts[limit.name, rule] if at > now - parse_duration_ms(limit.per)]
            if not limit.key:
                return len(lately) >= limit.count
            return key_of(limit) not in lately and len(set(lately)) >= limit.count

        concerned = [(limit, rule) for limit, rule in self.limits if not rule or rule in found.hits]
        while True:
            met = [each for each in concerned if OUTCOMES[outcome] in each[0].outcomes and full(*each)]
            if not met:
                break
            outcome, found.limit = SEVERITY[met[0][0].then], met[0][0].name
        for limit, rule in concerned:
            if OUTCOMES[outcome] in limit.outcomes:
                self.acts[limit.name, rule].append((now, key_of(limit)))
        return outcome


def plain(value: Any) -> Any:
    """Numbers as exact fractions or floats."""
    return value.exact if isinstance(value, Number) else (None if value is ERROR else value)


def bin_takes(bin_: Any, value: Any) -> bool:
    """Whether the interval or the values of a bin take a present value."""
    if value is None:
        return False
    if bin_.values:
        return str(value) in [str(each) for each in bin_.values]
    if bin_.low is None and bin_.high is None:
        return False
    low, high = (None if each is None else Fraction(str(each)) for each in (bin_.low, bin_.high))
    return (low is None or value >= low) and (high is None or value < high)


def fits(condition: Any, value: Any) -> bool:
    """Whether a table's condition takes a value."""
    text = str(condition).strip()
    if text in ("-", ""):
        return True
    if text == "null" or value is None:
        return text == "null" and value is None
    if text.startswith("not("):
        return not fits(text[4:-1], value)
    if text[0] in "[(" and ".." in text:
        low, high = (Fraction(part) for part in text[1:-1].split(".."))
        return (value >= low if text[0] == "[" else value > low) and (
            value <= high if text[-1] == "]" else value < high
        )
    for sign in ("<=", ">=", "<", ">"):
        if text.startswith(sign):
            bound = Fraction(text[len(sign) :].strip())
            return {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[sign]
    if isinstance(value, str):
        return value in [part.strip().strip('"') for part in text.split(",")]
    return value in [Fraction(part.strip()) for part in text.split(",")]
