"""Internet addresses: IPv4 and IPv6 in their one normal spelling, the network they are in, whether they are public.

In: a text. Out: the normal text ("2001:DB8::0:1" → "2001:db8::1", "::ffff:10.0.0.1" → "10.0.0.1"); a text that is no
address stays as it is and has `valid` false. Signals: `valid`; `private` (loopback, link-local, carrier-grade NAT and
private ranges: not reachable from outside); `net24` ("a.b.c.0/24", for IPv6 its /48), null when not valid. The ranges
are written here, so that the answer does not change with the version of a library.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.base.hashing import text_buffers
from zhiyu.base.jit import kernel
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Int64s, Signal, SignalValue, Texts
from zhiyu.events.kinds.slices import bools, cut, settled
from zhiyu.events.kinds.text import clean_column
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

    def many(self, column: pa.Array) -> Texts | None:
        """IPv4 in its plain spelling; everything else is left to the scalar."""
        found = clean_column(column, self.steps)
        numbers = _numbers(found.texts)[0]
        stray = (numbers < 0) & ~found.texts.is_null().to_numpy(zero_copy_only=False)
        if stray.any():
            found.hard = found.hard | stray
        return found

    def signals_many(self, texts: pa.Array) -> Sequence[pa.Array] | None:
        """The same over bytes for IPv4."""
        null = np.asarray(texts.is_null().to_numpy(zero_copy_only=False))
        numbers, size = _numbers(texts)
        no = numbers < 0
        private = np.zeros(len(texts), np.bool_)
        for base, mask in _RANGES:
            private |= (numbers & mask) == base
        offsets, data = text_buffers(texts)
        net = pc.binary_join_element_wise(cut(data, offsets[:-1], size, no), "0/24", "")
        return settled(self, texts, no & ~null, (bools(~no, null), bools(private, no), net))


def _numbers(texts: pa.Array) -> tuple[Int64s, npt.NDArray[np.int32]]:
    offsets, data = text_buffers(texts)
    numbers, size = np.full(len(texts), -1, np.int64), np.zeros(len(texts), np.int32)
    _scan(offsets, data, numbers, size)
    return numbers, size


@kernel
def _scan(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    numbers: npt.NDArray[np.int64],
    size: npt.NDArray[np.int32],
) -> None:
    """Plain IPv4 addresses as integers (else -1), and how many bytes stand before the last octet."""
    for i in range(numbers.shape[0]):
        a, b = offsets[i], offsets[i + 1]
        number, octet, digits, dots, sure = np.int64(0), np.int64(0), 0, 0, b - a >= 7 and b - a <= 15
        for j in range(a, b if sure else a):
            c = data[j]
            if c == 46:
                sure = sure and digits > 0
                number, octet, digits = (number << 8) | octet, np.int64(0), 0
                dots += 1
                size[i] = j + 1 - a
            elif c >= 48 and c <= 57:
                sure = sure and (digits == 0 or octet > 0)
                octet = octet * 10 + np.int64(c - 48)
                digits += 1
                sure = sure and octet <= 255
            else:
                sure = False
        if sure and dots == 3 and digits > 0:
            numbers[i] = (number << 8) | octet
