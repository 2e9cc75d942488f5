"""Who may read places and items, by the settings or as last read from trackers; open tasks for readers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from connectors.audience import Audience
from connectors.interface import TrackerInfo
from connectors.models import IssueRef
from core.publish.comment import Listed, visible_open, waits_for
from core.publish.visibility import Audiences, Readers, TrackerAudience, View
from core.rollup.contributions import read_open
from core.steps.evaluate import Evaluation
from core.store.store_interface import Resolver, RunStore
from mappings.goal_tree import Goal, GoalTree, KeyResult, Milestone


def audiences_of(
    store: RunStore, infos: Mapping[str, TrackerInfo], goals: GoalTree, usual: Audience
) -> Audiences:
    """Return who may read each place and for whom each item is meant.

    `usual`: the audience of goals, key results and milestones that have none of their own.
    """
    resolve, stored, restricted = store.resolver(), store.audiences(), store.restricted_issues()
    by_place = {
        name: {place: value.audience for place, value in stored.get(name, {}).items()} for name in infos
    }
    return Audiences(
        {name: _tracker(info, by_place[name], resolve) for name, info in infos.items()},
        {(entry.tracker, entry.id): entry.security for entry in restricted},
        {item.id: _meant_for(item, goals, usual) for item in _items(goals)},
        any(not entry.gone for entry in restricted),
    )


def _tracker(info: TrackerInfo, stored: Mapping[str, Audience | None], resolve: Resolver) -> TrackerAudience:
    others = info.audience or (None if info.tells_audience else Audience.ORGANISATION)
    places: dict[str, Audience | None] = {}
    if others is None:
        places.update(stored)
    # The settings may have an earlier name of a project or repository.
    for name, audience in info.audiences.items():
        places.update(dict.fromkeys(resolve.container_names(info.name, name), audience))
    return TrackerAudience(others, places)


def _items(goals: GoalTree) -> Iterator[Goal | KeyResult | Milestone]:
    yield from goals.goals.values()
    yield from goals.key_results.values()
    yield from goals.milestones.values()


def _meant_for(item: Goal | KeyResult | Milestone, goals: GoalTree, usual: Audience) -> Readers:
    """Return the item's own audience, else `usual`, for a key result no wider than its goal's."""
    audience = item.audience or usual
    if item.audience is None and isinstance(item, KeyResult) and item.goal in goals.goals:
        audience = audience.narrower(goals.goals[item.goal].audience or usual)
    return Readers(audience)


class OpenTasks:
    """The open tasks that comments list, as each comment's readers may see them."""

    def __init__(
        self, evaluation: Evaluation, audiences: Audiences, number: int, owners: Iterable[str]
    ) -> None:
        """`number`: of how many open tasks each milestone's list consists at most."""
        self._evaluation = evaluation
        self._audiences = audiences
        self._number = number
        self._stored = {
            name: Listed(read_open(text)) for name, text in evaluation.rollup.open_of(sorted(owners)).items()
        }
        self._places_by_owner: dict[str, tuple[IssueRef, ...]] = {}
        self._visible: dict[tuple[str, Readers | None], Listed] = {}

    def of(self, names: Iterable[str], view: View) -> Mapping[str, Listed]:
        """Return by milestone the first open tasks that these readers may see, and how many they may not."""
        if view.whole:
            listed = {name: self._stored[name] for name in names if name in self._stored}
        else:
            listed = {name: self._visible_to(name, view) for name in names}
        return {name: self._with_blockers(value, view) for name, value in listed.items()}

    def _with_blockers(self, listed: Listed, view: View) -> Listed:
        """Return the tasks with what each waits for, as far as these readers may see it."""
        blocked = self._evaluation.blocked
        if not any(task.ref in blocked for task in listed.tasks):
            return listed
        return replace(
            listed,
            tasks=tuple(
                replace(task, waits_for=waits_for(blocked[task.ref], view)) if task.ref in blocked else task
                for task in listed.tasks
            ),
        )

    def _visible_to(self, name: str, view: View) -> Listed:
        listed = self._visible.get((name, view.readers))
        if listed is None:
            listed = self._stored.get(name, Listed())
            if not all(map(view.issue, self._places(name))):
                listed = visible_open(self._evaluation.detail(name).tasks, self._number, view)
            self._visible[name, view.readers] = listed
        return listed

    def _places(self, name: str) -> tuple[IssueRef, ...]:
        """Return one tagged issue of each container, and each with a security level.

        Readers who may see these may see every issue that is tagged to the milestone.
        """
        if name not in self._places_by_owner:
            levels = self._audiences.levels
            self._places_by_owner[name] = self._evaluation.rollup.places_of(name, frozenset(levels))
        return self._places_by_owner[name]
