"""OpenID Connect, the part that needs no network: what leaves with a browser, and what a token that comes back proves.

In: a provider, its metadata and keys, moments in ms. Out: the address to send a browser to; the claims of a token that holds. The code flow
with PKCE (RFC 7636, S256), a state that is bound to the browser, a nonce that is bound to the token. Signatures are checked by PyJWT, with
public keys only: no shared secret and no "none" can stand for one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhiyu.access.exposure import is_loopback
from zhiyu.access.sign_on_file import Provider
from zhiyu.base.errors import ZhiyuError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SKEW_MS = 60_000
"""By how much the clocks of the provider and of this server may differ."""
ATTEMPT_MS = 600_000
"""How long somebody may take to sign in at the provider."""
FRESH_MS = 120_000
"""How old a notice that somebody signed out may be."""
MAX_TOKEN_CHARS = 64 << 10
MIN_RSA_BITS = 2_048
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_PUBLIC = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)
_SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"


class NotProved(ZhiyuError):
    """What came back from the provider does not prove who somebody is."""

    code = "sign_on"
    status = 401


class UnknownKey(Exception):
    """The token was signed with a key that is not among those known; there may be newer ones."""


class Metadata(msgspec.Struct, frozen=True):
    """What a provider tells about itself at /.well-known/openid-configuration."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of the provider: its id and its algorithm as far as they are told."""

    id: str
    algorithm: str
    key: Any

    def fits(self, algorithm: str, kid: str) -> bool:
        """Whether a token of this header may be signed with it."""
        curve = self.key.curve.name if isinstance(self.key, ec.EllipticCurvePublicKey) else ""
        kind = "RP" if isinstance(self.key, rsa.RSAPublicKey) else "E"
        return (
            (not kid or kid == self.id)
            and self.algorithm in ("", algorithm)
            and algorithm[0] in kind
            and curve == _CURVES.get(algorithm, "")
        )


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """Somebody is on their way to the provider and back: since when (ms); three secrets of 32 bytes, in base64."""

    at_ms: int
    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier.

        >>> Attempt(0, "", "", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").challenge
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
        """
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def new_attempt(now_ms: int) -> Attempt:
    """A fresh one."""
    return Attempt(now_ms, *(secrets.token_urlsafe(32) for _ in range(3)))


def sealed(attempt: Attempt, key: bytes, provider: str) -> str:
    """As it waits in the browser: nobody there can read or make one. `key`: 32 bytes."""
    nonce = secrets.token_bytes(12)
    return base64.urlsafe_b64encode(
        nonce + AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(attempt), provider.encode())
    ).decode()


def unsealed(text: str, key: bytes, provider: str, now_ms: int) -> Attempt | None:
    """None for what was not sealed here for this provider, or too long ago."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii"))
        found = msgspec.msgpack.decode(AESGCM(key).decrypt(data[:12], data[12:], provider.encode()), type=Attempt)
    except (ValueError, InvalidTag, msgspec.DecodeError):
        return None
    return found if 0 <= now_ms - found.at_ms <= ATTEMPT_MS else None


def read_metadata(data: bytes, provider: Provider) -> Metadata:
    """NotProved unless it is of this issuer and leads to addresses that are safe to use."""
    try:
        found = msgspec.json.decode(data, type=Metadata)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotProved("the provider's description of itself is none", "提供方的自述文档无效") from None
    if found.issuer != provider.issuer:
        raise NotProved("the provider calls itself by another issuer than was declared", "提供方的 issuer 与声明不符")
    ends = [found.end_session_endpoint] if found.end_session_endpoint else []
    for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, *ends):
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise NotProved("the provider leads to an address without TLS", "提供方给出了未加密的地址")
    return found


def read_keys(data: bytes) -> list[Key]:
    """The keys of a JWKS that may sign; those of kinds that are not known, or too short, are left out."""
    try:
        told = msgspec.json.decode(data, type=dict[str, Any])["keys"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        raise NotProved("the provider's keys cannot be read", "无法读取提供方的公钥") from None
    found = []
    for each in told if isinstance(told, list) else []:
        if isinstance(each, dict) and each.get("use", "sig") == "sig" and each.get("kty") in ("RSA", "EC", "OKP"):
            try:
                key = jwt.PyJWK(each).key
            except (jwt.PyJWTError, ValueError, TypeError):
                continue
            if isinstance(key, _PUBLIC) and not (isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS):
                found.append(Key(str(each.get("kid", "")), str(each.get("alg", "")), key))
    return found


def address(metadata: Metadata, provider: Provider, attempt: Attempt) -> str:
    """Where a browser goes to sign in."""
    asked = {
        "response_type": "code", "client_id": provider.client_id, "redirect_uri": provider.back, "scope": " ".join(provider.scopes),
        "state": attempt.state, "nonce": attempt.nonce, "code_challenge": attempt.challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    return _with(metadata.authorization_endpoint, asked)


def leaving(metadata: Metadata, provider: Provider) -> str:
    """Where a browser goes to sign out at the provider too; "" when it has no such place."""
    if not metadata.end_session_endpoint:
        return ""
    after = {"post_logout_redirect_uri": provider.after} if provider.after else {}
    return _with(metadata.end_session_endpoint, {"client_id": provider.client_id, **after})


def redeemed(
    metadata: Metadata, provider: Provider, code: str, attempt: Attempt
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """(headers, body) of the request that turns a code into tokens. The secret goes as the provider takes it."""
    asked = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": provider.back, "client_id": provider.client_id,
        "code_verifier": attempt.verifier,
    }  # fmt: skip
    secret, taken = provider.secret(), metadata.token_endpoint_auth_methods_supported
    if not secret:
        return (), urlencode(asked).encode()
    if "client_secret_basic" in taken or "client_secret_post" not in taken:
        pair = f"{_form(provider.client_id)}:{_form(secret)}".encode()
        return (("authorization", f"Basic {base64.b64encode(pair).decode()}"),), urlencode(asked).encode()
    return (), urlencode(asked | {"client_secret": secret}).encode()


def id_token_of(data: bytes) -> str:
    """The ID token in the provider's answer. NotProved when there is none."""
    try:
        found = msgspec.json.decode(data, type=dict[str, Any]).get("id_token")
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if not isinstance(found, str):
        raise NotProved("the provider gave no ID token", "提供方未返回 ID 令牌")
    return found


def claims_of(token: str, keys: Sequence[Key], provider: Provider, attempt: Attempt, now_ms: int) -> dict[str, Any]:
    """The claims of an ID token that holds and belongs to this attempt. NotProved, UnknownKey."""
    claims = _signed(token, keys, provider, ("exp", "iat", "sub"))
    if _ms(claims["exp"]) <= now_ms - SKEW_MS:
        raise NotProved("the token has expired; check the clocks", "令牌已过期；请检查时钟")
    if _ms(claims["iat"]) > now_ms + SKEW_MS or _ms(claims.get("nbf", 0)) > now_ms + SKEW_MS:
        raise NotProved("the token is from the future; check the clocks", "令牌时间晚于当前时间；请检查时钟")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), attempt.nonce.encode()):
        raise NotProved("the token was not made for this sign-in", "令牌与本次登录不符")
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != provider.client_id:
        raise NotProved("the token was made for somebody else", "令牌并非为本系统签发")
    methods = claims.get("amr", [])
    if provider.methods and not set(provider.methods) & set(methods if isinstance(methods, list) else []):
        raise NotProved("the provider did not ask for a second factor", "提供方未进行第二因素验证")
    return claims


def signed_out(token: str, keys: Sequence[Key], provider: Provider, now_ms: int) -> tuple[str, str]:
    """(subject, session) that a notice of the provider says to be over, one of them may be "". NotProved, UnknownKey."""
    claims = _signed(token, keys, provider, ("iat", "jti", "events"))
    events, subject, session = claims["events"], claims.get("sub", ""), claims.get("sid", "")
    named = isinstance(subject, str) and isinstance(session, str) and bool(subject or session)
    if not isinstance(events, dict) or _SIGNED_OUT not in events or "nonce" in claims or not named:
        raise NotProved("this is no notice that somebody signed out", "不是退出登录通知")
    if abs(now_ms - _ms(claims["iat"])) > FRESH_MS or _ms(claims.get("exp", claims["iat"])) < now_ms - FRESH_MS:
        raise NotProved("the notice is too old; check the clocks", "通知已过期；请检查时钟")
    return subject, session


def claim(claims: dict[str, Any], path: str) -> Any:
    """What stands at a path of names.

    >>> claim({"realm_access": {"roles": ["a"]}, "x.y": 1}, "realm_access.roles"), claim({"x.y": 1}, "x.y"), claim({}, "a.b")
    (['a'], 1, None)
    """
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _signed(token: str, keys: Sequence[Key], provider: Provider, required: Sequence[str]) -> dict[str, Any]:
    """The claims of a token that a key of the provider signed for us."""
    try:
        header = jwt.get_unverified_header(token) if len(token) <= MAX_TOKEN_CHARS else {}
    except jwt.PyJWTError:
        raise NotProved("the provider gave no token that can be read", "无法读取提供方的令牌") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise NotProved("the token is not signed with a public key", "令牌未使用公钥签名")
    if not any(not kid or key.id == kid for key in keys):
        raise UnknownKey
    options: Any = {"require": ["iss", "aud", *required], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    for key in keys:
        if not key.fits(algorithm, str(kid or "")):
            continue
        try:
            found: dict[str, Any] = jwt.decode(
                token, key.key, [algorithm], options, audience=provider.client_id, issuer=provider.issuer
            )
            return found
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as wrong:
            what = type(wrong).__name__.removesuffix("Error")
            raise NotProved(f"the token does not hold ({what})", f"令牌无效（{what}）") from None
    if not kid:  # which key it is, is not told: it may be a newer one
        raise UnknownKey
    raise NotProved("the token's signature does not hold", "令牌签名无效")


def _ms(seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not abs(seconds) < 1e12:
        raise NotProved("a time in the token is none", "令牌中的时间无效")
    return int(seconds * 1000)


def _with(url: str, asked: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"


def _form(text: str) -> str:
    return urlencode({"": text})[1:]
