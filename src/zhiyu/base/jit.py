"""The one typed wrapper around numba: every kernel of the house is declared with `kernel`.

In: a plain function over NumPy arrays and machine numbers. Out: the same function, compiled on first call and cached on disk.
Why a wrapper: numba's decorator is untyped; this keeps the strict type checker strict, and the flags in one place.
`fastmath` stays off (no reassociation, no fused multiply-add): the same bits on every machine.
"""

import functools
import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
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


array_at: Callable[..., Array] = numba.carray  # type: ignore[attr-defined]  # numba does not list its exports
"""Inside kernels: the array of a given shape that stands at a pointer."""


def instruction(generator: Callable[..., Any]) -> Any:
    """An operation numba has no word for: `generator` gives its signature and writes its LLVM code."""
    return intrinsic(generator)


def kernel(function: F) -> F:
    """Compile `function` to machine code without the interpreter lock; cached, never fast-math."""
    settings: Any = numba.config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(cache_folder())
    try:
        compiled = numba.njit(nogil=True, cache=True, fastmath=False, boundscheck=False, error_model="numpy")(function)
        return cast(F, compiled)
    finally:
        settings.CACHE_DIR = before


@functools.cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: one folder per state of their source, since numba does not see a change in a callee's file.

    Under ZHIYU_CACHE, else the user's cache folder, else (nothing writable) the system's temporary folder.
    """
    package = Path(__file__).parent.parent
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for file in kernel_sources(package):
        digest.update(file.read_bytes())
    given = os.environ.get("ZHIYU_CACHE")
    homes = (
        [given]
        if given
        else [os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), tempfile.gettempdir()]
    )
    for home in homes:
        folder = Path(home) / "zhiyu" / f"kernels-{digest.hexdigest()}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return package / "__pycache__"


_DECLARES_KERNEL = re.compile(rb"^@(?:kernel|instruction)\b", re.MULTILINE)
_IMPORTS = re.compile(rb"^\s*from zhiyu([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def kernel_sources(package: Path) -> list[Path]:
    """Files of `package` that hold kernels, and all they import: a change of any other file changes no machine code."""
    waiting = [file for file in package.rglob("*.py") if _DECLARES_KERNEL.search(file.read_bytes())]
    found = set(waiting)
    while waiting:
        for module, names in _IMPORTS.findall(waiting.pop().read_bytes()):
            home = package.joinpath(*module.decode().split(".")[1:])
            near = [
                home.with_suffix(".py"),
                home / "__init__.py",
                *(home / f"{name}.py" for name in re.findall(r"\w+", names.decode())),
            ]
            fresh = [file for file in near if file.is_file() and file not in found]
            found.update(fresh)
            waiting += fresh
    return sorted(found)
