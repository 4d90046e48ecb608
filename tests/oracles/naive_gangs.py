"""What gangs are, in plain Python: a list of links, groups found by walking, names handed on by size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Told = tuple[str, int, int, int]
"""What became of a gang: word, gang, other gang, people."""


@dataclass(eq=False)
class _Link:
    time: int
    one: Any
    other: Any


class NaiveGangs:
    """Links of people with an expiry; `names`: gang id of everybody who has one; `told`: the record."""

    def __init__(self, window: int, alert: int = 1 << 30) -> None:
        self.window, self.alert = window, alert
        self.links: list[_Link] = []
        self.names: dict[Any, int] = {}
        self.told: list[Told] = []
        self.last_id = 0
        self.last: dict[Any, tuple[Any, int]] = {}

    def join_over(self, person: Any, things: list[Any], clock: int, within: int) -> None:
        """Somebody whose gate is open is joined with who came last over each thing, when that is not too long ago."""
        for thing in things:
            other, when = self.last.get(thing, (person, clock))
            if other != person and when > clock - within:
                self._link(person, other, clock)
            self.last[thing] = person, clock

    def group(self, person: Any) -> set[Any]:
        """Everybody who can be reached from a person."""
        met, waiting = {person}, [person]
        while waiting:
            at = waiting.pop()
            for link in self.links:
                if at in (link.one, link.other):
                    fresh = {link.one, link.other} - met
                    met |= fresh
                    waiting += fresh
        return met

    def new_id(self) -> int:
        """1, 2, 3 …"""
        self.last_id += 1
        return self.last_id

    def join(self, people: list[Any], clock: int) -> None:
        """The first is joined with each of the others."""
        for other in people[1:]:
            self._link(people[0], other, clock)

    def _link(self, one: Any, other: Any, clock: int) -> None:
        mine, its = self.group(one), self.group(other)
        self.links.append(_Link(clock, one, other))
        if other in mine:
            return
        sides = sorted(
            ((self.names.get(next(iter(side)), 0), len(side)) for side in (mine, its)), key=lambda s: (-s[1], s[0])
        )
        named = [name for name, _ in sides if name]
        keeps = named[0] if named else self.new_id()
        if not named:
            self.told.append(("BORN", keeps, 0, len(mine | its)))
        elif len(named) == 1:
            self.told.append(("GROWN", keeps, 0, len(mine | its)))
        else:
            self.told.append(("MERGE", keeps, named[1], len(mine | its)))
        if len(mine | its) >= self.alert and len(mine) < self.alert and len(its) < self.alert:
            self.told.append(("ALERT", keeps, 0, len(mine | its)))
        self.names |= dict.fromkeys(mine | its, keeps)

    def without(self, wrong: list[_Link]) -> None:
        """Some links were never there; the largest part of a gang keeps the name (of equal ones the one with the least person)."""
        groups = sorted({tuple(sorted(self.group(each.one))) for each in wrong}, key=lambda group: self.names[group[0]])
        self.links = [each for each in self.links if each not in wrong]
        for group in groups:
            name, parts = self.names[group[0]], list[set[Any]]()
            for person in group:
                del self.names[person]
                if not any(person in part for part in parts):
                    parts.append(self.group(person))
            parts.sort(key=lambda part: (-len(part), min(part)))
            if len(parts[0]) == 1:
                self.told.append(("EXPIRED", name, 0, 0))
                continue
            self.names |= dict.fromkeys(parts[0], name)
            for part in (part for part in parts[1:] if len(part) > 1):
                fresh = self.new_id()
                self.names |= dict.fromkeys(part, fresh)
                self.told.append(("SPLIT", name, fresh, len(part)))

    def expire(self, clock: int) -> None:
        """Links that are older than the window leave, one by one."""
        while self.links and self.links[0].time <= clock - self.window:
            link = self.links.pop(0)
            mine, its = self.group(link.one), self.group(link.other)
            if link.other in mine:
                continue
            gang = self.names[link.one]
            small, large = (mine, its) if len(its) > len(mine) else (its, mine)
            for person in small if len(large) > 1 else mine | its:
                del self.names[person]
            if len(large) == 1:
                self.told.append(("EXPIRED", gang, 0, 0))
            elif len(small) > 1:
                fresh = self.new_id()
                self.names |= dict.fromkeys(small, fresh)
                self.told.append(("SPLIT", gang, fresh, len(small)))
