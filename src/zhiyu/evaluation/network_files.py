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

from zhiyu.base.spreadsheets import harmless
from zhiyu.network.ask import Near
from zhiyu.network.gang_state import Lineage
from zhiyu.network.gang_view import GangSeen

FORMATS = ("graphml", "json", "csv")
_KEYS = (("kind", "node", "string"), ("hops", "node", "int"), ("bad", "node", "boolean"), ("people", "node", "int"),
         ("first", "edge", "string"), ("last", "edge", "string"), ("events", "edge", "int"))  # fmt: skip


def iso(ms: int) -> str:
    """A time as people and programs read it.

    >>> iso(1_700_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def code_text(code: int) -> str:
    """The code of a value as it is told: 16 hex digits; `code:` and these ask for it again.

    >>> code_text(-1)
    'ffffffffffffffff'
    """
    return f"{code & 0xFFFFFFFFFFFFFFFF:016x}"


def as_dict(near: Near, names: Mapping[int, str]) -> dict[str, Any]:
    """Everything as plain data: component, people, things, links. `gang`: of each person who is in one. Names are masked, so two things may
    share one: codes tell them apart."""
    people = [
        {"name": names[key], "code": code_text(near.codes[key][1]), "hops": hops, "bad": key in near.bad, "gang": near.gangs.get(key)}
        for key, hops in near.hops.items()
    ]  # fmt: skip
    things = [
        {"name": names[key], "code": code_text(near.codes[key][1]), "people": people_on}
        for key, people_on in near.people_on.items()
    ]
    links = [
        {
            "person": names[u.person], "thing": names[u.thing], "first": iso(u.first_ms), "last": iso(u.last_ms), "events": u.events,
            "person_code": code_text(near.codes[u.person][1]), "thing_code": code_text(near.codes[u.thing][1]),
        }
        for u in sorted(near.uses, key=lambda use: (use.first_ms, names[use.person], names[use.thing]))
    ]  # fmt: skip
    return {
        "component": near.component, "gangs": sorted(set(near.gangs.values())), "people": people, "things": things, "links": links,
        "cut": near.cut,
    }  # fmt: skip


def summary_of(seen: GangSeen) -> dict[str, Any]:
    """A gang as a line of a list: people, age, score, money in minor units, known-bad people, events of the window."""
    return {
        "gang": seen.gang, "people": seen.people, "since": iso(seen.born_ms) if seen.born_ms is not None else None,
        "age_s": None if seen.age_ms is None else seen.age_ms // 1000,
        "changed": iso(seen.changed_ms) if seen.changed_ms is not None else None, "alerted": seen.alerted, "score": round(seen.score, 4),
        "amount": seen.money, "bad": len(seen.near.bad), "events": seen.near.events,
    }  # fmt: skip


def line_of(line: Lineage) -> dict[str, Any]:
    """One change of a gang; its time in ms since 1970. `other`: the gang that it took in, or that went off."""
    return {
        "time": iso(line.clock_ms),
        "what": line.what,
        "gang": line.gang,
        "other": line.other or None,
        "people": line.people,
    }


def gang_as_dict(seen: GangSeen, names: Mapping[int, str]) -> dict[str, Any]:
    """Everything about a gang: its people, why each is linked (which shared thing, when), what became of it, when who came."""
    near = as_dict(seen.near, names)
    known = {person["code"]: person for person in near["people"]}
    members = [
        {"name": names[key], "code": code_text(code), "bad": known.get(code_text(code), {}).get("bad", False)}
        for key, code in seen.codes.items()
    ]
    by_code = {code: names[key] for key, code in seen.codes.items()}
    lineage = [line_of(line) | ({"who": by_code[line.code]} if line.code in by_code else {}) for line in seen.lineage]
    timeline = [{"time": link["first"], "person": link["person"], "thing": link["thing"]} for link in near["links"]]
    return summary_of(seen) | {
        "members": members, "things": near["things"], "links": near["links"], "lineage": lineage, "timeline": timeline, "cut": near["cut"],
    }  # fmt: skip


def written(near: Near, names: Mapping[int, str], kind: str) -> str:
    """The text of a file of this kind (`FORMATS`)."""
    return written_of(as_dict(near, names), kind)


def written_of(found: Mapping[str, Any], kind: str) -> str:
    """The same of what `as_dict` or `gang_as_dict` gave."""
    if kind == "json":
        return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    return _csv(found) if kind == "csv" else _graphml(found)


def _csv(found: Mapping[str, Any]) -> str:
    out = io.StringIO()
    lines = csv.DictWriter(
        out, ["person", "thing", "first", "last", "events"], extrasaction="ignore", lineterminator="\n"
    )
    lines.writeheader()
    lines.writerows({name: harmless(value) for name, value in link.items()} for link in found["links"])
    return out.getvalue()


def _graphml(found: Mapping[str, Any]) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [f'<key id="{name}" for="{of}" attr.name="{name}" attr.type="{type_}"/>' for name, of, type_ in _KEYS]
    lines.append('<graph edgedefault="undirected">')
    for person in found["members"] if "members" in found else found["people"]:
        data = {"kind": "person", "hops": person.get("hops", 0), "bad": person["bad"]}
        lines.append(_element("node", f"id={quoteattr(person['name'])}", data))
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
