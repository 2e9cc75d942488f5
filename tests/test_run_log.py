"""`milepost run` tells what is wrong when it appears, when it changes and when it is over, and no more."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.faults import Fault, Status
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from core.run_log import Change, Item, compared
from tests.cli_house import House, Said, real

# What is news: values in, values out

LABEL = "Label BLOG-2: +mp/milestone/blog"
ITEMS = st.builds(
    Item,
    st.sampled_from(["problem", "failed", "held", "quarantined"]),
    st.sampled_from(["jira", "Label BLOG-2: +mp/a", "Label BLOG-2: +mp/b", "comment on BLOG-1"]),
    st.sampled_from(["HTTP 403", "HTTP 410", "down since 09:15", "3 of 7 issues", "BLOG-4 is gone"]),
)


def told(before: list[Item], now: list[Item]) -> list[tuple[str, str]]:
    return [(change.state, change.item.reason) for change in compared(before, now)[0]]


def test_an_item_is_told_when_it_appears_when_its_reason_changes_and_when_it_is_over() -> None:
    refused, gone = Item("failed", LABEL, "HTTP 403: no"), Item("failed", LABEL, "HTTP 410: gone")
    assert told([], [refused]) == [("new", "HTTP 403: no")]
    assert told([refused], [refused]) == []
    assert told([refused], [gone]) == [("changed", "HTTP 410: gone")]
    assert told([gone], []) == [("over", "HTTP 410: gone")]


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        ("4 of its 13 issues are gone", "5 of its 13 issues are gone", False),
        ("not read since 2027-02-15 09:00 UTC", "not read since 2027-02-16 10:15 UTC", False),
        ("jumped from 46% to 75%", "jumped from 46% to 82.5%", False),
        ("request 0A1B:2C3D:4E5F67 took 1,234 ms", "request 0A1B:2C3D:4E5F67 took 9 ms", False),
        ("HTTP 403: refused", "HTTP 404: refused", True),
        ("BLOG-4 is gone", "BLOG-5 is gone", True),
        ("acme/site#4 is gone", "acme/site#5 is gone", True),
    ],
)
def test_numbers_and_times_in_a_reason_are_no_news_and_statuses_and_keys_are(
    before: str, after: str, news: bool
) -> None:
    changes = compared([Item("held", "it", before)], [Item("held", "it", after)])[0]
    assert [change.state for change in changes] == ["changed"] * news


def test_an_action_whose_numbers_follow_the_day_stays_one_item() -> None:
    first = Item("held", "Edit the progress comment on BLOG-1: 46% → 75%", "too much")
    later = Item("held", "Edit the progress comment on BLOG-1: 46% → 80%", "too much")
    assert compared([first], [later]) == ((), (first,))


def test_several_problems_of_one_tracker_are_told_apart() -> None:
    one, two = Item("problem", "jira", "BLOG-4 is gone"), Item("problem", "jira", "BLOG-5 is gone")
    assert told([one], [one, two]) == [("new", "BLOG-5 is gone")]
    assert told([one, two], [two]) == [("over", "BLOG-4 is gone")]


def test_what_goes_from_failed_into_quarantine_is_told_as_a_change() -> None:
    failed = Item("failed", LABEL, "HTTP 403")
    assert told([failed], [Item("quarantined", LABEL, "HTTP 403")]) == [("changed", "HTTP 403")]


@given(st.lists(ITEMS, max_size=6), st.lists(ITEMS, max_size=6))
def test_of_the_same_items_nothing_is_told_again_and_all_that_go_are_over(
    before: list[Item], now: list[Item]
) -> None:
    changes, kept = compared(before, now)
    assert compared(kept, now)[0] == ()
    states = [change.state for change in changes]
    assert len(before) + states.count("new") - states.count("over") == len(now)


# Whole runs, as `milepost run` makes them


@pytest.fixture
def house(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    made = House(tmp_path, capsys, monkeypatch)
    made.write()
    yield made
    made.end()


def runs(house: House, *happens: Callable[[], None], form: str = "json") -> Said:
    """A process of `milepost run` that wakes up once, and once more after each of these happened."""

    def wakes_up(_schedule: object, once: Callable[[], None], *_more: object, **_named: object) -> None:
        once()
        for each in happens:
            each()
            once()

    house.patch.setattr("core.cli.run_command.run_forever", wakes_up)
    return house.milepost("run", "--log-format", form)


def items(said: Said) -> list[tuple[str, str, str]]:
    lines: list[dict[str, Any]] = [json.loads(line) for line in said.err.splitlines()]
    return [(line["change"], line["kind"], line["what"]) for line in lines if "change" in line]


def nothing() -> None:
    """Time passes."""


def refusing(server: SandboxServer, status: int, said: str) -> None:
    jira = server.world.sites["jira"]
    assert isinstance(jira, JiraSite)
    server.clear_faults()
    document = {"errorMessages": [said], "errors": {}}
    path = rf"/issue/{jira.issue('BLOG-2').id}$"
    server.plan(Fault(kind=Status(status, {}, document), site="jira", method="PUT", path=path, times=None))


def touch(server: SandboxServer) -> None:
    jira = server.world.sites["jira"]
    assert isinstance(jira, JiraSite)
    jira.edit("BLOG-2", priority="High" if jira.issue("BLOG-2").priority != "High" else "Low")


def test_a_refused_write_is_logged_when_it_fails_goes_into_quarantine_changes_and_ends(house: House) -> None:
    with real(house) as server:
        refusing(server, 403, "You may not edit this issue")
        first = runs(house, nothing, nothing)
        label = "Label BLOG-2: +mp-example/milestone/blog"
        assert items(first) == [("new", "failed", label), ("changed", "quarantined", label)]

        # A restart tells nothing again, and another reason is news.
        def another_reason() -> None:
            refusing(server, 404, "The issue does not exist")
            touch(server)

        second = runs(house, another_reason, nothing)
        assert items(second)[0] == ("changed", "failed", label)
        assert "The issue does not exist" in second.err

        def mended() -> None:
            server.clear_faults()
            touch(server)

        third = runs(house, mended, nothing)
        assert items(third) == [("over", "quarantined", label)]


def test_a_tracker_that_is_down_is_logged_once_and_once_when_it_is_back(house: House) -> None:
    with real(house, ("write_spacing = 0", "write_spacing = 0\nattempts = 1")) as server:
        runs(house)

        def down() -> None:
            server.plan(Fault(kind=Status(503), site="github", path="", times=None))

        said = runs(house, down, nothing, nothing, server.clear_faults, form="text")
    lines = [line for line in said.err.splitlines() if ": problem: github" in line]
    assert [line.split()[2:4] for line in lines] == [["WARNING", "new:"], ["INFO", "over:"]]


def test_what_a_limit_holds_is_logged_action_by_action_and_no_secret_is(house: House) -> None:
    with real(house, ("max_first_changes = 2000", "max_first_changes = 1")):
        said = runs(house, nothing)
        held = [line for line in items(said) if line[1] == "held"]
        assert any("Write the progress comment on BLOG-1" in what for _, _, what in held)
        assert len(held) == len(set(held))
        assert {state for state, _, _ in held} == {"new"}
        assert "--force" in said.err
        assert "sandbox" not in said.err.replace("milepost@sandbox.test", "")


def test_sync_prints_everything_each_time_and_uses_nothing_up(house: House) -> None:
    with real(house) as server:
        refusing(server, 403, "You may not edit this issue")
        assert "✗ Label BLOG-2" in house.milepost("sync").out
        assert items(runs(house)) == [("new", "quarantined", "Label BLOG-2: +mp-example/milestone/blog")]


def test_a_line_says_what_releases_it() -> None:
    change = Change("new", Item("held", LABEL, "too much", "look at it"))
    assert change.line == f"new: held: {LABEL}: too much; look at it"
    assert Change("over", change.item).line == f"over: held: {LABEL}: too much"
