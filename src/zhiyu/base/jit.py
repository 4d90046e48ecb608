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
    before, settings.CACHE_LOCATOR_CLASSES = settings.CACHE_LOCATOR_CLASSES, f"{__name__}.KernelFolder"
    try:
        compiled = numba.njit(nogil=True, cache=True, fastmath=False, boundscheck=False, error_model="numpy")(function)
        return cast(F, compiled)
    finally:
        settings.CACHE_LOCATOR_CLASSES = before


class KernelFolder:
    """Where numba keeps the machine code of one kernel: a folder named after all its source, wherever that lies on the disk.

    numba's own places look at the kernel's file only, so a change in a callee's file would go unseen, and a copy of the same
    source elsewhere (a new installation, a second checkout) would compile everything again.
    """

    def __init__(self, function: Any, file: Path) -> None:
        self.line = function.__code__.co_firstlineno
        self.state = source_state(file)
        self.folder = cache_home() / f"{file.stem}-{self.state}"

    @classmethod
    def from_function(cls, function: Any, file: str) -> "KernelFolder":
        """The folder for `function`, which stands in `file`; made when it is not there. Raises OSError when it cannot be."""
        here = cls(function, Path(file))
        here.ensure_cache_path()
        return here

    def ensure_cache_path(self) -> None:
        """The folder is there, for this user alone."""
        self.folder.mkdir(exist_ok=True, mode=0o700)

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self.folder)

    def get_source_stamp(self) -> str:
        """What has to be the same for the code to hold."""
        return self.state

    def get_disambiguator(self) -> str:
        """What tells two kernels of one name in one file apart."""
        return str(self.line)


@functools.cache
def cache_home() -> Path:
    """Where compiled kernels are kept.

    Under ZHIYU_CACHE, else the user's cache folder, else (nothing writable) the system's temporary folder.
    """
    given = os.environ.get("ZHIYU_CACHE")
    homes = (
        [given]
        if given
        else [os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), tempfile.gettempdir()]
    )
    for home in homes:
        folder = Path(home) / "zhiyu" / "kernels"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    inside = _PACKAGE / "__pycache__" / "kernels"
    inside.mkdir(parents=True, exist_ok=True)
    return inside


_PACKAGE = Path(__file__).parent.parent
_IMPORTS = re.compile(rb"^\s*from zhiyu([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def source_state(file: Path) -> str:
    """Sixteen hex digits that change with `file`, with anything it imports from the house, and with numba."""
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for source in kernel_sources(file):
        digest.update(source.name.encode() + _read(source)[0])
    return digest.hexdigest()


def kernel_sources(file: Path) -> list[Path]:
    """`file` and all it imports from the house, sorted: a change of any other file changes no machine code of its kernels."""
    waiting, found = [file], {file}
    while waiting:
        fresh = _read(waiting.pop())[1] - found
        found |= fresh
        waiting += fresh
    return sorted(found)


@functools.cache
def _read(file: Path) -> tuple[bytes, frozenset[Path]]:
    """The digest of `file`, and the files of the house it imports."""
    text = file.read_bytes()
    near: set[Path] = set()
    for module, names in _IMPORTS.findall(text):
        home = _PACKAGE.joinpath(*module.decode().split(".")[1:])
        near |= {home.with_suffix(".py"), home / "__init__.py"}
        near |= {home / f"{name}.py" for name in re.findall(r"\w+", names.decode())}
    return hashlib.blake2b(text, digest_size=16).digest(), frozenset(path for path in near if path.is_file())
