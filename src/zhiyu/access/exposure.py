"""Where a server may listen, given how it is protected; and which pages in a browser may talk to an open one.

In: host, whether there are keys and TLS. Out: nothing, or InputError with what to do. A server without keys trusts the machine it runs
on, so it answers to loopback names only, and to no page of another origin: else any web site could reach it through the user's browser.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from zhiyu.base.errors import InputError, ZhiyuError

_LOCAL = frozenset({b"localhost", b"127.0.0.1", b"[::1]", b"::1"})


class Foreign(ZhiyuError):
    """An open server was asked under a name, or from a page, that is not of this machine."""

    code = "foreign"
    status = 403


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, keys: bool, cert: Path | None, key: Path | None, insecure_no_tls: bool) -> None:
    """InputError when a server would be open to the network without keys, or carry keys over it in plain text."""
    if (cert is None) != (key is None):
        raise InputError("--tls-cert and --tls-key go together; give both", "--tls-cert 与 --tls-key 必须同时给出")
    for path in (cert, key):
        if path is not None and not path.is_file():
            raise InputError(f"there is no file '{path}'", f"没有文件“{path}”")
    if is_loopback(host):
        return
    if not keys:
        raise InputError(
            f"'{host}' can be reached from other machines, and there are no keys: make some with `zhiyu keys new --keys FILE` "
            "and give --keys FILE, or listen on 127.0.0.1",
            f"其他机器可访问“{host}”，但没有密钥：请用 `zhiyu keys new --keys FILE` 创建并指定 --keys FILE，或只监听 127.0.0.1",
        )
    if cert is None and not insecure_no_tls:
        raise InputError(
            f"'{host}' can be reached from other machines, and keys would travel in plain text: give --tls-cert and --tls-key, "
            "or --insecure-no-tls when something in front of it ends TLS",
            f"其他机器可访问“{host}”，密钥将以明文传输：请给出 --tls-cert 与 --tls-key；如前面已有 TLS 终结，请加 --insecure-no-tls",
        )


def check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Foreign unless the request names this machine and comes from no other origin. For servers without keys."""
    host = headers.get(b"host", b"")
    name = host.rpartition(b":")[0] if b":" in host and not host.endswith(b"]") else host
    if name.lower() not in _LOCAL:
        raise Foreign(
            "a server without keys answers to localhost and 127.0.0.1 only; start it with --keys for other names",
            "未启用密钥的服务只接受 localhost 与 127.0.0.1；如需其他名称，请用 --keys 启动",
        )
    origin = headers.get(b"origin")
    if origin is not None and origin.lower() not in (b"http://" + host.lower(), b"https://" + host.lower()):
        raise Foreign(
            "a server without keys answers no page of another origin; start it with --keys",
            "未启用密钥的服务不接受其他来源的网页；请用 --keys 启动",
        )
