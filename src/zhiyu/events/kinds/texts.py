"""Lists of texts: each item cleaned like a text, empty items left out, order kept.

In: a list of str or whole numbers, or a text holding a JSON list. Out: the items as one compact JSON text (its code
stands for the whole list); expressions see the items through prepared columns. At most 256 items, 4,096 bytes in all.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from zhiyu.base.limits import MAX_LIST_ITEMS, MAX_STRING_BYTES
from zhiyu.events.declare import Field
from zhiyu.events.kinds.reader import Notes, Texts
from zhiyu.events.kinds.text import Text, bad_text, clean, text_of
from zhiyu.events.refusals import Bad, wrong_type
from zhiyu.expressions.types import Kind, Type

_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder()


def items_of(text: str) -> list[str]:
    """The items of the text that `List.one` made."""
    return msgspec.json.decode(text, type=list[str])


class List(Text):
    """Reader of `list` fields."""

    def __init__(self, declared: Field) -> None:
        super().__init__(declared)
        self.type = Type(Kind.STRING, personal=self.personal, is_list=True, nullable=not declared.required)

    def one(self, value: object, notes: Notes) -> str | None:
        """The cleaned items as JSON."""
        if isinstance(value, str):
            if not value.strip():
                return None
            value = _from_json(value, self.personal)
        if value is None:
            return None
        if not isinstance(value, (list, tuple)):
            raise wrong_type(value, 'a list; send ["a", "b"]', '列表；请传 ["a", "b"]', self.personal)
        if len(value) > MAX_LIST_ITEMS:
            raise Bad(
                "too_many_items",
                f"{len(value)} items, at most {MAX_LIST_ITEMS} are taken",
                f"共 {len(value)} 项，最多 {MAX_LIST_ITEMS} 项",
            )
        items = [clean(text, self.steps, notes) for v in value if (text := text_of(v, self.personal)) is not None]
        try:
            encoded = _ENCODER.encode([item for item in items if item is not None])
        except UnicodeEncodeError:
            raise bad_text() from None
        if len(encoded) > MAX_STRING_BYTES:
            raise Bad(
                "too_long",
                f"the list has {len(encoded)} bytes, at most {MAX_STRING_BYTES} are taken",
                f"列表有 {len(encoded)} 字节，最多 {MAX_STRING_BYTES} 字节",
            )
        return encoded.decode() if encoded != b"[]" else None

    def many(self, column: pa.Array) -> Texts | None:
        """No fast path."""
        return None


def _from_json(text: str, personal: bool) -> object:
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise wrong_type(
            text, 'a list; send ["a", "b"] or its JSON text', '列表；请传 ["a", "b"] 或其 JSON 文本', personal
        ) from None
