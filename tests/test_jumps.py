"""Which tasks count otherwise although nobody edited them, however fresh their last edit is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.models import Issue, Page, Pull, StatusCategory
from core.engine.policy import ProgressPolicy
from core.rollup.refresh import refresh
from core.rollup.rollup_rules import RollupRules
from core.steps.jumps import edits_since
from core.store import Store, open_store
from tests.builders import NOON, a_mapping, a_milestone, an_issue, tracker_info

DAY = timedelta(days=1)
INFOS = {"jira": tracker_info("jira", "jira", "BLOG")}
GOALS = a_mapping(
    [a_milestone("blog", rules=[{"label": ["blog"]}]), a_milestone("tree", rules=[{"epic": ["BLOG-1"]}])]
)
HALF = ProgressPolicy(in_progress_credit=Decimal("0.5"))
READ = NOON
"""When everything was read for the first time."""
LATER = READ + timedelta(minutes=15)
"""When something happens; it is read a while after that."""

Happens = Callable[[Issue], Issue]


def _edited(issue: Issue) -> Issue:
    return replace(issue, updated=LATER)


def _done(issue: Issue) -> Issue:
    return replace(issue, status="Done", category=StatusCategory.DONE)


def _unlabelled(issue: Issue) -> Issue:
    return replace(issue, labels=())


EXPLAINED: dict[str, Happens] = {
    "nothing": lambda issue: issue,
    "another title": lambda issue: _edited(replace(issue, title="Another")),
    "finished": lambda issue: _edited(_done(issue)),
    "label taken off": lambda issue: _edited(_unlabelled(issue)),
}
TRACELESS: dict[str, Happens] = {
    "status means done": _done,
    "label's definition deleted": _unlabelled,
}
"""What administrators do: it moves no time of change."""
HAPPENS = EXPLAINED | TRACELESS


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without anything, to be copied: making its tables takes long."""
    file = tmp_path_factory.mktemp("empty") / "milepost.db"
    open_store(file).close()
    return file


def read(store: Store, issues: list[Issue], after: timedelta, policy: ProgressPolicy | None = None) -> None:
    """A run reads these and brings the tags into step."""
    now = READ + after
    since = edits_since(store, INFOS, DAY, now)
    store.save_pull("jira", Pull("cursor", iter([Page(tuple(issues))]), full=False), now)
    with store.updating_rollup() as writer:
        refresh(writer, rules(store, policy or ProgressPolicy()), since=since)


def rules(store: Store, policy: ProgressPolicy) -> RollupRules:
    return RollupRules.of(GOALS, INFOS, store.resolver(), policy, 3)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tasks=st.lists(
        st.tuples(st.integers(min_value=0, max_value=5 * 24 * 60), st.sampled_from(sorted(HAPPENS))),
        min_size=1,
        max_size=12,
    ),
    hours=st.integers(min_value=1, max_value=4 * 24),
    anew=st.booleans(),
)
def test_what_nobody_edited_is_noticed_and_what_somebody_edited_is_not(
    tasks: list[tuple[int, str]], hours: int, anew: bool, empty: Path, tmp_path: Path
) -> None:
    """Minutes since the last edit before the first reading, and what happens then, to each task."""
    before = [
        an_issue(f"BLOG-{number}", labels=("blog",), updated=READ - timedelta(minutes=minutes))
        for number, (minutes, _) in enumerate(tasks, start=10)
    ]
    with open_store(Path(copy(empty, tmp_path))) as store:
        read(store, before, timedelta(0))
        with store.updating_rollup() as writer:
            writer.forget_unexplained(())
        after = [HAPPENS[what](issue) for issue, (_, what) in zip(before, tasks, strict=True)]
        policy = HALF if anew else ProgressPolicy()  # another policy lets everything be tagged anew
        read(store, after, timedelta(hours=hours), policy)
        traceless = sum(what in TRACELESS for _, what in tasks)
        assert len(store.rollup().unexplained({"blog"})) == traceless
        # An edit later explains what nothing explained before.
        later = timedelta(hours=hours)
        edited = [replace(issue, title="Edited", updated=READ + later) for issue in after]
        read(store, edited, later, policy)
        assert store.rollup().unexplained({"blog"}) == []


@pytest.mark.parametrize("minutes", [5, 4 * 24 * 60])
def test_what_goes_with_a_parent_that_somebody_moved_is_explained_while_it_is_fresh(
    minutes: int, empty: Path, tmp_path: Path
) -> None:
    old = READ - timedelta(minutes=minutes)
    epics = [an_issue(f"BLOG-{number}", updated=READ) for number in (1, 2)]
    story = an_issue("BLOG-3", updated=old, parent_id=epics[0].ref.id)
    parts = [an_issue(f"BLOG-{number}", updated=old, parent_id=story.ref.id) for number in (4, 5)]
    with open_store(Path(copy(empty, tmp_path))) as store:
        read(store, [*epics, story, *parts], timedelta(0))
        with store.updating_rollup() as writer:
            writer.forget_unexplained(())
        read(store, [_edited(replace(story, parent_id=epics[1].ref.id))], timedelta(hours=1))
        assert store.rollup().unexplained({"tree"}) == []


def test_what_is_hidden_with_its_parent_is_not_explained_however_fresh_both_are(
    empty: Path, tmp_path: Path
) -> None:
    epic, story = an_issue("BLOG-1"), an_issue("BLOG-3", parent_id="id-BLOG-1")
    parts = [an_issue(f"BLOG-{number}", parent_id=story.ref.id) for number in (4, 5)]
    with open_store(Path(copy(empty, tmp_path))) as store:
        read(store, [epic, story, *parts], timedelta(0))
        with store.updating_rollup() as writer:
            writer.forget_unexplained(())
        store.mark_gone("jira", [each.ref for each in (story, *parts)], LATER)
        read(store, [], timedelta(hours=1))
        assert len(store.rollup().unexplained({"tree"})) == 2
