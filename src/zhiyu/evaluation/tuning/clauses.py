"""Clauses: what a leaf of a tree says about one value, and how it is written in the policy language.

In: bounds in register form. Out: text (`amount > 812 and n_card_1h >= 4`) and, as an oracle of it, the mask on plain columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.tuning.readable import as_numbers, written
from zhiyu.expressions.types import Kind, Type


@dataclass(frozen=True)
class Value:
    """A value that trees may read: its name, type and column (values int64[n], nulls uint8[n]); `code_of` maps choices to codes."""

    name: str
    type: Type
    values: Array
    nulls: Array
    codes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Clause:
    """low < value <= high (None: open), for a choice or a bool: `is_` one of, `not_` none of; `null`: a missing value fits as well.

    `only_null`: nothing but a missing value fits.
    """

    value: Value
    low: int | float | None = None
    high: int | float | None = None
    is_: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    null: bool = False
    only_null: bool = False

    @property
    def text(self) -> str:
        """The clause in the language, in brackets where it needs them beside `and`."""
        name = self.value.name
        if self.only_null:
            return f"{name} is null"
        parts = self._parts()
        if not parts:
            return f"{name} is not null"
        return f"({name} is null or {' and '.join(parts)})" if self.null else " and ".join(parts)

    def _parts(self) -> list[str]:
        name, kind = self.value.name, self.value.type
        if kind.kind is Kind.BOOL:
            return [name] if self.is_ else [f"not {name}"]
        parts = _members(name, "==", "in", self.is_) + _members(name, "!=", "not in", self.not_)
        whole = kind.kind is Kind.INT
        lowest = kind.minimum if self.low is None else self.low + 1
        if whole and self.high is not None and self.high == lowest:
            return [f"{name} == {written(self.high, kind)}"]
        if self.low is not None:
            parts.append(f"{name} >= {written(self.low + 1, kind)}" if whole else f"{name} > {written(self.low, kind)}")
        if self.high is not None:
            parts.append(f"{name} <= {written(self.high, kind)}")
        return parts

    def fits(self) -> Array:
        """bool[n]: the rows it takes."""
        missing = self.value.nulls != 0
        if self.only_null:
            return missing
        numbers = as_numbers(self.value.values, self.value.type)
        fit = np.ones(len(numbers), bool)
        if self.value.type.kind is Kind.BOOL:
            fit = numbers != 0 if self.is_ else numbers == 0
        else:
            codes = dict(self.value.codes)
            fit &= np.isin(numbers, [codes[each] for each in self.is_]) if self.is_ else True
            fit &= ~np.isin(numbers, [codes[each] for each in self.not_])
            fit &= numbers > self.low if self.low is not None else True
            fit &= numbers <= self.high if self.high is not None else True
        return np.where(missing, self.null, fit)


def _members(name: str, sign: str, word: str, choices: tuple[str, ...]) -> list[str]:
    texts = [json.dumps(each, ensure_ascii=False) for each in choices]
    if not texts:
        return []
    return [f"{name} {sign} {texts[0]}"] if len(texts) == 1 else [f"{name} {word} ({', '.join(texts)})"]


def joined(clauses: tuple[Clause, ...]) -> str:
    """All clauses as one condition."""
    return " and ".join(clause.text for clause in clauses)


def fitting(clauses: tuple[Clause, ...], n: int) -> Array:
    """bool[n]: the rows all clauses take."""
    fit = np.ones(n, bool)
    for clause in clauses:
        fit &= clause.fits()
    return fit


def shorter_clauses(clauses: tuple[Clause, ...]) -> Iterator[tuple[Clause, ...]]:
    """The same with one thing less: a clause, one bound of it, the missing values, one choice."""
    for at, clause in enumerate(clauses):
        rest = clauses[:at], clauses[at + 1 :]
        if len(clauses) > 1:
            yield (*rest[0], *rest[1])
        if clause.null and not clause.only_null:
            yield (*rest[0], replace(clause, null=False), *rest[1])
        if clause.low is not None and clause.high is not None:
            yield (*rest[0], replace(clause, low=None), *rest[1])
            yield (*rest[0], replace(clause, high=None), *rest[1])
        for choice in clause.not_ if len(clause.not_) > 1 else ():
            yield (*rest[0], replace(clause, not_=tuple(c for c in clause.not_ if c != choice)), *rest[1])
