"""Who uses a part of a policy: what would break, or fall silent, were it gone.

In: a checked policy, a name. Out: `Use`s: the rules, features, flows, models and limits that name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from zhiyu.base.errors import ZhiyuError
from zhiyu.expressions.parse import parse
from zhiyu.policy.checked import Checked
from zhiyu.policy.diff_words import noun
from zhiyu.policy.nodes import names_in

_OWN = {"name", "code", "en", "zh", "consumer_en", "consumer_zh", "package", "file"}
_NAMED = ("name", "code")


@dataclass(frozen=True, slots=True)
class Use:
    """`section` and `name` of what uses it; `en`, `zh`: in words."""

    section: str
    name: str
    en: str
    zh: str


def uses_of(checked: Checked, name: str) -> tuple[Use, ...]:
    """Every part that names `name`, each once, in the order of the policy; a model counts by what its package reads.

    Texts in quotes inside expressions do not count.
    """
    found: dict[tuple[str, str], Use] = {}
    policy = checked.declared
    for field in msgspec.structs.fields(policy):
        for part in _parts(getattr(policy, field.name)):
            if name in set(_read(part)):
                own = next((str(getattr(part, key)) for key in _NAMED if getattr(part, key, "")), "")
                if own != name:
                    en, zh = noun(part)
                    found.setdefault((field.name, own), Use(field.name, own, f"{en} '{own}'", f"{zh}“{own}”"))
    for model, each in checked.features.items():
        if each.scored is not None and name in {one.name for one in each.scored.package.inputs}:
            found.setdefault(("models", model), Use("models", model, f"model '{model}'", f"模型“{model}”"))
    return tuple(found.values())


def _parts(section: Any) -> Iterator[msgspec.Struct]:
    """The declarations of a section; of rule sets, their rules."""
    for each in section if isinstance(section, tuple) else (section,):
        if isinstance(each, msgspec.Struct):
            yield from getattr(each, "rules", None) or (each,)


def _read(value: Any, key: str = "") -> Iterator[str]:
    """Names that a declaration mentions, at any depth."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            if field.name not in _OWN:
                yield from _read(getattr(value, field.name), field.name)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _read(each, key)
    elif isinstance(value, dict):
        for own, each in value.items():
            yield own
            yield from _read(each, key)
    elif isinstance(value, str) and value.strip():
        yield value
        try:
            yield from (each.name for each in names_in(parse(value)))
        except ZhiyuError:
            return
