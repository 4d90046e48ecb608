"""An identity provider as the server reaches it: what it tells about itself, its keys, and tokens for a code.

In: a declared provider. Out: metadata, claims. Both are asked for when they are needed and kept for an hour; a token under a key that is
not known asks for the keys again, at most every ten seconds, so that a provider may change its keys at any time and nobody can make us
ask without end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from zhiyu.access.oidc import (
    Attempt,
    Key,
    Metadata,
    UnknownKey,
    claims_of,
    id_token_of,
    read_keys,
    read_metadata,
    redeemed,
    signed_out,
)
from zhiyu.access.sign_on_file import Provider
from zhiyu.base.errors import InputError
from zhiyu.outside.http import Failed, Reply, send
from zhiyu.outside.webhooks import target_of
from zhiyu.server.problems import HttpError

T = TypeVar("T")
TIMEOUT_S = 10.0
KEPT_S, AGAIN_S = 3600.0, 10.0
_FORM = "application/x-www-form-urlencoded"


class Provided:
    """One provider."""

    def __init__(self, provider: Provider, clock: Callable[[], float]) -> None:
        self.provider = provider
        self._clock, self._turn = clock, asyncio.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, list[Key]] | None = None

    async def metadata(self) -> Metadata:
        """What it tells about itself. HttpError 503 when it cannot be reached; NotProved."""
        async with self._turn:
            return await self._known_metadata()

    async def _known_metadata(self) -> Metadata:
        now = self._clock()
        if self._metadata is None or now - self._metadata[0] > KEPT_S:
            url = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            self._metadata = now, read_metadata((await self._asked("GET", url)).body, self.provider)
        return self._metadata[1]

    async def claims(self, code: str, attempt: Attempt, now_ms: int) -> dict[str, Any]:
        """What the provider says of whoever came back with a code. NotProved; HttpError 503."""
        metadata = await self.metadata()
        headers, body = redeemed(metadata, self.provider, code, attempt)
        reply = await self._asked("POST", metadata.token_endpoint, body, headers)
        token = id_token_of(reply.body)
        return await self._proved(lambda keys: claims_of(token, keys, self.provider, attempt, now_ms))

    async def signed_out(self, token: str, now_ms: int) -> tuple[str, str]:
        """(subject, session) of a notice that somebody signed out. NotProved; HttpError 503."""
        return await self._proved(lambda keys: signed_out(token, keys, self.provider, now_ms))

    async def _proved(self, proves: Callable[[list[Key]], T]) -> T:
        try:
            return proves(await self._known_keys(KEPT_S))
        except UnknownKey:
            pass
        try:
            return proves(await self._known_keys(AGAIN_S))
        except UnknownKey:
            raise HttpError(
                401, "sign_on", "the token is signed with a key that the provider does not tell", "令牌的签名密钥不在提供方公布的公钥中"
            ) from None  # fmt: skip

    async def _known_keys(self, within_s: float) -> list[Key]:
        async with self._turn:
            now = self._clock()
            if self._keys is None or now - self._keys[0] > within_s:
                metadata = await self._known_metadata()
                self._keys = now, read_keys((await self._asked("GET", metadata.jwks_uri)).body)
            return self._keys[1]

    async def _asked(
        self, method: str, url: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
    ) -> Reply:
        """One request; HttpError 503 without a good answer. What it said is not shown: it may hold what it was asked."""
        try:
            target = target_of(url, private=True)
            endpoint = replace(target.endpoint, headers=headers, ca_file=self.provider.ca_file)
            async with asyncio.timeout(TIMEOUT_S):
                reply = await send(endpoint, method, target.path, body, kind=_FORM)
        except (TimeoutError, Failed, OSError, InputError) as wrong:
            raise _away(type(wrong).__name__) from None
        if reply.status == 400 and method == "POST":
            raise HttpError(401, "sign_on", "the provider did not take the code", "提供方未接受授权码")
        if reply.status != 200:
            raise _away(f"status {reply.status}")
        return reply


def _away(why: str) -> HttpError:
    return HttpError(
        503, "provider", f"the identity provider does not answer ({why}); try again shortly", f"身份提供方无响应（{why}）；请稍后重试"
    )  # fmt: skip
