"""The densest part of a small weighted graph, within a factor of two: greedy peeling.

In: nodes 0 … n-1, edges with whole weights. Out: the set of nodes whose weight inside, divided by its size, was best on the way.
Again and again the node with the least weight to what is left is taken away; of all sets met, the best is at least half as dense as the
densest there is (Charikar 2000, "Greedy approximation algorithms for finding dense components"; with weights as in Hooi et al. 2016,
"FRAUDAR"). Weights are integers, so the choice of a node and the comparison of two densities are exact, and equal on every machine.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.network.local import MIN_BLOCK

GONE: int = 1 << 62


@kernel
def lay_out(edges: Array, count: int, n: int, starts: Array, around: Array, weight: Array) -> int:
    """Edges by node: those of node i are around[starts[i] … starts[i + 1]); `weight` int64[n] becomes the sum at each node.

    Returns the sum of all weights. `edges` int64[count, 4]: one end, other end, anything, weight.
    """
    for node in range(n + 2):
        starts[node] = 0
    for node in range(n):
        weight[node] = 0
    total = 0
    for edge in range(count):
        one, other = edges[4 * edge], edges[4 * edge + 1]
        starts[one + 2] += 1
        starts[other + 2] += 1
        weight[one] += edges[4 * edge + 3]
        weight[other] += edges[4 * edge + 3]
        total += edges[4 * edge + 3]
    for node in range(n):
        starts[node + 2] += starts[node + 1]
    for edge in range(count):
        for end in range(2):
            node = edges[4 * edge + end]
            around[starts[node + 1]] = edge
            starts[node + 1] += 1
    return total


@kernel
def refind_least(weight: Array, least: Array, block: int) -> None:
    """The least weight of a block of nodes."""
    lowest = GONE
    for node in range(block * MIN_BLOCK, (block + 1) * MIN_BLOCK):
        lowest = min(lowest, weight[node])
    least[block] = lowest


@kernel
def lightest(weight: Array, least: Array, blocks: int) -> int:
    """The first node with the least weight, or -1 when all are gone."""
    best, lowest = -1, GONE
    for block in range(blocks):
        if least[block] < lowest:
            best, lowest = block, least[block]
    if best < 0:
        return -1
    node = best * MIN_BLOCK
    while weight[node] != lowest:
        node += 1
    return node


@kernel
def peel(
    edges: Array, count: int, n: int, starts: Array, around: Array, weight: Array, least: Array, order: Array
) -> tuple[int, int, int]:  # fmt: skip
    """(weight inside, size, nodes taken away before) of the best set: all nodes with edges but the first so many of `order`.

    Scratch: starts int64[n + 2], around int64[2·count], weight int64[n rounded up to a block], least int64[blocks], order int64[n].
    """
    total, alive = lay_out(edges, count, n, starts, around, weight), 0
    blocks = (n + MIN_BLOCK - 1) // MIN_BLOCK
    for node in range(blocks * MIN_BLOCK):
        if node >= n or weight[node] == 0:
            weight[node] = GONE
        else:
            alive += 1
    for block in range(blocks):
        refind_least(weight, least, block)
    best_total, best_size, best_step, step = total, alive, 0, 0
    while alive > 1:
        node = lightest(weight, least, blocks)
        total -= weight[node]
        weight[node] = GONE
        refind_least(weight, least, node // MIN_BLOCK)
        order[step] = node
        step += 1
        alive -= 1
        for place in range(starts[node], starts[node + 1]):
            edge = around[place]
            other = edges[4 * edge] + edges[4 * edge + 1] - node
            if weight[other] != GONE:
                weight[other] -= edges[4 * edge + 3]
                least[other // MIN_BLOCK] = min(least[other // MIN_BLOCK], weight[other])
        if total * best_size > best_total * alive:
            best_total, best_size, best_step = total, alive, step
    return best_total, best_size, best_step
