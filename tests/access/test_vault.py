"""The vault: what it keeps opens for its person alone, nothing of it lies in clear text, what is erased is gone, keys change underneath."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from zhiyu.access.ciphers import CIPHERS, DEFAULT, Tampered
from zhiyu.access.vault import REWRAPPED_AT_ONCE, Personal, Vault
from zhiyu.access.vault_keys import DataKeys, add_master, drop_master, read_masters
from zhiyu.base.errors import InputError

PHONE, OTHER_PHONE = "13800138000", "13900139000"
TWO = [
    Personal(1, 10, "phone", PHONE),
    Personal(1, 11, "address", "北京市海淀区"),
    Personal(2, 10, "contact_phone", PHONE),
]


class Safe:
    """A vault in a folder; `later` moves the clock that looks at the file of master keys."""

    def __init__(self, folder: Path, cipher: str = DEFAULT) -> None:
        self.folder, self.masters, self.now_s = folder / "vault", folder / "masters.json", 0.0
        if not self.masters.exists():
            add_master(self.masters, 0, cipher)
        self.vault = self.opened()

    def opened(self) -> Vault:
        keys = DataKeys("default", self.folder, self.masters, lambda: self.now_s, lambda: 0)
        return Vault(self.folder, keys)

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.folder.iterdir()))


@pytest.fixture(params=sorted(CIPHERS))
def safe(tmp_path: Path, request: pytest.FixtureRequest) -> Safe:
    return Safe(tmp_path, request.param)


def test_what_is_filed_comes_back_for_its_person_alone(safe: Safe) -> None:
    assert safe.vault.file(TWO, 5, {"piece": 7}) == 3
    assert (safe.vault.text(1, 10), safe.vault.text(2, 10)) == (PHONE, PHONE)
    assert (safe.vault.text(2, 11), safe.vault.text(3, 10), safe.vault.text(0, 0)) == (None, None, None)
    assert safe.vault.of_person(1) == [TWO[1], TWO[0]]
    assert safe.vault.mark("piece") == 7
    assert safe.vault.mark("nothing") == 0
    assert safe.vault.file([*TWO, Personal(1, 12, "email", "a@b.cn")], 5, {}) == 1
    assert safe.vault.facts()["texts"] == 4


def test_nothing_lies_in_clear_text(safe: Safe) -> None:
    safe.vault.file(TWO, 5, {})
    found = safe.bytes_on_disk()
    assert [text for _, _, _, text in map(_parts, TWO) if text.encode() in found] == []
    master = bytes.fromhex(read_masters(safe.masters)[0].key)
    assert master not in found
    assert all(key not in found for key in safe.vault.keys._plain.values())
    assert all(
        path.stat().st_mode & 0o077 == 0 for path in safe.folder.iterdir() if path.name in ("vault.db", "keys.json")
    )


def _parts(each: Personal) -> tuple[int, int, str, str]:
    return each.person, each.code, each.field, each.text


def test_erasing_one_person_leaves_the_other_and_nothing_on_the_disk(safe: Safe) -> None:
    safe.vault.file(TWO, 5, {})
    with sqlite3.connect(safe.folder / "vault.db") as db:
        gone = [row[0] for row in db.execute("SELECT sealed FROM texts WHERE person = 1")]
        gone += [row[0] for row in db.execute("SELECT wrapped FROM people WHERE person = 1")]
    db.close()
    assert all(sealed in safe.bytes_on_disk() for sealed in gone)
    assert safe.vault.erase([1], 9) == 2
    assert [safe.vault.text(1, 10), safe.vault.text(1, 11), safe.vault.of_person(1), safe.vault.count(1)] == [
        None,
        None,
        [],
        0,
    ]
    assert (safe.vault.text(2, 10), safe.vault.erased) == (PHONE, {1: 9})
    assert [sealed for sealed in gone if sealed in safe.bytes_on_disk()] == []
    assert safe.vault.erase([1]) == 0
    assert safe.vault.file([TWO[0]], 6, {}) == 1, "who comes again is somebody new"


def test_what_was_moved_or_changed_does_not_open(safe: Safe) -> None:
    safe.vault.file([*TWO, Personal(2, 11, "address", "上海市")], 5, {})
    with sqlite3.connect(safe.folder / "vault.db") as db:
        db.execute(
            "UPDATE texts SET sealed = (SELECT sealed FROM texts WHERE person = 2 AND code = 11) WHERE person = 1 AND code = 11"
        )
        (sealed,) = db.execute("SELECT sealed FROM texts WHERE person = 1 AND code = 10").fetchone()
        changed = sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:]
        db.execute("UPDATE texts SET sealed = ? WHERE person = 1 AND code = 10", (changed,))
        db.execute("UPDATE texts SET sealed = x'0102' WHERE person = 2 AND code = 11")
    db.close()
    for person, code in ((1, 11), (1, 10), (2, 11)):
        with pytest.raises(Tampered):
            safe.vault.text(person, code)
    assert safe.vault.text(2, 10) == PHONE


def test_a_newer_master_key_takes_over_while_everything_goes_on(safe: Safe) -> None:
    safe.vault.file(TWO, 5, {})
    old = read_masters(safe.masters)[0]
    new = add_master(safe.masters, 1, old.cipher)
    assert safe.vault.text(1, 10) == PHONE
    safe.now_s += 2
    safe.vault.file([Personal(3, 30, "phone", OTHER_PHONE)], 5, {})
    assert safe.vault.facts()["master_key"] == new.id
    drop_master(safe.masters, old.id)
    with pytest.raises(InputError, match="the newest one stays"):
        drop_master(safe.masters, new.id)
    again = safe.opened()
    assert (again.text(1, 10), again.text(3, 30)) == (PHONE, OTHER_PHONE)


def test_a_vault_under_a_master_key_that_is_gone_does_not_open(tmp_path: Path) -> None:
    safe = Safe(tmp_path)
    safe.vault.file(TWO, 5, {})
    safe.masters.unlink()
    add_master(safe.masters, 1)
    with pytest.raises(InputError, match="is wrapped by master key"):
        safe.opened()


def test_a_damaged_file_of_master_keys_changes_nothing_and_is_told(tmp_path: Path) -> None:
    safe = Safe(tmp_path)
    safe.vault.file(TWO, 5, {})
    whole = safe.masters.read_bytes()
    for damage in (b"{}", b"", whole.replace(b'"key": "', b'"key": "00'), whole[:-9]):
        safe.masters.write_bytes(damage)
        with pytest.raises(InputError):
            read_masters(safe.masters)
        safe.now_s += 2
        assert safe.vault.file([Personal(3, 30, "phone", OTHER_PHONE)], 5, {}) in (0, 1)
        assert "is no file of master keys" in safe.vault.facts()["problem"]
    safe.masters.write_bytes(whole)
    safe.masters.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_masters(safe.masters)
    safe.masters.chmod(0o600)
    safe.now_s += 2
    assert safe.vault.file(TWO, 5, {}) == 0
    assert safe.vault.facts()["problem"] == ""


def test_a_fresh_data_key_takes_over_and_the_older_one_is_destroyed(tmp_path: Path) -> None:
    """More people than are wrapped at once, and another cipher on the way."""
    safe = Safe(tmp_path)
    many = [Personal(person, 10, "phone", PHONE) for person in range(REWRAPPED_AT_ONCE + 1)]
    safe.vault.file(many, 5, {})
    before = (safe.folder / "keys.json").read_bytes()
    add_master(safe.masters, 1, "sm4-gcm")
    safe.now_s += 2
    assert safe.vault.keys.newest == 1
    assert safe.vault.keys.rotate() == 2
    assert safe.vault.text(0, 10) == PHONE, "both open meanwhile"
    rounds = 0
    while safe.vault.rewrap():
        rounds += 1
        assert {safe.vault.text(person, 10) for person in (0, REWRAPPED_AT_ONCE)} == {PHONE}
    assert (rounds, safe.vault.keys.numbers) == (2, [2])
    again = safe.opened()
    assert [again.text(each.person, 10) for each in many] == [PHONE] * len(many)
    again.file([Personal(-5, 10, "phone", OTHER_PHONE)], 5, {})
    assert again.text(-5, 10) == OTHER_PHONE
    again.close()
    safe.vault.close()
    (safe.folder / "keys.json").write_bytes(
        before
    )  # from a copy that was made before: its data key opens nothing any more
    with pytest.raises(InputError, match="data key 2 is gone"):
        Vault(safe.folder, DataKeys("default", safe.folder, safe.masters)).text(0, 10)


def test_who_is_not_seen_any_more_is_erased_on_the_day(tmp_path: Path) -> None:
    vault = Safe(tmp_path).vault
    vault.file(TWO, 100, {})
    vault.file([TWO[2]], 130, {})
    vault.file([TWO[2]], 120, {})
    assert vault.expire(100) == 0
    assert vault.expire(101, most=1) == 1
    assert (vault.text(1, 10), vault.text(2, 10)) == (None, PHONE)
    assert (vault.expire(130), vault.expire(131)) == (0, 1)


def test_a_failed_step_changes_nothing(tmp_path: Path) -> None:
    vault = Safe(tmp_path).vault
    with pytest.raises((AttributeError, TypeError)):
        vault.file([TWO[0], Personal(9, 9, "phone", None)], 5, {"piece": 1})  # type: ignore[arg-type]
    assert (vault.text(1, 10), vault.mark("piece")) == (None, 0)
    assert vault.file(TWO, 5, {}) == 3


def test_an_unknown_cipher_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="known are aes-256-gcm, sm4-gcm"):
        add_master(tmp_path / "m.json", 0, "des")
