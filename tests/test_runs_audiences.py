"""Whole runs over places of every audience: no word reaches readers that it is not meant for."""

import re
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from connectors.audience import Audience
from connectors.sandbox.faults import Fault, Status
from core.cli.last_run import meant_for
from core.context import RunContext
from core.explanation import UnknownSubject, explain
from core.publish.publish_policy import LimitPolicy
from core.steps.evaluate import Evaluation
from core.steps.evaluate_run import stored_evaluation
from tests.audience_world import (
    ORGANISATION,
    PLACES,
    PUBLIC,
    RESTRICTED,
    later_in_the_world,
    published,
    readable,
    world,
)
from tests.runs import CLOUD, DATACENTER, House, plain


def strangers(here: House, allowed: dict[str, str], readable: set[str]) -> set[str]:
    """The words in these texts that are meant for fewer people."""
    said = {word for text in allowed.values() for word in re.findall(r"zqa?(pub|org|res)\w*", plain(text))}
    return said - readable


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_no_word_stands_where_people_may_read_it_that_it_is_not_meant_for(face: str, tmp_path: Path) -> None:
    with world(tmp_path, face=face) as here:
        for again in (False, True):
            if again:
                later_in_the_world(here)
            here.sync(force=True)
            told = {audience: published(here, audience) for audience in (PUBLIC, ORGANISATION, RESTRICTED)}
            for audience, texts in told.items():
                assert strangers(here, texts, readable(audience)) == set()
                ours = [text for key, text in texts.items() if key in PLACES]
                assert len(ours) == sum(place is audience for place in PLACES.values())
                # What they may read is told: no empty comments.
                assert all(
                    f"zq{'a' if audience is not PUBLIC else ''}{audience.value[:3]}stonetitle" in plain(text)
                    for text in ours
                )
                assert all(("Since " in text) is again for text in ours)
                assert all("that are not shown here" in text for text in ours) is (audience is not RESTRICTED)


def test_changing_what_is_private_changes_no_byte_in_a_wider_place(tmp_path: Path) -> None:
    told = []
    for seed, figure in (("a", 60), ("longer", 61)):
        (tmp_path / seed).mkdir()
        with world(tmp_path / seed, seed, figure) as here:
            here.sync(force=True)
            first = published(here, PUBLIC)
            later_in_the_world(here, seed)
            here.sync(force=True)
            told.append((first, published(here, PUBLIC)))
    assert told[0] == told[1]
    assert any("###" in text for text in told[0][1].values())


def test_a_run_in_which_nothing_changes_writes_nothing_and_asks_nothing_about_readers(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        here.sync(force=True)
        watch, asked = here.watch(), len(here.server.log)
        report = here.sync()
        assert watch.writes == []
        assert not report.failed, report.conclusion.plan.held
        paths = [each.path for each in here.server.log[asked:]]
        assert len(paths) == 3, paths  # one for each repository, and one for Jira
        assert not [path for path in paths if "/project/" in path]


def test_a_repository_that_is_opened_gets_its_comment_made_anew_before_anything_else(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        here.sync(force=True)
        [before] = [each.id for each in here.github.issue("acme/inner#1").comments]
        here.github.show_repo("acme/inner", "public")
        here.world.clock.advance(86_400)
        watch = here.watch()
        here.sync()
        assert watch.deleted == ["a comment that is gone"]
        assert watch.created == ["acme/inner#1"]
        assert [each.method for each in watch.writes[:2]] == ["DELETE", "POST"]
        [after] = here.github.issue("acme/inner#1").comments
        assert after.id != before
        here.sync(force=True)
        said = re.findall(r"zqaorg\w*|zqares\w*|BLOG-\d+", plain(after.body))
        assert set(said) <= {"zqaorgtask0", "zqaorgtask1", "zqaorgtask2"}  # those of the repository itself
        watch = here.watch()
        here.agreed()
        assert watch.writes == []


def definitions_of(here: House, repository: str) -> str:
    """All that the definitions of our labels tell there."""
    labels = here.github.repo(repository).labels.values()
    ours = [label for label in labels if label.name.startswith("mp/")]
    return "\n".join(f"{label.name} {label.description}" for label in ours)


def test_a_repository_that_is_opened_loses_the_definitions_of_labels_that_its_readers_may_not_know(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        here.sync(force=True)
        assert "zqaorgid-stone" in definitions_of(here, "acme/inner")
        assert "zqaorgstonetitle" in definitions_of(here, "acme/inner")
        here.github.show_repo("acme/inner", "public")
        here.world.clock.advance(86_400)
        watch = here.watch()
        report = here.sync()
        told = definitions_of(here, "acme/inner")
        assert "zqaorg" not in told
        assert "zqpubid-stone" in told
        first = [each.path for each in watch.writes if each.path.startswith("/repos/acme/inner")]
        removed = [place for place, path in enumerate(first) if "/acme/inner/labels/" in path]
        assert removed, report.line
        assert not [path for path in first[: max(removed)] if re.search(r"/issues/\d+/labels", path)]
        assert not report.conclusion.plan.held
        here.undo()
        assert "zqaorg" not in definitions_of(here, "acme/inner")
        assert strangers(here, published(here, PUBLIC), readable(PUBLIC)) == set()
        here.sync(force=True)
        watch = here.watch()
        here.agreed()
        assert watch.writes == []


def test_a_project_that_is_opened_loses_such_labels_whatever_limit_there_is(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        here.sync(force=True)
        assert "zqaorgid-stone" in "".join(here.labels()["BLOG-10"])
        here.jira.open_project("BLOG")
        here.limits = LimitPolicy(max_removed_percent=1, max_changes=1, never_held=0)
        here.world.clock.advance(86_400)
        for act in (here.sync, here.undo):
            act()
            opened = {key: names for key, names in here.labels().items() if key.startswith("BLOG-")}
            named = {key for key, names in opened.items() if "zqaorgid" in "".join(names)}
            assert not {key for key in named if here.jira.issue(key).security is None}


def test_definitions_that_cannot_be_taken_away_at_once_go_as_soon_as_they_can(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        here.sync(force=True)
        here.github.show_repo("acme/inner", "public")
        fault = Fault(kind=Status(403), method="DELETE", path="/acme/inner/labels/", times=None)
        here.server.plan(fault)
        here.world.clock.advance(86_400)
        here.sync(force=True)
        assert "zqaorg" in definitions_of(here, "acme/inner")
        here.server.clear_faults()
        here.world.clock.advance(4 * 3_600)
        for _ in range(2):
            here.sync(force=True)
        assert "zqaorg" not in definitions_of(here, "acme/inner")


def test_what_is_meant_for_fewer_from_now_on_goes_from_the_definitions_too(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        here.sync(force=True)
        public = 'title = "zqpubstonetitle"\nowner = "zqpubstoneowner"\naudience = "public"'
        assert public in here.mapping
        assert "zqpubid-stone" in definitions_of(here, "acme/site")
        here.mapping = here.mapping.replace(public, public.replace('"public"', '"organisation"'))
        here.sync(force=True)
        assert "zqpubid-stone" not in definitions_of(here, "acme/site")
        assert "zqpubid-stone" in definitions_of(here, "acme/inner")


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_a_comment_is_made_anew_where_a_security_level_is_taken_away(face: str, tmp_path: Path) -> None:
    with world(tmp_path, face=face) as here:
        here.sync(force=True)
        [before] = [each for each in here.jira.comments("BLOG-9") if each.author == here.jira.bot.id]
        assert strangers(here, {"": before.body}, readable(RESTRICTED)) == set()
        assert "zqares" in plain(before.body)
        here.jira.secure("BLOG-9", None)
        here.jira.touch(here.jira.issue("BLOG-9"))
        here.sync()
        [after] = [each for each in here.jira.comments("BLOG-9") if each.author == here.jira.bot.id]
        assert after.id != before.id
        assert strangers(here, {"": after.body}, readable(ORGANISATION)) == set()


def test_taking_back_a_run_brings_no_word_back_that_was_taken_out_of_sight(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        here.github.show_repo("acme/inner", "public")
        here.world.clock.advance(86_400)
        here.sync(force=True)
        here.undo()
        assert not [
            each.body for each in here.github.issue("acme/inner#1").comments if "zqaorg" in plain(each.body)
        ]


def test_where_it_is_not_known_who_may_read_nothing_is_written(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.server.plan(Fault(kind=Status(502), path=r"^/repos/acme/inner$", times=None))
        report = here.sync(force=True)
        assert "acme/inner#1" not in here.ours()
        held = {each.what: each.why for each in report.conclusion.plan.held}
        assert "it is not known yet who may read acme/inner" in held["comment on acme/inner#1"]
        assert strangers(here, published(here, PUBLIC), readable(PUBLIC)) == set()
        here.server.clear_faults()
        here.sync(force=True)
        assert "acme/inner#1" in here.ours()


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_where_customers_see_comments_only_what_is_public_is_named_until_they_do_not(
    face: str, tmp_path: Path
) -> None:
    with world(tmp_path, face=face) as here:
        here.jira.serve_customers("BLOG")
        here.sync(force=True)
        body = plain(here.ours()["BLOG-8"])
        assert "zqpubstonetitle" in body
        assert "zqaorgstonetitle" not in body
        here.settings["jira"] = {"internal_comments": True}
        here.world.clock.advance(86_400)
        here.sync(force=True)
        [ours] = [each for each in here.jira.comments("BLOG-8") if each.author == here.jira.bot.id]
        assert ours.properties["sd.public.comment"] == {"internal": True}
        assert "zqaorgstonetitle" in plain(ours.body)
        here.settings["jira"] = {}
        here.world.clock.advance(86_400)
        here.sync(force=True)
        body = plain(here.ours()["BLOG-8"])
        assert "zqaorgstonetitle" not in body


def test_settings_decide_who_may_read_a_place_whatever_it_tells_itself(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settings["github"] |= {"audiences": {"ACME/Site": "organisation", "acme/inner": "restricted"}}
        here.settings["jira"] = {"audience": "public"}
        asked = len(here.server.log)
        here.sync(force=True)
        ours = here.ours()
        assert "zqaorgstonetitle" in plain(ours["acme/site#10"])
        assert "zqaresstonetitle" in plain(ours["acme/inner#1"])
        assert "zqaorgstonetitle" not in plain(ours["BLOG-8"])
        assert "zqaresstonetitle" in plain(ours["BLOG-9"])  # its security level still restricts it
        paths = [each.path for each in here.server.log[asked:] if "/project/" in each.path]
        assert len(paths) == len(set(paths)) == 2, "each is read once, and nobody is asked who may read it"


def test_a_report_for_an_audience_has_nothing_that_is_not_for_it(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.sync(force=True)
        with here.job() as job, stored_evaluation(job) as known:
            subjects = [*job.mapping.milestones, *job.mapping.key_results, *job.mapping.goals]
            subjects += ["BLOG-8", "BLOG-9", "MKT-10", "BLOG-11", "acme/site#11"]
            for audience in (PUBLIC, ORGANISATION):
                told = [str(line) for line in tree_lines(job, known, audience)]
                for subject in subjects:
                    with suppress(UnknownSubject):
                        told += explain(subject, job, known, audience)
                assert strangers(here, {"": "\n".join(told)}, readable(audience)) == set()
                assert f"zq{'a' if audience is not PUBLIC else ''}{audience.value[:3]}stonetitle" in str(told)
                assert "that are not shown here" in str(told)
            assert list(explain("zqaresid-stone", job, known))  # without an audience everything is told


def tree_lines(context: RunContext, evaluation: Evaluation, audience: Audience) -> list[str]:
    """What `milepost status --audience` prints."""
    console = Console(width=200, file=StringIO(), record=True)
    for line in meant_for(context, evaluation, audience):
        console.print(line)
    return console.export_text().splitlines()
