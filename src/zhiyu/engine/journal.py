"""Lets an engine know the lists: reads a journal of list changes and hands it to the engine's book.

In: an engine, its opened policy, a journal. Out: the changes wait for their time; InputError when a line cannot be read.
"""

from __future__ import annotations

from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened
from zhiyu.log.list_journal import read_journal, require_whole
from zhiyu.policy.vocabulary import vocabulary


def take_journal(engine: Engine, opened: Opened, journal: Path) -> int:
    """Every change of the journal takes effect before the first event received at or after its time. Returns how many there are."""
    if not journal.is_file():
        raise InputError(
            f"no list journal at '{journal}'; `zhiyu lists import … --journal {journal}` makes one",
            f"没有名单日志“{journal}”；用 `zhiyu lists import … --journal {journal}` 生成",
        )
    read = require_whole(read_journal(journal, vocabulary(opened.policy, opened.codes)), journal)
    engine.lists.put(read.changes)
    return len(read.changes)
