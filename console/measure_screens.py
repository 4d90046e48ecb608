"""Times the screens of a running server in Chromium: until the first row is painted, and how the network moves.

In: a running server with people (`--url`), a name, the password as one line of standard input; Chromium. Out: p50 and p95 of each screen
over `--rounds`, ms, from the address being opened with an empty cache until what the screen is for is painted, and from another screen,
with its files there; the frames of a network of so many nodes while it is dragged. Without a graphics card the processor draws.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import shutil
import sys
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright
from take_screens import QUIET, screens_of

SHOWN = {
    "today": ".mix tbody tr, .empty", "queue": "tr.at", "decisions": "tr.at", "case": ".alerts .at", "decision": ".verdict",
    "monitoring": ".metrics tbody tr, table.rows tbody tr", "entity": ".happened tr", "gang": ".canvas canvas", "lists": ".about",
    "features": "tr.at", "studio": ".rules li.at", "approvals": "h1", "audit": "tbody tr", "models": "h1", "backtests": "h1",
}  # fmt: skip
"""What each screen is for: the element that has to be there."""
AIM_MS = 1_000
NODES = 5_000
DRAGS = 60
_WATCH = """(() => {
  const wanted = %s;
  const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = performance.now(); }));
  const look = () => { if (document.querySelector(wanted)) painted(); else requestAnimationFrame(look); };
  look();
})()"""
_FRAMES = """() => { const times = []; window.frames_ = times; let on = true; window.stop_ = () => { on = false; };
  const turn = (now) => { times.push(now); if (on) requestAnimationFrame(turn); }; requestAnimationFrame(turn); }"""


def cold(browser: Browser, state: Any, address: str, shown: str) -> float:
    """Milliseconds from opening the address, nothing in the cache, until the element was painted."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, storage_state=state)
    context.add_init_script(_WATCH % json.dumps(shown))
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_function("() => window.painted !== undefined", timeout=60_000)
    found = float(page.evaluate("() => window.painted"))
    context.close()
    return found


def warm(page: Page, url: str, path: str, shown: str) -> float:
    """The same from another screen: the page is there, its data is asked."""
    page.goto(f"{url}/console/settings")
    page.wait_for_selector("h1")
    page.evaluate("() => { window.painted = undefined; window.began = performance.now(); }")
    page.evaluate(
        "path => { window.history.pushState({}, '', '/console' + path); window.dispatchEvent(new PopStateEvent('popstate')); }",
        path,
    )
    page.evaluate("() => " + _WATCH % json.dumps(shown))
    page.wait_for_function("() => window.painted !== undefined", timeout=60_000)
    return float(page.evaluate("() => window.painted - window.began"))


def nest(nodes: int) -> dict[str, Any]:
    """An answer of the network with so many nodes: a third are things, each used by a few people."""
    people, things = nodes * 2 // 3, nodes - nodes * 2 // 3
    when = "2026-01-01T00:00:00+00:00"
    code = "{:016x}".format
    links = [
        {"person": f"customer:c{n}", "person_code": code(n), "thing": f"device:d{at}", "thing_code": code(at), "first": when, "last": when,
         "events": 1 + n % 3}
        for n in range(people) for at in {n * 7 % things, n // 3 % things}
    ]  # fmt: skip
    used: dict[int, int] = {}
    for each in links:
        at = int(each["thing_code"], 16)
        used[at] = used.get(at, 0) + 1
    return {
        "people": [{"name": f"customer:c{n}", "code": code(n), "hops": min(n, 2), "bad": n % 40 == 0, "gang": None} for n in range(people)],
        "things": [{"name": f"device:d{at}", "code": code(at), "people": count} for at, count in used.items()],
        "links": links, "cut": False, "position": 1, "as_of": when, "component": {"persons": people},
    }  # fmt: skip


def network(context: BrowserContext, url: str, nodes: int) -> dict[str, float]:
    """Frames while a network of so many nodes is dragged, once its layout has come to rest."""
    page = context.new_page()
    body = json.dumps(nest(nodes))

    def answer(route: Route) -> None:
        route.fulfill(body=body, content_type="application/json")

    page.route("**/v1/network/person/**", answer)
    page.add_init_script(_WATCH % json.dumps(".canvas canvas"))
    page.goto(f"{url}/console/network/person/measured")
    page.wait_for_selector(".canvas canvas")
    page.wait_for_function("() => window.painted !== undefined")
    painted = float(page.evaluate("() => window.painted"))
    page.evaluate(_FRAMES)
    page.wait_for_timeout(6_000)
    page.evaluate("() => window.stop_()")
    moving = frames(page.evaluate("() => window.frames_"))
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(_FRAMES)
    for step in range(DRAGS):
        page.mouse.move(x + 120 * math.sin(step / 8), y + 80 * math.cos(step / 8))
        page.wait_for_timeout(16)
    page.evaluate("() => window.stop_()")
    page.mouse.up()
    dragged = frames(page.evaluate("() => window.frames_"))
    page.close()
    return {
        "painted_ms": painted, "frames_per_s_of_layout": 1000 / quantile(moving, 50), "longest_of_layout_ms": max(moving),
        "frames_per_s_dragged": 1000 / quantile(dragged, 50), "p95_frame_dragged_ms": quantile(dragged, 95),
    }  # fmt: skip


def frames(times: list[float]) -> list[float]:
    """Milliseconds between frames."""
    return [b - a for a, b in itertools.pairwise(times)] or [math.nan]


def quantile(values: list[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed."""
    return sorted(values)[min(math.ceil(len(values) * percent / 100), len(values)) - 1]


def main() -> int:
    """Measure them."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--url", default="http://127.0.0.1:8420")
    wanted.add_argument("--name", default="demo")
    wanted.add_argument("--rounds", type=int, default=20)
    wanted.add_argument("--nodes", type=int, default=NODES)
    wanted.add_argument("--screens", help="only these, separated by commas")
    wanted.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    given = wanted.parse_args()
    password = sys.stdin.readline().rstrip("\n")
    with sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=given.chromium, args=list(QUIET))
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        told = context.request.post(f"{given.url}/v1/sessions", data={"name": given.name, "password": password})
        if not told.ok:
            print(told.json().get("detail", told.text()), file=sys.stderr)
            return 1
        queues = context.request.get(f"{given.url}/v1/queues").json().get("queues", [])
        print(
            f"{sum(each['open'] for each in queues):,} open cases; {given.rounds} rounds; ms until painted, aim p95 {AIM_MS:,}"
        )
        page, state = context.new_page(), context.storage_state()
        for name, path in screens_of(context, given.url).items():
            if name in SHOWN and (not given.screens or name in given.screens.split(",")):
                first = [cold(browser, state, f"{given.url}/console{path}", SHOWN[name]) for _ in range(given.rounds)]
                then = [warm(page, given.url, path, SHOWN[name]) for _ in range(given.rounds)]
                both = [f"p50 {quantile(each, 50):6,.0f}  p95 {quantile(each, 95):6,.0f}" for each in (first, then)]
                print(f"{name:12} empty cache {both[0]}   from another screen {both[1]}", flush=True)
        if given.nodes:
            print(
                f"a network of {given.nodes:,} nodes:",
                {k: round(v, 1) for k, v in network(context, given.url, given.nodes).items()},
            )
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
