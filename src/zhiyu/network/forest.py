"""A spanning forest of the newest edges, with exact sums of every subtree.

In: node lines, edges with times. Out: roots, and the sums of a whole tree at its root.
Among all spanning forests it keeps one whose edges are as new as possible: a new edge between two nodes of one tree evicts the oldest edge
on the path between them, or stays out when none is older. So when a tree's edge expires, every other edge that could take its place has
expired before: a cut is final, no replacement is looked for. Edges may come in any order of time.
Source: the cycle rule of spanning trees (Tarjan, "Data Structures and Network Algorithms", 1983, ch. 6); here trees are plain parent
pointers, because trees of people who share things are shallow. A root moves one step towards the middle of its tree when sums change.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import int32s
from zhiyu.network.layout import (
    AMOUNT,
    EDGE_TIME,
    GANG,
    LINE_INTS,
    LINE_WORDS,
    LOADS,
    LONG,
    NODES,
    PARENT,
    PEOPLE,
    SHORT,
)

MERGED, REFRESHED_EDGE, EVICTED_EDGE, KEPT_OUT_EDGE = range(4)


@kernel
def climb(nodes: Array, node: int) -> tuple[int, int]:
    """(root, number of edges up to it)."""
    ints, depth = int32s(nodes), 0
    above = ints[node * LINE_INTS + PARENT]
    while above != 0:
        node = above - 1
        depth += 1
        above = ints[node * LINE_INTS + PARENT]
    return node, depth


@kernel
def turn(nodes: Array, root: int, child: int, names: bool) -> None:
    """The child becomes the root, the root its child; `names`: the root's gang id goes along."""
    ints, at, to = int32s(nodes), root * LINE_WORDS, child * LINE_WORDS
    for word in range(EDGE_TIME):
        part, whole = nodes[to + word], nodes[at + word]
        nodes[to + word] = whole
        nodes[at + word] = whole - part
    nodes[at + EDGE_TIME] = nodes[to + EDGE_TIME]
    ints[root * LINE_INTS + PARENT] = child + 1
    ints[child * LINE_INTS + PARENT] = 0
    if names:
        ints[child * LINE_INTS + GANG] = ints[root * LINE_INTS + GANG]
        ints[root * LINE_INTS + GANG] = 0


@kernel
def add_upwards(
    nodes: Array, node: int, amount: int, people: int, loads: int, short: int, long: int, names: bool
) -> int:
    """Add to a node and all above it; returns the root, which may be a new one: a child with more than half of the tree takes its place."""
    ints, below = int32s(nodes), -1
    while True:
        at = node * LINE_WORDS
        nodes[at + AMOUNT] += amount
        nodes[at + PEOPLE] += people
        nodes[at + LOADS] += loads
        nodes[at + SHORT] += short
        nodes[at + LONG] += long
        above = ints[node * LINE_INTS + PARENT]
        if above == 0:
            break
        below = node
        node = above - 1
    if below >= 0 and 2 * ints[below * LINE_INTS + NODES] > ints[node * LINE_INTS + NODES]:
        turn(nodes, node, below, names)
        return below
    return node


@kernel
def cut(nodes: Array, child: int, names: bool) -> int:
    """Take the edge above `child` away; returns the root of what it was part of."""
    ints, at = int32s(nodes), child * LINE_WORDS
    above = ints[child * LINE_INTS + PARENT] - 1
    ints[child * LINE_INTS + PARENT] = 0
    return add_upwards(
        nodes, above, -nodes[at + AMOUNT], -nodes[at + PEOPLE], -nodes[at + LOADS], -nodes[at + SHORT], -nodes[at + LONG], names
    )  # fmt: skip


@kernel
def make_root(nodes: Array, node: int, root: int) -> None:
    """Turn every edge on the way from `node` to its root around."""
    if node == root:
        return
    ints, at = int32s(nodes), root * LINE_WORDS
    amount, people, loads = nodes[at + AMOUNT], nodes[at + PEOPLE], nodes[at + LOADS]
    short, long = nodes[at + SHORT], nodes[at + LONG]
    below, below_time = -1, nodes[at + EDGE_TIME]
    sub_amount, sub_people, sub_loads, sub_short, sub_long = amount, people, loads, short, long
    while node >= 0:
        at = node * LINE_WORDS
        above, time = ints[node * LINE_INTS + PARENT] - 1, nodes[at + EDGE_TIME]
        own_amount, own_people, own_loads = nodes[at + AMOUNT], nodes[at + PEOPLE], nodes[at + LOADS]
        own_short, own_long = nodes[at + SHORT], nodes[at + LONG]
        if below < 0:
            nodes[at + AMOUNT], nodes[at + PEOPLE], nodes[at + LOADS] = amount, people, loads
            nodes[at + SHORT], nodes[at + LONG] = short, long
        else:
            nodes[at + AMOUNT], nodes[at + PEOPLE], nodes[at + LOADS] = (
                amount - sub_amount,
                people - sub_people,
                loads - sub_loads,
            )
            nodes[at + SHORT], nodes[at + LONG] = short - sub_short, long - sub_long
        ints[node * LINE_INTS + PARENT] = below + 1
        nodes[at + EDGE_TIME] = below_time
        sub_amount, sub_people, sub_loads, sub_short, sub_long = own_amount, own_people, own_loads, own_short, own_long
        below, below_time, node = node, time, above


@kernel
def attach(nodes: Array, child: int, child_root: int, parent: int, time: int, names: bool) -> int:
    """Join two trees by an edge; `child_root` is the root of the child's tree. Returns the root of the whole."""
    make_root(nodes, child, child_root)
    ints, at = int32s(nodes), child * LINE_WORDS
    ints[child * LINE_INTS + PARENT] = parent + 1
    nodes[at + EDGE_TIME] = time
    return add_upwards(
        nodes, parent, nodes[at + AMOUNT], nodes[at + PEOPLE], nodes[at + LOADS], nodes[at + SHORT], nodes[at + LONG], names
    )  # fmt: skip


@kernel
def refresh(nodes: Array, one: int, other: int, time: int) -> bool:
    """If the two are joined by an edge of the forest, it is as new as the newest of its times; whether they are."""
    ints = int32s(nodes)
    if ints[one * LINE_INTS + PARENT] == other + 1:
        nodes[one * LINE_WORDS + EDGE_TIME] = max(nodes[one * LINE_WORDS + EDGE_TIME], time)
        return True
    if ints[other * LINE_INTS + PARENT] == one + 1:
        nodes[other * LINE_WORDS + EDGE_TIME] = max(nodes[other * LINE_WORDS + EDGE_TIME], time)
        return True
    return False


@kernel
def oldest_between(nodes: Array, one: int, one_depth: int, other: int, other_depth: int) -> int:
    """The node below the oldest edge on the path between two nodes of one tree; of equally old ones the first met, deeper end first."""
    ints, found, oldest = int32s(nodes), -1, 0
    while one != other:
        if one_depth >= other_depth:
            node = one
            one = ints[one * LINE_INTS + PARENT] - 1
            one_depth -= 1
        else:
            node = other
            other = ints[other * LINE_INTS + PARENT] - 1
            other_depth -= 1
        time = nodes[node * LINE_WORDS + EDGE_TIME]
        if found < 0 or time < oldest:
            found, oldest = node, time
    return found


@kernel
def link(nodes: Array, one: int, other: int, time: int) -> int:
    """Take up an edge between two different nodes; says what became of it."""
    if refresh(nodes, one, other, time):
        return REFRESHED_EDGE
    root, depth = climb(nodes, one)
    other_root, other_depth = climb(nodes, other)
    became = MERGED
    if root == other_root:
        oldest = oldest_between(nodes, one, depth, other, other_depth)
        if nodes[oldest * LINE_WORDS + EDGE_TIME] >= time:
            return KEPT_OUT_EDGE
        cut(nodes, oldest, False)
        root, depth = climb(nodes, one)
        other_root, other_depth = climb(nodes, other)
        became = EVICTED_EDGE
    join(nodes, one, root, other, other_root, time, False)
    return became


@kernel
def join(nodes: Array, one: int, root: int, other: int, other_root: int, time: int, names: bool) -> int:
    """Join two different trees, the smaller one hung onto the larger; returns the root of the whole."""
    ints = int32s(nodes)
    if ints[root * LINE_INTS + NODES] <= ints[other_root * LINE_INTS + NODES]:
        return attach(nodes, one, root, other, time, names)
    return attach(nodes, other, other_root, one, time, names)
