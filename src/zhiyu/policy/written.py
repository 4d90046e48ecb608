"""A version as people read and change it: its artifact's form with expressions as one would type them, and every part as a sentence.

In: an artifact, its checked policy. Out: plain data that JSON pointers lead into (those of the artifact's own form), without the packages
of models; sentences by pointer, in en and zh.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from zhiyu.expressions.parse import parse
from zhiyu.expressions.plainly import plainly
from zhiyu.policy.artifact import EXPRESSION_LISTS, EXPRESSION_MAPS, EXPRESSIONS, Artifact
from zhiyu.policy.checked import Checked
from zhiyu.policy.patch import pointer
from zhiyu.policy.places import Path
from zhiyu.policy.say import say_feature, say_rule, say_rule_set
from zhiyu.policy.say_decisions import say_list, say_scorecard, say_table
from zhiyu.policy.say_flows import say_flow

_LEFT_OUT = {"package"}


def document_of(artifact: Artifact) -> dict[str, Any]:
    """The policy as plain data for reading."""
    document: dict[str, Any] = json.loads(artifact.canonical)["policy"]
    _respell(artifact.policy, document)
    return document


def sentences_of(checked: Checked) -> Iterator[tuple[str, str, str]]:
    """(pointer, en, zh) of rule sets (how they decide), rules, cards, tables, flows, features, lists."""

    def both(path: Path, say: Any, *given: Any) -> tuple[str, str, str]:
        en, zh = (say(checked, *given, language) for language in ("en", "zh"))
        return pointer(checked.places.declared(path)), en, zh

    for number, rule_set in enumerate(checked.policy.rule_sets):
        where, en, zh = both(("rule_sets", number), say_rule_set, rule_set.name)
        yield where, en.partition("\n")[0], zh.partition("\n")[0]
    for rule in checked.rules:
        if rule.when is not None:
            yield both(rule.path, say_rule, rule)
    for card in checked.scorecards:
        yield both(card.path, say_scorecard, card)
    for table in checked.tables:
        yield both(table.path, say_table, table)
    for flow in checked.declared_flows():
        yield both(flow.path, say_flow, flow)
    for name, feature in checked.features.items():
        if feature.path[:1] == ("features",):
            yield both(feature.path, say_feature, name)
    for number, declared in enumerate(checked.policy.lists):
        yield pointer(("lists", number)), say_list(declared, "en"), say_list(declared, "zh")


def _respell(record: msgspec.Struct, document: dict[str, Any]) -> None:
    """Spell the expressions of a declaration, at any depth, in the plain data that was made of it."""
    for described in msgspec.structs.fields(record):
        name, key = described.name, (type(record), described.name)
        if name in _LEFT_OUT:
            document.pop(name, None)
        if name not in document:
            continue
        value, plain = getattr(record, name), document[name]
        if key in EXPRESSIONS:
            document[name] = _spelled(plain)
        elif key in EXPRESSION_MAPS:
            document[name] = {each: _spelled(text) for each, text in plain.items()}
        elif key in EXPRESSION_LISTS:
            document[name] = [_spelled(text) for text in plain]
        elif isinstance(value, msgspec.Struct):
            _respell(value, plain)
        elif isinstance(value, tuple):
            for one, other in zip(value, plain):
                if isinstance(one, msgspec.Struct):
                    _respell(one, other)
        elif isinstance(value, Mapping):
            for each, other in plain.items():
                if isinstance(value[each], msgspec.Struct):
                    _respell(value[each], other)


def _spelled(text: str) -> str:
    return plainly(parse(text)) if text.strip() else text
