"""The token of a session: how it is made, what is stored of it, what proves that a page of ours sent it.

In: nothing, a token, or the headers of a request. Out: tokens and what follows from them. Only a digest is stored; 32 random bytes need no
slow hash. A cookie goes along by itself, so a change made with one needs a second proof that a foreign page cannot know.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

PREFIX = "zs_"
COOKIE = b"zhiyu_session"
_HOST = b"__Host-"
_MAX_CHARS = 256


def cookie_name(name: bytes, tls: bool) -> bytes:
    """As browsers know a cookie. Over TLS its name begins with `__Host-`: they then take it from this host alone, over TLS alone, for every
    path, so that no other host of the lender can put one in its place. Such a name is not taken without TLS, as on loopback.

    >>> cookie_name(b"zhiyu_session", True)
    b'__Host-zhiyu_session'
    """
    return _HOST + name if tls else name


def new_token() -> str:
    """A fresh one, told once."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """The 32 bytes that stand for a token.

    >>> len(digest_of("zs_example"))
    32
    """
    return hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=32, person=b"zhiyu session").digest()


def forgery_proof(token: str) -> str:
    """What a page of ours sends with every change beside the cookie; it is told at sign-in and follows from the token alone.

    >>> forgery_proof("zs_example") == forgery_proof("zs_example") != forgery_proof("zs_other")
    True
    """
    return hmac.new(token.encode("utf-8", "replace"), b"zhiyu page", hashlib.sha256).hexdigest()


def token_of(headers: Mapping[bytes, bytes], tls: bool) -> tuple[str, bool]:
    """The token that a request carries ("" for none), and whether it came by itself, as a cookie does. `tls`: browsers come over TLS.

    >>> token_of({b"authorization": b"Bearer zs_a"}, False), token_of({b"cookie": b"a=b; zhiyu_session=zs_c"}, False), token_of({}, False)
    (('zs_a', False), ('zs_c', True), ('', False))
    >>> token_of({b"cookie": b"zhiyu_session=zs_planted; __Host-zhiyu_session=zs_c"}, True)
    ('zs_c', True)
    """
    kind, _, presented = headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() == b"bearer" and presented.startswith(PREFIX.encode()):
        return presented.strip()[:_MAX_CHARS].decode("latin-1"), False
    if not kind:
        for each in headers.get(b"cookie", b"").split(b";"):
            name, _, value = each.strip().partition(b"=")
            if name == cookie_name(COOKIE, tls):
                return value[:_MAX_CHARS].decode("latin-1"), True
    return "", False
