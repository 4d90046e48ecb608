"""What changed between two policies, in sentences.

In: two checked policies. Out: `Change`s. Both are compared in the form their hash is made of, so spelling, files and order that mean
nothing make no difference, and everything that changes the hash is told: the walk goes through every declared field, and where no
sentence of its own is written, says the field with its old and new value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import msgspec

from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare import Policy
from zhiyu.policy.diff_say import sentence_of
from zhiyu.policy.diff_words import Words, key_words, noun, value_words

MAX_ROWS = 10
"""Changes of rows and bins of one table that are told one by one; more are counted."""
IDENTITY = ("name", "code")
_BY_PLACE = {"Row", "Bin", "Case", "Do"}
"""Declarations without a name: told apart by their order."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `kind`: "added", "removed" or "changed"; `section`: the part of the policy it stands in."""

    kind: str
    section: str
    en: str
    zh: str

    def text(self, language: str) -> str:
        """The sentence in one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Difference:
    """Hashes of both policies and what changed between them, section by section."""

    old: str
    new: str
    changes: tuple[Change, ...]

    @property
    def equal(self) -> bool:
        """Whether both decide the same by declaration."""
        return self.old == self.new


def diff_policies(old: Policy, new: Policy) -> Difference:
    """Compare; raises `DeclarationError` when one of them has errors."""
    for policy in (old, new):
        check_policy(policy).require()
    one, two = artifact_of(old), artifact_of(new)
    changes = changes_between(check_policy(one.policy).require(), check_policy(two.policy).require())
    return Difference(one.hash, two.hash, changes)


def changes_between(old: Checked, new: Checked) -> tuple[Change, ...]:
    """What differs between two checked policies that are in the form of their artifacts."""
    return tuple(_Walk(old, new).record(old.declared, new.declared, ()))


Where = tuple[Words, ...]


class _Walk:
    """Walks two policies side by side; `where` holds the words of what is around."""

    def __init__(self, old: Checked, new: Checked) -> None:
        self.old, self.new = old, new
        self.section = ""

    def record(self, old: msgspec.Struct, new: msgspec.Struct, where: Where) -> Iterator[Change]:
        """Two declarations of one kind, field by field."""
        for field in msgspec.structs.fields(old):
            self.section = field.name if isinstance(old, Policy) else self.section
            one, two = getattr(old, field.name), getattr(new, field.name)
            if not _same(one, two):
                yield from self.value(one, two, (where, old, new, field.name))

    def value(self, one: Any, two: Any, at: tuple[Where, msgspec.Struct, msgspec.Struct, str]) -> Iterator[Change]:
        where, _, _, key = at
        if isinstance(one, msgspec.Struct) and isinstance(two, msgspec.Struct):
            yield from self.record(one, two, (*where, noun(one)))
        elif isinstance(one, tuple) and isinstance(two, tuple) and _structs(one + two):
            yield from self.several(one, two, where, key)
        elif isinstance(one, dict) and isinstance(two, dict):
            yield from self.mapping(one, two, where, key)
        elif one is None and isinstance(two, msgspec.Struct):
            yield self.whole("added", two, where)
        elif two is None and isinstance(one, msgspec.Struct):
            yield self.whole("removed", one, where)
        else:
            yield self.changed(one, two, at)

    def changed(self, one: Any, two: Any, at: tuple[Where, msgspec.Struct, msgspec.Struct, str]) -> Change:
        """One plain field: old and new value, conditions also in words."""
        where, old, new, key = at
        (en, zh), (old_en, old_zh), (new_en, new_zh) = key_words(key), value_words(one), value_words(two)
        before = (sentence_of(self.old, old, key, "en"), sentence_of(self.old, old, key, "zh"))
        after = (sentence_of(self.new, new, key, "en"), sentence_of(self.new, new, key, "zh"))
        if before[0] and after[0]:
            old_en, old_zh = f"{old_en} ({before[0]})", f"{old_zh}（{before[1]}）"
            new_en, new_zh = f"{new_en} ({after[0]})", f"{new_zh}（{after[1]}）"
        return self.made("changed", where, f"{en} changed from {old_en} to {new_en}", f"{zh}由 {old_zh} 改为 {new_zh}")

    def whole(self, kind: str, part: msgspec.Struct, where: Where) -> Change:
        """A declaration that is there in one policy only."""
        checked = self.new if kind == "added" else self.old
        (en, zh), name = noun(part), _identity(part)
        says = [
            sentence_of(checked, part, "", language) or value_words(part)[language == "zh"] for language in ("en", "zh")
        ]
        en = f"{en} '{name}' {kind}" if name else f"{en} {kind}"
        zh = f"{'新增' if kind == 'added' else '删除'}{zh}" + (f"“{name}”" if name else "")
        return self.made(kind, where, f"{en}: {says[0]}", f"{zh}：{says[1]}")

    def several(self, one: tuple[Any, ...], two: tuple[Any, ...], where: Where, key: str) -> Iterator[Change]:
        """Lists of declarations: by name where they have one, else side by side."""
        if type((one + two)[0]).__name__ in _BY_PLACE or not all(_identity(each) for each in one + two):
            yield from self.aligned(one, two, where, key)
            return
        before, after = {_identity(each): each for each in one}, {_identity(each): each for each in two}
        for name, part in before.items():
            if name in after:
                en, zh = noun(part)
                yield from self.record(part, after[name], (*where, (f"{en} '{name}'", f"{zh}“{name}”")))
            else:
                yield self.whole("removed", part, where)
        for name, part in after.items():
            if name not in before:
                yield self.whole("added", part, where)
        kept, again = [name for name in before if name in after], [name for name in after if name in before]
        if kept != again:
            (en, zh), order = key_words(key), ", ".join(again)
            yield self.made("changed", where, f"order of {en} is now {order}", f"{zh}的顺序改为 {order}")

    def aligned(self, one: tuple[Any, ...], two: tuple[Any, ...], where: Where, key: str) -> Iterator[Change]:
        """Rows and bins: aligned so that as many as possible stay the same; long lists of changes are counted."""
        steps = list(_steps(one, two))
        if len(steps) > MAX_ROWS:
            kinds = [_kind(old, new) for old, new in steps]
            added, removed, other = (kinds.count(kind) for kind in ("added", "removed", "changed"))
            en, zh = key_words(key)
            yield self.made(
                "changed", where, f"{en}: {added} added, {removed} removed, {other} changed ({len(one)} before, {len(two)} now)",
                f"{zh}：新增 {added}，删除 {removed}，修改 {other}（原 {len(one)}，现 {len(two)}）",
            )  # fmt: skip
            return
        for old, new in steps:
            if old is None or new is None:
                number, part = new or old  # type: ignore[misc]  # one of them is there
                change = self.whole(_kind(old, new), part, where)
                yield Change(
                    change.kind, change.section, f"{change.en} (no. {number + 1})", f"{change.zh}（第 {number + 1} 个）"
                )
                continue
            en, zh = noun(old[1])
            place = (f"{en} {old[0] + 1}", f"第 {old[0] + 1} 个{zh}")
            yield from self.record(old[1], new[1], (*where, place))

    def mapping(self, one: dict[str, Any], two: dict[str, Any], where: Where, key: str) -> Iterator[Change]:
        """Named parts: fields of events, parameters, conditions of a row, ways of a node."""
        en, zh = key_words(key)
        for name in [*one, *(name for name in two if name not in one)]:
            if name in one and name in two and _same(one[name], two[name]):
                continue
            old, new = one.get(name), two.get(name)
            place = (f"{en} '{name}'", f"{zh}“{name}”")
            if isinstance(old, msgspec.Struct) and isinstance(new, msgspec.Struct):
                yield from self.record(old, new, (*where, place))
            elif isinstance(old, tuple) and isinstance(new, tuple) and _structs(old + new):
                yield from self.several(old, new, (*where, place), key)
            elif name in one and name in two:
                (old_en, old_zh), (new_en, new_zh) = value_words(old), value_words(new)
                yield self.made(
                    "changed", (*where, place), f"changed from {old_en} to {new_en}", f"由 {old_zh} 改为 {new_zh}"
                )
            else:
                kind = "added" if name in two else "removed"
                (said_en, said_zh), done = value_words(new if name in two else old), "新增" if name in two else "删除"
                yield self.made(kind, (*where, place), f"{kind}: {said_en}", f"{done}：{said_zh}")
        if list(one) != list(two) and sorted(one) == sorted(two):
            order = ", ".join(two)
            yield self.made("changed", where, f"order of {en} is now {order}", f"{zh}的顺序改为 {order}")

    def made(self, kind: str, where: Where, en: str, zh: str) -> Change:
        places_en, places_zh = ", ".join(each for each, _ in where), "，".join(each for _, each in where)
        en = f"{places_en}: {en}" if where else en
        zh = f"{places_zh}：{zh}" if where else zh
        en = en[0].upper() + en[1:].removesuffix(".") + "."
        return Change(kind, self.section, en, zh.removesuffix("。").replace("） 改为", "）改为") + "。")


Numbered = tuple[int, Any]


def _steps(one: tuple[Any, ...], two: tuple[Any, ...]) -> Iterator[tuple[Numbered | None, Numbered | None]]:
    """Pairs that differ; parts of replaced stretches are paired in order."""
    matcher = SequenceMatcher(None, [_bytes(each) for each in one], [_bytes(each) for each in two], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            for k in range(max(b - a, d - c)):
                yield (a + k, one[a + k]) if a + k < b else None, (c + k, two[c + k]) if c + k < d else None


def _kind(old: Numbered | None, new: Numbered | None) -> str:
    return "added" if old is None else "removed" if new is None else "changed"


def _structs(parts: tuple[Any, ...]) -> bool:
    return bool(parts) and all(isinstance(each, msgspec.Struct) for each in parts)


def _identity(part: msgspec.Struct) -> str:
    return next((str(getattr(part, key)) for key in IDENTITY if getattr(part, key, "")), "")


_bytes: Callable[[Any], bytes] = msgspec.json.encode


def _same(one: Any, two: Any) -> bool:
    return _bytes(one) == _bytes(two)
