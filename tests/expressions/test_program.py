"""Programs: equal work is done once, registers are reused, sets of any size answer alike, nulls and errors combine."""

from __future__ import annotations

import numpy as np
import pytest

from tests.expressions.running import encode, run
from tests.oracles.naive_expressions import ERROR, Members, Number, Time
from zhiyu.base.errors import InputError
from zhiyu.expressions import EntitySet, NamedSet, Scope, check, compile_program, load_constants, parse, run_program
from zhiyu.expressions.tables import build_table, holds
from zhiyu.expressions.types import BOOL, FLOAT, INT, STRING, Kind, Type

NAMES = {"a": BOOL, "b": BOOL, "n": INT, "x": FLOAT, "s": STRING}
STATES = {"T": True, "F": False, "N": None, "E": ERROR}


def program(texts: list[str], sets: dict[str, NamedSet] | None = None):
    expressions = [check(parse(text), Scope(NAMES, sets or {})) for text in texts]
    return compile_program(expressions, {name: at for at, name in enumerate(NAMES)}, len(NAMES), encode)


def test_equal_work_is_done_once() -> None:
    once = program(["n > 3 and a"])
    many = program(["n > 3 and a", "a and 3 < n", "not (n <= 3) and a", "(a) and (n > 3.0)"])
    assert len(many.code) == len(once.code) == 2
    assert len(set(many.outputs.tolist())) == 1


def test_temporary_registers_are_reused() -> None:
    texts = [" + ".join(f"(n * {k + each})" for each in range(10)) + " > 5" for k in range(2, 12)]
    found = program(texts)
    used = found.n_registers - len(NAMES) - len(found.constants)
    assert used <= 32 < len(found.code)


def test_a_name_alone_is_its_own_output() -> None:
    assert program(["a"]).outputs.tolist() == [0]
    assert len(program(["a"]).code) == 0


def test_a_missing_register_is_named() -> None:
    with pytest.raises(InputError, match="'n'"):
        compile_program([check(parse("n > 1"), Scope(NAMES))], {"a": 0}, 1, encode)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        (
            "a and b",
            {"TT": "T", "TF": "F", "TN": "N", "TE": "E", "FN": "F", "FE": "F", "NN": "N", "NE": "E", "EE": "E"},
        ),
        ("a or b", {"FF": "F", "FT": "T", "FN": "N", "FE": "E", "TN": "T", "TE": "T", "NN": "N", "NE": "E", "EE": "E"}),
        ("a == b", {"TT": "T", "TF": "F", "TN": "N", "TE": "E", "NN": "N", "NE": "E", "EE": "E"}),
    ],
)
def test_tables_of_three_values_and_error(text: str, table: dict[str, str]) -> None:
    expression = check(parse(text), Scope(NAMES))
    for pair, expected in table.items():
        for one, other in (pair, pair[::-1]):
            row = {"a": STATES[one], "b": STATES[other], "n": None, "x": None, "s": None}
            for block in (1, 4):
                values, nulls, _ = run([expression], NAMES, [row] * block, block)
                seen = {0: "T" if values[0, -1] else "F", 1: "N", 2: "E"}[int(nulls[0, -1])]
                assert seen == expected, (text, pair, block)


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("block", [1, 3])
def test_comparisons_below_at_and_above(sign: str, block: int) -> None:
    texts = [f"n {sign} 2", f"2 {sign} n", f"x {sign} 0.5", f"0.5 {sign} x", f"not (n {sign} 2)", f"not (x {sign} 0.5)"]
    rows = [{"a": None, "b": None, "s": None, "n": Number(n), "x": n / 4} for n in (1, 2, 3)]
    values, nulls, _ = run([check(parse(text), Scope(NAMES)) for text in texts], NAMES, rows, block)
    meant = {"<": [1, 0, 0], "<=": [1, 1, 0], ">": [0, 0, 1], ">=": [0, 1, 1], "==": [0, 1, 0], "!=": [1, 0, 1]}[sign]
    denied = [1 - each for each in meant]
    assert values.tolist() == [meant, meant[::-1], meant, meant[::-1], denied, denied]
    assert not nulls.any()


@pytest.mark.parametrize("block", [1, 9])
def test_rounding_down_up_and_to_nearest_with_halves_away_from_zero(block: int) -> None:
    names = {"m": Type(Kind.FIXED, 2), "x": FLOAT}
    hundredths = [-251, -250, -249, -150, -50, 0, 50, 149, 150]
    rows = [{"m": Number(units, 2), "x": units / 100} for units in hundredths]
    expected = {
        "floor": [-3, -3, -3, -2, -1, 0, 0, 1, 1],
        "ceil": [-2, -2, -2, -1, 0, 0, 1, 2, 2],
        "round": [-3, -3, -2, -2, -1, 0, 1, 1, 2],
    }
    texts = [f"{function}({name})" for function in expected for name in ("m", "x")]
    values, nulls, _ = run([check(parse(text), Scope(names)) for text in texts], names, rows, block)
    assert values.tolist() == [each for wanted in expected.values() for each in (wanted, wanted)]
    assert not nulls.any()


def test_a_number_that_does_not_fit_the_finer_scale_is_an_error() -> None:
    names = {"n": INT, "rate": Type(Kind.FIXED, 6)}
    texts = ["n > rate", "n + rate > 0", "coalesce(n, rate) > 0", "n > 5"]
    rows = [{"n": Number(n), "rate": Number(1, 6)} for n in (9_223_372_036_854, 9_223_372_036_855)]
    _, nulls, _ = run([check(parse(text), Scope(names)) for text in texts], names, rows, 2)
    assert nulls.tolist() == [[0, 2], [0, 2], [0, 2], [0, 0]]


def test_rounding_to_digits() -> None:
    names = {"m": Type(Kind.FIXED, 3), "x": FLOAT}
    rows = [{"m": Number(units, 3), "x": units / 1000} for units in (1250, -1250, 1249, 1300)]
    texts = [
        "round(m, 1) == 1.3",
        "round(m, 1) == -1.3",
        "round(x, 1) == 1.3",
        "round(x, 1) == -1.3",
        "round(m, 5) == m",
    ]
    values, _, _ = run([check(parse(text), Scope(names)) for text in texts], names, rows, 4)
    assert values.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 1, 1]]


def test_is_null_coalesce_and_if_on_null_and_error() -> None:
    texts = ["n is null", "coalesce(n, 7) == 7", "(1 if a else 2) == 2", "(n if a else 2) == 2", "not a"]
    expressions = [check(parse(text), Scope(NAMES)) for text in texts]
    rows = [
        {"a": a, "b": None, "n": n, "x": None, "s": None} for a, n in ((False, None), (None, ERROR), (ERROR, Number(7)))
    ]
    for block in (1, 3):
        values, nulls, _ = run(expressions, NAMES, rows, block)
        assert nulls.tolist() == [[0, 2, 0], [0, 2, 0], [0, 1, 2], [0, 1, 2], [0, 1, 2]]
        assert values.tolist() == [[1, 0, 0], [1, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("text", "x", "null"),
    [
        ("log(x) > 0", 0.0, 2),
        ("log(x) > 0", -1.0, 2),
        ("sqrt(x) > 0", -1.0, 2),
        ("exp(x) > 0", 800.0, 2),
        ("exp(x) >= 0", -800.0, 0),
        ("pow(x, 0.5) > 0", -2.0, 2),
        ("pow(x, -1) > 0", 0.0, 2),
        ("x * x > 0", 1e200, 2),
        ("x / 0 > 0", 1.0, 1),
        ("x / x > 0", 0.0, 1),
        ("x / x > 0", -0.0, 1),
        ("zscore(x, 0, 0) > 0", 1.0, 1),
        ("floor(x) > 0", 1e19, 2),
        ("floor(x) < 0", -9.2e18, 0),
        ("round(x, 2) > 0", 1e300, 0),
    ],
)
def test_what_is_null_and_what_is_an_error(text: str, x: float, null: int) -> None:
    row = {"a": None, "b": None, "n": None, "x": x, "s": None}
    values, nulls, _ = run([check(parse(text), Scope(NAMES))], NAMES, [row], 1)
    assert (nulls[0, 0], values[0, 0]) == (null, 1 if null == 0 else 0)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 100_000])
def test_a_table_holds_what_was_put_in_and_nothing_else(size: int) -> None:
    values = np.random.default_rng(size).integers(-(2**63), 2**63 - 1, size)
    table = build_table(values)
    assert all(holds(table, 0, int(each)) for each in values[:500])
    assert not any(holds(table, 0, int(each)) for each in np.random.default_rng(9).integers(-(2**63), 2**63 - 1, 500))
    assert not holds(table, 0, -(2**63))
    assert holds(build_table(np.array([*values, -(2**63)])), 0, -(2**63))


def test_clustered_values_do_not_cluster_in_the_table() -> None:
    table = build_table(np.arange(0, 64 << 20, 1 << 20))
    assert holds(table, 0, 5 << 20)
    assert not holds(table, 0, 1)


def test_two_sets_in_one_program_do_not_mix() -> None:
    big = NamedSet("big", STRING, [f"m{each}" for each in range(20_000)])
    found = program(['s in ("m1", "z")', "s in big", "s not in big", "n in (1, 2)"], {"big": big})
    values = np.zeros((found.n_registers, 4), np.int64)
    nulls = np.zeros((found.n_registers, 4), np.uint8)
    load_constants(found, values, nulls)
    values[4] = [encode("m1"), encode("z"), encode("m19999"), encode("q")]
    values[2] = [1, 2, 3, encode("m1")]
    run_program(found.code, found.sets, values, nulls, 4)
    assert values[found.outputs].tolist() == [[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0]]
    assert "IN" in found.listing()


def test_lists_are_asked_at_the_address_the_owner_writes() -> None:
    names = {"s": STRING, "received_at": Type(Kind.TIME, nullable=False)}
    lists = {name: EntitySet(name, STRING) for name in ("stolen", "lost")}
    texts = ["s in stolen", "s not in stolen", "s in lost", "s in stolen or s in lost"]
    expressions = [check(parse(text), Scope(names, lists=lists)) for text in texts]
    assert [each.lists for each in expressions] == [{"stolen"}, {"stolen"}, {"lost"}, {"stolen", "lost"}]
    found = compile_program(expressions, {"s": 0, "received_at": 1}, 2, encode)
    assert dict(found.list_offsets).keys() == lists.keys()
    assert [found.sets[at : at + 2].tolist() for name, at in found.list_offsets] == [
        [0, encode(name)] for name, _ in found.list_offsets
    ]
    members = Members({"a": 100})
    for table, meant in ((None, [[0, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0]]),
                         ({"stolen": members}, [[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]])):  # fmt: skip
        rows = [
            {"s": "a", "received_at": Time(99)},
            {"s": "a", "received_at": Time(100)},
            {"s": None, "received_at": Time(5)},
        ]
        for block in (1, 3):
            values, nulls, _ = run(expressions, names, rows, block, table)
            assert values.tolist() == meant
            assert nulls.tolist() == [[0, 0, 1]] * 4
    assert "IN_LIST" in found.listing()


def test_columns_past_n_are_not_touched() -> None:
    found = program(["n + 1", "x + 1", "log(x) > 0", "a and b", "n is null"])
    values = np.full((found.n_registers, 8), 77, np.int64)
    nulls = np.full((found.n_registers, 8), 2, np.uint8)
    for n in (0, 1, 5):
        run_program(found.code, found.sets, values, nulls, n)
        assert (values[:, 5:] == 77).all()
        assert (nulls[:, 5:] == 2).all()
