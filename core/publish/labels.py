"""Which labels an issue should carry: names by template, each with the definition that GitHub shows."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from connectors.audience import Audience
from connectors.interface import TrackerInfo
from connectors.models import Issue, IssueRef, LabelDefinition
from core.engine.formatting import whole_percent
from core.engine.model import Measure, State, Unmeasured, Why
from core.publish.comment.escape import clean, cut
from core.publish.label_templates import fill, names_one
from core.publish.publish_policy import LabelPolicy, LabelTemplates
from core.publish.visibility import NOBODY, Audiences, Readers, View, unknown_readers
from mappings.goal_tree import GoalTree, HealthName, Milestone

COLOURS = {"goal": "5319e7", "key result": "1d76db", "milestone": "0e8a8a", "progress": "bfd4f2"}
HEALTH_COLOURS = {
    HealthName.ON_TRACK: "2da44e",
    HealthName.AT_RISK: "d4a72c",
    HealthName.OFF_TRACK: "cf222e",
    HealthName.DONE: "8250df",
    HealthName.NOT_STARTED: "8c959f",
    HealthName.UNMEASURED: "d0d7de",
}
DESCRIPTION_LENGTH = 100
"""GitHub's limit."""

Relabels = tuple[tuple[str, ...], tuple[str, ...]]
"""Labels to add, and labels to remove."""

_WORST_FIRST = (
    HealthName.OFF_TRACK,
    HealthName.AT_RISK,
    HealthName.UNMEASURED,
    HealthName.NOT_STARTED,
    HealthName.ON_TRACK,
    HealthName.DONE,
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """An issue and the labels it carries, or should carry."""

    ref: IssueRef
    container: str
    """The project key or repository, which defines the labels."""
    labels: tuple[LabelDefinition, ...]
    """Sorted by name, each name once; definitions are only used where the tracker has them."""
    waiting: str | None = None
    """Why labels of this issue have to wait: something that they tell of was not read."""

    @property
    def names(self) -> frozenset[str]:
        """The names alone."""
        return frozenset(label.name for label in self.labels)


@dataclass(frozen=True, slots=True)
class _Subject:
    """A goal, key result or milestone as labels tell of it."""

    kind: str
    id: str
    title: str
    measure: Measure
    health: HealthName
    shown: bool = True
    """False: the readers may know its number alone, and of a key result not even that."""


_HIDDEN = HealthName.UNMEASURED
"""In place of a health that follows from figures which the readers may not see."""


class Labeller:
    """What issues should carry of our labels, by what they are tagged to and tell of."""

    def __init__(
        self,
        state: State,
        mapping: GoalTree,
        policy: LabelPolicy,
        infos: Mapping[str, TrackerInfo],
        audiences: Audiences | None = None,
    ) -> None:
        self._audiences = audiences or Audiences()
        self._state = state
        self._mapping = mapping
        self._policy = policy
        self._shapes = {name: _Shape(policy, info) for name, info in infos.items()}
        # Most issues of a milestone have the same tags, and so the same labels.
        self._labels_for = cache(self._tell)

    def labelled(self, issue: Issue, tags: Sequence[str], about: Sequence[str]) -> Labelled:
        """For an issue that rules tag to these milestones and key results, and whose comment is about those.

        Raises KeyError for an issue of an unknown tracker.
        """
        readers = self._audiences.of(issue.ref)
        labels, waiting = self._labels_for(issue.ref.tracker, tuple(tags), tuple(about), readers or NOBODY)
        if readers is None:
            waiting = waiting or unknown_readers(issue.ref)
        return Labelled(issue.ref, issue.container, labels, waiting)

    def digest(self, owner: str) -> str:
        """Another one if the labels of what is tagged to this milestone or key result may be others."""
        some = [Readers(audience) for audience in Audience]
        parts = [
            (name, *map(repr, self._labels_for(name, (owner,), (), readers)))
            for name in sorted(self._shapes)
            for readers in some
        ]
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _tell(
        self, tracker: str, tags: tuple[str, ...], about: tuple[str, ...], readers: Readers
    ) -> tuple[tuple[LabelDefinition, ...], str | None]:
        shape, policy, view = self._shapes[tracker], self._policy, self._audiences.view(readers)
        labels = [
            *shape.labels(policy.tasks, self._subjects(tags, view), policy.bucket),
            *shape.labels(policy.targets, self._subjects(about, view), policy.bucket),
        ]
        return _once(labels), _waiting((*tags, *about), self._state)

    def _subjects(self, ids: Iterable[str], view: View) -> tuple[_Subject, ...]:
        result = _subjects(ids, self._state, self._mapping)
        seen = (replace(one, shown=view.item(one.id)) for one in result)
        return tuple(one if self._figures(one, view) else replace(one, health=_HIDDEN) for one in seen)

    def _figures(self, one: _Subject, view: View) -> bool:
        """Whether the readers may see what its health follows from: of a goal all its key results."""
        results = self._mapping.key_results_of(one.id) if one.kind == "goal" else ()
        return all(view.item(result.id) for result in results)


def possible_labels(
    kind: str, id_: str, title: str, policy: LabelPolicy, info: TrackerInfo
) -> Iterator[LabelDefinition]:
    """Every label that names one goal, key result or milestone, whatever its progress and health are.

    `kind`: goal, key result or milestone. Labels that tell of many, such as of progress alone, are left out.
    """
    shape = _Shape(policy, info)
    measures = [Fraction(low, 100) for low in range(0, 101, policy.bucket)] + [Fraction(1)]
    for templates in (policy.tasks, policy.targets):
        own = {"goal": templates.goal, "key result": templates.key_result, "milestone": templates.milestone}
        named = [(kind, own[kind]), ("health", templates.health), ("progress", templates.progress)]
        for what, template in named:
            if not names_one(template):
                continue
            for health in HealthName if "{health}" in template else (HealthName.UNMEASURED,):
                for measure in measures if "{bucket}" in template else measures[:1]:
                    subject = _Subject(kind, id_, title, measure, health)
                    label = shape.label(template, subject, policy.bucket, what)
                    if label is not None:
                        yield label


def desired_labels(
    issues: Mapping[IssueRef, Issue],
    tagged: Mapping[IssueRef, Sequence[str]],
    targets: Mapping[IssueRef, Sequence[str]],
    labeller: Labeller,
    infos: Mapping[str, TrackerInfo],
) -> tuple[Labelled, ...]:
    """What every tagged issue and every epic or tracking issue should carry of our labels, sorted by issue.

    `tagged` gives the milestones and key results that rules tag an issue to, `targets` the milestones and
    goals whose comment it carries. Issues without an entry in `issues` are left out.
    """
    return tuple(
        labeller.labelled(issues[ref], tagged.get(ref, ()), targets.get(ref, ()))
        for ref in sorted({*tagged, *targets})
        if ref in issues and ref.tracker in infos
    )


def relabels(now: Iterable[str], desired: Labelled | None, prefix: str, *, fold: bool) -> Relabels:
    """What of our labels to add and to remove, sorted; all others stay. `fold`: case is no difference."""
    ours, names = owned(now, prefix), desired.names if desired else frozenset()
    if not fold:
        return tuple(sorted(names - ours)), tuple(sorted(ours - names))
    should, present = {name.casefold() for name in names}, {name.casefold() for name in ours}
    add = (name for name in names if name.casefold() not in present)
    return tuple(sorted(add)), tuple(sorted(name for name in ours if name.casefold() not in should))


def _once(labels: Iterable[LabelDefinition]) -> tuple[LabelDefinition, ...]:
    """Each name once, whatever its case; the first definition in sorted order stands for all."""
    by_name: dict[str, LabelDefinition] = {}
    for label in sorted(labels):
        by_name.setdefault(label.name.casefold(), label)
    return tuple(by_name.values())


def _waiting(ids: Iterable[str], state: State) -> str | None:
    measures: list[Measure] = []
    for id_ in ids:
        if id_ in state.milestones:
            measures.append(state.milestones[id_].measure)
        if id_ in state.key_results:
            measures.append(state.key_results[id_].measure)
        if id_ in state.goals:
            measures += [state.goals[id_].delivered, state.goals[id_].achieved]
    down = (one.reason for one in measures if isinstance(one, Unmeasured) and one.why is Why.SOURCE_DOWN)
    return next(down, None)


def _subjects(ids: Iterable[str], state: State, mapping: GoalTree) -> tuple[_Subject, ...]:
    """The named things, and what they lead to: key results and goals, each once."""
    matches: dict[str, _Subject] = {}
    for id_ in ids:
        milestone, result, goal = mapping.milestones.get(id_), mapping.key_results.get(id_), id_
        if milestone is not None and id_ in state.milestones:
            measured = state.milestones[id_]
            matches[id_] = _Subject("milestone", id_, milestone.title, measured.measure, measured.health.name)
            _add_key_results(matches, _results_of(milestone, mapping), state, mapping)
        elif result is not None:
            _add_key_results(matches, (id_,), state, mapping)
        else:
            _add_goal(matches, goal, state, mapping)
    return tuple(matches.values())


def _results_of(milestone: Milestone, mapping: GoalTree) -> tuple[str, ...]:
    return tuple(name for name in milestone.leads_to if name in mapping.key_results)


def _add_key_results(
    items: dict[str, _Subject], names: Iterable[str], state: State, mapping: GoalTree
) -> None:
    for name in names:
        if name in state.key_results:
            measured, result = state.key_results[name], mapping.key_results[name]
            items[name] = _Subject("key result", name, result.title, measured.measure, measured.health.name)
            _add_goal(items, result.goal, state, mapping)


def _add_goal(result: dict[str, _Subject], name: str, state: State, mapping: GoalTree) -> None:
    if name in state.goals and name in mapping.goals:
        measured = state.goals[name]
        title = mapping.goals[name].title
        result[name] = _Subject("goal", name, title, measured.delivered, measured.health.name)


class _Shape:
    """Names within one tracker's rules."""

    def __init__(self, policy: LabelPolicy, info: TrackerInfo) -> None:
        self._policy = policy
        self._info = info

    def labels(
        self, templates: LabelTemplates, subjects: Sequence[_Subject], width: int
    ) -> list[LabelDefinition]:
        """One label for each subject of its kind; health and progress of what the issue is closest to."""
        kinds = {
            "goal": templates.goal,
            "key result": templates.key_result,
            "milestone": templates.milestone,
        }
        named = [
            self.label(template, one, width, kind)
            for kind, template in kinds.items()
            for one in subjects
            if template and one.kind == kind and one.shown
        ]
        for what, template in (("health", templates.health), ("progress", templates.progress)):
            closest = _telling(_closest(subjects), what, template)
            chosen = closest if names_one(template) else _worst(closest, what)
            named += [self.label(template, one, width, what) for one in chosen if template]
        return [label for label in named if label is not None]

    def label(self, template: str, one: _Subject, width: int, kind: str) -> LabelDefinition | None:
        """None where the template asks for a progress bucket and there is no progress to tell."""
        shown = bucket(one.measure, width)
        if shown is None and "{bucket}" in template:
            return None
        health = one.health.value.replace("_", "-")
        values = {"id": one.id, "title": clean(one.title), "health": health, "bucket": shown or ""}
        name = label_name(self._policy.prefix + fill(template, values), self._info)
        colour = HEALTH_COLOURS[one.health] if kind == "health" else COLOURS[kind]
        return LabelDefinition(name, colour, _description(kind, one, shown))


def _closest(subjects: Sequence[_Subject]) -> Sequence[_Subject]:
    """The milestones; or, where there is none, the goals; or else the key results."""
    for kind in ("milestone", "goal"):
        chosen = [one for one in subjects if one.kind == kind]
        if chosen:
            return chosen
    return subjects


def _telling(subjects: Sequence[_Subject], what: str, template: str) -> Sequence[_Subject]:
    """Those of which a label may tell: of one that is not shown its progress alone, without its name.

    Health follows from dates and people's words, and the progress of a key result from its figures.
    """
    return [
        one
        for one in subjects
        if one.shown or (what == "progress" and one.kind != "key result" and not names_one(template))
    ]


def _worst(subjects: Sequence[_Subject], what: str) -> Sequence[_Subject]:
    """The one to tell of where a label can tell of one only: the worst health, or the least progress."""
    if what == "health":
        return sorted(subjects, key=lambda one: (_WORST_FIRST.index(one.health), one.id))[:1]
    measured = [(one.measure, one.id, one) for one in subjects if not isinstance(one.measure, Unmeasured)]
    return [one for _, _, one in sorted(measured, key=lambda entry: entry[:2])][:1]


def bucket(measure: Measure, width: int) -> str | None:
    """`50-74` for 60% with buckets of 25 points; `100` only for all of it; None where it is not measured."""
    whole = whole_percent(measure)
    if whole is None or whole >= 100:
        return None if whole is None else "100"
    low = whole // width * width
    return f"{low}-{min(low + width - 1, 99)}"


def label_name(text: str, info: TrackerInfo) -> str:
    """The text as a label of this tracker: spaces where allowed, and within the length.

    A name that is too long is cut and ends in six digits of a hash of the whole, so that two long names
    that begin alike stay two labels, and the same name is always cut alike.
    """
    name = clean(text, 1000).replace(",", " ")  # GitHub takes a comma for the end of a label
    name = " ".join(name.split())
    if not info.label_spaces:
        name = name.replace(" ", "-")
    if len(name) <= info.label_limit:
        return name
    digest = hashlib.sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{cut(name, info.label_limit - 6).rstrip('… -')}-{digest}"


def owned(names: Iterable[str], prefix: str) -> frozenset[str]:
    """The labels that begin with the owned prefix, whatever its case."""
    return frozenset(name for name in names if name.casefold().startswith(prefix.casefold()))


def _description(kind: str, one: _Subject, shown: str | None) -> str:
    """At most 100 characters of the basic plane: GitHub refuses others."""
    if kind == "health":
        text = f"Health, kept by milepost: {one.health.value.replace('_', ' ')}"
    elif kind == "progress":
        text = f"Progress in percent, kept by milepost: {shown or 'as named'}"
    else:
        text = f"{kind.capitalize()}: {one.title}"
    return cut("".join(char for char in clean(text, 200) if ord(char) <= 0xFFFF), DESCRIPTION_LENGTH)
