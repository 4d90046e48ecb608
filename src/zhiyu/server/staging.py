"""Steps of a new version on its way: in shadow, for a share of the keys, for all, or back.

In: a step as people name it. Out: the step checked, carried out between two batches, and whether it stands. What needs compiling is
compiled beside the event loop, before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

from zhiyu.base.errors import DeclarationError, InputError
from zhiyu.engine.beside import Shadow, Share
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened
from zhiyu.engine.releases import Release
from zhiyu.log.list_journal import said_time
from zhiyu.server.problems import HttpError

T = TypeVar("T")
TO = ("shadow", "percentage", "live")
_DIGITS = 4


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to: `shadow`, `percentage` (for so many `percent` of the values of the field `by`), `live`; "stop": back."""

    to: str = "live"
    percent: str | int | float = ""
    by: str = ""


LIVE = Step()
STOP = Step("stop")


def step_of(given: Mapping[str, Any]) -> Step:
    """A step that can be taken. HttpError 422 with the field that is wrong."""
    step = Step(given.get("stage") or given.get("to") or "live", given.get("percent") or "", given.get("by") or "")
    if step.to not in TO:
        raise _wrong("stage", f"is none of {', '.join(TO)}", f"应为 {'、'.join(TO)} 之一")
    if step.to != "percentage":
        for name in ("percent", "by"):
            if getattr(step, name):
                raise _wrong(name, "goes with the stage percentage alone", "仅用于 percentage 阶段")
        return step
    try:
        percent = Decimal(str(step.percent))
        fits = 0 < percent < 100 and percent == round(percent, _DIGITS)
    except InvalidOperation:
        fits = False
    if not fits:
        raise _wrong(
            "percent",
            "is a number above 0 and below 100, up to four decimals",
            "应为大于 0、小于 100 的数，最多四位小数",
        )
    if not step.by:
        raise _wrong(
            "by", "names the field whose values are divided, e.g. the customer", "请指明按哪个字段分流，例如客户号"
        )
    return Step("percentage", f"{percent.normalize():f}", step.by)


def both_of(live: Live, fresh: Opened, step: Step) -> Opened | None:
    """For a share: the policy of both versions; slow, to be made beside the loop. HttpError 422 when there is none."""
    if step.to != "percentage":
        return None
    try:
        return live.both(fresh, str(step.percent), step.by)
    except DeclarationError as wrong:
        found = next((each for each in wrong.problems if each.severity == "error"), wrong.problems[0])
        raise HttpError(422, "stage", found.en, found.zh, "by") from None
    except InputError as wrong:
        raise HttpError(422, wrong.code, wrong.en, wrong.zh, "stage") from None


def taken(live: Live, fresh: Opened, both: Opened | None, step: Step, by: str) -> dict[str, Any]:
    """Take the step now; what came of it. InputError when it cannot be taken from here."""
    if step.to == "shadow":
        live.shadow(fresh)
        return {"status": "shadow", "position": live.position}
    if step.to == "percentage":
        assert both is not None
        return released(live, live.share(fresh, both, by)) | {"percent": str(step.percent), "by": step.by}
    versions = live.opened.policy.versions
    mine = versions is not None and versions.next == fresh.artifact.hash
    return released(live, live.finish(fresh, by) if mine else live.release(fresh, by))


def stands(live: Live, policy: str, step: Step) -> bool:
    """Whether the log tells that the step was taken."""
    if step.to == "stop":
        return not on_its_way(live, policy)
    if step.to == "shadow":
        return isinstance(live.beside, Shadow) and live.beside.opened.artifact.hash == policy
    policies = [live.opened.policy, *([live.warming.opened.policy] if live.warming is not None else [])]
    if step.to == "percentage":
        shares = [each.versions for each in policies if each.versions is not None]
        return any((v.next, str(v.percent), v.by) == (policy, str(step.percent), step.by) for v in shares)
    waiting = live.releases.waiting()
    return live.opened.artifact.hash == policy or (waiting is not None and waiting[0] == policy)


def on_its_way(live: Live, policy: str) -> bool:
    """Whether this version is beside the live one, or counts to be."""
    beside = live.beside
    if isinstance(beside, Shadow) and beside.opened.artifact.hash == policy:
        return True
    versions = live.warming.opened.policy.versions if live.warming is not None else None
    if versions is not None and versions.next == policy:
        return True
    return isinstance(beside, Share) and policy == (
        beside.opened.policy.versions and beside.opened.policy.versions.next
    )


def require_spared(live: Live, fresh: Opened) -> None:
    """HttpError 409 for a policy that lacks a list on which somebody stands: who is on it would be forgotten."""
    counts, kept = live.engine.lists.counts(live.moment()), {each.name for each in fresh.policy.lists}
    for each in live.opened.policy.lists:
        if each.name not in kept and (count := counts.get(each.name, 0)):
            raise HttpError(
                409, "in_use", f"the list '{each.name}' has {count:,} entries, which would be forgotten; remove them first or keep it",
                f"名单“{each.name}”尚有 {count:,} 个条目，删除后将丢失；请先移除条目或保留名单", "lists",
            )  # fmt: skip


def figures_of(live: Live, policy: str = "") -> dict[str, Any] | None:
    """The figures of the version beside the live one; None without, or when it is not this `policy`."""
    found = live.beside.told() if live.beside is not None else None
    return found if found is not None and policy in ("", found["policy"]) else None


def short_figures(figures: dict[str, Any] | None) -> dict[str, Any]:
    """Figures without single decisions, as the audit keeps them."""
    return {name: each for name, each in (figures or {}).items() if name != "newest"}


def released(live: Live, release: Release | None) -> dict[str, Any]:
    """What became of a release: in force, or counting first."""
    if release is not None:
        return {"status": "in_force", "release": release_told(release)}
    return {"status": "warming", "why": live.warming_why}


def release_told(release: Release) -> dict[str, Any]:
    """A release as JSON."""
    found: dict[str, Any] = {
        "number": release.number, "policy": release.hash, "position": release.at, "by": release.by or "folder",
    }  # fmt: skip
    if release.live:
        found["live_policy"] = release.live
    return found | ({"at": said_time(release.written_ms)} if release.written_ms else {})


async def aside(does: Callable[[], T]) -> T:
    """What `does` gives, made in a thread beside the loop."""
    return await asyncio.get_running_loop().run_in_executor(None, does)


def _wrong(field: str, en: str, zh: str) -> HttpError:
    return HttpError(422, field, en, zh, field)
