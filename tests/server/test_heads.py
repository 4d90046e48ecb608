"""Heads of everyday requests are read as the full parser reads them, or not at all."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyu.server.heads import MAX_HEAD_BYTES, read_head

HEAD = b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n"
PIECES = [
    b"POST", b"GET", b" ", b"  ", b"/v1/decisions", b"/a%20b", b"?x=1", b"#f", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\n", b"\r", b":",
    b": ", b"\t", b"Host", b"a", b"Content-Length", b"content-length", b"3", b"0", b"+3", b"0x3", b"3, 3", b"99999999",
    b"Transfer-Encoding", b"chunked", b"Connection", b"keep-alive", b"close", b"Keep-Alive", b"Upgrade", b"h2c", b"Expect",
    b"100-continue", b"\x00", b"\x7f", b"\xe6", b"A_b", b"",
]  # fmt: skip


class Parsed:
    """What the full parser tells of a request with a body of three bytes."""

    def __init__(self, head: bytes) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.url = self.body = b""
        self.messages = 0
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(head)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.messages += 1


def agrees(data: bytes) -> bool:
    """Whether the head was read; AssertionError when the full parser reads it in another way."""
    found = read_head(data)
    if found is None:
        return False
    parsed = Parsed(data + b"x" * found.length)
    assert (parsed.url, dict(parsed.headers)) == (found.path, found.headers)
    assert len(parsed.headers) == len(found.headers)
    assert parsed.parser.get_method() == b"POST"
    assert parsed.parser.get_http_version() == "1.1"
    assert parsed.parser.should_keep_alive()
    assert not parsed.parser.should_upgrade()
    assert (parsed.body, parsed.messages) == (b"x" * found.length, 1)
    return True


@given(st.integers(0, len(HEAD)), st.integers(0, 12), st.lists(st.sampled_from(PIECES), max_size=4))
def test_a_head_with_a_piece_replaced_is_read_alike_or_not_at_all(at: int, gone: int, pieces: list[bytes]) -> None:
    agrees(HEAD[:at] + b"".join(pieces) + HEAD[at + gone :])


@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(PIECES), st.sampled_from(PIECES)), max_size=5))
def test_any_headers_are_read_alike_or_not_at_all(headers: list[tuple[bytes, bytes, bytes]]) -> None:
    lines = b"".join(name + colon + value + b"\r\n" for name, colon, value in headers)
    agrees(b"POST /v1/decisions HTTP/1.1\r\nContent-Length: 3\r\n" + lines + b"\r\n")


@pytest.mark.parametrize(
    "more",
    [b"", b"A: b\r\n", b"A:b c  d\r\n", b"Zhiyu-Deadline-Ms: 5\r\n", b"Connection: Keep-Alive\r\n", b"Accept: */*; q=1, \"x\"\r\n"],
)  # fmt: skip
def test_everyday_heads_are_read(more: bytes) -> None:
    assert agrees(HEAD[:-2] + more + b"\r\n")


@pytest.mark.parametrize(
    "more",
    [
        b"Host: other\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
        b"Connection: close\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Content-Encoding: gzip\r\n", b"A: b\n",
        b" folded: b\r\n", b"A : b\r\n", b"A:\r\n", b"A: b \r\n",
        b"A: \xe6\x99\xba\r\n", b"A: " + b"b" * MAX_HEAD_BYTES + b"\r\n", b"A: b\x00\r\n", b"TE: trailers\r\n",
    ],
)  # fmt: skip
def test_unusual_heads_are_left_to_the_full_parser(more: bytes) -> None:
    assert read_head(HEAD[:-2] + more + b"\r\n") is None


def test_the_longest_head_that_is_everyday() -> None:
    room = MAX_HEAD_BYTES - len(HEAD) - len(b"A: \r\n")
    assert agrees(HEAD[:-2] + b"A: " + b"b" * room + b"\r\n\r\n")
    assert not agrees(HEAD[:-2] + b"A: " + b"b" * (room + 1) + b"\r\n\r\n")
