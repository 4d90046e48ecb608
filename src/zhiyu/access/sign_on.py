"""People who sign in at an identity provider: whom a proved subject is here, with the roles that the provider's groups give.

In: the provider and the claims that it signed. Out: `Person`s. Whoever is known by provider and subject stays the same person under the
same name; somebody new gets an entry of their own, without a password. Nobody becomes a person who is there already, unless an
administrator says that they are the same.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from zhiyu.access.audit import Audit
from zhiyu.access.oidc import NotProved, claim
from zhiyu.access.people import NAME, NoSuchPerson, People, Person, person_of
from zhiyu.access.sign_on_file import Provider
from zhiyu.access.tables import people, sessions, sign_ons
from zhiyu.base.errors import ZhiyuError
from zhiyu.records.store import Records

MAX_SUBJECT_CHARS = 255


class NoRole(ZhiyuError):
    """The provider knows who it is, and nothing that it says gives a role here."""

    code = "no_role"
    status = 403


class NameTaken(ZhiyuError):
    """Somebody else has this name."""

    code = "name_taken"
    status = 409


def roles_of(provider: Provider, claims: dict[str, Any]) -> tuple[str, ...]:
    """The roles that the groups of somebody give, each once, in the order of the file."""
    told = claim(claims, provider.roles_claim)
    groups = (
        {told}
        if isinstance(told, str)
        else {each for each in told if isinstance(each, str)}
        if isinstance(told, list)
        else set()
    )
    found = [role for group, roles in provider.roles.items() if group in groups for role in roles]
    return tuple(dict.fromkeys((*found, *provider.everybody)))


def name_of(provider: Provider, claims: dict[str, Any]) -> str:
    """The name of somebody. NotProved when the claim holds none that can be; an address only when the provider has verified it."""
    found = claim(claims, provider.name_claim)
    if not isinstance(found, str) or not NAME.fullmatch(found):
        raise NotProved(
            f"the claim '{provider.name_claim}' holds no name of 1 to 64 letters, digits, and . _ @ -",
            f"声明“{provider.name_claim}”中没有可用的用户名（1 至 64 个字母、数字或 . _ @ -）",
        )
    if provider.name_claim == "email" and claims.get("email_verified") is not True:
        raise NotProved("the provider has not verified this address", "提供方未验证该邮箱")
    return found


class SignOns:
    """Whom subjects of providers are, of one tenant."""

    def __init__(self, records: Records, audit: Audit, of: People) -> None:
        self._records, self._audit, self._people, self.tenant = records, audit, of, audit.tenant

    def person(self, provider: Provider, claims: dict[str, Any], now_ms: int) -> Person:
        """The person of a subject, with the roles of now; somebody new is added. NotProved, NoRole, NameTaken; InputError for the last
        administrator who would be none any more."""
        subject, roles = str(claims["sub"]), roles_of(provider, claims)
        if not 1 <= len(subject) <= MAX_SUBJECT_CHARS or "\0" in subject:
            raise NotProved("the provider names nobody", "提供方未给出用户标识")
        with self._records.writing() as connection:
            self._audit.lock(connection)
            known = self._known(connection, provider.name, subject)
            if known is None and roles:
                return self._add(connection, provider, subject, name_of(provider, claims), roles, now_ms)
            if known is not None and known.active and roles:
                return self._with_roles(connection, known, roles, now_ms)
            if known is not None and known.active:
                self._left(connection, known, now_ms)
        if known is not None and not known.active:
            raise NotProved("this person may not sign in any more", "该人员已停用")
        raise NoRole(
            "nothing that the provider says of you gives a role here; ask whoever administers your account there",
            "提供方给出的信息未对应任何角色；请联系账号管理员",
        )

    def link(self, provider: str, subject: str, name: str, now_ms: int, by: str) -> Person:
        """Say that a subject of a provider is a person who is there already. NoSuchPerson."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            row = connection.execute(
                select(people).where(people.c.tenant == self.tenant, people.c.name == name)
            ).first()
            if row is None:
                raise NoSuchPerson(f"there is nobody named '{name[:64]}'", f"没有名为“{name[:64]}”的人员")
            mine = (
                (sign_ons.c.tenant == self.tenant) & (sign_ons.c.provider == provider) & (sign_ons.c.subject == subject)
            )
            connection.execute(delete(sign_ons).where(mine))
            connection.execute(insert(sign_ons).values(self._row(provider, subject, row.id)))
            self._audit.add(connection, now_ms, by, "person.link", name, {"provider": provider})
        return person_of(row)

    def ended(self, provider: str, subject: str, session: str, now_ms: int) -> int:
        """The provider says that somebody, or one session of theirs, signed out there; how many sessions that ended here."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            asked = (
                select(sessions.c.digest, people.c.name)
                .join(people, sessions.c.person == people.c.id)
                .join(sign_ons, sign_ons.c.person == people.c.id)
                .where(people.c.tenant == self.tenant, sign_ons.c.provider == provider, sessions.c.provider == provider)
            )
            if subject:
                asked = asked.where(sign_ons.c.subject == subject)
            if session:
                asked = asked.where(sessions.c.provider_session == session)
            found = connection.execute(asked.distinct()).all()
            for row in found:
                connection.execute(delete(sessions).where(sessions.c.digest == row.digest))
            for name in sorted({row.name for row in found}):
                self._audit.add(connection, now_ms, f"person:{name}", "session.end", name, {"provider": provider})
        return len(found)

    def _known(self, connection: Connection, provider: str, subject: str) -> Person | None:
        asked = select(people).join(sign_ons, sign_ons.c.person == people.c.id)
        row = connection.execute(
            asked.where(
                sign_ons.c.tenant == self.tenant, sign_ons.c.provider == provider, sign_ons.c.subject == subject
            )
        ).first()
        return None if row is None else person_of(row)

    def _add(
        self, connection: Connection, provider: Provider, subject: str, name: str, roles: tuple[str, ...], now_ms: int
    ) -> Person:
        taken = select(people.c.id).where(people.c.tenant == self.tenant, people.c.name == name)
        if connection.execute(taken).first() is not None:
            raise NameTaken(
                f"there is somebody named '{name}' already; if it is you, an administrator says so with `zhiyu people link`",
                f"用户名“{name}”已存在；如系本人，请管理员执行 `zhiyu people link`",
            )
        row = {
            "tenant": self.tenant, "name": name, "roles": ",".join(roles), "password": "", "active": True, "created_ms": now_ms,
            "failures": 0, "locked_until_ms": 0,
        }  # fmt: skip
        made = connection.execute(insert(people).values(row).returning(*people.c)).one()
        connection.execute(insert(sign_ons).values(self._row(provider.name, subject, made.id)))
        self._audit.add(
            connection, now_ms, "system", "person.add", name, {"roles": list(roles), "provider": provider.name}
        )
        return person_of(made)

    def _with_roles(self, connection: Connection, person: Person, roles: tuple[str, ...], now_ms: int) -> Person:
        """The same person; sessions under other roles end."""
        if person.roles == roles:
            return person
        connection.execute(update(people).where(people.c.id == person.id).values(roles=",".join(roles)))
        connection.execute(delete(sessions).where(sessions.c.person == person.id))
        self._people.require_administrator(connection, person)
        self._audit.add(connection, now_ms, "system", "person.change", person.name, {"roles": list(roles)})
        return person_of(connection.execute(select(people).where(people.c.id == person.id)).one())

    def _left(self, connection: Connection, person: Person, now_ms: int) -> None:
        """Nothing gives a role any more: sessions end; what the person may do stays as it was, since nobody can sign in to it."""
        gone = connection.execute(delete(sessions).where(sessions.c.person == person.id)).rowcount
        self._audit.add(connection, now_ms, "system", "person.no_role", person.name, {"sessions": gone})

    def _row(self, provider: str, subject: str, person: int) -> dict[str, Any]:
        return {"tenant": self.tenant, "provider": provider, "subject": subject, "person": person}
