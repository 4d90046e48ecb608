"""Identity providers that people may sign in at: the file of `zhiyu serve --sign-on`.

In: a YAML file. Out: `Provider`s. No secret stands in the file itself, only where it is: in a variable of the environment or in a file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from zhiyu.access.exposure import is_loopback
from zhiyu.access.roles import permissions_of
from zhiyu.base.errors import InputError
from zhiyu.base.settings_file import read_settings

MAX_PROVIDERS = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One identity provider of OpenID Connect. `issuer`: its own address, as it stands in its tokens. `url`: the address of this server as
    browsers know it. `name_claim`: where the name of a person stands in an ID token, `roles_claim` the groups; both may lead
    inwards (`realm_access.roles`). `roles`: group → our roles; who has none of them does not get in, unless `everybody` names roles.
    `methods`: of the claim `amr`, one of which is demanded, such as `mfa`. `after`: where the provider sends browsers that signed out."""

    name: str
    issuer: str
    client_id: str
    url: str
    en: str = ""
    zh: str = ""
    tenant: str = ""
    secret_env: str = ""
    secret_file: str = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: str = "preferred_username"
    roles_claim: str = "groups"
    roles: dict[str, tuple[str, ...]] = {}
    everybody: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    after: str = ""
    ca_file: str = ""

    @property
    def back(self) -> str:
        """Where the provider sends browsers back to; it has to be registered there."""
        return f"{self.url.rstrip('/')}/v1/sign-on/{self.name}/back"

    def secret(self) -> str:
        """What proves who we are; "" for a client that has none. InputError when it is not where it should be."""
        if self.secret_env:
            found = os.environ.get(self.secret_env, "")
            if not found:
                raise _wrong(
                    self.name,
                    f"the variable {self.secret_env} is not set",
                    f"未设置环境变量 {self.secret_env}",
                )
            return found
        if not self.secret_file:
            return ""
        try:
            return Path(self.secret_file).read_text().strip()
        except OSError as wrong:
            raise _wrong(self.name, f"secret_file: {wrong.strerror}", f"secret_file：{wrong.strerror}") from None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    providers: tuple[Provider, ...]


def read_providers(path: Path, tenants: tuple[str, ...]) -> tuple[Provider, ...]:
    """The providers of a file, for a server of these tenants. InputError that names the provider and what is wrong."""
    found = read_settings(path, _File).providers
    names = [each.name for each in found]
    if not 1 <= len(names) <= MAX_PROVIDERS or len(set(names)) != len(names):
        raise InputError(
            f"{path}: name 1 to {MAX_PROVIDERS} providers, each once",
            f"{path}：请声明 1 至 {MAX_PROVIDERS} 个提供方，名称不得重复",
        )
    return tuple(_checked(each, tenants) for each in found)


def _checked(each: Provider, tenants: tuple[str, ...]) -> Provider:
    if not _NAME.fullmatch(each.name):
        raise _wrong(
            each.name, "a name has small letters, digits and -, at most 32", "名称应为小写字母、数字与 -，最多 32 个"
        )
    for field in ("issuer", "url", *(["after"] if each.after else [])):
        _address(each.name, field, getattr(each, field))
    if not each.client_id:
        raise _wrong(each.name, "client_id is empty", "client_id 为空")
    if "openid" not in each.scopes:
        raise _wrong(each.name, "scopes lack openid", "scopes 缺少 openid")
    for roles in (*each.roles.values(), each.everybody):
        try:
            permissions_of(roles)
        except InputError as wrong:
            raise _wrong(each.name, wrong.en, wrong.zh) from None
    if not each.roles and not each.everybody:
        raise _wrong(each.name, "no group gives a role: name some under roles", "没有可映射的角色：请填写 roles")
    tenant = each.tenant or (tenants[0] if len(tenants) == 1 else "")
    if tenant not in tenants:
        raise _wrong(each.name, "tenant names none that is served here", "tenant 不是此服务提供的租户")
    each.secret()
    return msgspec.structs.replace(each, tenant=tenant)


def _address(name: str, field: str, url: str) -> None:
    """https, or http on this machine; nothing else in it that could mislead."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = (
            parts.username is None and not parts.fragment and not parts.query and url.isascii() and url.isprintable()
        )
    except ValueError:
        host, plain = "", False
    if not host or not plain or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host))):
        raise _wrong(name, f"{field} is like https://host/path", f"{field} 应形如 https://主机/路径")


def _wrong(name: str, en: str, zh: str) -> InputError:
    return InputError(f"provider '{name[:40]}': {en}", f"提供方“{name[:40]}”：{zh}")
