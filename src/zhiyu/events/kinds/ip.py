"""Internet addresses: IPv4 and IPv6 in their one normal spelling, the network they are in, whether they are public.

In: a text. Out: the normal text ("2001:DB8::0:1" → "2001:db8::1", "::ffff:10.0.0.1" → "10.0.0.1"); a text that is no address stays as
it is and has `valid` false. Signals: `valid`; `private` (loopback, link-local, carrier-grade NAT and private ranges: not
reachable from outside); `net24` ("a.b.c.0/24", for IPv6 its /48), null when not valid. The ranges are written here, so that the
answer does not change with the version of a library.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.expressions.types import BOOL, STRING

_PRIVATE_4 = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    )
)
_PRIVATE_6 = tuple(ipaddress.IPv6Network(net) for net in ("::/127", "fc00::/7", "fe80::/10"))
_RANGES = tuple((int(net.network_address), int(net.netmask)) for net in _PRIVATE_4)
_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PLAIN_4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}", re.ASCII)
MAX_CHARS = 45


def _number_4(text: str) -> int:
    """A dotted IPv4 address as an integer, -1 for anything else."""
    found = _PLAIN_4.fullmatch(text)
    if found is None:
        return -1
    a, b, c, d = found.groups()
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)


def parse_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, an IPv4-mapped one as IPv4; None when `text` is none (a zone index such as %eth0 is none)."""
    if len(text) > MAX_CHARS or "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


class Ip(Checked):
    """Reader of `ip` fields."""

    signals = (
        Signal("valid", BOOL, "is a valid address", "地址有效"),
        Signal("private", BOOL, "is a private address", "内网地址"),
        Signal("net24", STRING, "network", "所在网段"),
    )

    def normal(self, text: str) -> str:
        """The one spelling of an address; another text unchanged."""
        if _number_4(text) >= 0:
            return text
        address = parse_ip(text)
        return text if address is None else str(address)

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """valid, private, net24."""
        number = _number_4(text)
        if number >= 0:
            return (True, any(number & mask == base for base, mask in _RANGES), f"{text[: text.rindex('.')]}.0/24")
        address = parse_ip(text)
        if not isinstance(address, ipaddress.IPv6Address):
            return (False, None, None)
        network = ipaddress.IPv6Network((int(address) >> 80 << 80, 48))
        return (True, any(address in net for net in _PRIVATE_6), str(network))
