"""Writes console/openapi.json: of the server's description, the operations that the console uses, and the schemas they name.

In: nothing; the server's own description. Out: the file; with --check only exit code 1 when it is not current. Other routes may change
without touching this file.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from zhiyu.access.gate import SignInGate
from zhiyu.records.store import Records
from zhiyu.server.openapi import described
from zhiyu.server.reads import make_reads
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

FILE = Path(__file__).parent / "openapi.json"
USED = (
    "GET /v1/decisions", "GET /v1/decisions:count",
    "GET /v1/decisions/{id}", "GET /v1/decisions/{id}/explanation", "GET /v1/decisions/{id}/trace",
    "POST /v1/decisions/{id}:replay", "GET /v1/vocabulary", "GET /v1/network/{type}/{id}", "GET /v1/gangs", "GET /v1/gangs/{id}",
    "GET /v1/me", "POST /v1/sessions", "POST /v1/sessions:take", "DELETE /v1/session", "GET /v1/queues", "GET /v1/cases",
    "POST /v1/cases", "GET /v1/cases/{number}", "POST /v1/queues/{name}:next", "POST /v1/cases:bulk", "GET /v1/workers",
    *(f"POST /v1/cases/{{number}}:{step}" for step in ("claim", "release", "note", "escalate", "close", "reopen", "assign", "answer")),
    "GET /v1/lists", "GET /v1/lists/{name}/entries", "POST /v1/lists/{name}/entries", "POST /v1/lists/{name}/entries:remove",
    "POST /v1/lists/{name}/entries:find", "GET /v1/features", "GET /v1/features/{name}", "GET /v1/snoozes", "POST /v1/snoozes:end",
    "GET /v1/people", "POST /v1/people", "PATCH /v1/people/{name}", "POST /v1/people/{name}:sign-out", "GET /v1/roles", "GET /v1/keys",
    "POST /v1/me/password", "GET /v1/webhooks", "POST /v1/webhooks", "DELETE /v1/webhooks/{name}", "POST /v1/webhooks/{name}:renew",
    "POST /v1/webhooks/{name}:test", "GET /v1/outbox", "POST /v1/outbox/{number}:replay", "GET /v1/models", "GET /v1/models/{name}",
    *(f"POST /v1/models/{{name}}:{act}" for act in ("promote", "challenge", "shadow", "retire", "compare", "drift")),
    "GET /v1/audit", "GET /v1/audit/proof", "GET /v1/studies", "GET /v1/studies/{number}", "POST /v1/studies/{number}:cancel",
    "POST /v1/backtests",
    "GET /v1/metrics", "GET /v1/metrics/query", "GET /v1/policies", "GET /v1/policies/{hash}/changes", "GET /v1/policies/{hash}/written",
    "GET /v1/proposals", "GET /v1/proposals/{number}", "GET /v1/policy", "GET /v1/policy/uses",
    "POST /v1/policy", "POST /v1/policy:try",
    *(f"POST /v1/proposals/{{number}}:{step}" for step in ("approve", "refuse", "review", "advance", "stop")),
    *(f"POST /v1/proposals/{{number}}:{step}" for step in ("submit", "emergency", "withdraw", "backtest", "cancel")),
    *(f"GET /v1/entities/{{type}}/{{id}}/{part}" for part in ("timeline", "features", "lists")),
    "GET /v1/vault:purposes", "POST /v1/vault:reveal", "GET /v1/features/{name}/spread", "GET /v1/experiments",
    "GET /v1/experiments/{flow}/{node}/arms",
)  # fmt: skip


def document() -> dict[str, Any]:
    """The part of the description that the console uses."""
    with tempfile.TemporaryDirectory() as folder:
        staff = Staff(Records(f"sqlite:///{folder}/records.db"), {"default": b"0" * 16})
        whole = described(make_reads(Site({}, SignInGate(), staff=staff)))
        staff.close()
    paths: dict[str, Any] = {}
    for each in USED:
        method, path = each.split(" ")
        operation = dict(whole["paths"][path][method.lower()])
        operation["responses"] = {code: told for code, told in operation["responses"].items() if code.startswith("2")}
        paths.setdefault(path, {})[method.lower()] = operation
    found: dict[str, dict[str, Any]] = {}
    left = names_in(paths) | {("schemas", "Problem")}
    while left:
        kind, name = left.pop()
        if name not in found.setdefault(kind, {}):
            found[kind][name] = whole["components"][kind][name]
            left |= names_in(found[kind][name])
    components = {kind: dict(sorted(known.items())) for kind, known in sorted(found.items())}
    return {
        "openapi": whole["openapi"],
        "info": {"title": "Zhiyu", "version": "1"},
        "paths": paths,
        "components": components,
    }


def names_in(part: Any) -> set[tuple[str, str]]:
    """Kind and name of every component that a part refers to."""
    return set(re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(part)))


def main() -> int:
    """Write, or check."""
    text = json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv:
        current = FILE.is_file() and FILE.read_text(encoding="utf-8") == text
        print("console/openapi.json is current" if current else "console/openapi.json is old: make docs")
        return 0 if current else 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
