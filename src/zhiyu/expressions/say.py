"""A condition as a sentence, in English and Chinese: what a rule says, and what it saw.

In: a checked expression, labels of names, for `say_with_values` the values seen. Out: one natural sentence part,
without a full stop: "the amount is more than ¥500.00 and logins is at least 3", "金额大于 ¥500.00 且 …".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from zhiyu.expressions.functions import FUNCTIONS
from zhiyu.expressions.text import Prepared
from zhiyu.expressions.typed import EntitySet, Expression, NamedSet, Typed
from zhiyu.expressions.types import Kind, Type
from zhiyu.expressions.wording import Labels, Shown, say_name, say_value, spaced

MOST_MEMBERS = 6
"""Members of a written list that a sentence names; the rest is counted."""

_SIGNS = {
    "==": ("is", "等于"),
    "!=": ("is not", "不等于"),
    ">": ("is more than", "大于"),
    ">=": ("is at least", "不少于"),
    "<": ("is less than", "小于"),
    "<=": ("is at most", "不超过"),
}
_TIME_SIGNS = {
    ">": ("is after", "晚于"),
    ">=": ("is not before", "不早于"),
    "<": ("is before", "早于"),
    "<=": ("is not after", "不晚于"),
}
_SPAN_SIGNS = {">": ("is longer than", "长于"), "<": ("is shorter than", "短于")}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPERATORS = {"+": ("+", 1), "-": ("−", 1), "*": ("×", 2), "/": ("÷", 2), "//": ("÷", 2), "%": ("÷", 2)}


def say(expression: Expression, language: str, labels: Labels | None = None) -> str:
    """The sentence of `expression` in "en" or "zh"."""
    return _Speaker(language, labels or {}).sentence(expression.root)


def say_with_values(
    expression: Expression, language: str, labels: Labels | None = None, seen: Mapping[str, Shown] | None = None
) -> str:
    """The same with the value seen after each name the first time: "the amount (¥620.00) is more than ¥500.00".

    `seen` maps names and keys of prepared columns to values in register form, texts as text; None is "missing".
    """
    return _Speaker(language, labels or {}, dict(seen or {})).sentence(expression.root)


@dataclass
class _Speaker:
    """Says one expression; `seen` shrinks as values are mentioned."""

    language: str
    labels: Labels
    seen: dict[str, Shown] = field(default_factory=dict)

    def pick(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en

    def sentence(self, node: Typed) -> str:
        """The whole expression."""
        text = self.condition(node)
        return spaced(text) if self.language == "zh" else text

    def condition(self, node: Typed, inside: str = "") -> str:
        """A node of kind BOOL as a statement; `inside` is the word ("and", "or", "not") around it."""
        if node.op in ("and", "or"):
            return self._joined(node, inside)
        if node.op == "not":
            return self._denied(node.args[0])
        if node.op in _SIGNS:
            return self._compared(node, node.op)
        if node.op == "in":
            return self._member(node, denied=False)
        if node.op == "is_null":
            return self._known(node, missing=True)
        if node.type.kind is Kind.BOOL and node.op == "if":
            return self._either(node, self.condition)
        if node.type.kind is Kind.BOOL and node.op == "coalesce" and node.args[-1].op == "literal":
            return self._unknown_counts(node, inside)
        if self._is_statement(node):
            return self.value(node)
        if node.type.kind is Kind.BOOL and node.op != "literal":
            who = self.value(node)
            return self.pick(f"{who} is true", f"{who}为真")
        return self.value(node)

    def value(self, node: Typed, binding: int = 0, denied: bool = False) -> str:
        """A node as a noun; `binding` is the strength of the operator around it; `denied` is for statements."""
        if node.op == "literal":
            return say_value(_constant(node), node.type, self.language)
        if node.op == "name":
            return self._named(str(node.value), node.type)
        if isinstance(node.value, Prepared):
            return self._prepared(node.value, denied)
        if node.op in _OPERATORS:
            return self._computed(node, binding)
        if node.op == "negative":
            return f"−{self.value(node.args[0], 3)}"
        if node.op == "if":
            return self._either(node, self.value)
        if node.op == "coalesce" and len(node.args) == 2 and node.args[1].op == "literal":
            return self._or_constant(*node.args)
        if node.op in FUNCTIONS:
            return self._phrase(node.op, [self.value(each) for each in node.args], denied)
        text = self.condition(node)
        return self.pick(f"({text})", f"（{text}）")

    def _or_constant(self, asked: Typed, otherwise: Typed) -> str:
        """`coalesce(x, 0)` is x where it was seen, and says what is taken where it is not known."""
        name, constant = str(asked.value), self.value(otherwise)
        if asked.op == "name" and name in self.seen:
            if self.seen[name] is not None:
                return self.value(asked)
            del self.seen[name]
            who = say_name(name, self.labels, self.language)
            return self.pick(f"{who} (unknown, so {constant})", f"{who}（未知，取 {constant}）")
        text = self.value(asked)
        return self.pick(f"{text} ({constant} when unknown)", f"{text}（未知时取 {constant}）")

    def _unknown_counts(self, node: Typed, inside: str) -> str:
        """`coalesce(test, …, false)` is the test itself: what is not known does not hold; with `true` it does."""
        tests = [self.condition(each, "or" if len(node.args) > 2 else inside) for each in node.args[:-1]]
        text = self.pick(", or where that is not known ", "，未知时看").join(tests)
        if node.args[-1].value is not True:
            return text
        return self.pick(f"({text}, or it is not known)", f"（{text}，或未知）")

    def _joined(self, node: Typed, inside: str) -> str:
        parts = [self.condition(each, node.op) for each in node.args]
        if self.language == "zh":
            text = ("且" if node.op == "and" else "或").join(parts)
            return f"（{text}）" if inside and inside != node.op else text
        comma = "," if len(parts) > 2 else ""
        text = f"{', '.join(parts[:-1])}{comma} {node.op} {parts[-1]}"
        return f"({text})" if inside and inside != node.op else text

    def _denied(self, inner: Typed) -> str:
        if inner.op in _OPPOSITE:
            return self._compared(inner, _OPPOSITE[inner.op])
        if inner.op == "in":
            return self._member(inner, denied=True)
        if inner.op == "is_null":
            return self._known(inner, missing=False)
        if inner.op == "name":
            who = self.value(inner)
            return self.pick(f"{who} is not true", f"{who}不为真")
        if self._is_statement(inner):
            return self.value(inner, denied=True)
        text = self.condition(inner)
        return self.pick(f"it is not so that ({text})", f"并非（{text}）")

    def _compared(self, node: Typed, sign: str) -> str:
        left, right = node.args
        if left.op == "literal" and right.op != "literal":
            left, right, sign = right, left, _FLIPPED[sign]
        if right.op == "literal" and right.type.kind is Kind.BOOL:
            value = say_value((right.value is True) == (sign == "=="), right.type, self.language)
            who = self.value(left)
            return self.pick(f"{who} is {value}", f"{who}为{value}")
        special = _TIME_SIGNS if left.type.kind is Kind.TIME else _SPAN_SIGNS if left.type.kind is Kind.DURATION else {}
        en, zh = special.get(sign, _SIGNS[sign])
        one, other = self.value(left), self.value(right)
        return self.pick(f"{one} {en} {other}", f"{one}{zh}{other}")

    def _member(self, node: Typed, denied: bool) -> str:
        item, members = node.args[0], node.value
        who = self.value(item)
        if isinstance(members, EntitySet):
            en, zh = (f"“{each}”" if each else members.name for each in self.labels.get(members.name, ("", "")))
            on_en, on_zh = ("is not on the list", "不在名单") if denied else ("is on the list", "在名单")
            return self.pick(f"{who} {on_en} {en}", f"{who}{on_zh}{zh}中")
        if isinstance(members, NamedSet):
            en, zh = ("is not in the list", "不在名单") if denied else ("is in the list", "在名单")
            return self.pick(f"{who} {en} {members.name}", f"{who}{zh}{members.name}中")
        assert isinstance(members, tuple)
        words = [say_value(each, item.type, self.language) for each in members]
        rest = len(words) - MOST_MEMBERS
        if rest > 0:
            words = [*words[:MOST_MEMBERS], self.pick(f"{rest} more", f"另外 {rest} 个值")]
        if self.language == "zh":
            return f"{who}{'不属于' if denied else '属于'}{'、'.join(words)}"
        if len(words) == 1:
            return f"{who} is {'not ' if denied else ''}{words[0]}"
        listed = (
            f"{', '.join(words[:-1])} and {words[-1]}"
            if denied or rest > 0
            else f"{', '.join(words[:-1])} or {words[-1]}"
        )
        return f"{who} is {'none of' if denied else 'one of'} {listed}"

    def _known(self, node: Typed, missing: bool) -> str:
        asked = node.args[0].value
        if isinstance(asked, Prepared) and asked.chain[0].function == "items":
            what = say_name(asked.field, self.labels, self.language)
        else:
            what = self.value(node.args[0])
        return self.pick(f"{what} is {'missing' if missing else 'known'}", f"{what}{'为空' if missing else '不为空'}")

    def _either(self, node: Typed, speak: Callable[[Typed], str]) -> str:
        test, then, otherwise = self.condition(node.args[0]), speak(node.args[1]), speak(node.args[2])
        return self.pick(f"({then} if {test}, otherwise {otherwise})", f"（若{test}则为{then}，否则为{otherwise}）")

    def _named(self, name: str, type_: Type) -> str:
        return say_name(name, self.labels, self.language) + self._mention(name, type_)

    def _mention(self, name: str, type_: Type) -> str:
        """The value seen, in brackets, the first time a name is said."""
        if name not in self.seen:
            return ""
        text = say_value(self.seen.pop(name), type_, self.language)
        return self.pick(f" ({text})", f"（{text}）")

    def _prepared(self, prepared: Prepared, denied: bool = False) -> str:
        text, last = say_name(prepared.field, self.labels, self.language), prepared.chain[-1]
        for step in prepared.chain:
            arguments = [f"“{each}”" if isinstance(each, str) else str(each) for each in step.arguments]
            text = self._phrase(step.function, [text, *arguments], denied and step is last)
        return text if FUNCTIONS[last.function].en_not else text + self._mention(prepared.key, prepared.type)

    def _is_statement(self, node: Typed) -> bool:
        function = node.value.chain[-1].function if isinstance(node.value, Prepared) else node.op
        return FUNCTIONS[function].en_not != "" if function in FUNCTIONS else False

    def _computed(self, node: Typed, binding: int) -> str:
        sign, strength = _OPERATORS[node.op]
        left, right = self.value(node.args[0], strength), self.value(node.args[1], strength + 1)
        text = f"{left} {sign} {right}"
        if node.op == "%":
            return self.pick(f"the remainder of {left} ÷ {right}", f"{left}除以{right}的余数")
        if node.op == "//":
            return self._phrase("floor", [f"({text})"])
        return f"({text})" if strength < binding else text

    def _phrase(self, function: str, words: list[str], denied: bool = False) -> str:
        known = FUNCTIONS[function]
        joined = self.pick(f"{', '.join(words[:-1])} and {words[-1]}", f"{'、'.join(words[:-1])}与{words[-1]}")
        chosen = self.pick(known.en_not, known.zh_not) if denied else self.pick(known.en, known.zh)
        return chosen.format(*words, all=joined)


def _constant(node: Typed) -> bool | int | float | str:
    assert isinstance(node.value, bool | int | float | str)
    return node.value
