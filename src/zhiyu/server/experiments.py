"""Experiments inside flows over HTTP: those of the version in force, and what came of the arms of one.

In: names of a flow and of a node in it. Out: the experiments with their sentences; for one a stream of lines: how far it is, then each arm
with its figures. Counted are decisions of the last 30 days from when the experiment went live: with the version in force, or with an
earlier one that ran the same without a break. The work is done in a process beside the server (`trying`).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import did_you_mean
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened
from zhiyu.engine.releases import Release
from zhiyu.policy.artifact import Artifact
from zhiyu.policy.declare import Policy
from zhiyu.policy.experiments import Experiment, experiment_of, experiments_of, percent_of, places_of, same_experiment
from zhiyu.server.drafts import stream_of
from zhiyu.server.policies import opened_version
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.site import Site
from zhiyu.server.staging import aside, release_told

FlowName = Annotated[str, Path(description="The flow's name, percent-encoded.")]
NodeName = Annotated[str, Path(description="The name of the node that splits, percent-encoded.")]


def add_experiments(app: FastAPI, site: Site) -> None:
    """The routes."""

    @app.get("/v1/experiments", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        opened = await aside(lambda: opened_version(desk.live, desk.live.whole))
        found = [experiment_told(opened, each) for each in experiments_of(opened.artifact.policy)]
        content = {"policy": opened.artifact.hash, "experiments": found}
        return Response(encoded(content), media_type="application/json")

    @app.get("/v1/experiments/{flow}/{node}/arms", include_in_schema=False)
    async def arms(flow: FlowName, node: NodeName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        opened = await aside(lambda: opened_version(desk.live, desk.live.whole))
        found = found_experiment(opened.artifact.policy, id_of(flow), id_of(node))
        begun = await aside(lambda: began(desk.live, opened, found))
        told = {"since": release_told(begun) if begun else None, "policy": opened.artifact.hash}
        await desk.durable()
        content = {"flow": found.flow.name, "node": found.node.name, "since": begun.at if begun else 0, "told": told}
        return stream_of(site.trying[desk.live.tenant], "arms", content)


def experiment_told(opened: Opened, found: Experiment) -> dict[str, Any]:
    """As JSON. `asked`: whether decisions come to it before they wait or ask a service, so that its arms can be compared."""
    flow, node, rest = found.flow, found.node, found.rest
    visited = {each.name for each in opened.compiled.flow.visited}
    arms = [{"name": arm.name, "percent": float(percent_of(arm)), "to": arm.to} for arm in node.experiment]
    return {
        "flow": flow.name, "flow_en": flow.en or flow.name, "flow_zh": flow.zh or flow.name, "node": node.name, "en": node.en or node.name,
        "zh": node.zh or node.name, "by": node.by, "salt": node.salt, "arms": arms,
        "rest": {"percent": float(rest), "to": node.next} if rest else None,
        "said_en": found.sentence("en"), "said_zh": found.sentence("zh"),
        "asked": any(place in visited for place in places_of(opened.artifact.policy, found)),
    }  # fmt: skip


def found_experiment(policy: Policy, flow: str, node: str) -> Experiment:
    """The one of these names; HttpError 404, with what was meant, when there is none."""
    found = experiment_of(policy, flow, node)
    if found is not None:
        return found
    hint = did_you_mean(f"{flow}/{node}", [each.name for each in experiments_of(policy)])
    raise HttpError(
        404, "no_experiment", f"the version in force has no experiment '{flow}/{node}'; {hint.en}".rstrip("; "),
        f"现行版本没有实验“{flow}/{node}”；{hint.zh}".rstrip("；"), "node",
    )  # fmt: skip


def began(live: Live, opened: Opened, found: Experiment) -> Release | None:
    """The oldest release since which every version that decided alone ran the same experiment; None when no release is known. A version
    that was tried for a share meanwhile ends nothing: its decisions count as the version in force decides them."""
    policy, oldest = opened.artifact.policy, None
    alike = {opened.artifact.hash: True}
    for release in reversed(live.releases.history):
        version = release.live or release.hash
        if version not in alike:
            content = live.releases.artifact(version)
            kept = Artifact.from_json(content).policy if content is not None else None
            alike[version] = kept is not None and same_experiment(kept, policy, found.flow.name, found.node.name)
        if not alike[version]:
            break
        oldest = release
    return oldest
