"""What the server counts, for `/metrics`: requests, stages, batches, queue, sheds.

In: numbers, from the event loop's thread only. Out: Prometheus text. Histograms are kept as plain lists and handed to prometheus-client
when it asks: an observation costs a bisection instead of a lock and a label look-up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from zhiyu.server.desk import TAKEN_STAGES, Desk, Watch

SECONDS = (
    0.00001,
    0.000025,
    0.00005,
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.002,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    5.0,
)
_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


class Spread:
    """A histogram: counts per bucket and the sum.

    >>> spread = Spread((1.0, 2.0)); spread.add(1.5); spread.counts
    [0, 1, 0]
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds, self.counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """One observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """(upper bound, observations up to it), as Prometheus wants them."""
        found, so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts):
            so_far += count
            found.append((bound, float(so_far)))
        return found


class TenantMeters(Watch):
    """What one tenant's desk did."""

    def __init__(self) -> None:
        self.stages = {name: Spread() for name in (*TAKEN_STAGES, "sync", "answer")}
        self.batch = Spread(_SIZES)
        self.records = self.sheds = self.breaks = self.reopenings = 0

    def decided(self, records: int, stages: tuple[float, float, float, float]) -> None:
        """A batch went through `take`."""
        self.records += records
        self.batch.add(records)
        for name, seconds in zip(TAKEN_STAGES, stages):
            self.stages[name].add(seconds)

    def synced(self, seconds: float) -> None:
        """A sync is done."""
        self.stages["sync"].add(seconds)

    def answered(self, seconds: float) -> None:
        """Answers were handed out."""
        self.stages["answer"].add(seconds)

    def shed(self, records: int) -> None:
        """Records were turned away."""
        self.sheds += records

    def broke(self, why: str) -> None:
        """The log stopped."""
        self.breaks += 1

    def reopened(self, ok: bool, why: str) -> None:
        """The log was opened again, or could not be."""
        self.reopenings += ok


class Meters:
    """All meters of a server."""

    def __init__(self) -> None:
        self.whole: dict[str, Spread] = {}
        self.statuses: dict[tuple[str, int], int] = {}
        self.tenants: dict[str, TenantMeters] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        spread = self.whole.get(route)
        if spread is None:
            spread = self.whole[route] = Spread()
        spread.add(seconds)
        key = (route, status)
        self.statuses[key] = self.statuses.get(key, 0) + 1


class _Told(Collector):
    """Meters and the desks' own facts, in the form prometheus-client takes them: those of one tenant. Requests are the server's."""

    def __init__(self, meters: Meters, desks: Mapping[str, Desk], tenant: str) -> None:
        self._meters, self._tenant, self._all = meters, tenant, desks

    @property
    def _desks(self) -> dict[str, Desk]:
        return {self._tenant: self._all[self._tenant]} if self._tenant in self._all else {}

    def collect(self) -> Iterator[Metric]:
        """Everything there is."""
        yield from self._requests()
        yield from self._stages()
        yield from self._states()
        yield from self._services()

    def _requests(self) -> Iterator[Metric]:
        counts = CounterMetricFamily("zhiyu_http_requests", "Requests answered", labels=("route", "status"))
        for (route, status), count in self._meters.statuses.items():
            counts.add_metric((route, str(status)), count)
        yield counts
        whole = HistogramMetricFamily(
            "zhiyu_http_seconds", "From when a request could be read to its answer", labels=("route",)
        )
        for route, spread in self._meters.whole.items():
            whole.add_metric((route,), spread.buckets(), spread.total)
        yield whole

    def _stages(self) -> Iterator[Metric]:
        stages = HistogramMetricFamily(
            "zhiyu_stage_seconds", "Stages of a batch: wait (its longest), decode, decide, write, sync, answer",
            labels=("tenant", "stage"),
        )  # fmt: skip
        sizes = HistogramMetricFamily("zhiyu_batch_records", "Records decided together", labels=("tenant",))
        records = CounterMetricFamily("zhiyu_records", "Records that went through", labels=("tenant",))
        sheds = CounterMetricFamily("zhiyu_shed_records", "Records turned away with 429", labels=("tenant",))
        breaks = CounterMetricFamily("zhiyu_log_failures", "Times the log stopped", labels=("tenant",))
        for tenant, meters in [(self._tenant, self._meters.tenants[self._tenant])]:
            for name, spread in meters.stages.items():
                stages.add_metric((tenant, name), spread.buckets(), spread.total)
            sizes.add_metric((tenant,), meters.batch.buckets(), meters.batch.total)
            records.add_metric((tenant,), meters.records)
            sheds.add_metric((tenant,), meters.sheds)
            breaks.add_metric((tenant,), meters.breaks)
        yield from (stages, sizes, records, sheds, breaks)

    def _states(self) -> Iterator[Metric]:
        queued = GaugeMetricFamily("zhiyu_queued_records", "Records that wait to be decided", labels=("tenant",))
        expected = GaugeMetricFamily(
            "zhiyu_expected_wait_seconds", "What a record that comes now would wait", labels=("tenant",)
        )
        ready = GaugeMetricFamily("zhiyu_ready", "1 when the tenant's log takes events", labels=("tenant",))
        facts = GaugeMetricFamily("zhiyu_engine", "Counts of the engine", labels=("tenant", "fact"))
        for tenant, desk in self._desks.items():
            queued.add_metric((tenant,), desk.queued)
            expected.add_metric((tenant,), desk.expected_s())
            ready.add_metric((tenant,), float(not desk.broken))
            for name, value in ({} if desk.broken else desk.live.facts()).items():
                if isinstance(value, (int, float)):
                    facts.add_metric((tenant, name), value)
        late = GaugeMetricFamily("zhiyu_loop_late_seconds", "How late the event loop comes to its sockets")
        each = GaugeMetricFamily("zhiyu_request_cost_seconds", "What a request costs beside deciding it")
        for pace in {desk.pace for desk in self._all.values()}:
            late.add_metric((), pace.late_s())
            each.add_metric((), pace.each_s)
        yield from (queued, expected, ready, facts, late, each)

    def _services(self) -> Iterator[Metric]:
        """Calls of services outside since the server started."""
        named = ("tenant", "service")
        calls = CounterMetricFamily("zhiyu_service_calls", "Calls by how they ended", labels=(*named, "end"))
        cached = CounterMetricFamily("zhiyu_service_cached", "Calls answered from the cache", labels=named)
        tries = CounterMetricFamily("zhiyu_service_tries", "Attempts that went out", labels=named)
        cost = CounterMetricFamily("zhiyu_service_cost", "Money spent, major units", labels=(*named, "currency"))
        seconds = CounterMetricFamily("zhiyu_service_seconds", "Time of the calls that went out", labels=named)
        leaves = GaugeMetricFamily("zhiyu_service_left_alone", "1 while the breaker is open", labels=named)
        refused = CounterMetricFamily(
            "zhiyu_service_answers_refused", "Answers that the policy refused", labels=("tenant",)
        )
        for tenant, desk in self._desks.items():
            refused.add_metric((tenant,), desk.calls.not_taken)
            for name, spent in desk.calls.asker.spent().items():
                for end, count in spent.ends.items():
                    calls.add_metric((tenant, name, end), count)
                cached.add_metric((tenant, name), spent.cached)
                tries.add_metric((tenant, name), spent.tries)
                seconds.add_metric((tenant, name), spent.seconds)
                cost.add_metric((tenant, name, spent.currency), float(spent.cost))
                leaves.add_metric((tenant, name), float(spent.left_alone))
        yield from (calls, cached, tries, cost, seconds, leaves, refused)


def registry_of(meters: Meters, desks: Mapping[str, Desk], tenant: str) -> CollectorRegistry:
    """A registry that `prometheus_client.generate_latest` can print: of one tenant, and of the server as a whole."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(meters, desks, tenant))
    return registry
