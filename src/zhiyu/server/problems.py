"""The one shape of everything that is not a success: application/problem+json.

In: an error of the house, or a refusal of one record. Out: status and JSON. `title` and `detail` speak the language that was asked for;
`detail_en` and `detail_zh` are always there, `code` is stable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from zhiyu.base.errors import DeclarationError, EventRefused, Problem, ZhiyuError
from zhiyu.events.refusals import Refusal
from zhiyu.server.culprit import culprit_of

MAX_FINDINGS = 1_000
"""Findings about one policy that are told."""
_DECLARATION = ("the policy does not compile; `problems` says where and why", "策略无法编译；problems 列出位置与原因")
_encode = msgspec.json.Encoder().encode
TITLES = {
    400: ("Bad request", "请求有误"),
    401: ("Key needed", "需要密钥"),
    403: ("Not allowed", "无权限"),
    404: ("Not found", "未找到"),
    405: ("Method not allowed", "不支持该方法"),
    408: ("Too slow", "请求超时"),
    409: ("Conflict", "冲突"),
    412: ("Changed meanwhile", "内容已变更"),
    413: ("Too large", "内容过大"),
    414: ("Address too long", "地址过长"),
    415: ("Content type not supported", "不支持的内容类型"),
    422: ("Refused", "未接收"),
    429: ("Too many requests", "请求过多"),
    431: ("Headers too large", "请求头过大"),
    500: ("Internal error", "内部错误"),
    503: ("Not ready", "暂不可用"),
}
STATUS_OF_CODE = {
    "bad_json": 400, "bad_text": 400, "not_object": 400, "duplicate_key": 400, "too_long": 413, "id_conflict": 409,
    "label_conflict": 409, "no_event": 404,
}  # fmt: skip
"""What a refusal's code means in HTTP; any other is 422."""


class HttpError(ZhiyuError):
    """A request that cannot be answered as asked. `headers` ride along (Retry-After, Allow); `close`: the connection ends with it;
    `problems`: findings about an expression in it, each with its place."""

    def __init__(
        self, status: int, code: str, en: str, zh: str, field: str = "", headers: tuple[tuple[bytes, bytes], ...] = (), close: bool = False,
        problems: Sequence[Problem] = (),
    ) -> None:  # fmt: skip
        super().__init__(en, zh)
        self.problems = problems
        self.status, self.code, self.field = status, code, field
        self.headers, self.close = headers, close


def problem(
    status: int, code: str, en: str, zh: str, field: str, language: str, request_id: str, line: int = 0
) -> dict[str, Any]:
    """One problem as a JSON object; `line` counts from 1, 0 leaves it out."""
    titles = TITLES.get(status, TITLES[500])
    made: dict[str, Any] = {
        "type": f"urn:zhiyu:problem:{code}", "title": titles[language == "zh"], "status": status, "code": code,
        "detail": zh if language == "zh" else en, "detail_en": en, "detail_zh": zh,
    }  # fmt: skip
    if field:
        made["field"] = field
    if line:
        made["line"] = line
    made["request_id"] = request_id
    return made


def problem_of_refusal(
    refusal: Refusal, record: bytes, language: str, request_id: str, line: int = 0
) -> dict[str, Any]:
    """Why one record was not taken."""
    status = STATUS_OF_CODE.get(refusal.code, 422)
    return problem(
        status, refusal.code, refusal.en, refusal.zh, culprit_of(refusal, record), language, request_id, line
    )


def problem_of_error(error: ZhiyuError, language: str, request_id: str, line: int = 0) -> dict[str, Any]:
    """An error of the house."""
    if isinstance(error, EventRefused):
        return problem(
            error.status, error.code, error.reason_en, error.reason_zh, error.field, language, request_id, line
        )
    if isinstance(error, DeclarationError):
        made = problem(error.status, error.code, *_DECLARATION, "", language, request_id)
        return made | {"problems": [finding_of(each, language) for each in error.problems[:MAX_FINDINGS]]}
    field, found = getattr(error, "field", ""), getattr(error, "problems", ())
    made = problem(error.status, error.code, error.en, error.zh, field, language, request_id, line)
    return made | ({"problems": [finding_of(each, language) for each in found[:MAX_FINDINGS]]} if found else {})


def finding_of(found: Problem, language: str) -> dict[str, Any]:
    """One finding about a policy, with its place."""
    zh = language == "zh"
    return {
        "severity": found.severity, "code": found.code, "file": found.place.file, "line": found.place.line, "column": found.place.column,
        "detail": found.zh if zh else found.en, "detail_en": found.en, "detail_zh": found.zh,
        "suggestion": (found.suggestion_zh or found.suggestion) if zh else found.suggestion,
    }  # fmt: skip


def unexpected() -> HttpError:
    """What a caller is told of an error nobody expected."""
    return HttpError(
        500, "internal", "an error inside the server; the log names it under this request id",
        "服务器内部错误；请按此请求编号查看日志", close=True,
    )  # fmt: skip


def encoded(content: Any) -> bytes:
    """JSON bytes."""
    return _encode(content)
