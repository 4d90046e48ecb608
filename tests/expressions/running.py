"""Runs expressions over plain rows: fills a register file, runs the program in blocks, reads plain values back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.oracles.naive_expressions import ERROR, Members, Number, Span, Time
from zhiyu.expressions import Expression, Prepared, Program, compile_program, load_constants, prepare, run_program
from zhiyu.expressions.tables import list_keys, members_table, put_members
from zhiyu.expressions.types import Kind, Type


def encode(text: str) -> int:
    """A stand-in for the keyed code of a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def bits(value: Any) -> int:
    """The register form of a plain value."""
    match value:
        case bool() | int():
            return int(value)
        case float():
            return int(np.float64(value).view(np.int64))
        case Number(units):
            return units
        case Time(ms) | Span(ms):
            return ms
        case str():
            return encode(value)
        case (latitude, longitude):
            return (latitude << 32) | (longitude & 0xFFFFFFFF)
    raise AssertionError(value)


def plain(value: int, null: int, type_: Type) -> Any:
    """The plain value of a register."""
    if null:
        return ERROR if null == 2 else None
    match type_.kind:
        case Kind.BOOL:
            return bool(value)
        case Kind.FLOAT:
            return float(np.int64(value).view(np.float64))
        case Kind.TIME:
            return Time(value)
        case Kind.DURATION:
            return Span(value)
    return Number(value, type_.scale)


def table_of(lists: Mapping[str, Members]) -> np.ndarray:
    """The table of members of all lists together."""
    entries = [(encode(name), bits(value), until) for name, each in lists.items() for value, until in each.items()]
    codes, values, untils = (np.array([entry[part] for entry in entries], np.int64) for part in range(3))
    table = members_table(len(entries))
    assert put_members(table, list_keys(codes, values), untils, 0) == len(entries)
    return table


def run(
    expressions: Sequence[Expression], names: Mapping[str, Type], rows: Sequence[Mapping[str, Any]], block: int,
    lists: Mapping[str, Members] | None = None,
) -> tuple[np.ndarray, np.ndarray, Program]:  # fmt: skip
    """Values and nulls of every expression: int64[e, rows], uint8[e, rows]; the file holds `block` columns."""
    prepared = {each.key: each for expression in expressions for each in expression.prepared}
    inputs = [*names, *prepared]
    program = compile_program(expressions, {name: at for at, name in enumerate(inputs)}, len(inputs), encode)
    values = np.full((program.n_registers, block), 0x7FF8DEADBEEF, dtype=np.int64)
    nulls = np.zeros((program.n_registers, block), dtype=np.uint8)
    load_constants(program, values, nulls)
    sets, table = program.sets.copy(), table_of(lists or {})
    for _, offset in program.list_offsets:
        sets[offset] = table.ctypes.data if lists else 0
    out = np.zeros((len(expressions), len(rows)), np.int64), np.zeros((len(expressions), len(rows)), np.uint8)
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        for at, name in enumerate(inputs):
            for column, row in enumerate(part):
                put(values, nulls, at, column, taken(row, name, prepared))
        run_program(program.code, sets, values, nulls, len(part))
        out[0][:, start : start + len(part)] = values[program.outputs, : len(part)]
        out[1][:, start : start + len(part)] = nulls[program.outputs, : len(part)]
    return out[0], out[1], program


def taken(row: Mapping[str, Any], name: str, prepared: Mapping[str, Prepared]) -> Any:
    return prepare(prepared[name], row[prepared[name].field]) if name in prepared else row[name]


def put(values: np.ndarray, nulls: np.ndarray, register: int, column: int, value: Any) -> None:
    """Under a null the register holds garbage: nothing may depend on it."""
    nulls[register, column] = 2 if value is ERROR else 1 if value is None else 0
    known = value is not None and value is not ERROR and not isinstance(value, list)
    values[register, column] = bits(value) if known else 0x7FF0DEADBEEF0001
