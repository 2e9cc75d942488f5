"""Tags brought into step little by little are those that are made anew, and those of the engine itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any

import pytest

from connectors.models import Issue, IssueRef, Page, Pull, StatusCategory
from core.engine.credit import Credits
from core.engine.milestones import owners_of
from core.engine.policy import ProgressPolicy
from core.engine.tasks import Tasks, build_tasks
from core.publish.comment import first_open
from core.rollup.contributions import read_open, tagged_of, tasks_of
from core.rollup.refresh import refresh
from core.rollup.rollup_rules import RollupRules
from core.shutdown import Stopped
from core.store import Store, open_store
from core.store.rollup.rollup_rows import Mark
from mappings.goal_tree import GoalTree
from mappings.rules.query import Query
from mappings.rules.ruleset import RuleSet
from tests.builders import (
    LONG_AGO,
    NOON,
    a_key_result,
    a_mapping,
    a_milestone,
    an_issue,
    boxes,
    tracker_info,
)
from tests.lineage import Lineage

JIRA = tracker_info("jira", "jira", "BLOG", "SITE")
GITHUB = tracker_info("github", "github", "acme/site")
INFOS = {info.name: info for info in (JIRA, GITHUB)}
KEYS = [f"BLOG-{number}" for number in range(1, 9)] + [f"acme/site#{number}" for number in range(1, 5)]
OPEN = 3

TREES = {"rules": [{"epic": ["BLOG-1"]}], "tracking": ["BLOG-1"]}
MAPPINGS = (
    a_mapping(
        [
            a_milestone("blog", rules=[{"label": ["blog"]}, {"epic": ["BLOG-1", "BLOG-2"]}]),
            a_milestone(
                "site", weigh_by="story_points", rules=[{"repository": ["acme/site"]}, {"label": ["blog"]}]
            ),
            a_milestone(
                "points", weigh_by="story_points", rules=[{"project": ["BLOG"], "label": {"none": ["red"]}}]
            ),
            a_milestone(
                "boxes", rules=[{"sub_issues_of": ["acme/site#1"], "task_list": True}, {"keys": ["BLOG-3"]}]
            ),
        ],
        [a_key_result("own", rules=[{"label": ["red"], "weight": 3}, {"title": "^Odd", "checklist": True}])],
        [{"id": "show", "title": "Show"}],
    ),
    a_mapping(
        [
            a_milestone("blog", **TREES, subtasks="part of their parent", weigh_by="story_points"),
            a_milestone(
                "site", rules=[{"jql": "labels = x"}, {"label": {"none": ["red"]}, "project": ["BLOG"]}]
            ),
        ],
        [a_key_result("own")],
        [{"id": "show", "title": "Show"}],
    ),
)
QUERY = Query("jira", "labels = x")
POLICIES = (ProgressPolicy(), ProgressPolicy(in_progress_credit=Decimal("0.5")))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without anything, to be copied: making its tables takes long."""
    file = tmp_path_factory.mktemp("empty") / "milepost.db"
    open_store(file).close()
    return file


@pytest.mark.parametrize("seed", range(40))
def test_tags_of_a_random_history_are_those_made_at_once(seed: int, empty: Path, tmp_path: Path) -> None:
    """After each of some random events, what is kept equals what the engine says, and what is made anew."""
    with open_store(Path(copy(empty, tmp_path))) as store:
        Story(store, Random(seed)).tell(8)


class Story:
    """A store to which random things happen; after each, everything is compared."""

    def __init__(self, store: Store, draw: Random) -> None:
        self.store, self.draw = store, draw
        self.now = NOON
        self.goals, self.policy, self.matches = MAPPINGS[0], POLICIES[0], frozenset[str]()

    def tell(self, chapters: int) -> None:
        for _ in range(chapters):
            self.draw.choice((self.pull, self.pull, self.pull, self.lose, self.relabel, self.decide))()
            self.compare()

    def pull(self) -> None:
        """Issues come, or come again otherwise: other status, parent, key, labels, boxes, mirrors."""
        self.now += timedelta(minutes=5)
        several: dict[str, list[Issue]] = {"jira": [], "github": []}
        for key in self.draw.sample(KEYS, self.draw.randint(1, 6)):
            issue = an_odd_issue(self.draw, key)
            several[issue.ref.tracker].append(replace(issue, updated=self.now))
        for tracker, found in several.items():
            self.store.save_pull(tracker, Pull("cursor", iter([Page(tuple(found))]), full=False), self.now)

    def lose(self) -> None:
        refs = [*map(ref_of, self.draw.sample(KEYS, self.draw.randint(1, 3)))]
        for tracker in ("jira", "github"):
            self.store.mark_gone(tracker, [ref for ref in refs if ref.tracker == tracker], self.now)

    def relabel(self) -> None:
        self.store.set_labels(ref_of(self.draw.choice(KEYS)), some(self.draw, ("blog", "red")))

    def decide(self) -> None:
        """The mapping, the policy or the server's answer changes."""
        if self.draw.random() < 0.5:
            self.goals, self.policy = self.draw.choice(MAPPINGS), self.draw.choice(POLICIES)
        self.matches = frozenset(ref_of(key).id for key in some(self.draw, KEYS[:8]))

    def compare(self) -> None:
        rules = self.rules()
        with self.store.updating_rollup() as writer:
            refresh(writer, rules)
        expected = oracle(self.store, self.goals, rules, self.policy)
        reader = self.store.rollup()
        assert reader.tallies() == {owner: tasks.tally for owner, tasks in expected.items()}
        for owner, tasks in expected.items():
            assert tasks_of(owner, reader.rows_of_owner(owner), rules) == tasks
        for owner, said in reader.open_of(rules.listed).items():
            known = expected.get(owner)
            assert read_open(said) == (first_open(known.detail.tasks, OPEN) if known else ())
        with self.store.copied() as anew:
            with anew.updating_rollup() as writer:
                writer.set_mark(Mark("other rules", 0, ""))
                assert refresh(writer, rules).everything
            assert dump(anew.rollup()) == dump(reader)

    def rules(self) -> RollupRules:
        rules = RollupRules.of(self.goals, INFOS, self.store.resolver(), self.policy, OPEN)
        return replace(rules, matches=dict.fromkeys(rules.compiled.queries, self.matches))


class Wish:
    """Counts how often it is asked whether to stop, and says so at the `nth` time."""

    def __init__(self, nth: int) -> None:
        self.left, self.asked = nth, 0

    def __call__(self) -> None:
        self.asked += 1
        if self.asked == self.left:
            raise Stopped


@pytest.mark.parametrize("again", [False, True], ids=["everything anew", "what changed"])
def test_tagging_asks_whether_to_stop_at_every_page_and_keeps_nothing_of_what_it_broke_off(
    again: bool, empty: Path, tmp_path: Path
) -> None:
    with open_store(Path(copy(empty, tmp_path))) as store:
        story = Story(store, Random(1))
        if again:
            story.pull()
            story.compare()
        issues = (an_issue(f"BLOG-{number}", labels=("blog",)) for number in range(1, 3_501))
        store.save_pull("jira", Pull("cursor", iter([Page(tuple(issues))]), full=False), story.now)
        before, rules = dump(store.rollup()), story.rules()
        patient = Wish(0)
        with store.copied() as copied, copied.updating_rollup() as writer:
            refresh(writer, rules, patient)
        assert patient.asked >= 3, "at least every 1,000 issues"
        for nth in range(1, patient.asked + 1):
            with pytest.raises(Stopped), store.updating_rollup() as writer:
                refresh(writer, rules, Wish(nth))
            assert dump(store.rollup()) == before
        story.compare()


def dump(reader: Any) -> Any:
    """All rows and what they add up to, and the open tasks of each owner."""
    tallies = reader.tallies()
    rows = {owner: [row for row, _ in reader.rows_of_owner(owner)] for owner in tallies}
    return tallies, rows, reader.open_of(tallies)


def oracle(store: Store, goals: GoalTree, rules: RollupRules, policy: ProgressPolicy) -> Mapping[str, Tasks]:
    """The slow way: everything in memory, with the house's own lineage, rules and engine."""
    resolve = store.resolver()
    # Where two bear one key, the lineage takes the last one that it is given.
    everything = sorted(store.issues(), key=lambda one: resolve(one.ref.tracker, one.ref.key) == one.ref.id)
    lineage = Lineage(everything, resolve)
    compiled = RuleSet.compile(goals, tuple(INFOS.values()), store.resolver())
    tags_of = compiled.tagger(rules.matches)
    tagged: dict[str, list[Any]] = {}
    for issue in everything:
        for tag in tags_of(issue, lineage.ancestors(issue.ref)):
            tagged.setdefault(tag.owner, []).append(tagged_of(issue, tag.rule, compiled))
    items = {item.id: item for item in owners_of(goals)}
    return {
        owner: build_tasks(
            entries,
            lineage.parents,
            items[owner].weigh_by,
            Credits.of(policy),
            items[owner].whole_parents,
        )
        for owner, entries in tagged.items()
    }


def ref_of(key: str) -> IssueRef:
    return IssueRef("github" if "#" in key else "jira", f"id-{key}", key)


def some(draw: Random, among: Sequence[str]) -> list[str]:
    return draw.sample(among, draw.randint(0, len(among)))


def an_odd_issue(draw: Random, key: str) -> Issue:
    """An issue in which about everything may be as it should not be."""
    ref = ref_of(key)
    mine = [other for other in KEYS if ref_of(other).tracker == ref.tracker]
    if draw.random() < 0.15:  # it moved, perhaps to where another one was
        ref = replace(ref, key=draw.choice([*mine, "SITE-1" if ref.tracker == "jira" else "acme/new#1"]))
    parent = draw.choice([*mine, "BLOG-404"]) if draw.random() < 0.7 else None
    by = draw.choice(("id", "key", "both"))
    state = draw.choice((*StatusCategory, StatusCategory.TODO, StatusCategory.DONE))
    mirrored = draw.random() < 0.1
    return Issue(
        ref=ref,
        url=f"https://tracker.test/{ref.key}",
        title=draw.choice(("Write", "Odd one")),
        container="acme/site" if ref.tracker == "github" else "BLOG",
        status=state.value,
        category=state,
        labels=tuple(some(draw, ("blog", "red", "milestone/site"))),
        parent_id=ref_of(parent).id if parent and by != "key" else None,
        parent_key=parent if parent and by != "id" else None,
        points=draw.choice((None, Fraction(1), Fraction(5, 2), Fraction(0))),
        created=LONG_AGO,
        updated=NOON,
        level=draw.choice((None, -1, 0)) if ref.tracker == "jira" else None,
        checklist=boxes(draw.choice(("", "x.", "..."))),
        mirrors=(f"https://tracker.test/{draw.choice(KEYS)}",) if mirrored else (),
    )
