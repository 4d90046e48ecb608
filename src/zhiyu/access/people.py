"""People who may sign in: added, given roles, stopped; and what a right name and password prove.

In: the records, an audit, moments in ms. Out: `Person`s. Every change stands in the audit in the same transaction. Wrong passwords are
counted per person: from the tenth in a row on, each one closes the account for a while, longer each time, at most fifteen minutes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from zhiyu.access import passwords
from zhiyu.access.audit import Audit, because
from zhiyu.access.roles import permissions_of
from zhiyu.access.tables import people, sessions
from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.records.store import Records

MAX_FAILURES = 10
"""Wrong passwords in a row that cost nothing."""
FIRST_LOCK_MS, LONGEST_LOCK_MS = 30_000, 900_000
NAME = re.compile(r"[^\W_][\w.@-]{0,63}")


class NoSuchPerson(ZhiyuError):
    """Nobody of this name."""

    code = "no_person"
    status = 404


class WrongPassword(ZhiyuError):
    """Name and password do not belong together, or the person may not sign in."""

    code = "sign_in"
    status = 401


class Locked(ZhiyuError):
    """Too many wrong passwords; later."""

    code = "locked"
    status = 429

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            f"too many wrong passwords; try again in {wait_s} s, or ask an administrator for another password",
            f"密码错误次数过多；请 {wait_s} 秒后再试，或请管理员重设密码",
        )
        self.retry_s = wait_s


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in while `active`."""

    id: int
    tenant: str
    name: str
    roles: tuple[str, ...]
    active: bool
    created_ms: int

    @property
    def permissions(self) -> frozenset[str]:
        """What the roles allow."""
        return permissions_of(self.roles)


class People:
    """The people of one tenant."""

    def __init__(self, records: Records, audit: Audit) -> None:
        self._records, self._audit, self.tenant = records, audit, audit.tenant

    def all(self) -> list[Person]:
        """Everybody, by name."""
        with self._records.reading() as connection:
            asked = select(people).where(people.c.tenant == self.tenant).order_by(people.c.name)
            return [person_of(row) for row in connection.execute(asked)]

    def add(
        self, name: str, roles: tuple[str, ...], password: str, now_ms: int, by: str, reason: str = ""
    ) -> Person:  # fmt: skip
        """Somebody new. `reason`: why, for the audit. InputError for a name, role or password that cannot be, or a name that is taken."""
        if not NAME.fullmatch(name):
            raise InputError(
                "a name has 1 to 64 letters, digits, and . _ @ -, and begins with a letter or digit",
                "用户名应为 1 至 64 个字母、数字或 . _ @ -，以字母或数字开头",
            )
        permissions_of(_some(roles))
        passwords.check_password(password, name)
        row = {
            "tenant": self.tenant, "name": name, "roles": ",".join(roles), "password": passwords.stored_form(password), "active": True,
            "created_ms": now_ms, "failures": 0, "locked_until_ms": 0,
        }  # fmt: skip
        try:
            with self._records.writing() as connection:
                made = connection.execute(insert(people).values(row).returning(*people.c)).one()
                self._audit.add(connection, now_ms, by, "person.add", name, {"roles": list(roles)} | because(reason))
        except IntegrityError:
            raise InputError(f"there is somebody named '{name}' already", f"用户名“{name}”已存在") from None
        return person_of(made)

    def change(
        self, name: str, now_ms: int, by: str, *, roles: tuple[str, ...] | None = None, active: bool | None = None,
        password: str | None = None, reason: str = "",
    ) -> Person:  # fmt: skip
        """Other roles, another password, stopped or back. Every change ends the sessions. `reason`: why, for the audit.

        InputError for what cannot be; NoSuchPerson. The last active administrator stays one."""
        changes: dict[str, object] = {}
        if roles is not None:
            permissions_of(_some(roles))
            changes["roles"] = ",".join(roles)
        if active is not None:
            changes["active"] = active
        if password is not None:
            passwords.check_password(password, name)
            changes |= {"password": passwords.stored_form(password), "failures": 0, "locked_until_ms": 0}
        with self._records.writing() as connection:
            self._audit.lock(connection)
            before = self._row(connection, name)
            if changes:
                connection.execute(update(people).where(people.c.id == before.id).values(changes))
                connection.execute(delete(sessions).where(sessions.c.person == before.id))
            self.require_administrator(connection, person_of(before))
            after = person_of(self._row(connection, name))
            told: dict[str, object] = {key: value for key, value in changes.items() if key in ("active",)}
            told |= {"roles": list(after.roles)} if roles is not None else {}
            told |= {"password": "changed"} if password is not None else {}
            self._audit.add(connection, now_ms, by, "person.change", name, told | because(reason))
        return after

    def sign_out(self, name: str, now_ms: int, by: str, reason: str = "") -> int:
        """End all sessions of somebody; how many there were. NoSuchPerson."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            row = self._row(connection, name)
            ended = connection.execute(delete(sessions).where(sessions.c.person == row.id)).rowcount
            self._audit.add(connection, now_ms, by, "person.sign_out", name, {"sessions": ended} | because(reason))
        return ended

    def proved(self, name: str, password: str, now_ms: int) -> Person:
        """The person whose name and password these are. WrongPassword, Locked. Slow on purpose."""
        row = None
        if NAME.fullmatch(name):
            with self._records.reading() as connection:
                row = connection.execute(self._by_name(name)).first()
        if row is not None and row.locked_until_ms > now_ms:
            raise Locked(-(-(row.locked_until_ms - now_ms) // 1000))
        right = passwords.proves(password, row.password if row is not None else None)
        if row is not None:
            self._count(row, right, now_ms)
        if row is None or not right or not row.active:
            raise WrongPassword("name and password do not belong together", "用户名或密码不正确")
        return person_of(row)

    def _count(self, row: Row[Any], right: bool, now_ms: int) -> None:
        """Remember a wrong password; forget them after a right one."""
        if right and not row.failures:
            return
        with self._records.writing() as connection:
            now = connection.execute(
                select(people.c.failures).where(people.c.id == row.id).with_for_update()
            ).scalar_one()
            failures = 0 if right else now + 1
            lock_ms = (
                min(FIRST_LOCK_MS << max(failures - MAX_FAILURES, 0), LONGEST_LOCK_MS)
                if failures >= MAX_FAILURES
                else 0
            )
            changed = update(people).where(people.c.id == row.id)
            connection.execute(changed.values(failures=failures, locked_until_ms=now_ms + lock_ms if lock_ms else 0))
            if failures == MAX_FAILURES:
                self._audit.add(connection, now_ms, "system", "person.locked", str(row.name))

    def require_administrator(self, connection: Connection, before: Person) -> None:
        """InputError when `before` was the last active administrator and is none any more."""
        if "administrator" not in before.roles or not before.active:
            return
        asked = select(people).where(people.c.tenant == self.tenant, people.c.active).with_for_update()
        if not any("administrator" in person_of(row).roles for row in connection.execute(asked)):
            raise InputError(
                "this is the last administrator; make somebody else one first",
                "这是最后一名管理员；请先指定另一名管理员",
            )

    def _row(self, connection: Connection, name: str) -> Row[Any]:
        row = connection.execute(self._by_name(name).with_for_update()).first() if NAME.fullmatch(name) else None
        if row is None:
            raise NoSuchPerson(f"there is nobody named '{name[:64]}'", f"没有名为“{name[:64]}”的人员")
        return row

    def _by_name(self, name: str) -> Select[Any]:
        return select(people).where(people.c.tenant == self.tenant, people.c.name == name)


def _some(roles: tuple[str, ...]) -> tuple[str, ...]:
    if not roles or len(set(roles)) != len(roles):
        raise InputError("give at least one role, and each once", "请至少指定一个角色，且不要重复")
    return roles


def person_of(row: Row[Any]) -> Person:
    """The person of a row of `people`."""
    return Person(row.id, row.tenant, row.name, tuple(row.roles.split(",")), row.active, row.created_ms)
