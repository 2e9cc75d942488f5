"""The pages on security and on one run: what they name is there, and what they claim holds."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.sandbox.github_world import GitHubSite
from core.cli.command_session import sync_now
from core.cli.open_context import context_of
from core.cli.wiring import App, open_app
from core.publish.release import ALL
from core.settings import SettingsProblems, load_config, missing_secrets
from core.steps.run_report import Report
from core.sync import conclude
from tests.tools.openapi import document_of

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config.example.toml"
PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("security.md", "run.md")}
TRACKER = """
mappings = ["*.toml"]
[trackers.github]
kind = "github"
repositories = ["acme/site"]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[App]:
    """The shipped example, with its store and its trackers in a folder of this test."""
    with open_app(EXAMPLE, state=tmp_path) as opened:
        yield opened


def synced(desk: App) -> Report:
    return sync_now(context_of(desk))


# ---- what the pages name ----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_calls_as_witness_exists(page: str) -> None:
    called = set(re.findall(r"`(test_\w+)`", PAGES[page]))
    files = (file.read_text(encoding="utf-8") for file in (ROOT / "tests").glob("*.py"))
    there = {name for text in files for name in re.findall(r"def (test_\w+)\(", text)}
    assert called
    assert called - there == set()


def test_every_threat_of_the_page_has_a_witness_or_says_that_nothing_protects() -> None:
    rows = re.findall(
        r"^\| (.+) \| (.+) \|(.*)\|$", PAGES["security.md"].partition("## Tokens")[0], re.MULTILINE
    )
    threats = [row for row in rows if not row[0].startswith(("threat", "---", "-"))]
    assert len(threats) > 20
    assert [what for what, how, test in threats if "`test_" not in test and "not protected" not in how] == []


def test_every_file_that_the_run_goes_through_exists() -> None:
    paths = re.findall(r"`((?:core|mappings|connectors)/[\w/.]*)`", PAGES["run.md"])
    assert len(paths) > 12
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_run_goes_through_the_files_in_the_order_of_the_code() -> None:
    code = (ROOT / "core/sync.py").read_text(encoding="utf-8")
    whole = code.partition("\ndef sync(")[2].partition("\ndef conclude(")[0]
    reading = code.partition("\ndef conclude(")[2].partition("\ndef ")[0]
    steps = ["pull_trackers(", "evaluate_pulls(", "find_desired(", "find_actual("]
    steps += ["draft_plan(", "limit_plan("]
    assert sorted(steps, key=reading.index) == steps
    steps = ["run_record(", "conclude(", "apply(", "finish("]
    assert sorted(steps, key=whole.index) == steps


def test_the_report_on_the_page_is_that_of_the_first_sync(desk: App) -> None:
    (line,) = re.findall(r"^```text report\n(.*)\n```$", PAGES["run.md"], re.MULTILINE)
    seconds = re.compile(r"[\d.]+ s$")
    assert seconds.sub("", synced(desk).line) == seconds.sub("", line)


# ---- secrets ----------------------------------------------------------------------------------------------


def test_secret_files_go_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "MILEPOST_TRACKERS__GITHUB__TOKEN").write_text("from-the-file\n", encoding="utf-8")
    monkeypatch.setenv("MILEPOST_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("MILEPOST_TRACKERS__GITHUB__TOKEN", "from-the-environment")
    config = load_config(written(tmp_path, TRACKER))
    (token,) = config.trackers["github"].settings.model_dump(include={"token"}).values()
    assert token.get_secret_value() == "from-the-file"
    assert "from-the-file" not in repr(config)


@pytest.mark.parametrize("key", ["token", "private_key"])
def test_a_secret_in_the_configuration_is_refused_and_not_shown(key: str, tmp_path: Path) -> None:
    file = written(tmp_path, f'{TRACKER}{key} = "hunter2hunter2"\n')
    with pytest.raises(SettingsProblems) as caught:
        load_config(file)
    said = str(caught.value)
    assert f"MILEPOST_TRACKERS__GITHUB__{key.upper()}" in said
    assert "hunter2" not in said


def test_the_app_on_the_page_loads_and_needs_no_other_secret(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml app\n(.*?)^```$", PAGES["security.md"], re.DOTALL | re.MULTILINE)
    assert missing_secrets(load_config(written(tmp_path, f'mappings = ["*.toml"]\n{block}'))) == ()


def test_the_scopes_on_the_page_are_all_that_atlassian_asks_for() -> None:
    file = document_of("jira")
    if file is None:
        pytest.skip("Atlassian's document is absent")
    paths = json.loads(file.read_text(encoding="utf-8"))["paths"]
    issue = "/rest/api/3/issue/{issueIdOrKey}"
    used = [("get", f"/rest/api/3/{one}") for one in ("myself", "serverInfo", "field", "mypermissions")]
    used += [("post", f"/rest/api/3/search/{one}") for one in ("jql", "approximate-count")]
    used += [("post", "/rest/api/3/issue/bulkfetch"), ("get", issue), ("put", issue)]
    used += [("get", f"{issue}/comment"), ("post", f"{issue}/comment")]
    used += [(method, f"{issue}/comment/{{id}}") for method in ("get", "put", "delete")]
    asked = {
        scope
        for method, path in used
        for state in paths[path][method]["x-atlassian-oauth2-scopes"]
        if state["state"] == "Current"
        for scope in state["scopes"]
    }
    assert asked == set(re.findall(r"`(\w+:jira-\w+)`", PAGES["security.md"]))


# ---- what is kept and shown -------------------------------------------------------------------------------


def test_the_store_keeps_no_comment_of_other_people(desk: App, tmp_path: Path) -> None:
    assert desk.sandbox is not None
    site = desk.sandbox.world.sites["github"]
    assert isinstance(site, GitHubSite)
    (theirs,) = [one.body for one in site.comments("acme/site#1")]
    description = site.issue("acme/site#1").body
    synced(desk)
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("milepost.db*"))
    assert b"Make the site easy to find" in kept
    assert theirs.encode() not in kept
    assert description is not None
    assert description.encode() not in kept


def test_hostile_titles_reach_no_terminal(desk: App) -> None:
    from core.reports.terminal import plan_lines

    assert desk.sandbox is not None
    site = desk.sandbox.world.sites["github"]
    assert isinstance(site, GitHubSite)
    site.edit("acme/site#4", title="\x1b[2J\x1b]0;owned\x07 \u202egnp.exe\r\nfake line")
    job = context_of(desk)
    lines = list(plan_lines(conclude(replace(job, force=ALL)).plan))
    assert lines
    assert not any(char in line for line in lines for char in "\x1b\x07\u202e\r\n")
