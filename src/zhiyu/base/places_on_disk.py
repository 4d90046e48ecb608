"""What stands at a path before it is read or written: a file, a folder, nothing.

In: paths as people give them. Out: nothing, or an InputError that says what is there instead.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zhiyu.base.errors import InputError


def require_file(path: Path) -> None:
    """InputError unless a file is there."""
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; give a file", f"“{path}”是目录；请给出文件")
    if not path.is_file():
        raise InputError(f"there is no file '{path}'", f"文件“{path}”不存在")


def require_folder(path: Path) -> None:
    """InputError when something else than a folder is in the way at `path`; it need not be there yet."""
    if path.exists() and not path.is_dir():
        raise InputError(f"'{path}' is a file; give a folder", f"“{path}”是文件；请给出目录")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes `out` (new, or empty) when all went well, and leaves nothing behind otherwise.

    >>> import tempfile
    >>> with whole_folder(Path(tempfile.mkdtemp()) / "out") as part:
    ...     _ = (part / "a").write_text("1")
    >>> (part.with_name("out") / "a").read_text(), part.exists()
    ('1', False)
    """
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if out.exists():
            out.rmdir()
        part.replace(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
