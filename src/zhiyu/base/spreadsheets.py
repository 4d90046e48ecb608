"""Texts on their way into a file that people open in a spreadsheet."""

from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as text.

    >>> harmless("=1+1"), harmless("app"), harmless(-3)
    ("'=1+1", 'app', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
