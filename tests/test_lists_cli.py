"""`zhiyu lists` and `zhiyu snooze` as a user meets them: bring a file twice, look, take off, make mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.listed_policy import CARDS, known_to, write_policy
from zhiyu.cli import main
from zhiyu.engine.opened import open_policy
from zhiyu.entities.lists import ListBook
from zhiyu.log.list_journal import read_journal

AT = "2024-05-01T08:00:00Z"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHIYU_LANG", "en")
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    write_policy(tmp_path / "p")
    return tmp_path


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [*words, "-p", "p", "-j", "j.ndjson"], input=stdin)


def said(*words: str) -> dict[str, object]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def counts(result: Result) -> tuple[int, ...]:
    found = json.loads(result.stdout)
    return tuple(found[word] for word in ("new", "renewed", "existing", "invalid"))


def test_a_file_is_brought_once_renewed_and_its_bad_lines_are_named(home: Path) -> None:
    (home / "cards.txt").write_text(
        f"{CARDS[0]}\n4111 1111 1111 1111\n\n4111111111111112\r\nnonsense\n{CARDS[0]}\n", encoding="utf-8"
    )
    words = (
        "lists",
        "import",
        "cards.txt",
        "--list",
        "stolen_cards",
        "--reason",
        "报失",
        "--author",
        "ops",
        "--at",
        AT,
    )
    first = run(*words)
    assert first.exit_code == 0
    assert first.stdout == "stolen_cards: 2 new, 0 renewed, 1 existing, 2 invalid\n"
    assert "line 4: value: the check digit" in first.stderr
    assert "line 5" in first.stderr
    journal = (home / "j.ndjson").read_bytes()
    assert not any(card.encode() in journal for card in CARDS)
    assert counts(run(*words, "--json")) == (0, 0, 3, 2)
    assert (home / "j.ndjson").read_bytes() == journal
    assert counts(run(*words, "--json", "--until", "90d")) == (0, 2, 1, 2)
    assert (
        run(*words, "--lang", "zh", "--until", "90d").stdout == "stolen_cards：新增 0，更新到期 0，已存在 3，无效 2\n"
    )
    shown = said("lists", "show", "--list", "stolen_cards", "--as-of", AT)
    assert shown["lists"] == {"stolen_cards": 2}
    assert {
        "value": "411111******1111",
        "since": AT,
        "until": "2024-07-30T08:00:00Z",
        "reason": "报失",
        "author": "ops",
    }.items() <= shown["entries"][0].items()  # type: ignore[index]
    assert said("lists", "show", "--as-of", "2024-07-30T08:00:00Z")["lists"] == {
        "stolen_cards": 0,
        "devices": 0,
        "shops": 0,
    }
    assert said("lists", "show", "--as-of", "2024-05-01T07:59:59Z")["entries"] == []


def test_csv_and_ndjson_bring_until_and_reason_of_their_own(home: Path) -> None:
    late = "2024-06-01T00:00:00Z"
    (home / "c.csv").write_text(
        f'reason,value,until\n"a, b",17,\n,18,{late}\n,19,2024-04-01T00:00:00Z\nx,20\n,x,\n', encoding="utf-8"
    )
    records = [{"value": 21}, {"value": "22", "until": late, "reason": "r"}, {"valu": 1}, {"value": 23, "reason": 5}]
    (home / "n.ndjson").write_text("\n".join(map(json.dumps, records)) + "\n[", encoding="utf-8")
    words = ("--list", "shops", "--at", AT, "--until", "2024-05-03T00:00:00Z", "--json")
    csv, ndjson = run("lists", "import", "c.csv", *words), run("lists", "import", "n.ndjson", *words)
    assert (counts(csv), counts(ndjson)) == ((2, 0, 0, 3), (2, 0, 0, 3))
    assert [(bad["line"], bad["field"]) for bad in json.loads(csv.stdout)["invalid_lines"]] == [
        (4, "until"),
        (5, ""),
        (6, "value"),
    ]
    assert [(bad["line"], bad["field"]) for bad in json.loads(ndjson.stdout)["invalid_lines"]] == [
        (3, ""),
        (4, "reason"),
        (5, ""),
    ]
    entries = said("lists", "show", "--as-of", AT)["entries"]
    assert [(each["value"], each["until"], each["reason"]) for each in entries] == [  # type: ignore[union-attr, index]
        ("22", late, "r"), ("21", "2024-05-03T00:00:00Z", ""), ("18", late, ""), ("17", "2024-05-03T00:00:00Z", "a, b"),
    ]  # fmt: skip


def test_add_remove_and_snooze(home: Path) -> None:
    assert (
        run("lists", "add", "--list", "shops", "17", "18", "--at", AT).stdout
        == "shops: 2 new, 0 renewed, 0 existing, 0 invalid\n"
    )
    gone = run("lists", "remove", "--list", "shops", "-", "--at", AT, stdin="17\n99\n")
    assert (gone.exit_code, gone.stdout) == (1, "shops: 1 removed, not on the list: 99\n")
    again = run("lists", "remove", "--list", "shops", "17", "--at", AT)
    assert (again.exit_code, again.stdout) == (1, "shops: 0 removed, not on the list: 17\n")
    made = run(
        "snooze", "stolen", "--field", "card", "--value", CARDS[1], "--until", "30d", "--reason", "known", "--at", AT
    )
    assert made.stdout == "snoozed stolen card  411111******1111  2024-05-01T08:00:00Z → 2024-05-31T08:00:00Z  known\n"
    shown = run("lists", "show", "--as-of", AT)
    assert "shops: 1 entries" in shown.stdout
    assert "snoozed stolen card  411111******1111" in shown.stdout
    assert "静默 stolen card" in run("lists", "show", "--as-of", AT, "--lang", "zh").stdout


def test_what_the_command_writes_is_what_the_engine_looks_for(home: Path) -> None:
    """The code in the journal is the code an event of the same policy and tenant gets."""
    run("lists", "add", "--list", "stolen_cards", CARDS[0], "--at", AT)
    opened = open_policy(home / "p")
    book = ListBook(opened.codes.one)
    book.put(read_journal(home / "j.ndjson", known_to(home / "p")).changes)
    assert book.apply_until(1_714_550_400_000) == 1
    assert book.entry("stolen_cards", opened.codes.one(CARDS[0])) is not None
    assert {name for name, _ in opened.compiled.after.list_offsets} == {"stolen_cards", "shops", "devices"}


def test_nothing_is_written_when_one_value_cannot_be(home: Path) -> None:
    result = run("lists", "add", "--list", "shops", "17", "x", "--json")
    assert result.exit_code == 1
    assert counts(result) == (0, 0, 0, 1)
    assert not (home / "j.ndjson").exists()


@pytest.mark.parametrize(
    ("words", "say"),
    [
        (("lists", "import", "none.txt", "--list", "shops"), "no file"),
        (("lists", "add", "--list", "shps", "1"), "did you mean 'shops'"),
        (("lists", "add", "--list", "shops", "1", "--until", "soon"), "30d"),
        (("lists", "add", "--list", "shops", "1", "--at", "2024-05-01"), "--at"),
        (("lists", "add", "--list", "shops", "1", "--at", AT, "--until", "2024-01-01T00:00:00Z"), "later"),
        (("snooze", "stole", "--field", "card", "--value", CARDS[0], "--until", "1d"), "did you mean 'stolen'"),
        (("snooze", "stolen", "--field", "crd", "--value", CARDS[0], "--until", "1d"), "did you mean 'card'"),
        (("snooze", "stolen", "--field", "card", "--value", "1", "--until", "1d"), "check digit"),
        (("lists", "remove", "--list", "shops", "x"), "number"), (("lists", "show", "--list", "x"), "no list"),
        (("lists", "add", "--list", "shops", "1", "--reason", "x" * 1001), "1000"), (("lists", "add", "--list", "shops", "-"), "no value"),
    ],
)  # fmt: skip
def test_mistakes_get_one_clear_message_and_exit_code_1(home: Path, words: tuple[str, ...], say: str) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert say in result.stderr
    assert "Traceback" not in result.output
    assert not (home / "j.ndjson").exists()


def test_a_bad_header_and_a_bad_journal_stop_the_work(home: Path) -> None:
    (home / "c.csv").write_text("values\n1\n", encoding="utf-8")
    assert "did you mean 'value'" in run("lists", "import", "c.csv", "--list", "shops").stderr
    (home / "j.ndjson").write_text('{"op":"add"}\n{"op":"ad', encoding="utf-8")
    result = run("lists", "show")
    assert result.exit_code == 1
    assert "j.ndjson:1: time: " in result.stderr
    (home / "j.ndjson").write_text('{"op":"ad', encoding="utf-8")
    result = run("lists", "add", "--list", "shops", "1")
    assert result.exit_code == 0
    assert "j.ndjson:1: was cut off" in result.stderr
