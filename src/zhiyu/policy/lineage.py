"""Where a feature comes from and where it goes: the fields, lists, features and models it reads, and the parts that read it.

In: a checked policy, who uses what, a name. Out: `Lineage`: parts with their words, and which reads which, at any depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from zhiyu.expressions.parse import parse
from zhiyu.network.declare import NetworkFeature
from zhiyu.policy.checked import Checked, CheckedFeature
from zhiyu.policy.nodes import names_in
from zhiyu.policy.uses import Use, names_read

MAX_PARTS = 300
"""Parts of one lineage; the nearest are told."""
THROUGH = ("features", "models", "matrix")
"""Sections whose parts are read by others in turn, by their name."""
Kind = Literal["counted", "derived", "network", "score", "cell"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `section`: that of the policy, "fields" for a field of events; `depth`: how far from the feature, below 0 for what it is
    made of."""

    section: str
    name: str
    depth: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """`links`: pairs of places in `parts`: what is read, who reads it. `cut`: there is more."""

    parts: tuple[Part, ...]
    links: tuple[tuple[int, int], ...]
    cut: bool


def kind_of(feature: CheckedFeature) -> Kind:
    """How a feature comes about."""
    if feature.cell is not None:
        return "cell"
    if feature.scored is not None:
        return "score"
    if feature.expression is not None:
        return "derived"
    return "network" if isinstance(feature.feature, NetworkFeature) else "counted"


def read_by(checked: Checked, name: str) -> tuple[tuple[str, str], ...]:
    """(section, name) of what a feature or a derived field reads directly, in the order in which it names it."""
    feature = checked.features.get(name)
    if feature is None:
        texts = [event.derive[name] for event in checked.declared.events if name in event.derive]
        names: Iterator[str] = (each.name for text in texts if text.strip() for each in names_in(parse(text)))
    elif feature.scored is not None:
        names = (each.name for each in feature.scored.package.inputs)
    elif feature.cell is not None:
        names = names_read(feature.cell.cell)
    elif isinstance(feature.feature, NetworkFeature):
        links = checked.declared.network.links if checked.declared.network is not None else ()
        names = (each.field for each in links)
    else:
        names = names_read(msgspec.structs.replace(feature.feature, on=(), en="", zh=""))
    found = ((_section(checked, each), each) for each in dict.fromkeys(names) if each != name)
    return tuple((section, each) for section, each in found if section)


def lineage_of(checked: Checked, uses: Mapping[str, tuple[Use, ...]], name: str) -> Lineage:
    """Everything above and below the feature `name`, nearest first."""
    own = ("features", name)
    places: dict[tuple[str, str], Part] = {own: Part(own[0], own[1], 0)}
    links = dict[tuple[tuple[str, str], tuple[str, str]], None]()
    cut = False
    for step in (-1, 1):
        wave = [own]
        while wave:
            further = []
            for part in wave:
                for other in _next(checked, uses, part, step):
                    if other not in places:
                        if len(places) >= MAX_PARTS:
                            cut = True
                            continue
                        places[other] = Part(other[0], other[1], places[part].depth + step)
                        further.append(other)
                    links[(other, part) if step < 0 else (part, other)] = None
            wave = further
    number = {part: at for at, part in enumerate(places)}
    return Lineage(tuple(places.values()), tuple((number[one], number[two]) for one, two in links), cut)


def _next(
    checked: Checked, uses: Mapping[str, tuple[Use, ...]], part: tuple[str, str], step: int
) -> Sequence[tuple[str, str]]:
    section, name = part
    if step < 0:
        return read_by(checked, name) if section in ("features", "fields") else ()
    return [(use.section, use.name) for use in uses.get(name, ())] if section in THROUGH else ()


def _section(checked: Checked, name: str) -> str:
    """Where a name is declared; "" for a name that is none of these."""
    if name in checked.features:
        return "features"
    if name in checked.known.lists:
        return "lists"
    return "fields" if name in checked.known.names else ""
