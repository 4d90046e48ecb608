"""The machine against the naive oracle: random expressions × random rows with nulls and errors, in blocks of any size."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.expressions.running import encode, plain, run
from tests.oracles.naive_expressions import ERROR, Number, Span, Time, evaluate
from tests.property.expression_texts import KNOWN, LISTS, NAMES, SCOPE, anything, rows
from zhiyu.expressions import canonical, check, compile_program, parse, say
from zhiyu.expressions.types import INT, Kind, Type

MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def same(seen: Any, expected: Any, type_: Type) -> bool:
    """Equal as values; floats equal to the bit, zeros of either sign alike."""
    if isinstance(expected, Number) and type_.kind is Kind.FLOAT:
        expected = float(expected.units) / 10.0**expected.scale
    if isinstance(expected, Number):
        return isinstance(seen, Number) and seen.exact == expected.exact
    return type(seen) is type(expected) and bool(seen == expected)


@MANY
@given(st.lists(anything(3), min_size=3, max_size=8), rows(7))
def test_machine_gives_what_the_oracle_gives(texts: list[str], table: list[dict[str, Any]]) -> None:
    expressions = [check(parse(text), SCOPE) for text in texts]
    values, nulls, _ = run(expressions, NAMES, table, 7, LISTS)
    for index, expression in enumerate(expressions):
        for at, row in enumerate(table):
            expected = evaluate(parse(texts[index]), {**row, **KNOWN})
            seen = plain(int(values[index, at]), int(nulls[index, at]), expression.type)
            assert same(seen, expected, expression.type), (texts[index], row, seen, expected)


@MANY
@given(st.lists(anything(3), min_size=3, max_size=8), rows(9))
def test_block_size_never_shows_in_the_bits(texts: list[str], table: list[dict[str, Any]]) -> None:
    expressions = [check(parse(text), SCOPE) for text in texts]
    wide = (table * 8)[:64]
    whole = run(expressions, NAMES, wide, 64, LISTS)
    for block in (1, 7):
        part = run(expressions, NAMES, wide, block, LISTS)
        assert np.array_equal(part[0], whole[0])
        assert np.array_equal(part[1], whole[1])


@MANY
@given(st.lists(anything(3), min_size=1, max_size=6))
def test_registers_of_inputs_constants_and_outputs_are_kept(texts: list[str]) -> None:
    expressions = [check(parse(text), SCOPE) for text in texts]
    inputs = [*NAMES, *sorted({each.key for one in expressions for each in one.prepared})]
    program = compile_program(expressions, {name: at for at, name in enumerate(inputs)}, len(inputs), encode)
    kept = {*range(len(inputs)), *program.constant_registers.tolist()}
    written: dict[int, int] = {}
    for at, (_, dst, a, b, c, _) in enumerate(program.code.tolist()):
        assert dst not in kept
        assert dst not in (a, b, c)
        assert max(dst, a, b, c) < program.n_registers
        assert all(each in kept or each in written for each in (a, b, c))
        written[dst] = at
    again = compile_program(expressions, {name: at for at, name in enumerate(inputs)}, len(inputs), encode)
    assert np.array_equal(program.code, again.code)


@MANY
@given(anything(3))
def test_normal_text_is_a_fixed_point_and_every_condition_has_words(text: str) -> None:
    node = parse(text)
    normal = canonical(node)
    assert canonical(parse(normal)) == normal
    assert canonical(parse(f"  ( {normal.replace(' ', '  ')} )")) == normal
    expression = check(node, SCOPE)
    for language in ("en", "zh"):
        words = say(expression, language)
        assert words
        assert "{" not in words


LIMITS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [-(2**63), 2**63 - 1, 2**62, -(2**62), 0, 1, -1, 3037000500, -3037000500, 3037000499]
)
WHOLE = {"a": INT, "b": INT, "d": Type(Kind.DURATION), "t": Type(Kind.TIME)}
TEXTS = ("a + b", "a - b", "a * b", "-a", "abs(a)", "a // b", "a % b", "min(a, b)", "a + 1 > b * 2", "t + d", "a < b")


@MANY
@given(st.lists(st.fixed_dictionaries({"a": LIMITS, "b": LIMITS, "d": LIMITS, "t": LIMITS}), min_size=5, max_size=5))
def test_overflow_of_whole_numbers_is_an_error_never_a_wrong_number(table: list[dict[str, int]]) -> None:
    from zhiyu.expressions import Scope

    wrap = {"a": Number, "b": Number, "d": Span, "t": Time}
    plain_rows = [{name: wrap[name](value) for name, value in row.items()} for row in table]
    expressions = [check(parse(text), Scope(WHOLE)) for text in TEXTS]
    for block in (1, 5):
        values, nulls, _ = run(expressions, WHOLE, plain_rows, block)
        for index, text in enumerate(TEXTS):
            for at, row in enumerate(plain_rows):
                seen = plain(int(values[index, at]), int(nulls[index, at]), expressions[index].type)
                assert same(seen, evaluate(parse(text), row), expressions[index].type), (text, row, seen)


@MANY
@given(st.integers(-(10**12), 10**12), st.integers(0, 9), st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_a_quotient_of_exact_numbers_is_rounded_once(a: int, a_scale: int, b: int, b_scale: int) -> None:
    from zhiyu.expressions import Scope

    if abs(a) * 10**b_scale > 2**53 or abs(b) * 10**a_scale > 2**53:
        return
    names = {"a": Type(Kind.FIXED, a_scale), "b": Type(Kind.FIXED, b_scale)}
    row = {"a": Number(a, a_scale), "b": Number(b, b_scale)}
    expressions = [check(parse("a / b"), Scope(names))]
    values, nulls, _ = run(expressions, names, [row], 1)
    seen = plain(int(values[0, 0]), int(nulls[0, 0]), expressions[0].type)
    assert seen == (None if b == 0 else float(Fraction(a * 10**b_scale, b * 10**a_scale)))
    assert seen is not ERROR
