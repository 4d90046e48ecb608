"""The tutorial, followed from an empty folder, server and all."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.docs.walks import TUTORIALS, missing, run, walk

pytest.importorskip("lightgbm")


def test_both_languages_tell_to_do_the_same() -> None:
    english, chinese = ([(b.language, b.name, b.text) for b in blocks(page)] for page in TUTORIALS)
    assert english == chinese


def test_a_new_user_gets_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = TUTORIALS[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    done = []
    for step, shown, printed in walk(page, tmp_path):
        assert missing(shown, printed) == [], f"{step} printed:\n{printed}"
        done.append(step)
    assert {step.split()[1] for step in done if step.startswith("zhiyu ")} == {
        "init", "check", "replay", "explain", "train", "diff", "backtest", "tune",
    }  # fmt: skip
    _serve(page, tmp_path)


def _serve(page: Path, folder: Path) -> None:
    """The commands of the last section, against a server on a port of its own."""
    port = _port()
    serve, send, curl = (block.text.replace("8420", str(port)) for block in blocks(page, "sh"))
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    server = subprocess.Popen(
        [sys.executable, "-c", "from zhiyu.cli import main; main()", *shlex.split(serve)[1:]],
        cwd=folder,
        env=environment,
    )
    try:
        _ready(port, server)
        answers = [run(line, folder) for line in send.splitlines()]
        assert "decided" in answers[0] or "events/s" in answers[0], answers[0]
        assert "Top rules" in answers[1]
        record = shlex.split(curl)[-1]
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/decisions", record.encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert b'"outcome"' in answer.read()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _ready(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server was never ready")
