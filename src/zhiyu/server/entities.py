"""What stands about one entity now: GET /v1/entities/{type}/{id}/features, …/lists.

In: the entity and its value, or the code that was told. Out: JSON. Features are those that are counted by this entity alone, as the runs
have them, now or at an earlier moment as far back as a window is still whole; a look enters nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response

from zhiyu.base.windows import parse_duration_ms
from zhiyu.decisions.values import seen_form, to_python
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened
from zhiyu.expressions.wording import say_value
from zhiyu.features.look import looked, whole_since
from zhiyu.log.list_journal import said_time
from zhiyu.policy.compile import FeatureColumn
from zhiyu.server.lists import entry_told
from zhiyu.server.past import moment_of
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.site import Site
from zhiyu.server.timelines import EntityId, EntityType, code_asked

_JSON = "application/json"


def add_entities(app: FastAPI, site: Site) -> None:
    """The routes."""

    @app.get("/v1/entities/{type}/{id}/features", include_in_schema=False)
    async def features(type: EntityType, id: EntityId, request: Request) -> Response:
        exchange, desk = admitted(request, site, "read")
        asked, live, entity = exchange.known_query("as_of").get("as_of", ""), desk.live, id_of(type)
        code = code_asked(live, entity, id_of(id))
        moment, as_of = live.moment(), moment_of(asked)
        if as_of is not None and as_of > moment:
            raise HttpError(
                422, "as_of", "has not come yet; give an earlier moment", "时点在未来；请填写更早的时间", "as_of"
            )
        found = features_of(live, entity, code, moment if as_of is None else as_of)
        position = live.position
        await desk.durable()
        return _json({**_named(entity, code), **found, "now": said_time(moment), "position": position})

    @app.get("/v1/entities/{type}/{id}/lists", include_in_schema=False)
    async def lists(type: EntityType, id: EntityId, request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        exchange.known_query()
        live, entity = desk.live, id_of(type)
        code = code_asked(live, entity, id_of(id))
        found = lists_of(live, entity, code)
        await desk.durable()
        return _json({**_named(entity, code), "lists": found})


def features_of(live: Live, entity: str, code: int, moment_ms: int) -> dict[str, Any]:
    """`as_of`; `features` that are counted by a field of this entity alone, as of a moment (ms), in the order of the policy.

    `whole` false: what the window held then is not kept any more, so nothing is said. `lost`: the key had more entries than are kept.
    """
    opened, state = live.opened, live.engine.state
    clock = int(live.engine.door.clock[0])
    found, seen = list[dict[str, Any]](), dict[int, Any]()
    for column, by in _counted_by(opened, entity):
        register = opened.compiled.schema.index[by]
        if register not in seen:
            seen[register] = looked(state, register, code, moment_ms, opened.compiled.n_registers)
        values, nulls, lost = seen[register]
        over = opened.compiled.checked.features[column.name].feature.over
        whole = moment_ms >= whole_since(state, register, parse_duration_ms(over), clock)
        value = to_python(column.type, int(values[column.register]), int(nulls[column.register])) if whole else None
        shown = seen_form(column.type, value)
        en, zh = opened.explainer.labels.get(column.name, (column.name, column.name))
        found.append({
            "name": column.name, "en": en, "zh": zh, "by": by, "over": over, "type": str(column.type), "whole": whole, "lost": lost,
            "missing": value is None, "said_en": say_value(shown, column.type, "en") if whole else "",
            "said_zh": say_value(shown, column.type, "zh") if whole else "",
        })  # fmt: skip
    return {"as_of": said_time(moment_ms), "features": found}


def _counted_by(opened: Opened, entity: str) -> Iterator[tuple[FeatureColumn, str]]:
    """Aggregates that the policy counts by one field, which names the entity; with the field."""
    fields = {name for name, entities in entities_of(opened).items() if entity in entities}
    for column in opened.compiled.features:
        feature = opened.compiled.checked.features.get(column.name)
        if column.role == "aggregate" and feature is not None and feature.counted:
            by = feature.feature.by
            keys = (by,) if isinstance(by, str) else by
            if len(keys) == 1 and keys[0] in fields:
                yield column, keys[0]


def lists_of(live: Live, entity: str, code: int) -> list[dict[str, Any]]:
    """The lists on which a value of an entity stands now, in the order of the policy, as entries are told, with the list's words."""
    fields = {name for name, entities in entities_of(live.opened).items() if entity in entities}
    book, moment, found = live.engine.lists, live.moment(), list[dict[str, Any]]()
    for declared in live.opened.policy.lists:
        if declared.of in fields or declared.of == entity:
            held = book.held(declared.name, np.array([code], np.int64), moment)
            entry = book.entry(declared.name, code) if held else None
            if entry is not None:
                found.append({**entry_told(entry), "kind": declared.kind, "en": declared.en, "zh": declared.zh})
    return found


def _named(entity: str, code: int) -> dict[str, str]:
    return {"entity": entity, "code": f"{code & 0xFFFFFFFFFFFFFFFF:016x}"}


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON)
