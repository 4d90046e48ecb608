"""The names an expression may use, and which event types carry them.

In: a policy. Out: `Known`: name → type for every event column and derived column, and the fields present in each
event type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zhiyu.base.errors import DeclarationError, Hint, Place, Problem
from zhiyu.events.declare import WAIT_END, EventType
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import EntitySet, Scope
from zhiyu.expressions.types import Type
from zhiyu.policy.builtin import BUILTIN_NAMES, BUILTIN_TYPES, Clash, clashes, event_types
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.places import Places


def as_nullable(type_: Type, nullable: bool) -> Type:
    """The same type, with null among its values or not."""
    return type_ if type_.nullable == nullable else replace(type_, nullable=nullable)


@dataclass(frozen=True)
class Known:
    """`schema`: the compiled events. `names`: type of every event name. `types`: all event types, builtin facts last.

    `carried`: the names that each event type has. `lists`: the policy's lists whose values have a type.
    """

    schema: EventSchema
    names: Mapping[str, Type]
    types: Mapping[str, EventType]
    carried: Mapping[str, frozenset[str]]
    lists: Mapping[str, EntitySet] = field(default_factory=dict)
    _typed: dict[frozenset[str], dict[str, Type]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def scope(self) -> Scope:
        """The scope of the events, and the policy's lists."""
        return replace(self.schema.scope, lists=self.lists)

    @property
    def deciding(self) -> frozenset[str]:
        """Event types that are decided."""
        return frozenset(name for name, event in self.types.items() if event.decide)

    @property
    def facts(self) -> frozenset[str]:
        """Event types the lender sends: what a feature without `on` looks at (not our own labels and decisions)."""
        return frozenset(
            name for name, event in self.types.items() if name not in BUILTIN_TYPES and WAIT_END not in event.fields
        )

    def typed_on(self, on: Iterable[str]) -> dict[str, Type]:
        """Names and types as they are on these event types: a required field of all of them is never null there."""
        key = frozenset(on)
        if key not in self._typed:
            chosen = [self.types[name] for name in key if name in self.types]
            self._typed[key] = {
                name: as_nullable(type_, self._may_miss(name, type_, chosen)) for name, type_ in self.names.items()
            }
        return dict(self._typed[key])

    def _may_miss(self, name: str, type_: Type, chosen: list[EventType]) -> bool:
        if not chosen or all(name in event.derive for event in chosen):
            return type_.nullable
        column = self.schema.columns[self.schema.index[name]] if name in self.schema.index else None
        if column is None or (column.role == "signal" and column.part != "valid"):
            return True  # a derived value, or a part that a failed check digit leaves open
        return column.role != "builtin" and not all(
            column.of in event.fields and event.fields[column.of].required for event in chosen
        )

    def missing_on(self, name: str, on: Iterable[str]) -> bool:
        """True when no event of these types ever carries `name`."""
        return all(name not in self.carried.get(each, frozenset()) for each in on)


def known_of(policy: Policy, places: Places, declared: Policy | None = None) -> tuple[Known | None, list[Problem]]:
    """What can be used, or None and the reasons why the event types do not compile. `policy` is `declared` with its waits written out."""
    declared = declared or policy

    def place_of(path: tuple[Any, ...]) -> Place:
        return places.content(path) if "derive" in path or "drop" in path else places.at(path)

    types = event_types(policy)
    try:
        EventSchema.compile(
            declared.events, (), place_of
        )  # first without builtin facts, whose copies would repeat every finding
        taken = [_clash(clash, places) for clash in clashes(declared)]
        if taken:
            return None, taken
        schema = EventSchema.compile(types, (), place_of)
    except DeclarationError as error:
        return None, error.problems
    carried = {event.name: frozenset(_carried(event, schema)) for event in types}
    lists = {
        each.name: EntitySet(each.name, schema.names[of[0]]) for each in policy.lists if (of := listed(policy, each))
    }
    return Known(schema, schema.names, {event.name: event for event in types}, carried, lists), []


def listed(policy: Policy, entity_list: EntityList) -> tuple[str, ...]:
    """The fields whose values stand on a list: those of the entity it is `of`, else the field of that name, else none."""
    fields = dict.fromkeys(name for event in policy.events for name in event.fields)
    entities = {(name, each.entity) for event in policy.events for name, each in event.fields.items()}
    of_entity = tuple(name for name in fields if (name, entity_list.of) in entities)
    return of_entity or ((entity_list.of,) if entity_list.of in fields else ())


def _clash(clash: Clash, places: Places) -> Problem:
    en, zh = f"'{clash.name}' is a builtin name (of {clash.fact} facts)", f"“{clash.name}”是内置名称（{clash.fact}）"
    return Problem("name.builtin", en, zh, places.key(clash.path), "error", *Hint("use another name", "换一个名称"))


def _carried(event: EventType, schema: EventSchema) -> Iterable[str]:
    yield from BUILTIN_NAMES
    yield from event.derive
    for column in schema.columns:
        if column.of in event.fields:
            yield column.name
