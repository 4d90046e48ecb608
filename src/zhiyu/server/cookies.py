"""The cookie of a session, and the one of somebody who is on their way to an identity provider and back.

In: tokens. Out: headers.
"""

from __future__ import annotations

from zhiyu.access.tokens import COOKIE, cookie_name

SIGN_ON = b"zhiyu_sign_on"


def session_cookie(token: str, seconds: int, tls: bool) -> str:
    """Of a session: no script reads it, no other site sends it."""
    return _cookie(COOKIE, token, seconds, "Strict", tls)


def sign_on_cookie(sealed: str, seconds: int, tls: bool) -> str:
    """Of an attempt: it comes back when the provider leads the browser back here."""
    return _cookie(SIGN_ON, sealed, seconds, "Lax", tls)


def _cookie(name: bytes, value: str, seconds: int, site: str, tls: bool) -> str:
    secure = "; Secure" if tls else ""
    return f"{cookie_name(name, tls).decode()}={value}; Path=/; HttpOnly; SameSite={site}; Max-Age={seconds}{secure}"
