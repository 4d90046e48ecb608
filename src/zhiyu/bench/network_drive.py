"""The inner loop of the network's benchmark, in a file of its own, so that nothing else of the benchmark is a kernel's source.

In: columns of a stream. Out: the network fed, block by block; registers: person, amount, eight things, the gate, results.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.network.gates import open_gates
from zhiyu.network.kernel import feed_block

PERSON, AMOUNT, FIRST_THING = 0, 1, 2
INPUTS = FIRST_THING + 8
GATE = INPUTS
FIRST_OUTPUT = INPUTS + 1
GATED_PERSONS = 5


@kernel
def drive(
    context: Array, given: Array, values: Array, times: Array, kinds: Array, asks: Array, gate: int, gates: Array
) -> int:  # fmt: skip
    """Feed all columns of `given` int64[INPUTS, n] in blocks; a gate opens for cores of five people and more, or, when there are `gates`
    uint8[n], as they say. 0, or what is full."""
    x, width = words_at(context.ctypes.data), values.shape[1]
    for start in range(0, given.shape[1], width):
        count = min(width, given.shape[1] - start)
        for register in range(given.shape[0]):
            for row in range(count):
                values[register, row] = given[register, start + row]
        status = feed_block(
            x,
            beyond(words_at(times.ctypes.data), start),
            words_at(kinds.ctypes.data),
            bytes_at(asks.ctypes.data),
            count,
        )
        if status != 0:
            return status
        if gate >= 0:
            for row in range(count):
                if gates.shape[0] > 0:
                    values[GATE, row] = gates[start + row]
                else:
                    values[GATE, row] = values[gate, row] >= GATED_PERSONS
            open_gates(x, count)
    return 0
