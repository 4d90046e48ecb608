"""Takes a picture of every screen of the console: both languages, light and dark, 1280 and 1600 pixels wide.

In: a running server with people (`--url`), a name, the password as one line of standard input; Chromium. Out: PNG files in .zhiyu/screens;
with `--docs` the pictures of docs/screens.md, in English, light, 1280 pixels wide.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
QUIET = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
SETTLE_MS = 1_500
DOCS = ROOT / "docs" / "screens"
LOOKS = (("zh", "light", 1280), ("en", "dark", 1600), ("zh", "dark", 1600), ("en", "light", 1280))
QUALITY = 60
"""Of WebP, percent."""


def screens_of(context: BrowserContext, url: str) -> dict[str, str]:
    """Name → path of what there is to see on this server."""
    found = {
        "today": "/today",
        "queue": "/queue",
        "decisions": "/decisions",
        "network": "/network",
        "lists": "/lists",
        "features": "/features",
        "studio": "/studio",
        "flow": "/studio?at=/flows/0",
        "approvals": "/approvals",
        "backtests": "/backtests",
        "audit": "/audit",
        "settings": "/settings",
        "models": "/models",
        "reports": "/reports",
        "monitoring": "/monitoring?range=30d&by=outcome",
    }
    asked = {
        "case": ("/v1/cases?order=money&limit=1", "cases", "/cases/{number}"),
        "decision": ("/v1/decisions?outcome=decline&limit=1", "decisions", "/decisions/{id}"),
        "gang": ("/v1/gangs?limit=1", "gangs", "/network/gang/{gang}"),
    }  # fmt: skip
    for each in context.request.get(f"{url}/v1/cases?kind=entity&order=money&limit=1").json().get("cases", []):
        found["entity"] = f"/entities/{each['subject'].replace(':', '/code:')}"
    for name, (address, key, path) in asked.items():
        for first in context.request.get(url + address).json().get(key, [])[:1]:
            found[name] = path.format(**first)
    return found


def keep(page: Page, file: Path) -> None:
    """What the page shows, as PNG or WebP by the file's name."""
    if file.suffix == ".png":
        page.screenshot(path=file)
        return
    asked = page.context.new_cdp_session(page)
    told = asked.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(base64.b64decode(told["data"]))


def main() -> int:
    """Take them."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--url", default="http://127.0.0.1:8420")
    wanted.add_argument("--name", default="demo")
    wanted.add_argument("--out", type=Path, default=ROOT / ".zhiyu" / "screens")
    wanted.add_argument("--docs", action="store_true", help="those of docs/screens.md")
    wanted.add_argument("--screens", default="", help="only these, separated by commas")
    wanted.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    given = wanted.parse_args()
    password = sys.stdin.readline().rstrip("\n")
    out, looks = (DOCS, LOOKS[-1:]) if given.docs else (given.out, LOOKS)
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=given.chromium, args=list(QUIET))
        for language, shade, width in looks:
            context = browser.new_context(viewport={"width": width, "height": 900}, timezone_id="Asia/Shanghai")
            context.add_init_script(
                f"localStorage.setItem('zhiyu.language','{language}');localStorage.setItem('zhiyu.theme','{shade}')"
            )
            told = context.request.post(f"{given.url}/v1/sessions", data={"name": given.name, "password": password})
            if not told.ok:
                print(told.json().get("detail", told.text()), file=sys.stderr)
                return 1
            page: Page = context.new_page()
            for name, path in screens_of(context, given.url).items():
                if given.screens and name not in given.screens.split(","):
                    continue
                page.goto(f"{given.url}/console{path}", wait_until="networkidle")
                page.wait_for_timeout(SETTLE_MS)
                file = out / (f"{name}.webp" if given.docs else f"{name}-{language}-{shade}-{width}.png")
                keep(page, file)
                print(file)
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
