"""Who may read what: by the settings, else by what the trackers told last."""

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
    """By what is remembered. `usual`: whom goals and milestones are meant for that say nothing of it."""
    resolve, reported, restricted = store.resolver(), store.audiences(), store.restricted_issues()
    remembered = {
        name: {place: value.audience for place, value in reported.get(name, {}).items()} for name in infos
    }
    return Audiences(
        {name: _tracker(info, remembered[name], resolve) for name, info in infos.items()},
        {(entry.tracker, entry.id): entry.security for entry in restricted},
        {item.id: _meant_for(item, goals, usual) for item in _items(goals)},
        any(not entry.gone for entry in restricted),
    )


def _tracker(
    info: TrackerInfo, reported: Mapping[str, Audience | None], resolve: Resolver
) -> TrackerAudience:
    others = info.audience or (None if info.tells_audience else Audience.ORGANISATION)
    places: dict[str, Audience | None] = {}
    if others is None:
        places.update(reported)
    # A project or repository goes on being meant by the name that the settings have.
    for name, audience in info.audiences.items():
        places.update(dict.fromkeys(resolve.container_names(info.name, name), audience))
    return TrackerAudience(others, places)


def _items(goals: GoalTree) -> Iterator[Goal | KeyResult | Milestone]:
    yield from goals.goals.values()
    yield from goals.key_results.values()
    yield from goals.milestones.values()


def _meant_for(item: Goal | KeyResult | Milestone, goals: GoalTree, usual: Audience) -> Readers:
    """By the item itself; a key result that says nothing is meant for no more people than its goal."""
    audience = item.audience or usual
    if item.audience is None and isinstance(item, KeyResult) and item.goal in goals.goals:
        audience = audience.narrower(goals.goals[item.goal].audience or usual)
    return Readers(audience)


class OpenTasks:
    """The open tasks that comments list, for different readers."""

    def __init__(
        self, evaluation: Evaluation, audiences: Audiences, number: int, owners: Iterable[str]
    ) -> None:
        """`number`: how many are listed of each milestone."""
        self._evaluation = evaluation
        self._audiences = audiences
        self._number = number
        requested = sorted(owners)
        self._listed = {
            name: Listed(read_open(message)) for name, message in evaluation.rollup.open_of(requested).items()
        }
        self._mixed: dict[str, tuple[IssueRef, ...]] = {}
        self._made: dict[tuple[str, Readers | None], Listed] = {}

    def of(self, names: Iterable[str], view: View) -> Mapping[str, Listed]:
        """By milestone: the first that these readers may see, and how many open ones they may not."""
        if view.whole:
            listed = {name: self._listed[name] for name in names if name in self._listed}
        else:
            listed = {name: self._seen(name, view) for name in names}
        return {name: self._with_blockers(value, view) for name, value in listed.items()}

    def _with_blockers(self, listed: Listed, view: View) -> Listed:
        """The same tasks, those that have to wait with what these readers may know of it."""
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

    def _seen(self, name: str, view: View) -> Listed:
        made = self._made.get((name, view.readers))
        if made is None:
            made = self._listed.get(name, Listed())
            if not all(map(view.issue, self._places(name))):
                made = visible_open(self._evaluation.detail(name).tasks, self._number, view)
            self._made[name, view.readers] = made
        return made

    def _places(self, name: str) -> tuple[IssueRef, ...]:
        """One tagged issue for each place, and each that has a security level: what decides for all."""
        if name not in self._mixed:
            levels = self._audiences.levels
            self._mixed[name] = self._evaluation.rollup.places_of(name, frozenset(levels))
        return self._mixed[name]
