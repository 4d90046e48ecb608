"""Blocks of events through the network, in order.

In: rows of the register file with times, event types and what each asks for. Out: results in their registers; the state moved on.
Rows are looked up together and then taken one by one; that gives the bits of feeding them alone. A row that only looks stands for itself,
so that it sees no key that a later row brings.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.network.ahead import (
    ask_around,
    ask_beyond,
    ask_for_leaving,
    ask_for_slots,
    ask_near_leaving,
)
from zhiyu.network.answer import answer, look, silence
from zhiyu.network.arrive import advance, let_go, take_application, take_label
from zhiyu.network.gangs import G_NUMBERS, G_ROW
from zhiyu.network.gates import NOT_ASKED, begin_event, open_gates
from zhiyu.network.layout import (
    APPLIES,
    CLOCK,
    LOOKS,
    MAX_SLOTS_PER_ROW,
    N_FOUND,
    N_GANGS,
    N_HEAD,
    N_KEYS,
    N_NULLS,
    N_SETTINGS,
    N_VALUES,
    N_WIDTH,
    NOTHING,
    S_AMOUNT,
    S_LOOKS,
    S_WINDOW,
)
from zhiyu.network.nodes import EVENTS_FULL, NOBODY, OK, SKIPPED, find_rows, hash_row, hash_rows, look_up, role_of
from zhiyu.network.window import NO_ROW


@kernel
def amount_of(x: Array, row: int) -> int:
    """The row's amount in minor units, 0 without one."""
    register = words_at(x[N_SETTINGS])[S_AMOUNT]
    if register < 0:
        return 0
    spot = register * x[N_WIDTH] + row
    amount: int = 0 if bytes_at(x[N_NULLS])[spot] != 0 else words_at(x[N_VALUES])[spot]
    return amount


@kernel
def feed_row(x: Array, row: int, time: int, role: int, asks: bool) -> int:
    """One event through the network."""
    found = beyond(words_at(x[N_FOUND]), MAX_SLOTS_PER_ROW * row)
    advance(x, time)
    if time <= words_at(x[N_HEAD])[CLOCK] - words_at(x[N_SETTINGS])[S_WINDOW]:
        let_go(x, found)
        if asks:
            silence(x, row)
        return OK
    if role == APPLIES and asks and x[N_GANGS] != 0:
        status = begin_event(x, row)
        if status != OK:
            return status
    if role == APPLIES:
        event = take_application(x, found, time, amount_of(x, row))
    else:
        event = take_label(x, found, time)
    if event == NO_ROW:
        return EVENTS_FULL
    if asks:
        if role == APPLIES:
            answer(x, row, found, event)
        else:
            silence(x, row)
    return OK


@kernel
def look_row(x: Array, row: int, time: int) -> None:
    """One event that came before asks how things stand now."""
    keys, found = (
        beyond(words_at(x[N_KEYS]), 2 * MAX_SLOTS_PER_ROW * row),
        beyond(words_at(x[N_FOUND]), MAX_SLOTS_PER_ROW * row),
    )
    advance(x, time)
    hash_row(x, row, LOOKS, keys)
    look_up(x, keys, found)
    if found[0] == NOBODY:
        silence(x, row)
    else:
        look(x, row, found)


@kernel
def feed_rows(x: Array, times: Array, kinds: Array, asks: Array, start: int, stop: int) -> int:
    """Rows [start, stop), none of which only looks: looked up as a whole, then taken one by one."""
    leaving = ask_for_leaving(x, times[stop - 1])
    hash_rows(x, kinds, asks, start, stop)
    ask_near_leaving(x, leaving)
    ask_for_slots(x, start, stop)
    status = find_rows(x, start, stop)
    if status != OK:
        return status
    ask_around(x, start, stop)
    ask_beyond(x, start, stop)
    for row in range(start, stop):
        if x[N_GANGS] != 0:
            words_at(words_at(x[N_GANGS])[N_HEAD])[G_ROW] += 1
        role = role_of(x, kinds, asks, row)
        if role == NOTHING:
            if asks[row] != SKIPPED:
                silence(x, row)
            continue
        status = feed_row(x, row, times[row], role, asks[row] != 0)
        if status != OK:
            return status
    return OK


@kernel
def feed_block(x: Array, times: Array, kinds: Array, asks: Array, count: int) -> int:
    """Rows [0, count) of the register file; `times` ms since the epoch. OK, or what is full."""
    looks = words_at(x[N_SETTINGS])[S_LOOKS] != 0
    if x[N_GANGS] != 0:
        for row in range(count):
            words_at(words_at(x[N_GANGS])[G_NUMBERS])[row] = NOT_ASKED
    start = 0
    while start < count:
        stop = start if looks else count
        while stop < count and role_of(x, kinds, asks, stop) != LOOKS:
            stop += 1
        if start < stop:
            status = feed_rows(x, times, kinds, asks, start, stop)
            if status != OK:
                return status
        if stop < count:
            if x[N_GANGS] != 0:
                words_at(words_at(x[N_GANGS])[N_HEAD])[G_ROW] += 1
            look_row(x, stop, times[stop])
        start = stop + 1
    return OK


@kernel
def open_gates_of(context: Array, count: int) -> None:
    """`open_gates`, for callers outside machine code: the gate's register of the block just fed is filled."""
    open_gates(words_at(context.ctypes.data), count)


@kernel
def feed(context: Array, times: Array, kinds: Array, asks: Array, count: int) -> int:
    """One block, for callers outside machine code: `times`, `kinds` int64[B], `asks` uint8[B]."""
    return feed_block(
        words_at(context.ctypes.data), words_at(times.ctypes.data), words_at(kinds.ctypes.data), bytes_at(asks.ctypes.data), count
    )  # fmt: skip
