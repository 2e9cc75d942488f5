"""When a write that failed is tried again: values in, decision out."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.models import IssueRef, LabelDefinition
from core.publish.actions import (
    Action,
    Cause,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    WriteComment,
    Written,
)
from core.publish.circuit_breaker import Circuit
from core.publish.quarantine import (
    EARLY,
    LONGEST,
    Book,
    Changes,
    changes,
    pause,
    sort_out,
    target_of,
    wish_of,
)
from tests.builders import NOON
from tests.publish_builders import EPIC, a_comment

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def label(*names: str, ref: IssueRef = EPIC) -> ChangeLabels:
    return ChangeLabels(ref, names or ("mp/a",), ())


def task(number: int) -> IssueRef:
    return IssueRef("jira", str(number), f"BLOG-{number}")


def failed(action: Action, cause: Cause = "refused", reason: str = "jira: PUT /issue/1: HTTP 403") -> Written:
    return Written(action, "failed", reason, cause=cause)


def after(book: Book, made: Changes) -> Book:
    kept = {target: entry for target, entry in book.items() if target not in made.forget}
    return kept | {entry.target: entry for entry in made.save}


def noted(
    book: Book,
    *written: Written,
    now: datetime = NOON,
    updated: datetime = NOON,
    more: tuple[Action, ...] = (),
) -> Book:
    wished = {target_of(each.action) for each in written} | {target_of(action) for action in more}
    times = {EPIC: updated}
    return after(book, changes(book, wished, written, times, {"jira"}, now))


def tried(book: Book, action: Action, now: datetime, updated: datetime = NOON) -> bool:
    return not sort_out([action], book, {EPIC: updated}, now).waiting


def test_a_refusal_is_tried_again_after_a_quarter_of_an_hour_and_then_ever_more_rarely() -> None:
    assert [pause(count) / MINUTE for count in (1, 2, 3, 4)] == [15, 30, 60, 120]
    assert pause(99) == LONGEST
    book = noted({}, failed(label()))
    assert not tried(book, label(), NOON + 14 * MINUTE)
    assert tried(book, label(), NOON + 15 * MINUTE)
    book = noted(book, failed(label()), now=NOON + 15 * MINUTE)
    assert not tried(book, label(), NOON + 40 * MINUTE)
    assert tried(book, label(), NOON + 45 * MINUTE)


def test_it_is_tried_again_at_once_when_its_wish_or_its_issue_changes() -> None:
    book = noted({}, failed(label()))
    soon = NOON + MINUTE
    assert not tried(book, label(), soon)
    assert tried(book, label("mp/b"), soon)
    assert tried(book, label(), soon, updated=soon)


def test_a_single_time_without_an_answer_is_no_quarantine_and_a_second_one_is() -> None:
    book = noted({}, failed(label(), "unavailable"))
    assert tried(book, label(), NOON)
    book = noted(book, failed(label(), "unavailable"), now=NOON + MINUTE)
    assert not tried(book, label(), NOON + 2 * MINUTE)


@pytest.mark.parametrize("cause", ["tracker", "put off"])
def test_what_failed_with_its_tracker_or_was_not_tried_is_not_remembered(cause: Cause) -> None:
    assert noted({}, failed(label(), cause)) == {}


def test_success_ends_the_quarantine_and_the_end_of_the_wish_after_three_days() -> None:
    book = noted({}, failed(label()))
    assert noted(book, Written(label(), "done"), now=NOON + HOUR) == {}
    [entry] = noted(book, now=NOON + HOUR).values()
    assert not entry.wished
    assert noted(book, now=NOON + 3 * DAY + HOUR) == {}
    silent = noted({}, failed(label(), "unavailable"))
    assert noted(silent, now=NOON + HOUR) == {}


def test_a_wish_that_comes_and_goes_keeps_its_growing_interval() -> None:
    """Wanted in one run and not in the next, by turns: tried as seldom as if it stayed."""
    book: Book = {}
    tries = []
    for run in range(96):
        now, wanted = NOON + run * 10 * MINUTE, run % 2 == 0
        if wanted and tried(book, label(), now):
            tries.append(now)
            book = noted(book, failed(label()), now=now)
        else:
            book = noted(book, now=now, more=(label(),) if wanted else ())
        assert all(entry.wished is wanted for entry in book.values())
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert len(tries) <= 7


def test_a_wish_that_flips_between_two_that_were_refused_is_no_other_wish() -> None:
    book: Book = {}
    tries = []
    for run in range(96):
        now, action = NOON + run * 10 * MINUTE, label("mp/a" if run % 2 else "mp/b")
        if tried(book, action, now):
            tries.append(now)
            book = noted(book, failed(action), now=now)
        else:
            book = noted(book, now=now, more=(action,))
    assert len(tries) <= 8
    assert not tried(book, label("mp/a"), tries[-1] + MINUTE)
    assert tried(book, label("mp/c"), tries[-1] + MINUTE)


def test_a_wish_that_is_only_held_back_keeps_its_quarantine_for_three_days() -> None:
    book = noted({}, failed(label()))
    assert after(book, changes(book, (), (), {}, (), NOON + 2 * DAY)) == book
    assert after(book, changes(book, (), (), {}, (), NOON + 4 * DAY)) == {}


def test_our_own_write_to_the_issue_is_no_change_that_matters() -> None:
    comment = WriteComment(EPIC, "blog", "text", "mark", "digest", None, "news")
    book = noted({}, Written(label(), "done"), failed(comment))
    moved = NOON + MINUTE
    assert not tried(book, comment, moved, updated=moved)
    book = noted(book, now=moved, updated=moved, more=(comment,))
    assert not tried(book, comment, moved + MINUTE, updated=moved)
    assert tried(book, comment, moved + MINUTE, updated=moved + MINUTE)


def test_what_is_tried_again_goes_last_and_what_waits_not_at_all() -> None:
    old, new = label(ref=task(1)), label(ref=task(9))
    book = noted({}, failed(old))
    assert sort_out([old, new], book, {}, NOON).first == (new,)
    assert sort_out([old, new], book, {}, NOON).waiting == (old,)
    assert sort_out([old, new], book, {}, NOON + HOUR).again == (old,)


def test_the_same_reason_is_no_news_whatever_numbers_stand_in_it_and_another_one_is() -> None:
    first = failed(label(), reason="HTTP 403: request 1234567 refused")
    book = noted({}, first)
    for said, same in (("HTTP 403: request 7654321 refused", True), ("HTTP 410: gone", False)):
        again = changes(book, {target_of(label())}, [failed(label(), reason=said)], {}, {"jira"}, NOON + HOUR)
        assert bool(again.as_before) is same


def test_a_container_that_refused_three_before_and_three_now_has_the_rest_in_quarantine_untried() -> None:
    several = [label(ref=task(number)) for number in range(1, 9)]
    rest = [failed(each, "closed", "put off: BLOG refused 3 changes in a row") for each in several]
    once = noted({}, *map(failed, several[:3]), *rest[3:])
    assert len(once) == 3
    twice = noted(once, *map(failed, several[3:6]), *rest[6:], more=tuple(several), now=NOON + MINUTE)
    assert len(twice) == 8


def test_of_what_a_container_refuses_for_one_reason_the_first_to_be_refused_again_stands_for_all() -> None:
    several = [label(ref=task(number)) for number in range(1, 5)]
    book = noted({}, *map(failed, several), more=tuple(several))
    due, sent = NOON, []
    for _ in several * 2:
        due = min(entry.next_try for entry in book.values())
        parts = sort_out(several, book, {}, due)
        circuit, written = Circuit(parts.alike), []
        for action in parts.again:
            outcome = circuit.skipped(action)
            if outcome is None:
                sent.append(action)
                outcome = failed(action)
                circuit.note(outcome)
            written.append(outcome)
        book = noted(book, *written, more=tuple(several), now=due)
    assert len(sent) == 2 * len(several)
    assert set(sent[: len(several)]) == set(sent[len(several) :]) == set(several)
    assert due < NOON + 3 * DAY


def test_what_was_never_sent_has_its_turn_within_a_quarter_of_an_hour_each() -> None:
    """Twelve that refuse and one that would not: it is not among the first, and is written within hours."""
    several = [label(ref=task(number)) for number in range(1, 14)]
    takes = several[9]
    book: Book = {}
    now, left = NOON, list(several)
    while takes in left:
        parts = sort_out(left, book, {}, now)
        circuit, written = Circuit(parts.alike), []
        for action in (*parts.first, *parts.again):
            outcome = circuit.skipped(action)
            if outcome is None:
                outcome = Written(action, "done") if action is takes else failed(action)
                circuit.note(outcome)
            written.append(outcome)
        left = [
            one for one in left if not any(each.action is one and each.outcome == "done" for each in written)
        ]
        book = noted(book, *written, more=tuple(left), now=now)
        now += 15 * MINUTE
    assert now - NOON <= 3 * HOUR


def test_two_or_another_reason_or_another_container_stand_for_nothing_but_themselves() -> None:
    two = [label(ref=task(number)) for number in (1, 2)]
    other = label(ref=IssueRef("jira", "9", "MKT-9"))
    locked = label(ref=task(8))
    book = noted(
        {}, *map(failed, (*two, other)), failed(locked, reason="jira: PUT /issue/8: HTTP 400: locked")
    )
    assert not sort_out([*two, other, locked], book, {}, NOON + HOUR).alike


def test_what_is_tried_before_its_time_because_it_changed_is_tried_by_itself() -> None:
    several = [label(ref=task(number)) for number in range(1, 5)]
    book = noted({}, *map(failed, several), more=tuple(several))
    changed = label("mp/b", ref=task(1))
    parts = sort_out([changed, *several[1:]], book, {}, NOON + MINUTE)
    assert parts.again == (changed,)
    assert not parts.alike


@pytest.mark.parametrize("off", [-400 * DAY, -DAY, -MINUTE])
def test_a_stored_moment_in_the_future_counts_as_unset(off: timedelta) -> None:
    book = noted({}, failed(label()))
    assert tried(book, label(), NOON + off)


def test_a_comment_that_is_gone_is_created_although_its_edit_failed() -> None:
    standing = a_comment("text")
    edit = WriteComment(EPIC, "blog", "new", "mark", "digest", standing, "news")
    create = WriteComment(EPIC, "blog", "new", "mark", "digest", None, "news")
    book = noted({}, failed(edit))
    assert not tried(book, edit, NOON + MINUTE)
    assert tried(book, create, NOON + MINUTE)


def test_each_kind_of_action_has_a_target_and_a_wish_of_its_own() -> None:
    red = LabelDefinition("mp/red", "ff0000", "")
    several: list[Action] = [
        label(),
        WriteComment(EPIC, "blog", "text", "mark", "digest", None, "news"),
        DeleteComment(EPIC, "blog", a_comment("text"), "gone"),
        DefineLabel("jira", "BLOG", red),
    ]
    assert len({target_of(action) for action in several}) == len(several)
    assert wish_of(several[3]) != wish_of(
        DefineLabel("jira", "BLOG", LabelDefinition("mp/red", "ee0000", ""))
    )


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=1, max_value=30 * 60),
            st.booleans(),
            st.booleans(),
            st.sampled_from(["refused", "unavailable"]),
        ),
        min_size=1,
        max_size=300,
    )
)
def test_tries_are_bounded_and_never_end(steps: list[tuple[int, bool, bool, Cause]]) -> None:
    """Whatever changes meanwhile: at most 100 tries in any day, and one in each day in which runs come."""
    book: Book = {}
    now, updated, wish = NOON, NOON, 0
    tries: list[datetime] = []
    for seconds, issue_changes, wish_changes, cause in steps:
        now += timedelta(seconds=seconds)
        updated = now if issue_changes else updated
        wish += wish_changes
        action = label(f"mp/{wish}")
        if tried(book, action, now, updated):
            tries.append(now)
            book = noted(book, failed(action, cause), now=now, updated=updated)
        else:
            book = noted(book, now=now, updated=updated, more=(action,))
    later = now + DAY
    assert tried(book, label(f"mp/{wish}"), later, updated)
    for start in tries:
        within = [each for each in tries if start <= each < start + DAY]
        assert len(within) <= 8 * (EARLY + 1) + 1
