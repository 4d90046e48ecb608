"""What every suggestion must have, asked by the tests of each room: a Chinese wording wherever there is an English one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from zhiyu.base.errors import Problem

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def in_one_language(problems: Iterable[Problem]) -> list[Problem]:
    """The problems whose suggestion is English only, Chinese only, or "translated" without one Chinese character."""
    return [p for p in problems if bool(p.suggestion) != bool(CHINESE.search(p.suggestion_zh))]
