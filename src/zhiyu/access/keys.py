"""Machine keys: how one is made, what is stored of it.

In: tenant, scopes, note, expiry. Out: the key, shown once, and its `StoredKey` with a hash. A key is 32 random bytes, so a plain fast hash
is enough: there is no word list to try.
"""

from __future__ import annotations

import hashlib
import re
import secrets

import msgspec

from zhiyu.access.roles import PERMISSIONS
from zhiyu.base.errors import InputError

SCOPES = tuple(PERMISSIONS)
"""What a key may be for; `admin` includes all others."""
PREFIX = "zk_"
MAX_NOTE_CHARS = 200
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 43
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class StoredKey(msgspec.Struct, frozen=True):
    """What the file holds of a key: BLAKE2b-256 as hex; times in ms since 1970, `expires` 0 is never."""

    id: str
    hash: str
    tenant: str
    scopes: tuple[str, ...]
    created: int
    expires: int = 0
    note: str = ""


def digest_of(key: bytes) -> bytes:
    """The 32 bytes that stand for a key.

    >>> len(digest_of(b"zk_example"))
    32
    """
    return hashlib.blake2b(key, digest_size=32, person=b"zhiyu key").digest()


def new_key(
    tenant: str, scopes: tuple[str, ...], now_ms: int, expires: int = 0, note: str = ""
) -> tuple[str, StoredKey]:
    """A fresh key and what is stored of it. InputError for a tenant, scope, note or expiry that cannot be."""
    _check(tenant, scopes, now_ms, expires, note)
    key = PREFIX + _base62(secrets.token_bytes(32))
    digest = digest_of(key.encode()).hex()
    return key, StoredKey(digest[:8], digest, tenant, tuple(s for s in SCOPES if s in scopes), now_ms, expires, note)


def check_tenant(tenant: str) -> None:
    """InputError for what cannot name a tenant."""
    if not _TENANT.fullmatch(tenant):
        raise InputError(
            f"'{tenant}' cannot name a tenant; use small letters, digits, - and _, at most 63",
            f"“{tenant}”不能作为租户名；请使用小写字母、数字、- 和 _，最多 63 个字符",
        )


def _check(tenant: str, scopes: tuple[str, ...], now_ms: int, expires: int, note: str) -> None:
    check_tenant(tenant)
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        known = ", ".join(SCOPES)
        raise InputError(
            f"unknown scope '{unknown[0]}'; known are {known}" if unknown else f"a key needs a scope: {known}",
            f"未知的权限范围“{unknown[0]}”；可用：{known}" if unknown else f"密钥至少需要一个权限范围：{known}",
        )
    if expires and expires <= now_ms:
        raise InputError(
            "the key would expire before it is made; give a later time", "密钥的到期时间早于创建时间；请填写更晚的时间"
        )
    if len(note) > MAX_NOTE_CHARS:
        raise InputError(f"a note has at most {MAX_NOTE_CHARS} characters", f"备注最多 {MAX_NOTE_CHARS} 个字符")


def _base62(data: bytes) -> str:
    number, digits = int.from_bytes(data), []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
