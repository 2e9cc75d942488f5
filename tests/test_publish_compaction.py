"""The old part of the ledger made small: what taking back everything comes to stays the same."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connectors.models import IssueRef, LabelDefinition, Posted, PostedComment
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.publish.ledger_compaction import compact
from core.publish.undo_plan import undo_plan
from tests.publish_builders import EPIC, TRACKING

SITE = "acme/site"


class World:
    """A small world that writes change, each with its entry in the ledger."""

    def __init__(self) -> None:
        self.labels: dict[IssueRef, set[str]] = {EPIC: {"urgent", "mp/old"}, TRACKING: set()}
        self.comments: dict[IssueRef, PostedComment | None] = {EPIC: None, TRACKING: None}
        self.definitions: dict[str, LabelDefinition] = {}
        self.ledger: list[Written] = []
        self._ids = 0

    def relabel(self, ref: IssueRef, add: frozenset[str], remove: frozenset[str]) -> None:
        added = tuple(sorted(add - self.labels[ref]))
        removed = tuple(sorted((remove - add) & self.labels[ref]))
        self.labels[ref] = (self.labels[ref] | add) - set(removed)
        if added or removed:
            self._done(ChangeLabels(ref, added, removed))

    def write(self, ref: IssueRef, body: str) -> None:
        before = self.comments[ref]
        self._ids += before is None
        after = PostedComment(before.id if before else str(self._ids), body, mine=True)
        self.comments[ref] = after
        action = WriteComment(ref, "blog", body, "", "", before, "news")
        self.ledger.append(Written(action, "done", comment=after))

    def remove(self, ref: IssueRef) -> None:
        before, self.comments[ref] = self.comments[ref], None
        if before is not None:
            self._done(DeleteComment(ref, "blog", before, "gone"))

    def define(self, name: str, colour: str) -> None:
        after = LabelDefinition(name, colour, "")
        self._done(DefineLabel("github", SITE, after, self.definitions.get(name)))
        self.definitions[name] = after

    def undefine(self, name: str) -> None:
        if self.definitions.pop(name, None) is not None:
            self._done(RemoveLabelDefinition("github", SITE, name))

    def fail(self, ref: IssueRef) -> None:
        self.ledger.append(Written(ChangeLabels(ref, ("mp/never",), ()), "failed", "HTTP 403"))

    def _done(self, action: Action) -> None:
        self.ledger.append(Written(action, "done"))

    def taken_back(self, entries: Sequence[Written]) -> Plan:
        posted = {
            ref: Posted(ref, tuple(sorted(names)), tuple(one for one in (self.comments[ref],) if one))
            for ref, names in self.labels.items()
        }
        definitions = {("github", SITE): tuple(self.definitions.values())}
        return undo_plan(list(reversed(entries)), posted, definitions, lambda *_: False)


refs = st.sampled_from([EPIC, TRACKING])
names = st.sampled_from(["mp/a", "mp/b", "mp/c", "mp/old"])
STEPS = st.one_of(
    st.tuples(st.just("relabel"), refs, st.frozensets(names), st.frozensets(names)),
    st.tuples(st.just("write"), refs, st.sampled_from(["one", "two", "three"])),
    st.tuples(st.just("remove"), refs),
    st.tuples(st.just("define"), names, st.sampled_from(["aaaaaa", "bbbbbb"])),
    st.tuples(st.just("undefine"), names),
    st.tuples(st.just("fail"), refs),
)


def lived(steps: Sequence[tuple[object, ...]]) -> World:
    world = World()
    for name, *values in steps:
        getattr(world, str(name))(*values)
    return world


def made_small(world: World, old: int) -> list[Written]:
    """The ledger after its first `old` entries were made few."""
    entries = list(enumerate(world.ledger[:old]))
    found = compact(entries, world.ledger[old:], lambda ref: tuple(world.labels[ref]))
    left = {number: each for number, each in entries if number not in found.drop} | dict(found.change)
    return [*(left[number] for number in sorted(left)), *world.ledger[old:]]


@given(st.lists(STEPS, max_size=25), st.integers(0, 25))
def test_taking_back_what_is_left_comes_to_the_same_as_taking_back_all(
    steps: list[tuple[object, ...]], old: int
) -> None:
    world = lived(steps)
    assert world.taken_back(made_small(world, old)) == world.taken_back(world.ledger)


@given(st.lists(STEPS, max_size=40))
def test_what_is_left_is_one_entry_for_each_thing(steps: list[tuple[object, ...]]) -> None:
    world = lived(steps)
    left = made_small(world, len(world.ledger))
    standing = 2 * len(world.labels) + len(world.definitions)
    assert len(left) <= standing
    assert all(each.outcome == "done" for each in left)


def test_labels_that_somebody_took_away_meanwhile_are_forgotten_and_what_stands_is_kept() -> None:
    world = World()
    world.relabel(TRACKING, frozenset({"mp/a"}), frozenset())
    world.relabel(EPIC, frozenset({"mp/a"}), frozenset())
    world.labels[TRACKING] = {"theirs"}
    assert [each.action.sentence for each in made_small(world, 2)] == ["Label BLOG-1: +mp/a"]


def test_nothing_is_forgotten_of_an_issue_of_which_nothing_is_known() -> None:
    entry = Written(ChangeLabels(EPIC, ("mp/a",), ()), "done")
    assert compact([(1, entry)], (), lambda _: None).drop == ()


def test_a_create_whose_answer_was_lost_is_kept() -> None:
    action = WriteComment(EPIC, "blog", "text", "mark", "d", None, "news")
    lost = Written(action, "unknown", "lost")
    other = Written(replace(action, mark="mark 2"), "unknown", "lost")
    assert compact([(1, lost), (2, other)], (), lambda _: ()).drop == ()
