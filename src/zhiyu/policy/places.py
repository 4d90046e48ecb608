"""Where each part of a policy was written.

In: marks made while a folder is loaded, keyed by the path inside the policy (`("rule_sets", 0, "rules", 3, "when")`).
Out: the `Place` of a path, of a key, or of a character inside an expression, for every finding of the checks.
A policy declared in Python has no marks: its places are spelled paths, so a message still says which rule is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zhiyu.base.errors import Place

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """The start of a value, and the source as typed (with quotes and line breaks), "" for a map or list."""

    place: Place
    raw: str = ""


@dataclass(slots=True)
class Places:
    """Path → place. `Places()` is the answer for declarations made in Python.

    >>> str(Places().at(("rule_sets", 0, "rules", 3, "when")))
    '<python> rule_sets[0].rules[3].when'
    """

    marks: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    aliases: dict[Path, Path] = field(default_factory=dict)
    """Parts that a policy gets when it is written out → where they were written down."""

    def declared(self, path: Path) -> Path:
        """The path as it was written down."""
        for length in range(len(path) if self.aliases else 0, 0, -1):
            if path[:length] in self.aliases:
                return self.aliases[path[:length]] + path[length:]
        return path

    def at(self, path: Path) -> Place:
        """The place of the value at `path`, or of the nearest part around it that was written down."""
        path = self.declared(path)
        for length in range(len(path), 0, -1):
            mark = self.marks.get(path[:length])
            if mark:
                return mark.place
        return Place() if self.marks else Place(f"<python> {spell(path)}".rstrip())

    def key(self, path: Path) -> Place:
        """The place of the key that introduces `path`, else of its value."""
        return self.keys.get(self.declared(path)) or self.at(path)

    def content(self, path: Path) -> Place:
        """The place of the first character inside the quotes (or below the block sign) of the text at `path`."""
        mark = self.marks.get(self.declared(path))
        if mark is None or not mark.raw:
            return self.at(path)
        if mark.raw[0] in "|>":
            below = mark.raw.partition("\n")[2]
            return Place(mark.place.file, mark.place.line + 1, len(below) - len(below.lstrip()) + 1)
        return mark.place.shifted(1 if mark.raw[0] in "'\"" else 0)

    def inside(self, path: Path, text: str, offset: int) -> Place:
        """The place of character `offset` of the expression `text` at `path`; its start when it cannot be told."""
        mark = self.marks.get(self.declared(path))
        if mark is None or not mark.raw:
            return self.at(path)
        index = _index_in_source(mark.raw, text, offset)
        if index is None:
            return mark.place
        lines = mark.raw[:index].split("\n")
        if len(lines) == 1:
            return mark.place.shifted(index)
        return Place(mark.place.file, mark.place.line + len(lines) - 1, len(lines[-1]) + 1)


def spell(path: Path) -> str:
    """A path as people write it.

    >>> spell(("rule_sets", 0, "name"))
    'rule_sets[0].name'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _index_in_source(raw: str, text: str, offset: int) -> int | None:
    """Walk source and value side by side; quotes, escapes, indentation and folded breaks are in the source only."""
    index = raw.find("\n") + 1 if raw[:1] in "|>" else 0
    quote = raw[:1] if raw[:1] in "'\"" else ""
    index += len(quote)
    for position, character in enumerate(text[: offset + 1]):
        if character.isspace():
            continue
        while index < len(raw) and raw[index].isspace():
            index += 1
        if index < len(raw) and raw[index] != character and raw[index] == ("\\" if quote == '"' else quote):
            index += 1
        if index >= len(raw) or raw[index] != character:
            return None
        if position == offset:
            return index
        index += 1
    while index < len(raw) and raw[index].isspace():
        index += 1
    return min(index, len(raw))
