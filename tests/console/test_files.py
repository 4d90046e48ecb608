"""The console as files: what it is served with, and that its generated parts are current."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.served import Served
from zhiyu.server import console

ROOT = Path(__file__).parents[2]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some files instead of those of a build."""
    page = console.Built("text/html", b"<meta name=csp-nonce content=__NONCE__>", None)
    script = console.Built("text/javascript; charset=utf-8", b"let a = 1\n" * 500, b"packed")
    monkeypatch.setattr(console, "built_files", lambda: {"index.html": page, "assets/a-1f.js": script})


def test_the_page_has_a_fresh_nonce_and_no_script_inside_may_run(tmp_path: Path, built: None) -> None:
    with Served(tmp_path) as server:
        assert server.client.get("/console").headers["location"] == "/console/"
        pages = [
            server.client.get(f"/console/{path}") for path in ("", "decisions", "decisions/e1", "network/person/c%2F1")
        ]
        nonces = {re.search(r"content=([\w-]+)", page.text).group(1) for page in pages}  # type: ignore[union-attr]
        assert len(nonces) == len(pages)
        for page in pages:
            assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
            policy = page.headers["content-security-policy"]
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert re.search(r"nonce-([\w-]+)'", policy).group(1) in page.text  # type: ignore[union-attr]
        script = server.client.get("/console/assets/a-1f.js", headers={"accept-encoding": "identity"})
        assert script.text.startswith("let a")
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["x-content-type-options"] == "nosniff"
        with server.client.stream("GET", "/console/assets/a-1f.js", headers={"accept-encoding": "gzip"}) as packed:
            assert packed.headers["content-encoding"] == "gzip"
            assert b"".join(packed.iter_raw()) == b"packed"
        for path in ("assets/none.js", "../desk.py", "assets/..%2F..%2Fdesk.py", "nothing.txt"):
            assert server.client.get(f"/console/{path}").status_code == 404


def test_without_a_build_one_sentence_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "built_files", dict)
    with Served(tmp_path) as server:
        english, chinese = (server.client.get("/console/", headers={"accept-language": each}) for each in ("en", "zh"))
    assert (english.status_code, "make console" in english.text) == (503, True)
    assert "尚未构建" in chinese.text


def test_the_description_that_types_are_made_of_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "console" / "write_api.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lockfile_carries_no_addresses_and_pins_everything() -> None:
    lock = json.loads((ROOT / "console" / "package-lock.json").read_text(encoding="utf-8"))
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package.get("link") or package["integrity"].startswith("sha512-"), name


def test_words_are_there_in_both_languages() -> None:
    """The types see to the same keys; here, that no value was left empty or untranslated. A screen's own file holds both, Chinese first."""
    folder = ROOT / "console" / "src" / "words"
    pairs = [(folder / "zh.ts", folder / "en.ts")]
    texts = [tuple(path.read_text(encoding="utf-8") for path in pair) for pair in pairs]
    for path in sorted(folder.glob("*.ts")):
        if path.name not in ("zh.ts", "en.ts"):
            chinese, found, english = path.read_text(encoding="utf-8").partition("export const en")
            assert found, path
            texts.append((chinese, english))
    for both in texts:
        chinese, english = (dict(re.findall(r'^  "([\w.]+)": "(.*)",$', text, re.MULTILINE)) for text in both)
        assert chinese.keys() == english.keys()
        assert chinese
        for key, said in english.items():
            assert said.strip(), key
            assert set(re.findall(r"\{(\w+)\}", said)) == set(re.findall(r"\{(\w+)\}", chinese[key])), key
            if not key.startswith("shell.language"):
                assert not re.search(r"[\u4e00-\u9fff]", said), key
