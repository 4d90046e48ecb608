"""What is known of each component: a line with the sums of its nodes, given out and taken back.

In: node lines that say which component they are of. Out: sums as of now. A node that stands alone has no line: its own is what there is to
say. `x`: a context with `N_NODES`, `N_COMPONENTS`, `N_COMPONENT_HEAD`; the network's and that of gangs have them at the same places.
"""

import numpy as np

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, int32s, words_at
from zhiyu.network.layout import (
    AMOUNT,
    APPLICATIONS,
    BAD,
    BADS,
    C_FREE,
    C_USED,
    COMPONENT,
    COUNTED,
    KIND,
    LINE_INTS,
    LINE_WORDS,
    MAX_COUNTED,
    N_COMPONENT_HEAD,
    N_COMPONENTS,
    N_NODES,
    NEXT_FREE,
    NODES,
    PERSON_KIND,
    PERSONS,
)


@kernel
def node_ints(x: Array) -> Array:
    """All node lines, as 32-bit numbers."""
    ints: Array = int32s(words_at(x[N_NODES]))
    return ints


@kernel
def component_line(x: Array, node: int) -> Array:
    """The line of a node's component; all 0 when the node stands alone."""
    number = int64(node_ints(x)[node * LINE_INTS + COMPONENT])
    line: Array = beyond(words_at(x[N_COMPONENTS]), number * LINE_WORDS)
    return line


@kernel
def component_ints(x: Array, node: int) -> Array:
    """The same as 32-bit numbers."""
    ints: Array = int32s(component_line(x, node))
    return ints


@kernel
def nodes_with(x: Array, node: int) -> int:
    """Nodes of a node's component."""
    return max(int64(component_ints(x, node)[NODES]), 1)


@kernel
def persons_with(x: Array, node: int) -> int:
    """Persons of a node's component."""
    ints = node_ints(x)
    if ints[node * LINE_INTS + COMPONENT] == 0:
        return int64(ints[node * LINE_INTS + KIND] == PERSON_KIND)
    return int64(component_ints(x, node)[PERSONS])


@kernel
def bad_with(x: Array, node: int) -> int:
    """Known-bad persons of a person's component."""
    ints = node_ints(x)
    if ints[node * LINE_INTS + COMPONENT] == 0:
        return int64(ints[node * LINE_INTS + BADS] > 0)
    return int64(component_ints(x, node)[BAD])


@kernel
def add_bad(x: Array, person: int, change: int) -> None:
    """A person has become known to be bad (1), or is no more (-1)."""
    if node_ints(x)[person * LINE_INTS + COMPONENT] != 0:
        component_ints(x, person)[BAD] += change


@kernel
def add_application(x: Array, person: int, amount: int, change: int) -> None:
    """An application enters (1) or leaves (-1) the window."""
    ints = node_ints(x)
    words_at(x[N_NODES])[person * LINE_WORDS + AMOUNT] += amount
    ints[person * LINE_INTS + APPLICATIONS] += change
    if ints[person * LINE_INTS + COMPONENT] != 0:
        component_line(x, person)[AMOUNT] += amount
        component_ints(x, person)[APPLICATIONS] += change


@kernel
def add_counted(x: Array, person: int, window: int, change: int) -> None:
    """An application enters (1) or leaves (-1) a counted window."""
    ints = node_ints(x)
    ints[person * LINE_INTS + COUNTED + window] += change
    if ints[person * LINE_INTS + COMPONENT] != 0:
        component_ints(x, person)[COUNTED + window] += change


@kernel
def add_line(x: Array, number: int, words: Array, sign: int) -> None:
    """Add what a node line or a component's line (`words` at its begin) sums up to a component, or take it off."""
    line, other = beyond(words_at(x[N_COMPONENTS]), number * LINE_WORDS), int32s(words)
    ints = int32s(line)
    line[AMOUNT] += sign * words[AMOUNT]
    for place in range(APPLICATIONS, COUNTED + MAX_COUNTED):
        ints[place] += sign * other[place]


@kernel
def add_node(x: Array, number: int, node: int, sign: int) -> None:
    """A node comes to a component, or leaves it; its line is not touched."""
    ints, own = int32s(beyond(words_at(x[N_COMPONENTS]), number * LINE_WORDS)), beyond(node_ints(x), node * LINE_INTS)
    add_line(x, number, beyond(words_at(x[N_NODES]), node * LINE_WORDS), sign)
    ints[NODES] += sign
    if own[KIND] == PERSON_KIND:
        ints[PERSONS] += sign
        ints[BAD] += sign * (own[BADS] > 0)


@kernel
def new_component(x: Array) -> int:
    """An empty line. There are never more than half as many as nodes."""
    head = words_at(x[N_COMPONENT_HEAD])
    number: int = head[C_FREE]
    if number == 0:
        head[C_USED] += 1
        number = head[C_USED]
    else:
        head[C_FREE] = int64(int32s(words_at(x[N_COMPONENTS]))[number * LINE_INTS + NEXT_FREE])
    wipe(x, number)
    return number


@kernel
def wipe(x: Array, number: int) -> None:
    """All of a component's line is 0."""
    for word in range(LINE_WORDS):
        words_at(x[N_COMPONENTS])[number * LINE_WORDS + word] = 0


@kernel
def free_component(x: Array, number: int) -> None:
    """Nobody is in it any more."""
    head = words_at(x[N_COMPONENT_HEAD])
    wipe(x, number)
    int32s(words_at(x[N_COMPONENTS]))[number * LINE_INTS + NEXT_FREE] = head[C_FREE]
    head[C_FREE] = number


@kernel
def are_together(x: Array, one: int, other: int) -> bool:
    """Whether two different nodes are of one component."""
    ints = node_ints(x)
    number = ints[one * LINE_INTS + COMPONENT]
    return number != 0 and number == ints[other * LINE_INTS + COMPONENT]


def names_of(ints: Array) -> Array:
    """int64[n]: the same number for nodes of one component, another for others, from node lines int32[n, LINE_INTS]."""
    own = ints[:, COMPONENT].astype(np.int64)
    return np.where(own > 0, own, -1 - np.arange(len(own)))
