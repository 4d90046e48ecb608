"""Many entries of a list at once need a second pair of eyes: a person's change becomes a proposal, which somebody else approves.

In: changes that were read and compared with the list. Out: a proposal that waits for approval; later the changes themselves, as of the
moment of approval. A value is kept as the log keeps it: its code, and what people may see of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zhiyu.access.proposals import Proposal
from zhiyu.engine.live import Live
from zhiyu.entities.lists import NEVER, ListChange
from zhiyu.server.exchange import Exchange
from zhiyu.server.problems import HttpError
from zhiyu.server.site import Site

KIND = "lists"
SHOWN = 20
"""Entries that a proposal shows, masked."""
REASONS = 5
"""Reasons that a proposal shows."""
NO_LIMIT = 1 << 62


def most_alone(site: Site, exchange: Exchange) -> int:
    """How many changes whoever asks may make at once without anybody else; a machine's key is not asked."""
    person = exchange.grant is not None and bool(exchange.grant.person)
    return site.settings.list_four_eyes if person and site.staff is not None else NO_LIMIT


async def propose(
    site: Site, exchange: Exchange, name: str, changes: Sequence[ListChange], author: str
) -> dict[str, Any]:
    """Make it a proposal, submitted already."""
    staff, grant = site.staff, exchange.grant
    assert staff is not None
    assert grant is not None
    kept, now = staff.offices[grant.tenant].proposals, staff.wall()
    op, count = changes[0].op, len(changes)
    entries = [[each.code, each.until_ms, each.reason, each.shown] for each in changes]
    stated = list(dict.fromkeys(each.reason for each in changes if each.reason))[:REASONS]
    payload = {
        "list": name, "op": op, "count": count, "stated": stated, "examples": [each.shown for each in changes[:SHOWN]], "entries": entries,
        "author": author,
    }  # fmt: skip
    title = f"{name}: {'+' if op == 'add' else '-'}{count:,}"
    submitted = await staff.aside(lambda: kept.ask(KIND, name[:200], title, payload, exchange.who, now))
    return {"status": submitted.state, "proposal": submitted.number}


def carried_out(live: Live, proposal: Proposal) -> dict[str, Any]:
    """Change the list now. What is there already, or not any more, is left as it is, so that doing it twice is doing it once."""
    content, moment = proposal.payload, live.moment()
    name, adds = content["list"], content["op"] == "add"
    if name not in live.opened.known_lists.lists:
        raise HttpError(409, "no_list", "the policy has no such list any more", "策略中已没有该名单")
    codes = np.array([entry[0] for entry in content["entries"]], np.int64)
    held, author = live.engine.lists.held(name, codes, moment), f"{proposal.by}, {proposal.decided_by}"
    changes = [
        ListChange(moment, name, "add" if adds else "remove", code, until if adds else NEVER, reason, author, shown)
        for code, until, reason, shown in content["entries"]
        if (held.get(code) != until and until > moment if adds else code in held)
    ]
    live.change_lists(changes)
    return {"status": "changed", "changed": len(changes), "left": len(content["entries"]) - len(changes)}
