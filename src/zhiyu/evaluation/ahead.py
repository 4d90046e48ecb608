"""Working ahead: the next item of an iterator is made in a thread of its own while the last one is used.

In: an iterator whose work leaves the interpreter lock alone (reading, kernels, hashing). Out: the same items, in the same order.
Why: reading, deciding and digesting a tape are about equal work, so two cores need two thirds of the time of one.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")
_LOOK_S = 0.05
_END = object()


def ahead(source: Generator[T, None, None], depth: int = 1) -> Generator[T, None, None]:
    """Items of `source`, up to `depth` of them made before they are asked for; its errors are raised where it is read.

    >>> list(ahead(n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    made: Queue[Any] = Queue(depth)
    stop, failed = Event(), list[BaseException]()
    worker = Thread(target=_fill, args=(source, made, stop, failed), name="zhiyu-ahead", daemon=True)
    worker.start()
    try:
        while (item := made.get()) is not _END:
            yield item
    finally:
        stop.set()
        while worker.is_alive():
            _drop(made)
            worker.join(_LOOK_S)
    if failed:
        raise failed[0]


def _fill(source: Generator[T, None, None], made: Queue[Any], stop: Event, failed: list[BaseException]) -> None:
    try:
        for item in source:
            made.put(item)
            if stop.is_set():
                break
        source.close()
    except BaseException as wrong:  # whatever it is, it belongs to the reader
        failed.append(wrong)
    finally:
        made.put(_END)


def _drop(made: Queue[Any]) -> None:
    """Let a waiting maker go on to see that it should stop."""
    with suppress(Empty):
        made.get_nowait()
