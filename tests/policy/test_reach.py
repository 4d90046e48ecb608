"""Reachability against brute force: what is claimed of a condition must hold for every possible event."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.expressions import parse
from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.nodes import Boolean, Compare, IsNull, Literal, Membership, Name, Node, Not
from zhiyu.expressions.types import Kind, Type
from zhiyu.policy.reach import always, dead_branches, implies, impossible_because

TYPES = {
    "n": Type(Kind.INT, minimum=0, maximum=3),
    "m": Type(Kind.INT, minimum=0, maximum=3, nullable=False),
    "colour": Type(Kind.STRING, choices=("red", "blue", "green")),
    "flag": Type(Kind.BOOL),
}
DOMAIN = {
    "n": [0, 1, 2, 3, None],
    "m": [0, 1, 2, 3],
    "colour": ["red", "blue", "green", None],
    "flag": [True, False, None],
}
ROWS = [dict(zip(DOMAIN, row)) for row in product(*DOMAIN.values())]
Row = dict[str, int | str | bool | None]


def evaluate(node: Node, row: Row) -> object:
    """Three-valued logic, said as plainly as possible; None is null."""
    match node:
        case Literal(value):
            return value
        case Name(name):
            return row[name]
        case Not(operand):
            value = evaluate(operand, row)
            return None if value is None else not value
        case IsNull(operand, negated):
            return (evaluate(operand, row) is None) is not negated
        case Boolean(operator, operands):
            values = [evaluate(each, row) for each in operands]
            strong = operator == "or"
            return strong if strong in values else None if None in values else not strong
        case Membership(item, members, negated):
            value = evaluate(item, row)
            assert isinstance(members, tuple)
            return None if value is None else (value in [m.value for m in members]) is not negated
        case Compare(operator, left, right):
            one, other = evaluate(left, row), evaluate(right, row)
            if one is None or other is None:
                return None
            return eval_compare(operator, one, other)
    raise AssertionError(node)


def eval_compare(operator: str, one: object, other: object) -> bool:
    if operator == "==":
        return one == other
    if operator == "!=":
        return one != other
    assert isinstance(one, int)
    assert isinstance(other, int)
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]


def fires_on(node: Node) -> list[int]:
    return [i for i, row in enumerate(ROWS) if evaluate(node, row) is True]


numbers = st.integers(-1, 4).map(str)
signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
colours = st.sampled_from(['"red"', '"blue"', '"green"'])
atoms = st.one_of(
    st.builds(lambda n, s, v: f"{n} {s} {v}", st.sampled_from("nm"), signs, numbers),
    st.builds(lambda v, s, n: f"{v} {s} {n}", numbers, signs, st.sampled_from("nm")),
    st.builds(lambda s: f"n {s} m", signs),
    st.builds(lambda s: f"m {s} n", signs),
    st.builds(lambda s, c: f"colour {s} {c}", st.sampled_from(["==", "!="]), colours),
    st.builds(
        lambda w, cs: f"colour {w} ({', '.join(cs)},)", st.sampled_from(["in", "not in"]), st.lists(colours, min_size=1)
    ),
    st.builds(lambda n, vs: f"{n} in ({', '.join(vs)},)", st.sampled_from("nm"), st.lists(numbers, min_size=1)),
    st.builds(
        lambda n, w: f"{n} {w} null", st.sampled_from(["n", "colour", "flag"]), st.sampled_from(["is", "is not"])
    ),
    st.sampled_from(["flag", "true", "false", "flag == true", "flag != true"]),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(lambda a, b, o: f"({a} {o} {b})", inner, inner, st.sampled_from(["and", "or"])),
        st.builds(lambda a, b, c, o: f"({a} {o} {b} {o} {c})", inner, inner, inner, st.sampled_from(["and", "or"])),
        inner.map(lambda a: f"(not {a})"),
    ),
    max_leaves=6,
)


@settings(max_examples=600, deadline=None)
@given(conditions)
def test_a_rule_said_to_be_dead_never_fires(text: str) -> None:
    node = parse(text)
    if impossible_because(node, TYPES):
        assert not fires_on(node)


@settings(max_examples=400, deadline=None)
@given(conditions)
def test_a_rule_said_to_fire_always_does(text: str) -> None:
    node = parse(text)
    if always(node, TYPES):
        assert len(fires_on(node)) == len(ROWS)


@settings(max_examples=400, deadline=None)
@given(conditions)
def test_a_dead_branch_changes_nothing(text: str) -> None:
    node = parse(text)
    if impossible_because(node, TYPES):
        return
    for branch in dead_branches(node, TYPES):
        without = _without(node, branch)
        assert fires_on(without) == fires_on(node), canonical(branch)


@settings(max_examples=800, deadline=None)
@given(conditions, conditions)
def test_implied_means_true_whenever_the_other_is(one: str, other: str) -> None:
    stronger, weaker = parse(one), parse(other)
    if implies(stronger, weaker, TYPES):
        assert set(fires_on(stronger)) <= set(fires_on(weaker))


def _without(node: Node, branch: Node) -> Node:
    """`node` with one branch of an `or` made false."""
    if node is branch:
        return Literal(False)
    if isinstance(node, Boolean):
        return Boolean(node.operator, tuple(_without(each, branch) for each in node.operands))
    return node


def test_what_a_strategist_would_expect_to_be_found() -> None:
    for dead in (
        "n > 2 and n < 3",
        "n > 3",
        "n < 0",
        'colour == "red" and colour == "blue"',
        "flag and not flag",
        "n > m and n < m",
    ):
        assert impossible_because(parse(dead), TYPES), dead
    assert not impossible_because(parse("n > 1 and n < 3"), TYPES)
    assert always(parse("m >= 0"), TYPES)
    assert not always(parse("n >= 0"), TYPES)  # n may be missing
    assert implies(parse("n > 2 and flag"), parse("n > 1"), TYPES)
    assert not implies(parse("n > 1"), parse("n > 2"), TYPES)
    assert implies(parse('colour == "red"'), parse('colour in ("red", "blue")'), TYPES)
    assert not implies(parse('colour == "red" or n > 1'), parse('colour in ("red", "blue")'), TYPES)
