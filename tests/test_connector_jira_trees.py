"""Trees and named keys outside of the scope: one search tells their changes, as a walk through them would."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.jira.tracker import open_tracker
from connectors.models import Interest, Issue, IssueRef
from connectors.sandbox.jira_truth.store import Face
from tests.conformance import NAME, DictMemory, pull
from tests.test_connector_jira import FACES, OUTSIDE, PROJECT, JiraHarness, harness_of

HOUR = timedelta(hours=1)


@pytest.fixture(params=FACES)
def jira(request: pytest.FixtureRequest) -> Iterator[JiraHarness]:
    yield from harness_of(request.param)


def forgetful(jira: JiraHarness, cursor: str | None, interest: Interest) -> dict[IssueRef, Issue]:
    """A pull that remembers nothing and so walks the trees."""
    tracker = open_tracker(
        NAME,
        jira.settings(),
        memory=DictMemory(),
        clock=jira.server.world.clock.now,
        notify=jira.notices.append,
    )
    return pull(tracker, cursor, interest)


def settled(jira: JiraHarness, interest: Interest) -> str:
    """The cursor of a first pull, an hour after and before all else."""
    jira.pass_time(HOUR)
    first = jira.open().reader.changed_since(None, interest)
    list(first.pages)
    jira.pass_time(HOUR)
    jira.server.log.clear()
    return first.cursor


def test_one_request_where_nothing_changed_though_there_are_trees_and_named_keys(jira: JiraHarness) -> None:
    root = jira.create("Root", outside=True)
    jira.create("Child", parent=root, outside=True)
    named = jira.create("Named", outside=True)
    interest = Interest(roots=frozenset({root.key}), keys=frozenset({named.key, root.key}))
    cursor = settled(jira, interest)
    assert pull(jira.open(), cursor, interest) == {}
    assert len(jira.server.log) == 1


def test_every_change_outside_of_the_scope_comes(jira: JiraHarness) -> None:
    root = jira.create("Root", outside=True)
    child = jira.create("Child", parent=root, outside=True)
    named = jira.create("Named", outside=True)
    unrelated = jira.create("Unrelated", outside=True)
    interest = Interest(roots=frozenset({root.key}), keys=frozenset({named.key}))
    cursor = settled(jira, interest)
    for ref in (root, child, named, unrelated):
        jira.edit(ref, "After")
    late = jira.create("Late", parent=root, outside=True)
    assert set(pull(jira.open(), cursor, interest)) == {root, child, named, late}


def test_a_rested_subtree_comes_with_the_issue_that_brought_it_below_a_root(jira: JiraHarness) -> None:
    epic = jira.site.create_issue(PROJECT, "Epic", type="Epic")
    task = jira.site.create_issue(OUTSIDE, "Task")
    sub_task = jira.site.create_issue(OUTSIDE, "Sub-task", type="Sub-task", parent=task)
    interest = Interest(roots=frozenset({epic.key}))
    cursor = settled(jira, interest)
    jira.site.edit(task.key, parent=epic.key)
    jira.pass_time(HOUR)
    second = jira.open().reader.changed_since(cursor, interest)
    came = {issue.ref.key for page in second.pages for issue in page.issues}
    assert came >= {task.key, sub_task.key}
    jira.pass_time(HOUR)
    jira.site.edit(sub_task.key, summary="After")
    assert {ref.key for ref in pull(jira.open(), second.cursor, interest)} == {sub_task.key}


def test_a_deleted_issue_of_a_tree_spoils_no_pull(jira: JiraHarness) -> None:
    root = jira.create("Root", outside=True)
    gone, child = (jira.create(title, parent=root, outside=True) for title in ("Gone", "Child"))
    interest = Interest(roots=frozenset({root.key}))
    cursor = settled(jira, interest)
    jira.delete(gone)
    jira.edit(child, "After")
    jira.pass_time(HOUR)
    second = jira.open().reader.changed_since(cursor, interest)
    assert child in {issue.ref for page in second.pages for issue in page.issues}
    jira.pass_time(HOUR)
    jira.server.log.clear()
    assert pull(jira.open(), second.cursor, interest) == {}
    assert len(jira.server.log) == 1


def test_what_left_its_tree_comes_no_more(jira: JiraHarness) -> None:
    root = jira.create("Root", outside=True)
    child = jira.create("Child", parent=root, outside=True)
    interest = Interest(roots=frozenset({root.key}))
    cursor = settled(jira, interest)
    jira.site.edit(child.key, parent=None)
    jira.pass_time(HOUR)
    second = jira.open().reader.changed_since(cursor, interest)
    list(second.pages)
    jira.pass_time(HOUR)
    jira.edit(child, "Elsewhere now")
    assert child not in pull(jira.open(), second.cursor, interest)


def test_a_root_that_is_there_only_later_brings_its_tree(jira: JiraHarness) -> None:
    root = jira.create("First", outside=True)
    key = f"{OUTSIDE}-{int(root.key.rpartition('-')[2]) + 1}"
    interest = Interest(roots=frozenset({key}))
    cursor = settled(jira, interest)
    late = jira.create("Late", outside=True)
    assert late.key == key
    child = jira.create("Child", parent=late, outside=True)
    assert set(pull(jira.open(), cursor, interest)) == {late, child}


def test_a_pull_that_broke_changes_nothing_that_is_remembered(jira: JiraHarness) -> None:
    root = jira.create("Root", outside=True)
    interest = Interest(roots=frozenset({root.key}))
    cursor = settled(jira, interest)
    before = jira.memory.get("jira.outside")
    child = jira.create("Child", parent=root, outside=True)
    broken = jira.open().reader.changed_since(cursor, interest)
    next(broken.pages)
    del broken
    assert jira.memory.get("jira.outside") == before
    assert child in pull(jira.open(), cursor, interest)


@pytest.mark.parametrize("known", ["{", "[]", "1", '{"for": 1}', '{"members": []}'])
def test_what_cannot_be_read_is_looked_up_again(jira: JiraHarness, known: str) -> None:
    root = jira.create("Root", outside=True)
    child = jira.create("Child", parent=root, outside=True)
    interest = Interest(roots=frozenset({root.key}))
    cursor = settled(jira, interest)
    jira.memory.set("jira.outside", known)
    jira.memory.set("jira.fields", known)
    jira.edit(child, "After")
    assert child in pull(jira.open(), cursor, interest)


def by_id(issue: Issue) -> Issue:
    """The issue with its parent's id alone: a parent that moves takes another key, and no child changes."""
    return replace(issue, parent_key=None) if issue.parent_id else issue


def grow(jira: JiraHarness, epics: list[str], chance: Random) -> None:
    """Let one thing happen to some issue, its parents among them."""
    site = jira.site
    tasks = [one for one in site.issues.values() if site.type_of(one).level == 0]
    place = chance.choice([PROJECT, OUTSIDE])
    match chance.randrange(7):
        case 0:
            site.create_issue(place, "Task", parent=chance.choice([*epics, None]))
        case 1 if tasks:
            task = chance.choice(tasks)
            site.create_issue(task.key.rpartition("-")[0], "Sub-task", type="Sub-task", parent=task)
        case 2 if tasks:
            site.edit(chance.choice(tasks).key, parent=chance.choice([*epics, None]))
        case 3 if tasks:
            site.move(chance.choice(tasks).key, place)
        case 4 if len(tasks) > 4:
            site.delete(chance.choice(tasks).key)
        case _:
            site.edit(chance.choice(list(site.issues.values())).key, summary=f"Edit {chance.random()}")


@pytest.mark.parametrize("face", FACES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=False))
def test_the_search_ends_where_the_walk_does_after_any_history(face: Face, chance: Random) -> None:
    for jira in harness_of(face):
        places = (PROJECT, OUTSIDE, OUTSIDE)
        epics = [jira.site.create_issue(place, "Epic", type="Epic").key for place in places]
        named = jira.create("Named", outside=True)
        interest = Interest(roots=frozenset(epics[:2]), keys=frozenset({named.key}))
        cursor, stored = None, dict[IssueRef, Issue]()
        for _ in range(5):
            for _ in range(chance.randrange(8)):
                grow(jira, epics, chance)
            jira.pass_time(HOUR)
            tracker = jira.open()
            found = tracker.reader.changed_since(cursor, interest)
            stored |= {issue.ref: by_id(issue) for page in found.pages for issue in page.issues}
            cursor = found.cursor
            present = tracker.reader.present()
            truth = {ref: by_id(issue) for ref, issue in forgetful(jira, None, interest).items()}
            assert present == {ref.id for ref in truth}
            assert {ref: issue for ref, issue in stored.items() if ref.id in present} == truth
