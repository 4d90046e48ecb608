"""The text for editors means the same as the normal text, and has no bracket that could go."""

from __future__ import annotations

from hypothesis import given

from tests.property.expression_texts import anything
from tests.property.test_expressions import MANY
from zhiyu.base.errors import DeclarationError
from zhiyu.expressions import canonical, parse
from zhiyu.expressions.plainly import plainly


@MANY
@given(anything(4))
def test_it_reads_back_to_the_same(text: str) -> None:
    node = parse(text)
    assert canonical(parse(plainly(node))) == canonical(node)


@MANY
@given(anything(3))
def test_no_pair_of_brackets_can_go(text: str) -> None:
    """Brackets of calls and of members stand behind a name or `in`; of the others, taking any pair away changes the meaning."""
    node = parse(text)
    said = plainly(node)
    for first, last in pairs(said):
        before = said[:first].rstrip()
        if before.endswith(" in") or (first and said[first - 1].isidentifier()):
            continue
        fewer = said[:first] + " " + said[first + 1 : last] + " " + said[last + 1 :]
        try:
            assert canonical(parse(fewer)) != canonical(node), (said, fewer)
        except DeclarationError:
            continue


def pairs(text: str) -> list[tuple[int, int]]:
    """Places of brackets that belong together, outside quotes."""
    found, open_at, quote, at = [], list[int](), "", 0
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char == '"':
            quote = char
        elif char == "(":
            open_at.append(at)
        elif char == ")":
            found.append((open_at.pop(), at))
        at += 1
    return found
