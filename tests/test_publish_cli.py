"""`zhiyu publish`: a policy goes to a real server from the command line, and back; what it says in both languages; who may."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.access.test_keys import with_key
from tests.faults.killed import POLICIES
from tests.server.served import Served, payment
from zhiyu.access.gate import Gate
from zhiyu.cli import main
from zhiyu.commands.publish import became
from zhiyu.engine.opened import open_policy


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Three policies; the second is in force at once after the first, the third counts first."""
    made = [tmp_path / f"policy-{number}" for number in range(len(POLICIES))]
    for path, text in zip(made, POLICIES):
        path.mkdir()
        (path / "policy.yaml").write_text(text)
    return made


@pytest.fixture
def server(folders: list[Path], tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", open_policy(folders[0])) as made:
        yield made


def publish(server: Served, *arguments: str | Path, language: str = "en", key: str = "") -> Result:
    url = f"http://127.0.0.1:{server.port}"
    environment = {"ZHIYU_API_KEY": key} if key else {}
    return CliRunner().invoke(
        main, ["publish", *map(str, arguments), "--url", url, "--lang", language], env=environment
    )


def answered(server: Served, *arguments: str | Path) -> dict[str, Any]:
    result = publish(server, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_policy_is_published_asked_for_and_rolled_back(server: Served, folders: list[Path]) -> None:
    hashes = [open_policy(folder).artifact.hash for folder in folders]
    for number in range(5):
        server.decide(payment(number))
    dry = publish(server, folders[1], "--dry-run")
    assert dry.stdout == f"killed {hashes[1][:12]}: checked; it would be in force at once\n"
    assert server.decide(payment("dry")).json()["policy"] == hashes[0]
    at_once = publish(server, folders[1])
    assert at_once.stdout == f"killed {hashes[1][:12]}: in force from position 6 on, release 1\n"
    assert server.decide(payment("new")).json()["policy"] == hashes[1]
    counting = publish(server, folders[2], language="zh")
    assert counting.exit_code == 0
    assert f"killed {hashes[2][:12]}：自位置 7 起生效（第 2 次发布）" in counting.stdout
    assert server.decide(payment("counted")).json()["policy"] == hashes[2]
    back = publish(server, "--roll-back")
    assert f"killed {hashes[1][:12]}: in force" in back.stdout
    assert server.decide(payment("back")).json()["policy"] == hashes[1]
    told = publish(server).stdout.splitlines()
    assert [line.partition(":")[0] for line in told] == ["in force", "before"]
    assert hashes[1][:12] in told[0]
    assert hashes[2][:12] in told[1]
    assert publish(server, language="zh").stdout.startswith("生效: killed")
    assert answered(server)["in_force"]["policy"] == hashes[1]
    assert answered(server, folders[1])["release"]["number"] == 3  # what is in force stays as it is


def test_a_version_goes_to_a_share_and_back(server: Served, folders: list[Path]) -> None:
    before = answered(server)["in_force"]["policy"]
    shadow = publish(server, folders[1], "--stage", "shadow")
    assert "in shadow from position" in shadow.stdout, shadow.stderr
    assert "影子" in publish(server, language="zh").stdout
    share = publish(server, folders[1], "--stage", "percentage", "--percent", "12.5", "--by", "card")
    assert "counting first" in share.stdout, share.stderr  # both versions have other waits
    while answered(server)["warming"]:
        time.sleep(0.05)
    told = publish(server).stdout
    assert "for a share: " in told
    assert "12.5% / card" in told
    assert publish(server, folders[1], "--stage", "percentage", "--percent", "5").exit_code == 1
    assert "in force" in publish(server, "--stop").stdout
    while answered(server)["in_force"]["policy"] != before:
        time.sleep(0.05)
    assert "no version is in shadow" in publish(server, "--stop").stderr


def test_a_dry_run_says_why_it_would_count_first(server: Served, folders: list[Path]) -> None:
    told = publish(server, folders[2], "--dry-run").stdout
    assert "it would count first, as it counts spent_12h anew" in told
    assert "需先计数" in publish(server, folders[2], "--dry-run", language="zh").stdout
    assert answered(server, folders[2], "--dry-run")["at_once"] is False


def test_a_policy_that_still_counts_is_told(
    server: Served, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = server.site.desks["default"].live
    monkeypatch.setattr(live, "work", lambda seconds=0.0: False)
    server.decide(payment(1))
    now = publish(server, folders[2], "--wait", "0")
    assert (now.exit_code, "counting first" in now.stdout) == (0, True)
    assert publish(server).stdout.splitlines()[-1].startswith("counting: killed")
    late = publish(server, folders[2], "--wait", "0.1")
    assert late.exit_code == 1
    assert "still counting" in late.stderr
    assert "策略仍在计数" in publish(server, folders[2], "--wait", "0.1", language="zh").stderr


@pytest.mark.parametrize(
    ("arguments", "en", "zh"),
    [
        (["--roll-back", "--dry-run"], "takes neither", "不能与"), (["--dry-run"], "needs a POLICY folder", "需要给出策略目录"),
        (["nowhere"], "nowhere", "nowhere"), (["--roll-back"], "no earlier release", "没有可回退的更早版本"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(server: Served, arguments: list[str], en: str, zh: str) -> None:
    for language, words in (("en", en), ("zh", zh)):
        result = publish(server, *arguments, language=language)
        assert result.exit_code == 1
        assert words in result.stderr


def test_a_wrong_policy_is_never_sent(server: Served, folders: list[Path]) -> None:
    (folders[1] / "policy.yaml").write_text(POLICIES[1].replace("seen_1h > 3", "sen_1h > 3"))
    result = publish(server, folders[1])
    assert result.exit_code == 1
    assert "policy.yaml" in result.stderr
    assert "seen_1h" in result.stderr
    assert answered(server)["in_force"]["number"] == 0


def test_only_who_may_publishes(folders: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = [with_key(file, scopes)[0].decode().removeprefix("Bearer ") for scopes in (("decide",), ("policy",))]
    with Served(tmp_path / "data", open_policy(folders[0]), gate=Gate(file)) as server:
        for key, code, word in (("", 1, "key"), (keys[0], 1, "propose"), (keys[1], 0, "in force")):
            result = publish(server, folders[1], key=key)
            assert (result.exit_code, word in result.output) == (code, True), result.output


def test_no_server_is_told(folders: list[Path]) -> None:
    result = CliRunner().invoke(main, ["publish", str(folders[0]), "--url", "http://127.0.0.1:9", "--lang", "en"])
    assert result.exit_code == 1
    assert "no server at" in result.stderr


@pytest.mark.parametrize(("zh", "words"), [(False, "proposal 3, a draft"), (True, "提案 3")])
def test_who_may_only_propose_is_told_of_the_draft(zh: bool, words: str) -> None:
    answer = {"status": "draft", "proposal": 3, "policy": "0" * 64, "name": "killed", "warnings": []}
    assert words in became(answer, zh)
