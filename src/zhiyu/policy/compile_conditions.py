"""Expressions that decide beside rules: inputs of tables and scorecards, conditions of flows; and the totals that conditions read.

In: a checked policy. Out: which expressions run with the rules (`columns`, `early`) and which at their branch (`late`), names of totals.
"""

from __future__ import annotations

from collections.abc import Iterator

from zhiyu.expressions import Expression
from zhiyu.policy.checked import Checked

Place = tuple[str, str]
"""A node: flow and name."""


def deciding_expressions(checked: Checked) -> Iterator[Expression]:
    """Every expression that takes part in deciding; what they read must be computed."""
    yield from (rule.when for rule in checked.rules if rule.when)
    if checked.gate is not None:
        yield checked.gate
    yield from (column.expression for card in checked.scorecards for column in card.columns)
    yield from (column.expression for table in checked.tables for column in table.columns)
    yield from (each for flow in checked.flows for found in flow.conditions.values() for each in found)


class Conditions:
    """`columns`: of all scorecards, then all tables. A node's conditions are `late` when one of them reads a total."""

    def __init__(self, checked: Checked) -> None:
        cards, tables = checked.scorecards, checked.tables
        self.columns = [c.expression for card in cards for c in card.columns]
        self.columns += [c.expression for table in tables for c in table.columns]
        by_node = {(f.flow.name, node): found for f in checked.flows for node, found in f.conditions.items()}
        known = {rule_set.name for rule_set in checked.policy.rule_sets}
        known |= {card.card.name for card in cards} | {table.table.name for table in tables}
        read = {place: {name for each in found for name in each.names} & known for place, found in by_node.items()}
        self.late_places = frozenset(place for place, names in read.items() if names)
        self._early = [(p, each) for p, found in by_node.items() if p not in self.late_places for each in found]
        self._late = [(p, each) for p, found in by_node.items() if p in self.late_places for each in found]
        self.early, self.late = [each for _, each in self._early], [each for _, each in self._late]
        sets_read = [s.name for s in checked.policy.rule_sets if any(s.name in names for names in read.values())]
        self.totals = [
            name
            for card in cards
            for name in (card.card.name, *(bin_column(card.card.name, c.name) for c in card.columns))
        ]
        self.totals += [
            name for table in tables for name in (table.table.name, row_column(table.table.name))
        ] + sets_read

    def registers(self, early: list[int], late: list[int]) -> dict[Place, list[int]]:
        """Registers of every node's conditions, in their order."""
        found: dict[Place, list[int]] = {}
        for (place, _), register in zip([*self._early, *self._late], [*early, *late]):
            found.setdefault(place, []).append(register)
        return found


def bin_column(card: str, characteristic: str) -> str:
    """Where decisions keep the number of the bin (from 0) a characteristic fell into; null for none."""
    return f"{card}.{characteristic}.bin"


def row_column(table: str) -> str:
    """Where decisions keep the number of the row (from 0) that decided; null for none."""
    return f"{table}.row"
