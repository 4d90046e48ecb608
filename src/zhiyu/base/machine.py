"""What numba has no word for: a cache prefetch, and 128-bit integers for sums of squares.

In: addresses and int64 numbers. Out: hints to the processor; exact 128-bit results carried as (low, high) int64 halves.
"""

from typing import Any

from llvmlite import ir
from numba import types

from zhiyu.base.jit import instruction

_I64 = ir.IntType(64)
_I128 = ir.IntType(128)


@instruction
def prefetch(_context: Any, address: Any) -> Any:
    """Ask the processor to fetch the cache line at `address` (an integer); never faults, returns nothing."""

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        i32 = ir.IntType(32)
        pointer = builder.inttoptr(args[0], byte)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32])
        )
        builder.call(hint, [pointer, ir.Constant(i32, 0), ir.Constant(i32, 3), ir.Constant(i32, 1)])
        return _target.get_dummy_value()

    return types.void(types.int64), generate


def _join(builder: Any, low: Any, high: Any) -> Any:
    wide = builder.shl(builder.sext(high, _I128), ir.Constant(_I128, 64))
    return builder.or_(wide, builder.zext(low, _I128))


def _split(context: Any, builder: Any, wide: Any, pair: Any) -> Any:
    low = builder.trunc(wide, _I64)
    high = builder.trunc(builder.ashr(wide, ir.Constant(_I128, 64)), _I64)
    return context.make_tuple(builder, pair, (low, high))


@instruction
def add_square(_context: Any, low: Any, high: Any, value: Any) -> Any:
    """(low, high) + value², exact in 128 bits."""
    pair = types.UniTuple(types.int64, 2)

    def generate(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = builder.sext(args[2], _I128)
        return _split(target, builder, builder.add(_join(builder, args[0], args[1]), builder.mul(wide, wide)), pair)

    return pair(types.int64, types.int64, types.int64), generate


@instruction
def add_wide(_context: Any, low: Any, high: Any, other_low: Any, other_high: Any) -> Any:
    """(low, high) + (other_low, other_high) in 128 bits."""
    pair = types.UniTuple(types.int64, 2)

    def generate(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        total = builder.add(_join(builder, args[0], args[1]), _join(builder, args[2], args[3]))
        return _split(target, builder, total, pair)

    return pair(types.int64, types.int64, types.int64, types.int64), generate


@instruction
def spread(_context: Any, count: Any, total: Any, low: Any, high: Any) -> Any:
    """count · Σv² − (Σv)², exact in 128 bits, then as float64: the numerator of count² · variance."""

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        n = builder.sext(args[0], _I128)
        s = builder.sext(args[1], _I128)
        wide = builder.sub(builder.mul(n, _join(builder, args[2], args[3])), builder.mul(s, s))
        low = builder.uitofp(builder.trunc(wide, _I64), ir.DoubleType())
        high = builder.sitofp(builder.trunc(builder.ashr(wide, ir.Constant(_I128, 64)), _I64), ir.DoubleType())
        return builder.fadd(builder.fmul(high, ir.Constant(ir.DoubleType(), 2.0**64)), low)

    return types.float64(types.int64, types.int64, types.int64, types.int64), generate


def _pointer_type(address_of: Any) -> Any:
    def typed(_context: Any, address: Any) -> Any:
        kind = types.CPointer(address_of)

        def generate(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], target.get_value_type(kind))

        return kind(types.int64), generate

    return typed


@instruction
def words_at(context: Any, address: Any) -> Any:
    """int64 pointer to `address`; indexing it costs a load, nothing is counted, checked or copied."""
    return _pointer_type(types.int64)(context, address)


@instruction
def floats_at(context: Any, address: Any) -> Any:
    """float64 pointer to `address`."""
    return _pointer_type(types.float64)(context, address)


@instruction
def codes_at(context: Any, address: Any) -> Any:
    """int32 pointer to `address`."""
    return _pointer_type(types.int32)(context, address)


@instruction
def shorts_at(context: Any, address: Any) -> Any:
    """int16 pointer to `address`."""
    return _pointer_type(types.int16)(context, address)


@instruction
def trailing_zeros(_context: Any, word: Any) -> Any:
    """Number of zero bits below the lowest set bit; 64 for zero."""

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


@instruction
def bytes_at(context: Any, address: Any) -> Any:
    """uint8 pointer to `address`."""
    return _pointer_type(types.uint8)(context, address)


@instruction
def halves(_context: Any, words: Any) -> Any:
    """The same memory as uint32 items."""
    kind = types.CPointer(types.uint32)

    def generate(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], target.get_value_type(kind))

    return kind(words), generate


@instruction
def beyond(_context: Any, pointer: Any, items: Any) -> Any:
    """The pointer `items` items further on."""

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), generate


@instruction
def as_floats(_context: Any, words: Any) -> Any:
    """The same memory as float64 items."""
    kind = types.CPointer(types.float64)

    def generate(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], target.get_value_type(kind))

    return kind(words), generate


@instruction
def int32s(_context: Any, words: Any) -> Any:
    """The same memory as int32 items."""
    kind = types.CPointer(types.int32)

    def generate(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], target.get_value_type(kind))

    return kind(words), generate
