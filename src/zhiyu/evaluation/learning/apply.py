"""A proposal that a person has approved takes the place of the live policy: whole, or not at all.

In: a folder that `zhiyu learn` or `zhiyu tune` wrote, the live folder. Out: the files that changed. Refused when the live policy is no
longer the one that the proposal was made for, or the proposal says something else than it did.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zhiyu.base.errors import InputError
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.tuning.proof import FOLDER

OWN = ("proposal.json", "proposal.md")


def read_proposal(folder: Path) -> tuple[dict[str, Any], Opened]:
    """Its facts and the policy it proposes; InputError when it is none, or was changed."""
    path = folder / OWN[0]
    if not path.is_file():
        raise InputError(f"no proposal in {folder}: {OWN[0]} is missing", f"{folder} 中没有建议：缺少 {OWN[0]}")
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as wrong:
        raise InputError(f"{path}: {wrong}", f"{path}：{wrong}") from None
    opened = open_policy(folder)
    wanted = facts.get("candidate_hash", opened.artifact.hash)
    if wanted != opened.artifact.hash:
        raise InputError(
            f"the policy in {folder} is not the one that was backtested ({wanted[:12]}); propose it again",
            f"{folder} 中的策略不是回测过的版本（{wanted[:12]}）；请重新生成建议",
        )
    return facts, opened


def require_live(facts: dict[str, Any], live_hash: str) -> None:
    """InputError when the live policy is another than the proposal was made for."""
    if facts.get("policy_hash") != live_hash:
        raise InputError(
            f"the live policy is {live_hash[:12]} now, the proposal was made for {str(facts.get('policy_hash'))[:12]}; propose it again",
            f"现行策略是 {live_hash[:12]}，而建议针对 {str(facts.get('policy_hash'))[:12]}；请重新生成建议",
        )


def apply_to(proposal: Path, live: Path) -> list[str]:
    """Copy what differs; names of the files, in order."""
    facts, _ = read_proposal(proposal)
    require_live(facts, open_policy(live).artifact.hash)
    before: dict[Path, bytes | None] = {}
    try:
        for source in sorted(path for path in proposal.rglob("*") if path.is_file()):
            name = source.relative_to(proposal)
            if str(name) in OWN or name.parts[0] == FOLDER:
                continue
            target = live / name
            content = source.read_bytes()
            old = target.read_bytes() if target.is_file() else None
            if content != old:
                before[target] = old
                target.parent.mkdir(parents=True, exist_ok=True)
                part = target.with_name(target.name + ".part")
                part.write_bytes(content)
                part.replace(target)
        if open_policy(live).artifact.hash != open_policy(proposal).artifact.hash:
            raise InputError(
                f"{live} holds files that the proposal lacks; nothing was changed",
                f"{live} 中有建议所没有的文件；未做修改",
            )
    except BaseException:
        for target, old in before.items():
            if old is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(old)
        raise
    return [str(path.relative_to(live)) for path in before]
