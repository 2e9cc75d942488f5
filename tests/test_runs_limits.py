"""What surprises is held back and explained, and written only when somebody forces it."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.publish.policy import LimitPolicy
from tests.runs import CLOUD, DATACENTER, MARKETING, house, percents, without

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


def test_a_plan_of_more_changes_than_allowed_is_held_whole_until_it_is_forced(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.limits = LimitPolicy(max_changes=10)
        watch = here.watch()
        report = here.sync()
        assert report.failed
        assert watch.writes == []
        [held] = report.concluded.plan.held
        assert "changes (limit 10)" in held.why
        assert "--force" in held.release
        forced = here.sync(force=True)
        assert not forced.failed
        assert len(forced.written) > 10
        here.agreed()


@FACES
def test_a_tracker_that_lost_many_issues_is_not_believed_until_it_is_forced(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.sweep_every = timedelta(0)
        here.agreed()
        before, watch = here.ours(), here.watch()
        for number in (2, 3, 4, 5):
            here.jira.hide(f"BLOG-{number}")
        for _ in range(2):
            report = here.sync()
            assert report.failed
            assert watch.writes == []
            [lost] = [each.held for each in report.concluded.pulled if each.held]
            assert "4 of its 13 issues are gone" in lost.why
            assert "max_lost_percent = 20" in lost.why
        assert here.ours() == before
        forced = here.sync(force=True)
        assert not forced.failed, forced.concluded.problems
        assert "0 of 0 tasks done" in here.ours()["BLOG-1"]
        here.agreed()


def test_a_tracker_whose_lost_issues_come_back_goes_on_by_itself(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.sweep_every = timedelta(0)
        here.agreed()
        before = here.standing()
        for number in (2, 3, 4, 5):
            here.jira.hide(f"BLOG-{number}")
        assert here.sync().failed
        for number in (2, 3, 4, 5):
            here.jira.hide(f"BLOG-{number}", hidden=False)
        here.agreed()
        assert here.standing() == before


def test_while_one_tracker_is_not_believed_the_other_goes_on(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.sweep_every = timedelta(0)
        here.agreed()
        for number in (2, 3, 4, 5):
            here.jira.hide(f"BLOG-{number}")
        here.github.close("acme/site#4")
        here.sync()
        assert percents(here.ours()["acme/site#1"]) == [75]
        assert percents(here.ours()["BLOG-1"]) == [65]


def test_a_goal_that_jumps_is_held_until_it_is_forced_and_then_measured_from_there(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before, watch = here.ours(), here.watch()
        for key in ("BLOG-4", "BLOG-5", "MKT-4", "MKT-5"):
            here.jira.transition(key, "Done")
        for _ in range(2):
            report = here.sync()
            assert report.failed
            assert watch.writes == []
            [held] = report.concluded.plan.held
            assert "jumped from 46% to 75%" in held.why
        assert here.ours() == before
        assert not here.sync(force=True).failed
        assert percents(here.ours()["MKT-1"])[0] == 75
        here.agreed()


def test_a_goal_that_jumps_because_the_mapping_changed_is_no_surprise(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.mapping = without(MARKETING, "milestones.newsletter", "milestones.blog").replace(
            'leads_to = "visitors"', 'leads_to = ["visitors", "leads", "countries"]'
        )
        for number in (4, 5):
            here.github.close(f"acme/site#{number}")
        here.agreed()
        assert percents(here.ours()["MKT-1"])[0] == 100


def test_a_jump_is_measured_over_all_runs_that_were_held(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        for key in ("BLOG-4", "BLOG-5", "MKT-4", "MKT-5"):
            here.jira.transition(key, "Done")
        here.sync()
        here.github.close("acme/site#4")
        assert "jumped from 46% to 83%" in here.sync().concluded.plan.held[0].why
        here.jira.transition("MKT-4", "To Do")
        here.jira.transition("BLOG-5", "To Do")
        assert not here.sync().failed
