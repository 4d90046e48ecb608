"""Checks the `derive:` and `drop:` expressions of event types against the names events have.

In: event types and the names with their types. Out: (name, expression) of derived values, in an order in which each
uses only earlier ones, and (event type, expression) of noise filters. The engine computes both; here is only what
they mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zhiyu.base.errors import DeclarationError, Hint
from zhiyu.events.declare import EventType
from zhiyu.events.problems import Finder
from zhiyu.expressions import Expression, Scope, check, parse
from zhiyu.expressions.types import Kind, Type

Derived = tuple[tuple[str, Expression], ...]
Drop = tuple[tuple[str, Expression], ...]


def check_derived(
    events: Sequence[EventType], names: Mapping[str, Type], texts: frozenset[str], finder: Finder
) -> tuple[Derived, Drop]:
    """Check all; problems go to `finder`. A name derived in two event types must mean the same in both."""
    known = dict(names)
    derived: dict[str, Expression] = {}
    for at, event in enumerate(events):
        for name, text in event.derive.items():
            path = ("events", at, "derive", name)
            finder.name(name, path)
            expression = _check(text, Scope(known, texts=texts), path, finder)
            if expression is None:
                continue
            if name in names or (name in derived and derived[name].canonical != expression.canonical):
                finder.add(
                    "name_taken",
                    path,
                    f"'{name}' already means something else",
                    f"“{name}”已另有含义",
                    Hint("use another name", "换一个名称"),
                )
                continue
            derived[name], known[name] = expression, expression.type
    drops = [
        (event.name, expression)
        for at, event in enumerate(events)
        for i, text in enumerate(event.drop)
        if (expression := _check(text, Scope(known, texts=texts), ("events", at, "drop", i), finder, Kind.BOOL))
        is not None
    ]
    return tuple(derived.items()), tuple(drops)


def _check(
    text: str, scope: Scope, path: tuple[Any, ...], finder: Finder, want: Kind | None = None
) -> Expression | None:
    place = finder.place_of(path)
    try:
        return check(parse(text, place), scope, text, place, want)
    except DeclarationError as wrong:
        finder.problems.extend(wrong.problems)
        return None
