"""What may be done, and which role may do it.

In: names of roles. Out: the permissions they give together. A machine's key carries permissions by itself (`keys.py`); a person has them by
role. Who administers people does not decide about customers, and who audits changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from zhiyu.base.errors import InputError, did_you_mean

PERMISSIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "decide": ("have events decided", "提交事件并获取决策"),
        "facts": ("send events and answers that need no decision", "提交无需决策的事件与回复"),
        "labels": ("label what turned out to be fraud or good", "标注欺诈或正常"),
        "read": ("see decisions, explanations and timelines", "查看决策、解释与时间线"),
        "lists": ("change lists and snoozes", "修改名单与静默"),
        "policies": ("see policies, releases and proposals", "查看策略、发布与提案"),
        "propose": ("propose policies and submit them for approval", "提出策略并提交审批"),
        "approve": ("approve or refuse what others propose", "审批他人的提案"),
        "rollback": ("let the policy before decide again", "回滚到上一版策略"),
        "policy": ("publish policies without anybody's approval; for machines", "无需审批直接发布策略；仅用于机器"),
        "cases": ("see cases, their alerts, files and timelines", "查看案件及其告警、附件与时间线"),
        "investigate": ("work on cases: claim, note, answer, close", "处理案件：领取、记录、答复、结案"),
        "assign": ("give cases to others, change many at once", "分派案件、批量处理"),
        "metrics": ("see figures of the running server", "查看运行指标"),
        "webhooks": ("declare webhooks; see and send again what leaves", "配置 webhook；查看与重发外发内容"),
        "people": ("add people, give roles, end sessions", "管理人员、角色与会话"),
        "audit": ("read and verify the audit", "查看并核验审计记录"),
        "reveal": ("see personal values in clear, for a purpose", "凭用途查看个人信息明文"),
        "persons": ("tell a person what is held about them, and erase it", "导出并删除某人的个人信息"),
        "vault": ("see the state of the vault, change its keys", "查看保险库状态、更换密钥"),
        "admin": ("everything; for keys of machines on trial systems", "全部权限；仅用于试用系统的密钥"),
    }
)
"""Every permission with what it allows, in English and Chinese."""

ROLES: Mapping[str, tuple[str, str, frozenset[str]]] = MappingProxyType(
    {
        "administrator": ("administrator", "管理员", frozenset({"people", "metrics", "vault", "webhooks"})),
        "strategist": (
            "strategist",
            "策略师",
            frozenset({"read", "lists", "policies", "propose", "rollback", "metrics"}),
        ),
        "approver": ("approver", "审批员", frozenset({"read", "facts", "policies", "approve"})),
        "investigator": (
            "investigator",
            "调查员",
            frozenset({"read", "facts", "labels", "lists", "cases", "investigate", "reveal"}),
        ),
        "supervisor": (
            "supervisor",
            "主管",
            frozenset(
                {
                    *("read", "facts", "labels", "lists", "policies", "approve", "rollback", "metrics", "audit"),
                    *("cases", "investigate", "assign", "reveal", "persons"),
                }
            ),
        ),
        "consumer-protection": (
            "consumer protection",
            "消保专员",
            frozenset({"read", "labels", "cases", "reveal", "persons"}),
        ),
        "model-engineer": ("model engineer", "模型工程师", frozenset({"read", "policies", "propose", "metrics"})),
        "auditor": ("auditor", "审计员", frozenset({"read", "policies", "metrics", "audit", "cases"})),
    }
)
"""Every role: its name in English and Chinese, and what it may do."""

_IMPLIED = {"policies": "policy", "propose": "policy", "rollback": "policy"}
ALLOWED_BY: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset({name, "admin", _IMPLIED.get(name, name)}) for name in PERMISSIONS}
)
"""Which permissions allow what a permission names: itself, `admin`, and for what belongs to publishing, `policy`."""


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """What these roles may do together. InputError for one that is none."""
    found: frozenset[str] = frozenset()
    for role in roles:
        if role not in ROLES:
            hint = did_you_mean(role, ROLES)
            en, zh = hint.en or f"known are {', '.join(ROLES)}", hint.zh or f"可用：{'、'.join(ROLES)}"
            raise InputError(f"'{role}' is no role; {en}", f"没有角色“{role}”；{zh}")
        found |= ROLES[role][2]
    return found
