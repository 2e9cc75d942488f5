"""Who may see a comment follows the settings, also where it stands; and what servers make of a text."""

from pathlib import Path

import pytest

from tests.runs import CLOUD, DATACENTER, house, sentences
from tests.writers import held, ours_on, set_text, writes_of

DEVELOPERS = {"type": "role", "value": "Developers"}
JIRA = ["BLOG-1", "MKT-1", "MKT-2"]


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_standing_comments_follow_a_visibility_that_is_set_later(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.settings["jira"] = {"comment_visibility": DEVELOPERS}
        watch = here.watch()
        report = here.agreed()
        assert watch.edited == JIRA
        assert len(watch.writes) == 3
        assert all("it is to be seen by the role Developers only" in each for each in sentences(report))
        assert all(ours_on(here, key)[0].visibility == DEVELOPERS for key in JIRA)
        assert writes_of(here) == 0


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_standing_comments_are_hidden_from_customers_when_that_is_set_later(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.settings["jira"] = {"internal_comments": True}
        watch = here.watch()
        report = here.agreed()
        assert watch.edited == JIRA
        assert all("hidden from customers" in each for each in sentences(report))
        assert all(
            ours_on(here, key)[0].properties["sd.public.comment"] == {"internal": True} for key in JIRA
        )
        assert [writes_of(here), writes_of(here)] == [0, 0]


def test_a_comment_that_somebody_shows_to_others_is_set_back_and_none_is_opened_by_itself(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.settings["jira"] = {"comment_visibility": DEVELOPERS}
        here.agreed()
        [ours] = ours_on(here, "BLOG-1")
        ours.visibility = {"type": "role", "value": "Everybody"}
        here.jira.touch(here.jira.issue("BLOG-1"))
        assert writes_of(here) == 1
        assert ours_on(here, "BLOG-1")[0].visibility == DEVELOPERS
        here.settings["jira"] = {}
        assert writes_of(here) == 0
        assert ours_on(here, "BLOG-1")[0].visibility == DEVELOPERS


def test_where_no_edit_changes_the_readers_a_comment_is_removed_and_written_anew(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.quirks.readers_stay = True
        here.settings["jira"] = {"comment_visibility": DEVELOPERS}
        here.sync()
        here.sync()
        assert all(not ours_on(here, key) for key in JIRA)
        here.agreed()
        assert all(ours_on(here, key)[0].visibility == DEVELOPERS for key in JIRA)
        assert writes_of(here) == 0
        assert held(here) == []


HOW = ["one blank line", "plain marks", "crlf", "escaped"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("later", [False, True])
def test_a_server_that_rewrites_comments_causes_no_edit(how: str, later: bool, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        for quirks in (here.jira.quirks, here.github.settings):
            setattr(quirks, "rewrite_later" if later else "rewrite", how)
        here.agreed()
        assert [writes_of(here), writes_of(here)] == [0, 0]
        here.jira.transition("BLOG-4", "Done")
        assert writes_of(here) > 0
        assert [writes_of(here), writes_of(here)] == [0, 0]
        [ours] = ours_on(here, "BLOG-1")
        set_text(here, "BLOG-1", ours.body.replace("90", "100"))
        assert writes_of(here) == 1
        assert [writes_of(here), writes_of(here)] == [0, 0]
