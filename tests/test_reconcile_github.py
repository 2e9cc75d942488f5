"""What administrators and people do to a GitHub is in the numbers within a day, as with a fresh store."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.reconcile_kit import (
    HOURS,
    Happens,
    a_day,
    equals_a_fresh_store_within_a_day,
    lenient,
    numbers,
    organisation,
    several,
)
from tests.runs import House, house, milestone

RULES = milestone("kind", 'tracker = "github"\ntype = "Task"') + milestone(
    "labelled", 'tracker = "github"\nlabel = "words"'
)


def prepared(here: House) -> None:
    """A second repository, and issues that these rules match."""
    lenient(here)
    here.github.create_repo("acme/shop")
    for number in range(4):
        here.github.create_issue("acme/shop", f"Old work {number}", labels=["words", "milestone/site"])
    here.github.create_issue("acme/shop", "A task", type="Task")
    here.settings["github"] = {"repositories": ["acme/site", "acme/shop"]}
    here.mapping += RULES


def label_deleted_and_made_again_in_another_case(here: House) -> None:
    here.github.delete_label("acme/shop", "words")
    here.github.define_label(here.github.repo("acme/shop"), "Words")
    here.github.add_labels("acme/shop#2", "Words")


def label_renamed(here: House) -> None:
    here.github.rename_label("acme/shop", "words", "texts")


def label_deleted(here: House) -> None:
    here.github.delete_label("acme/shop", "words")


def milestone_retitled(here: House) -> None:
    here.github.rename_milestone("acme/site", "Newsletter", "Letters")


def milestone_took_its_title(here: House) -> None:
    here.github.rename_milestone("acme/site", "Newsletter", "Letters")
    here.github.create_issue("acme/site", "Another one", milestone="Newsletter")


def milestone_closed_and_retitled(here: House) -> None:
    here.github.close_milestone("acme/site", "Newsletter")
    here.world.clock.advance(25 * HOURS)
    here.sync()
    here.github.rename_milestone("acme/site", "Newsletter", "Letters")


def milestone_took_the_title_and_reopened(here: House) -> None:
    here.github.rename_milestone("acme/site", "Newsletter", "Aside")
    here.github.create_issue("acme/site", "Another one", milestone="Letters")
    here.github.close_milestone("acme/site", "Letters")
    here.world.clock.advance(25 * HOURS)
    here.sync()
    here.github.close_milestone("acme/site", "Letters", closed=False)
    here.github.rename_milestone("acme/site", "Letters", "Newsletter")


def milestone_dated(here: House) -> None:
    here.github.date_milestone("acme/site", "Newsletter", here.world.clock.now() + timedelta(days=3))


def milestone_closed(here: House) -> None:
    here.github.close_milestone("acme/site", "Newsletter")


def types_renamed(here: House) -> None:
    here.github.rename_type("acme", "Task", "Chore")


def access_taken_and_given(here: House) -> None:
    here.github.revoke("acme/shop")
    for _ in range(5):
        here.world.clock.advance(10 * HOURS)
        here.sync()
    here.github.grant("acme/shop", "milepost-bot", "push")


def access_away_for_one_comparison(here: House) -> None:
    here.world.clock.advance(25 * HOURS)
    here.github.revoke("acme/shop")
    here.sync()
    here.github.grant("acme/shop", "milepost-bot", "push")


def access_given_to_old_issues(here: House) -> None:
    here.github.create_repo("acme/late", role="none")
    old = here.world.clock.now() - timedelta(days=90)
    for number in range(4):
        here.github.import_issue("acme/late", f"Old {number}", created=old, updated=old, labels=["words"])
    here.sync()
    here.world.clock.advance(48 * HOURS)
    here.sync()
    here.github.grant("acme/late", "milepost-bot", "push")


def another_takes_the_old_name(here: House) -> None:
    here.github.rename_repo("acme/shop", "acme/store")
    here.world.clock.advance(2 * HOURS)
    here.sync()
    here.github.create_repo("acme/shop")
    here.github.create_issue("acme/shop", "New work", labels=["words"])


def another_takes_the_old_name_at_once(here: House) -> None:
    here.github.rename_repo("acme/shop", "acme/store")
    here.github.create_repo("acme/shop")
    here.github.create_issue("acme/shop", "New work", labels=["words"])


def names_swapped(here: House) -> None:
    here.github.rename_repo("acme/shop", "acme/aside")
    here.github.rename_repo("acme/site", "acme/shop")
    here.github.rename_repo("acme/aside", "acme/site")


def transferred_within_the_scope(here: House) -> None:
    here.github.transfer("acme/shop#1", "acme/site")
    here.github.transfer("acme/site#4", "acme/shop")


def transferred_out_of_the_scope(here: House) -> None:
    here.github.create_repo("acme/elsewhere")
    here.github.transfer("acme/shop#1", "acme/elsewhere")


def converted_to_discussions(here: House) -> None:
    here.github.convert_to_discussion("acme/shop#1", 404)
    here.github.convert_to_discussion("acme/shop#2", 410)


def imported(here: House) -> None:
    old = here.world.clock.now() - timedelta(days=400)
    here.github.import_issue("acme/shop", "Very old", created=old, updated=old, labels=["words"])


def lists_late_by_hours(here: House) -> None:
    here.github.answer_late(lists=3 * 3_600)
    here.github.close("acme/shop#1")
    here.github.delete("acme/shop#2")
    for _ in range(8):
        here.world.clock.advance(0.5 * HOURS)
        here.sync()
    here.github.answer_late()


def blocked_and_freed(here: House) -> None:
    here.github.block_repo("acme/shop", "dmca")
    here.world.clock.advance(25 * HOURS)
    here.sync()
    here.github.block_repo("acme/shop", "")


IN_BOTH: list[Happens] = [
    several(label_renamed, milestone_retitled, types_renamed),
    several(label_deleted_and_made_again_in_another_case, milestone_took_its_title, imported),
    access_taken_and_given,
    access_away_for_one_comparison,
    another_takes_the_old_name,
    lists_late_by_hours,
]
IN_NAMED: list[Happens] = [
    several(milestone_dated, milestone_closed_and_retitled),
    milestone_took_the_title_and_reopened,
    several(label_deleted, transferred_out_of_the_scope),
    another_takes_the_old_name_at_once,
    names_swapped,
    several(transferred_within_the_scope, converted_to_discussions),
    blocked_and_freed,
]


def repository_given_away(here: House) -> None:
    here.github.rename_repo("acme/shop", "other/shop")


def repository_taken_over(here: House) -> None:
    here.github.create_repo("other/news")
    here.github.create_issue("other/news", "From elsewhere", labels=["words"])
    here.sync()
    here.world.clock.advance(25 * HOURS)
    here.sync()
    here.github.rename_repo("other/news", "acme/news")


@pytest.mark.parametrize("happens", [*IN_BOTH, *IN_NAMED], ids=lambda happens: happens.__name__)
def test_in_named_repositories_it_is_right_within_a_day(happens: Happens, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        prepared(here)
        equals_a_fresh_store_within_a_day(here, tmp_path / "fresh", happens)


IN_ORGANISATIONS: list[Happens] = [access_given_to_old_issues, repository_given_away, repository_taken_over]


@pytest.mark.parametrize("happens", [*IN_BOTH, *IN_ORGANISATIONS], ids=lambda happens: happens.__name__)
def test_in_an_organisation_it_is_right_within_a_day(happens: Happens, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        prepared(here)
        organisation(here)
        equals_a_fresh_store_within_a_day(here, tmp_path / "fresh", happens)


def test_a_milestone_that_is_closed_or_dated_means_nothing_to_a_rule_that_names_it(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        prepared(here)
        here.sync()
        here.world.clock.advance(HOURS)
        here.agreed()
        before, watch = numbers(here), here.watch()
        milestone_closed(here)
        milestone_dated(here)
        a_day(here)
        assert numbers(here) == before
        assert watch.writes == []
        here.github.close_milestone("acme/site", "Newsletter", closed=False)
        a_day(here)
        assert numbers(here) == before
