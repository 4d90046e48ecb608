"""GET /v1/network/hubs, and the alarms of the network: a thing over its cap, a component that holds too many.

In: time that passes. Out: log lines `network_hubs` (links over their cap since the last look, hubs there are) and `network_component`
(people of the largest component and their share of all), each once when it begins or grows; a route that names the hubs. Both say that a
policy's links need a look: one device with 500 applications is a farm, and what swallows everybody joins by what strangers share.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response

from zhiyu.evaluation.network_files import code_text
from zhiyu.evaluation.report import LARGE_COMPONENT, LARGE_SHARE
from zhiyu.network.hubs import hubs_of
from zhiyu.network.layout import CAPPED
from zhiyu.server.desk import Desk
from zhiyu.server.network import live_network, names_of, told_durably
from zhiyu.server.problems import HttpError
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site

LOOK_S = 60.0
MAX_HUBS = 100
GROWN = 2
"""A large component is told of again when it has so many times as many people."""


def add_hubs(app: FastAPI, site: Site) -> None:
    """The route."""

    @app.get("/v1/network/hubs", tags=["network"], summary="Things over their cap, and the largest component")
    async def hubs(request: Request) -> Response:
        """Things of joining links that more people use than `max_people` allows, those with most people first, at most 100; `count`: how
        many there are. `largest_component`, `persons`: people of the largest component, and of the whole network."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        asked = live_network(desk, gangs=False)
        found, count = hubs_of(asked.state, MAX_HUBS)
        facts, largest, position = asked.state.facts(), asked.state.largest_component(), desk.live.position
        names = await names_of(asked, {hub.key: (hub.kind, hub.code) for hub in found})
        lines = [
            {"name": names[hub.key], "code": code_text(hub.code), "people": hub.people, "max_people": hub.cap}
            for hub in found
        ]
        told = {"hubs": lines, "count": count, "largest_component": largest, "persons": facts["persons"]}
        return await told_durably(desk, told | {"position": position})


@dataclass(slots=True)
class _Known:
    """What was told of a tenant: links over their cap, people of the component that was too large (0: none is)."""

    capped: int
    people: int = 0


class NetworkAlarms:
    """Looks at the networks of all tenants; `rounds` runs until it is cancelled."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, _Known] = {}

    async def rounds(self) -> None:
        """Look every minute."""
        while True:
            for tenant, desk in self._site.desks.items():
                with contextlib.suppress(HttpError):  # a policy without a network has no alarms
                    self.look(tenant, desk)
                await asyncio.sleep(0)
            await asyncio.sleep(LOOK_S)

    def look(self, tenant: str, desk: Desk) -> None:
        """Write what is new since the last look."""
        if desk.broken or desk.closing:
            return
        state = live_network(desk, gangs=False).state
        capped = int(state.counters[CAPPED])
        known = self._known.setdefault(tenant, _Known(0))
        if capped > known.capped:
            _, count = hubs_of(state, 0)
            fresh = capped - known.capped
            self._site.lines.write("network_hubs", "warning", tenant=tenant, links_over_cap=fresh, hubs=count)
        known.capped = capped
        persons, largest = int(state.facts()["persons"]), state.largest_component()
        if largest < LARGE_COMPONENT or largest <= LARGE_SHARE * persons:
            known.people = 0
        elif largest >= GROWN * known.people:
            known.people = largest
            share = round(largest / persons, 3)
            self._site.lines.write("network_component", "warning", tenant=tenant, people=largest, share=share)
