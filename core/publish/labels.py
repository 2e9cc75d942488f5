"""The labels that an issue should carry: names by template, with colour and description for GitHub."""

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
"""Longest description of a label, in characters: GitHub's limit."""

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
    """Sorted by name, each name once; colour and description are used only where the tracker has them."""
    waiting: str | None = None
    """Why labels of this issue have to wait: something on which they depend was not read."""

    @property
    def names(self) -> frozenset[str]:
        """The names alone."""
        return frozenset(label.name for label in self.labels)


@dataclass(frozen=True, slots=True)
class _Subject:
    """A goal, key result or milestone, with what labels show of it."""

    kind: str
    id: str
    title: str
    measure: Measure
    health: HealthName
    shown: bool = True
    """False: the readers may see its number only, and of a key result not even that."""


_HIDDEN = HealthName.UNMEASURED
"""In place of a health that follows from figures which the readers may not see."""


class Labeller:
    """Decides which labels of ours an issue should carry, by its tags and by the comment that it carries."""

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
        self._labels_for = cache(self._make_labels)

    def labelled(self, issue: Issue, tags: Sequence[str], about: Sequence[str]) -> Labelled:
        """Return the labels of an issue.

        `tags`: the milestones and key results to which rules tag it. `about`: the milestones and goals that
        its comment is about. Raises KeyError for an issue of an unknown tracker.
        """
        readers = self._audiences.of(issue.ref)
        labels, waiting = self._labels_for(issue.ref.tracker, tuple(tags), tuple(about), readers or NOBODY)
        if readers is None:
            waiting = waiting or unknown_readers(issue.ref)
        return Labelled(issue.ref, issue.container, labels, waiting)

    def digest(self, owner: str) -> str:
        """Return 16 hex digits that change with the labels of what is tagged to a milestone or key result."""
        all_readers = [Readers(audience) for audience in Audience]
        parts = [
            (name, *map(repr, self._labels_for(name, (owner,), (), readers)))
            for name in sorted(self._shapes)
            for readers in all_readers
        ]
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _make_labels(
        self, tracker: str, tags: tuple[str, ...], about: tuple[str, ...], readers: Readers
    ) -> tuple[tuple[LabelDefinition, ...], str | None]:
        shape, policy, view = self._shapes[tracker], self._policy, self._audiences.view(readers)
        labels = [
            *shape.labels(policy.tasks, self._subjects(tags, view), policy.bucket),
            *shape.labels(policy.targets, self._subjects(about, view), policy.bucket),
        ]
        return _once(labels), _waiting((*tags, *about), self._state)

    def _subjects(self, ids: Iterable[str], view: View) -> tuple[_Subject, ...]:
        """Return what the labels name, with only what the readers may see of each."""
        subjects = _subjects(ids, self._state, self._mapping)
        marked = (replace(subject, shown=view.item(subject.id)) for subject in subjects)
        return tuple(
            subject if self._shows_health(subject, view) else replace(subject, health=_HIDDEN)
            for subject in marked
        )

    def _shows_health(self, subject: _Subject, view: View) -> bool:
        """Return whether the readers may see what its health depends on: for a goal, all its key results."""
        results = self._mapping.key_results_of(subject.id) if subject.kind == "goal" else ()
        return all(view.item(result.id) for result in results)


def possible_labels(
    kind: str, id_: str, title: str, policy: LabelPolicy, info: TrackerInfo
) -> Iterator[LabelDefinition]:
    """Yield every label that may name one goal, key result or milestone, for any progress and health.

    `kind`: "goal", "key result" or "milestone". Labels that name none, such as of progress alone, are left
    out.
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
    """Return the labels that every tagged issue and every tracking issue should carry, sorted by issue.

    `tagged`: by issue, the milestones and key results to which rules tag it. `targets`: by issue, the
    milestones and goals whose comment it carries. Issues without an entry in `issues` are left out.
    """
    return tuple(
        labeller.labelled(issues[ref], tagged.get(ref, ()), targets.get(ref, ()))
        for ref in sorted({*tagged, *targets})
        if ref in issues and ref.tracker in infos
    )


def relabels(now: Iterable[str], desired: Labelled | None, prefix: str, *, fold: bool) -> Relabels:
    """Return which labels of ours to add and to remove, sorted; all others stay. `fold`: ignore case."""
    ours, names = owned(now, prefix), desired.names if desired else frozenset()
    if not fold:
        return tuple(sorted(names - ours)), tuple(sorted(ours - names))
    desired_names, present = {name.casefold() for name in names}, {name.casefold() for name in ours}
    add = (name for name in names if name.casefold() not in present)
    return tuple(sorted(add)), tuple(sorted(name for name in ours if name.casefold() not in desired_names))


def _once(labels: Iterable[LabelDefinition]) -> tuple[LabelDefinition, ...]:
    """Return each name once, ignoring case, with the first of its definitions in sorted order."""
    by_name: dict[str, LabelDefinition] = {}
    for label in sorted(labels):
        by_name.setdefault(label.name.casefold(), label)
    return tuple(by_name.values())


def _waiting(ids: Iterable[str], state: State) -> str | None:
    """Return the reason of the first of these that rests on a source that is down; None where none does."""
    measures: list[Measure] = []
    for id_ in ids:
        if id_ in state.milestones:
            measures.append(state.milestones[id_].measure)
        if id_ in state.key_results:
            measures.append(state.key_results[id_].measure)
        if id_ in state.goals:
            measures += [state.goals[id_].delivered, state.goals[id_].achieved]
    down = (
        measure.reason
        for measure in measures
        if isinstance(measure, Unmeasured) and measure.why is Why.SOURCE_DOWN
    )
    return next(down, None)


def _subjects(ids: Iterable[str], state: State, mapping: GoalTree) -> tuple[_Subject, ...]:
    """Return the items with these ids, and the key results and goals to which they lead, each once."""
    subjects: dict[str, _Subject] = {}
    for id_ in ids:
        milestone, result = mapping.milestones.get(id_), mapping.key_results.get(id_)
        if milestone is not None and id_ in state.milestones:
            measured = state.milestones[id_]
            subjects[id_] = _Subject(
                "milestone", id_, milestone.title, measured.measure, measured.health.name
            )
            _add_key_results(subjects, _results_of(milestone, mapping), state, mapping)
        elif result is not None:
            _add_key_results(subjects, (id_,), state, mapping)
        else:
            _add_goal(subjects, id_, state, mapping)
    return tuple(subjects.values())


def _results_of(milestone: Milestone, mapping: GoalTree) -> tuple[str, ...]:
    return tuple(name for name in milestone.leads_to if name in mapping.key_results)


def _add_key_results(
    subjects: dict[str, _Subject], names: Iterable[str], state: State, mapping: GoalTree
) -> None:
    for name in names:
        if name in state.key_results:
            measured, result = state.key_results[name], mapping.key_results[name]
            subjects[name] = _Subject(
                "key result", name, result.title, measured.measure, measured.health.name
            )
            _add_goal(subjects, result.goal, state, mapping)


def _add_goal(subjects: dict[str, _Subject], name: str, state: State, mapping: GoalTree) -> None:
    if name in state.goals and name in mapping.goals:
        measured = state.goals[name]
        title = mapping.goals[name].title
        subjects[name] = _Subject("goal", name, title, measured.delivered, measured.health.name)


class _Shape:
    """Makes labels in the form that one tracker allows."""

    def __init__(self, policy: LabelPolicy, info: TrackerInfo) -> None:
        self._policy = policy
        self._info = info

    def labels(
        self, templates: LabelTemplates, subjects: Sequence[_Subject], width: int
    ) -> list[LabelDefinition]:
        """Return one label for each subject, and health and progress of what the issue is closest to."""
        kinds = {
            "goal": templates.goal,
            "key result": templates.key_result,
            "milestone": templates.milestone,
        }
        named = [
            self.label(template, subject, width, kind)
            for kind, template in kinds.items()
            for subject in subjects
            if template and subject.kind == kind and subject.shown
        ]
        for what, template in (("health", templates.health), ("progress", templates.progress)):
            closest = _visible_by(_closest(subjects), what, template)
            chosen = closest if names_one(template) else _worst(closest, what)
            named += [self.label(template, subject, width, what) for subject in chosen if template]
        return [label for label in named if label is not None]

    def label(self, template: str, subject: _Subject, width: int, kind: str) -> LabelDefinition | None:
        """Return the label; None where the template has a progress bucket and the subject is unmeasured."""
        shown = bucket(subject.measure, width)
        if shown is None and "{bucket}" in template:
            return None
        health = subject.health.value.replace("_", "-")
        values = {"id": subject.id, "title": clean(subject.title), "health": health, "bucket": shown or ""}
        name = label_name(self._policy.prefix + fill(template, values), self._info)
        colour = HEALTH_COLOURS[subject.health] if kind == "health" else COLOURS[kind]
        return LabelDefinition(name, colour, _description(kind, subject, shown))


def _closest(subjects: Sequence[_Subject]) -> Sequence[_Subject]:
    """Return the milestones; where there is none, the goals; else the key results."""
    for kind in ("milestone", "goal"):
        of_kind = [subject for subject in subjects if subject.kind == kind]
        if of_kind:
            return of_kind
    return subjects


def _visible_by(subjects: Sequence[_Subject], what: str, template: str) -> Sequence[_Subject]:
    """Return the subjects of which a label may show health or progress (`what`) to its readers.

    A subject that is not shown may show its progress only, in a label without its name. Health depends on
    dates and on overrides, and the progress of a key result on its figures, which stay hidden.
    """
    return [
        subject
        for subject in subjects
        if subject.shown or (what == "progress" and subject.kind != "key result" and not names_one(template))
    ]


def _worst(subjects: Sequence[_Subject], what: str) -> Sequence[_Subject]:
    """Return, as a list of at most one, the subject with the worst health or with the least progress."""
    if what == "health":
        return sorted(subjects, key=lambda subject: (_WORST_FIRST.index(subject.health), subject.id))[:1]
    measured = [
        (subject.measure, subject.id, subject)
        for subject in subjects
        if not isinstance(subject.measure, Unmeasured)
    ]
    return [subject for _, _, subject in sorted(measured, key=lambda entry: entry[:2])][:1]


def bucket(measure: Measure, width: int) -> str | None:
    """Return the bucket, such as `50-74` for 60% and width 25; `100` only at 100%; None if unmeasured."""
    whole = whole_percent(measure)
    if whole is None or whole >= 100:
        return None if whole is None else "100"
    low = whole // width * width
    return f"{low}-{min(low + width - 1, 99)}"


def label_name(text: str, info: TrackerInfo) -> str:
    """Return the text as a label of this tracker: spaces only where allowed, and within its length limit.

    A name that is too long is cut and ends in six hex digits of a hash of the whole name, so that long names
    with the same beginning stay different labels, and the same name always gives the same label.
    """
    name = clean(text, 1000).replace(",", " ")  # GitHub splits lists of labels at commas
    name = " ".join(name.split())
    if not info.label_spaces:
        name = name.replace(" ", "-")
    if len(name) <= info.label_limit:
        return name
    digest = hashlib.sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{cut(name, info.label_limit - 6).rstrip('… -')}-{digest}"


def owned(names: Iterable[str], prefix: str) -> frozenset[str]:
    """Return the labels that begin with the prefix, ignoring case."""
    return frozenset(name for name in names if name.casefold().startswith(prefix.casefold()))


def _description(kind: str, subject: _Subject, shown: str | None) -> str:
    """Return at most 100 characters of the Basic Multilingual Plane: GitHub refuses others."""
    if kind == "health":
        text = f"Health, kept by milepost: {subject.health.value.replace('_', ' ')}"
    elif kind == "progress":
        text = f"Progress in percent, kept by milepost: {shown or 'as named'}"
    else:
        text = f"{kind.capitalize()}: {subject.title}"
    return cut("".join(char for char in clean(text, 200) if ord(char) <= 0xFFFF), DESCRIPTION_LENGTH)
