"""Signing in at an identity provider: a small one of our own on loopback, with real signatures; and everything that must not get in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.records.databases import both, postgres
from tests.server.identity_provider import SECRET, EcKey, IdentityProvider, RsaKey, b64, token_of
from tests.server.test_people import Bank
from zhiyu.access.sign_on_file import read_providers
from zhiyu.base.errors import InputError

__all__ = ["both", "cheap", "postgres"]

FILE = """
providers:
  - name: company
    en: company account
    zh: 公司账号
    issuer: {issuer}
    client_id: zhiyu
    secret_env: ZHIYU_TEST_SECRET
    url: https://zhiyu.bank.example
    roles_claim: realm_access.roles
    roles: {{fraud: [investigator], leads: [investigator, supervisor], admins: [administrator]}}
    after: https://intranet.bank.example/
{more}
"""
LIN = {"preferred_username": "lin.wei", "realm_access": {"roles": ["fraud", "staff"]}, "sid": "session-1"}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    monkeypatch.setenv("ZHIYU_TEST_SECRET", SECRET)
    found = IdentityProvider()
    found.people, found.who = {"s-1": dict(LIN)}, "s-1"
    yield found
    found.close()


class SignOnBank(Bank):
    """A bank with an identity provider; its wall clock and its other clock (s) can be set on."""

    def __init__(self, folder: Path, provider: IdentityProvider, url: str = "", more: str = "") -> None:
        path = folder / "sign-on.yaml"
        path.write_text(FILE.format(issuer=provider.issuer, more=more), encoding="utf-8")
        self.skew_ms, self.later_s = 0, 0.0
        super().__init__(
            folder,
            url,
            wall=lambda: provider.now_s() * 1000 + self.skew_ms,
            providers=read_providers(path, ("default",)),
        )

    def through(self, **headers: str) -> tuple[httpx.Client, httpx.Response]:
        """A browser that went there and back, and what it got at the end."""
        client = self.anybody(**headers)
        back = there(client)
        return client, client.get(back)


def there(client: httpx.Client) -> str:
    """Go to the provider and come to where it leads back to: the address on this server."""
    answer = client.get("/v1/sign-on/company")
    assert answer.status_code == 302, answer.text
    led = httpx.get(answer.headers["location"])
    assert led.status_code == 302, led.text
    assert led.headers["location"].startswith("https://zhiyu.bank.example/v1/sign-on/company/back?")
    return led.headers["location"].removeprefix("https://zhiyu.bank.example")


@pytest.fixture
def bank(tmp_path: Path, provider: IdentityProvider) -> Iterator[SignOnBank]:
    with SignOnBank(tmp_path, provider) as found:
        yield found


def entries(bank: Bank, about: str) -> list[tuple[str, str, dict[str, Any]]]:
    found = bank.signed_in("auditor").get("/v1/audit", params={"about": about}).json()["entries"]
    return [(each["by"], each["verb"], each["detail"]) for each in found]


def test_somebody_new_comes_in_with_the_roles_of_their_groups(
    tmp_path: Path, provider: IdentityProvider, both: str
) -> None:
    with SignOnBank(tmp_path, provider, both) as bank:
        told = bank.anybody().get("/v1/sign-on").json()
        assert told["providers"] == [{"name": "company", "en": "company account", "zh": "公司账号"}]
        client, answer = bank.through()
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
        assert "SameSite=Strict" in answer.headers.get_list("set-cookie")[0]
        assert not client.cookies.get("zhiyu_sign_on"), "what waited is gone"
        me = client.get("/v1/me").json()
        assert (me["name"], me["roles"]) == ("lin.wei", ["investigator"])
        client.headers["zhiyu-forgery-proof"] = me["forgery_proof"]
        assert client.get("/v1/queues").status_code == 200
        provider.people["s-1"] |= {"preferred_username": "lin.wei.2", "realm_access": {"roles": ["leads"]}}
        again, _ = bank.through()
        assert client.get("/v1/me").status_code == 401, "sessions under other roles are over"
        me = again.get("/v1/me").json()
        assert (me["name"], me["roles"]) == ("lin.wei", ["investigator", "supervisor"]), (
            "the subject is who it is, not the name"
        )
        assert [each["name"] for each in bank.signed_in("administrator").get("/v1/people").json()["people"]].count(
            "lin.wei"
        ) == 1
        assert entries(bank, "lin.wei")[::-1] == [
            ("system", "person.add", {"roles": ["investigator"], "provider": "company"}),
            ("person:lin.wei", "session.begin", {"provider": "company"}),
            ("system", "person.change", {"roles": ["investigator", "supervisor"]}),
            ("person:lin.wei", "session.begin", {"provider": "company"}),
        ]


def test_who_came_by_a_provider_has_no_password_that_could_be_guessed(bank: SignOnBank) -> None:
    bank.through()
    for password in ("", "x" * 12, "\0"):
        answer = bank.anybody().post("/v1/sessions", json={"name": "lin.wei", "password": password})
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in")


def test_nobody_becomes_somebody_else(bank: SignOnBank, provider: IdentityProvider) -> None:
    """The provider has somebody called as our administrator is. That is a person of ours with a password; only who administers says that
    they are one and the same."""
    provider.people["s-1"]["preferred_username"] = "administrator"
    _, answer = bank.through()
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    staff = bank.server.site.staff
    assert staff is not None
    staff.offices["default"].sign_ons.link("company", "s-1", "administrator", 1, "keyboard")
    provider.people["s-1"]["realm_access"] = {"roles": ["admins"]}
    client, answer = bank.through()
    assert client.get("/v1/me").json()["name"] == "administrator"
    provider.people["s-1"]["realm_access"] = {"roles": ["fraud"]}
    _, answer = bank.through()
    assert answer.status_code == 409, "the last administrator stays one"
    assert client.get("/v1/me").status_code == 200


def test_who_has_no_role_or_is_stopped_does_not_get_in_and_is_out(bank: SignOnBank, provider: IdentityProvider) -> None:
    client, _ = bank.through()
    provider.people["s-1"]["realm_access"] = {"roles": ["canteen"]}
    _, answer = bank.through()
    assert (answer.status_code, answer.json()["code"]) == (403, "no_role")
    assert client.get("/v1/me").status_code == 401
    provider.people["s-1"]["realm_access"] = {"roles": ["fraud"]}
    root = bank.signed_in("administrator")
    root.patch("/v1/people/lin.wei", json={"active": False}).raise_for_status()
    _, answer = bank.through()
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_on")
    provider.people["s-2"] = {"preferred_username": "not a name", "realm_access": {"roles": ["fraud"]}}
    provider.who = "s-2"
    assert bank.through()[1].json()["code"] == "sign_on"


def test_a_page_tells_people_what_went_wrong(bank: SignOnBank, provider: IdentityProvider) -> None:
    provider.refuses = True
    _, answer = bank.through(accept="text/html,*/*", **{"accept-language": "zh-CN"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "提供方未允许登录" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_way_back_belongs_to_the_browser_that_set_out_and_is_gone_once(bank: SignOnBank) -> None:
    mine, other = bank.anybody(), bank.anybody()
    back, others = there(mine), there(other)
    assert bank.anybody().get(back).json()["code"] == "sign_on", "without what waited in the browser"
    assert other.get(back).json()["code"] == "sign_on", "with what waited for another way"
    assert mine.get(back.replace("state=", "state=x")).json()["code"] == "sign_on"
    assert mine.cookies.get("zhiyu_sign_on") is None
    again = there(mine)
    kept = mine.cookies["zhiyu_sign_on"]
    assert mine.get(again).status_code == 303
    mine.cookies.set("zhiyu_sign_on", kept)
    assert mine.get(again).status_code == 401, "a code works once"
    other.cookies.clear()
    other.cookies.set("zhiyu_sign_on", kept[:-8] + "AAAAAAA=")
    assert other.get(others).status_code == 401


def test_a_way_back_that_took_too_long_or_is_from_another_issuer_is_refused(
    bank: SignOnBank, provider: IdentityProvider
) -> None:
    client = bank.anybody()
    back = there(client)
    bank.skew_ms = 601_000
    assert client.get(back).json()["code"] == "sign_on"
    bank.skew_ms = 0
    back = there(client)
    assert client.get(back.replace("iss=http", "iss=https")).json()["detail_en"].startswith("another provider")


Spoil = Callable[[dict[str, Any], dict[str, Any]], Any]
SPOILT: list[tuple[str, Spoil]] = [
    ("issuer", lambda header, claims: claims.update(iss="https://elsewhere.example")),
    ("audience", lambda header, claims: claims.update(aud="another client")),
    ("audiences without azp", lambda header, claims: claims.update(aud=["zhiyu", "other"])),
    ("audiences with another azp", lambda header, claims: claims.update(aud=["zhiyu", "other"], azp="other")),
    ("nonce", lambda header, claims: claims.update(nonce="another")), ("no nonce", lambda header, claims: claims.pop("nonce")),
    ("nonce of another type", lambda header, claims: claims.update(nonce=["x"])),
    ("no subject", lambda header, claims: claims.pop("sub")), ("empty subject", lambda header, claims: claims.update(sub="")),
    ("no expiry", lambda header, claims: claims.pop("exp")), ("no issue", lambda header, claims: claims.pop("iat")),
    ("expired", lambda header, claims: claims.update(exp=claims["iat"] - 61)),
    ("from the future", lambda header, claims: claims.update(iat=claims["iat"] + 62)),
    ("not yet", lambda header, claims: claims.update(nbf=claims["iat"] + 62)),
    ("odd time", lambda header, claims: claims.update(exp="soon")), ("endless", lambda header, claims: claims.update(exp=1e300)),
    ("no algorithm", lambda header, claims: header.update(alg="none")),
    ("a shared secret", lambda header, claims: header.update(alg="HS256")),
    ("another algorithm", lambda header, claims: header.update(alg="PS256")),
    ("another kind of key", lambda header, claims: header.update(alg="ES256")),
    ("another key's id", lambda header, claims: header.update(kid="other")),
    ("a shared key's id", lambda header, claims: header.update(kid="shared", alg="HS256")),
    ("a critical extension", lambda header, claims: header.update(crit=["x"], x=1)),
]  # fmt: skip


@pytest.mark.parametrize("spoil", [spoil for _, spoil in SPOILT], ids=[name for name, _ in SPOILT])
def test_a_token_that_does_not_hold_lets_nobody_in(shared: tuple[SignOnBank, IdentityProvider], spoil: Spoil) -> None:
    bank, provider = shared
    provider.spoils = spoil
    client, answer = bank.through()
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_on"), answer.text
    assert client.get("/v1/me").status_code == 401


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SignOnBank, IdentityProvider]]:
    with pytest.MonkeyPatch.context() as patch:
        cheap.__wrapped__(patch)  # type: ignore[attr-defined]
        patch.setenv("ZHIYU_TEST_SECRET", SECRET)
        provider = IdentityProvider()
        provider.people, provider.who = {"s-1": dict(LIN), "s-2": dict(LIN)}, "s-1"
        provider.keys = [EcKey("other"), RsaKey("one")]
        with SignOnBank(tmp_path_factory.mktemp("sign-on"), provider) as bank:
            yield bank, provider
        provider.close()


def test_a_changed_or_foreign_signature_lets_nobody_in(shared: tuple[SignOnBank, IdentityProvider]) -> None:
    bank, provider = shared
    provider.spoils = lambda header, claims: None
    foreign = RsaKey("one")

    def swapped(token: str) -> str:
        head, content, signature = token.split(".")
        return f"{head}.{content.replace(content[10], 'A' if content[10] != 'A' else 'B', 1)}.{signature}"

    def resigned(token: str) -> str:
        content, _, _ = token.rpartition(".")
        return f"{content}.{b64(foreign.sign(content.encode()))}"

    for change in (
        swapped,
        resigned,
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: "nonsense",
        lambda token: "." * 70_000,
    ):
        provider.resigns = change
        assert bank.through()[1].json()["code"] == "sign_on"
    provider.resigns = lambda token: token
    assert bank.through()[1].status_code == 303


def test_clocks_may_differ_by_a_minute(shared: tuple[SignOnBank, IdentityProvider]) -> None:
    bank, provider = shared
    for spoil in (
        lambda h, c: c.update(exp=c["iat"] - 59),
        lambda h, c: c.update(iat=c["iat"] + 59, nbf=c["iat"] + 59),
    ):
        provider.spoils = spoil
        assert bank.through()[1].status_code == 303


def test_keys_change_at_any_time_and_are_not_asked_for_without_end(
    bank: SignOnBank, provider: IdentityProvider
) -> None:
    clock = [1000.0]
    bank.server.run(_set_clock(bank, lambda: clock[0]))
    assert bank.through()[1].status_code == 303
    provider.keys = [EcKey("two")]
    clock[0] += 11
    assert bank.through()[1].status_code == 303, "another key, of another kind"
    before = provider.asked.count("/keys")
    provider.keys = [RsaKey("three")]
    for _ in range(5):
        clock[0] += 1
        assert bank.through()[1].status_code == 401
    assert provider.asked.count("/keys") == before
    clock[0] += 11
    assert bank.through()[1].status_code == 303
    provider.keys = [RsaKey("short", 1024)]
    clock[0] += 11
    assert bank.through()[1].status_code == 401, "a key that is too short signs nothing"
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    clock[0] += 3_601
    bank.through()
    assert provider.asked.count("/.well-known/openid-configuration") == 2


async def _set_clock(bank: SignOnBank, clock: Callable[[], float]) -> None:
    for each in bank.server.site.provided.values():
        each._clock = clock


def test_signing_out_here_tells_where_to_sign_out_there(bank: SignOnBank, provider: IdentityProvider) -> None:
    client, _ = bank.through()
    client.headers["zhiyu-forgery-proof"] = client.get("/v1/me").json()["forgery_proof"]
    told = client.delete("/v1/session").json()
    assert told["status"] == "ended"
    assert (
        told["further"]
        == f"{provider.issuer}/leave?client_id=zhiyu&post_logout_redirect_uri=https%3A%2F%2Fintranet.bank.example%2F"
    )
    assert client.get("/v1/me").status_code == 401
    assert bank.signed_in("auditor").delete("/v1/session").json() == {"status": "ended"}


def test_signing_out_there_ends_the_session_here(bank: SignOnBank, provider: IdentityProvider) -> None:
    """As the back channel of the provider tells it: one session by its number, or all of somebody."""
    provider.people["s-2"] = LIN | {"preferred_username": "wang"}
    clients = []
    for who, session in (("s-1", "a"), ("s-1", "b"), ("s-2", "a2")):
        provider.who = who
        provider.people[who]["sid"] = session
        clients.append(bank.through()[0])

    def tell(token: str) -> httpx.Response:
        return bank.anybody().post("/v1/sign-on/company/signed-out", data={"logout_token": token})

    def alive() -> list[bool]:
        return [client.get("/v1/me").status_code == 200 for client in clients]

    now = provider.now_s()
    for wrong in (
        {}, {"sub": 3}, {"sub": "s-1", "nonce": "x"}, {"sub": "s-1", "events": {}}, {"sub": "s-1", "iat": now - 200},
        {"sub": "s-1", "aud": "x"},
        {"sub": "s-1", "iat": now + 200}, {"sub": "s-1", "exp": now - 200},
    ):  # fmt: skip
        assert tell(provider.logout_token(**wrong)).json()["code"] == "sign_on", wrong
    assert tell(provider.id_token("s-1", "n")).json()["code"] == "sign_on", "what lets in does not put out"
    assert tell(token_of(RsaKey("one"), {"sub": "s-1"})).json()["code"] == "sign_on"
    assert (tell("").status_code, alive()) == (401, [True] * 3)
    assert tell(provider.logout_token(sid="a")).json() == {"ended": 1}
    assert alive() == [False, True, True]
    assert tell(provider.logout_token(sub="s-1")).json() == {"ended": 1}
    assert alive() == [False, False, True]
    assert tell(provider.logout_token(sub="s-2", sid="other")).json() == {"ended": 0}
    assert alive() == [False, False, True]


def test_a_notice_to_sign_out_lets_nobody_in(bank: SignOnBank, provider: IdentityProvider) -> None:
    provider.resigns = lambda token: provider.logout_token(sub="s-1")
    assert bank.through()[1].json()["code"] == "sign_on"


def test_a_second_factor_is_demanded_where_it_is_declared(tmp_path: Path, provider: IdentityProvider) -> None:
    with SignOnBank(tmp_path, provider, more="    methods: [mfa, hwk]") as bank:
        for said, status in ((None, 401), (["pwd"], 401), ("mfa", 401), (["pwd", "mfa"], 303)):
            provider.people["s-1"]["amr"] = said
            assert bank.through()[1].status_code == status, said


@pytest.mark.parametrize("more", [
    {"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://elsewhere.example/token"}, {"jwks_uri": "ftp://127.0.0.1/keys"},
    {"authorization_endpoint": ""}, {"token_endpoint": None},
])  # fmt: skip
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    bank: SignOnBank, provider: IdentityProvider, more: dict[str, Any]
) -> None:
    provider.more = more
    answer = bank.anybody().get("/v1/sign-on/company")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_on")


def test_a_provider_that_is_down_is_told_and_comes_back(bank: SignOnBank, provider: IdentityProvider) -> None:
    provider.down = True
    answer = bank.anybody().get("/v1/sign-on/company")
    assert (answer.status_code, answer.json()["code"]) == (503, "provider")
    provider.down = False
    client = bank.anybody()
    back = there(client)
    provider.down = True
    assert client.get(back).json()["code"] == "provider"
    provider.down = False
    assert bank.through()[1].status_code == 303
    assert bank.signed_in("administrator"), "passwords go on"
    assert bank.anybody().get("/v1/sign-on/nobody").status_code == 404


def test_secrets_go_as_the_provider_takes_them(tmp_path: Path, provider: IdentityProvider) -> None:
    provider.more = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    with SignOnBank(tmp_path, provider) as bank:
        assert bank.through()[1].status_code == 303
        log = bank.server.log.getvalue()
        assert SECRET not in log
        assert "code=" not in log


@pytest.mark.parametrize(("text", "said"), [
    ("[", "no YAML"), ("providers: 3", "Expected"), ("providers: []", "1 to 20"),
    (FILE.replace("name: company", "name: Company Ltd").format(issuer="https://a.example", more=""), "small letters"),
    (FILE.format(issuer="http://a.example", more=""), "https://host/path"),
    (FILE.format(issuer="https://a:b@a.example", more=""), "https://host/path"),
    (FILE.format(issuer="https://a.example", more="    scopes: [profile]"), "openid"),
    (FILE.format(issuer="https://a.example", more="    tenant: other"), "tenant"),
    (FILE.format(issuer="https://a.example", more="    everybody: [boss]"), "no role"),
    (FILE.replace("[investigator, supervisor]", "[investgator]").format(issuer="https://a.example", more=""), "no role"),
    (FILE.replace("ZHIYU_TEST_SECRET", "ZHIYU_TEST_NOTHING").format(issuer="https://a.example", more=""), "not set"),
    (FILE.replace("secret_env: ZHIYU_TEST_SECRET", "secret_file: /nowhere").format(issuer="https://a.example", more=""), "secret_file"),
])  # fmt: skip
def test_a_file_that_is_wrong_is_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setenv("ZHIYU_TEST_SECRET", SECRET)
    path = tmp_path / "sign-on.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_providers(path, ("default",))


def test_a_file_that_is_right_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIYU_TEST_SECRET", SECRET)
    path = tmp_path / "sign-on.yaml"
    path.write_text(FILE.format(issuer="https://id.example/", more=""), encoding="utf-8")
    [found] = read_providers(path, ("bank",))
    assert (found.tenant, found.back, found.secret()) == (
        "bank",
        "https://zhiyu.bank.example/v1/sign-on/company/back",
        SECRET,
    )
    assert os.environ["ZHIYU_TEST_SECRET"] not in path.read_text(encoding="utf-8")
