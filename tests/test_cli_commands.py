"""What each command does on the example, run as a user runs it."""

import gc
import json
import re
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Status
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from core.cli.commands import COMMANDS
from core.cli.wiring import open_app
from tests.cli_house import MAPPING, House, real

ASKING_POSTS = {
    ("POST", "/rest/api/2/search/jql"),
    ("POST", "/rest/api/2/search/approximate-count"),
    ("POST", "/rest/api/2/issue/bulkfetch"),
    ("POST", "/graphql"),
}
"""Requests that change nothing, though their verb might."""


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path, capsys, monkeypatch)
    made.write()
    return made


def test_runs_of_one_process_keep_no_garbage_of_the_runs_before(tmp_path: Path, house: House) -> None:
    """As `milepost run` opens everything anew for each of its runs."""
    gc.unfreeze()
    try:
        kept = []
        for _ in range(3):
            with open_app(tmp_path / "config.toml", trackers=False):
                kept.append(gc.get_freeze_count())
        assert kept[0] > 0
        assert kept == sorted(kept, reverse=True), "what was kept may go, and nothing comes to it"
    finally:
        gc.unfreeze()


def test_check_finds_the_example_ready_and_writes_nothing(house: House) -> None:
    house.milepost("status")
    before = house.trackers
    said = house.milepost("check")
    assert said.code == 0, said
    assert said.out.startswith(
        "✓ configuration: 2 trackers, 1 mapping file, 1 goal, 3 key results, 3 milestones\n"
    )
    assert "✓ jira: write comments in BLOG: granted" in said.out
    assert "✓ github: issues that the mapping names: 1 of 1 found" in said.out
    assert "✗" not in said.out
    assert house.trackers == before


def test_check_sends_nothing_that_changes_anything(house: House) -> None:
    with real(house) as server:
        assert house.milepost("check").code == 0
        asked = {(entry.method, entry.path) for entry in server.log}
    assert asked
    assert {(verb, path) for verb, path in asked if verb != "GET"} <= ASKING_POSTS


def test_check_names_an_issue_that_the_mapping_names_and_nobody_has(house: House) -> None:
    mapping = house.folder / "mine.toml"
    mapping.write_text(
        '[milestones.lost]\ntitle = "Lost"\nrules = [{ epic = "BLOG-999" }]\n', encoding="utf-8"
    )
    house.write(("mappings = [", 'mappings = ["mine.toml", '))
    said = house.milepost("check")
    assert said.code == 1
    assert "✗ jira: issues that the mapping names: 3 of 4 found; not found: BLOG-999" in said.out


def test_check_prints_what_is_seldom_meant_as_a_warning_and_not_as_a_failure(house: House) -> None:
    mapping = house.folder / "mine.toml"
    mapping.write_text('[goals.alone]\ntitle = "Nobody measures this"\n', encoding="utf-8")
    house.write(("mappings = [", 'mappings = ["mine.toml", '))
    said = house.milepost("check")
    assert said.code == 0
    assert "! mine.toml:1: goals.alone: " in said.out


def test_check_goes_on_with_the_other_trackers_when_one_refuses_the_token(house: House) -> None:
    with real(house):
        house.env["MILEPOST_TRACKERS__GITHUB__TOKEN"] = "somebody-else"
        said = house.milepost("check")
    assert said.code == 1
    assert "✗ github: " in said.out
    assert "✓ jira: login" in said.out


def test_plan_says_what_there_is_to_do_and_writes_nothing(house: House) -> None:
    house.milepost("status")
    before = house.trackers
    said = house.milepost("plan")
    assert said.code == 3
    assert "Write the progress comment on BLOG-1: the first one; 2 of 4 tasks done, 65%\n" in said.out
    assert said.out.endswith("27 to write, 0 held.\n")
    assert house.trackers == before


def test_plan_as_json_has_one_object_for_each_change(house: House) -> None:
    said = house.milepost("plan", "--json")
    plan = json.loads(said.out)
    assert said.code == 3
    assert set(plan) == {"actions", "held", "quarantined", "problems", "warnings"}
    assert len(plan["actions"]) == 27
    comment = next(each for each in plan["actions"] if each["kind"] == "write comment")
    assert set(comment) == {"kind", "tracker", "says", "issue", "about", "reason", "before", "body"}
    labels = next(each for each in plan["actions"] if each["kind"] == "change labels")
    assert set(labels) == {"kind", "tracker", "says", "issue", "add", "remove"}
    assert (plan["held"], plan["problems"]) == ([], [])


def test_plan_ends_with_nothing_to_do_after_a_sync(house: House) -> None:
    assert house.milepost("sync").code == 0
    said = house.milepost("plan")
    assert (said.code, said.out) == (0, "0 to write, 0 held.\n")


def test_plan_ends_with_a_failure_while_a_tracker_cannot_be_read(house: House) -> None:
    with real(house, ('kind = "jira"', 'kind = "jira"\nattempts = 1')) as server:
        server.plan(Fault(kind=Status(503), site="jira", times=None))
        said = house.milepost("plan")
    assert said.code == 1
    assert "problem: jira: " in said.out


def test_sync_says_what_it_wrote_in_one_line_and_the_second_finds_nothing(house: House) -> None:
    first = house.milepost("sync")
    assert first.code == 0
    assert "✓ Write the progress comment on BLOG-1" in first.out
    assert first.out.splitlines()[-1].startswith("run 1 done: jira: 13 read, 13 new, 0 changed; github: ")
    assert first.err == ""
    second = house.milepost("sync")
    assert second.code == 0
    assert second.out.startswith("run 2 done: ")
    assert "0 written, 0 failed, 0 held, 0 problems" in second.out


def test_sync_holds_what_is_too_much_and_force_releases_it(house: House) -> None:
    house.write(("max_first_changes = 2000", "max_first_changes = 1"))
    planned = house.milepost("plan")
    assert planned.code == 3
    assert "held: " in planned.out
    held = house.milepost("sync")
    assert held.code == 1
    assert "held: " in held.out
    assert "--force" in held.out
    assert "  Write the progress comment on BLOG-1: the first one" in held.out
    assert "run `milepost sync --force first=jira/blog`, or raise max_first_changes" in held.out
    assert house.milepost("sync", "--force", "first=jira/blgo").code == 2
    idle = house.milepost("plan", "--force", "removals=github", "--force", "goal=show-how-we-work")
    assert (
        "! --force removals=github releases nothing in this run: there are first=github/site, first=jira/"
        in idle.out
    )
    assert "! --force goal=show-how-we-work releases nothing in this run: " in idle.out
    assert "releases nothing" not in house.milepost("plan", "--force", "first").out
    assert house.milepost("sync", "--force").code == 0
    quiet = house.milepost("sync", "--force", "first=jira/blog")
    assert quiet.code == 0
    assert "! --force first=jira/blog releases nothing in this run: no limit holds anything" in quiet.out


def test_status_shows_the_tree_and_when_each_tracker_was_read(house: House) -> None:
    before = house.milepost("status")
    assert before.code == 0
    assert "jira: built-in jira (BLOG, MKT), never read" in before.out
    assert "no run yet: try `milepost sync`" in before.out
    house.milepost("sync")
    after = house.milepost("status")
    assert "jira: built-in jira (BLOG, MKT), 13 issues, last read 2027-02-15 09:00 UTC" in after.out
    assert "last run, 2027-02-15 09:00 UTC: run 1 done: " in after.out
    assert "blog · 2 done, 1 in progress, 1 to do, 1 cancelled" in after.out


def test_status_tells_of_a_tracker_that_could_not_be_read_last_time(house: House) -> None:
    with real(house) as server:
        house.milepost("sync")
        server.close()
        house.env["MILEPOST_TRACKERS__JIRA__ATTEMPTS"] = "1"
        house.env["MILEPOST_TRACKERS__GITHUB__ATTEMPTS"] = "1"
        assert house.milepost("sync").code == 1
        said = house.milepost("status")
    assert said.code == 0
    assert "the last try at " in said.out
    assert " failed: jira: " in said.out


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("blog", "blog: 2.6 / 4 = 65%"),
        ("visitors", "Key result visitors"),
        ("show-how-we-work", "Goal show-how-we-work"),
        ("BLOG-5", "(3 of 5 boxes) [Everything under the blog epic]"),
        ("blog-5", "BLOG-5: Write 5 initial posts"),
        ("acme/site#4", "[Sub-issues of the tracking issue]"),
        ("BLOG-7", "no rule tags it: it counts nowhere"),
    ],
)
def test_why_explains_every_kind_of_thing(house: House, subject: str, told: str) -> None:
    house.milepost("plan")
    said = house.milepost("why", subject)
    assert said.code == 0
    assert told in said.out


def test_why_suggests_a_near_miss_and_ends_with_wrong_input(house: House) -> None:
    said = house.milepost("why", "bloog")
    assert (said.code, said.out) == (2, "")
    assert said.err == "milepost: nothing is called 'bloog'; did you mean blog?\n"


def test_undo_takes_back_the_last_run_after_showing_what_that_means(house: House) -> None:
    house.milepost("sync")
    before = house.trackers
    shown = house.milepost("undo", "--dry-run")
    assert shown.code == 0
    assert shown.out.endswith("27 to take back.\n")
    assert house.trackers == before
    done = house.milepost("undo")
    assert done.code == 0
    assert done.out.endswith("27 taken back.\n")
    assert b"milepost:example" not in house.trackers
    again = house.milepost("plan")
    assert again.code == 3
    assert again.out.endswith("27 to write, 0 held.\n")


def test_a_damaged_part_of_the_store_ends_no_command_but_is_told_once(house: House) -> None:
    assert house.milepost("sync").code == 0
    file = house.folder / ".milepost" / "milepost.db"
    for command, table in (("plan", "issues"), ("sync", "publications"), ("undo", "entries")):
        with closing(sqlite3.connect(file)) as raw, raw:
            one = f"rowid IN (SELECT max(rowid) FROM {table})"  # noqa: S608
            raw.execute(f"UPDATE {table} SET document = CAST(x'ff7b' AS TEXT) WHERE {one}")  # noqa: S608
        said = house.milepost(command)
        assert "Traceback" not in said.err
        assert said.code == 0, said
        assert f"the store is damaged: {table}" in said.err


def test_undo_of_everything_takes_back_every_run(house: House) -> None:
    house.milepost("sync")
    said = house.milepost("undo", "--all")
    assert said.code == 0
    assert "Remove the progress comment on BLOG-1" in said.out


def test_undo_without_anything_written_has_nothing_to_take_back(house: House) -> None:
    said = house.milepost("undo")
    assert (said.code, said.out) == (0, "0 taken back.\n")


@pytest.mark.parametrize("arguments", [("99",), ("1", "--all"), ("first",)])
def test_undo_of_what_cannot_be_meant_is_wrong_input(house: House, arguments: tuple[str, ...]) -> None:
    said = house.milepost("undo", *arguments)
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err


def test_the_demo_runs_twice_in_a_row_and_leaves_nothing_behind(house: House) -> None:
    for _ in range(2):
        said = house.milepost("demo", "--config", "config.toml")
        assert said.code == 0, said
        assert "Second sync: nothing has changed" in said.out
        assert "Nothing to do." in said.out
        assert "✓ Edit the progress comment on BLOG-1: 3 of 4 tasks done, 65% → 90%" in said.out
    assert sorted(file.name for file in house.folder.iterdir()) == ["config.toml"]


def test_the_demo_never_touches_a_real_tracker(house: House) -> None:
    with real(house) as server:
        said = house.milepost("demo", "--config", "config.toml")
        assert server.log == []
    assert said.code == 2
    assert "the demo writes to built-in trackers only, but jira, github" in said.err


def test_options_may_stand_before_the_command_and_those_after_it_win(house: House) -> None:
    house.write(name="other.toml")
    (house.folder / "config.toml").unlink()
    assert house.milepost("--config", "other.toml", "status").code == 0
    assert house.milepost("--config", "missing.toml", "status", "--config", "other.toml").code == 0
    assert "missing.toml: there is no such file" in house.milepost("-c", "missing.toml", "status").err
    house.env["MILEPOST_CONFIG"] = "other.toml"
    assert house.milepost("status").code == 0


def test_without_a_configuration_a_command_says_how_to_get_one(house: House) -> None:
    (house.folder / "config.toml").unlink()
    said = house.milepost("sync")
    assert (said.code, said.out) == (2, "")
    assert "config.toml: there is no such file. Copy config.example.toml there and edit it" in said.err


def github(server: SandboxServer) -> GitHubSite:
    """The GitHub of these trackers."""
    site = server.world.sites["github"]
    assert isinstance(site, GitHubSite)
    return site


def test_an_archived_repository_is_told_and_no_failure(house: House) -> None:
    with real(house) as server:
        github(server).archive_repo("acme/site")
        assert house.milepost("sync").code == 0
        check, status = house.milepost("check"), house.milepost("status")
    assert "✓ github: repository acme/site: archived: nothing is written there" in check.out
    assert check.code == 0, check
    for said in (check, status):
        assert "not written to:\n  github: acme/site: archived, so that it takes no changes" in said.out


def test_check_and_status_tell_of_a_place_that_cannot_be_read(house: House) -> None:
    two = ('repositories = ["acme/site"]', 'repositories = ["acme/site", "acme/web"]')
    with real(house, two) as server:
        github(server).create_repo("acme/web")
        assert house.milepost("sync").code == 0
        server.plan(Fault(kind=Status(451), path="/repos/acme/web/issues", times=None))
        assert house.milepost("sync").code == 1
        status, check = house.milepost("status"), house.milepost("check")
    assert "acme/web cannot be measured since " in status.out
    assert "451" in status.out
    assert "acme/web cannot be measured since " in check.out


def test_check_tries_each_query_once_and_names_the_line_of_one_that_fails(house: House) -> None:
    rules = (
        "\n[[milestones.blog.rules]]\njql = 'colour = blue'\n"
        "\n[[milestones.blog.rules]]\njql = 'labels = blog'\n"
        '\n[[milestones.blog.rules]]\nfield = { Chanel = "Mail" }\n'
    )
    goals = house.folder / "goals.toml"
    goals.write_text(MAPPING.read_text(encoding="utf-8") + rules, encoding="utf-8")
    house.write((str(MAPPING), str(goals)))
    said = house.milepost("check")
    assert said.code == 1
    line = goals.read_text(encoding="utf-8").splitlines().index("jql = 'colour = blue'") + 1
    assert f"✗ {goals.name}:{line}: milestones.blog.rules[2].jql: jira: " in said.out
    assert "✓ jira: queries in rules: 1 query answered" in said.out
    assert re.search(
        rf"✗ {goals.name}:\d+: milestones.blog.rules\[4\].field.Chanel: jira: .*no such field", said.out
    )


def test_plan_sync_status_and_why_name_the_line_of_a_query_that_is_refused(house: House) -> None:
    goals = house.folder / "goals.toml"
    text = MAPPING.read_text(encoding="utf-8") + "\n[[milestones.blog.rules]]\njql = 'colour = blue'\n"
    goals.write_text(text, encoding="utf-8")
    house.write((str(MAPPING), str(goals)))
    line = text.splitlines().index("jql = 'colour = blue'") + 1
    place = f"goals.toml:{line}: milestones.blog.rules[2].jql: the query 'colour = blue' was not answered: "
    assert f"{place}it was never asked" in house.milepost("why", "blog").out
    for command in ("plan", "sync", "status"):
        assert house.milepost(command).out.count(f"{place}jira: ") == 1, command
    assert house.milepost("why", "blog").out.count(f"{place}jira: ") == 1
    assert place not in house.milepost("why", "site").out
    assert "goals.toml" not in house.milepost("why", "blog", "--audience", "public").out
    goals.write_text(text.replace("colour = blue", "labels = blue"), encoding="utf-8")
    house.milepost("sync")
    for asked in (("status",), ("why", "blog")):
        assert "was not answered" not in house.milepost(*asked).out


def test_check_plan_sync_and_status_tell_in_the_same_words_what_matches_nothing(house: House) -> None:
    goals = house.folder / "goals.toml"
    wrong = '\n[[milestones.blog.rules]]\ntype = "Epci"\n'
    goals.write_text(MAPPING.read_text(encoding="utf-8") + wrong, encoding="utf-8")
    house.write((str(MAPPING), str(goals)))
    assert "jira, github: never read, so labels" in house.milepost("check").out
    said = [house.milepost(command).out for command in ("plan", "sync", "check", "status")]
    lines = [[line for line in out.splitlines() if "Epci" in line] for out in said]
    assert lines[0][0].startswith("! goals.toml:")
    assert (
        'milestones.blog.rules[2].type: no issue is of the type "Epci". Did you mean "Epic"?' in lines[0][0]
    )
    assert lines == [lines[0]] * 4
    assert len(lines[0]) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_own_help_begins_with(house: House, name: str) -> None:
    command = getattr(import_module(f"core.cli.{name}_command"), name)
    assert " ".join(command.__doc__.partition("\n\n")[0].split()) == COMMANDS[name]
    assert COMMANDS[name] in " ".join(house.milepost(name, "--help").out.split())
    assert f" {name} {COMMANDS[name]}" in " ".join(house.milepost("--help").out.split())
