"""Places that refuse in every run, and fields that are not there: only what rests on them waits."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.faults import Fault, Status
from core.engine.model import MilestoneState, Unmeasured
from tests.runs import CLOUD, DATACENTER, MARKETING, READS, House, house, milestone
from tests.test_runs_isolation_kinds import GITHUB, SHOP, TRACKED, changed, furnished, headlines, together

# Places that refuse


@pytest.mark.parametrize(("status", "face"), [(403, CLOUD), (404, DATACENTER)])
def test_a_token_that_may_only_read_is_seldom_tried_and_all_is_written_within_a_day_of_more_rights(
    status: int, face: str, tmp_path: Path
) -> None:
    for name in ("well", "refused"):
        (tmp_path / name).mkdir()
    with house(tmp_path / "well", face) as here:
        here.agreed()
        right = headlines(here)
    with house(tmp_path / "refused", face) as here:
        refusal = Status(status, {}, {"message": "Not with this token", "errorMessages": ["Not you"]})
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            path = rf"^(?!.*(?:{READS.pattern}))"
            here.server.plan(Fault(kind=refusal, path=path, method=method, times=None))
        a_run = []
        for _ in range(36):
            seen = here.watch()
            report = here.sync()
            a_run.append(len(seen.writes))
            here.world.clock.advance(3600)
        assert not report.failed
        # In a quarter of an hour, half an hour, one, two, four and so on: one of each kind and container.
        assert max(a_run[4:]) <= 6, a_run
        assert sum(a_run[24:]) <= 12, a_run
        here.server.clear_faults()
        for _ in range(4):
            here.world.clock.advance(8 * 3600)
            here.sync()
        assert headlines(here) == right
        here.agreed()


# Roots that are not sent


def test_a_root_that_jira_does_not_send_costs_only_its_tree(tmp_path: Path) -> None:
    def spoil(here: House) -> None:
        here.server.plan(Fault(kind=changed(_unsent("BLOG-1")), site="jira", path="/bulkfetch$", times=None))
        here.server.plan(Fault(kind=changed(_left_out("BLOG-1")), site="jira", path="/jql$", times=None))
        with here.job() as job:
            job.store.memory("jira").set("jira.outside", "")  # so that the trees are walked from their roots

    told = together(tmp_path, spoil, {"MKT-2", "MKT-7", *GITHUB})
    assert told


def test_while_a_root_is_not_sent_what_its_tree_counts_for_is_unmeasured_in_every_run(tmp_path: Path) -> None:
    with house(tmp_path, CLOUD) as here:
        here.agreed()
        here.server.plan(Fault(kind=changed(_unsent("BLOG-1")), site="jira", path="/bulkfetch$", times=None))
        here.server.plan(Fault(kind=changed(_left_out("BLOG-1")), site="jira", path="/jql$", times=None))
        with here.job() as job:
            job.store.memory("jira").set("jira.outside", "")
        for _ in range(4):
            here.world.clock.advance(900)
            measures = {name: one.measure for name, one in _milestones(here).items()}
            assert isinstance(measures["blog"], Unmeasured)
            assert not isinstance(measures["newsletter"], Unmeasured)
        here.server.clear_faults()
        here.world.clock.advance(900)
        assert not isinstance(_milestones(here)["blog"].measure, Unmeasured)


def _milestones(here: House) -> Mapping[str, MilestoneState]:
    return here.sync().conclusion.evaluation.state.milestones


def _unsent(key: str) -> Callable[[Any], Any]:
    """The answer of a bulk fetch in which an issue stands among the errors."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        lost = [row for row in answer["issues"] if row["key"] == key]
        left = [row for row in answer["issues"] if row["key"] != key]
        errors = [*answer.get("issueErrors", []), *({"id": row["id"], "errorMessage": "no"} for row in lost)]
        return {**answer, "issues": left, "issueErrors": errors}

    return change


def _left_out(key: str) -> Callable[[Any], Any]:
    def change(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "issues": [row for row in answer["issues"] if row.get("key") != key]}

    return change


# Fields that are not there


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
@pytest.mark.parametrize(
    ("settings", "rule", "more", "named"),
    [
        ({}, 'field = { "Storry size" = 5 }', "", "'Storry size'"),
        ({}, 'label = "words"', 'weigh_by = "Story sizes"', "'Story sizes'"),
        ({"story_points": "Pints"}, 'label = "words"', 'weigh_by = "story_points"', "story_points = 'Pints'"),
        ({"sprint": "customfield_99999"}, 'sprint = "Sprint 1"', "", "sprint = 'customfield_99999'"),
    ],
)
def test_a_field_that_jira_does_not_have_costs_only_what_asks_for_it(
    settings: dict[str, str], rule: str, more: str, named: str, face: str, tmp_path: Path
) -> None:
    odd = milestone("odd", f'project = "MKT"\n{rule}', f'tracking = "MKT-7"\n{more}')
    with house(tmp_path, face, MARKETING + SHOP + odd) as here:
        furnished(here)
        here.settings["jira"] = dict(settings)
        report = here.sync()
        assert not any(each.down for each in report.conclusion.pulls), report.conclusion.problems
        assert [each for each in report.conclusion.problems if "odd: " in each and named in each]
        right = headlines(here)
        assert right.pop("MKT-7") == []
        assert all(right[key] for key in ("BLOG-1", "MKT-2", *GITHUB))
        here.settings["jira"] = {}
        here.mapping = MARKETING + SHOP + milestone("odd", 'project = "MKT"\nlabel = "words"', TRACKED)
        here.world.clock.advance(900)
        report = here.sync()
        assert not report.conclusion.problems
        now = headlines(here)
        assert now["MKT-7"]
        assert all(now[key] == right[key] for key in right if key != "MKT-1")  # the goal's own comment


def test_a_list_of_fields_that_lacks_one_for_a_while_takes_nothing_away(tmp_path: Path) -> None:
    rule = milestone("odd", 'project = "MKT"\nfield = { "Story size" = 5 }', TRACKED)
    with house(tmp_path, CLOUD, MARKETING + rule) as here:
        furnished(here)
        _story_size(here)
        here.agreed()
        right, labels = headlines(here), here.labels()
        sized = {key for key, names in labels.items() if "mp/milestone/odd" in names} - {"MKT-7"}
        assert sized == {"MKT-4", "MKT-5"}
        here.server.plan(Fault(kind=changed(_without_story_size), site="jira", path=r"/field$", times=None))
        for _ in range(3):
            here.world.clock.advance(86_400 + 60)
            report = here.sync()
            assert any("'Story size'" in each for each in report.conclusion.problems)
            assert {key: here.labels()[key] for key in sized} == {key: labels[key] for key in sized}
        here.server.clear_faults()
        here.world.clock.advance(900)
        here.sync()
        assert headlines(here) == right
        here.agreed()


def _story_size(here: House) -> None:
    """Give the tasks of a project a field of their own, so that two of three are in a milestone."""
    here.jira.add_field("Story size", "number")
    for key, size in (("MKT-4", 5), ("MKT-5", 5), ("MKT-8", 3)):
        here.jira.edit(key, custom={"Story size": size})


def _without_story_size(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [field for field in fields if field["name"] != "Story size"]
