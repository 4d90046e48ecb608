"""The life of models over HTTP and from a shell: promoted at a position of the log, told by every decision, undone like any release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from tests.models.test_matrix import folder_with_matrix
from tests.server.served import Served
from zhiyu.access.gate import Gate
from zhiyu.access.key_file import add_key
from zhiyu.access.keys import new_key
from zhiyu.cli import main
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import open_policy
from zhiyu.engine.verify import Verifier
from zhiyu.models.package import read, written
from zhiyu.policy.load import load_policy


def payment(number: int, shop: str = "x") -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "type": "payment",
        "time": f"2026-01-01T00:00:{number:02}Z",
        "card": "c",
        "amount": 10,
        "shop": shop,
    }


def own_file(folder: Path) -> Path:
    """The matrix in a file of its own, as machines write it."""
    text = (folder / "rules.yaml").read_text(encoding="utf-8")
    models, rest = text.split("matrix:\n")
    matrix, reasons = rest.split("reasons:")
    (folder / "rules.yaml").write_text(f"{models}reasons:{reasons}", encoding="utf-8")
    (folder / "matrix.yaml").write_text(f"matrix:\n{matrix}", encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return own_file(folder_with_matrix(tmp_path / "policy", "0"))


@pytest.fixture
def server(tmp_path: Path, folder: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", open_policy(folder)) as made:
        yield made


def speaker(server: Served, number: int) -> tuple[str, str]:
    told = server.client.post("/v1/decisions", json=payment(number)).json()["cells"]["takeover"]
    return told["model"], told["package"]


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, [*arguments, "--lang", "en"])
    assert done.exit_code == 0, done.output + done.stderr
    return done.stdout


def test_a_promotion_takes_effect_at_a_position_and_every_replay_keeps_it(server: Served, tmp_path: Path) -> None:
    listed = {each["name"]: each for each in server.client.get("/v1/models").json()["models"]}
    assert speaker(server, 1) == ("calm", listed["calm"]["hash"][:12])
    told = server.client.post("/v1/models/keen:promote", json={}).json()
    assert told["status"] == "in_force"
    assert told["release"]["position"] == 1
    assert speaker(server, 2) == ("keen", listed["keen"]["hash"][:12])
    (cell,) = server.client.get("/v1/models").json()["matrix"]
    assert (cell["champion"], cell["shadow"]) == ("keen", ["calm", "quiet"])
    assert server.client.get("/v1/decisions/p1").json()["cells"]["takeover"]["model"] == "calm", (
        "what was decided stays"
    )
    why = server.client.get("/v1/decisions/p2/explanation").json()
    assert {each["model"]: each["cells"][0]["spoke"] for each in why["scores"]} in (
        {},
        {"calm": False, "keen": True, "quiet": False},
    )
    assert server.client.post("/v1/policy:rollback").json()["status"] == "in_force"
    assert speaker(server, 3)[0] == "calm"
    findings = Verifier(Kept(tmp_path / "data", "default")).span(0, 1_000)
    assert (findings.counts["holds"], findings.counts["differs"]) == (3, 0)


def test_challenge_shadow_retire(server: Served) -> None:
    client = server.client
    assert client.post("/v1/models/quiet:challenge", json={"percent": 100}).status_code == 200
    assert speaker(server, 1)[0] == "quiet"
    assert client.post("/v1/models/quiet:shadow", json={"cell": "takeover"}).status_code == 200
    assert speaker(server, 2)[0] == "calm"
    assert client.post("/v1/models/quiet:retire", json={}).status_code == 200
    assert [each["name"] for each in client.get("/v1/models").json()["models"]] == ["calm", "keen"]
    told = client.post("/v1/decisions", json=payment(3)).json()
    assert set(told["scores"]) == {"calm", "keen"}


def test_a_new_package_scores_in_shadow(server: Served, folder: Path) -> None:
    package = json.loads((folder / "keen.json").read_bytes())
    body = {"name": "fresh", "cell": "takeover", "package": package}
    assert server.client.post("/v1/models", json=body).json()["status"] == "in_force"
    card = server.client.get("/v1/models/fresh").json()
    assert (card["hash"], card["roles"]) == (package["hash"], [{"cell": "takeover", "role": "shadow"}])
    assert server.client.post("/v1/decisions", json=payment(1)).json()["scores"]["fresh"] is not None
    package["package"]["additive"]["base"] = 9.0
    changed = server.client.post("/v1/models", json=body | {"name": "other"})
    assert (changed.status_code, changed.json()["code"]) == (422, "model")
    assert "changed after it was written" in changed.json()["detail_en"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/v1/models/calm:promote", {}, 422, "the champion of 'takeover' already"),
        ("/v1/models/calm:retire", {}, 422, "promote another model first"),
        ("/v1/models/keem:promote", {}, 422, "did you mean 'keen'"),
        ("/v1/models/keen:promote", {"cell": "takeovr"}, 422, "did you mean 'takeover'"),
        ("/v1/models/keen:challenge", {}, 422, "percent"),
        ("/v1/models/keen:challenge", {"percent": 101}, 422, "percent"),
        ("/v1/models/keen:challenge", {"percent": 5, "by": "nobody"}, 422, "unknown field 'nobody'"),
        ("/v1/models/keen:promote", {"cel": "takeover"}, 422, "cel"),
    ],
)
def test_what_cannot_be_is_said(server: Served, path: str, body: dict[str, Any], status: int, words: str) -> None:
    before = server.client.get("/v1/policy").json()["in_force"]
    answer = server.client.post(path, json=body)
    assert answer.status_code == status
    assert words in answer.text
    assert server.client.get("/v1/policy").json()["in_force"] == before
    assert server.client.get("/v1/models/nobody").status_code == 404


def test_scopes(tmp_path: Path, folder: Path) -> None:
    keys = {}
    for scope in ("read", "policy", "decide"):
        keys[scope], stored = new_key("default", {scope}, 0)
        add_key(tmp_path / "keys.json", stored)
    with Served(tmp_path / "data", open_policy(folder), gate=Gate(tmp_path / "keys.json")) as server:
        asks = {scope: {"Authorization": f"Bearer {key}"} for scope, key in keys.items()}
        assert [server.client.get("/v1/models", headers=asks[s]).status_code for s in keys] == [200, 403, 403]
        promote = [server.client.post("/v1/models/keen:promote", json={}, headers=asks[s]).status_code for s in keys]
        assert promote == [403, 200, 403]


def test_from_a_shell_the_folder_and_the_server_agree(server: Served, folder: Path, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.port}"
    package = read((folder / "keen.json").read_bytes())
    (tmp_path / "fresh.json").write_bytes(written(msgspec.structs.replace(package, card_en="new")))
    for command in (
        ["add", str(tmp_path / "fresh.json"), "--cell", "takeover"], ["challenge", "fresh", "--percent", "12.5"], ["promote", "keen"],
        ["shadow", "fresh"], ["challenge", "calm", "--percent", "5", "--by", "card"], ["retire", "fresh"],
    ):  # fmt: skip
        there = json.loads(run("models", *command, "--url", url, "--json"))
        here = json.loads(run("models", *command, "--policy", str(folder), "--json"))
        assert there["policy"] == here["policy"] == open_policy(folder).artifact.hash, command
        assert here["changes"]
    (cell,) = load_policy(folder).policy.matrix
    assert (cell.champion, cell.shadow, cell.by) == ("keen", ("quiet",), "card")


def test_a_folder_is_left_alone_when_something_is_wrong(folder: Path) -> None:
    def refused(*arguments: str) -> str:
        before = {path: path.read_bytes() for path in folder.iterdir()}
        done = CliRunner().invoke(main, ["models", *arguments, "--lang", "en"])
        assert done.exit_code == 1
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
        return done.stderr

    at = ("--policy", str(folder))
    assert "the champion of 'takeover'; promote another" in refused("retire", "calm", *at)
    assert "add up to 120 percent" in refused(
        "challenge", "quiet", "--percent", "120", *at
    ) or "120 percent" in refused("challenge", "quiet", "--percent", "120", *at)
    assert "declared in another file than matrix.yaml" in refused("retire", "quiet", *at)
    assert "give --policy FOLDER or --url SERVER" in refused("promote", "keen")
    assert "no server at" in refused("promote", "keen", "--url", "http://127.0.0.1:9")
    (folder / "matrix.yaml").write_text((folder / "matrix.yaml").read_text() + "lists: []\n", encoding="utf-8")
    assert "move `matrix:` into a file of its own" in refused("promote", "keen", *at)
