"""Where services are and how they know us: the file of `zhiyu serve --services`.

In: a YAML file, service → url, and a key by the name of an environment variable or of a file. Out: `Endpoint`s. No secret stands in the
file itself; the policy holds neither. Plain HTTP is for this machine only.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.settings_file import read_settings

MAX_KEY_BYTES = 8_192
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    header: str = "Authorization"
    prefix: str = ""
    key_env: str = ""
    key_file: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service. `base`: the path before the one of the policy. `headers`: what proves who we are; never shown."""

    host: str
    port: int
    tls: bool
    base: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca_file: str = ""

    @property
    def authority(self) -> str:
        """The host as the request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def read_endpoints(path: Path, services: list[str]) -> dict[str, Endpoint]:
    """The endpoints of a file. `services`: names that the policy declares. InputError with the name of what is wrong; no secret is told."""
    found = read_settings(path, dict[str, _Written])
    for name in found:
        if name not in services:
            hint = did_you_mean(name, services)
            more, more_zh = (f"; {hint.en}", f"；{hint.zh}") if hint else ("", "")
            raise _wrong(path, f"the policy has no service '{name}'{more}", f"策略中没有外部服务“{name}”{more_zh}")
    return {name: _endpoint(path, name, written) for name, written in found.items()}


def _endpoint(path: Path, name: str, written: _Written) -> Endpoint:
    try:
        parts = urlsplit(written.url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        raise _wrong(
            path,
            f"the url of '{name}' is not like https://host:port/path",
            f"“{name}”的 url 应形如 https://主机:端口/路径",
        )
    if parts.scheme == "http" and not _here(host):
        raise _wrong(
            path,
            f"'{name}' is asked over plain HTTP on another machine; use https",
            f"“{name}”以明文 HTTP 访问其他机器；请使用 https",
        )
    key = _key(path, name, written)
    headers = ((written.header, f"{written.prefix}{key}"),) if key else ()
    tls = parts.scheme == "https"
    return Endpoint(host, port or (443 if tls else 80), tls, parts.path.rstrip("/"), headers, written.ca_file)


def _key(path: Path, name: str, written: _Written) -> str:
    if written.key_env and written.key_file:
        raise _wrong(
            path, f"'{name}' has both key_env and key_file; keep one", f"“{name}”同时有 key_env 与 key_file；请保留一个"
        )
    if not (written.key_env or written.key_file):
        return ""
    if written.key_env:
        key = os.environ.get(written.key_env, "")
        if not key:
            raise _wrong(
                path,
                f"the environment has no {written.key_env} for '{name}'",
                f"环境变量 {written.key_env} 未设置（“{name}”）",
            )
    else:
        key = _from_file(path, name, path.parent / written.key_file)
    said = written.prefix + key
    if len(said) > MAX_KEY_BYTES or not (said.isascii() and said.isprintable() and _HEADER.fullmatch(written.header)):
        raise _wrong(path, f"the key of '{name}' cannot be sent in a header", f"“{name}”的密钥不能放入请求头")
    return key


def _from_file(path: Path, name: str, key_file: Path) -> str:
    try:
        if key_file.stat().st_mode & 0o077:
            raise _wrong(
                path,
                f"the key file of '{name}' can be read by others; run chmod 600",
                f"其他用户可读“{name}”的密钥文件；请执行 chmod 600",
            )
        return key_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise _wrong(path, f"the key file of '{name}' cannot be read", f"无法读取“{name}”的密钥文件") from None


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(path: Path, en: str, zh: str) -> InputError:
    return InputError(f"'{path}': {en}", f"“{path}”：{zh}")


NOWHERE: Mapping[str, Endpoint] = {}
"""No service can be reached."""
