"""What administrators and people do to a Jira is in the numbers within a day, as with a fresh store."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from tests.reconcile_kit import (
    HOURS,
    Happens,
    a_day,
    equals_a_fresh_store_within_a_day,
    lenient,
    numbers,
    several,
)
from tests.runs import CLOUD, DATACENTER, House, house, milestone

RULES = (
    milestone("version", 'project = "BLOG"\nfix_version = "1.0"')
    + milestone("component", 'project = "BLOG"\ncomponent = "Web"')
    + milestone("sprint", 'tracker = "jira"\nsprint = "Sprint 1"')
    + milestone("kind", 'project = "BLOG"\ntype = "Story"')
    + milestone("field", 'project = "BLOG"\nfield = { Stage = "Draft" }', 'weigh_by = "story_points"')
)
"""One for each name that can change without a trace."""


def prepared(here: House) -> None:
    """Issues that these rules match."""
    lenient(here)
    here.jira.add_field("Stage", "select")
    here.jira.add_sprint("Sprint 1")
    here.jira.edit("BLOG-2", versions=["1.0"], components=["Web"], points=3, custom={"Stage": "Draft"})
    here.jira.edit("BLOG-3", versions=["1.0"], sprints=["Sprint 1"], type="Story", custom={"Stage": "Draft"})
    here.mapping += RULES


def _without_trace(here: House, key: str, **values: object) -> None:
    """Change an issue as a deletion in the administration does: its time of change stays."""
    issue = here.jira.issue(key)
    for name, value in values.items():
        setattr(issue, name, value)
    here.jira.changes += 1


def version_renamed(here: House) -> None:
    here.jira.rename_version("BLOG", "1.0", "1.1")


def version_merged(here: House) -> None:
    here.jira.edit("BLOG-4", versions=["2.0"])
    here.jira.merge_version("BLOG", "1.0", "2.0")


def version_took_in_another(here: House) -> None:
    here.jira.edit("BLOG-4", versions=["2.0"])
    here.sync()
    here.jira.merge_version("BLOG", "2.0", "1.0")


def version_deleted(here: House) -> None:
    here.jira.merge_version("BLOG", "1.0", None)


def version_released_and_archived(here: House) -> None:
    here.jira.release_version("BLOG", "1.0")
    here.jira.archive_version("BLOG", "1.0")


def component_renamed(here: House) -> None:
    here.jira.rename_component("BLOG", "Web", "Site")


def component_deleted(here: House) -> None:
    here.jira.delete_component("BLOG", "Web")


def component_took_in_another(here: House) -> None:
    here.jira.edit("BLOG-4", components=["Pages"])
    here.sync()
    here.jira.delete_component("BLOG", "Pages", "Web")


def status_renamed(here: House) -> None:
    here.jira.rename_status("To Do", "Open")


def status_of_another_category(here: House) -> None:
    here.jira.move_status("In Progress", "done")


def type_renamed(here: House) -> None:
    here.jira.rename_type("Story", "Tale")


def type_took_its_name(here: House) -> None:
    here.jira.rename_type("Story", "Tale")
    here.jira.rename_type("Task", "Story")


def sprint_renamed(here: House) -> None:
    here.jira.rename_sprint("Sprint 1", "First sprint")


def sprint_closed(here: House) -> None:
    here.jira.close_sprint("Sprint 1")


def project_led_and_categorised(here: House) -> None:
    here.jira.lead_project("BLOG", "ana")
    here.jira.categorise_project("BLOG", "Texts")


def resolution_renamed_away(here: House) -> None:
    assert here.jira.issue("BLOG-6").resolution == "Won't Do"
    here.jira.rename_resolution("Won't Do", "Set aside")


def resolution_renamed_into(here: House) -> None:
    here.jira.rename_resolution("Done", "Obsolete")


def resolution_deleted(here: House) -> None:
    assert here.jira.issue("BLOG-6").resolution == "Won't Do"
    _without_trace(here, "BLOG-6", resolution="Done")  # the one that its issues were given instead


def archived_and_restored(here: House) -> None:
    here.jira.archive_project("MKT")
    here.world.clock.advance(30 * HOURS)
    here.sync()
    here.jira.archive_project("MKT", archived=False)


def trashed_and_restored(here: House) -> None:
    here.jira.hide_project("MKT")
    for _ in range(5):
        here.world.clock.advance(10 * HOURS)
        here.sync()
    here.jira.hide_project("MKT", hidden=False)


def moved_between_projects(here: House) -> None:
    here.jira.move("BLOG-3", "MKT")
    here.jira.move("MKT-3", "BLOG")


def moved_out_and_back(here: House) -> None:
    here.jira.create_issue("OTHER", "Elsewhere")
    key = here.jira.move("MKT-3", "OTHER")
    here.world.clock.advance(25 * HOURS)
    here.sync()
    here.jira.move(key, "MKT")


def moved_out(here: House) -> None:
    here.jira.create_issue("OTHER", "Elsewhere")
    here.jira.move("MKT-3", "OTHER")


def secured_and_opened(here: House) -> None:
    here.jira.secure("BLOG-2", "Managers")
    here.world.clock.advance(25 * HOURS)
    here.sync()
    here.jira.secure("BLOG-2", None)


def secured(here: House) -> None:
    here.jira.secure("BLOG-2", "Managers")


def parent_taken_away(here: House) -> None:
    _without_trace(here, "BLOG-4", parent=None)


def imported(here: House) -> None:
    old = here.world.clock.now() - timedelta(days=400)
    here.jira.import_issue("MKT", "Old letter", created=old, updated=old, labels=["newsletter"])


def _in_time_zone(here: House, zone: str) -> None:
    bot = here.jira.bot
    here.jira.accounts[bot.id] = replace(bot, time_zone=zone)


def time_zone_moved(here: House) -> None:
    _in_time_zone(here, "Pacific/Auckland")
    here.jira.edit("BLOG-4", summary="Another title")
    here.world.clock.advance(0.2 * HOURS)
    here.sync()
    _in_time_zone(here, "America/Los_Angeles")
    here.jira.transition("BLOG-3", "Done", "Done")


def index_late_by_hours(here: House) -> None:
    here.jira.answer_late(searches=3 * 3_600)
    here.jira.transition("BLOG-3", "Done", "Done")
    here.jira.delete("BLOG-5")
    for _ in range(8):
        here.world.clock.advance(0.5 * HOURS)
        here.sync()
    here.jira.answer_late()


ON_BOTH: list[Happens] = [
    several(version_renamed, component_renamed, status_renamed, type_renamed),
    several(status_of_another_category, version_deleted, parent_taken_away),
    several(sprint_renamed, resolution_deleted),
    several(resolution_renamed_into, version_took_in_another, component_took_in_another),
    several(resolution_renamed_away, sprint_closed, version_released_and_archived),
    archived_and_restored,
    several(moved_between_projects, imported),
    secured_and_opened,
    index_late_by_hours,
]
ON_CLOUD: list[Happens] = [
    several(version_merged, component_deleted, type_took_its_name),
    trashed_and_restored,
    moved_out_and_back,
    several(moved_out, secured),
    time_zone_moved,
]


@pytest.mark.parametrize("happens", [*ON_BOTH, *ON_CLOUD], ids=lambda happens: happens.__name__)
def test_on_cloud_it_is_right_within_a_day(happens: Happens, tmp_path: Path) -> None:
    with house(tmp_path, CLOUD) as here:
        prepared(here)
        equals_a_fresh_store_within_a_day(here, tmp_path / "fresh", happens)


@pytest.mark.parametrize("happens", ON_BOTH, ids=lambda happens: happens.__name__)
def test_on_data_center_it_is_right_within_a_day(happens: Happens, tmp_path: Path) -> None:
    with house(tmp_path, DATACENTER) as here:
        prepared(here)
        equals_a_fresh_store_within_a_day(here, tmp_path / "fresh", happens)


def test_a_field_that_is_called_otherwise_since_goes_on_being_meant(tmp_path: Path) -> None:
    with house(tmp_path, CLOUD) as here:
        prepared(here)
        here.sync()
        before = numbers(here)
        here.jira.rename_field("Stage", "Step")
        for _ in range(3):
            a_day(here)
            assert not here.sync().failed
        here.jira.transition("BLOG-3", "To Do")
        here.world.clock.advance(HOURS)
        here.sync()
        assert numbers(here)["field"] != before["field"], "it is read as before"


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_a_resolution_that_is_called_otherwise_counts_by_its_new_name(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        lenient(here)
        for key, resolution in (("BLOG-2", "Done"), ("BLOG-3", "Won't Do"), ("BLOG-4", None)):
            here.jira.edit(key, labels=["words"])
            here.jira.transition(key, "Done" if resolution else "To Do", resolution)
        here.mapping += milestone("words", 'label = "words"', 'tracking = "BLOG-1"')
        for new, right in (("Won't Do", 1 / 2), ("Set aside", 2 / 3), ("Obsolete", 1 / 2)):
            if here.jira.issue("BLOG-3").resolution != new:
                here.jira.rename_resolution(here.jira.issue("BLOG-3").resolution or "", new)
            here.sync()
            a_day(here)
            assert numbers(here)["words"] == Fraction(right).limit_denominator(9)


INERT: list[Happens] = [version_released_and_archived, sprint_closed, project_led_and_categorised]


@pytest.mark.parametrize("happens", INERT, ids=lambda happens: happens.__name__)
def test_what_means_nothing_to_a_rule_changes_and_writes_nothing(happens: Happens, tmp_path: Path) -> None:
    with house(tmp_path, CLOUD) as here:
        prepared(here)
        here.sync()
        here.world.clock.advance(HOURS)
        here.agreed()
        before, watch = numbers(here), here.watch()
        happens(here)
        a_day(here)
        assert numbers(here) == before
        assert watch.writes == []
