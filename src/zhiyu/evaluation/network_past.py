"""Questions about the network as of an earlier moment, answered in a process of their own: beside a server, which goes on deciding.

In: lines of JSON on standard input, each a `Question`. Out: a line of JSON each: what was found, or why not. The network of the last moment
asked about is kept, so that several questions about one moment cost one look into the log. The process ends with its input.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.engine.kept import Kept
from zhiyu.evaluation.gang_report import MAX_GANGS, report_of
from zhiyu.evaluation.network_asked import AskedNetwork, named
from zhiyu.evaluation.network_files import as_dict, gang_as_dict, iso, summary_of
from zhiyu.evaluation.network_kept import KeptNetwork
from zhiyu.network.ask import Reach, look_around
from zhiyu.network.gang_view import GangSeen, see_gang

NICENESS = 10
"""Whoever waits for a decision comes first."""


class Question(msgspec.Struct):
    """About a folder `root/tenant`, as of `as_of_ms`.

    `what`: "around" (`of`: names and values; `hops`), "gangs" (`limit`, `before`, `min_people`), "gang" (`gang`), "report" (`span_ms`).
    `reach`: people, events of one person or thing, events in all that one look may follow.
    """

    root: str
    tenant: str
    as_of_ms: int
    what: str
    reach: tuple[int, int, int]
    of: list[tuple[str, str]] = []
    hops: int = 2
    limit: int = 20
    before: int = 0
    min_people: int = 2
    gang: int = 0
    span_ms: int = 0


class Told(msgspec.Struct, omit_defaults=True):
    """`found` with `position` (everything before it is in) and `as_of`; or `code` and why there is nothing, in both languages."""

    found: dict[str, Any] | None = None
    code: str = ""
    en: str = ""
    zh: str = ""


class Past:
    """Answers; remembers the network of one moment."""

    def __init__(self) -> None:
        self._moment: tuple[str, str, int] | None = None
        self._asked: KeptNetwork | None = None

    def answer(self, question: Question) -> Told:
        """What was so then. A question that cannot be answered is told why; anything else raises."""
        try:
            asked = self._network(question)
            found = _answered(asked, question)
        except InputError as wrong:
            return Told(code="input", en=wrong.en, zh=wrong.zh)
        if isinstance(found, Told):
            return found
        return Told(found | {"position": asked.position, "as_of": iso(question.as_of_ms)})

    def _network(self, question: Question) -> KeptNetwork:
        moment = question.root, question.tenant, question.as_of_ms
        if self._asked is None or moment != self._moment:
            self._asked = None  # its memory is free before the next one takes some
            self._asked = KeptNetwork(Kept(Path(question.root), question.tenant), question.as_of_ms).run()
            self._moment = moment
        return self._asked


def _answered(asked: AskedNetwork, question: Question) -> dict[str, Any] | Told:
    reach, state = Reach(*question.reach), asked.state
    if question.what == "around":
        near = look_around(state, [asked.key(name, value) for name, value in question.of], question.hops, reach)
        if near is None:
            return Told(
                code="not_in_window", en="it was in no event of the network's window then",
                zh="当时关系网络窗口内没有其事件",
            )  # fmt: skip
        return as_dict(near, named(asked.names(near.codes), near.codes, asked.fields))
    if state.gangs is None:
        return Told(
            code="no_gangs", en="the policy in force then declared no `gang:`", zh="当时生效的策略没有声明 gang"
        )
    if question.what == "gangs":
        return _page(asked, question, reach)
    if question.what == "report":
        return _report(asked, question.span_ms, reach)
    seen = see_gang(state, question.gang, reach)
    if seen is None:
        return Told(
            code="no_gang", en=f"there was no gang {question.gang} then", zh=f"当时没有编号为 {question.gang} 的团伙"
        )
    codes = {key: (0, code) for key, code in seen.codes.items()} | seen.near.codes
    return gang_as_dict(seen, named(asked.names(codes), codes, asked.fields))


def _page(asked: AskedNetwork, question: Question, reach: Reach) -> dict[str, Any]:
    assert asked.state.gangs is not None
    wanted = [
        gang
        for gang, people in reversed(asked.state.gangs.sizes().items())
        if people >= question.min_people and (not question.before or gang < question.before)
    ]
    found = [summary_of(each) for each in _seen(asked, wanted[: question.limit], reach)]
    return {"gangs": found, "next": wanted[question.limit - 1] if len(wanted) > question.limit else None}


def _report(asked: AskedNetwork, span_ms: int, reach: Reach) -> dict[str, Any]:
    assert asked.state.gangs is not None
    largest = sorted(asked.state.gangs.sizes().items(), key=lambda each: (-each[1], each[0]))[:MAX_GANGS]
    seen = _seen(asked, [gang for gang, _ in largest], reach)
    codes = {key: (0, code) for each in seen for key, code in each.codes.items()}
    return report_of(asked, seen, span_ms, named(asked.names(codes), codes, asked.fields))


def _seen(asked: AskedNetwork, gangs: list[int], reach: Reach) -> list[GangSeen]:
    return [each for gang in gangs if (each := see_gang(asked.state, gang, reach)) is not None]


def main() -> None:
    """Answer line by line until the input ends."""
    os.nice(NICENESS)
    past, read, write = Past(), msgspec.json.Decoder(Question).decode, msgspec.json.Encoder().encode
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(write(past.answer(read(line))) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
