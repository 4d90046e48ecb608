"""The keys of the vault: master keys in a file of the operator's, data keys of each tenant beside its vault, wrapped by a master key.

In: the file of master keys, a tenant's folder. Out: data keys by number, the newest of which seals what is new. The file of master keys may
lie on another disk, or be written by a key service; it is looked at once a second, and when it has a newer master key, the data keys are
wrapped anew under it while everything goes on. Whoever has the vault's folder and not that file has nothing that opens.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import msgspec

from zhiyu.access.ciphers import CIPHERS, DEFAULT
from zhiyu.access.private_file import read_private, replace_private
from zhiyu.base.errors import InputError

FILE = "keys.json"
MAX_FILE_BYTES = 1 << 20
_LOOK_EVERY_S = 1.0


class MasterKey(msgspec.Struct, frozen=True):
    """One master key: `key` as hex; times in ms since 1970."""

    id: str
    cipher: str
    key: str
    created: int


class DataKey(msgspec.Struct, frozen=True):
    """One data key: its number, what it seals with, and itself (hex), wrapped by the master key named."""

    number: int
    cipher: str
    master: str
    wrapped: str
    created: int


class _Masters(msgspec.Struct):
    version: int
    keys: list[MasterKey]


class _Data(msgspec.Struct):
    version: int
    keys: list[DataKey]


def add_master(path: Path, now_ms: int, cipher: str = DEFAULT) -> MasterKey:
    """A fresh master key at the end of the file, which is made when absent: it wraps from now on. InputError for an unknown cipher."""
    if cipher not in CIPHERS:
        raise InputError(
            f"unknown cipher '{cipher}'; known are {', '.join(CIPHERS)}",
            f"未知的加密算法“{cipher}”；可用：{'、'.join(CIPHERS)}",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = read_masters(path) if path.exists() else []
    made = MasterKey(secrets.token_hex(4), cipher, secrets.token_hex(CIPHERS[cipher].key_bytes), now_ms)
    _write_masters(path, [*keys, made])
    return made


def drop_master(path: Path, key_id: str) -> None:
    """Take an older master key away. InputError for the newest, and for one that is not there."""
    keys = read_masters(path)
    if not any(key.id == key_id for key in keys[:-1]):
        raise InputError(
            f"'{path}' holds no older master key '{key_id}'; the newest one stays",
            f"“{path}”中没有较旧的主密钥“{key_id}”；最新的不可删除",
        )
    _write_masters(path, [key for key in keys if key.id != key_id])


def read_masters(path: Path) -> list[MasterKey]:
    """The master keys, the newest last. InputError when the file is absent, damaged, or open to others."""
    try:
        found = msgspec.json.decode(read_private(path, MAX_FILE_BYTES), type=_Masters)
        for key in found.keys:
            if len(bytes.fromhex(key.key)) != CIPHERS[key.cipher].key_bytes:
                raise ValueError("a key has the wrong length")
        if found.version != 1 or not found.keys:
            raise ValueError("it holds no keys of version 1")
    except FileNotFoundError:
        raise InputError(
            f"there is no file of master keys '{path}'; make one with `zhiyu vault key {path}`",
            f"没有主密钥文件“{path}”；请用 `zhiyu vault key {path}` 创建",
        ) from None
    except (msgspec.DecodeError, ValueError, KeyError) as wrong:
        raise InputError(
            f"'{path}' is no file of master keys: {type(wrong).__name__}",
            f"“{path}”不是主密钥文件：{type(wrong).__name__}",
        ) from None
    return found.keys


class DataKeys:
    """A tenant's data keys, in `folder`; the first one is made with the folder. Safe to use from several threads."""

    def __init__(
        self, tenant: str, folder: Path, masters: Path, clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:  # fmt: skip
        self.tenant, self.problem = tenant, ""
        self._path, self._masters_path, self._clock, self._wall = folder / FILE, masters, clock, wall
        self._lock = Lock()
        self._looked, self._state = clock(), _state_of(masters)
        self._masters = {key.id: key for key in read_masters(masters)}
        self._newest = read_masters(masters)[-1].id
        self._stored: list[DataKey] = []
        self._plain: dict[int, bytes] = {}
        if self._path.exists():
            self._read()
            self._rewrap()
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._add()

    @property
    def newest(self) -> int:
        """The number of the key that seals what is new."""
        self.look()
        return self._stored[-1].number

    @property
    def numbers(self) -> list[int]:
        """All that are kept, oldest first."""
        return [key.number for key in self._stored]

    @property
    def master(self) -> str:
        """The id of the master key that wraps them."""
        return self._newest

    def opened(self, number: int) -> tuple[str, bytes]:
        """The name of its cipher, and the key itself. InputError when it is not kept any more."""
        for key in self._stored:
            if key.number == number:
                return key.cipher, self._plain[number]
        raise InputError(f"the vault's data key {number} is gone", f"保险库数据密钥 {number} 已不存在")

    def rotate(self) -> int:
        """A fresh data key seals from now on; its number."""
        with self._lock:
            self._add()
        return self._stored[-1].number

    def drop_older(self) -> None:
        """Destroy every key but the newest: what they sealed opens no more."""
        with self._lock:
            self._write(self._stored[-1:])

    def look(self) -> None:
        """Look, once a second, whether there is a newer master key; wrap under it. `problem` says when the file cannot be read."""
        if self._clock() - self._looked < _LOOK_EVERY_S:
            return
        with self._lock:
            self._looked, state = self._clock(), _state_of(self._masters_path)
            if state == self._state:
                return
            try:
                found = read_masters(self._masters_path)
                self._masters, self._newest = {key.id: key for key in found}, found[-1].id
                self._rewrap()
                self._state, self.problem = state, ""
            except (InputError, OSError) as wrong:  # the keys as last read stay in force
                self.problem = str(wrong)

    def _add(self) -> None:
        master = self._masters[self._newest]
        number = self._stored[-1].number + 1 if self._stored else 1
        self._plain[number] = secrets.token_bytes(CIPHERS[master.cipher].key_bytes)
        self._write([*self._stored, self._wrapped(number, master.cipher, self._wall())])

    def _rewrap(self) -> None:
        if any(key.master != self._newest for key in self._stored):
            self._write([self._wrapped(key.number, key.cipher, key.created) for key in self._stored])

    def _wrapped(self, number: int, cipher: str, created: int) -> DataKey:
        master = self._masters[self._newest]
        sealed = CIPHERS[master.cipher].seal(bytes.fromhex(master.key), self._plain[number], self._about(number))
        return DataKey(number, cipher, master.id, sealed.hex(), created)

    def _read(self) -> None:
        try:
            self._stored = msgspec.json.decode(read_private(self._path, MAX_FILE_BYTES), type=_Data).keys
        except msgspec.DecodeError:
            raise InputError(
                f"'{self._path}' is damaged; restore it from a copy", f"“{self._path}”已损坏；请从备份恢复"
            ) from None
        for key in self._stored:
            master = self._masters.get(key.master)
            if master is None:
                raise InputError(
                    f"the vault of '{self.tenant}' is wrapped by master key '{key.master}', which '{self._masters_path}' does not hold",
                    f"“{self.tenant}”的保险库由主密钥“{key.master}”加密，而“{self._masters_path}”中没有该密钥",
                )
            self._plain[key.number] = CIPHERS[master.cipher].open(
                bytes.fromhex(master.key), bytes.fromhex(key.wrapped), self._about(key.number)
            )

    def _write(self, keys: list[DataKey]) -> None:
        replace_private(self._path, msgspec.json.encode(_Data(1, keys)) + b"\n")
        self._stored = keys
        self._plain = {key.number: self._plain[key.number] for key in keys}

    def _about(self, number: int) -> bytes:
        return f"zhiyu data key|{self.tenant}|{number}".encode()


def _write_masters(path: Path, keys: list[MasterKey]) -> None:
    replace_private(path, msgspec.json.format(msgspec.json.encode(_Masters(1, keys)), indent=1) + b"\n")


def _state_of(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0, 0)
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
