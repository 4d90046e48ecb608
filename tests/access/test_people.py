"""People: who may sign in, what wrong passwords cost, what the audit keeps; on both databases."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from zhiyu.access.audit import Audit
from zhiyu.access.people import (
    FIRST_LOCK_MS,
    LONGEST_LOCK_MS,
    MAX_FAILURES,
    Locked,
    NoSuchPerson,
    People,
    WrongPassword,
)  # fmt: skip
from zhiyu.access.roles import PERMISSIONS, ROLES, permissions_of
from zhiyu.access.sessions import IDLE_MS, LONGEST_MS, MAX_EACH, Sessions
from zhiyu.access.tables import audit, people, sessions
from zhiyu.access.tokens import forgery_proof
from zhiyu.base.errors import InputError
from zhiyu.records.store import Records

KEY = b"k" * 16
GOOD, OTHER = "three green apples", "seven blue plums!"
NOW = 1_800_000_000_000


class House:
    """A tenant's people, sessions and audit on one database."""

    def __init__(self, url: str, tenant: str = "bank") -> None:
        self.records = Records(url)
        self.audit = Audit(tenant, KEY)
        self.people, self.sessions = People(self.records, self.audit), Sessions(self.records, self.audit)

    def add(self, name: str = "lin", roles: tuple[str, ...] = ("investigator",)) -> None:
        self.people.add(name, roles, GOOD, NOW, "system")

    def verbs(self) -> list[tuple[str, str, str]]:
        with self.records.reading() as connection:
            return [(entry.by, entry.verb, entry.about) for entry in reversed(self.audit.page(connection))]


def test_a_person_is_added_proved_and_stopped(both: str) -> None:
    house = House(both)
    house.add()
    person = house.people.proved("lin", GOOD, NOW)
    assert (person.roles, person.permissions) == (
        ("investigator",),
        {"read", "facts", "labels", "lists", "cases", "investigate", "reveal"},
    )
    token = house.sessions.begin(person, NOW)
    assert house.sessions.whose(token, NOW + 1) == person
    house.people.change("lin", NOW, "person:chief", active=False)
    assert house.sessions.whose(token, NOW + 2) is None, "who is stopped is out at once"
    with pytest.raises(WrongPassword):
        house.people.proved("lin", GOOD, NOW)
    house.people.change("lin", NOW, "person:chief", active=True, roles=("auditor", "approver"), password=OTHER)
    assert house.people.proved("lin", OTHER, NOW).roles == ("auditor", "approver")
    assert house.verbs() == [
        ("system", "person.add", "lin"), ("person:lin", "session.begin", "lin"), ("person:chief", "person.change", "lin"),
        ("person:chief", "person.change", "lin"),
    ]  # fmt: skip


def test_nothing_kept_tells_a_password_or_a_token(both: str) -> None:
    house = House(both)
    house.add()
    token = house.sessions.begin(house.people.proved("lin", GOOD, NOW), NOW)
    house.people.change("lin", NOW, "system", password=OTHER)
    with house.records.reading() as connection:
        rows = [str(row) for table in (people, sessions, audit) for row in connection.execute(select(table))]
    assert len(rows) == 4
    assert not any(secret in row for row in rows for secret in (GOOD, OTHER, token, token[3:]))


def test_wrong_passwords_close_the_account_for_longer_and_longer(both: str) -> None:
    house = House(both)
    house.add()
    for _ in range(MAX_FAILURES):
        with pytest.raises(WrongPassword):
            house.people.proved("lin", OTHER, NOW)
    with pytest.raises(Locked, match="30 s"):
        house.people.proved("lin", GOOD, NOW)
    now, waits = NOW, []
    for _ in range(7):
        waited = next(
            ms for ms in (FIRST_LOCK_MS << n for n in range(9)) if _open(house, now + min(ms, LONGEST_LOCK_MS))
        )
        waits.append(min(waited, LONGEST_LOCK_MS))
        now += waits[-1]
    assert waits == [30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000]
    assert house.people.proved("lin", GOOD, now + LONGEST_LOCK_MS).name == "lin"
    with pytest.raises(WrongPassword):
        house.people.proved("lin", OTHER, now)
    assert house.people.proved("lin", GOOD, now).name == "lin", "a right password starts the count anew"
    assert [verb for _, verb, _ in house.verbs()].count("person.locked") == 1


def _open(house: House, now_ms: int) -> bool:
    """Whether the account takes a password at this moment; gives a wrong one."""
    try:
        house.people.proved("lin", OTHER, now_ms)
    except Locked:
        return False
    except WrongPassword:
        return True
    raise AssertionError


@pytest.mark.parametrize(
    ("name", "roles", "password", "said"),
    [
        ("", ("auditor",), GOOD, "a name has"), ("a b", ("auditor",), GOOD, "a name has"), ("x" * 65, ("auditor",), GOOD, "a name has"),
        ("lin", (), GOOD, "at least one role"), ("lin", ("auditor", "auditor"), GOOD, "at least one role"),
        ("lin", ("auditer",), GOOD, "did you mean 'auditor'"), ("lin", ("auditor",), "elevenchars", "12 to 128"),
        ("lin", ("auditor",), "x" * 129, "12 to 128"), ("lin", ("auditor",), "aaaabbbbcccc", "too easily"),
        ("lin", ("auditor",), "my name is LIN ok", "too easily"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(
    tmp_path_factory: pytest.TempPathFactory, name: str, roles: tuple[str, ...], password: str, said: str
) -> None:
    house = House(f"sqlite:///{tmp_path_factory.mktemp('p')}/records.db")
    with pytest.raises(InputError, match=said) as wrong:
        house.people.add(name, roles, password, NOW, "system")
    assert wrong.value.zh != wrong.value.en
    assert password not in str(wrong.value)


def test_names_of_one_tenant_are_taken_once_and_another_tenant_sees_none(both: str) -> None:
    house, elsewhere = House(both), House(both, "elsewhere")
    house.add()
    with pytest.raises(InputError, match="already"):
        house.add()
    assert elsewhere.people.all() == []
    with pytest.raises(NoSuchPerson):
        elsewhere.people.change("lin", NOW, "system", active=False)
    token = house.sessions.begin(house.people.proved("lin", GOOD, NOW), NOW)
    assert elsewhere.sessions.whose(token, NOW) is None
    assert elsewhere.verbs() == []


def test_the_last_administrator_stays_one(both: str) -> None:
    house = House(both)
    house.add("root", ("administrator",))
    house.add("second", ("administrator", "auditor"))
    house.people.change("second", NOW, "system", roles=("auditor",))
    for change in ({"active": False}, {"roles": ("auditor",)}):
        with pytest.raises(InputError, match="last administrator"):
            house.people.change("root", NOW, "system", **change)  # type: ignore[arg-type]
    assert house.people.all()[0].roles == ("administrator",)


def test_two_administrators_who_stop_each_other_at_once_leave_one(both: str) -> None:
    for attempt in range(10):
        house = House(both, f"bank{attempt}")
        house.add("one", ("administrator",))
        house.add("two", ("administrator",))
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name, house=house: _stop(house, name), ("one", "two")))  # type: ignore[misc]
        assert sum(person.active for person in house.people.all()) == 1


def _stop(house: House, name: str) -> None:
    with contextlib.suppress(InputError):
        house.people.change(name, NOW, "system", active=False)


def test_sessions_end_when_idle_when_old_when_left_and_when_there_are_too_many(both: str) -> None:
    house = House(both)
    house.add()
    person = house.people.proved("lin", GOOD, NOW)
    token = house.sessions.begin(person, NOW)
    assert house.sessions.whose(token, NOW + IDLE_MS) is None
    now = NOW
    while now < NOW + LONGEST_MS - IDLE_MS:
        now += IDLE_MS - 1
        assert house.sessions.whose(token, now) == person
    assert house.sessions.whose(token, NOW + LONGEST_MS - 1) == person
    assert house.sessions.whose(token, NOW + LONGEST_MS) is None, "used or not"
    tokens = [house.sessions.begin(person, now + number) for number in range(MAX_EACH + 1)]
    assert [house.sessions.whose(each, now + 20) is not None for each in tokens] == [False] + [True] * MAX_EACH
    house.sessions.end(tokens[-1], person, now)
    assert house.sessions.whose(tokens[-1], now + 20) is None
    assert house.sessions.whose("zs_nobody", now) is None
    assert forgery_proof(tokens[0]) != forgery_proof(tokens[1])


@pytest.mark.parametrize("name", ["\0", "a\0b", "'; DROP TABLE people; --", "x" * 5_000, "\ud800"])
def test_a_name_that_cannot_be_is_nobody(both: str, name: str) -> None:
    house = House(both)
    house.add()
    with pytest.raises(WrongPassword):
        house.people.proved(name, GOOD, NOW)
    with pytest.raises(WrongPassword):
        house.people.proved("lin", "\0\ud800", NOW)
    with pytest.raises(NoSuchPerson):
        house.people.change(name, NOW, "system", active=False)
    assert house.sessions.whose("zs_" + name, NOW) is None
    with house.records.reading() as connection:
        assert house.audit.page(connection, about=name.replace("\ud800", "")) in ([], house.audit.page(connection))
    assert len(house.people.all()) == 1


def test_roles_give_known_permissions_and_none_gives_all() -> None:
    for role, (_, zh, may) in ROLES.items():
        assert may <= set(PERMISSIONS) - {"admin"}, role
        assert zh
        assert permissions_of((role,)) == may
    assert permissions_of(("auditor", "approver")) == {
        "read",
        "policies",
        "metrics",
        "audit",
        "facts",
        "approve",
        "cases",
    }
    assert [role for role, (_, _, may) in ROLES.items() if "policy" in may] == [], (
        "nobody releases without somebody else"
    )
    assert [role for role, (_, _, may) in ROLES.items() if {"people", "propose"} <= may] == []
