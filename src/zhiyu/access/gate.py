"""The gate: a presented key becomes a `Grant`, or a refusal.

In: the Authorization header, the address of the caller, the scope that is needed. Out: `Grant`. The file is looked at once a second and
read again when it changed, so that a revoked key stops within a second. Wrong keys are counted per address: past the limit they are
answered 429 until the minute is over; a right key always passes, so that nobody locks others out behind a shared address.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhiyu.access.key_file import read_keys
from zhiyu.access.keys import SCOPES, StoredKey, digest_of
from zhiyu.access.roles import ALLOWED_BY
from zhiyu.base.errors import InputError, ZhiyuError

MAX_FAILURES = 20
"""Wrong keys per address and minute."""
WINDOW_S = 60.0
MAX_ADDRESSES = 10_000
"""Addresses whose failures are remembered; the oldest leave."""
_LOOK_EVERY_S = 1.0


class NotKnown(ZhiyuError):
    """No key, or one that is not in force."""

    code = "key"
    status = 401


class NotAllowed(ZhiyuError):
    """The key is right, and not for this."""

    code = "scope"
    status = 403


class TooManyFailures(ZhiyuError):
    """Wrong keys came too often from this address."""

    code = "key_failures"
    status = 429


@dataclass(frozen=True, slots=True)
class Grant:
    """Who is asking: tenant, what for, the id of the key or the name of the person ("" and "" on an open server)."""

    tenant: str
    scopes: frozenset[str]
    key_id: str = ""
    person: str = ""

    @property
    def who(self) -> str:
        """As journals and the audit name them: "person:NAME", "key:ID", or "" on an open server."""
        if self.person:
            return f"person:{self.person}"
        return f"key:{self.key_id}" if self.key_id else ""

    def require(self, scope: str) -> None:
        """NotAllowed when the caller may not do this."""
        if not self.scopes & ALLOWED_BY[scope]:
            shown = ", ".join(sorted(self.scopes))
            if self.person:
                raise NotAllowed(
                    f"your roles do not allow '{scope}'; they allow {shown}", f"您的角色无“{scope}”权限；现有：{shown}"
                )
            raise NotAllowed(
                f"this key is not for '{scope}'; it is for {shown}", f"该密钥无“{scope}”权限；其权限：{shown}"
            )


class Gate:
    """What a server with a file of keys asks before anything else."""

    def __init__(
        self, path: Path, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self.problem = ""
        self._path, self._clock, self._wall = path, clock, wall
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._state, self._looked = _state_of(path), clock()
        self._keys = _by_id(read_keys(path))

    @property
    def tenants(self) -> set[str]:
        """Tenants that have a key."""
        return {key.tenant for keys in self._keys.values() for key, _ in keys}

    def grant(self, authorization: bytes, address: str, scope: str) -> Grant:
        """What the header proves. NotKnown, NotAllowed, TooManyFailures."""
        now = self._clock()
        if now - self._looked >= _LOOK_EVERY_S:
            self._look(now)
        key = self._find(authorization)
        if key is None:
            self._fail(address, now, bool(authorization))
        assert key is not None
        granted = Grant(key.tenant, frozenset(key.scopes), key.id)
        granted.require(scope)
        return granted

    def of(self, tenant: str) -> list[StoredKey]:
        """The keys of a tenant as they are in force, oldest first."""
        found = [key for keys in self._keys.values() for key, _ in keys if key.tenant == tenant]
        return sorted(found, key=lambda key: (key.created, key.id))

    def _find(self, authorization: bytes) -> StoredKey | None:
        kind, _, presented = authorization.partition(b" ")
        digest = digest_of(presented.strip()[:256])
        found = None
        for key, stored in self._keys.get(digest.hex()[:8], ()):
            if hmac.compare_digest(stored, digest) and kind.lower() == b"bearer":
                found = key
        return found if found is not None and (not found.expires or self._wall() * 1000 < found.expires) else None

    def _fail(self, address: str, now: float, presented: bool) -> None:
        began, count = self._failures.pop(address, (now, 0))
        if now - began >= WINDOW_S:
            began, count = now, 0
        self._failures[address] = (began, count + 1)
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)
        if count >= MAX_FAILURES:
            raise TooManyFailures(
                "too many wrong keys from this address; wait a minute", "该地址的错误密钥过多；请一分钟后再试"
            )
        if presented:
            raise NotKnown("this key is not known, revoked or expired", "密钥不存在、已吊销或已过期")
        raise NotKnown(
            "a key is needed: send 'Authorization: Bearer zk_…'", "需要密钥：请发送“Authorization: Bearer zk_…”"
        )

    def _look(self, now: float) -> None:
        self._looked = now
        state = _state_of(self._path)
        if state == self._state:
            return
        try:
            self._keys = _by_id(read_keys(self._path))
            self._state, self.problem = state, ""
        except (InputError, OSError) as wrong:  # the keys as last read stay in force; readiness says so
            self.problem = str(wrong)


class SignInGate:
    """A server that people sign in to and that has no keys: nobody gets in by one."""

    problem = ""

    def grant(self, authorization: bytes, address: str, scope: str) -> Grant:
        """NotKnown."""
        raise NotKnown("sign in first: POST /v1/sessions", "请先登录：POST /v1/sessions")


class OpenGate:
    """A server without keys, on loopback only: everybody is the one tenant."""

    problem = ""

    def __init__(self, tenant: str) -> None:
        self._grant = Grant(tenant, frozenset(SCOPES))

    def grant(self, authorization: bytes, address: str, scope: str) -> Grant:
        """Everything, for the tenant."""
        return self._grant


def _by_id(keys: list[StoredKey]) -> dict[str, list[tuple[StoredKey, bytes]]]:
    found: dict[str, list[tuple[StoredKey, bytes]]] = {}
    for key in keys:
        found.setdefault(key.id, []).append((key, bytes.fromhex(key.hash)))
    return found


def _state_of(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0, 0)
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
