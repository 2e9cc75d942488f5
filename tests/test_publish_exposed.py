"""A comment that may say more than its readers are meant to know is made anew, whatever else is held."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.audience import Audience
from connectors.models import IssueRef
from core.publish.actions import WriteComment, Written
from core.publish.apply import apply
from core.publish.plan_limits import Facts, apply_limits
from core.publish.publish_policy import LimitPolicy
from core.publish.states import ActualState, DesiredComment, DesiredState
from core.publish.visibility import Readers
from tests.publish_builders import EPIC, a_comment, posted
from tests.test_publish_plan import on_epic, only_write, plan, record_of

PUBLIC, ORGANISATION, RESTRICTED = map(Readers, Audience)


def told(readers: Readers | None = PUBLIC, **more: Any) -> DesiredComment:
    return replace(on_epic(), readers=readers, **more)


def standing(desired: DesiredComment, readers: Readers | None, digest: str | None = None) -> ActualState:
    """The very comment that is wanted stands there, and was written for these readers."""
    record = record_of(desired, a_comment(desired.body))
    record = replace(record, readers=readers, digest=digest or record.digest)
    return ActualState(posted={EPIC: posted(EPIC, record.comment)}, records={EPIC: record})


@pytest.mark.parametrize(
    ("now", "written_for", "anew"),
    [
        (PUBLIC, ORGANISATION, True),
        (PUBLIC, PUBLIC, False),
        (ORGANISATION, PUBLIC, False),
        (RESTRICTED, ORGANISATION, False),
        (ORGANISATION, RESTRICTED, True),
        (None, RESTRICTED, False),
    ],
)
def test_it_is_made_anew_where_more_people_may_read_it_though_its_meaning_is_the_same(
    now: Readers | None, written_for: Readers, anew: bool
) -> None:
    wanted = told(now)
    made = plan(DesiredState((wanted,)), standing(wanted, written_for))
    assert bool(made.actions) is anew
    if anew:
        write = only_write(made)
        assert (write.anew, write.readers) == (True, now)


@pytest.mark.parametrize(
    ("withheld", "same", "anew"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_comment_of_which_it_is_not_known_for_whom_it_was_written(
    withheld: bool, same: bool, anew: bool
) -> None:
    wanted = told(withheld=withheld)
    found = standing(wanted, None, None if same else "0" * 12)
    writes = [each for each in plan(DesiredState((wanted,)), found).actions if isinstance(each, WriteComment)]
    assert [each.anew for each in writes] == ([] if same else [anew])


def test_neither_a_silent_tracker_nor_a_limit_holds_it_and_it_comes_first() -> None:
    wanted = told(waiting="jira not read since 09:00")
    made = plan(DesiredState((wanted,)), standing(wanted, ORGANISATION))
    assert only_write(made).anew
    anew, blog = only_write(made), frozenset({"blog"})
    held = [replace(anew, ref=IssueRef("jira", f"{place}", f"BLOG-{place}"), anew=False) for place in (8, 9)]
    owners = {each.ref: blog for each in (*held, anew)}
    whole = replace(made, actions=(*held, *made.actions))
    limited = apply_limits(whole, Facts(owners=owners), LimitPolicy(max_changes=1))
    assert limited.actions == made.actions
    assert len(limited.held) == 2


class Board:
    """Remembers what was asked of it, in order."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def delete_comment(self, ref: object, comment: object) -> None:
        self.did.append("delete")

    def create_comment(self, ref: object, body: str, mark: str) -> object:
        self.did.append("create")
        return a_comment(body, 901)


def test_the_old_comment_goes_before_the_new_one_is_made() -> None:
    wanted = told()
    made = plan(DesiredState((wanted,)), standing(wanted, ORGANISATION))
    board: Any = Board()
    written: list[Written] = []
    apply(made, {"jira": board}, {"jira": board}, written.append)
    assert board.did == ["delete", "create"]
    assert written[0].outcome == "done"
    assert written[0].comment == a_comment(wanted.body, 901)
