"""What a caller gets back from the client: decisions, and the two errors there are.

In: JSON of the server. Out: `Decision`; `Refused` when the server says no, `Unavailable` when it says nothing in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhiyu.base.errors import ZhiyuError


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, or what the caller declared in its place: then `is_default`, and `why` says what was wrong.

    `content` is all that the server told.
    """

    content: Mapping[str, Any]
    is_default: bool = False
    why: str = ""

    @property
    def outcome(self) -> str:
        """What was decided; "" for a fact that is only counted."""
        return str(self.content.get("outcome", ""))

    @property
    def enforced(self) -> str:
        """What is to be done: the outcome, unless limits or a switch hold it back."""
        return str(self.content.get("enforced", self.outcome))

    @property
    def rules(self) -> Sequence[str]:
        """Names of the rules that fired."""
        return tuple(self.content.get("rules", ()))

    @property
    def repeated(self) -> bool:
        """The event was known already: this is its first decision."""
        return bool(self.content.get("repeated", False))


class Refused(ZhiyuError):
    """The server answered, and said no. `status`, `code`, `field` as it told them; `problem`: everything."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        en = str(problem.get("detail_en") or problem.get("detail") or f"the server answered {status}")
        super().__init__(en, str(problem.get("detail_zh") or en))
        self.status, self.problem = status, problem
        self.code, self.field = str(problem.get("code", "refused")), str(problem.get("field", ""))


class Unavailable(ZhiyuError):
    """No answer in time: the server is gone, sheds, or its log has stopped. What was sent may have been taken; send it again as it was."""

    code = "unavailable"
    status = 503
