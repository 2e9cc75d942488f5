"""Lists of comments that are behind: a comment on record is asked for by its id before it counts as gone."""

from pathlib import Path

import pytest

from tests.runs import CLOUD, DATACENTER, House, house
from tests.writers import ours_on, set_text, writes_of

PLACES = ["BLOG-1", "acme/site#1"]


def late(here: House, seconds: int) -> None:
    here.jira.answer_late(comments=seconds)
    here.github.answer_late(comments=seconds)


@pytest.mark.parametrize("face", [CLOUD, DATACENTER])
def test_a_list_that_lags_neither_doubles_nor_sets_back_a_comment(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        late(here, 3_600)
        here.agreed()
        assert [writes_of(here), writes_of(here)] == [0, 0]
        watch = here.watch()
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        here.sync()
        assert "BLOG-1" in watch.edited
        assert "acme/site#1" in watch.edited
        assert watch.created == watch.deleted == []
        assert [writes_of(here), writes_of(here)] == [0, 0]
        late(here, 0)
        here.world.clock.advance(90_000)
        here.agreed()
        assert len(here.ours()) == 4


def test_a_comment_that_is_gone_by_its_id_too_is_written_again(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        late(here, 3_600)
        here.world.clock.advance(4_000)
        for key in PLACES:
            [ours] = ours_on(here, key)
            if "#" in key:
                here.github.delete_comment(ours.id)
            else:
                here.jira.delete_comment(ours)
        watch = here.watch()
        here.sync()
        assert watch.created == []  # the list shows them still
        here.world.clock.advance(90_000)
        here.sync()
        assert [writes_of(here), writes_of(here)] == [0, 0]
        assert sorted(watch.created) == PLACES
        assert len(here.ours()) == 4


def test_an_edit_that_a_late_list_does_not_show_yet_is_set_back_once_it_does(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        late(here, 3_600)
        for key in PLACES:
            [ours] = ours_on(here, key)
            set_text(here, key, ours.body.replace("of", "out of"))
        here.sync()
        here.world.clock.advance(90_000)
        here.agreed()
        assert all("out of" not in ours_on(here, key)[0].body for key in PLACES)
