"""Whatever is stored comes back as it was."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.models import (
    Blocker,
    ChecklistItem,
    FieldValue,
    Issue,
    IssueRef,
    LabelDefinition,
    PostedComment,
    StatusCategory,
)
from core.engine.model import Snapshot, SnapshotTask, Unmeasured, Why
from core.publish.actions import (
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.publish.publication import Publication
from core.store.codec.issue_codec import decode_issue, encode_issue
from core.store.codec.ledger_codec import (
    decode_publication,
    decode_snapshots,
    decode_written,
    encode_publication,
    encode_snapshots,
    encode_written,
)
from core.store.codec.scalars import clean, micros, moment
from tests.builders import NOON, an_issue


def _of_one_tracker(issue: Issue) -> Issue:
    """What blocks an issue is in the same tracker."""
    blockers = (
        dataclasses.replace(one, ref=dataclasses.replace(one.ref, tracker=issue.ref.tracker))
        for one in issue.blocked_by
    )
    return dataclasses.replace(issue, blocked_by=tuple(blockers))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
hostile = st.text(st.characters(), max_size=20)
"""With NUL and lone surrogates."""
names = st.lists(texts, max_size=3).map(tuple)
times = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))
fractions = st.fractions(min_value=0, max_value=1000)
values: st.SearchStrategy[FieldValue] = st.one_of(
    texts, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), names
)
refs = st.builds(IssueRef, texts, texts, texts)
issues = st.builds(
    Issue,
    ref=refs,
    url=texts,
    title=texts,
    container=texts,
    status=texts,
    category=st.sampled_from(StatusCategory),
    status_id=texts,
    status_option=texts,
    status_option_id=texts,
    resolution=st.none() | texts,
    resolution_id=texts,
    type=texts,
    pull_request=st.booleans(),
    level=st.none() | st.integers(-1, 5),
    priority=st.none() | texts,
    labels=names,
    components=names,
    versions=names,
    sprints=names,
    assignees=names,
    team=st.none() | texts,
    points=st.none() | fractions,
    fields=st.lists(st.tuples(texts, values), max_size=3).map(tuple),
    parent_id=st.none() | texts,
    parent_key=st.none() | texts,
    created=times,
    updated=times,
    resolved=st.none() | times,
    checklist=st.lists(st.builds(ChecklistItem, texts, st.booleans()), max_size=3).map(tuple),
    blocked_by=st.lists(
        st.builds(
            Blocker,
            st.builds(IssueRef, st.just("jira"), texts, texts),
            texts,
            texts,
            st.sampled_from(StatusCategory),
        ),
        max_size=2,
    ).map(tuple),
    unnamed_blockers=st.integers(0, 3),
    mirrors=names,
    archived=st.booleans(),
    security=st.none() | texts,
).map(_of_one_tracker)
comments = st.builds(
    PostedComment, texts, texts, st.booleans(), st.none() | texts, texts, st.none() | st.tuples(texts, texts)
)
definitions = st.builds(LabelDefinition, texts, texts, texts)
actions = st.one_of(
    st.builds(DefineLabel, texts, texts, definitions, st.none() | definitions, texts),
    st.builds(ChangeLabels, refs, names, names, texts),
    st.builds(WriteComment, refs, texts, texts, texts, texts, st.none() | comments, texts),
    st.builds(DeleteComment, refs, texts, comments, texts),
    st.builds(RemoveLabelDefinition, texts, texts, texts, texts),
)
entries = st.builds(
    Written,
    actions,
    st.sampled_from(("done", "failed", "unknown")),
    texts,
    st.none() | comments,
    st.none() | names,
)
snapshots = st.builds(
    Snapshot,
    times,
    texts,
    fractions | st.builds(Unmeasured, st.sampled_from(Why), texts),
    st.lists(
        st.builds(
            SnapshotTask,
            texts,
            texts,
            st.sampled_from(StatusCategory),
            fractions,
            fractions,
            st.none() | times,
        ),
        max_size=3,
    ).map(tuple),
)
publications = st.builds(
    Publication,
    refs,
    texts,
    comments,
    texts,
    texts,
    texts,
    st.none() | times,
)


def test_the_strategy_covers_every_attribute_of_an_issue() -> None:
    names = {field.name for field in dataclasses.fields(Issue)}
    full = an_issue(
        status_id="3",
        status_option="Doing",
        status_option_id="98236657",
        resolution="Done",
        resolution_id="4",
        type="Task",
        pull_request=True,
        level=0,
        priority="High",
        labels=("a",),
        components=("b",),
        versions=("c",),
        sprints=("d",),
        assignees=("e",),
        team="f",
        points=Fraction(1, 3),
        fields=(("g", True),),
        parent_id="1",
        parent_key="BLOG-1",
        resolved=datetime(2027, 1, 1, tzinfo=UTC),
        checklist=(ChecklistItem("h", True),),
        mirrors=("i",),
        blocked_by=(Blocker(IssueRef("jira", "2", "BLOG-2"), "k", "l", StatusCategory.TODO),),
        unnamed_blockers=1,
        archived=True,
        security="j",
    )
    bare = an_issue()
    given_by_default = {"ref", "url", "title", "container", "status", "category", "created", "updated"}
    differs = {name for name in names if getattr(full, name) != getattr(bare, name)}
    assert differs | given_by_default == names
    assert decode_issue(full.ref, encode_issue(full)) == full


@given(issues)
def test_an_issue_comes_back_exactly(issue: Issue) -> None:
    assert repr(decode_issue(issue.ref, encode_issue(issue))) == repr(issue)


@given(entries)
def test_a_ledger_entry_comes_back_exactly(written: Written) -> None:
    assert repr(decode_written(encode_written(written))) == repr(written)


@given(publications)
def test_a_publication_comes_back_exactly(publication: Publication) -> None:
    assert repr(decode_publication(encode_publication(publication))) == repr(publication)


@given(st.dictionaries(texts, snapshots, max_size=2))
def test_snapshots_come_back_exactly(told: dict[str, Snapshot]) -> None:
    assert repr(decode_snapshots(encode_snapshots(told))) == repr(told)


@given(hostile)
def test_text_that_no_database_takes_is_replaced_and_never_crashes(text: str) -> None:
    issue = an_issue(title=text, labels=(text,), fields=((text, text),))
    stored = encode_issue(issue)
    stored.encode()
    assert "\\u0000" not in stored.replace("\\\\", "")
    back = decode_issue(issue.ref, stored)
    assert (back.title, back.labels, back.fields) == (
        clean(text),
        (clean(text),),
        ((clean(text), clean(text)),),
    )


def test_a_backslash_before_u0000_is_ordinary_text() -> None:
    issue = an_issue(title=r"C:\u0000")
    assert decode_issue(issue.ref, encode_issue(issue)) == issue


@pytest.mark.parametrize("number", [inf, -inf, -0.0, 2**70, -(2**70), 2**63 - 1, 1e300])
def test_numbers_that_json_does_not_know_come_back(number: float) -> None:
    issue = an_issue(fields=(("Budget", number),))
    assert repr(decode_issue(issue.ref, encode_issue(issue))) == repr(issue)


def test_not_a_number_comes_back_as_such() -> None:
    issue = an_issue(fields=(("Budget", nan),))
    ((_, value),) = decode_issue(issue.ref, encode_issue(issue)).fields
    assert isinstance(value, float)
    assert isnan(value)


@given(times)
def test_a_time_comes_back_to_the_microsecond(at: datetime) -> None:
    assert moment(micros(at)) == at


def test_a_time_of_another_zone_comes_back_in_utc() -> None:
    at = datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert moment(micros(at)) == at
    assert moment(micros(at)).tzinfo is UTC


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        micros(NOON.replace(tzinfo=None))


def test_an_unknown_kind_of_action_is_refused_by_name() -> None:
    entry = Written(RemoveLabelDefinition("github", "acme/site", "x"), "done")
    with pytest.raises(ValueError, match="rename_label"):
        decode_written(encode_written(entry).replace("remove_label_definition", "rename_label"))
