"""The file that says where services are: hosts, keys by name, nothing secret in it, no plain HTTP to another machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhiyu.base.errors import InputError
from zhiyu.outside.endpoints import Endpoint, read_endpoints
from zhiyu.outside.mapping import answer_of, question
from zhiyu.policy.declare_services import Request, Service, Told


def read(folder: Path, text: str) -> dict[str, Endpoint]:
    path = folder / "services.yaml"
    path.write_text(text, "utf-8")
    return read_endpoints(path, ["bureau", "lenders"])


def test_where_and_who(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUREAU_KEY", "s3cret")
    (tmp_path / "key").write_text("abc\n")
    (tmp_path / "key").chmod(0o600)
    found = read(
        tmp_path,
        "bureau: {url: 'https://bureau.example/api/', header: X-Api-Key, key_env: BUREAU_KEY}\n"
        "lenders: {url: 'http://[::1]:81', prefix: 'Bearer ', key_file: key}\n",
    )
    assert found["bureau"] == Endpoint("bureau.example", 443, True, "/api", (("X-Api-Key", "s3cret"),))
    assert found["bureau"].authority == "bureau.example"
    assert found["lenders"].authority == "[::1]:81"
    assert found["lenders"].headers == (("Authorization", "Bearer abc"),)
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("bureu: {url: 'https://x'}", "did you mean 'bureau'"),
        ("bureau: {url: 'ftp://x'}", "not like https"),
        ("bureau: {url: 'https://user:pw@x'}", "not like https"),
        ("bureau: {url: 'https://x:99999'}", "not like https"),
        ("bureau: {url: 'http://bureau.example'}", "plain HTTP"),
        ("bureau: {url: 'http://127.0.0.1.example'}", "plain HTTP"),
        ("bureau: {url: 'https://x', key_env: NOT_THERE}", "no NOT_THERE"),
        ("bureau: {url: 'https://x', key_file: none}", "cannot be read"),
        ("bureau: {url: 'https://x', key_env: A, key_file: b}", "keep one"),
        ("bureau: {url: 'https://x', key_env: HOME, header: \"X\\r\\nEvil\"}", "cannot be sent in a header"),
        ("bureau: {url: 'https://x', key_env: HOME, prefix: \"a\\r\\nb\"}", "cannot be sent in a header"),
        ("bureau: {url: 'https://x', key: abc}", "unknown field `key`"),
        ("bureau: [", "is no YAML"),
        ("- 1", "Expected `object`"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong) as found:
        read(tmp_path, text)
    assert found.value.zh


def test_a_key_that_others_may_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("abc")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read(tmp_path, "bureau: {url: 'https://x', key_file: key}")


def test_only_what_is_mapped_leaves_and_nothing_escapes_its_place() -> None:
    here = Endpoint("h", 1, False, "/api")
    get = Service(
        name="s", answer={}, request=Request(path="/q", method="GET", query={"who": "customer", "at": "city"})
    )
    asks = question(get, here, {"customer": "a&b=c/../ #?中", "city": None, "secret": 1})
    assert (asks.method, asks.body) == ("GET", b"")
    assert asks.target == "/api/q?who=a%26b%3Dc%2F..%2F+%23%3F%E4%B8%AD"
    post = Service(
        name="s", answer={}, request=Request(body={"a.b": "customer", "a.c": "city"}, constant={"kind": 1, "a.d": True})
    )
    assert (
        question(post, here, {"customer": 'x"}', "city": None}).body
        == b'{"a":{"b":"x\\"}","c":null,"d":true},"kind":1}'
    )


def test_places_in_an_answer() -> None:
    told = {
        "first": Told(at="items.0.score", type="int"), "gone": Told(at="items.7.score", type="int"),
        "odd": Told(at="items.score", type="int"), "null": Told(at="nothing", type="int"),
    }  # fmt: skip
    service = Service(name="s", answer=told)
    assert answer_of(service, b'{"items":[{"score":5}],"nothing":null,"more":{}}') == {"first": 5}
    assert answer_of(service, b"7") == {}
