"""Whatever a user can get wrong ends in sentences and an exit code, never in a traceback."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Html, Status
from tests.cli_house import House, real

TOKEN = "ghp_" + "canary0123456789" * 2
UNSHAPED = "canary-without-a-known-shape"


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path, capsys, monkeypatch)
    made.write()
    return made


def config(text: str | bytes) -> Callable[[House], None]:
    content = text.encode() if isinstance(text, str) else text

    def spoil(house: House) -> None:
        (house.folder / "config.toml").write_bytes(content)

    return spoil


def a_folder(house: House) -> None:
    (house.folder / "config.toml").unlink()
    (house.folder / "config.toml").mkdir()


def an_example_with(before: str, after: str) -> Callable[[House], None]:
    def spoil(house: House) -> None:
        house.write((before, after))

    return spoil


def in_env(**env: str) -> Callable[[House], None]:
    return lambda house: house.env.update(env)


def a_mapping(text: str) -> Callable[[House], None]:
    def spoil(house: House) -> None:
        (house.folder / "mine.toml").write_text(text, encoding="utf-8")
        house.write(("mappings = [", 'mappings = ["mine.toml", '))

    return spoil


def a_broken_state(house: House) -> None:
    (house.folder / ".milepost").mkdir()
    (house.folder / ".milepost" / "sandbox.json").write_text("{}")


WRONG = {
    "a folder": (a_folder, "config.toml: this is a folder, not a file"),
    "no text": (config(b"\xff\xfe\x00"), "Configuration files are UTF-8 text"),
    "no TOML": (config('a = 1\nb = "'), "config.toml:2: "),
    "nothing": (config(""), '"mappings" is missing'),
    "an unknown table": (
        an_example_with("[limits]", "[limit]"),
        'unknown key "limit". Did you mean "limits"?',
    ),
    "an unknown key": (an_example_with("max_changes", "max_change"), 'Did you mean "max_changes"?'),
    "an unknown kind": (an_example_with('kind = "jira"', 'kind = "jra"'), 'Did you mean "jira"?'),
    "a number as text": (an_example_with("bucket = 25", 'bucket = "x"'), "expected a whole number, read 'x'"),
    "a time that is none": (
        an_example_with("every_minutes = 15 ", 'at = ["7:00"] '),
        "expected a time of the day such as 07:00, read '7:00'",
    ),
    "an address without https": (
        an_example_with('kind = "jira"\nurl = "sandbox:"', 'kind = "jira"\nurl = "http://jira.test"'),
        "trackers.jira.url",
    ),
    "a face that is none": (
        an_example_with('kind = "jira"\nurl = "sandbox:"', 'kind = "jira"\nurl = "sandbox:moon"'),
        'there is no built-in tracker "sandbox:moon" of kind jira',
    ),
    "no mapping file": (
        an_example_with("mappings = [", 'mappings = ["no/*.toml", '),
        '"no/*.toml" matches no file',
    ),
    "a mapping that is no TOML": (a_mapping("[goals"), "mine.toml:1: "),
    "a misspelt variable": (in_env(MILEPOST_TRACKER__JIRA__TOKEN="x"), 'Did you mean "trackers"?'),
    "a tracker that only the environment knows": (
        in_env(MILEPOST_TRACKERS__JIRRA__TOKEN="x"),
        "environment, MILEPOST_TRACKERS__JIRRA__TOKEN: trackers.jirra: no tracker of the",
    ),
    "a list that is no JSON": (in_env(MILEPOST_MAPPINGS="["), "environment, MILEPOST_MAPPINGS: mappings: "),
    "a wrong value in the environment": (
        in_env(MILEPOST_LIMITS__MAX_CHANGES="many"),
        "environment, MILEPOST_LIMITS__MAX_CHANGES: limits.max_changes: expected a whole number, read 'many'",
    ),
    "a missing folder of secrets": (in_env(MILEPOST_SECRETS_DIR="/nonexistent"), "/nonexistent is no folder"),
    "a state of the sandbox that is none": (
        a_broken_state,
        "is no state of the sandbox",
    ),
    "a store below a file": (an_example_with('".milepost/milepost.db"', '"config.toml/x.db"'), "store.path"),
}


@pytest.mark.parametrize("command", ["sync", "check"])
@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_told_with_its_place_and_ends_with_two(house: House, what: str, command: str) -> None:
    spoil, told = WRONG[what]
    spoil(house)
    said = house.milepost(command)
    assert (said.code, said.out) == (2, ""), said
    assert told in said.err
    assert "Traceback" not in said.err


def test_everything_that_is_wrong_is_told_at_once_mapping_included(house: House) -> None:
    (house.folder / "mine.toml").write_text(
        '[milestones.lost]\ntitle = 3\nleads_to = "nowhere"\n', encoding="utf-8"
    )
    house.write(
        ("mappings = [", 'mappings = ["mine.toml", '),
        ("max_changes = 200", "max_changes = -1"),
        ('instance = "example"', 'instance = "an example"'),
        ("stale_days = 14", "stale_dys = 14"),
    )
    said = house.milepost("check")
    assert said.code == 2
    for place in (
        "limits.max_changes",
        "publish.instance",
        "health.stale_dys",
        "mine.toml:2: milestones.lost.title",
    ):
        assert place in said.err
    assert said.err.endswith("5 problems; nothing was read from or written to a tracker\n")


def test_missing_secrets_are_all_named(house: House) -> None:
    with real(house):
        house.env.clear()
        for name in ("JIRA__EMAIL", "JIRA__TOKEN", "GITHUB__TOKEN"):
            house.patch.delenv(f"MILEPOST_TRACKERS__{name}", raising=False)
        said = house.milepost("sync")
    assert said.code == 2
    assert "MILEPOST_TRACKERS__JIRA__TOKEN is not set" in said.err
    assert "MILEPOST_TRACKERS__GITHUB__TOKEN is not set" in said.err


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\x00" + b"\x07" * 4000])
def test_a_store_that_is_damaged_is_told_and_left_as_it_is(house: House, content: bytes) -> None:
    store = house.folder / ".milepost" / "milepost.db"
    store.parent.mkdir()
    store.write_bytes(content)
    said = house.milepost("sync")
    assert said.code == 1
    assert str(store) in said.err
    assert "Traceback" not in said.err
    assert store.read_bytes() == content


@pytest.mark.parametrize("fault", [Status(401), Status(403), Status(404), Status(500), Html()])
def test_a_tracker_that_fails_is_told_and_the_other_one_is_served(house: House, fault: Status | Html) -> None:
    with real(house, ('kind = "jira"', 'kind = "jira"\nattempts = 1')) as server:
        server.plan(Fault(kind=fault, site="jira", times=None))
        said = house.milepost("sync")
    assert said.code == 1
    assert "problem: jira: " in said.out
    assert "jira: not read; github: 8 read" in said.out
    assert "✓ Write the progress comment on acme/site#1" in said.out
    assert "Traceback" not in said.err


def test_with_json_every_line_on_standard_error_is_json(house: House) -> None:
    errors = [house.milepost("--log-format", "json", "sync", "--config", "missing.toml")]
    errors.append(house.milepost("sync", "--log-format=json", "--no-such-option"))
    errors.append(house.milepost("no-such-command", "--log-format", "json"))
    errors.append(house.milepost("undo", "many", "--log-format", "json"))
    for said in errors:
        assert (said.code, said.out) == (2, "")
        assert [json.loads(line)["level"] for line in said.err.splitlines()]
    done = house.milepost("sync", "--log-format", "json", "--verbose")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert lines[-1]["run"] == 1
    assert lines[-1]["written"] == 27
    assert any("decided: Write the progress comment on BLOG-1" in line["message"] for line in lines)
    assert any('"GET /github/repos/acme/site' in line["message"] for line in lines)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("token", [TOKEN, UNSHAPED])
def test_no_secret_is_ever_printed_whatever_fails(house: House, token: str, form: str) -> None:
    """Each tracker repeats the secret back at us in every way it has."""
    with real(house, ('kind = "jira"', 'kind = "jira"\nattempts = 1')) as server:
        house.env["MILEPOST_TRACKERS__JIRA__TOKEN"] = token
        house.env["MILEPOST_TRACKERS__GITHUB__TOKEN"] = token
        echo = {"message": f"bad token {token}", "errorMessages": [f"bad token {token}"]}
        answers = (Status(401, {"X-Token": token}, echo), Status(500, {}, echo), Html(f"<p>{token}</p>"))
        for answer in answers:
            server.clear_faults()
            server.plan(Fault(kind=answer, times=None))
            for command in ("check", "plan", "sync", "status", "undo"):
                said = house.milepost(command, "--verbose", "--log-format", form)
                assert token not in said.out + said.err
                assert "canary" not in said.out + said.err


def test_a_secret_in_the_file_is_refused_without_being_shown(house: House) -> None:
    for token in (TOKEN, UNSHAPED):
        file = house.write(('kind = "github"', f'kind = "github"\ntoken = "{token}"'))
        line = file.read_text(encoding="utf-8").splitlines().index(f'token = "{token}"') + 1
        said = house.milepost("check", "--verbose")
        assert said.code == 2
        assert f"config.toml:{line}: trackers.github.token: a secret is written here" in said.err
        assert "canary" not in said.err
        assert said.err.endswith("1 problem; nothing was read from or written to a tracker\n")


def test_a_secret_that_a_wrong_value_holds_is_not_shown(house: House) -> None:
    house.env["MILEPOST_TRACKERS__GITHUB__TOKEN"] = f"{UNSHAPED} with spaces"
    house.write(('kind = "github"\nurl = "sandbox:"', 'kind = "github"'))
    said = house.milepost("check")
    assert said.code == 2
    assert (
        "environment, MILEPOST_TRACKERS__GITHUB__TOKEN: trackers.github.token: a token is one word"
        in said.err
    )
    assert "canary" not in said.err
