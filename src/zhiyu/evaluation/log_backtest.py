"""A backtest over a server's log, in a process of its own: the server goes on deciding, at its own pace.

In: the data folder, a tenant, two policies by hash, from when on. Out: messages through a pipe: how much is done, then the summary, or why
there is none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.backtest import Backtest
from zhiyu.evaluation.backtest_words import Said, notes, summary
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.two_followers import TwoFollowers

NICE = 10
NO_TRUTH = Said(
    "No label has arrived, so nothing can be said about fraud or good customers yet.",
    "尚无已到达的标签，暂无法判断欺诈与误伤。",
)
WAITS = (
    "A decision that waits, or asks a service, counts as what it waits with.",
    "等待中的决策或需调用外部服务的决策，按其等待时的处置计。",
)


def backtested(
    root: Path, tenant: str, key: bytes, live: str, candidate: str, from_ms: int, tell: Any
) -> dict[str, Any]:
    """The summary of one backtest; `tell` is called with how much is done, 0 to 1."""
    kept = Kept(root, tenant, key)
    both = kept.policy(live), kept.policy(candidate)
    found = compared_on_log(kept, *both, Span(from_ms or None, None), tell)
    return told(found, bool(both[0].compiled.waits or both[1].compiled.waits))


def compared_on_log(
    kept: Kept, live: Opened, candidate: Opened, span: Span, tell: Callable[[float], object]
) -> Backtested:
    """What two policies decide of the events of a log in a span; `tell` as above. InputError when none lies there."""
    pairs = TwoFollowers(kept, live, candidate, span.from_ms or 0)
    run = Backtest(live, candidate, kept.folder / "log", pairs=pairs, span=span)
    last = -1.0
    for done in run.steps():
        if done - last >= 0.01:
            tell(done)
            last = done
    assert run.result is not None
    return run.result


def told(found: Backtested, waits: bool) -> dict[str, Any]:
    """What is kept of a backtest: sentences in both languages, every figure with its interval, the matrix."""
    whole = found.to_dict()
    said = [*summary(found), *notes(found)]
    if not found.identical and not found.maturity.arrived:
        said[0] = NO_TRUTH
    sentences = [{"en": each.en, "zh": each.zh} for each in said] + ([dict(zip(("en", "zh"), WAITS))] if waits else [])
    names = (
        "compared", "moved", "score_moved", "identical", "currency", "first_time", "last_time", "figures", "matrix", "interval",
        "reviews_per_day_max", "labels", "seconds",
    )  # fmt: skip
    return {"summary": sentences, **{name: whole[name] for name in names}}


def serve_backtest(
    pipe: Connection, root: Path, tenant: str, key: bytes, live: str, candidate: str, from_ms: int
) -> None:  # fmt: skip
    """The whole of the process."""
    os.nice(NICE)
    try:
        found = backtested(root, tenant, key, live, candidate, from_ms, lambda done: pipe.send(("progress", done)))
        pipe.send(("done", found))
    except ZhiyuError as wrong:
        pipe.send(("failed", {"code": wrong.code, "en": wrong.en, "zh": wrong.zh}))
    except Exception as wrong:  # told to whoever waits; the server writes it down
        pipe.send(
            ("failed", {"code": "backtest", "en": f"{type(wrong).__name__}: {wrong}", "zh": f"回测失败：{wrong}"})
        )
    finally:
        pipe.close()
