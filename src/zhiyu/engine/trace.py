"""Everything about one decision that a person may want to look into: each rule and what became of it, the way through the flow, where the
points come from, every value that was seen, with its words.

In: a decision as it stands in the log, the policy that made it. Out: one JSON object, en and zh. Nothing is decided anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.decisions.explain import Told
from zhiyu.decisions.explain_parts import table_rows
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch
from zhiyu.expressions.say import say, say_with_values
from zhiyu.expressions.wording import say_value
from zhiyu.policy.checked import CheckedFlow, CheckedRule
from zhiyu.policy.declare import RuleSet
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.declare_scorecards import Scorecard
from zhiyu.policy.declare_tables import DecisionTable
from zhiyu.policy.flow_graph import edges, kinds_of

HIT, SHADOW, SNOOZED, ERROR, MISSED, NOT_REACHED = "hit", "shadow", "snoozed", "error", "missed", "not_reached"
LANGUAGES = ("en", "zh")


def trace_of(opened: Opened, d: DecisionBatch, batch: EventBatch, at: int, line: int | None) -> dict[str, Any]:
    """The trace of decision `at`; `line`: where its values stand among the kept ones, None when none were kept."""
    told = opened.told(d, at, line is not None)
    seen = opened.seen_in(d, batch, line)[0] if line is not None else {}
    type_name = opened.compiled.schema.types[int(d.type_index[at])].name
    flow = _flow_of(opened, told)
    reached = _sets_reached(opened, told, type_name)
    rules = list(_rules(opened, d, at, type_name, seen, reached))
    return {
        "rules": rules, "sets": _sets(opened, rules), "waterfall": _waterfall(opened, rules, seen, told.score),
        "flow": _drawn(opened, flow, told) if flow is not None else None,
        "values": _values(opened, d, type_name, seen), "values_kept": line is not None,
    }  # fmt: skip


def _rules(
    opened: Opened, d: DecisionBatch, at: int, type_name: str, seen: Mapping[str, Any], reached: frozenset[str] | None
) -> Iterator[dict[str, Any]]:
    order = opened.compiled.rule_order
    hit, quiet, wrong = (
        bits_to_matrix(words[at : at + 1], len(order))[0] for words in (d.hits, d.quiet, d.errors)
    )  # fmt: skip
    for number, rule in enumerate(order):
        if type_name not in rule.on:
            continue
        if hit[number]:
            state = HIT
        elif quiet[number]:
            state = SHADOW if rule.rule.shadow else SNOOZED
        elif wrong[number]:
            state = ERROR
        else:
            state = MISSED if reached is None or rule.rule_set.name in reached else NOT_REACHED
        yield _rule(opened, rule, state, seen)


def _rule(opened: Opened, rule: CheckedRule, state: str, seen: Mapping[str, Any]) -> dict[str, Any]:
    assert rule.when is not None
    labels, declared = opened.explainer.labels, rule.rule
    needed = set(rule.when.names) | {prepared.key for prepared in rule.when.prepared}
    own = {name: value for name, value in seen.items() if name in needed}
    words = {
        language: say_with_values(rule.when, language, labels, own) if seen else say(rule.when, language, labels)
        for language in LANGUAGES
    }  # fmt: skip
    return {
        "rule": declared.name, "set": rule.rule_set.name, "state": state, "shadow": declared.shadow, "score": declared.score,
        "outcome": declared.outcome, "reason": declared.reason, "name_en": declared.en or declared.name,
        "name_zh": declared.zh or declared.en or declared.name, "when": declared.when, "reads": sorted(rule.when.names), **words,
    }  # fmt: skip


def _sets(opened: Opened, rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rule sets in question, in the order of the policy: words, mode, what their hits add up to."""
    found = []
    for rule_set in opened.compiled.policy.rule_sets:
        own = [rule for rule in rules if rule["set"] == rule_set.name]
        if own:
            points = sum(rule["score"] for rule in own if rule["state"] == HIT)
            words = {"en": rule_set.en or rule_set.name, "zh": rule_set.zh or rule_set.en or rule_set.name}
            found.append({"set": rule_set.name, "mode": rule_set.mode, "points": points, **words})
    return found


def _waterfall(
    opened: Opened, rules: Sequence[dict[str, Any]], seen: Mapping[str, Any], score: int
) -> list[dict[str, Any]]:
    """What the score consists of, the largest parts first; what cannot be told (its values were not kept) is a part of its own."""
    parts = [
        {"kind": "rule", "name": rule["rule"], "points": rule["score"], "en": rule["name_en"], "zh": rule["name_zh"]}
        for rule in rules if rule["state"] == HIT and rule["score"]
    ]  # fmt: skip
    parts += [
        {"kind": "table", "name": row.table, "points": row.score, "en": row.en, "zh": row.zh}
        for row in table_rows(opened.compiled.checked, seen) if row.score
    ]  # fmt: skip
    parts.sort(key=lambda part: -abs(part["points"]))
    rest = score - sum(part["points"] for part in parts)
    if rest:
        parts.append({"kind": "rest", "name": "", "points": rest, "en": "not kept in detail", "zh": "未保存明细"})
    return parts


def _values(opened: Opened, d: DecisionBatch, type_name: str, seen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every value with its words; what the event type does not have is left out."""
    labels, typed = opened.explainer.labels, opened.compiled.checked.typed_on((type_name,))
    own = opened.compiled.schema.types[opened.compiled.schema.type_index[type_name]].fields
    columns = {column.name: column for column in opened.compiled.schema.columns}
    roles = {column.name: column.role for column in opened.compiled.features}
    found = []
    for name, value in seen.items():
        column = columns.get(name)
        of = column.of or name if column is not None else ""
        kind = typed.get(name)
        if "(" in name or kind is None or (column is not None and of not in own):
            continue
        en, zh = labels.get(name, (name, name))
        role = column.role if column is not None else roles.get(name, "")
        said = {f"said_{language}": say_value(value, kind, language) for language in LANGUAGES}
        found.append({"name": name, "role": role, "missing": value is None, "en": en, "zh": zh, **said})
    return found


def _flow_of(opened: Opened, told: Told) -> CheckedFlow | None:
    """The flow, as it was declared, that decided; None without one."""
    checked = opened.compiled.checked
    starts = {path.partition("/")[0] for path in told.path}
    declared = {whose for name, (whose, _) in checked.written.flows.items() if name in starts} | starts
    return next((flow for flow in checked.declared_flows() if flow.flow.name in declared), None)


def _sets_reached(opened: Opened, told: Told, type_name: str) -> frozenset[str] | None:
    """Rule sets of the nodes that were visited; None where no flow chose among them."""
    if not any(type_name in flow.on for flow in opened.compiled.checked.flows):
        return None
    nodes = (opened.explainer.nodes.get(name) for name in told.path)
    return frozenset(node.rule_set for node in nodes if node is not None and node.rule_set)


def _drawn(opened: Opened, flow: CheckedFlow, told: Told) -> dict[str, Any]:
    """Nodes and edges of the flow as it was declared, and which the decision went along; sub-flows stand as one node."""
    written = opened.compiled.checked.written.flows
    own = {flow.flow.name, *(name for name, (whose, _) in written.items() if whose == flow.flow.name)}
    parts = [path.split("/") for path in told.path]
    visited = {part[1].partition(":")[0] for part in parts if len(part) > 1 and part[0] in own}
    walked = [name for name in flow.order if name in visited]
    taken = set(pairwise(walked))
    drawn: dict[tuple[str, str], list[str]] = {}
    for node in flow.flow.nodes:
        for path, to in edges(node):
            drawn.setdefault((node.name, to), []).append(_edge_words(node, path))
    return {
        "flow": flow.flow.name, "en": flow.flow.en or flow.flow.name, "zh": flow.flow.zh or flow.flow.en or flow.flow.name,
        "nodes": [_node(opened, node, node.name in visited) for node in flow.flow.nodes],
        "edges": [
            {"from": a, "to": b, "when": [word for word in words if word], "taken": (a, b) in taken}
            for (a, b), words in drawn.items()
        ],
    }  # fmt: skip


def _edge_words(node: Node, path: tuple[str | int, ...]) -> str:
    """Why an edge is taken: an outcome, a condition, an arm; "" for what simply comes next."""
    if path[0] == "then":
        return str(path[1])
    if path[0] == "branch":
        return node.branch[int(path[1])].when
    if path[0] == "experiment":
        return node.experiment[int(path[1])].name
    return "" if path[0] == "next" else str(path[0])


def _node(opened: Opened, node: Node, visited: bool) -> dict[str, Any]:
    kind = kinds_of(node)[0]
    given = getattr(node, kind)
    named = given if isinstance(given, str) else ""
    en, zh = node.en, node.zh or node.en
    if not en and named and kind in ("rule_set", "scorecard", "table", "flow"):
        policy = opened.compiled.policy
        parts: Mapping[str, Sequence[RuleSet | Scorecard | DecisionTable | Flow]] = {
            "rule_set": policy.rule_sets, "scorecard": policy.scorecards, "table": policy.tables, "flow": policy.flows,
        }  # fmt: skip
        part = next((each for each in parts[kind] if each.name == named), None)
        en, zh = (part.en, part.zh or part.en) if part is not None else ("", "")
    return {
        "node": node.name, "kind": kind, "of": named, "en": en or node.name, "zh": zh or node.name, "visited": visited,
    }  # fmt: skip
