"""Keys: what is made, what is stored, what is found again, who is let in."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from zhiyu.access.exposure import check_exposure, check_origin, is_loopback
from zhiyu.access.gate import MAX_FAILURES, Gate, NotAllowed, NotKnown, OpenGate, TooManyFailures
from zhiyu.access.key_file import add_key, drop_key, read_keys
from zhiyu.access.keys import SCOPES, StoredKey, digest_of, new_key
from zhiyu.base.errors import InputError


class Clock:
    """A clock that the test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def with_key(
    path: Path, scopes: tuple[str, ...] = ("decide",), tenant: str = "default", expires: int = 0
) -> tuple[bytes, StoredKey]:
    """A header with a key that is in the file."""
    key, stored = new_key(tenant, scopes, 1, expires)
    add_key(path, stored)
    return b"Bearer " + key.encode(), stored


def test_only_a_hash_is_stored_and_only_the_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    header, stored = with_key(path)
    key = header.removeprefix(b"Bearer ")
    assert re.fullmatch(rb"zk_[0-9A-Za-z]{43}", key)
    assert key not in path.read_bytes()
    assert key[3:20] not in path.read_bytes()
    assert stored.hash == digest_of(key).hex()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(path) == [stored]
    assert len({new_key("t", ("read",), 1)[0] for _ in range(50)}) == 50


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with_key(path)
    path.chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        read_keys(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 2, "keys": []}',
        '{"version": 1, "keys": [{"id": "a"}]}',
        '{"version": 1, "keys": 3}',
        "\x00",
    ],
)
def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.touch(0o600)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(path))) as refused:
        read_keys(path)
    assert "密钥" in refused.value.zh


def test_a_tampered_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with_key(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    for change in ({"hash": "0" * 64}, {"scopes": ["root"]}, {"scopes": []}):
        path.write_text(json.dumps({"version": 1, "keys": [content["keys"][0] | change]}), encoding="utf-8")
        with pytest.raises(InputError):
            read_keys(path)


@pytest.mark.parametrize(
    ("tenant", "scopes", "expires", "note"),
    [("No", ("read",), 0, ""), ("", ("read",), 0, ""), ("../x", ("read",), 0, ""), ("a", ("root",), 0, ""), ("a", (), 0, ""),
     ("a", ("read",), 5, ""), ("a", ("read",), 0, "n" * 201)],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused(tenant: str, scopes: tuple[str, ...], expires: int, note: str) -> None:
    with pytest.raises(InputError):
        new_key(tenant, scopes, 10, expires, note)


def test_the_gate_knows_keys_scopes_and_tenants(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    decide, _ = with_key(path)
    everything, _ = with_key(path, ("admin",), "other")
    gate = Gate(path)
    assert gate.grant(decide, "a", "decide").tenant == "default"
    with pytest.raises(NotAllowed, match="labels"):
        gate.grant(decide, "a", "labels")
    assert [gate.grant(everything, "a", scope).tenant for scope in SCOPES] == ["other"] * len(SCOPES)
    digest = digest_of(decide[7:]).hex().encode()
    wrong = [
        b"",
        b"Bearer",
        b"Bearer ",
        decide[:-1],
        decide + b"x",
        b"Basic " + decide[7:],
        decide[7:],
        b"Bearer " + digest,
    ]
    for header in wrong:
        with pytest.raises(NotKnown):
            gate.grant(header, "a", "decide")


def test_an_expired_key_is_not_known(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    header, _ = with_key(path, expires=1_000_500)
    gate = Gate(path, clock, clock)
    gate.grant(header, "a", "decide")
    clock.now = 1_000.6
    with pytest.raises(NotKnown):
        gate.grant(header, "a", "decide")


def test_a_revoked_key_stops_and_a_new_one_works_within_a_second(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    old, stored = with_key(path)
    gate = Gate(path, clock)
    drop_key(path, stored.id)
    fresh, _ = with_key(path)
    clock.now += 1.0
    gate.grant(fresh, "a", "decide")
    with pytest.raises(NotKnown):
        gate.grant(old, "a", "decide")
    with pytest.raises(InputError, match="no key"):
        drop_key(path, stored.id)


def test_a_file_that_becomes_unreadable_keeps_the_last_keys_and_is_reported(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    header, _ = with_key(path)
    gate = Gate(path, clock)
    good = path.read_bytes()
    path.write_bytes(b"{")
    clock.now += 1.0
    gate.grant(header, "a", "decide")
    assert gate.problem
    path.write_bytes(good)
    os.utime(path, ns=(1, 1))
    clock.now += 1.0
    gate.grant(header, "a", "decide")
    assert gate.problem == ""


def test_wrong_keys_are_counted_by_address_and_never_stop_a_right_one(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", Clock()
    header, _ = with_key(path)
    gate = Gate(path, clock)
    for _ in range(MAX_FAILURES):
        with pytest.raises(NotKnown):
            gate.grant(b"Bearer zk_wrong", "1.2.3.4", "decide")
    with pytest.raises(TooManyFailures):
        gate.grant(b"Bearer zk_wrong", "1.2.3.4", "decide")
    gate.grant(header, "1.2.3.4", "decide")
    with pytest.raises(NotKnown):
        gate.grant(b"Bearer zk_wrong", "5.6.7.8", "decide")
    clock.now += 61
    with pytest.raises(NotKnown):
        gate.grant(b"Bearer zk_wrong", "1.2.3.4", "decide")


def test_an_open_gate_lets_everybody_do_everything() -> None:
    assert OpenGate("t").grant(b"", "a", "admin").tenant == "t"


def test_what_a_server_may_listen_on(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.touch()
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "bank.example", ""))
    check_exposure("127.0.0.1", False, None, None, False)
    check_exposure("0.0.0.0", True, cert, cert, False)
    check_exposure("0.0.0.0", True, None, None, True)
    for host, keys, certificate, key, insecure in (
        ("0.0.0.0", False, cert, cert, False), ("0.0.0.0", False, None, None, True), ("::", True, None, None, False),
        ("127.0.0.1", True, cert, None, False), ("127.0.0.1", True, cert, tmp_path / "none", False),
    ):  # fmt: skip
        with pytest.raises(InputError):
            check_exposure(host, keys, certificate, key, insecure)


@pytest.mark.parametrize("host", [b"localhost:8420", b"127.0.0.1", b"[::1]:8420", b"[::1]", b"LOCALHOST"])
def test_an_open_server_knows_its_own_names(host: bytes) -> None:
    check_origin({b"host": host})
    check_origin({b"host": host, b"origin": b"http://" + host})


@pytest.mark.parametrize(
    "headers", [{}, {b"host": b"evil.example"}, {b"host": b"localhost.evil.example:80"}, {b"host": b"localhost", b"origin": b"null"},
                {b"host": b"localhost:1", b"origin": b"http://localhost:2"}]
)  # fmt: skip
def test_an_open_server_refuses_other_names_and_origins(headers: dict[bytes, bytes]) -> None:
    from zhiyu.access.exposure import Foreign

    with pytest.raises(Foreign):
        check_origin(headers)
