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

    def to_dict(self) -> dict[str, str]:
        """The same by name."""
        return {"section": self.section, "name": self.name, "en": self.en, "zh": self.zh}


def uses_of(checked: Checked, name: str) -> tuple[Use, ...]:
    """Every part that names `name`, each once, in the order of the policy; a model counts by what its package reads.

    Texts in quotes inside expressions do not count.
    """
    return all_uses(checked).get(name, ())


def all_uses(checked: Checked) -> dict[str, tuple[Use, ...]]:
    """The same for every name that some part mentions, in one walk through the policy."""
    found: dict[str, dict[tuple[str, str], Use]] = {}
    policy = checked.declared
    for field in msgspec.structs.fields(policy):
        for part in _parts(getattr(policy, field.name)):
            own = next((str(getattr(part, key)) for key in _NAMED if getattr(part, key, "")), "")
            en, zh = noun(part)
            use = Use(field.name, own, f"{en} '{own}'", f"{zh}“{own}”")
            for name in set(names_read(part)) - {own}:
                found.setdefault(name, {}).setdefault((field.name, own), use)
    for model, each in checked.features.items():
        for one in each.scored.package.inputs if each.scored is not None else ():
            use = Use("models", model, f"model '{model}'", f"模型“{model}”")
            found.setdefault(one.name, {}).setdefault(("models", model), use)
    return {name: tuple(uses.values()) for name, uses in found.items()}


def _parts(section: Any) -> Iterator[msgspec.Struct]:
    """The declarations of a section; of rule sets, their rules."""
    for each in section if isinstance(section, tuple) else (section,):
        if isinstance(each, msgspec.Struct):
            yield from getattr(each, "rules", None) or (each,)


def names_read(value: Any, key: str = "") -> Iterator[str]:
    """Names that a declaration mentions, at any depth."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            if field.name not in _OWN:
                yield from names_read(getattr(value, field.name), field.name)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from names_read(each, key)
    elif isinstance(value, dict):
        for own, each in value.items():
            yield own
            yield from names_read(each, key)
    elif isinstance(value, str) and value.strip():
        yield value
        try:
            yield from (each.name for each in names_in(parse(value)))
        except ZhiyuError:
            return
