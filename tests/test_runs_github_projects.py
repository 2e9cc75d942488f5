"""Fields of GitHub's Projects in whole runs: in rules, as weights, and where they cannot be read."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.audience import Audience
from connectors.sandbox.github_truth.model import Project
from core.engine.policy import ProgressPolicy
from core.explanation import explain
from core.steps.evaluate_run import stored_evaluation
from tests.runs import MARKETING, House, house, milestone, percents

SITE = "acme/site"
TARGET = f"{SITE}#8"
EFFORT = f"""
[milestones.effort]
title = "What takes effort"
tracking = "{TARGET}"
weigh_by = "roadmap/Effort"
[[milestones.effort.rules]]
field = {{ "roadmap/Priority" = ["High", "Urgent"] }}
"""
MAPPING = MARKETING + EFFORT
QUARTER = timedelta(minutes=15)


def furnished(here: House, *, public: bool = False) -> Project:
    """A project with three issues of a priority and an effort, of which one is done, and a draft."""
    here.settings["github"]["projects"] = {"roadmap": "acme/1"}
    site = here.github
    site.allow_projects()
    project = site.create_project("acme", "Roadmap", public=public)
    site.add_project_field(project, "Priority", "SINGLE_SELECT", ["Low", "High", "Urgent"])
    site.add_project_field(project, "Effort", "NUMBER")
    for number, priority, effort in ((4, "High", 3), (5, "Urgent", 1), (7, "Low", 100)):
        site.set_in_project(project, f"{SITE}#{number}", "Priority", priority)
        site.set_in_project(project, f"{SITE}#{number}", "Effort", effort)
    site.add_to_project(project)
    assert site.create_issue(SITE, "Something new").number == 10
    site.close(f"{SITE}#4")
    return project


def measured(here: House) -> int:
    return percents(here.ours()[TARGET])[0]


def asked(here: House) -> list[str]:
    """What a run asks of GitHub."""
    before = len(here.server.log)
    here.sync()
    return [f"{each.method} {each.path}" for each in here.server.log[before:] if each.site == "github"]


def rested(here: House) -> None:
    """Nothing is left to do or to look at."""
    for _ in range(2):
        here.sync()
        here.world.clock.advance(QUARTER.total_seconds())


def test_rules_and_weights_go_by_the_fields_of_a_project(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        furnished(here)
        here.agreed()
        assert measured(here) == 75


@pytest.mark.parametrize("touch", [False, True])
def test_what_is_set_in_a_project_counts_at_the_next_run(tmp_path: Path, touch: bool) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        project = furnished(here)
        here.github.settings.project_values_touch = touch
        here.agreed()
        here.github.set_in_project(project, f"{SITE}#7", "Priority", "High")
        here.github.set_in_project(project, f"{SITE}#7", "Effort", 2)
        here.world.clock.advance(900)
        here.agreed()
        assert measured(here) == 50
        here.github.remove_from_project(project, f"{SITE}#5")
        here.world.clock.advance(900)
        here.agreed()
        assert measured(here) == 60


def test_an_option_by_another_name_is_another_value(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        project = furnished(here)
        here.agreed()
        here.github.rename_project_option(project, "Priority", "Urgent", "Whenever")
        here.world.clock.advance(900)
        here.agreed()
        assert measured(here) == 100


def test_an_archived_item_keeps_its_values(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        project = furnished(here)
        here.github.archive_in_project(project, f"{SITE}#4")
        here.agreed()
        assert measured(here) == 75


def test_a_quiet_run_asks_one_request_more_for_the_fields_and_one_for_each_hundred_items(
    tmp_path: Path,
) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        furnished(here)
        rested(here)
        assert asked(here) == ["GET /repos/acme/site/issues", "POST /graphql", "POST /graphql"]
        # Trees may be walked in the first run of the day; what nobody asks for is never read.
        here.mapping = MARKETING
        rested(here)
        assert asked(here) == ["GET /repos/acme/site/issues"]


Spoil = Callable[[House, Project], None]


def _no_scope(here: House, _: Project) -> None:
    here.github.allow_projects(allowed=False)


def _hidden(_: House, project: Project) -> None:
    project.seen = False


def _deleted(here: House, project: Project) -> None:
    here.github.delete_project(project)


def _empty(here: House, _: Project) -> None:
    here.github.settings.projects_empty = True


def _renamed(here: House, project: Project) -> None:
    here.github.rename_project_field(project, "Effort", "Secret size")


@pytest.mark.parametrize("spoil", [_no_scope, _hidden, _deleted, _empty, _renamed])
def test_a_project_that_cannot_be_read_is_a_failure_of_what_rests_on_it_alone(
    tmp_path: Path, spoil: Spoil
) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        project = furnished(here)
        here.agreed()
        others = {key: body for key, body in here.ours().items() if key != TARGET}
        spoil(here, project)
        here.world.clock.advance(900)
        report = here.sync()
        assert report.failed
        assert not any(each.down for each in report.conclusion.pulls)
        (problem,) = report.conclusion.problems
        assert problem.startswith("effort: github: the project roadmap ")
        assert "Secret" not in problem
        body = here.ours()[TARGET]
        assert "Cannot measure: github: the project roadmap" in body
        assert {key: body for key, body in here.ours().items() if key != TARGET} == others
        here.world.clock.advance(900)
        assert not here.plan().plan.actions


@pytest.mark.parametrize("spoil", [_no_scope, _hidden, _empty])
def test_a_project_that_can_be_read_at_last_counts_at_once(tmp_path: Path, spoil: Spoil) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        project = furnished(here)
        spoil(here, project)
        here.sync()
        assert "Cannot measure" in here.ours()[TARGET]
        here.github.allow_projects()
        project.seen, here.github.settings.projects_empty = True, False
        here.world.clock.advance(900)
        here.agreed()
        assert measured(here) == 75


def test_while_a_project_fails_a_comparison_with_everything_takes_no_value_away(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        furnished(here)
        here.agreed()
        here.github.allow_projects(allowed=False)
        here.world.clock.advance(86_460)
        here.sync()
        here.github.allow_projects()
        here.world.clock.advance(900)
        before = len(here.server.log)
        here.agreed()
        assert measured(here) == 75
        rows = [each.path for each in here.server.log[before:] if each.path.endswith("/issues/7")]
        assert rows == []  # what did not change was not read again


CREDIT = f"""
[milestones.credit]
title = "What counts by status"
tracking = "{TARGET}"
[[milestones.credit.rules]]
keys = ["{SITE}#4", "{SITE}#5", "{SITE}#7", "{SITE}#10"]
"""


def test_the_option_of_the_status_field_gives_credit_and_cancels(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MARKETING + CREDIT) as here:
        project = furnished(here)
        site = here.github
        site.add_project_field(project, "Stage", "SINGLE_SELECT", ["Review", "Won't do", "Doing"])
        site.close(f"{SITE}#5")
        for number, stage in ((5, "Won't do"), (10, "Review"), (7, "Doing")):
            site.set_in_project(project, f"{SITE}#{number}", "Stage", stage)
        here.progress = ProgressPolicy.model_validate({"status_credit": {"review": "0.5"}})
        here.settings["github"]["status_field"] = "roadmap/Stage"
        here.agreed()
        assert measured(here) == 50  # 4 is done, 5 cancelled, 10 half, 7 to do
        here.settings["github"]["in_progress_statuses"] = ["doing"]
        here.progress = here.progress.model_copy(update={"in_progress_credit": Decimal("0.25")})
        here.world.clock.advance(900)
        here.agreed()
        assert measured(here) == 58
        site.set_in_project(project, f"{SITE}#7", "Stage", "Review")
        here.world.clock.advance(900)
        here.agreed()
        assert measured(here) == 66
        # All that the tracker's issues can count for rests on the field that tells their status.
        site.delete_project(project)
        here.world.clock.advance(900)
        report = here.sync()
        assert {problem.partition(":")[0] for problem in report.conclusion.problems} >= {"credit", "site"}
        assert "Cannot measure" in here.ours()[TARGET]


def test_no_word_of_a_private_project_stands_in_a_comment(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MAPPING + CREDIT.replace(f'tracking = "{TARGET}"', "tracking = []")) as here:
        project = furnished(here)
        site = here.github
        site.show_repo(SITE, "public")
        site.add_project_field(project, "Canary field", "SINGLE_SELECT", ["Canary one", "Canary two"])
        for number, option in ((4, "Canary one"), (5, "Canary one"), (10, "Canary two"), (7, "Canary one")):
            site.set_in_project(project, f"{SITE}#{number}", "Canary field", option)
        here.settings["github"] |= {
            "status_field": "roadmap/Canary field",
            "in_progress_statuses": ["Canary two"],
            "audiences": {SITE: "public"},
        }
        here.progress = ProgressPolicy.model_validate({"status_credit": {"Canary one": "0.5"}})
        here.publish = here.publish.model_copy(update={"audience": Audience.PUBLIC})
        here.sync()
        assert measured(here) == 87
        with here.job() as job, stored_evaluation(job) as known:
            told = "\n".join(explain("credit", job, known))
            assert 'status_credit of "Canary one" is 0.5' in told
            for subject in ("credit", "effort", f"{SITE}#7", f"{SITE}#10"):
                assert "Canary" not in "\n".join(explain(subject, job, known, Audience.PUBLIC))
            assert "Canary two" in "\n".join(explain(f"{SITE}#10", job, known))
        site.delete_project(project)
        here.world.clock.advance(900)
        here.sync()
        bodies = [comment.body for issue in site.issues.values() for comment in issue.comments]
        assert bodies
        assert not any("Canary" in body or "Roadmap" in body or "acme/1" in body for body in bodies)


def test_the_name_of_a_project_keeps_its_fields_apart_from_those_of_issues_and_of_others(
    tmp_path: Path,
) -> None:
    several = 'field = {{ "{}" = "High" }}'
    mapping = MARKETING
    for name, field in (("one", "roadmap/Priority"), ("two", "team/Priority"), ("three", "Priority")):
        mapping += milestone(name, several.format(field))
    with house(tmp_path, mapping=mapping) as here:
        furnished(here)
        here.settings["github"]["projects"]["team"] = "https://github.com/users/ana/projects/3/views/1"
        site = here.github
        site.account("ana")
        team = site.create_project("ana", "Team", number=3)
        site.add_project_field(team, "Priority", "SINGLE_SELECT", ["High"])
        for number in (4, 5):
            site.set_in_project(team, f"{SITE}#{number}", "Priority", "High")
        site.add_issue_field("Priority", "single_select", ["High"])
        for number in (2, 5, 7):
            site.set_issue_field(f"{SITE}#{number}", "Priority", "High")
        here.sync()
        with here.opened() as store:
            tagged = {
                name: sorted(row.id for row, _ in store.rollup().rows_of_owner(name))
                for name in ("one", "two", "three")
            }
        ids = {number: str(site.issue(f"{SITE}#{number}").id) for number in (2, 4, 5, 7)}
        assert tagged == {
            "one": [ids[4]],
            "two": sorted([ids[4], ids[5]]),
            "three": sorted([ids[2], ids[5], ids[7]]),
        }


def test_a_problem_of_a_milestone_that_readers_may_not_know_is_told_them_without_its_words(
    tmp_path: Path,
) -> None:
    with house(tmp_path, mapping=EFFORT) as here:
        project = furnished(here)
        here.tracker_names = ["github"]
        here.github.show_repo(SITE, "public")
        here.github.delete_project(project)
        here.sync()
        assert "a problem that has to be mended first" in here.ours()[TARGET]
        assert "roadmap" not in here.ours()[TARGET]
