"""The one form that YAML and Python both come down to, and its hash: the version of a policy.

In: a `Policy`. Out: `Artifact`: canonical JSON (keys sorted, sections sorted by name, expressions in normal text,
numbers and durations in shortest spelling, defaults left out) and its SHA-256. How something was typed, in which file
and in which order, does not change it; names people read (en, zh) do. Grids stay as declared. The engine runs
`artifact.policy`, so the same hash always decides the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import msgspec

from zhiyu.base.errors import DeclarationError, InputError, Place, Problem
from zhiyu.base.windows import parse_duration_ms, say_duration
from zhiyu.events.declare import Clock, EventType, Field, LabelColumn
from zhiyu.expressions.canonical import canonical, number_text
from zhiyu.expressions.parse import parse
from zhiyu.features.declare import Feature, Grid
from zhiyu.network.declare import Gang, Link, Network
from zhiyu.policy.condition_text import ANY, normal, plain_text
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_actions import ActionLimit, Deadline, LetThrough, Parameter
from zhiyu.policy.declare_flows import Arm, Case, Flow, Node
from zhiyu.policy.declare_labels import DerivedLabel
from zhiyu.policy.declare_matrix import Challenger, MatrixCell
from zhiyu.policy.declare_models import Model
from zhiyu.policy.declare_restraint import FairGroups, Independence, OverLending
from zhiyu.policy.declare_scorecards import Bin, Characteristic, Scorecard
from zhiyu.policy.declare_services import Breaker, Service, Told
from zhiyu.policy.declare_tables import DecisionTable, Input, Row
from zhiyu.policy.declare_versions import Versions
from zhiyu.policy.nodes import names_in

FORMAT = "zhiyu-policy/1"

EXPRESSIONS = {
    (Feature, "expr"), (Feature, "where"), (Rule, "when"), (Gang, "when"), (Case, "when"), (Characteristic, "of"), (Input, "of"),
    (OverLending, "when"),
    (DerivedLabel, "where"),
    (Node, "until"),
}  # fmt: skip
EXPRESSION_MAPS = {(EventType, "derive"), (Grid, "where")}
EXPRESSION_LISTS = {(EventType, "drop")}
_DURATIONS = {
    (Feature, "over"), (LabelColumn, "delay"), (Clock, "lateness"), (Clock, "max_ahead"), (Clock, "idempotency"),
    (Clock, "skew"), (Deadline, "within"), (Network, "window"), (Network, "half_life"), (Gang, "window"),
    (Node, "within"), (DerivedLabel, "within"),
    (ActionLimit, "per"), (Service, "timeout"), (Service, "budget"), (Service, "cache"), (Breaker, "pause"),
}  # fmt: skip
_NAME_SETS = {
    (Feature, "on"), (Grid, "on"), (Rule, "on"), (RuleSet, "on"), (Scorecard, "on"), (DecisionTable, "on"), (Flow, "on"),
    (Model, "on"), (Network, "on"), (MatrixCell, "shadow"), (FairGroups, "on"), (Independence, "on"), (OverLending, "on"),
    (DerivedLabel, "on"), (DerivedLabel, "of"),
}  # fmt: skip
_NUMBERS = {
    (Field, "min"), (Field, "max"),
    (Field, "step"), (Feature, "step"), (Bin, "low"), (Bin, "high"), (Parameter, "min"), (Parameter, "max"), (LetThrough, "share"),
    (LetThrough, "money_cap"), (Arm, "percent"), (Model, "present"), (Model, "fallback"), (Link, "weight"),
    (Challenger, "percent"), (FairGroups, "ratio"), (Independence, "correlation"), (Independence, "differ"), (OverLending, "share"),
    (Told, "min"), (Told, "max"), (Service, "price"), (Versions, "percent"),
}  # fmt: skip
_UNORDERED = {
    "events": "name",
    "features": "name",
    "grids": "name",
    "models": "name",
    "matrix": "name",
    "lists": "name",
    "labels": "name",
    "rule_sets": "name",
    "scorecards": "name",
    "tables": "name",
    "flows": "name",
    "services": "name",
    "actions": "name",
    "limits": "name",
    "reasons": "code",
    "sources": "name",
}


@dataclass(frozen=True)
class Artifact:
    """A compiled-down policy: `hash` is the SHA-256 (hex) of `canonical`, UTF-8 JSON."""

    hash: str
    canonical: bytes

    @cached_property
    def policy(self) -> Policy:
        """The policy in canonical order and spelling; the one the engine runs."""
        return msgspec.convert(msgspec.json.decode(self.canonical)["policy"], Policy)

    def to_json(self) -> bytes:
        """One JSON object that holds everything (`hash`, `format`, `policy`); goes into every run folder."""
        return b'{"hash":"' + self.hash.encode() + b'",' + self.canonical[1:] + b"\n"

    @staticmethod
    def from_json(content: bytes) -> Artifact:
        """The artifact that `to_json` wrote; `InputError` when it was changed since, or is of another format."""
        try:
            document = msgspec.json.decode(content)
            stored = document.pop("hash")
            known = document.get("format") == FORMAT
            policy = msgspec.convert(document.get("policy"), Policy) if known else None
        except (msgspec.MsgspecError, KeyError, AttributeError, TypeError, UnicodeDecodeError) as fault:
            raise InputError(f"not a policy artifact: {fault}", f"不是策略归档：{fault}") from None
        if policy is None:
            found = document.get("format")
            raise InputError(f"policy format '{found}' is not '{FORMAT}'", f"策略格式“{found}”不是“{FORMAT}”")
        artifact = artifact_of(policy)
        if artifact.hash != stored:
            en = f"the policy does not match its hash {stored}: it was changed after it was written"
            raise InputError(en, f"策略与其哈希 {stored} 不符：写出后被改动过")
        return artifact


def artifact_of(policy: Policy) -> Artifact:
    """The artifact of a policy; raises `DeclarationError` for values of wrong types and expressions that do not parse.

    >>> from zhiyu.events.declare import EventType, Field
    >>> one = Policy(name="p", events=(EventType(name="login", fields={"who": Field(type="string")}),))
    >>> artifact_of(one).policy == one
    True
    """
    document = {"format": FORMAT, "policy": _plain(validated(policy))}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    content = text.encode("utf-8")
    return Artifact(hashlib.sha256(content).hexdigest(), content)


def canonical_feature(feature: Feature) -> Feature:
    """The same feature in the spelling of the artifact."""
    return msgspec.convert(_plain_struct(feature), type(feature))


def feature_key(feature: Feature) -> str:
    """What a feature counts, whatever it is called: equal keys mean equal values on the same events."""
    content = _plain_struct(msgspec.structs.replace(feature, name="", actionable="", step=None, en="", zh=""))
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def ground_key(policy: Policy) -> str:
    """SHA-256 of what events are before anything is counted: their types, and the clock."""
    content = _plain([sorted(map(_what_comes, policy.events), key=lambda event: event.name), policy.clock])
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _what_comes(event: EventType) -> EventType:
    """The event type without what is only said about it in explanations."""
    fields = {name: msgspec.structs.replace(each, actionable="", step=None) for name, each in event.fields.items()}
    return msgspec.structs.replace(event, fields=fields)


def validated(policy: Policy) -> Policy:
    """The same policy with every type checked: declarations made in Python take any value until they are compiled."""
    try:
        return msgspec.convert(msgspec.to_builtins(policy), Policy)
    except (msgspec.ValidationError, TypeError) as fault:
        text = str(fault).replace("`$", "`policy")
        problem = Problem("declare.type", text, f"声明的类型不对：{text}", Place())
        raise DeclarationError([problem]) from None


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _plain_struct(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    return value


def _plain_struct(record: msgspec.Struct) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for described in msgspec.structs.fields(record):
        value = getattr(record, described.name)
        plain = _plain_field((type(record), described.name), value)
        if described.required or plain != _plain_field((type(record), described.name), _default(described)):
            out[described.name] = plain
    out = {name: out[name] for name in sorted(out)}
    if isinstance(record, Policy):
        for section, name in _UNORDERED.items():
            if section in out:
                out[section] = sorted(out[section], key=lambda item: (item[name], json.dumps(item, sort_keys=True)))
    return out


def _default(described: Any) -> Any:
    if described.default_factory is not msgspec.NODEFAULT:
        return described.default_factory()
    return described.default


def _plain_field(field: tuple[type, str], value: Any) -> Any:
    if value in ("", None):
        return value
    if field in EXPRESSIONS:
        return canonical(parse(value))
    if field in EXPRESSION_MAPS:
        texts = {name: canonical(parse(value[name])) if value[name].strip() else "" for name in sorted(value)}
        return _readers_last(texts)
    if field in EXPRESSION_LISTS:
        return [canonical(parse(text)) for text in value]
    if field in _DURATIONS:
        return _duration(value)
    if field in _NUMBERS:
        return _number(value)
    if field == (Row, "when"):
        texts = {name: normal(value[name]) for name in sorted(value)}
        return {name: text for name, text in texts.items() if text != ANY}
    if field == (Bin, "values"):
        return sorted({plain_text(each) for each in value})
    if field == (MatrixCell, "thresholds"):
        return {outcome: _number(value[outcome]) for outcome in sorted(value)}
    if field in _NAME_SETS:
        return sorted(set(value))
    if field == (Node, "call"):
        return [value] if isinstance(value, str) else _plain(value)
    if field == (Feature, "by") and isinstance(value, str):
        return [value]
    return _plain(value)


def _readers_last(texts: dict[str, str]) -> dict[str, str]:
    """Derived values in alphabetical order, except that each comes after those it reads; circles stay as they are."""
    left, placed = dict(texts), dict[str, str]()
    while left:
        reads = {name: {n.name for n in names_in(parse(text))} if text else set() for name, text in left.items()}
        free = next((name for name in left if not (reads[name] & left.keys()) - {name}), next(iter(left)))
        placed[free] = left.pop(free)
    return placed


def _duration(text: str) -> str:
    try:
        return say_duration(parse_duration_ms(text))
    except ValueError:
        return text  # the static checks report it with its place


def _number(value: str | int | float) -> str:
    try:
        return number_text(Decimal(str(value)))
    except InvalidOperation:
        return str(value)
