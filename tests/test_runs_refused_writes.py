"""Writes that trackers refuse: for a label, for a length, for a place; and wishes that flip meanwhile."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Status
from core.steps.run_report import Report
from tests.runs import CLOUD, DATACENTER, MARKETING, House, house, milestone
from tests.test_runs_isolation import both_worlds, spoilt, ten_runs
from tests.test_runs_isolation_kinds import headlines
from tests.writers import ours_on

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
DAY = 86_400
FORBIDDEN = Status(403, {}, {"message": "Resource not accessible", "errorMessages": ["You may not"]})


def quarantined(here: House) -> list[str]:
    """The reasons of what is in quarantine and wanted."""
    with here.job() as job:
        return [entry.reason for entry in job.store.quarantine().values() if entry.confirmed and entry.wished]


def quiet_within_a_day(here: House, allowed: int) -> list[Report]:
    """Runs every half an hour for a day; all but the first few end well, with few tries among them."""
    reports, watch = [], here.watch()
    for _ in range(16):
        here.world.clock.advance(1_800)
        reports.append(here.sync())
    assert not any(report.failed for report in reports[2:]), [report.line for report in reports]
    assert len(watch.writes) <= allowed, watch.writes
    return reports


# Labels

TOO_LONG = {
    "message": "Validation Failed",
    "errors": [{"resource": "Label", "code": "custom", "field": "name", "message": "name is too long"}],
}
ODD = {"message": "Validation Failed", "errors": [{"resource": "Label", "code": "invalid", "field": "name"}]}


@pytest.mark.parametrize("body", [TOO_LONG, ODD], ids=["too long", "characters"])
def test_a_label_that_github_refuses_costs_only_itself_and_is_told_with_the_reason(
    body: object, tmp_path: Path
) -> None:
    with both_worlds(tmp_path) as (well, ill):
        for path in ("/site/labels$", r"/issues/\d+/labels$"):
            kind = Status(422, {}, body)
            ill.server.plan(
                Fault(
                    kind=kind, site="github", method="POST", path=path, body="mp/milestone/site", times=None
                )
            )
        for each in (well, ill):
            ten_runs(each)
        bearing = {key for key, names in well.labels().items() if "mp/milestone/site" in names and "#" in key}
        assert bearing
        assert spoilt(well, ill) == bearing
        assert ill.ours() == well.ours()
        assert all("HTTP 422: Validation Failed" in reason for reason in quarantined(ill))
        quiet_within_a_day(ill, allowed=60)
        ill.server.clear_faults()
        ill.world.clock.advance(DAY + 60)
        ill.sync()
        ill.agreed()
        assert all("mp/milestone/site" in ill.labels()[key] for key in bearing)


@FACES
def test_a_label_that_jira_refuses_costs_only_the_labels_of_its_issues(face: str, tmp_path: Path) -> None:
    said = {
        "errorMessages": [],
        "errors": {"labels": "The label 'mp/milestone/blog' contains invalid characters."},
    }
    with both_worlds(tmp_path, face) as (well, ill):
        ill.server.plan(
            Fault(kind=Status(400, {}, said), site="jira", method="PUT", body="mp/milestone/blog", times=None)
        )
        for each in (well, ill):
            ten_runs(each)
        assert {key for key in spoilt(well, ill) if "#" in key} == set()
        assert ill.ours() == well.ours()
        assert quarantined(ill)
        assert all("invalid characters" in reason for reason in quarantined(ill))
        quiet_within_a_day(ill, allowed=40)


def test_where_labels_may_be_defined_and_not_put_on_issues_comments_are_written(tmp_path: Path) -> None:
    with both_worlds(tmp_path) as (well, ill):
        path = r"/issues/\d+/labels"
        ill.server.plan(Fault(kind=FORBIDDEN, site="github", method="POST", path=path, times=None))
        for each in (well, ill):
            ten_runs(each)
        assert ill.definitions() == well.definitions()
        assert ill.ours() == well.ours()
        assert {key for key in spoilt(well, ill) if "#" not in key} == set()
        quiet_within_a_day(ill, allowed=20)
        ill.server.clear_faults()
        for _ in range(2):
            ill.world.clock.advance(DAY)
            ill.sync()
        labels = well.labels()
        assert {key: names for key, names in ill.labels().items() if "#" in key} == {
            key: names for key, names in labels.items() if "#" in key
        }


def test_where_labels_may_be_put_on_issues_and_not_defined_everything_else_is_written(tmp_path: Path) -> None:
    with both_worlds(tmp_path) as (well, ill):
        ill.server.plan(Fault(kind=FORBIDDEN, site="github", method="POST", path="/site/labels$", times=None))
        for each in (well, ill):
            ten_runs(each)
        assert spoilt(well, ill) == set()
        quiet_within_a_day(ill, allowed=20)
        ill.server.clear_faults()
        ill.world.clock.advance(DAY)
        ill.sync()
        ill.agreed()
        assert ill.definitions() == well.definitions()


# Places

REPOSITORIES = ("old", "off", "shut", "open")


def _furnished(here: House) -> None:
    for name in REPOSITORIES:
        here.github.create_repo(f"acme/{name}")
        for title in ("Plan it", "Begin", "Go on", "End"):
            here.github.create_issue("acme/" + name, title)
        here.mapping += milestone(name, f'repository = "acme/{name}"', f'tracking = "acme/{name}#1"')
    here.settings["github"] = {"repositories": ["acme/site", *(f"acme/{name}" for name in REPOSITORIES)]}
    here.limits = here.limits.model_copy(update={"max_jump_points": 100})


def test_several_places_that_refuse_in_one_run_cost_only_themselves(tmp_path: Path) -> None:
    with both_worlds(tmp_path) as (well, ill):
        for each in (well, ill):
            _furnished(each)
            each.agreed()
            each.world.clock.advance(900)
            for name in REPOSITORIES:
                each.github.close(f"acme/{name}#2")
        ill.github.archive_repo("acme/old")
        gone = Status(410, {}, {"message": "Issues are disabled for this repo"})
        for path, kind in (("/acme/off/", gone), ("/acme/shut/", Status(404, {}, {"message": "Not Found"}))):
            for method in ("POST", "PATCH", "DELETE"):
                ill.server.plan(Fault(kind=kind, site="github", method=method, path=path, times=None))
        for each in (well, ill):
            ten_runs(each)
        assert spoilt(well, ill) == {"acme/old#1", "acme/off#1", "acme/shut#1"}
        said = {reason.partition("HTTP ")[2][:3] for reason in quarantined(ill)}
        assert said == {"403", "404", "410"}
        quiet_within_a_day(ill, allowed=24)
        ill.github.archive_repo("acme/old", archived=False)
        ill.server.clear_faults()
        for each in (well, ill, ill):
            each.world.clock.advance(DAY + 3_600)
            each.sync()
        assert headlines(ill) == headlines(well)
        assert quarantined(ill) == []


# Wishes that flip

EXTRA = milestone("extra", 'keys = ["BLOG-2"]')
OTHER = milestone("other", 'keys = ["BLOG-2"]')


@pytest.mark.parametrize("other", [OTHER, ""], ids=["between two labels", "between one and none"])
def test_a_wish_that_flips_while_it_is_refused_is_tried_ever_more_rarely(other: str, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        path = rf"/issue/{here.jira.issue('BLOG-2').id}$"
        here.server.plan(Fault(kind=FORBIDDEN, site="jira", method="PUT", path=path, times=None))
        watch, marks = here.watch(), []
        for number in range(40):
            here.mapping = MARKETING + (other if number % 2 else EXTRA)
            here.world.clock.advance(900)
            here.sync()
            marks.append(sum(each.method == "PUT" and path[:-1] in each.path for each in watch.writes))
        assert marks[-1] <= 8, marks
        assert marks[-1] - marks[20] <= 2, marks
        here.server.clear_faults()
        here.mapping = MARKETING + EXTRA
        here.world.clock.advance(DAY)
        here.sync()
        assert "mp/milestone/extra" in here.labels()["BLOG-2"]


# Lengths


def _bodies(here: House) -> dict[str, int]:
    return {key: len(one.body) for key in ("BLOG-1", "MKT-1", "MKT-2") for one in ours_on(here, key)}


def _creations(here: House) -> Callable[[], int]:
    watch = here.watch()
    return lambda: sum(
        each.site == "jira" and each.method == "POST" and "comment" in each.path for each in watch.writes
    )


@FACES
@pytest.mark.parametrize("limit", [500, 300])
def test_a_server_that_takes_shorter_comments_gets_the_next_shorter_form_at_once(
    face: str, limit: int, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.jira.quirks.comment_limit = limit
        created = _creations(here)
        here.agreed()
        lengths = _bodies(here)
        assert len(lengths) == 3
        assert max(lengths.values()) <= limit
        assert created() == len(lengths) + 1, "one refusal tells the limit for all"
        here.world.clock.advance(900)
        here.jira.transition("BLOG-4", "Done")
        watch = here.watch()
        assert not here.sync().failed
        assert "BLOG-1" in watch.edited
        assert watch.edited.count("BLOG-1") == 1
        here.agreed()


@FACES
def test_a_limit_that_falls_shortens_the_next_edit(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        before = _bodies(here)["BLOG-1"]
        here.jira.quirks.comment_limit = before - 100
        here.world.clock.advance(900)
        here.jira.transition("BLOG-4", "Done")
        assert not here.sync().failed
        assert _bodies(here)["BLOG-1"] <= before - 100
        here.agreed()


@FACES
def test_a_server_that_takes_not_even_the_shortest_form_is_told_and_seldom_asked(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.jira.quirks.comment_limit = 40
        assert here.sync().failed
        assert _bodies(here) == {}
        assert here.ours(), "GitHub's comments are written"
        assert all("takes at most 40 characters" in reason for reason in quarantined(here))
        quiet_within_a_day(here, allowed=6)
        here.jira.quirks.comment_limit = 32_767
        for _ in range(2):
            here.world.clock.advance(DAY + 60)
            here.sync()
        here.agreed()
        assert len(_bodies(here)) == 3


@pytest.mark.parametrize(
    "said",
    [
        "Der eingegebene Text ist zu lang. Er übersteigt das zugelassene Limit von 30.000 Zeichen.",
        "Le texte saisi est trop long. Il dépasse la limite autorisée de 30 000 caractères.",
        "The entered text is too long. It exceeds the allowed limit of 30000 characters.",
    ],
)
def test_the_limit_is_read_in_the_language_of_the_account(said: str, tmp_path: Path) -> None:
    said = said.replace("30.000", "0.450").replace("30 000", "0 450").replace("30000", "450")
    with house(tmp_path, DATACENTER) as here:
        kind = Status(400, {}, {"errorMessages": [], "errors": {"comment": said}})
        here.server.plan(Fault(kind=kind, site="jira", method="POST", path="/comment$"))
        here.agreed()
        assert max(_bodies(here).values()) <= 450
        assert json.dumps(quarantined(here)) == "[]"
