"""Where the mark of a comment in Jira stands: out of people's sight wherever the server keeps it there."""

from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Replace
from connectors.sandbox.jira_truth.model import Comment
from core.publish.comment.mark import KEPT_BY
from tests.runs import CLOUD, DATACENTER, House, house, percents
from tests.test_runs_isolation_kinds import changed

JIRA = ("BLOG-1", "MKT-1", "MKT-2")


def shown(here: House) -> list[str]:
    """The issues of Jira whose comment shows the mark."""
    return [key for key in JIRA if any("milepost:" in one.body for one in written(here, key))]


def written(here: House, key: str) -> list[Comment]:
    """Our comments on an issue as they are stored."""
    return [one for one in here.jira.comments(key) if one.author == here.jira.bot.id]


def lose_store(here: House) -> None:
    for file in here.folder.glob("milepost.db*"):
        file.unlink()


def records(here: House) -> list[Comment]:
    """Our comments in Jira as they are stored."""
    return [one for key in JIRA for one in written(here, key)]


def test_on_cloud_no_comment_shows_its_mark_and_each_is_found_again_without_the_store(tmp_path: Path) -> None:
    with house(tmp_path, CLOUD) as here:
        here.agreed()
        assert shown(here) == []
        lose_store(here)
        seen = here.watch()
        here.agreed()
        assert seen.writes == []
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert seen.created == []
        assert shown(here) == []


def test_on_data_center_only_a_comment_from_before_it_was_seen_shows_it_until_it_is_edited(
    tmp_path: Path,
) -> None:
    with house(tmp_path, DATACENTER) as here:
        here.agreed()
        (first,) = shown(here)
        [comment] = written(here, first)
        assert comment.body.splitlines()[-1].startswith(f"_{KEPT_BY}milepost:")
        here.jira.transition("BLOG-4", "Done")
        here.jira.transition("MKT-4", "Done", "Done")
        here.agreed()
        assert shown(here) == []
        assert len(records(here)) == len(JIRA)


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_a_server_that_keeps_no_properties_shows_every_mark_and_nothing_is_written_twice(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.jira.quirks.forgets_properties = True
        here.agreed()
        assert shown(here) == list(JIRA)
        for _ in range(2):
            here.world.clock.advance(86_400 + 60)
            here.jira.transition("BLOG-4", "Done" if percents(here.ours()["BLOG-1"]) != [90] else "To Do")
            lose_store(here)
            here.agreed()
            assert shown(here) == list(JIRA)
        assert len(records(here)) == len(JIRA)


@pytest.mark.parametrize("beside", [True, False])
def test_comments_with_the_mark_of_older_versions_are_taken_over_without_a_second_one(
    beside: bool, tmp_path: Path
) -> None:
    """Older versions showed it in each text, and `beside` that where the server took it."""
    with house(tmp_path, CLOUD) as here:
        here.agreed()
        for one in records(here):
            mark = one.properties["milepost"]["mark"] if beside else one.properties.pop("milepost")["mark"]
            one.body = f"{one.body}\n\n{{{{{mark}}}}}"
        lose_store(here)
        seen = here.watch()
        here.agreed()
        for status in ("Done", "To Do"):
            assert "BLOG-1" in shown(here)
            here.jira.transition("BLOG-4", status)
            here.agreed()
            if beside:
                break
        assert "BLOG-1" not in shown(here)
        assert (seen.created, seen.deleted) == ([], [])
        assert len(records(here)) == len(JIRA)


def test_a_list_that_hides_ours_leads_to_the_issue_and_its_mark_is_asked_for(tmp_path: Path) -> None:
    with house(tmp_path, CLOUD) as here:
        here.agreed()
        lose_store(here)
        here.server.plan(Fault(kind=_hidden(), site="jira", method="GET", path="/comment$", times=None))
        seen = here.watch()
        here.agreed()
        assert seen.writes == []


def _hidden() -> Replace:
    """A list of comments that tells of more than it shows."""
    return changed(lambda answer: {**answer, "comments": [], "total": len(answer["comments"])})
