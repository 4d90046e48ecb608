"""GET /v1/vocabulary: the words of the policy in force: event types, fields, outcomes, reasons, rules, in English and Chinese.

In: nothing. Out: JSON. A page that shows decisions asks once; the hash says when to ask again.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response

from zhiyu.decisions.explain import MARK_WORDS
from zhiyu.engine.decision_query import names_kept
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.opened import Opened
from zhiyu.policy.say import OUTCOME_WORDS, event_words, labels_of
from zhiyu.server.problems import encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site


def add_vocabulary(app: FastAPI, site: Site) -> None:
    """The route."""
    kept: dict[str, bytes] = {}

    @app.get("/v1/vocabulary", tags=["policy"], summary="The words of the policy in force")
    async def vocabulary(request: Request) -> Response:
        """Event types, fields, outcomes, marks, reasons and rules with their wording; whom events are about."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        key = f"{exchange.grant.tenant if exchange.grant else ''}/{desk.live.opened.artifact.hash}"
        if key not in kept:
            kept.clear()
            kept[key] = encoded(words_of(desk.live.opened))
        return Response(kept[key], media_type="application/json")


def words_of(opened: Opened) -> dict[str, Any]:
    """Everything that has a name in a policy, with its words."""
    policy, labels = opened.policy, labels_of(opened.compiled.checked)
    checked = opened.compiled.checked

    def own(name: str, en: str, zh: str) -> dict[str, str]:
        return {"name": name, "en": en or name, "zh": zh or en or name}

    types = [
        {**own(e.name, event_words(checked, e.name, "en"), event_words(checked, e.name, "zh")), "decide": e.decide}
        for e in policy.events
    ]  # fmt: skip
    fields = dict.fromkeys(name for event in policy.events for name in event.fields)
    rules = [
        {**own(rule.name, rule.en, rule.zh), "set": each.name, "shadow": rule.shadow}
        for each in policy.rule_sets for rule in each.rules
    ]  # fmt: skip
    return {
        "policy": {**own(policy.name, policy.en, policy.zh), "hash": opened.artifact.hash}, "types": types,
        "fields": [own(name, *labels.get(name, (name, name))) for name in fields],
        "asked": [own(name, *labels.get(name, (name, name))) for name in sorted(names_kept(opened))],
        "named": {name: entities[0] for name, entities in entities_of(opened).items()},
        "entities": sorted({entity for known in entities_of(opened).values() for entity in known}),
        "outcomes": [own(name, *words) for name, words in OUTCOME_WORDS.items()],
        "marks": [own(name, *words) for name, words in MARK_WORDS.items() if name],
        "reasons": [own(reason.code, reason.en, reason.zh) for reason in policy.reasons],
        "rules": rules, "sets": [own(each.name, each.en, each.zh) for each in policy.rule_sets],
        "actions": [own(each.name, each.en, each.zh) for each in policy.actions],
        "person": policy.network.person if policy.network is not None else None,
        "links": [link.field for link in policy.network.links] if policy.network is not None else [],
    }  # fmt: skip
