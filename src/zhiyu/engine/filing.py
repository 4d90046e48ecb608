"""What was sealed, taken apart and filed in the vault, text by text, oldest first.

In: the pieces of the intake. Out: the vault holds them, and the file they were in is gone. How far it came stands in the vault, in the same
step as what was filed: after a crash nothing is filed twice, which matters when an erasure stood in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

import msgspec

from zhiyu.access.ciphers import CIPHERS
from zhiyu.access.vault import DAY_MS, Personal, Vault
from zhiyu.engine.opened import Opened
from zhiyu.events.personal import text_in, type_plan_of
from zhiyu.events.plan import plan_for
from zhiyu.log.intake import Intake, Piece
from zhiyu.log.ndjson import read_line
from zhiyu.log.segments import SegmentLog

SHARE = 0.3
"""So much of one core filing takes while nobody waits for it."""
NO_CUT = 1 << 62
RECORDS, ERASE = 1, 2
_AT_ONCE = 2_000


class Entry(msgspec.Struct, array_like=True, gc=False):
    """Records of one policy and source, or a person to be erased; `position`: where the log has it, of several the first."""

    kind: int
    position: int
    policy: str = ""
    source: str = ""
    bodies: list[bytes] = []
    person: int = 0


class Head(msgspec.Struct, array_like=True, gc=False):
    """The first piece of a file: the data key, the file's own key, wrapped by it; from `cut` on earlier files hold what nobody was told
    of."""

    data_key: int
    wrapped: bytes
    cut: int

    def to_bytes(self) -> bytes:
        """As it stands in the file."""
        return _pack(self)


_pack = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(Head).decode
_entries = msgspec.msgpack.Decoder(list[Entry]).decode


def packed(entries: list[Entry]) -> bytes:
    """The content of one piece."""
    return _pack(entries)


class Filing:
    """From one intake to one vault. `left`: files that were there on opening; `sealed_up_to`: the last position that a piece of them, or
    one filed before, told."""

    def __init__(
        self, vault: Vault, intake: Intake, log: SegmentLog, opened_of: Callable[[str], Opened], now: Callable[[], int]
    ) -> None:  # fmt: skip
        self._vault, self._intake, self._log, self._opened_of, self._now = vault, intake, log, opened_of, now
        self._hurry, self._stopped, self._hurrying = Event(), False, 0
        self._cut = log.position
        self.left = frozenset(intake.closed())
        self.sealed_up_to = max([vault.mark("position") - 1, *self._known()])

    def file_all(self) -> bool:
        """File what waits; False when some of it has to wait longer, since the log does not have it on the disk yet."""
        for number, head, cut in self._files():
            if head is not None and not self._file(number, head, cut):
                return False
            self._intake.remove(number)
        return True

    def _files(self) -> Iterator[tuple[int, Head | None, int]]:
        """Every closed file, oldest first, its head (None: a crash left none), and the position from which on the log never took what it
        holds."""
        numbers = self._intake.closed()
        firsts = {number: next(self._intake.pieces(number), None) for number in numbers}
        heads = {number: _head(piece.sealed) for number, piece in firsts.items() if piece is not None}
        for at, number in enumerate(numbers):
            cuts = [heads[later].cut for later in numbers[at + 1 :] if later in heads]
            cuts += [self._cut] if number in self.left else []
            yield number, heads.get(number), min(cuts, default=NO_CUT)

    def _known(self) -> Iterator[int]:
        """Positions of the log up to which the files tell what it took."""
        for number, head, cut in self._files():
            for piece in self._intake.pieces(number):
                if piece.position < cut:
                    yield piece.position
                elif head is not None:
                    yield from (entry.position for entry in self._entries(head, piece, cut))

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Somebody waits: filing takes what it can get."""
        self._hurrying += 1
        self._hurry.set()
        try:
            yield
        finally:
            self._hurrying -= 1
            if not self._hurrying and not self._stopped:
                self._hurry.clear()

    def stop(self) -> None:
        """Stop soon, between two steps."""
        self._stopped = True
        self._hurry.set()

    def about(self, position: int) -> bytes:
        """What a piece is about: it opens at its own place only."""
        return f"zhiyu intake|{self._vault.tenant}|{position}".encode()

    def _file(self, number: int, head: Head, cut: int) -> bool:
        """File what one file holds, except what is at or after the position `cut`; False when it was stopped in between."""
        done = self._vault.mark("piece") if self._vault.mark("file") == number else 0
        found: list[Personal] = []
        upto = position = 0
        began = time.perf_counter()
        for piece in self._intake.pieces(number):
            if piece.number <= done:
                continue
            if piece.position >= self._log.durable and cut == NO_CUT:
                self._put(found, number, upto, position)
                return False
            for entry in self._entries(head, piece, cut):
                if entry.kind == ERASE:
                    self._put(found, number, upto, position)
                    self._vault.erase([entry.person], entry.position)
                else:
                    found += self._texts(entry)
                position = max(position, entry.position)
            upto = piece.number
            if len(found) >= _AT_ONCE:
                self._put(found, number, upto, position)
                if self._hurry.wait((time.perf_counter() - began) * (1 / SHARE - 1)) and self._stopped:
                    return False
                began = time.perf_counter()
        self._put(found, number, upto, position)
        return True

    def _put(self, found: list[Personal], number: int, upto: int, position: int) -> None:
        last = max(position + 1, self._vault.mark("position"))
        self._vault.file(
            found, self._now() // DAY_MS, {"file": number, "piece": upto, "position": last} if upto else {}
        )
        found.clear()

    def _entries(self, head: Head, piece: Piece, cut: int) -> list[Entry]:
        """What a piece holds that the log took."""
        if piece.number == 0:
            return []
        name, data_key = self._vault.keys.opened(head.data_key)
        key = CIPHERS[name].open(data_key, head.wrapped, self.about(-1))
        entries = _entries(CIPHERS[name].open(key, piece.sealed, self.about(piece.position)))
        return [entry for entry in entries if entry.position < cut]

    def _texts(self, entry: Entry) -> list[Personal]:
        """The personal texts of some records, as their codes were made."""
        opened = self._opened_of(entry.policy)
        plan = plan_for(opened.compiled.schema, opened.source(entry.source) if entry.source else None)
        holding = opened.persons
        found: list[tuple[int, str, str]] = []
        names: list[str] = []
        for body in entry.bodies:
            record = read_line(body)
            kind = type_plan_of(plan, record)
            if kind is None or kind.index not in holding:
                continue
            named = holding[kind.index]
            person = next((text_in(field, record) for field in kind.fields if field.name == named), None)
            at = len(names) if person is not None else -1
            names += [person] if person is not None else []
            for field in kind.fields:
                text = text_in(field, record) if field.personal else None
                if text is not None:
                    found.append((at, field.name, text))
        people = opened.codes.many(names).tolist() if names else []
        codes = opened.codes.many([text for _, _, text in found]).tolist() if found else []
        told = [
            Personal(people[at] if at >= 0 else code, code, name, text) for (at, name, text), code in zip(found, codes)
        ]
        erased = self._vault.erased  # a record may be sealed after an erasure that came after it
        return [each for each in told if erased.get(each.person, -1) <= entry.position]
