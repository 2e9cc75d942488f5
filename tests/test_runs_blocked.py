"""Open tasks that wait for other issues: what comments and `why` say of them, with both real clients."""

import re
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Status
from core.explanation import explain
from core.steps.evaluate_run import stored_evaluation
from tests.runs import CLOUD, DATACENTER, House, house, milestone, plain

GOAL = '[goals.show]\ntitle = "Show"\n[key_results.visitors]\ngoal = "show"\ntitle = "Visitors"\n'
JIRA = GOAL + milestone("words", 'keys = ["BLOG-2", "BLOG-3", "BLOG-4"]', 'tracking = "BLOG-1"')
GITHUB = GOAL + milestone(
    "words", 'keys = ["acme/site#2", "acme/site#3", "acme/site#4"]', 'tracking = "acme/site#1"'
)
A_DAY = 25 * 3600


def comment(here: House) -> str:
    """The one comment of ours, as people read it."""
    (body,) = here.ours().values()
    return plain(body)


def why(here: House, subject: str = "words") -> str:
    with here.job() as job, stored_evaluation(job) as known:
        return "\n".join(explain(subject, job, known))


def asked(here: House) -> int:
    """How often the next run asks what blocks an issue."""
    before = len(here.server.log)
    here.sync()
    return sum(one.path.endswith("/dependencies/blocked_by") for one in here.server.log[before:])


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_what_blocks_a_task_in_jira_is_named_until_it_is_done(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face, JIRA) as here:
        for key in ("BLOG-2", "BLOG-3", "BLOG-4", "BLOG-5"):
            here.jira.edit(key, summary=f"Title of {key[5:]}")
            here.jira.transition(key, "To Do")
        here.jira.block("BLOG-3", "BLOG-5")
        here.agreed()
        assert "3 to do · 1 open task is blocked" in comment(here)
        assert re.search(r"Title of 3.*blocked by .*Title of 5", comment(here))
        assert "blocked by BLOG-5 (to do)" in why(here)
        # Nothing moves of the blocked task itself.
        here.jira.transition("BLOG-5", "Done")
        here.agreed()
        assert "blocked" not in comment(here)
        here.jira.transition("BLOG-5", "In Progress")
        here.agreed()
        assert "1 open task is blocked" in comment(here)
        # One that is done waits for nothing.
        here.jira.transition("BLOG-3", "Done")
        here.agreed()
        assert "blocked" not in comment(here)


def test_a_blocker_that_milepost_does_not_read_is_counted_and_followed_within_a_day(tmp_path: Path) -> None:
    with house(tmp_path, mapping=JIRA) as here:
        here.jira.add_project("OPS")
        other = here.jira.create_issue("OPS", "A new firewall").key
        here.jira.transition("BLOG-3", "To Do")
        here.jira.block("BLOG-3", other)
        here.agreed()
        assert "blocked by 1 issue that is not shown here" in comment(here)
        assert "firewall" not in comment(here)
        assert f"blocked by {other} (to do, not read by milepost)" in why(here)
        here.jira.transition(other, "Done")
        here.world.clock.advance(A_DAY)
        here.agreed()
        assert "blocked" not in comment(here)


def test_links_are_known_by_what_the_settings_call_them(tmp_path: Path) -> None:
    with house(tmp_path, mapping=JIRA) as here:
        here.jira.quirks.blocks, here.jira.quirks.blocked_by = "is needed by", "Depends on"
        here.jira.transition("BLOG-3", "To Do")
        here.jira.block("BLOG-3", "BLOG-5")
        here.agreed()
        assert "blocked" not in comment(here)
        here.settings["jira"] = {"blocked_by_links": ["depends on"]}
        here.agreed()
        assert "1 open task is blocked" in comment(here)
        here.jira.block("BLOG-3", "BLOG-5", blocked=False)
        here.agreed()
        assert "blocked" not in comment(here)


def test_what_blocks_an_issue_on_github_is_named_until_it_is_closed(tmp_path: Path) -> None:
    with house(tmp_path, mapping=GITHUB) as here:
        for number in range(2, 6):
            here.github.edit(f"acme/site#{number}", title=f"Title of {number}")
            here.github.reopen(f"acme/site#{number}")
        here.github.block("acme/site#3", "acme/site#5")
        here.github.block("acme/site#3", "acme/site#4")
        here.github.block("acme/site#2", "acme/site#5")
        here.agreed()
        assert "3 to do · 2 open tasks are blocked" in comment(here)
        assert re.search(r"Title of 3.*blocked by .*Title of 4.*, .*Title of 5", comment(here))
        assert "blocked by acme/site#4 (to do) and acme/site#5 (to do)" in why(here)
        here.github.settings.dependencies_touch = False
        here.github.close("acme/site#5")
        here.github.close("acme/site#4", "not_planned")
        here.agreed()
        assert "blocked" not in comment(here)


def test_what_blocks_an_issue_is_counted_where_github_does_not_name_it(tmp_path: Path) -> None:
    """A blocker that the account may not see, and then a list that cannot be had."""
    with house(tmp_path, mapping=GITHUB) as here:
        here.github.create_repo("acme/secret", role="none")
        hidden = here.github.key(here.github.create_issue("acme/secret", "Nobody may know"))
        here.github.reopen("acme/site#3")
        here.github.block("acme/site#3", hidden)
        here.agreed()
        assert "blocked by 1 issue that is not shown here" in comment(here)
        assert "blocked by 1 of which no more is told" in why(here)
        here.github.block("acme/site#3", "acme/site#5")
        path = r"/dependencies/blocked_by$"
        ill = here.server.plan(Fault(kind=Status(500), site="github", path=path, times=None))
        report = here.sync()
        assert not report.failed, report.conclusion.problems
        assert "blocked by 2 issues that are not shown here" in comment(here)
        here.server.lift(ill)
        here.world.clock.advance(A_DAY)
        here.agreed()
        assert "and 1 issue that is not shown here" in comment(here)


def test_a_blocked_issue_that_rests_is_not_asked_about_again(tmp_path: Path) -> None:
    with house(tmp_path, mapping=GITHUB) as here:
        here.github.reopen("acme/site#3")
        here.github.block("acme/site#3", "acme/site#5")
        here.agreed()
        for _ in range(2):  # what changed within minutes before a reading comes again with the next
            here.world.clock.advance(3600)
            here.sync()
        assert asked(here) == 0
        here.world.clock.advance(A_DAY)
        assert asked(here) == 1


def test_the_boxes_of_a_blocked_issue_are_the_tasks_that_wait(tmp_path: Path) -> None:
    rule = 'keys = "acme/site#3"\ntask_list = true'
    with house(tmp_path, mapping=GOAL + milestone("words", rule, 'tracking = "acme/site#1"')) as here:
        here.github.edit("acme/site#3", body="- [x] Logo\n- [ ] Colours\n- [ ] Fonts")
        here.github.reopen("acme/site#3")
        here.github.block("acme/site#3", "acme/site#5")
        here.agreed()
        assert "2 open tasks are blocked" in comment(here)
