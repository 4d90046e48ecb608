"""A network that can be asked by the names people use: which fields are part of it, the key of `field:value`, and back.

In: an opened policy, the network as it stands. Out: keys; names as the events show them, masked where they are personal, or `code:…` where
nothing is left that shows them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch
from zhiyu.events.list_values import ValueReader
from zhiyu.events.refusals import Bad
from zhiyu.network.ask import keys_of
from zhiyu.network.gang_state import Lineage
from zhiyu.network.state import NetworkState

PERSON, CODE = "person", "code:"
Codes = Mapping[int, tuple[int, int]]
"""Keys of nodes with their kind and the value that they were made of."""


class AskedNetwork(ABC):
    """InputError when the policy has no network."""

    def __init__(self, opened: Opened) -> None:
        if opened.policy.network is None:
            raise InputError(
                "the policy has no `network:`; declare what links people first", "策略没有 network；请先声明关联方式"
            )
        self.opened, self.network = opened, opened.policy.network

    @property
    @abstractmethod
    def state(self) -> NetworkState:
        """The network as it stands."""

    @property
    @abstractmethod
    def lineage(self) -> list[Lineage]:
        """What became of gangs, times in ms since 1970."""

    @abstractmethod
    def names(self, codes: Codes) -> dict[int, str]:
        """`field:value` of keys, as the events show them; those that nothing shows are left out."""

    @property
    def fields(self) -> dict[str, tuple[int, int]]:
        """Field → (type of node, register): the person first."""
        plan = self.state.plan
        kinds = {self.network.person: (0, plan.person)}
        return kinds | {link.field: (own.type, own.register) for link, own in zip(self.network.links, plan.links)}

    def key_of(self, asked: str) -> int:
        """The key of `FIELD:VALUE`; `person:VALUE`, or a value alone, is a person; a value `code:` and 16 hex digits is a code that was
        told. InputError for an unknown field or a bad value."""
        name, colon, value = asked.partition(":")
        if not colon:
            name, value = PERSON, asked
        return self.key(name, value)

    def key(self, name: str, value: str) -> int:
        """The same from a field (or `person`) and a value."""
        field, kind = self.field_of(name)
        return int(keys_of(kind, np.array([self.code_of(field, value)], np.int64))[0])

    def field_of(self, name: str) -> tuple[str, int]:
        """(field, kind of node) that a name, or `person`, stands for; InputError for none of the network."""
        field = self.network.person if name == PERSON else name
        known = self.fields
        if field not in known:
            hint = did_you_mean(name, [PERSON, *known])
            raise InputError(
                f"'{name}' is not part of the network; {hint.en or 'fields: ' + ', '.join(known)}",
                f"“{name}”不在关系网络中；{hint.zh or '字段：' + '、'.join(known)}",
            )
        return field, known[field][0]

    def code_of(self, field: str, value: str) -> int:
        """The code of a value of a field; `code:` and 16 hex digits is one."""
        if value.startswith(CODE):
            return read_code(value[len(CODE) :])
        declared = [event.fields[field] for event in self.opened.policy.events if field in event.fields]
        try:
            return ValueReader(declared, self.opened.codes).one(value)[0]
        except (Bad, ValueError) as wrong:
            raise InputError(
                f"'{value}' is no value of '{field}': {wrong}", f"“{value}”不是“{field}”的有效值"
            ) from None


def read_code(text: str) -> int:
    """The number of 16 hex digits; InputError for anything else.

    >>> read_code("ffffffffffffffff")
    -1
    """
    if len(text) != 16 or not all(digit in "0123456789abcdef" for digit in text):
        raise InputError("a code has 16 hex digits", "代码应为 16 位十六进制数")
    number = int(text, 16)
    return number - (1 << 64) if number >> 63 else number


def names_in(batch: EventBatch, fields: Mapping[str, tuple[int, int]], wanted: Array, found: dict[int, str]) -> None:
    """Put the names of those `wanted` (keys int64[k]) that a batch shows into `found`."""
    for field, (kind, register) in fields.items():
        if register >= len(batch.values):
            continue  # a derived field is not in the events
        keys = keys_of(kind, batch.values[register])
        for row in np.flatnonzero(np.isin(keys, wanted) & (batch.nulls[register] == 0)).tolist():
            key = int(keys[row])
            if key not in found:
                column = batch.shown.get(field)
                text: Any = batch.values[register, row] if column is None else column[row]
                found[key] = f"{field}:{text.as_py() if hasattr(text, 'as_py') else text}"


def named(names: Mapping[int, str], codes: Codes, fields: Mapping[str, tuple[int, int]]) -> dict[int, str]:
    """A name for every key of `codes` (kind of node, value): the shown one, else `field:code:…`."""
    of_kind = {kind: field for field, (kind, _) in reversed(list(fields.items()))}
    return {
        key: names.get(key) or f"{of_kind.get(kind, PERSON)}:{CODE}{code & 0xFFFFFFFFFFFFFFFF:016x}"
        for key, (kind, code) in codes.items()
    }
