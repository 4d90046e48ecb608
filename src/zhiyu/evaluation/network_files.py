"""What was found in a network, as files for other programs: GraphML, JSON, CSV.

In: `Near` and names. Out: one text. Nodes are `field:value` as shown; an edge is a person and a thing, with its times in ISO-8601 (UTC).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from zhiyu.network.ask import Near

FORMATS = ("graphml", "json", "csv")
_KEYS = (("kind", "node", "string"), ("hops", "node", "int"), ("bad", "node", "boolean"), ("people", "node", "int"),
         ("first", "edge", "string"), ("last", "edge", "string"), ("events", "edge", "int"))  # fmt: skip


def iso(ms: int) -> str:
    """A time as people and programs read it.

    >>> iso(1_700_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def as_dict(near: Near, names: Mapping[int, str]) -> dict[str, Any]:
    """Everything as plain data: component, people, things, links."""
    people = [{"name": names[key], "hops": hops, "bad": key in near.bad} for key, hops in near.hops.items()]
    things = [{"name": names[key], "people": people_on} for key, people_on in near.people_on.items()]
    links = [
        {"person": names[u.person], "thing": names[u.thing], "first": iso(u.first_ms), "last": iso(u.last_ms), "events": u.events}
        for u in sorted(near.uses, key=lambda use: (use.first_ms, names[use.person], names[use.thing]))
    ]  # fmt: skip
    return {"component": near.component, "people": people, "things": things, "links": links, "cut": near.cut}


def written(near: Near, names: Mapping[int, str], kind: str) -> str:
    """The text of a file of this kind (`FORMATS`)."""
    found = as_dict(near, names)
    if kind == "json":
        return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    return _csv(found) if kind == "csv" else _graphml(found)


def _csv(found: Mapping[str, Any]) -> str:
    out = io.StringIO()
    lines = csv.DictWriter(out, ["person", "thing", "first", "last", "events"], lineterminator="\n")
    lines.writeheader()
    lines.writerows({name: _harmless(value) for name, value in link.items()} for link in found["links"])
    return out.getvalue()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value


def _graphml(found: Mapping[str, Any]) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [f'<key id="{name}" for="{of}" attr.name="{name}" attr.type="{type_}"/>' for name, of, type_ in _KEYS]
    lines.append('<graph edgedefault="undirected">')
    for person in found["people"]:
        lines.append(
            _element(
                "node",
                f"id={quoteattr(person['name'])}",
                {"kind": "person", "hops": person["hops"], "bad": person["bad"]},
            )
        )
    for thing in found["things"]:
        lines.append(_element("node", f"id={quoteattr(thing['name'])}", {"kind": "thing", "people": thing["people"]}))
    for link in found["links"]:
        ends = f"source={quoteattr(link['person'])} target={quoteattr(link['thing'])}"
        lines.append(_element("edge", ends, {name: link[name] for name in ("first", "last", "events")}))
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


def _element(tag: str, attributes: str, data: Mapping[str, Any]) -> str:
    said = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in data.items()}
    inside = "".join(f'<data key="{name}">{escape(text)}</data>' for name, text in said.items())
    return f"<{tag} {attributes}>{inside}</{tag}>"
