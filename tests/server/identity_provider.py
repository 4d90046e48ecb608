"""A small identity provider of OpenID Connect on loopback: real keys, real signatures made by `cryptography` alone, codes that work once.

`people`: subject → claims. Whoever comes to sign in is `who`, at once. `spoils` may change a token's header and claims before they are
signed, `resigns` the token itself. It is strict about what it is sent: addresses, secrets, PKCE.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SECRET = "a secret with a colon: and ünlaut"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def whole(number: int, size: int = 0) -> str:
    return b64(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def first_of(text: str) -> dict[str, str]:
    """A form."""
    return {name: values[0] for name, values in parse_qs(text).items()}


class RsaKey:
    """RS256."""

    algorithm = "RS256"

    def __init__(self, kid: str, bits: int = 2048) -> None:
        self.kid, self.private = kid, rsa.generate_private_key(65537, bits)

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def jwk(self) -> dict[str, str]:
        told = self.private.public_key().public_numbers()
        return {"kty": "RSA", "use": "sig", "kid": self.kid, "n": whole(told.n), "e": whole(told.e)}


class EcKey:
    """ES256."""

    algorithm = "ES256"

    def __init__(self, kid: str) -> None:
        self.kid, self.private = kid, ec.generate_private_key(ec.SECP256R1())

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def jwk(self) -> dict[str, str]:
        told = self.private.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "kid": self.kid,
            "alg": "ES256",
            "x": whole(told.x, 32),
            "y": whole(told.y, 32),
        }


Key = RsaKey | EcKey


def token_of(key: Key, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A signed token."""
    first = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"} | (header or {})
    content = f"{b64(json.dumps(first).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{content}.{b64(key.sign(content.encode()))}"


class IdentityProvider:
    """Runs until `close`; `host`: the name of this machine that it goes by."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.who, self.client, self.now_s = "", "zhiyu", lambda: int(time.time())
        self.keys: list[Key] = [RsaKey("one")]
        self.spoils: Callable[[dict[str, Any], dict[str, Any]], None] = lambda header, claims: None
        self.resigns: Callable[[str], str] = lambda token: token
        self.more: dict[str, Any] = {}
        self.asked: list[str] = []
        self.refuses = self.down = False
        self._codes: dict[str, tuple[str, dict[str, str]]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self, first_of(urlsplit(self.path).query))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                outer.answer(self, first_of(body))

            def log_message(self, *told: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://{host}:{self._server.server_address[1]}/realms/bank"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        path = urlsplit(request.path).path.removeprefix("/realms/bank")
        self.asked.append(path)
        location, content, status = "", {}, 200
        if self.down:
            status = 503
        elif path == "/.well-known/openid-configuration":
            content = self.metadata()
        elif path == "/keys":
            content = {
                "keys": [
                    *(key.jwk() for key in self.keys),
                    {"kty": "oct", "k": "AAAA", "kid": "shared"},
                    {"kty": "new"},
                ]
            }
        elif path == "/authorize":
            location, status = self._authorize(given), 302
        elif path == "/token":
            content, status = self._token(request, given)
        else:
            status = 404
        body = json.dumps(content).encode()
        request.send_response(status)
        if location:
            request.send_header("location", location)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def metadata(self) -> dict[str, Any]:
        own = {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys", "end_session_endpoint": f"{self.issuer}/leave",
        }  # fmt: skip
        return own | self.more

    def _authorize(self, given: dict[str, str]) -> str:
        assert (given["response_type"], given["client_id"], given["code_challenge_method"]) == (
            "code",
            self.client,
            "S256",
        )
        assert "openid" in given["scope"].split()
        assert min(len(given[name]) for name in ("state", "nonce", "code_challenge")) == 43
        if self.refuses:
            return f"{given['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': given['state']})}"
        code = secrets.token_urlsafe(16)
        self._codes[code] = self.who, given
        return f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state'], 'session_state': 'x', 'iss': self.issuer})}"

    def _token(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> tuple[dict[str, Any], int]:
        if "authorization" in request.headers:
            pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().split(":")
            client, secret = (unquote_plus(each) for each in pair)
        else:
            client, secret = given["client_id"], given.get("client_secret", "")
        who, asked = self._codes.pop(given["code"], ("", {}))
        verifier = b64(hashlib.sha256(given["code_verifier"].encode()).digest())
        right = (client, secret) == (self.client, SECRET) and given["redirect_uri"] == asked.get("redirect_uri")
        if not right or verifier != asked["code_challenge"] or given["grant_type"] != "authorization_code":
            return {"error": "invalid_grant"}, 400
        return {
            "access_token": "x",
            "token_type": "Bearer",
            "id_token": self.resigns(self.id_token(who, asked["nonce"])),
        }, 200

    def id_token(self, who: str, nonce: str) -> str:
        header, now = dict[str, Any](), self.now_s()
        claims = {
            "iss": self.issuer,
            "aud": self.client,
            "sub": who,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
        } | self.people[who]
        self.spoils(header, claims)
        return token_of(self.keys[-1], claims, header)

    def logout_token(self, **claims: Any) -> str:
        events = {"http://schemas.openid.net/event/backchannel-logout": {}}
        own = {
            "iss": self.issuer,
            "aud": self.client,
            "iat": self.now_s(),
            "jti": secrets.token_hex(8),
            "events": events,
        }
        return token_of(self.keys[-1], own | claims, {"typ": "logout+jwt"})
