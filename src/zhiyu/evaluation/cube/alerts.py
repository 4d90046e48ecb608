"""Alerts over metrics as they begin, last and end; the same whoever looks, live or over the past.

In: rules, a cube, minutes that have ended. Out: `Alert`s that were raised or ended; what is open. An alert is told once when it begins and
once when it ends, not in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from zhiyu.base.errors import DeclarationError, InputError, Place, ZhiyuError
from zhiyu.evaluation.cube.alert_rules import AlertCheck, AlertRule
from zhiyu.evaluation.cube.cube import Cube
from zhiyu.log.list_journal import said_time

ENDED_KEPT = 1_000
PlaceOf = Callable[[int, str, int], Place]


class Alert(msgspec.Struct, kw_only=True):
    """`number`: 1, 2, 3 … of a tenant; `of`: the value of the rule's dimension, "" without one; `since`, `ended`: the minute, "" while it
    lasts; `figures`: those seen when it began; `en`, `zh`: what was seen, in a sentence."""

    number: int
    rule: str
    severity: str
    by: str
    of: str
    since: str
    ended: str = ""
    figures: dict[str, float | int | None] = {}
    en: str = ""
    zh: str = ""


class Alerts(msgspec.Struct, kw_only=True):
    """What is known of one tenant; kept as one file. `looked_ms`: up to which minute; `streaks`: minutes in a row in which rule and value
    held (positive) or, for what is open, did not (negative); `failing`: rules that could not look, and why: what they said stays as it
    was; `untold`: what webhooks are still to be told."""

    looked_ms: int = 0
    next: int = 1
    open: list[Alert] = []
    ended: list[Alert] = []
    streaks: dict[str, int] = {}
    failing: dict[str, tuple[str, str]] = {}
    untold: list[Alert] = []

    def look(
        self, checks: Sequence[AlertCheck], cube: Cube, until_ms: int, server: Mapping[str, float | int | None], digits: int = 2
    ) -> list[Alert]:  # fmt: skip
        """Look at the minute that ends then; returns what was raised or ended by it."""
        told = list[Alert]()
        streaks = dict[str, int]()
        self.failing = {}
        for check in checks:
            rule = check.rule
            try:
                seen = {each.of: each for each in check.look(cube, until_ms, server, digits)}
            except ZhiyuError as wrong:
                self.failing[rule.name] = (wrong.en, wrong.zh)
                streaks |= {key: n for key, n in self.streaks.items() if key.startswith(f"{rule.name}\n")}
                continue
            open_ = {each.of: each for each in self.open if each.rule == rule.name}
            for of in dict.fromkeys([*seen, *open_]):
                holds, key = of in seen and seen[of].holds, f"{rule.name}\n{of}"
                before = self.streaks.get(key, 0)
                streak = max(before, 0) + 1 if holds else min(before, 0) - 1
                if of not in open_ and streak >= rule.looks:
                    alert = Alert(
                        number=self.next, rule=rule.name, severity=rule.severity, by=rule.by, of=of, since=said_time(until_ms),
                        figures=dict(seen[of].figures), en=check.said(seen[of], "en"), zh=check.said(seen[of], "zh"),
                    )  # fmt: skip
                    self.next += 1
                    self.open = [*self.open, alert]
                    told.append(alert)
                elif of in open_ and -streak >= rule.looks:
                    told.append(self._end(open_[of], until_ms))
                elif holds or of in open_:
                    streaks[key] = streak
        names = {check.rule.name for check in checks}
        told += [self._end(each, until_ms) for each in self.open if each.rule not in names]  # the rule is gone
        self.streaks, self.looked_ms = streaks, until_ms
        return told

    def over(
        self, checks: Sequence[AlertCheck], cube: Cube, minutes: Sequence[int], server: Mapping[str, float | int | None], digits: int = 2
    ) -> list[Alert]:  # fmt: skip
        """The same of several minutes (their ends, ms), one after another."""
        return [alert for until_ms in minutes for alert in self.look(checks, cube, until_ms, server, digits)]

    def _end(self, alert: Alert, until_ms: int) -> Alert:
        alert.ended = said_time(until_ms)
        self.open = [each for each in self.open if each.number != alert.number]
        self.ended = [*self.ended, alert][-ENDED_KEPT:]
        return alert


def checks_of(rules: Sequence[AlertRule], place_of: PlaceOf | None = None) -> list[AlertCheck]:
    """The rules, ready to look. `place_of`: where a character of a field of rule number `at` stands, asked of what is wrong only.
    InputError that names the rule, and the place where that is known."""
    found = list[AlertCheck]()
    for at, rule in enumerate(rules):
        here = f"alert '{rule.name}': ", f"告警“{rule.name}”："
        try:
            found.append(AlertCheck(rule))
        except DeclarationError as wrong:
            first = wrong.problems[0]
            place = place_of(at, "when", first.place.column - 1) if place_of is not None else Place()
            told = replace(first, en=f"{here[0]}when: {first.en}", zh=f"{here[1]}when：{first.zh}", place=place)
            raise InputError(told.text("en"), told.text("zh")) from None
        except InputError as wrong:
            field = wrong.en.partition(":")[0]
            en, zh = (
                (f"{place_of(at, field, 0)}: ", f"{place_of(at, field, 0)}：") if place_of is not None else ("", "")
            )
            raise InputError(f"{en}{here[0]}{wrong.en}", f"{zh}{here[1]}{wrong.zh}") from None
    return found
