"""Several writers in one world: they settle, or what they disagree about is held and told."""

import re
from pathlib import Path

import pytest

from core.publish.publish_policy import LabelPolicy, PublishPolicy
from core.store import Store
from tests.runs import CLOUD, DATACENTER, MARKETING, House, counted, house, mark_in, sentences
from tests.writers import adopted, another, held, ours_on, set_text, writes_of

RENAMED = MARKETING.replace('title = "Set up', 'title = "Have set up')
"""The same goals, where the comments on the blog's epic say something else."""
PLACES = ["BLOG-1", "acme/site#1"]


def writer(one: House, key: str) -> str:
    """The installation whose id stands in the mark of the one comment on an issue."""
    [comment] = ours_on(one, key)
    mark = mark_in(comment)
    assert mark is not None
    return mark.installation


def forget_store(one: House) -> None:
    for file in one.folder.glob("milepost.db*"):
        file.unlink()


# One configuration, two stores


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_two_machines_with_one_configuration_settle_without_an_edit(tmp_path: Path, face: str) -> None:
    with house(tmp_path, face) as here:
        there = another(here, "there")
        here.agreed()
        before = here.standing()
        assert [writes_of(there), writes_of(here), writes_of(there)] == [0, 0, 0]
        assert here.standing() == before
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        assert writes_of(there) > 0
        assert [writes_of(here), writes_of(there), writes_of(here)] == [0, 0, 0]
        assert counted(here.standing()) == len(here.ours()) == 4


def test_two_machines_that_began_at_once_settle_on_the_older_comment(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        there = another(here, "there")
        doubled = {key: ours_on(here, key) for key in PLACES}
        here.agreed()
        for key in PLACES:
            doubled[key] = ours_on(here, key)
            if "#" in key:
                here.github.delete_comment(doubled[key][0].id)
            else:
                here.jira.delete_comment(doubled[key][0])
        there.agreed()
        oldest = {key: ours_on(here, key)[0].id for key in PLACES}
        here.github.comment("acme/site#1", doubled["acme/site#1"][0].body, author="milepost[bot]")
        copied = doubled["BLOG-1"][0]
        here.jira.comment("BLOG-1", copied.body, author=here.jira.bot, properties=copied.properties)
        for one in (here, there):
            writes_of(one)
        assert [writes_of(here), writes_of(there)] == [0, 0]
        assert {key: [one.id for one in ours_on(here, key)] for key in PLACES} == {
            key: [number] for key, number in oldest.items()
        }


def test_the_id_of_an_installation_is_random_lasts_and_alone_edits_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        first = writer(here, "BLOG-1")
        assert re.fullmatch("[0-9a-f]{8}", first)
        assert writer(here, "acme/site#1") == first
        forget_store(here)
        assert writes_of(here) == 0
        assert writer(here, "BLOG-1") == first
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert writer(here, "BLOG-1") != first


def test_comments_of_an_older_version_stand_until_their_meaning_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house(tmp_path) as here:
        with monkeypatch.context() as older:
            older.setattr(Store, "installation", lambda _self: "")
            here.agreed()
        assert writer(here, "BLOG-1") == writer(here, "acme/site#1") == ""
        assert writes_of(here) == 0
        forget_store(here)
        assert writes_of(here) == 0
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert writer(here, "BLOG-1") != ""


def test_a_comment_of_a_lost_store_that_somebody_edited_is_set_right(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = here.standing()
        for key in PLACES:
            [ours] = ours_on(here, key)
            set_text(here, key, ours.body.replace("6", "9", 1))
        forget_store(here)
        report = here.agreed()
        assert len([each for each in sentences(report) if "takes it over" in each]) == 2
        assert here.standing() == before


# One instance, two mappings


def test_two_mappings_under_one_instance_are_a_conflict_that_is_held_and_told(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        there = another(here, "there")
        there.mapping = RENAMED
        here.agreed()
        assert writes_of(there) > 0
        assert writes_of(here) > 0
        ours, theirs = (writer(here, "BLOG-1"), held(there)[0])
        assert "comment on BLOG-1" in theirs
        assert f"the installation {ours} writes here too" in theirs
        assert "[publish] instance" in there.plan().plan.held[0].release
        assert "milepost adopt BLOG-1" in there.plan().plan.held[0].release
        for run in range(3):  # it is news once
            assert [writes_of(there, fail=run == 0), writes_of(here)] == [0, 0]
        assert "Set up an attractive blog" in here.ours()["BLOG-1"]


def test_who_adopts_a_comment_writes_it_from_then_on_and_the_other_holds(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        there = another(here, "there")
        there.mapping = RENAMED
        for one in (here, there, here):
            one.sync()
        assert writes_of(there, fail=True) == 0
        assert adopted(there) > 0
        assert writes_of(there) > 0
        assert "Have set up" in here.ours()["BLOG-1"]
        for run in range(2):
            assert writes_of(here, fail=run == 0) == 0
            assert writes_of(there) == 0
        assert "Have set up" in here.ours()["BLOG-1"]


def test_a_conflict_ends_when_both_mean_the_same_again(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        there = another(here, "there")
        there.mapping = RENAMED
        for one in (here, there, here):
            one.sync()
        assert writes_of(there, fail=True) == 0
        there.mapping = MARKETING
        assert [writes_of(there), writes_of(here), writes_of(there)] == [0, 0, 0]
        assert held(there) == []


def test_in_a_conflict_another_instance_writes_a_comment_of_its_own(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        there = another(here, "there")
        there.mapping = RENAMED
        for one in (here, there, here, there):
            one.sync()
        there.publish = PublishPolicy(instance="there")
        there.sync()
        for one in (here, there, here, there):
            assert writes_of(one) == 0
        assert len(ours_on(here, "BLOG-1")) == 2


# Set-backs


def test_a_comment_that_a_bot_touches_after_each_run_is_held_after_three_set_backs(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        edits = 0
        for _ in range(8):
            for key in PLACES:
                [ours] = ours_on(here, key)
                set_text(here, key, f"{ours.body}\nSeen by the bot.")
            watch = here.watch()
            here.sync()
            edits += len(watch.edited)
        assert edits == 3 * len(PLACES)
        assert all("set back 3 times without a change of meaning" in each for each in held(here))
        here.jira.transition("BLOG-4", "Done")
        here.sync()
        assert all("Seen by the bot" not in ours_on(here, key)[0].body for key in PLACES)
        assert held(here) == []


def test_labels_that_somebody_changes_back_after_each_run_are_held(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.publish = PublishPolicy(max_set_backs=1)
        here.agreed()
        for run in range(4):
            if run < 2:  # what is held stays off
                here.jira.remove_labels("BLOG-2", "mp/milestone/blog")
                here.github.remove_labels("acme/site#3", "mp/milestone/site")
            assert writes_of(here, fail=run == 1) == (2 if run == 0 else 0)
        assert {each.partition(":")[0] for each in held(here)} == {
            "labels of BLOG-2",
            "labels of acme/site#3",
        }
        assert adopted(here) == 2
        assert writes_of(here) == 2
        assert here.plan().plan.held == ()


def test_what_renders_the_same_is_no_edit(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        for key in PLACES:
            [ours] = ours_on(here, key)
            body = ours.body.replace("\n\n", "\n\n\n").replace("\n", " \t\r\n").replace(" of ", "  of ")
            set_text(here, key, f"\r\n{body}\r\n\r\n")
        assert writes_of(here) == 0
        assert writes_of(here) == 0


# Two instances


def test_two_instances_leave_the_comments_and_labels_of_each_other_alone(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        there = another(here, "there", instance="there")
        here.agreed()
        before = here.labels()
        assert writes_of(there) > 0
        for one in (here, there, here, there):
            assert writes_of(one) == 0
        assert here.labels() == before
        assert len(ours_on(here, "BLOG-1")) == 2
        here.jira.transition("BLOG-4", "Done")
        for one in (here, there):
            assert writes_of(one) > 0
        for one in (here, there):
            assert writes_of(one) == 0


def test_labels_under_an_earlier_prefix_are_taken_off_where_milepost_put_them(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.publish = PublishPolicy(instance="here", labels=LabelPolicy(prefix="mp/"))
        here.agreed()
        labelled = {key: {name.removeprefix("mp/") for name in names} for key, names in here.labels().items()}
        here.jira.add_labels("BLOG-7", "mp/of-another-writer")
        here.publish = PublishPolicy(instance="here")
        here.agreed()
        assert writes_of(here) == 0
        assert here.labels() == {"BLOG-7": {"mp/of-another-writer"}}
        now = {
            key: {name.removeprefix("mp-here/") for name in each.labels if name.startswith("mp-here/")}
            for key, each in here.standing().items()
        }
        assert {key: names for key, names in now.items() if names} == labelled


@pytest.mark.parametrize(
    ("instance", "prefix"),
    [("default", "mp/"), ("blue", "mp-blue/"), ("a-very-long-name-of-an-instance", "mp-a-very-long-4b88/")],
)
def test_the_label_prefix_follows_from_the_instance_unless_it_is_set(instance: str, prefix: str) -> None:
    assert PublishPolicy(instance=instance).labels.prefix == prefix
    assert PublishPolicy.model_validate({"instance": instance}).labels.prefix == prefix
    assert PublishPolicy(instance=instance, labels=LabelPolicy(prefix="ms/")).labels.prefix == "ms/"
    assert LabelPolicy.model_validate({"prefix": prefix}).prefix == prefix
