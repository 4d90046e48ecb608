"""A spanning forest of the newest edges, with exact sums of every component.

In: node lines, edges with times. Out: which nodes are together, and the sums of each component in a line of its own.
Among all spanning forests it keeps one whose edges are as new as possible: a new edge between two nodes of one tree evicts the oldest edge
on the path between them, or stays out when none is older. So when a tree's edge expires, every other edge that could take its place has
expired before: a cut is final, no replacement is looked for. Edges may come in any order of time.
Source: the cycle rule of spanning trees (Tarjan, "Data Structures and Network Algorithms", 1983, ch. 6).
Every node says which component it is in, so nobody climbs to a root, however deep a tree is. When two become one, the smaller is named
anew; when one is cut, both sides are walked in turn until the smaller is done, and that one is named anew, with its own sums.
An edge that takes the place of another changes no component. `x`: a context with `N_NODES`, `N_COMPONENTS`, `N_COMPONENT_HEAD`.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, int32s, words_at
from zhiyu.entities.slots import USED
from zhiyu.network.components import (
    add_line,
    add_node,
    are_together,
    free_component,
    new_component,
    node_ints,
    nodes_with,
)
from zhiyu.network.layout import (
    BAD,
    BEFORE,
    C_ROUND,
    CHILD,
    COMPONENT,
    EDGE_TIME,
    LINE_INTS,
    LINE_WORDS,
    MARK,
    N_COMPONENT_HEAD,
    N_COMPONENTS,
    N_NODES,
    N_SLOT_HEAD,
    NODES,
    PARENT,
    PERSONS,
    SIBLING,
)

MERGED, REFRESHED_EDGE, EVICTED_EDGE, KEPT_OUT_EDGE = range(4)
ROUNDS = 1 << 30
NOWHERE = -1


@kernel
def hang(x: Array, child: int, parent: int, time: int) -> None:
    """An edge from a root to a node of another tree; components stay as they are."""
    ints, at, above = node_ints(x), child * LINE_INTS, parent * LINE_INTS
    first = ints[above + CHILD]
    ints[at + PARENT], ints[at + SIBLING], ints[at + BEFORE] = parent + 1, first, 0
    if first != 0:
        ints[(first - 1) * LINE_INTS + BEFORE] = child + 1
    ints[above + CHILD] = child + 1
    words_at(x[N_NODES])[child * LINE_WORDS + EDGE_TIME] = time


@kernel
def take_down(x: Array, child: int) -> None:
    """The edge above a node goes; components stay as they are."""
    ints, at = node_ints(x), child * LINE_INTS
    after, before = ints[at + SIBLING], ints[at + BEFORE]
    if before != 0:
        ints[(before - 1) * LINE_INTS + SIBLING] = after
    else:
        ints[(ints[at + PARENT] - 1) * LINE_INTS + CHILD] = after
    if after != 0:
        ints[(after - 1) * LINE_INTS + BEFORE] = before
    ints[at + PARENT], ints[at + SIBLING], ints[at + BEFORE] = 0, 0, 0


@kernel
def make_root(x: Array, node: int) -> None:
    """Turn every edge on the way from `node` to its root around."""
    ints, nodes = node_ints(x), words_at(x[N_NODES])
    above, time = int64(ints[node * LINE_INTS + PARENT]) - 1, nodes[node * LINE_WORDS + EDGE_TIME]
    if above >= 0:
        take_down(x, node)
    while above >= 0:
        further, its_time = int64(ints[above * LINE_INTS + PARENT]) - 1, nodes[above * LINE_WORDS + EDGE_TIME]
        if further >= 0:
            take_down(x, above)
        hang(x, above, node, time)
        node, above, time = above, further, its_time


@kernel
def first_near(ints: Array, node: int) -> int:
    """Where a walk around a tree goes first from a node, or NOWHERE."""
    child = int64(ints[node * LINE_INTS + CHILD])
    return child - 1 if child != 0 else int64(ints[node * LINE_INTS + PARENT]) - 1


@kernel
def next_near(ints: Array, node: int, came: int) -> int:
    """Where it goes next when it came from there: the children in turn, then the parent, then the children again."""
    if ints[node * LINE_INTS + PARENT] == came + 1:
        return first_near(ints, node)
    sibling = int64(ints[came * LINE_INTS + SIBLING])
    if sibling != 0:
        return sibling - 1
    above = int64(ints[node * LINE_INTS + PARENT])
    return above - 1 if above != 0 else first_near(ints, node)


@kernel
def name_all(x: Array, start: int, number: int, old: int) -> None:
    """All nodes of a tree are of another component from now on; with an `old` one, their sums go from there to the new one."""
    ints = node_ints(x)
    came, node, first = NOWHERE, start, first_near(ints, start)
    while True:
        if ints[node * LINE_INTS + COMPONENT] != number:
            ints[node * LINE_INTS + COMPONENT] = number
            if old != 0:
                add_node(x, number, node, 1)
        further = first if came == NOWHERE else next_near(ints, node, came)
        if further == NOWHERE or (node == start and came != NOWHERE and further == first):
            break
        came, node = node, further
    if old != 0:
        line, ints = beyond(words_at(x[N_COMPONENTS]), number * LINE_WORDS), int32s(words_at(x[N_COMPONENTS]))
        add_line(x, old, line, -1)
        for place in (NODES, PERSONS, BAD):
            ints[old * LINE_INTS + place] -= ints[number * LINE_INTS + place]


@kernel
def smaller_side(x: Array, one: int, other: int) -> int:
    """Which of two trees has fewer nodes: both are walked in turn until one walk is over."""
    ints = node_ints(x)
    came, node, first = NOWHERE, one, first_near(ints, one)
    its_came, its_node, its_first = NOWHERE, other, first_near(ints, other)
    further, its_further = first, its_first
    while True:
        if further == NOWHERE or (node == one and came != NOWHERE and further == first):
            return one
        if its_further == NOWHERE or (its_node == other and its_came != NOWHERE and its_further == its_first):
            return other
        came, node = node, further
        further = next_near(ints, node, came)
        its_came, its_node = its_node, its_further
        its_further = next_near(ints, its_node, its_came)


@kernel
def cut(x: Array, child: int) -> None:
    """Take the edge above `child` away: one component becomes two. The larger side keeps its line."""
    ints = node_ints(x)
    parent, old = int64(ints[child * LINE_INTS + PARENT]) - 1, int64(ints[child * LINE_INTS + COMPONENT])
    take_down(x, child)
    if int32s(words_at(x[N_COMPONENTS]))[old * LINE_INTS + NODES] == 2:
        ints[child * LINE_INTS + COMPONENT] = 0
        ints[parent * LINE_INTS + COMPONENT] = 0
        free_component(x, old)
        return
    small = smaller_side(x, child, parent)
    if first_near(ints, small) == NOWHERE:
        ints[small * LINE_INTS + COMPONENT] = 0
        add_node(x, old, small, -1)
    else:
        name_all(x, small, new_component(x), old)


@kernel
def merge(x: Array, one: int, other: int, time: int) -> None:
    """Join two different trees, the smaller one hung onto the larger, whose line is kept."""
    ints, lines = node_ints(x), words_at(x[N_COMPONENTS])
    if nodes_with(x, one) > nodes_with(x, other):
        one, other = other, one
    make_root(x, one)
    small, large = int64(ints[one * LINE_INTS + COMPONENT]), int64(ints[other * LINE_INTS + COMPONENT])
    if large == 0:
        large = new_component(x)
        add_node(x, large, other, 1)
        ints[other * LINE_INTS + COMPONENT] = large
    if small == 0:
        add_node(x, large, one, 1)
        ints[one * LINE_INTS + COMPONENT] = large
    else:
        name_all(x, one, large, 0)
        add_line(x, large, beyond(lines, small * LINE_WORDS), 1)
        for place in (NODES, PERSONS, BAD):
            int32s(lines)[large * LINE_INTS + place] += int32s(lines)[small * LINE_INTS + place]
        free_component(x, small)
    hang(x, one, other, time)


@kernel
def refresh(x: Array, one: int, other: int, time: int) -> bool:
    """If the two are joined by an edge of the forest, it is as new as the newest of its times; whether they are."""
    nodes, ints = words_at(x[N_NODES]), node_ints(x)
    if ints[one * LINE_INTS + PARENT] == other + 1:
        nodes[one * LINE_WORDS + EDGE_TIME] = max(nodes[one * LINE_WORDS + EDGE_TIME], time)
        return True
    if ints[other * LINE_INTS + PARENT] == one + 1:
        nodes[other * LINE_WORDS + EDGE_TIME] = max(nodes[other * LINE_WORDS + EDGE_TIME], time)
        return True
    return False


@kernel
def new_round(x: Array) -> int:
    """A mark that no node bears."""
    head = words_at(x[N_COMPONENT_HEAD])
    head[C_ROUND] += 1
    if head[C_ROUND] == ROUNDS:
        for node in range(words_at(x[N_SLOT_HEAD])[USED]):
            node_ints(x)[node * LINE_INTS + MARK] = 0
        head[C_ROUND] = 1
    mark: int = head[C_ROUND]
    return mark


@kernel
def meet(x: Array, one: int, other: int) -> int:
    """The node in which the ways up from two nodes of one tree come together; steps in proportion to the longer of the two ways."""
    ints, mark = node_ints(x), new_round(x)
    ints[one * LINE_INTS + MARK] = mark
    ints[other * LINE_INTS + MARK] = mark
    while True:
        above = int64(ints[one * LINE_INTS + PARENT]) - 1
        if above >= 0:
            one = above
            if ints[one * LINE_INTS + MARK] == mark:
                return one
            ints[one * LINE_INTS + MARK] = mark
        above = int64(ints[other * LINE_INTS + PARENT]) - 1
        if above >= 0:
            other = above
            if ints[other * LINE_INTS + MARK] == mark:
                return other
            ints[other * LINE_INTS + MARK] = mark


@kernel
def oldest_up_to(x: Array, node: int, top: int, found: int) -> int:
    """The node below the oldest edge on the way up to `top`, and of the edge above `found` unless that is NOWHERE."""
    nodes, ints = words_at(x[N_NODES]), node_ints(x)
    while node != top:
        if found == NOWHERE or nodes[node * LINE_WORDS + EDGE_TIME] < nodes[found * LINE_WORDS + EDGE_TIME]:
            found = node
        node = int64(ints[node * LINE_INTS + PARENT]) - 1
    return found


@kernel
def put_in_place(x: Array, one: int, other: int, time: int) -> bool:
    """An edge within a tree takes the place of the oldest on the path between its ends; not when none there is older."""
    top = meet(x, one, other)
    mine = oldest_up_to(x, one, top, NOWHERE)
    oldest = oldest_up_to(x, other, top, mine)
    if words_at(x[N_NODES])[oldest * LINE_WORDS + EDGE_TIME] >= time:
        return False
    take_down(x, oldest)
    if oldest != mine:
        one, other = other, one
    make_root(x, one)
    hang(x, one, other, time)
    return True


@kernel
def link(x: Array, one: int, other: int, time: int) -> int:
    """Take up an edge between two different nodes; says what became of it."""
    if refresh(x, one, other, time):
        return REFRESHED_EDGE
    if are_together(x, one, other):
        return EVICTED_EDGE if put_in_place(x, one, other, time) else KEPT_OUT_EDGE
    merge(x, one, other, time)
    return MERGED


@kernel
def scatter(context: Array, members: Array) -> None:
    """All nodes of one component (int64[n]) stand alone; for callers outside machine code."""
    x = words_at(context.ctypes.data)
    ints = node_ints(x)
    number = int64(ints[members[0] * LINE_INTS + COMPONENT])
    if number != 0:
        free_component(x, number)
    for node in members:
        for place in (PARENT, CHILD, SIBLING, BEFORE, COMPONENT):
            ints[node * LINE_INTS + place] = 0


@kernel
def link_all(context: Array, edges: Array) -> None:
    """Take up edges int64[n, 3] of (one, other, time); for callers outside machine code."""
    x = words_at(context.ctypes.data)
    for place in range(len(edges)):
        link(x, edges[place, 0], edges[place, 1], edges[place, 2])
