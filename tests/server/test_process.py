"""The whole command, as a process: starts, says what runs, decides, stops gently, and knows everything when it starts again."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from zhiyu.cli import main

HERE = Path(__file__).parent
START = "from zhiyu.cli import main; main()"


class Process:
    """A running `zhiyu serve`."""

    def __init__(self, *arguments: str, lang: str = "en") -> None:
        command = [sys.executable, "-c", START, "serve", "--port", "0", "--clock", "events", "--lang", lang, *arguments]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
        assert self.process.stderr is not None
        self.said: list[str] = []
        for line in self.process.stderr:
            self.said.append(line.strip())
            if line.startswith(("protected by", "保护")):
                break
        found = re.search(r"(https?://\S+)", self.said[-3]) if len(self.said) >= 3 else None
        assert found, self.said
        self.url = found[1]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, list[dict[str, object]]]:
        """Exit code and the log lines after the start."""
        self.process.send_signal(how)
        _, rest = self.process.communicate(timeout=60)
        return self.process.returncode, [json.loads(line) for line in rest.splitlines()]


@contextmanager
def serving(*arguments: str, lang: str = "en") -> Iterator[Process]:
    made = Process(*arguments, lang=lang)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    CliRunner().invoke(main, ["init", str(tmp_path / "policy")], catch_exceptions=False)
    return tmp_path / "policy"


def test_a_server_stops_gently_and_knows_everything_again(tmp_path: Path, policy: Path) -> None:
    given = ("--policy", str(policy), "--data", str(tmp_path / "data"))
    events = (policy / "events.ndjson").read_bytes()
    with serving(*given) as first:
        assert "new, no events yet" in first.said[-2]
        assert first.said[-1] == "protected by: loopback only, no keys; anyone on this machine may use it"
        told = httpx.post(f"{first.url}/v1/decisions:stream", content=events).text.splitlines()
        code, log = first.stop()
        assert code == 0
        assert [line["event"] for line in log] == ["stopping", "closed"]
        assert log[-1]["position"] == len(told)
    with serving(*given, lang="zh") as second:
        assert f"已恢复至位置 {len(told)}" in second.said[-2]
        assert "保护" in second.said[-1]
        again = httpx.post(f"{second.url}/v1/decisions:stream", content=events).text.splitlines()
        assert second.stop(signal.SIGINT)[0] == 0
    first_time = [json.loads(line) | {"repeated": True} for line in told if "decided" in line]
    assert first_time == [json.loads(line) for line in again if "decided" in line]


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path, policy: Path) -> None:
    given = ("--policy", str(policy), "--data", str(tmp_path / "data"))
    with serving(*given) as first:
        done = subprocess.run(
            [sys.executable, "-c", START, "serve", "--port", "0", *given], capture_output=True, text=True, check=False
        )
        assert (done.returncode, "another process serves" in done.stderr) == (1, True), done.stderr
        assert httpx.get(f"{first.url}/readyz").status_code == 200
        assert first.stop()[0] == 0


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, policy: Path) -> None:
    given = ("--policy", str(policy), "--data", str(tmp_path / "data"))
    lines = (policy / "events.ndjson").read_bytes().splitlines()
    with serving(*given) as first:
        told = [httpx.post(f"{first.url}/v1/decisions", content=line).json() for line in lines]
        first.process.kill()
        first.process.wait()
    with serving(*given) as second:
        for answer in told:
            assert httpx.get(f"{second.url}/v1/decisions/{answer['id']}").json() == answer


def test_tls_and_keys(tmp_path: Path, policy: Path) -> None:
    keys = tmp_path / "keys.json"
    made = CliRunner().invoke(
        main, ["keys", "new", "--keys", str(keys), "--scope", "decide", "--note", "test"], catch_exceptions=False
    )
    key = made.stdout.strip()
    given = ("--policy", str(policy), "--data", str(tmp_path / "data"), "--keys", str(keys))
    tls = ("--tls-cert", str(HERE / "localhost.cert.pem"), "--tls-key", str(HERE / "localhost.key.pem"))
    line = (policy / "events.ndjson").read_bytes().splitlines()[1]
    with serving(*given, *tls) as server:
        assert server.url.startswith("https://")
        assert server.said[-1] == "protected by: keys, TLS"
        trusted = ssl.create_default_context(cafile=str(HERE / "localhost.cert.pem"))
        with httpx.Client(verify=trusted, base_url=server.url) as client:
            assert client.post("/v1/decisions", content=line).status_code == 401
            client.headers["authorization"] = f"Bearer {key}"
            assert client.post("/v1/decisions", content=line).status_code == 200
            listed = json.loads(CliRunner().invoke(main, ["keys", "list", "--keys", str(keys), "--json"]).stdout)
            assert [(each["scopes"], each["note"]) for each in listed] == [(["decide"], "test")]
            revoked = CliRunner().invoke(main, ["keys", "revoke", listed[0]["id"], "--keys", str(keys)])
            assert revoked.exit_code == 0
            end = time.monotonic() + 30
            while client.post("/v1/decisions", content=line).status_code != 401:
                assert time.monotonic() < end
                time.sleep(0.1)
        _, log = server.stop()
    assert key not in json.dumps(log)


@pytest.mark.parametrize(
    ("arguments", "word", "wort"),
    [
        (["--host", "0.0.0.0"], "no keys", "没有密钥"), (["--host", "0.0.0.0", "--keys", "K"], "plain text", "明文"),
        (["--tls-cert", "K"], "go together", "同时"), (["--keys", "absent"], "no file of keys", "没有密钥文件"),
        (["--tenant", "a", "--tenant", "b"], "tells the tenants apart", "区分租户"),
        (["--host", "203.0.113.7", "--keys", "K", "--insecure-no-tls"], "cannot listen", "无法监听"),
        (["--policy", "absent"], "absent", "absent"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_told_in_both_languages(
    policy: Path, arguments: list[str], word: str, wort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(policy.parent)
    CliRunner().invoke(main, ["keys", "new", "--keys", "K"], catch_exceptions=False)
    for lang, said in (("en", word), ("zh", wort)):
        done = CliRunner().invoke(main, ["serve", "--policy", str(policy), "--data", "d", "--lang", lang, *arguments])
        assert (done.exit_code, said in done.stderr) == (1, True), done.output
    assert not Path("d").exists()
