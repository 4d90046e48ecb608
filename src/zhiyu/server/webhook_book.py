"""The webhooks of a tenant: declared, changed, taken away; each step with its entry in the audit.

In: who wants to be told of what, and where. Out: `Webhook`s. A secret follows from the tenant's key and a salt: it is shown when it is
made, and stands nowhere.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from zhiyu.access.audit import Audit, because
from zhiyu.base.errors import InputError, LimitExceeded, ZhiyuError
from zhiyu.outside.webhooks import target_of
from zhiyu.records.outbox import Effect, put, webhooks
from zhiyu.records.store import Records

MAX_HOOKS = 50
MAX_KINDS = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_KIND = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-zA-Z0-9_-]+)*(\.\*)?", re.ASCII)
TEST = "test.ping"


class NoSuchWebhook(ZhiyuError):
    """No webhook of this name."""

    code = "no_webhook"
    status = 404


@dataclass(frozen=True, slots=True)
class Webhook:
    """`kinds`: of effects; `decision.*` names all that begin so, `*` all. `private`: addresses of a private network may be called."""

    name: str
    url: str
    kinds: tuple[str, ...]
    salt: str
    private: bool
    active: bool
    by: str
    made_ms: int


class WebhookBook:
    """Of one tenant. `private`: whether the server lets private addresses be called at all."""

    def __init__(self, records: Records, audit: Audit, private: bool) -> None:
        self._records, self._audit, self._private, self.tenant = records, audit, private, audit.tenant

    def all(self) -> list[Webhook]:
        """By name."""
        asked = select(webhooks).where(webhooks.c.tenant == self.tenant).order_by(webhooks.c.name)
        with self._records.reading() as connection:
            return [_webhook(row) for row in connection.execute(asked)]

    def one(self, name: str) -> Webhook | None:
        """The webhook of this name; None without."""
        with self._records.reading() as connection:
            row = connection.execute(select(webhooks).where(*self._of(name))).first()
        return _webhook(row) if row is not None else None

    def put(
        self, name: str, url: str, kinds: Sequence[str], private: bool, active: bool, by: str, now_ms: int, reason: str = ""
    ) -> tuple[Webhook, bool]:  # fmt: skip
        """Declare one, or change the one of this name; whether it is new. InputError with what is wrong, LimitExceeded."""
        self._require(name, url, kinds, private)
        content = {"url": url, "kinds": ",".join(kinds), "private": private, "active": active}
        with self._records.writing() as connection:
            self._audit.lock(connection)
            new = not connection.execute(update(webhooks).where(*self._of(name)).values(content)).rowcount
            if new:
                count = len(connection.execute(select(webhooks.c.name).where(webhooks.c.tenant == self.tenant)).all())
                if count >= MAX_HOOKS:
                    raise LimitExceeded(f"at most {MAX_HOOKS} webhooks", f"webhook 最多 {MAX_HOOKS} 个")
                own = {"tenant": self.tenant, "name": name, "salt": secrets.token_hex(16), "by": by, "made_ms": now_ms}
                connection.execute(insert(webhooks).values(content | own))
            self._audit.add(connection, now_ms, by, "webhook.put", f"webhook/{name}", content | because(reason))
            row = connection.execute(select(webhooks).where(*self._of(name))).one()
        return _webhook(row), new

    def remove(self, name: str, by: str, now_ms: int, reason: str = "") -> None:
        """Not any more. NoSuchWebhook."""
        self._changed(name, by, now_ms, "remove", None, reason)

    def renew(self, name: str, by: str, now_ms: int, reason: str = "") -> Webhook:
        """Another secret, from the next call on. NoSuchWebhook."""
        self._changed(name, by, now_ms, "renew", {"salt": secrets.token_hex(16)}, reason)
        found = self.one(name)
        if found is None:
            raise _none()
        return found

    def test(self, name: str, by: str, now_ms: int) -> str:
        """Send something, to see whether it arrives; its key. NoSuchWebhook."""
        if self.one(name) is None:
            raise _none()
        effect = Effect(TEST, f"webhook/{name}", f"{self.tenant}/{name}/{secrets.token_hex(8)}", {"webhook": name})
        with self._records.writing() as connection:
            put(connection, self.tenant, [effect], now_ms, only=name)
            self._audit.add(connection, now_ms, by, "webhook.test", f"webhook/{name}", {})
        return effect.key

    def secret(self, hook: Webhook) -> bytes:
        """What signs its calls."""
        return hmac.digest(self._audit.derived(b"zhiyu webhook"), f"{hook.name} {hook.salt}".encode(), "sha256")

    def _changed(self, name: str, by: str, now_ms: int, verb: str, values: dict[str, Any] | None, reason: str) -> None:
        with self._records.writing() as connection:
            self._audit.lock(connection)
            does = delete(webhooks) if values is None else update(webhooks).values(values)
            if not connection.execute(does.where(*self._of(name))).rowcount:
                raise _none()
            self._audit.add(connection, now_ms, by, f"webhook.{verb}", f"webhook/{name}", because(reason))

    def _require(self, name: str, url: str, kinds: Sequence[str], private: bool) -> None:
        if not _NAME.fullmatch(name):
            raise InputError(
                "a name has 1 to 64 small letters, digits, - and _", "名称应为 1 至 64 个小写字母、数字、- 或 _"
            )
        if not 1 <= len(kinds) <= MAX_KINDS or not all(len(kind) <= 64 and _KIND.fullmatch(kind) for kind in kinds):
            raise InputError(
                "kinds are like decision.decline, action.*, case.opened or *",
                "kinds 应形如 decision.decline、action.*、case.opened 或 *",
            )
        if private and not self._private:
            raise InputError(
                "this server calls no private addresses; start it with --private-webhooks",
                "本服务不允许调用内网地址；请以 --private-webhooks 启动",
            )
        target_of(url, private)

    def _of(self, name: str) -> tuple[Any, ...]:
        return webhooks.c.tenant == self.tenant, webhooks.c.name == name.replace("\0", "")


def _none() -> NoSuchWebhook:
    return NoSuchWebhook("there is no webhook of this name", "没有该名称的 webhook")


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        row.name, row.url, tuple(row.kinds.split(",")), row.salt, row.private, row.active, row.by, row.made_ms
    )
