"""People who were erased from the network and things that were un-linked, as frames of the log.

In: a field of the network and the code of a value. Out: the payload of one frame, and the same read back; an engine without them. A frame
names the field, so that it means the same under any policy; where a policy's network does not have the field, nothing is there to forget.
"""

from __future__ import annotations

import msgspec
import numpy as np

from zhiyu.engine.engine import Engine
from zhiyu.network.ask import keys_of
from zhiyu.network.forget import erase_person, mentions_of, unlink_thing


class NotedForgotten(msgspec.Struct, array_like=True, gc=False):
    """`field`: the person's, or one that links; `code`: of the value; why, who said so, and what people may see of the value."""

    field: str
    code: int
    reason: str = ""
    author: str = ""
    shown: str = ""


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(NotedForgotten).decode


def forget_payload(note: NotedForgotten) -> bytes:
    """As it stands in the log."""
    return _ENCODE(note)


def noted_forgotten(payload: bytes) -> NotedForgotten:
    """Read a payload back."""
    return _DECODE(payload)


def forget(engine: Engine, note: NotedForgotten) -> int:
    """From the next event on: a person's events never were in the window, a thing was used by nobody so far. Returns how many events of the
    window mention them no more."""
    kind = kind_of(engine, note.field)
    if engine.network is None or kind is None:
        return 0
    key = int(keys_of(kind, np.array([note.code], np.int64))[0])
    return erase_person(engine.network, key) if kind == 0 else unlink_thing(engine.network, key)


def would_forget(engine: Engine, note: NotedForgotten) -> int:
    """How many events `forget` would be about; nothing changes."""
    kind = kind_of(engine, note.field)
    if engine.network is None or kind is None:
        return 0
    return mentions_of(engine.network, int(keys_of(kind, np.array([note.code], np.int64))[0]))


def kind_of(engine: Engine, field: str) -> int | None:
    """The kind of node that values of a field are: 0 for the person's; None when it is no part of the network."""
    declared = engine.compiled.policy.network
    if declared is None or engine.network is None:
        return None
    if field == declared.person:
        return 0
    return next((own.type for link, own in zip(declared.links, engine.network.plan.links) if link.field == field), None)
