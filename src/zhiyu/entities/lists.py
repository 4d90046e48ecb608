"""Lists of entities that change over time: who is on which list now, and why.

In: `ListChange`s and `Snooze`s, each with the time from which it holds. Out: the table of members that programs look into
(its address), the row numbers before which something changes, entries for explanations.
A change takes effect before the first event received at or after its due time: where that is follows from the log alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.arena import Arena, Extents
from zhiyu.base.errors import LimitExceeded
from zhiyu.base.jit import Array
from zhiyu.base.limits import MAX_LIST_ENTRIES
from zhiyu.entities.list_lines import CODE, DUE, KEY, LIST, NUMBERS, UNTIL, WORDS, ListLines
from zhiyu.entities.snoozes import SnoozeBook
from zhiyu.events.list_changes import NEVER as NEVER
from zhiyu.events.list_changes import ListChange as ListChange
from zhiyu.events.list_changes import Snooze as Snooze
from zhiyu.expressions.tables import GONE, grown, list_key, list_keys, members_table, put_members

_TIDY_FROM = 4_096


class ListBook:
    """All lists of a policy. `encode` gives the code of a list's name, the same that programs were compiled with.

    `version` grows when `address` changes; `snoozes` are kept beside and take effect with the lists.

    >>> book = ListBook(len)
    >>> book.put([ListChange(100, "stolen", "add", 7, 200, "reported")])
    >>> book.due_before(np.array([50, 100, 120])).tolist(), book.apply_until(100)
    ([1], 1)
    >>> book.entry("stolen", 7).reason, book.entry("stolen", 8)
    ('reported', None)
    """

    def __init__(self, encode: Callable[[str], int]) -> None:
        self.version = 0
        self.snoozes = SnoozeBook()
        self.now = int(np.iinfo(np.int64).min)
        self._encode = encode
        self._names: list[str] = []
        self._codes: list[int] = []
        self._table = members_table(8)
        self._waiting, self._next = ListLines.none(), 0
        self._done: list[ListLines] = []
        self._tidied, self._is_tidy = 0, True

    @property
    def address(self) -> int:
        """Address of the table of members; 0 is never one."""
        return int(self._table.ctypes.data)

    @property
    def idle(self) -> bool:
        """Nothing waits for its time."""
        return self._next == len(self._waiting) and not self.snoozes.waiting

    @property
    def next_due(self) -> int:
        """When the next of what waits takes effect, ms; past all times when nothing waits."""
        due = [s.due_ms for s in self.snoozes.waiting]
        if self._next < len(self._waiting):
            due.append(int(self._waiting.numbers[DUE, self._next]))
        return min(due, default=int(np.iinfo(np.int64).max))

    def __len__(self) -> int:
        """Changes that are kept: those in effect and those that wait."""
        return sum(map(len, self._done)) + len(self._waiting) - self._next

    def put(self, changes: Iterable[ListChange | Snooze]) -> None:
        """Let changes wait for their time, also for a time that has passed: then they take effect with the next event.

        LimitExceeded when more than MAX_LIST_ENTRIES would be kept; nothing is taken then.
        """
        fresh = list(changes)
        snoozes = [change for change in fresh if isinstance(change, Snooze)]
        listed = [change for change in fresh if isinstance(change, ListChange)]
        if len(self) + len(listed) > MAX_LIST_ENTRIES:
            self._tidy()
        if len(self) + len(listed) > MAX_LIST_ENTRIES:
            raise LimitExceeded(
                f"the lists would hold {len(self) + len(listed):,} entries, the limit is {MAX_LIST_ENTRIES:,}; "
                "let entries end (`until`), or write a rule instead of a list",
                f"名单条目将达 {len(self) + len(listed):,} 条，上限为 {MAX_LIST_ENTRIES:,}；请设置到期时间，或改用规则",
            )
        self.snoozes.put(snoozes)
        if listed:
            waiting = self._waiting.take(slice(self._next, None)).joined(self._lines(listed))
            self._waiting, self._next = waiting.in_time_order(), 0

    def due_before(self, received: Array) -> Array:
        """Numbers of the rows before which something takes effect, int64[k] ascending; `received` int64[n] ms ascends."""
        if not len(received):
            return np.zeros(0, np.int64)
        due = self._waiting.numbers[DUE, self._next :]
        due = due[: np.searchsorted(due, received[-1], side="right")]
        quiet = [s.due_ms for s in self.snoozes.waiting if s.due_ms <= received[-1]]
        if not len(due) and not quiet:
            return np.zeros(0, np.int64)
        return np.unique(np.searchsorted(received, np.concatenate([due, np.array(quiet, np.int64)]), side="left"))

    def apply_until(self, ms: int) -> int:
        """Let everything due by `ms` take effect; returns how many changes did. Times must ascend."""
        self.now = max(self.now, ms)
        count = int(np.searchsorted(self._waiting.numbers[DUE, self._next :], ms, side="right"))
        if count:
            self._take_effect(self._waiting.take(slice(self._next, self._next + count)))
            self._next += count
        return count + self.snoozes.apply_until(ms)

    def due_by(self, ms: int) -> list[ListChange]:
        """Changes of lists (not snoozes) that `apply_until(ms)` would let take effect, in order."""
        count = int(np.searchsorted(self._waiting.numbers[DUE, self._next :], ms, side="right"))
        return list(self._waiting.take(slice(self._next, self._next + count)).changes(self._names)) if count else []

    def entry(self, name: str, code: int) -> ListChange | None:
        """How `code` came onto the list, or None when it is not on it."""
        key = list_key(self._encode(name), code)
        for lines in reversed(self._done):
            found = np.flatnonzero(lines.numbers[KEY] == key)
            if len(found):
                last = lines.take(found[-1:])
                return next(last.changes(self._names)) if last.numbers[UNTIL, 0] > self.now else None
        return None

    def held(self, name: str, codes: Array, now: int) -> dict[int, int]:
        """Code → until (ms) of those of `codes` int64[k] that are on the list beyond `now`; the rest of the list is not looked at."""
        found = {}
        keys = list_keys(np.full(len(codes), self._encode(name), np.int64), codes)
        for code, key in zip(codes.tolist(), keys.tolist()):
            until = _until_of(self._table, key)
            if until is not None and until > now:
                found[code] = until
        return found

    def page(
        self, name: str, now: int, limit: int, before: tuple[int, int] | None = None
    ) -> list[tuple[int, ListChange]]:
        """The newest entries of a list beyond `now`, at most `limit`, newest first, with their keys; `before` (due ms, key): only those
        behind that one."""
        lines = self._kept()
        numbers = lines.numbers
        at = np.flatnonzero((numbers[LIST] == self._number(name)) & (numbers[UNTIL] > now))
        due, keys = numbers[DUE][at], numbers[KEY][at]
        if before is not None:
            behind = (due < before[0]) | ((due == before[0]) & (keys < before[1]))
            at, due, keys = at[behind], due[behind], keys[behind]
        if len(at) > limit:
            soonest = np.partition(due, len(due) - limit)[len(due) - limit]
            at, due, keys = at[due >= soonest], due[due >= soonest], keys[due >= soonest]
        chosen = at[np.lexsort((keys, due))[::-1][:limit]]
        return list(zip(numbers[KEY][chosen].tolist(), lines.take(chosen).changes(self._names)))

    def came_since(self, since_ms: int, reason: str) -> int:
        """Entries of all lists that came after `since_ms`, or are to come, whose reason begins with this; those taken off again are not
        among them."""
        kept, waiting = self._kept(), self._waiting.take(slice(self._next, None))
        count = 0
        for lines in (kept, waiting):
            fresh = np.flatnonzero((lines.numbers[DUE] > since_ms) & (lines.numbers[UNTIL] != GONE))
            count += sum(str(text).startswith(reason) for text in lines.words[fresh, 0])
        return count

    def counts(self, now: int) -> dict[str, int]:
        """Entries beyond `now` by list, of lists that have been changed once."""
        numbers = self._kept().numbers
        counted = np.bincount(numbers[LIST][numbers[UNTIL] > now], minlength=len(self._names)).tolist()
        return dict(zip(self._names, counted))

    def entries(self) -> Iterator[ListChange]:
        """Everything that is on a list, in the order in which it took effect."""
        self._tidy()
        for lines in self._done:
            yield from lines.changes(self._names)

    def facts(self) -> dict[str, Any]:
        """Counts for reports: entries per list, what waits, snoozes in force."""
        self._tidy()
        held = np.concatenate([np.zeros(0, np.int64), *(lines.numbers[LIST] for lines in self._done)])
        counts = np.bincount(held, minlength=len(self._names)).tolist()
        return {
            "lists": dict(sorted(zip(self._names, counts))),
            "waiting": len(self._waiting) - self._next + len(self.snoozes.waiting),
            "snoozes": len(self.snoozes.held),
        }

    def snapshot(self, path: Path) -> int:
        """Write everything to `path`; returns bytes."""
        self._tidy()
        parts = {"done": self._joined(), "waiting": self._waiting.take(slice(self._next, None))}
        texts: dict[str, int] = {}
        arena, extents = Arena(), Extents()
        for name, lines in parts.items():
            words = np.array([texts.setdefault(text, len(texts)) for text in lines.words.ravel()], np.int64)
            for array, content in ((name, lines.numbers.ravel()), (f"{name}_words", words)):
                arena.array(array, np.int64, (max(content.size, 1),))[: content.size] = content
                extents[array] = [(0, content.size)]
        facts = {
            "now": self.now,
            "lists": self._names,
            "texts": list(texts),
            "counts": {name: len(lines) for name, lines in parts.items()},
            "snoozes": msgspec.to_builtins(self.snoozes.held),
            "snoozes_waiting": msgspec.to_builtins(self.snoozes.waiting),
        }
        return arena.snapshot(path, extents, facts)

    def restore(self, path: Path) -> None:
        """Read a snapshot into this new book, made with the same `encode`."""
        arena, most = Arena(), max(path.stat().st_size // 8, 1)
        for name in ("done", "done_words", "waiting", "waiting_words"):
            arena.array(name, np.int64, (most,))
        facts = arena.restore(path)
        for name in facts["lists"]:
            self._number(name)
        texts = np.array([*facts["texts"], ""], object)
        parts = {}
        for name, count in facts["counts"].items():
            numbers = arena.arrays[name][: NUMBERS * count].reshape(NUMBERS, count).copy()
            words = texts[arena.arrays[f"{name}_words"][: WORDS * count].reshape(count, WORDS)]
            parts[name] = ListLines(numbers, words)
        self.now = facts["now"]
        self._waiting = parts["waiting"]
        if len(parts["done"]):
            self._take_effect(parts["done"])
        self._tidied = len(self)
        self.snoozes.restore(
            self.now, *(msgspec.convert(facts[key], list[Snooze]) for key in ("snoozes", "snoozes_waiting"))
        )

    def _number(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
            self._codes.append(self._encode(name))
        return self._names.index(name)

    def _lines(self, changes: list[ListChange]) -> ListLines:
        numbers = {name: self._number(name) for name in dict.fromkeys(change.list for change in changes)}
        lists = np.fromiter((numbers[change.list] for change in changes), np.int64, len(changes))
        lines = ListLines.of(changes, lists)
        lines.numbers[KEY] = list_keys(np.array(self._codes, np.int64)[lists], lines.numbers[CODE])
        return lines

    def _take_effect(self, lines: ListLines) -> None:
        keys, untils = np.ascontiguousarray(lines.numbers[KEY]), np.ascontiguousarray(lines.numbers[UNTIL])
        at = put_members(self._table, keys, untils, 0)
        while at < len(keys):
            self._table = grown(self._table, len(keys) - at, self.now)
            self.version += 1
            at = put_members(self._table, keys, untils, at)
        self._done.append(lines)
        self._is_tidy = False
        while len(self._done) > 1 and 2 * len(self._done[-1]) > len(self._done[-2]):
            last = self._done.pop()
            self._done[-1] = self._done[-1].joined(last)
        if sum(map(len, self._done)) > 2 * self._tidied + _TIDY_FROM:
            self._tidy()

    def _joined(self) -> ListLines:
        lines = ListLines.none()
        for part in self._done:
            lines = lines.joined(part)
        return lines

    def _kept(self) -> ListLines:
        """What is on the lists, one line each; nothing is done over again while nothing changes."""
        if not self._is_tidy:
            self._tidy()
        return self._done[0] if self._done else ListLines.none()

    def _tidy(self) -> None:
        """Forget changes that later ones replaced, and entries that have ended."""
        self._is_tidy = True
        lines = self._joined().latest(self.now)
        self._done, self._tidied = [lines] if len(lines) else [], len(lines)


def _until_of(table: Array, key: int) -> int | None:
    """The `until` of a key in a table of members [shift, mask, used, 0, key …, until …]; None when it was never put."""
    shift, mask, keys = int(table[0]), int(table[1]), 4
    at = (key & 0xFFFFFFFFFFFFFFFF) >> shift
    while (found := int(table[keys + at])) != 0:
        if found == key:
            return int(table[keys + mask + 1 + at])
        at = (at + 1) & mask
    return None
