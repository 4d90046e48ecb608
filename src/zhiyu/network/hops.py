"""Known-bad people near a person: one link away, two links away.

In: a person. Out: how many of those met are known to be bad. Followed are the links that count for components, newest CHAIN_STEPS events of
each person and thing, MAX_MET people in all; only called when the component holds somebody bad.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, int32s, words_at
from zhiyu.network.ball import is_linked
from zhiyu.network.layout import BADS, FIRST_SLOT, LINE_INTS, N_EVENTS, N_NODES, N_SETTINGS, S_LINKS
from zhiyu.network.local import B_CORE, CHAIN_STEPS, MAX_BALL_EVENTS, number_of, part, put_number, start_round
from zhiyu.network.nodes import head_of_chain
from zhiyu.network.window import NO_ROW, followed, next_in_chain, row_words

MAX_MET = MAX_BALL_EVENTS
"""People met on the way, the person included."""


@kernel
def meet_around(x: Array, person: int, met: int) -> int:
    """Put everybody who shares a linking thing with `person` into the list of people met; returns its new length."""
    events, links = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS]
    width = row_words(links)
    mine = followed(events, width, head_of_chain(x, person), person, NO_ROW)
    for _ in range(CHAIN_STEPS):
        if mine == NO_ROW:
            break
        slots = beyond(int32s(events), 2 * (mine >> 4) * width + FIRST_SLOT)
        for slot in range(1, links + 1):
            if is_linked(events, width, (mine >> 4) << 4 | slot) and number_of(x, slots[slot] - 1) < 0:
                put_number(x, slots[slot] - 1, 0)
                met = meet_at(x, slots[slot] - 1, met)
        mine = next_in_chain(events, width, links + 1, mine, person)
    return met


@kernel
def meet_at(x: Array, thing: int, met: int) -> int:
    """Put everybody linked by this thing into the list of people met; returns its new length."""
    events, links, people = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS], part(x, B_CORE)
    width = row_words(links)
    spot = followed(events, width, head_of_chain(x, thing), thing, NO_ROW)
    for _ in range(CHAIN_STEPS):
        if spot == NO_ROW or met == MAX_MET:
            break
        person = int32s(events)[2 * (spot >> 4) * width + FIRST_SLOT] - 1
        if is_linked(events, width, spot) and number_of(x, person) < 0:
            put_number(x, person, met)
            people[met] = person
            met += 1
        spot = next_in_chain(events, width, links + 1, spot, thing)
    return met


@kernel
def bad_near(x: Array, person: int) -> tuple[int, int]:
    """(known-bad people within one link, within two), the person left out."""
    ints, people = int32s(words_at(x[N_NODES])), part(x, B_CORE)
    start_round(x)
    put_number(x, person, 0)
    people[0] = person
    near = meet_around(x, person, 1)
    far = near
    for number in range(1, near):
        far = meet_around(x, people[number], far)
    bad_near_by, bad = 0, 0
    for number in range(1, far):
        is_bad = ints[people[number] * LINE_INTS + BADS] > 0
        bad += is_bad
        bad_near_by += is_bad and number < near
    return bad_near_by, bad
