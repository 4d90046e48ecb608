"""What graph libraries do for the same question: which component is each person in, within the window.

In: the links of a full window. Out: per library events/s if it runs once per micro-batch of MICRO_BATCH events (the building of its graph
included), and for networkit's dynamic components one update per link that comes or goes. Libraries that are not installed are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.bench.network_stream import JOINING

MICRO_BATCH = 64
DYNAMIC_LINKS = 100_000
SECONDS, HELD_BACK = 20.0, 20_000
"""A dynamic peer is stopped after so long, or so many links."""
Edges = tuple[Array, Array, int]


def run_peers(edges: Edges) -> dict[str, dict[str, float]]:
    """Figures by library."""
    found = {}
    for name, run in (("scipy", _scipy), ("rustworkx", _rustworkx), ("networkit", _networkit)):
        try:
            seconds = _median(lambda run=run: run(edges))  # type: ignore[misc]
        except ImportError:
            continue
        found[name] = {"pass_s": round(seconds, 4), "events_per_s": round(MICRO_BATCH / seconds, 1)}
    with suppress(ImportError):
        found["networkit_dynamic"] = _dynamic(edges)
    return found


def _median(run: Callable[[], int]) -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return sorted(took)[1]


def _scipy(edges: Edges) -> int:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    one, other, nodes = edges
    graph = coo_matrix((np.ones(len(one), np.int8), (one, other)), shape=(nodes, nodes))
    return int(connected_components(graph, directed=False)[0])


def _rustworkx(edges: Edges) -> int:
    import rustworkx

    one, other, nodes = edges
    graph = rustworkx.PyGraph(multigraph=True)
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from_no_data(list(zip(one.tolist(), other.tolist())))
    return int(rustworkx.number_connected_components(graph))


def _networkit(edges: Edges) -> int:
    import networkit

    one, other, nodes = edges
    graph = networkit.GraphFromCoo((one.astype(np.uint64), other.astype(np.uint64)), n=nodes)
    components = networkit.components.ConnectedComponents(graph)
    components.run()
    return int(components.numberOfComponents())


def _dynamic(edges: Edges) -> dict[str, float]:
    """Links come, four an event, and as many others go. Those that come are real ones, held back when the graph is built. The graph is a
    sample of DYNAMIC_LINKS links: to begin with a whole window of a million people takes this library more than ten minutes."""
    import networkit
    from networkit.dynamics import GraphEvent, GraphEventType

    one, other, _ = edges
    pairs = np.unique(np.stack([one, other], axis=1), axis=0)
    pairs = pairs[np.random.default_rng(0).permutation(len(pairs))[:DYNAMIC_LINKS]]
    names, numbers = np.unique(pairs, return_inverse=True)
    pairs, nodes = numbers.reshape(pairs.shape), len(names)
    held = min(HELD_BACK, len(pairs) // 4)
    rest = pairs[held:].astype(np.uint64)
    graph = networkit.GraphFromCoo((np.ascontiguousarray(rest[:, 0]), np.ascontiguousarray(rest[:, 1])), n=nodes)
    components = networkit.components.DynConnectedComponents(graph)
    components.run()
    links, began = 0, time.perf_counter()
    for (person, thing), (gone, left) in zip(pairs[:held].tolist(), pairs[held : 2 * held].tolist()):
        graph.addEdge(person, thing)
        components.update(GraphEvent(GraphEventType.EDGE_ADDITION, person, thing, 1.0))
        graph.removeEdge(gone, left)
        components.update(GraphEvent(GraphEventType.EDGE_REMOVAL, gone, left, 1.0))
        links += 1
        if time.perf_counter() - began > SECONDS:
            break
    took = time.perf_counter() - began
    return {"links": links, "events_per_s": round(links / JOINING / took, 1)}
