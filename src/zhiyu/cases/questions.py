"""Questions of an investigation, kept so that anybody can ask them again as of the same moment and get the same answer.

In: what was asked, as of when, the answer. Out: questions with a number. The answer itself is not kept: its digest is, and the log has not
changed, so asking again gives the same, or the difference shows (events that retention dropped, a person who was erased).
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from sqlalchemy import func, insert, select

from zhiyu.access.audit import Audit
from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.cases.rows import MAX_NUMBER
from zhiyu.cases.tables import case_questions
from zhiyu.records.store import Records

WAYS = ("person", "behind", "nest")
MAX_NAME_CHARS = 200
_encode = msgspec.json.Encoder(order="deterministic").encode


class NoSuchQuestion(ZhiyuError):
    """No question of this number."""

    code = "no_question"
    status = 404


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`way`: one of WAYS. `whom`: (entity, code) of everybody it began with. `position`, `until_ms`: as of when: what stood before that
    position of the log and was received until then. `digest`: of the answer. `case_number`: 0 without a case."""

    number: int = 0
    way: str
    case_number: int = 0
    name: str = ""
    whom: tuple[tuple[str, str], ...]
    hops: int = 0
    position: int
    until_ms: int
    by: str = ""
    at_ms: int = 0
    digest: str = ""


def digest_of(answer: dict[str, Any]) -> str:
    """What an answer is known by.

    >>> digest_of({"a": 1})[:8]
    '015abd7f'
    """
    return hashlib.sha256(_encode(answer)).hexdigest()


class Questions:
    """The questions of one tenant."""

    def __init__(self, records: Records, audit: Audit) -> None:
        self._records, self._audit, self.tenant = records, audit, audit.tenant

    def keep(self, question: Question, by: str, now_ms: int) -> Question:
        """Keep a question that was answered. InputError for a name that is too long."""
        if len(question.name) > MAX_NAME_CHARS or "\0" in question.name:
            raise InputError(f"a name has at most {MAX_NAME_CHARS} characters", f"名称最多 {MAX_NAME_CHARS} 个字符")
        with self._records.writing() as connection:
            self._audit.lock(connection)
            highest = select(func.coalesce(func.max(case_questions.c.number), 0)).where(
                case_questions.c.tenant == self.tenant
            )
            number = int(connection.execute(highest).scalar_one()) + 1
            kept = msgspec.structs.replace(question, number=number, by=by, at_ms=now_ms)
            row = msgspec.structs.asdict(kept) | {
                "whom": msgspec.json.encode(kept.whom).decode(),
                "tenant": self.tenant,
            }
            connection.execute(insert(case_questions).values(row))
            about = f"case/{kept.case_number}" if kept.case_number else f"question/{number}"
            self._audit.add(connection, now_ms, by, f"question.{kept.way}", about, {"question": number})
        return kept

    def one(self, number: int) -> Question:
        """NoSuchQuestion."""
        asked = select(case_questions).where(case_questions.c.tenant == self.tenant, case_questions.c.number == number)
        with self._records.reading() as connection:
            row = connection.execute(asked).first() if 0 < number < MAX_NUMBER else None
        if row is None:
            raise NoSuchQuestion(f"there is no question {number}", f"没有编号为 {number} 的调查问题")
        return _question(row)

    def of(self, case_number: int, before: int | None, limit: int) -> list[Question]:
        """Questions, newest first; only those of a case, unless it is 0."""
        asked = select(case_questions).where(case_questions.c.tenant == self.tenant)
        if case_number:
            asked = asked.where(case_questions.c.case_number == case_number)
        if before is not None:
            asked = asked.where(case_questions.c.number < before)
        with self._records.reading() as connection:
            rows = connection.execute(asked.order_by(case_questions.c.number.desc()).limit(limit)).all()
        return [_question(row) for row in rows]


def _question(row: Any) -> Question:
    content: dict[str, Any] = dict(row._mapping)
    content.pop("tenant")
    content["whom"] = msgspec.json.decode(row.whom, type=tuple[tuple[str, str], ...])
    return Question(**content)
