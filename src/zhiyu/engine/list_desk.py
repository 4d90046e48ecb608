"""Where people bring what belongs on a list: compares it with the journal and writes what is new.

In: a policy folder, a journal, rows with values. Out: as `ListChanges` says; changes appended to the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.base.hashing import Codes
from zhiyu.base.windows import parse_duration_ms
from zhiyu.engine.list_changes import Brought, ListChanges
from zhiyu.engine.opened import tenant_key
from zhiyu.entities.lists import NEVER, ListBook, ListChange, Snooze
from zhiyu.events.refusals import Bad
from zhiyu.log.list_file import Row
from zhiyu.log.list_journal import append_journal, read_journal, require_whole
from zhiyu.log.list_line import moment
from zhiyu.policy.check import check_policy
from zhiyu.policy.load import load_policy
from zhiyu.policy.vocabulary import vocabulary


class ListDesk(ListChanges):
    """One policy folder, one tenant, one journal; `book` holds what the journal says, nothing of it in effect yet.

    `torn`: numbers of lines of the journal that a crash cut off.
    """

    def __init__(self, policy: Path, journal: Path, tenant: str = "default") -> None:
        loaded = load_policy(policy)
        check_policy(loaded.policy, loaded.places).require()
        codes = Codes(tenant_key(tenant))
        super().__init__(vocabulary(loaded.policy, codes), ListBook(codes.one))
        self.path = journal
        read = require_whole(read_journal(journal, self.known), journal)
        self.torn = read.torn
        self.book.put(read.changes)

    def bring(
        self, name: str, rows: Iterable[Row | tuple[int, Bad]], at: int, until: int = NEVER, reason: str = "", author: str = "",
        seen: Callable[[], None] = lambda: None,
    ) -> Brought:  # fmt: skip
        """Compare rows with the list as of `at` (ms)."""
        self.reader_of(name)
        self.book.apply_until(at)
        return super().bring(name, rows, at, until, reason, author, seen)

    def removals(
        self, name: str, values: Sequence[str], at: int, reason: str = "", author: str = ""
    ) -> tuple[list[ListChange], list[str]]:
        """Changes that take `values` off the list as of `at` (ms)."""
        self.reader_of(name)
        self.book.apply_until(at)
        return super().removals(name, values, at, reason, author)

    def write(self, changes: Sequence[ListChange | Snooze]) -> None:
        """Append to the journal, if the lists have room for it."""
        self.book.put(changes)
        if changes:
            append_journal(self.path, changes, self.known)


def read_moment(text: str, now: int, what: str) -> int:
    """A time of the command line: ISO-8601 with an offset, ms since 1970, or a duration from `now` such as 30d."""
    try:
        return now + parse_duration_ms(text)
    except ValueError:
        pass
    try:
        found = moment(int(text) if text.strip().lstrip("-").isdecimal() else text)
    except Bad as bad:
        raise InputError(
            f"{what}: {bad.en}, or a duration such as 30d", f"{what}：{bad.zh}，或写时长，例如 30d"
        ) from None
    if found is None:
        raise InputError(f"{what}: give a time or a duration such as 30d", f"{what}：请填写时间或时长，例如 30d")
    return found
