"""Reports of past periods as files of a tenant: whole or not at all, the newest of each kind.

In: ids and contents. Out: files `FOLDER/ID.report`; the ids there are; a content again, as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from re import Pattern

from zhiyu.log.disk import Disk, RealDisk
from zhiyu.log.whole_file import Changed, read_whole, write_whole

SUFFIX = ".report"


class KeptReports:
    """Those of one folder, which need not be there yet. `ids`: what an id looks like; nothing else is read or dropped."""

    def __init__(self, folder: Path, ids: Pattern[str], disk: Disk | None = None) -> None:
        self.folder, self._ids, self._disk = folder, ids, disk or RealDisk()

    def __iter__(self) -> Iterator[str]:
        if self.folder.is_dir():
            names = (path.stem for path in self.folder.iterdir() if path.suffix == SUFFIX)
            yield from (name for name in names if self._ids.fullmatch(name))

    def __contains__(self, name: str) -> bool:
        return self._path(name).exists()

    def read(self, name: str) -> bytes:
        """What was written; b"" when it is not there, or not as it was written."""
        if not self._ids.fullmatch(name) or not self._path(name).is_file():
            return b""
        try:
            return read_whole(self._disk, self._path(name))
        except (FileNotFoundError, Changed):
            return b""

    def keep(self, name: str, content: bytes, most: int, alike: Callable[[str], bool]) -> None:
        """Write one; of those that are alike only the `most` last (by id) stay."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._disk, self._path(name), content)
        for old in sorted(each for each in self if alike(each))[:-most]:
            self._path(old).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{SUFFIX}"
