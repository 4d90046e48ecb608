"""Random well-typed expressions as text, and random rows for them.

Names by kind; "plain" numbers have no unit, "money" is in CNY. Arithmetic never joins two literals: those are folded
exactly at check time and have their own tests. Values are small enough that only the tests about overflow overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.oracles.naive_expressions import ERROR, Members, Number, Span, Time
from zhiyu.expressions import EntitySet, NamedSet, Scope
from zhiyu.expressions.tables import NEVER
from zhiyu.expressions.types import BOOL, DURATION, FLOAT, GEO, INT, STRING, TIME, Kind, Type

MONEY = Type(Kind.FIXED, 2, "CNY")
NAMES: dict[str, Type] = {
    "n": INT,
    "k": INT,
    "rate": Type(Kind.FIXED, 6),
    "amount": MONEY,
    "spend": MONEY,
    "score": FLOAT,
    "drift": FLOAT,
    "vip": BOOL,
    "late": BOOL,
    "mer": STRING,
    "city": STRING,
    "t": TIME,
    "u": TIME,
    "d": DURATION,
    "here": GEO,
    "there": GEO,
    "tags": Type(Kind.STRING, is_list=True),
    "received_at": TIME,
}
BAD = ("Acme1", "shop", "")
LISTS = {
    "watched": Members({"Acme1": 1_000, "shop": NEVER, "": 0, "12": -5}),
    "denied": Members({"Acme1": NEVER, "a@b.cn": 1_001}),
    "lucky": Members({Number(0): 1_000, Number(1): NEVER, Number(-3): 2_000}),
    "prices": Members({Number(100, 2): 1_000, Number(0, 2): NEVER}),
}
KNOWN = {"bad": BAD, **LISTS}
"""What the oracle adds to every row."""
SCOPE = Scope(
    NAMES,
    {"bad": NamedSet("bad", STRING, BAD)},
    lists={
        name: EntitySet(name, kind)
        for name, kind in {"watched": STRING, "denied": STRING, "lucky": INT, "prices": MONEY}.items()
    },
)
TEXTS = ("Acme1", "shop", "SHOP", "", " x ", "a@b.cn", "12", "鱼é")


def lazily(make: Callable[[int], st.SearchStrategy[str]]) -> Callable[[int], st.SearchStrategy[str]]:
    """The same strategies, made once per depth and only when drawn from; without this the tree of them explodes."""
    made = cache(make)

    @st.composite
    def drawn(draw: st.DrawFn, depth: int) -> str:
        return draw(made(depth))

    return cache(drawn)


def whole() -> st.SearchStrategy[str]:
    return st.integers(-9, 40).map(str)


def decimal() -> st.SearchStrategy[str]:
    return st.sampled_from(["0.5", "2.25", "-1.5", "10.01", "3", "0"])


def joined(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: pattern.format(*found))


@lazily
def plain(depth: int) -> st.SearchStrategy[str]:
    """A number without unit that is not a literal."""
    names = st.sampled_from(["n", "k", "rate"])
    texts = st.sampled_from(["length(mer)", "length(trim(city))", "items(tags)", "hour(t)", 'weekday(u, "+08:00")'])
    days = st.sampled_from(['day_of_month(t, "-03:30")', 'hour(u, "+05:45")', "day_of_month(u)"])
    if depth == 0:
        return names | texts | days
    one, any_ = plain(depth - 1), plain(depth - 1) | whole()
    return st.one_of(
        names,
        joined("({} {} {})", one, st.sampled_from(["+", "-", "//", "%"]), any_ | decimal()),
        joined("({} * {})", one, st.sampled_from(["n", "k", "3", "-2"])),
        joined("{}({}, {})", st.sampled_from(["min", "max", "coalesce"]), one, any_),
        joined("clip({}, {}, {})", one, any_, any_),
        joined("{}({})", st.sampled_from(["abs", "floor", "ceil", "round", "-"]), one),
        joined("{}(clip({}, -1000, 1000))", st.sampled_from(["floor", "ceil", "round"]), floating(depth - 1)),
        joined("round({}, {})", st.just("rate"), st.sampled_from("0136")),
        joined("({} if {} else {})", one, boolean(depth - 1), any_),
        st.just("(d // duration('7m'))"),
    )


@lazily
def money(depth: int) -> st.SearchStrategy[str]:
    names = st.sampled_from(["amount", "spend"])
    if depth == 0:
        return names
    one = money(depth - 1)
    return st.one_of(
        names,
        joined("({} {} {})", one, st.sampled_from(["+", "-", "%"]), one | decimal()),
        joined("({} * {})", one, st.sampled_from(["n", "2", "k", "0.5"])),
        joined("{}({}, {})", st.sampled_from(["min", "max", "coalesce"]), one, one | decimal()),
        joined("({} if {} else {})", one, boolean(depth - 1), one),
        joined("{}({})", st.sampled_from(["abs", "-", "round", "floor"]), one),
    )


@lazily
def floating(depth: int) -> st.SearchStrategy[str]:
    """A FLOAT without unit."""
    names = st.sampled_from(["score", "drift", "digits_share(mer)"])
    if depth == 0:
        return names
    one, any_ = floating(depth - 1), floating(depth - 1) | plain(depth - 1) | decimal()
    return st.one_of(
        names,
        joined("({} {} {})", one, st.sampled_from(["+", "-", "*", "/", "//"]), any_),
        joined("({} / {})", plain(depth - 1), plain(depth - 1)),
        joined("ratio({}, {})", money(depth - 1), money(depth - 1)),
        joined("{}({})", st.sampled_from(["sqrt", "exp", "log", "log10"]), any_),
        joined("pow({}, {})", any_, any_),
        joined("zscore({}, {}, {})", one, any_, any_),
        joined("{}({})", st.sampled_from(["seconds", "minutes", "hours", "days"]), duration(depth - 1)),
        joined("{}({}, {})", st.sampled_from(["min", "max"]), one, one),
        joined("{}({})", st.sampled_from(["abs", "-"]), one),
        joined("round({}, {})", one, st.sampled_from("126")),
        joined("({} if {} else {})", one, boolean(depth - 1), one),
    )


@lazily
def duration(depth: int) -> st.SearchStrategy[str]:
    names = st.sampled_from(["d", "duration('90s')", "(t - u)", "(u - t)"])
    if depth == 0:
        return names
    one = duration(depth - 1)
    return st.one_of(
        names,
        joined("({} {} {})", one, st.sampled_from(["+", "-", "%"]), one),
        joined("({} * {})", one, st.sampled_from(["2", "k"])),
        joined("max({}, {})", one, st.just("'5m'")),
        joined("{}({})", st.sampled_from(["abs", "-"]), one),
    )


@lazily
def text(depth: int) -> st.SearchStrategy[str]:
    field = st.sampled_from(["mer", "city"])
    parts = st.sampled_from(['"@"', '"o"', '"鱼"'])
    return st.one_of(
        field,
        joined("{}({})", st.sampled_from(["lower", "upper", "trim"]), field),
        joined("{}({}, {})", st.sampled_from(["prefix", "suffix"]), field, st.sampled_from("13")),
        joined("{}(lower({}), {})", st.sampled_from(["before", "after"]), field, parts),
    )


@lazily
def boolean(depth: int) -> st.SearchStrategy[str]:
    """A condition."""
    signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    constants = st.sampled_from(['"shop"', '"Acme1"', '"12"', '""'])
    below = max(depth - 1, 0)
    leaves = [
        st.sampled_from(["vip", "late", 'is_weekend(t, "+08:00")', "(mer in bad)", '(city not in ("shop","12"))']),
        st.sampled_from(
            ["(mer in watched)", "(city not in watched)", "(mer in denied)", "(n in lucky)", "((k - 3) not in lucky)"]
        ),
        st.sampled_from(["(amount in prices)", "(lower(mer) in watched)", '("shop" in watched)', "(0 in lucky)"]),
        st.sampled_from(
            ['("a" in tags)', "(tags is null)", "(n in (1, 2, 3, -4))", "(amount in (1, 2.5))", "(here is null)"]
        ),
        joined("({} {} {})", plain(below), signs, plain(below) | whole()),
        joined("({} {} {})", money(below), signs, money(below) | st.sampled_from(["1", "0"])),
        joined("({} {} {})", floating(below), signs, floating(below) | plain(below) | decimal()),
        joined("({} {} {})", duration(below), signs, duration(below) | st.just("'5m'")),
        joined("({} {} {})", text(below), st.sampled_from(["==", "!="]), text(below) | constants),
        joined("{}({}, {})", st.sampled_from(["starts_with", "ends_with", "contains"]), text(0), st.just('"s"')),
        joined("({} {} {})", st.just("(t - d)"), signs, st.just("u")),
        joined("(distance_km(here, there) {} {})", signs, st.sampled_from(["100", "0"])),
    ]
    if depth == 0:
        return st.one_of(leaves)
    one = boolean(depth - 1)
    return st.one_of(
        *leaves,
        joined("({} and {})", one, one),
        joined("({} or {} or {})", one, one, one),
        joined("(not {})", one),
        joined("({} == {})", one, one),
        joined("(({}) is {}null)", plain(below) | money(below) | floating(below) | one, st.sampled_from(["", "not "])),
        joined("(({}) if {} else ({}))", one, one, one),
    )


def anything(depth: int) -> st.SearchStrategy[str]:
    return boolean(depth) | plain(depth) | money(depth) | floating(depth) | duration(depth)


def values() -> dict[str, st.SearchStrategy[Any]]:
    """A plain value of every name, as the oracle reads it."""
    time = st.integers(-(10**12), 4 * 10**12).map(Time)
    real = st.sampled_from([0.0, -0.0, 1.0, 0.5, -2.5, 1e-300, 1e300, 1e18, 3.5]) | st.floats(-1e6, 1e6)
    place = st.tuples(st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))
    cents = st.integers(-100_000, 100_000).map(lambda units: Number(units, 2))
    known: dict[str, st.SearchStrategy[Any]] = {
        "n": st.integers(-5, 500).map(Number),
        "k": st.integers(-3, 9).map(Number),
        "rate": st.integers(-3_000_000, 3_000_000).map(lambda units: Number(units, 6)),
        "amount": cents,
        "spend": cents,
        "score": real,
        "drift": real,
        "vip": st.booleans(),
        "late": st.booleans(),
        "mer": st.sampled_from(TEXTS),
        "city": st.sampled_from(TEXTS),
        "t": time,
        "u": time,
        "d": st.integers(-(10**8), 10**8).map(Span),
        "here": place,
        "there": place,
        "tags": st.lists(st.sampled_from(["a", "b"]), max_size=3),
        "received_at": (st.sampled_from([-6, -5, 0, 999, 1_000, 1_001, NEVER - 1]) | st.integers(0, 3_000)).map(Time),
    }
    marks = st.sampled_from([None, None, ERROR])
    texts = st.none()
    return {
        name: st.one_of(value, value, value, texts if name in ("mer", "city", "tags") else marks)
        for name, value in known.items()
    }


def rows(count: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries(values()), min_size=count, max_size=count)
