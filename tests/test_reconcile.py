"""What moves no time of change, or was missed once, is right within a day: as with a fresh store."""

from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug import Request, Response

from connectors.sandbox.faults import Fault, Replace, Status
from core.engine.model import Measure
from core.explanation import explain
from core.publish.publish_policy import LimitPolicy
from core.steps.evaluate_run import stored_evaluation
from tests.runs import CLOUD, DATACENTER, House, house

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
HOURS = 3_600.0


def rest(here: House, hours: int = 36) -> None:
    """Runs every six hours, until everything was compared and what was doubted is confirmed."""
    for _ in range(hours // 6):
        here.world.clock.advance(6 * HOURS + 1)
        here.sync()


def numbers(here: House) -> dict[str, Measure]:
    """The progress of each milestone, as this store knows it."""
    return {name: each.measure for name, each in here.plan().evaluation.state.milestones.items()}


def fresh(here: House, folder: Path) -> dict[str, Measure]:
    """The same from a store that is made anew."""
    folder.mkdir()
    other = House(folder, here.world, here.server, here.face, here.mapping)
    other.settings, other.limits = here.settings, here.limits
    return numbers(other)


def lenient(here: House) -> None:
    """Let no limit hold what these worlds do at once."""
    here.limits = LimitPolicy(max_jump_points=100, max_lost_percent=100, max_removed_percent=100)


def _organisation(here: House) -> None:
    here.settings["github"] = {"repositories": [], "organization": "acme"}


def rename_label(here: House) -> None:
    here.github.add_labels("acme/site#4", "newsletter")
    here.sync()
    here.github.rename_label("acme/site", "newsletter", "letters")


def delete_label(here: House) -> None:
    here.github.add_labels("acme/site#4", "newsletter")
    here.sync()
    here.github.delete_label("acme/site", "newsletter")


def rename_milestone(here: House) -> None:
    here.github.rename_milestone("acme/site", "Newsletter", "News")


def recategorise(here: House) -> None:
    here.jira.move_status("To Do", "done")


def repository_comes_into_sight(here: House) -> None:
    here.github.create_repo("acme/shop")
    for number in range(4):
        here.github.create_issue("acme/shop", f"Old work {number}", labels=["milestone/site"])
    here.github.revoke("acme/shop")
    here.sync()
    here.world.clock.advance(48 * HOURS)
    here.sync()
    here.github.grant("acme/shop", "milepost-bot", "push")


def hidden_and_shown(here: House) -> None:
    here.jira.hide("BLOG-2")
    rest(here)
    here.jira.hide("BLOG-2", hidden=False)


def an_empty_answer_to_a_reading(here: House) -> None:
    def empty(_request: Request, response: Response) -> Response:
        return Response(b"[]", content_type="application/json", headers={"Date": response.headers["Date"]})

    here.github.close("acme/site#4")
    here.server.plan(Fault(kind=Replace(empty), site="github", path="/repos/acme/site/issues$", times=1))
    here.sync()


def an_issue_that_could_not_be_sent(here: House) -> None:
    here.jira.transition("BLOG-4", "Done", "Done")
    here.jira.spoil("BLOG-4")
    here.sync()
    here.jira.spoil("BLOG-4", spoiled=False)


CHANGES: dict[str, tuple[Callable[[House], None], bool]] = {
    "a label is renamed": (rename_label, False),
    "a label's definition is deleted": (delete_label, False),
    "a milestone is renamed": (rename_milestone, False),
    "a status moves to another category": (recategorise, False),
    "an issue is hidden during a comparison and shown again": (hidden_and_shown, False),
    "one empty answer to a reading": (an_empty_answer_to_a_reading, False),
    "an issue could not be sent once": (an_issue_that_could_not_be_sent, False),
    "a repository comes into sight": (repository_comes_into_sight, True),
}


@FACES
@pytest.mark.parametrize("change", CHANGES)
def test_within_a_day_the_numbers_are_those_of_a_fresh_store(change: str, face: str, tmp_path: Path) -> None:
    happens, organisation = CHANGES[change]
    with house(tmp_path, face) as here:
        lenient(here)
        if organisation:
            _organisation(here)
        here.sync()
        happens(here)
        rest(here)
        assert numbers(here) == fresh(here, tmp_path / "fresh")
        watch = here.watch()
        here.sync()
        assert watch.writes == []


def test_a_project_that_gets_another_key_stays_the_one_that_rules_name(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        lenient(here)
        here.sync()
        rest(here)
        before = numbers(here)
        here.jira.rename_project("MKT", "NEWS")
        for issue in list(here.jira.issues.values()):
            if issue.project == "NEWS":
                here.jira.edit(issue.key, priority="High")
        here.sync()
        assert numbers(here) == before
        rest(here)
        assert numbers(here) == before


@FACES
def test_an_archived_issue_keeps_its_last_state_and_that_is_said(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        here.sync()
        before = numbers(here)["blog"]
        here.jira.archive("BLOG-2")
        here.world.clock.advance(25 * HOURS)
        report = here.sync()
        assert numbers(here)["blog"] == before
        assert any("BLOG-2 is archived" in note for note in report.conclusion.notes)
        with here.job() as job, stored_evaluation(job) as known:
            assert any("archived: no list" in line for line in explain("BLOG-2", job, known))
        rest(here)
        assert numbers(here)["blog"] == before
        here.jira.restore("BLOG-2")
        rest(here)
        assert numbers(here) == fresh(here, tmp_path / "fresh")


def test_an_empty_list_of_one_repository_takes_nothing_away(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.sync()
        before = numbers(here)
        here.server.plan(
            Fault(
                kind=Status(200, {"Content-Type": "application/json"}, []),
                site="github",
                path="/repos/acme/site/issues$",
                times=4,
            )
        )
        here.world.clock.advance(25 * HOURS)
        here.sync()
        assert numbers(here) == before
        here.server.clear_faults()
        rest(here)
        assert numbers(here) == before


def test_a_repository_that_answers_nothing_leaves_what_does_not_rest_on_it_alone(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        lenient(here)
        here.github.create_repo("acme/shop")
        here.github.create_issue("acme/shop", "Open a shop", labels=["milestone/site"])
        here.settings["github"] = {"repositories": ["acme/site", "acme/shop"]}
        here.sync()
        here.server.plan(Fault(kind=Status(403), site="github", path="^/repos/acme/shop/issues$", times=None))
        here.jira.transition("BLOG-4", "Done", "Done")
        here.world.clock.advance(HOURS)
        report = here.sync()
        assert report.failed
        assert any("acme/shop" in problem for problem in report.conclusion.problems)
        assert "blog" in numbers(here)
        blog = here.ours()["BLOG-1"].splitlines()[0]
        assert "90%" in blog or "86%" in blog, blog
