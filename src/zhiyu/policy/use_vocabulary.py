"""An entry `{use: loan, …}` under `events:` becomes the event types it stands for.

In: the entry and where it stands. Out: plain event types in its place, as if they had been written out; what is wrong in the entry becomes
a finding at the word that is wrong, and every part the lender added keeps its own place for later findings.
"""

from __future__ import annotations

from typing import Any

import msgspec

from zhiyu.events.vocabulary import Use
from zhiyu.events.vocabulary.use import misuses, used
from zhiyu.policy.convert import MISSING, Converter, shape_of
from zhiyu.policy.places import Mark, Path
from zhiyu.policy.yaml_nodes import Map, Node

_ENTRY = "events use"
"""Where marks of entries wait; no section of a policy has this name."""


def says_use(node: Node) -> bool:
    """Whether an item of `events` takes types from a vocabulary."""
    return isinstance(node, Map) and any(key.text == "use" for key, _ in node.entries)


def events_used(converter: Converter, node: Node, first: int) -> list[Any]:
    """The event types as plain data, the first of them number `first` of the policy; [MISSING] when the entry is wrong."""
    entry: Path = (_ENTRY, first)
    data = converter.read(node, shape_of(Use), entry)
    if data is MISSING:
        return [MISSING]
    use = msgspec.convert(data, Use)
    wrong = misuses(use)
    converter.problems += [each.at(_place(converter, (*entry, *each.path))) for each in wrong]
    if wrong:
        return [MISSING]
    events = used(use)
    for number, event in enumerate(events, first):
        at: Path = ("events", number)
        converter.places.marks[at] = Mark(node.place)
        _move(converter, (*entry, "also", event.name), at)
    return [msgspec.to_builtins(event) for event in events]


def _place(converter: Converter, path: Path) -> Any:
    places = converter.places
    return places.keys[path] if path in places.keys and path[-2:-1] != ("types",) else places.at(path)


def _move(converter: Converter, old: Path, new: Path) -> None:
    """What was marked below `old` is marked below `new` too."""
    places, length = converter.places, len(old)
    places.marks |= {
        (*new, *path[length:]): mark for path, mark in places.marks.items() if path[:length] == old and path != old
    }
    places.keys |= {
        (*new, *path[length:]): place for path, place in places.keys.items() if path[:length] == old and path != old
    }
