"""Personal values shown in clear: for a purpose, so many an hour, each in the audit before it is shown.

In: who, how many, what for. Out: nothing, when it may be shown: it is counted and in the audit by then; or the reason why not. More than a
few at once need somebody else's approval (`proposals.py`), and those are counted by whoever approved, not by the hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, insert, select

from zhiyu.access.audit import Audit
from zhiyu.access.tables import reveals
from zhiyu.base.errors import InputError, ZhiyuError, did_you_mean
from zhiyu.records.store import Records

KIND, EXPORT_KIND = "reveal", "export"
"""Of proposals to reveal many, and to export what is held about one person in clear."""
FETCHED = frozenset({KIND, EXPORT_KIND})
"""Kinds that are done when they are approved: whoever asked comes for the values."""
AT_ONCE = 20
"""Values in one call that need nobody else's approval."""
BY_THE_HOUR = 60
HOUR_MS = 3_600_000
APPROVED_MS = 24 * HOUR_MS
"""How long an approved proposal may be used."""
MIN_NOTE_CHARS, MAX_NOTE_CHARS = 5, 500

PURPOSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "investigation": ("an investigation of fraud", "欺诈案件调查"),
        "call_back": ("calling the customer back to verify", "回访客户核实"),
        "complaint": ("answering a complaint", "处理客户投诉"),
        "customer_request": ("the person asks what is held about them", "本人查询其个人信息"),
        "correction": ("correcting what is wrong", "更正错误信息"),
        "police": ("a lawful request of police or court", "公安、法院依法调取"),
        "regulator": ("a request of the regulator", "监管机构要求"),
    }
)
"""What values may be shown for, in English and Chinese."""


class TooManyReveals(ZhiyuError):
    """So many an hour and no more."""

    code = "reveal_limit"
    status = 429

    def __init__(self, seen: int, asked: int, wait_s: int) -> None:
        super().__init__(
            f"{BY_THE_HOUR} values an hour may be shown to one person; {seen} were, {asked} more are asked for. Come again in {wait_s} s, "
            "or propose it for approval",
            f"每人每小时最多查看 {BY_THE_HOUR} 个明文；已查看 {seen} 个，本次请求 {asked} 个。请 {wait_s} 秒后再试，或提交审批",
        )
        self.retry_s = wait_s


class NeedsApproval(ZhiyuError):
    """More at once than one person decides about."""

    code = "four_eyes"
    status = 409


def require_purpose(purpose: str, note: str) -> None:
    """InputError for a purpose that is none, or a note that says nothing."""
    if purpose not in PURPOSES:
        hint = did_you_mean(purpose, PURPOSES)
        en, zh = hint.en or f"known are {', '.join(PURPOSES)}", hint.zh or f"可用：{'、'.join(PURPOSES)}"
        raise InputError(f"'{purpose[:60]}' is no purpose; {en}", f"没有用途“{purpose[:60]}”；{zh}")
    if not MIN_NOTE_CHARS <= len(note.strip()) <= MAX_NOTE_CHARS:
        raise InputError(
            f"say what it is for in {MIN_NOTE_CHARS} to {MAX_NOTE_CHARS} characters, such as a case number; no personal data",
            f"请用 {MIN_NOTE_CHARS} 至 {MAX_NOTE_CHARS} 个字符说明用途，例如案件编号；勿填写个人信息",
        )


class Reveals:
    """What was shown to whom, of one tenant."""

    def __init__(self, records: Records, audit: Audit) -> None:
        self._records, self._audit, self.tenant = records, audit, audit.tenant

    def allow(
        self, by: str, count: int, purpose: str, note: str, about: str, detail: Mapping[str, Any], now_ms: int, proposal: int = 0
    ) -> int:  # fmt: skip
        """Count `count` values and write it down; how many are left this hour. InputError, TooManyReveals; NeedsApproval, unless
        `proposal` says who approved."""
        require_purpose(purpose, note)
        if count > AT_ONCE and not proposal:
            raise NeedsApproval(
                f"{count} values at once need somebody else's approval: POST /v1/vault:propose with the same content ({AT_ONCE} do not)",
                f"一次查看 {count} 个明文需他人审批：请以相同内容 POST /v1/vault:propose（{AT_ONCE} 个以内无需审批）",
            )
        with self._records.writing() as connection:
            self._audit.lock(connection)
            mine = (
                reveals.c.tenant == self.tenant,
                reveals.c.by == by,
                reveals.c.at_ms > now_ms - HOUR_MS,
                reveals.c.proposal == 0,
            )
            asked = select(func.coalesce(func.sum(reveals.c.count), 0), func.min(reveals.c.at_ms)).where(*mine)
            seen, first_ms = connection.execute(asked).one()
            if not proposal and count and seen + count > BY_THE_HOUR:
                raise TooManyReveals(seen, count, max(1, -(-((first_ms or now_ms) + HOUR_MS - now_ms) // 1000)))
            told = {"purpose": purpose, "note": note, "count": count, **detail} | (
                {"proposal": proposal} if proposal else {}
            )
            entry = self._audit.add(connection, now_ms, by, "vault.reveal", about, told)
            row = {
                "tenant": self.tenant,
                "number": entry.number,
                "by": by,
                "at_ms": now_ms,
                "count": count,
                "proposal": proposal,
            }
            connection.execute(insert(reveals).values(row))
        return int(BY_THE_HOUR - seen - (0 if proposal else count))
