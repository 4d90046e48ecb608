"""The one typed wrapper around numba: every kernel of the house is declared with `kernel`.

In: a plain function over NumPy arrays and machine numbers. Out: the same function, compiled on first call and cached on disk.
Why a wrapper: numba's decorator is untyped; this keeps the strict type checker strict, and the flags in one place.
`fastmath` stays off (no reassociation, no fused multiply-add): the same bits on every machine.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""A NumPy array as a kernel sees it; the docstring of each kernel says shape, dtype and unit."""

F = TypeVar("F", bound=Callable[..., object])


int64 = cast(Callable[[Any], int], np.int64)
"""`np.int64` inside kernels, where a machine integer is an int to the type checker."""


def instruction(generator: Callable[..., Any]) -> Any:
    """An operation numba has no word for: `generator` gives its signature and writes its LLVM code."""
    return intrinsic(generator)


def kernel(function: F) -> F:
    """Compile `function` to machine code without the interpreter lock; cached, never fast-math."""
    return cast(F, numba.njit(nogil=True, cache=True, fastmath=False, boundscheck=False, error_model="numpy")(function))
