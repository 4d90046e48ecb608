"""A new version on its way, step by step: in shadow, for a share of the keys, for all; and back at once from any of them.

In: opened policies. Out: releases, and figures of both sides (`beside`). A share is a policy of its own made of both versions
(`two_versions`), released like any other. A share ends at once: where the version that is left would count first, or decisions wait at a
node that only the other has, the share goes on at 0 or 100 percent until that is over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhiyu.base.errors import InputError
from zhiyu.engine.beside import Figures, Shadow, Share
from zhiyu.engine.held_over import lost_nodes
from zhiyu.engine.in_force import InForce
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.releases import Release
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare_versions import Versions
from zhiyu.policy.two_versions import side_by_side

_SHADOW = "shadow.json"
ENDING = ("0", "100")
"""Percentages of a share that ends: the live version, or the next one, takes everything new."""


class Stages(InForce):
    """`beside`: the version beside the live one and its figures; None when the live one is alone."""

    def __init__(self, folder: Path, opened: Opened, **settings: Any) -> None:
        super().__init__(folder, opened, **settings)
        self.beside: Shadow | Share | None = None
        self._look()
        found = self.releases.remembered(_SHADOW)
        if self.beside is None and found and found["hash"] != self.opened.artifact.hash:
            self._shadow(self._opened_of(found["hash"]), found["since"])

    @property
    def whole(self) -> str:
        """The hash of the version that is live: outside the share, where two decide side by side."""
        return self.opened.policy.versions.live if self.opened.policy.versions else self.opened.artifact.hash

    def shadow(self, opened: Opened) -> None:
        """Let another version decide in shadow from here on; one that did before ends. InputError while a share is under way."""
        self._require_working()
        if self.opened.policy.versions is not None:
            raise InputError(
                "a share of the keys is decided by another version; stop it first", "另有版本正在按比例生效；请先停止"
            )
        if opened.artifact.hash == self.opened.artifact.hash:
            raise InputError("this policy decides already", "该策略已在生效")
        self.releases.store(opened.artifact)
        self.releases.remember(_SHADOW, {"hash": opened.artifact.hash, "since": self.log.position})
        self._shadow(opened, self.log.position)

    def both(self, fresh: Opened, percent: str, by: str) -> Opened:
        """The policy of the live version and `fresh`, opened. Unmixable; DeclarationError for a `by` that splits nothing."""
        live = self._opened_of(self.whole)
        versions = Versions(live=live.artifact.hash, next=fresh.artifact.hash, percent=percent, by=by)
        one, two = (check_policy(each.artifact.policy).require() for each in (live, fresh))
        return open_policy(side_by_side(one, two, versions), live.tenant, live.codes.key)

    def share(self, fresh: Opened, both: Opened, by: str = "") -> Release | None:
        """Let `fresh` decide for its share, as `both` says; as `release` says."""
        self.releases.store(fresh.artifact)
        return self.release(both, by)

    def finish(self, fresh: Opened, by: str = "") -> Release | None:
        """Let one of the two decide alone, as `release` says: the next version for all, or the live one again. Where it would count first,
        or something waits at a node that it lacks, it takes everything new at once, and is alone when that is over."""
        versions = self.opened.policy.versions
        if versions is not None and (self.why_not_at_once(fresh) or lost_nodes(self.engine, fresh.compiled)):
            percent = ENDING[fresh.artifact.hash == versions.next]
            other = self._opened_of(versions.next)
            return self.release(self.both(other, percent, versions.by), by)
        return self.release(fresh, by)

    def stop(self, by: str = "") -> Release | None:
        """The live version is alone again: no shadow, no share. InputError when it was."""
        self._require_working()
        if isinstance(self.beside, Shadow):
            self._forget()
            return self.releases.current
        if self.opened.policy.versions is None:
            raise InputError("no version is in shadow or decides for a share", "没有影子或按比例生效的版本")
        return self.finish(self._opened_of(self.whole), by)

    def _finish_share(self) -> None:
        """A share that goes on for those who wait ends when nobody does."""
        versions = self.opened.policy.versions
        if versions is None or str(versions.percent) not in ENDING or self.warming is not None:
            return
        alone = self._opened_of(versions.live if str(versions.percent) == ENDING[0] else versions.next)
        if not lost_nodes(self.engine, alone.compiled):
            self.release(alone, self.releases.current.by if self.releases.current else "")

    def release(self, opened: Opened, by: str = "") -> Release | None:
        """As ever; a version that was in shadow has counted already, and is in force at once."""
        shadow = self.beside
        if isinstance(shadow, Shadow) and shadow.opened.artifact.hash == opened.artifact.hash:
            self._require_working()
            if not lost_nodes(self.engine, opened.compiled) and shadow.catch_up():
                shadow.warming.engine.compares = None
                return self._put_in_force(opened, by, shadow.warming)
        return super().release(opened, by)

    def roll_back(self, by: str = "") -> Release | None:
        """From any stage: no shadow; from a share to the live version; else to the version before. InputError when there was none."""
        if self.opened.policy.versions is not None:
            return self.stop(by)
        found = super().roll_back(by)
        self._forget()
        return found

    def _put_in_force(self, opened: Opened, by: str, warmed: Any = None) -> Release:
        release = super()._put_in_force(opened, by, warmed)
        self._look()
        return release

    def _look(self) -> None:
        """Look at what is beside the live version after a release, or at the start."""
        current = self.releases.current
        if self.opened.policy.versions is not None and current is not None:
            self._forget()
            self.beside = Share(self.log, self.opened, current.at)
        elif isinstance(self.beside, Shadow):
            if self.beside.opened.artifact.hash == self.opened.artifact.hash:
                self._forget()
            else:  # compared with another one from here on
                self.releases.remember(_SHADOW, {"hash": self.beside.opened.artifact.hash, "since": self.log.position})
                self.beside.figures = Figures(self.log.position)
        else:
            self.beside = None

    def _shadow(self, opened: Opened, since: int) -> None:
        self.beside = Shadow(self.log, opened, since, int(self.engine.door.clock[0]), self._opened_of)

    def _forget(self) -> None:
        """Nothing is in shadow."""
        if self.releases.remembered(_SHADOW):
            self.releases.remember(_SHADOW, {})
        self.beside = None
