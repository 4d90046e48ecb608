"""The file of keys: JSON, readable by its owner only, replaced as a whole.

In: a path. Out: `StoredKey`s; and the file with one added or taken away. A file that others may read is refused: it tells who may do what.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from zhiyu.access.keys import SCOPES, StoredKey
from zhiyu.access.private_file import read_private, replace_private
from zhiyu.base.errors import InputError

MAX_KEYS = 10_000
MAX_FILE_BYTES = 8 << 20


class _File(msgspec.Struct):
    version: int
    keys: list[StoredKey]


def read_keys(path: Path) -> list[StoredKey]:
    """The keys of a file. InputError when it is absent, damaged, or open to others."""
    try:
        return _read(path, read_private(path, MAX_FILE_BYTES))
    except FileNotFoundError:
        raise InputError(
            f"there is no file of keys '{path}'; make one with `zhiyu keys new --keys {path} --scope decide`",
            f"没有密钥文件“{path}”；请用 `zhiyu keys new --keys {path} --scope decide` 创建",
        ) from None


def _read(path: Path, data: bytes) -> list[StoredKey]:
    try:
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise InputError(f"'{path}' is no file of keys: {wrong}", f"“{path}”不是密钥文件：{wrong}") from None
    if found.version != 1 or len(found.keys) > MAX_KEYS:
        raise InputError(
            f"'{path}' is of version {found.version} with {len(found.keys)} keys; this Zhiyu reads version 1, at most {MAX_KEYS:,} keys",
            f"“{path}”为版本 {found.version}、{len(found.keys)} 个密钥；本程序支持版本 1、最多 {MAX_KEYS:,} 个密钥",
        )
    for key in found.keys:
        if len(key.hash) != 64 or key.hash[:8] != key.id or not set(key.hash) <= set("0123456789abcdef"):
            raise InputError(
                f"'{path}': key '{key.id[:16]}' is damaged; revoke it", f"“{path}”：密钥“{key.id[:16]}”已损坏；请吊销"
            )
        if not key.scopes or not set(key.scopes) <= set(SCOPES):
            raise InputError(
                f"'{path}': key '{key.id}' has an unknown scope", f"“{path}”：密钥“{key.id}”含未知的权限范围"
            )
    return found.keys


def add_key(path: Path, key: StoredKey) -> None:
    """Put a key into the file, which is made when absent."""
    _changed(path, lambda keys: [*keys, key])


def drop_key(path: Path, key_id: str) -> StoredKey:
    """Take a key out of the file; InputError when it holds none with this id."""
    gone: list[StoredKey] = []

    def without(keys: list[StoredKey]) -> list[StoredKey]:
        gone.extend(key for key in keys if key.id == key_id)
        if not gone:
            raise InputError(
                f"'{path}' holds no key '{key_id}'; see `zhiyu keys list --keys {path}`",
                f"“{path}”中没有密钥“{key_id}”；请查看 `zhiyu keys list --keys {path}`",
            )
        return [key for key in keys if key.id != key_id]

    _changed(path, without)
    return gone[0]


def _changed(path: Path, change: Callable[[list[StoredKey]], list[StoredKey]]) -> None:
    """Read, change and replace the file while nobody else does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keys = change(read_keys(path) if path.exists() else [])
        if len(keys) > MAX_KEYS:
            raise InputError(
                f"a file holds at most {MAX_KEYS:,} keys; revoke some",
                f"密钥文件最多 {MAX_KEYS:,} 个密钥；请先吊销一些",
            )
        replace_private(path, msgspec.json.format(msgspec.json.encode(_File(1, keys)), indent=1) + b"\n")
    finally:
        os.close(lock)
