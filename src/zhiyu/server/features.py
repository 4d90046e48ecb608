"""Features over HTTP: which there are, and of one its definition, what it is made of, who uses it.

In: names. Out: JSON with words in both languages, of the policy in force. Sentences are made beside the event loop, once per policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import did_you_mean
from zhiyu.engine.opened import Opened
from zhiyu.policy.checked import CheckedFeature
from zhiyu.policy.diff_words import noun
from zhiyu.policy.lineage import Part, kind_of, lineage_of
from zhiyu.policy.say import Labels, event_words, labels_of, say_feature
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.site import Site
from zhiyu.server.staging import aside

FeatureName = Annotated[str, Path(description="The feature's name, percent-encoded.")]
_JSON = "application/json"


@dataclass(frozen=True)
class Described:
    """The features of one policy in words."""

    opened: Opened

    @cached_property
    def labels(self) -> Labels:
        """Name of a field or feature → (en, zh)."""
        return labels_of(self.opened.compiled.checked)

    @cached_property
    def parts(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(section, name) → (en, zh) of every named part that has words, rules by their own names."""
        policy, found = self.opened.policy, dict[tuple[str, str], tuple[str, str]]()
        for section in msgspec.structs.fields(policy):
            value = getattr(policy, section.name)
            for part in value if isinstance(value, tuple) else ():
                for each in getattr(part, "rules", None) or (part,):
                    name = str(getattr(each, "name", "") or getattr(each, "code", ""))
                    en, zh = getattr(each, "en", ""), getattr(each, "zh", "")
                    kind_en, kind_zh = noun(each)
                    found[section.name, name] = (en or f"{kind_en} '{name}'", zh or en or f"{kind_zh}“{name}”")
        return found

    @cached_property
    def listed(self) -> bytes:
        """All features, in the order of the policy."""
        checked = self.opened.compiled.checked
        told = [self.brief(name, feature) for name, feature in checked.features.items()]
        return encoded({"policy": self.opened.artifact.hash, "features": told})

    def brief(self, name: str, feature: CheckedFeature) -> dict[str, Any]:
        """One line of the list."""
        en, zh = self.labels[name]
        declared = feature.feature
        keys = (declared.by,) if isinstance(declared.by, str) else declared.by
        return {
            "name": name, "en": en, "zh": zh, "kind": kind_of(feature), "type": str(feature.type), "by": [key for key in keys if key],
            "over": declared.over, "on": list(declared.on), "uses": len(self.opened.uses.get(name, ())),
        }  # fmt: skip

    def whole(self, name: str, feature: CheckedFeature) -> dict[str, Any]:
        """Everything about one."""
        checked, declared = self.opened.compiled.checked, feature.feature
        said = {language: say_feature(checked, name, language) for language in ("en", "zh")}
        texts = {key: getattr(declared, key) for key in ("expr", "aggregate", "of", "where", "current")}
        lineage = lineage_of(checked, self.opened.uses, name)
        return {
            **self.brief(name, feature), "said_en": said["en"], "said_zh": said["zh"], **texts, "from_grid": feature.from_grid,
            "events": [
                {"name": each, "en": event_words(checked, each, "en"), "zh": event_words(checked, each, "zh")} for each in declared.on
            ],
            "uses": [each.to_dict() for each in self.opened.uses.get(name, ())],
            "lineage": {
                "parts": [self.part(each) for each in lineage.parts], "links": [list(each) for each in lineage.links], "cut": lineage.cut,
            },
        }  # fmt: skip

    def part(self, part: Part) -> dict[str, Any]:
        """One part of a lineage with its words."""
        known = self.labels.get(part.name) if part.section in ("features", "fields") else None
        en, zh = known or self.parts.get(
            (part.section, part.name), (part.name or part.section, part.name or part.section)
        )
        return {"section": part.section, "name": part.name, "depth": part.depth, "en": en, "zh": zh}


def add_features(app: FastAPI, site: Site) -> None:
    """The routes under /v1/features."""
    kept: dict[str, Described] = {}

    def described(opened: Opened) -> Described:
        key = f"{opened.tenant}/{opened.artifact.hash}"
        if key not in kept:
            for old in [each for each in kept if each.startswith(f"{opened.tenant}/")]:
                del kept[old]
            kept[key] = Described(opened)
        return kept[key]

    @app.get("/v1/features", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        found = described(desk.live.opened)
        return Response(await aside(lambda: found.listed), media_type=_JSON)

    @app.get("/v1/features/{name}", include_in_schema=False)
    async def one(name: FeatureName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        own, found = id_of(name), described(desk.live.opened)
        feature = feature_of(desk.live.opened, own)
        return Response(encoded(await aside(lambda: found.whole(own, feature))), media_type=_JSON)


def feature_of(opened: Opened, name: str) -> CheckedFeature:
    """The feature of this name; HttpError 404 when the policy has none."""
    known = opened.compiled.checked.features
    if name not in known:
        hint = did_you_mean(name, known)
        raise HttpError(
            404, "no_feature", f"the policy has no feature of this name; {hint.en}".rstrip("; "),
            f"策略中没有该名称的特征；{hint.zh}".rstrip("；"), "name",
        )  # fmt: skip
    return known[name]
