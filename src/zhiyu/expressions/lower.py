"""Typed nodes to instructions over virtual registers: scales and kinds are converted here, equal work is done once.

In: typed nodes, the layout of names, the coder of texts. Out: a list of steps in order; a step is known by its number.
Equal steps get one number (value numbering), so a comparison used by fifty rules runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.errors import InputError
from zhiyu.expressions import opcodes as op
from zhiyu.expressions.tables import build_table
from zhiyu.expressions.text import Prepared
from zhiyu.expressions.typed import EntitySet, Expression, NamedSet, Typed
from zhiyu.expressions.types import Kind, Type
from zhiyu.expressions.units import common

_COMPARE = {"==": (op.EQ, False), "!=": (op.NE, False), "<": (op.LT, False), "<=": (op.LE, False)}
_COMPARE |= {">": (op.LT, True), ">=": (op.LE, True)}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_FLOAT = op.F_EQ - op.EQ
_WHOLE = {"+": op.ADD, "-": op.SUB, "*": op.MUL, "%": op.MOD, "min": op.MIN, "max": op.MAX}
_FLOATING = {"+": op.F_ADD, "-": op.F_SUB, "*": op.F_MUL, "min": op.F_MIN, "max": op.F_MAX}
_FUNCTIONS = {"sqrt": op.SQRT, "exp": op.EXP, "log": op.LOG, "log10": op.LOG10, "pow": op.POW}
_CALENDAR = {"hour": op.HOUR, "weekday": op.WEEKDAY, "day_of_month": op.DAY_OF_MONTH, "is_weekend": op.WEEKDAY}
_SHORTEN = {"floor": op.FLOOR_10, "ceil": op.CEIL_10, "round": op.ROUND_10}
_TO_WHOLE = {"floor": op.INT_FLOOR, "ceil": op.INT_CEIL, "round": op.INT_ROUND}
MOMENT = "received_at"
"""The name whose value says as of when a list is asked."""
_SPAN_MS = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}


@dataclass(frozen=True, slots=True)
class Step:
    """One virtual register: an input (payload = its register), a constant (its bits), or an instruction."""

    kind: Literal["input", "constant", "instruction"]
    payload: int
    a: int = -1
    b: int = -1
    c: int = -1
    extra: int = 0


@dataclass
class Lowering:
    """Collects the steps of all expressions of one program."""

    layout: Mapping[str, int]
    encode: Callable[[str], int]
    definitions: Mapping[str, Expression] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    tables: list[NDArray[np.int64]] = field(default_factory=list)
    lists: dict[str, int] = field(default_factory=dict)
    _numbers: dict[Step, int] = field(default_factory=dict)
    _offsets: dict[object, int] = field(default_factory=dict)
    _size: int = 0

    def lower(self, node: Typed) -> int:
        """The number of the step that holds the value of `node`."""
        rule = _RULES.get(node.op)
        if rule is not None:
            return rule(self, node)
        if node.op in _COMPARE:
            return self._compare(node.op, node)
        return self._arithmetic(node)

    def _step(self, step: Step) -> int:
        known = self._numbers.get(step)
        if known is None:
            known = self._numbers[step] = len(self.steps)
            self.steps.append(step)
        return known

    def _emit(self, code: int, a: int, b: int = -1, c: int = -1, extra: int = 0) -> int:
        return self._step(Step("instruction", code, a, b, c, extra))

    def _constant(self, value: int) -> int:
        return self._step(Step("constant", value))

    def _input(self, name: str) -> int:
        register = self.layout.get(name)
        if register is None and name in self.definitions:
            return self.lower(self.definitions[name].root)
        if register is None:
            raise InputError(f"no register holds '{name}'", f"没有存放 '{name}' 的寄存器")
        return self._step(Step("input", register))

    def _leaf(self, node: Typed) -> int:
        value = node.value
        if isinstance(value, Prepared):
            return self._input(value.key)
        if node.op == "name":
            return self._input(str(value))
        if isinstance(value, str):
            return self._constant(int(self.encode(value)))
        if isinstance(value, float):
            return self._constant(int(np.float64(value).view(np.int64)))
        assert isinstance(value, int)
        return self._constant(int(value))

    def _as(self, node: Typed, to: Type) -> int:
        """The value of `node` in the scale and kind of `to`."""
        number, type_ = self.lower(node), node.type
        if not type_.numeric or (type_.kind, type_.scale) == (to.kind, to.scale):
            return number
        if to.kind is Kind.FLOAT:
            return number if type_.kind is Kind.FLOAT else self._emit(op.TO_FLOAT, number, number, extra=type_.scale)
        if to.scale == type_.scale:
            return number
        return self._emit(op.MUL, number, self._constant(10 ** (to.scale - type_.scale)))

    def _common(self, nodes: Sequence[Typed]) -> Type:
        found = nodes[0].type
        for node in nodes[1:]:
            together = common(found, node.type)
            assert together is not None
            found = together
        return found

    def _compare(self, sign: str, node: Typed) -> int:
        type_ = self._common(node.args)
        left, right = (self._as(each, type_) for each in node.args)
        code, swapped = _COMPARE[sign]
        if type_.kind is Kind.FLOAT:
            code += _FLOAT
        if swapped or (code in (op.EQ, op.NE, op.F_EQ, op.F_NE) and left > right):
            left, right = right, left
        return self._emit(code, left, right)

    def _not(self, node: Typed) -> int:
        inner = node.args[0]
        if inner.op in _OPPOSITE:
            return self._compare(_OPPOSITE[inner.op], inner)
        return self.lower(inner.args[0]) if inner.op == "not" else self._emit(op.NOT, self.lower(inner))

    def _junction(self, node: Typed) -> int:
        code = op.AND if node.op == "and" else op.OR
        numbers = sorted({self.lower(each) for each in node.args})
        found = numbers[0]
        for number in numbers[1:]:
            found = self._emit(code, found, number)
        return found

    def _arithmetic(self, node: Typed) -> int:
        type_ = node.type if node.op != "%" and node.op not in ("min", "max") else self._common(node.args)
        codes = _FLOATING if type_.kind is Kind.FLOAT else _WHOLE
        if node.op == "*" and type_.kind is not Kind.FLOAT:
            numbers = [self.lower(each) for each in node.args]
        else:
            numbers = [self._as(each, type_) for each in node.args]
        found = numbers[0]
        for number in numbers[1:]:
            found = self._emit(codes[node.op], found, number)
        return found

    def _divide(self, node: Typed) -> int:
        left, right = node.args
        if Kind.FLOAT in (left.type.kind, right.type.kind):
            float_type = Type(Kind.FLOAT)
            return self._emit(op.F_DIV, self._as(left, float_type), self._as(right, float_type))
        return self._emit(op.DIVIDE, self.lower(left), self.lower(right), extra=left.type.scale - right.type.scale)

    def _floor_divide(self, node: Typed) -> int:
        left, right = node.args
        if node.type.kind is Kind.FLOAT:
            divided = self._divide(node)
            return self._emit(op.F_FLOOR, divided, divided)
        type_ = Type(Kind.FIXED, max(left.type.scale, right.type.scale))
        return self._emit(op.FLOOR_DIV, self._as(left, type_), self._as(right, type_))

    def _sign(self, node: Typed) -> int:
        number, floating = self.lower(node.args[0]), node.type.kind is Kind.FLOAT
        if node.op == "abs":
            return self._emit(op.F_ABS if floating else op.ABS, number, number)
        return self._emit(op.F_NEG if floating else op.NEG, number, number)

    def _clip(self, node: Typed) -> int:
        value, low, high = (self._as(each, node.type) for each in node.args)
        floating = node.type.kind is Kind.FLOAT
        raised = self._emit(op.F_MAX if floating else op.MAX, value, low)
        return self._emit(op.F_MIN if floating else op.MIN, raised, high)

    def _shorten(self, node: Typed) -> int:
        inner, kept = node.args[0], node.value
        assert isinstance(kept, int)
        number = self.lower(inner)
        if inner.type.kind is Kind.FLOAT:
            if kept:
                return self._emit(op.F_ROUND, number, number, extra=kept)
            return self._emit(_TO_WHOLE[node.op], number, number)
        drop = inner.type.scale - kept
        return self._emit(_SHORTEN[node.op], number, number, extra=drop) if drop > 0 else number

    def _function(self, node: Typed) -> int:
        numbers = [self._as(each, Type(Kind.FLOAT)) for each in node.args]
        return self._emit(_FUNCTIONS[node.op], numbers[0], numbers[-1])

    def _zscore(self, node: Typed) -> int:
        value, mean, deviation = (self._as(each, Type(Kind.FLOAT)) for each in node.args)
        return self._emit(op.F_DIV, self._emit(op.F_SUB, value, mean), deviation)

    def _calendar(self, node: Typed) -> int:
        assert isinstance(node.value, int)
        number = self.lower(node.args[0])
        found = self._emit(_CALENDAR[node.op], number, number, extra=node.value)
        return self._emit(op.LE, self._constant(5), found) if node.op == "is_weekend" else found

    def _span(self, node: Typed) -> int:
        return self._emit(op.DIVIDE, self.lower(node.args[0]), self._constant(_SPAN_MS[node.op]))

    def _coalesce(self, node: Typed) -> int:
        numbers = [self._as(each, node.type) for each in node.args]
        found = numbers[-1]
        for number in reversed(numbers[:-1]):
            found = self._emit(op.COALESCE, number, found)
        return found

    def _select(self, node: Typed) -> int:
        test, then, otherwise = node.args
        return self._emit(op.SELECT, self.lower(test), self._as(then, node.type), self._as(otherwise, node.type))

    def _in(self, node: Typed) -> int:
        item = self.lower(node.args[0])
        if isinstance(node.value, EntitySet):
            return self._emit(op.IN_LIST, item, self._input(MOMENT), extra=self._list(node.value.name))
        return self._emit(op.IN, item, extra=self._table(node))

    def _list(self, name: str) -> int:
        """The offset of the two words of a list; whoever runs the program writes the address of the members there."""
        if name not in self.lists:
            self.lists[name] = self._placed(np.array([0, self.encode(name)], dtype=np.int64))
        return self.lists[name]

    def _table(self, node: Typed) -> int:
        """The offset of the table of the members, built once per set."""
        members = node.value
        key: object = ("named", members.name) if isinstance(members, NamedSet) else members
        if key in self._offsets:
            return self._offsets[key]
        values = members.values if isinstance(members, NamedSet) else members
        assert isinstance(values, Sequence)
        numbers = (self.encode(each) if isinstance(each, str) else int(each) for each in values)
        table = build_table(np.fromiter(numbers, dtype=np.int64, count=len(values)))
        self._offsets[key] = self._placed(table)
        return self._offsets[key]

    def _placed(self, table: NDArray[np.int64]) -> int:
        """The offset at which `table` will stand."""
        self.tables.append(table)
        self._size += len(table)
        return self._size - len(table)


_RULES: Mapping[str, Callable[[Lowering, Typed], int]] = {
    "literal": Lowering._leaf,
    "name": Lowering._leaf,
    "prepared": Lowering._leaf,
    "not": Lowering._not,
    "and": Lowering._junction,
    "or": Lowering._junction,
    "in": Lowering._in,
    "is_null": lambda self, node: self._emit(op.IS_NULL, self.lower(node.args[0])),
    "if": Lowering._select,
    "/": Lowering._divide,
    "ratio": Lowering._divide,
    "//": Lowering._floor_divide,
    "negative": Lowering._sign,
    "abs": Lowering._sign,
    "clip": Lowering._clip,
    "floor": Lowering._shorten,
    "ceil": Lowering._shorten,
    "round": Lowering._shorten,
    **dict.fromkeys(_FUNCTIONS, Lowering._function),
    "zscore": Lowering._zscore,
    **dict.fromkeys(_CALENDAR, Lowering._calendar),
    **dict.fromkeys(_SPAN_MS, Lowering._span),
    "distance_km": lambda self, node: self._emit(op.DISTANCE, *(self.lower(each) for each in node.args)),
    "coalesce": Lowering._coalesce,
}
