"""The network as of an earlier moment, asked in a process beside the server, so that nobody's decision waits for it.

In: questions of `evaluation.network_past`, one at a time. Out: what was found. The process stays for a while, since an investigator asks
several things about one moment; it costs as much memory as the state was large then, and yields the processor to the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.engine.live import Live
from zhiyu.evaluation.network_live import NEAR
from zhiyu.evaluation.network_past import Question, Told
from zhiyu.evaluation.span import read_time
from zhiyu.server.problems import HttpError

ANSWER_S, IDLE_S = 60.0, 60.0
"""How long one question may take, the wait for those before it included; how long the process stays without one."""
MAX_WAITING = 4
_LINE_BYTES = 1 << 26
_STATUS = {"not_in_window": 404, "no_gangs": 404, "no_gang": 404}


def moment_of(text: str, name: str = "as_of") -> int | None:
    """The moment that a parameter names, ms since 1970; None where it is empty. HttpError 422."""
    try:
        return read_time(text, name)
    except InputError as wrong:
        raise HttpError(422, name, wrong.en, wrong.zh, name) from None


class Past:
    """One process for all tenants, started when it is needed. Runs in the event loop's thread."""

    def __init__(self, answer_s: float = ANSWER_S, idle_s: float = IDLE_S) -> None:
        self._answer_s, self._idle_s = answer_s, idle_s
        self._lock, self._asking = asyncio.Lock(), 0
        self._process: asyncio.subprocess.Process | None = None
        self._end: asyncio.TimerHandle | None = None

    async def ask(self, live: Live, as_of_ms: int, what: str, **more: Any) -> dict[str, Any]:
        """What `what` (see `Question`) came to then. HttpError: 404 and 422 for what cannot be answered, 429 when others wait already,
        503 when it takes too long."""
        question = Question(
            str(live.folder.parent), live.folder.name, as_of_ms, what, (NEAR.people, NEAR.uses, NEAR.rows), **more
        )
        if self._asking >= MAX_WAITING:
            raise HttpError(
                429, "past", "others ask about earlier moments; come again in a moment", "正有其他历史时点查询；请稍后重试",
                headers=((b"retry-after", b"5"),),
            )  # fmt: skip
        self._asking += 1
        try:
            async with asyncio.timeout(self._answer_s), self._lock:
                told = await self._answered(question)
        except TimeoutError:
            raise HttpError(
                503, "past",
                f"the network of that moment is not there after {self._answer_s:.0f} s; ask `zhiyu network --as-of` beside the server",
                f"{self._answer_s:.0f} 秒内未能还原该时点的关系网络；请在服务旁使用 `zhiyu network --as-of`",
            ) from None  # fmt: skip
        finally:
            self._asking -= 1
        if told.found is None:
            raise HttpError(
                _STATUS.get(told.code, 422), told.code, told.en, told.zh, "id" if told.code == "input" else ""
            )
        return told.found

    def close(self) -> None:
        """End the process; a question under way is not answered."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _answered(self, question: Question) -> Told:
        if self._end is not None:
            self._end.cancel()
            self._end = None
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "zhiyu.evaluation.network_past", stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, limit=_LINE_BYTES,
            )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        line = b""
        try:
            with contextlib.suppress(ConnectionError, ValueError):
                process.stdin.write(msgspec.json.encode(question) + b"\n")
                line = await process.stdout.readline()
        except BaseException:
            self.close()  # its next line would be the answer to this question
            raise
        if not line.endswith(b"\n"):
            self.close()
            raise HttpError(
                503, "past", "the log could not be read as of that moment; the server's error output says why",
                "无法还原该时点的数据；原因见服务的错误输出",
            )  # fmt: skip
        self._end = asyncio.get_running_loop().call_later(self._idle_s, self.close)
        return msgspec.json.decode(line, type=Told)
