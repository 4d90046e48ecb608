"""What the network says about one event, as numbers that a policy reads by name.

In: an event that has entered. Out: results (`layout.R_…`) in their registers. Floats are made in one last division.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import as_floats, beyond, bytes_at, int32s, words_at
from zhiyu.entities.slots import KEY, ROW_WORDS
from zhiyu.network.ball import UNIT, draw_edges, gather, name_people, weigh
from zhiyu.network.components import bad_with, component_line, node_ints, nodes_with, persons_with
from zhiyu.network.gangs import gang_of
from zhiyu.network.gates import keep_core
from zhiyu.network.hops import bad_near
from zhiyu.network.layout import (
    AMOUNT,
    APPLICATION_BIT,
    APPLICATIONS,
    BADS,
    BALLS,
    CHAIN_BITS,
    CLOCK,
    COMPONENT,
    COUNTED,
    DEGREE,
    FIRST_SLOT,
    K_LINKS,
    K_MAX_PEOPLE,
    LINE_INTS,
    LINE_WORDS,
    LINK_COLUMNS,
    N_COUNTERS,
    N_EVENTS,
    N_GANGS,
    N_HEAD,
    N_LINKS,
    N_NODES,
    N_NULLS,
    N_OUTPUT_COUNT,
    N_OUTPUTS,
    N_ROWS,
    N_SETTINGS,
    N_VALUES,
    N_WIDTH,
    PEELS,
    R_AMOUNT,
    R_APPLICATIONS,
    R_BAD,
    R_BAD_1,
    R_BAD_2,
    R_BAD_SHARE,
    R_BALL_PERSONS,
    R_BURST,
    R_CAPS_HIT,
    R_CORE_PERSONS,
    R_COUNTED,
    R_DENSITY,
    R_GANG,
    R_GANG_PERSONS,
    R_IN_CORE,
    R_NEWEST_LINK_AGE,
    R_NODES,
    R_PEOPLE_ON,
    R_PERSONS,
    R_SHARED,
    RESULTS,
    S_ASKS_BAD,
    S_ASKS_BALL,
    S_COUNT_WINDOWS,
    S_COUNTED,
    S_LINKS,
    S_MIN_PERSONS,
    S_WINDOW,
)
from zhiyu.network.local import (
    B_AROUND,
    B_CORE,
    B_EDGES,
    B_LEAST,
    B_MARKS,
    B_NODE,
    B_ORDER,
    B_RESULT,
    B_STARTS,
    B_WEIGHT,
    part,
)
from zhiyu.network.nodes import NOBODY, head_of_chain
from zhiyu.network.peel import peel
from zhiyu.network.window import LONGEST_SEARCH, NO_ROW, followed, next_in_chain, row_words


@kernel
def silence(x: Array, row: int) -> None:
    """A row that is nothing to the network: counts are 0, everything else is null."""
    forget_results(x)
    write(x, row)


@kernel
def forget_results(x: Array) -> None:
    """Counts are 0 and known, the rest is null."""
    result, marks = part(x, B_RESULT), part(x, B_MARKS)
    for number in range(RESULTS):
        result[number] = 0
        marks[number] = 0
    for number in range(RESULTS):
        if number in (R_BAD_SHARE, R_BURST, R_NEWEST_LINK_AGE, R_GANG) or R_PEOPLE_ON <= number < R_SHARED:
            marks[number] = 1


@kernel
def write(x: Array, row: int) -> None:
    """Results to the registers of a row."""
    result, marks, outputs = part(x, B_RESULT), part(x, B_MARKS), words_at(x[N_OUTPUTS])
    values, nulls, width = words_at(x[N_VALUES]), bytes_at(x[N_NULLS]), x[N_WIDTH]
    for number in range(x[N_OUTPUT_COUNT]):
        spot = outputs[2 * number + 1] * width + row
        values[spot] = result[outputs[2 * number]]
        nulls[spot] = marks[outputs[2 * number]]


@kernel
def answer(x: Array, row: int, found: Array, event: int) -> None:
    """All results for a row whose event stands in row `event` of the window."""
    forget_results(x)
    say_component(x, found[0])
    say_links(x, found, event)
    if words_at(x[N_SETTINGS])[S_ASKS_BALL] and part(x, B_RESULT)[R_PERSONS] > 1:
        say_ball(x, event)
    if x[N_GANGS] != 0:
        say_gang(x, found)
        keep_core(x, row, found)
    say_bad(x, found)
    write(x, row)


@kernel
def look(x: Array, row: int, found: Array) -> None:
    """The same for a row whose event came before, as of now. Around it is looked where its person's newest event with the same things
    stands; when that is gone, nowhere."""
    forget_results(x)
    say_component(x, found[0])
    say_links(x, found, NO_ROW)
    if words_at(x[N_SETTINGS])[S_ASKS_BALL] and part(x, B_RESULT)[R_PERSONS] > 1:
        event = event_with(x, found)
        if event != NO_ROW:
            say_ball(x, event)
    if x[N_GANGS] != 0:
        say_gang(x, found)
    say_bad(x, found)
    write(x, row)


@kernel
def event_with(x: Array, found: Array) -> int:
    """The newest application of this person with these things, of their newest LONGEST_SEARCH events; NO_ROW when there is none."""
    events, links = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS]
    width, person = row_words(links), found[0]
    spot = followed(events, width, head_of_chain(x, person), person, NO_ROW)
    for _ in range(LONGEST_SEARCH):
        if spot == NO_ROW:
            return NO_ROW
        row = spot >> CHAIN_BITS
        slots, same = beyond(int32s(events), 2 * row * width + FIRST_SLOT), (events[row * width] >> APPLICATION_BIT) & 1
        for slot in range(links + 1):
            same &= slots[slot] == found[slot] + 1
        if same:
            return row
        spot = next_in_chain(events, width, links + 1, spot, person)
    return NO_ROW


@kernel
def say_bad(x: Array, found: Array) -> None:
    """Known-bad people near the event's own."""
    settings, ints = words_at(x[N_SETTINGS]), int32s(words_at(x[N_NODES]))
    result = part(x, B_RESULT)
    others = result[R_BAD] - (ints[found[0] * LINE_INTS + BADS] > 0)
    if settings[S_ASKS_BAD] and others > 0:
        result[R_BAD_1], result[R_BAD_2] = bad_near(x, found[0])


@kernel
def say_component(x: Array, person: int) -> None:
    """Sums of the whole component."""
    settings, result, marks = words_at(x[N_SETTINGS]), part(x, B_RESULT), part(x, B_MARKS)
    alone = node_ints(x)[person * LINE_INTS + COMPONENT] == 0
    line = beyond(words_at(x[N_NODES]), person * LINE_WORDS) if alone else component_line(x, person)
    ints = int32s(line)
    result[R_NODES], result[R_PERSONS], result[R_BAD] = (
        nodes_with(x, person),
        persons_with(x, person),
        bad_with(x, person),
    )
    result[R_APPLICATIONS], result[R_AMOUNT] = int64(ints[APPLICATIONS]), line[AMOUNT]
    as_floats(result)[R_BAD_SHARE] = result[R_BAD] / result[R_PERSONS]
    marks[R_BAD_SHARE] = 0
    for number in range(settings[S_COUNTED]):
        result[R_COUNTED + number] = int64(ints[COUNTED + number])
    if settings[S_COUNTED] > 0 and ints[APPLICATIONS] > 0:
        marks[R_BURST] = 0
        as_floats(result)[R_BURST] = (ints[COUNTED] * settings[S_WINDOW]) / (
            ints[APPLICATIONS] * settings[S_COUNT_WINDOWS]
        )


@kernel
def say_gang(x: Array, found: Array) -> None:
    """The gang the person is in, as of now."""
    result, marks = part(x, B_RESULT), part(x, B_MARKS)
    gang, people = gang_of(words_at(x[N_GANGS]), words_at(x[N_ROWS])[found[0] * ROW_WORDS + KEY])
    if gang != 0:
        result[R_GANG], marks[R_GANG], result[R_GANG_PERSONS] = gang, 0, people


@kernel
def say_links(x: Array, found: Array, event: int) -> None:
    """How many people use each thing of the event, and how many of its links are over their cap."""
    settings, result, marks = words_at(x[N_SETTINGS]), part(x, B_RESULT), part(x, B_MARKS)
    ints, links = int32s(words_at(x[N_NODES])), words_at(x[N_LINKS])
    for number in range(settings[S_LINKS]):
        node = found[number + 1]
        if node == NOBODY:
            continue
        result[R_PEOPLE_ON + number] = int64(ints[node * LINE_INTS + DEGREE])
        marks[R_PEOPLE_ON + number] = 0
        over = result[R_PEOPLE_ON + number] > links[number * LINK_COLUMNS + K_MAX_PEOPLE]
        if links[number * LINK_COLUMNS + K_LINKS] and over:
            result[R_CAPS_HIT] += 1


@kernel
def say_ball(x: Array, event: int) -> None:
    """The people around the event, and the dense core among them."""
    settings, result, marks = words_at(x[N_SETTINGS]), part(x, B_RESULT), part(x, B_MARKS)
    words_at(x[N_COUNTERS])[BALLS] += 1
    people, newest = name_people(x, gather(x, event))
    result[R_BALL_PERSONS] = people
    if people > 1:
        result[R_NEWEST_LINK_AGE] = words_at(x[N_HEAD])[CLOCK] - newest
        marks[R_NEWEST_LINK_AGE] = 0
    if people < settings[S_MIN_PERSONS]:
        return
    n, m = draw_edges(x, people)
    n, m = weigh(x, people, n, m)
    if m == 0:
        return
    words_at(x[N_COUNTERS])[PEELS] += 1
    total, size, gone = peel(
        part(x, B_EDGES), m, n, part(x, B_STARTS), part(x, B_AROUND), part(x, B_WEIGHT), part(x, B_LEAST), part(x, B_ORDER)
    )  # fmt: skip
    as_floats(result)[R_DENSITY] = total / size / UNIT
    say_core(x, people, n, m, gone)


@kernel
def say_core(x: Array, people: int, n: int, m: int, gone: int) -> None:
    """People of the core, whether the event's own person is one, and how many things of each link they share on average."""
    settings, result, core = words_at(x[N_SETTINGS]), part(x, B_RESULT), part(x, B_CORE)
    order, inside, starts, edges = part(x, B_ORDER), part(x, B_WEIGHT), part(x, B_STARTS), part(x, B_EDGES)
    for node in range(n):
        inside[node] = starts[node] < starts[node + 1]
    for step in range(gone):
        inside[order[step]] = 0
    members = 0
    for person in range(people):
        if inside[person]:
            core[members] = part(x, B_NODE)[person]
            members += 1
    result[R_CORE_PERSONS], result[R_IN_CORE] = members, inside[0]
    for edge in range(m):
        if inside[edges[4 * edge]] and inside[edges[4 * edge + 1]]:
            result[R_SHARED + edges[4 * edge + 2]] += 1
    for number in range(settings[S_LINKS]):
        as_floats(result)[R_SHARED + number] = result[R_SHARED + number] / members
