"""Checks of more than one table: ids, links between tables, and what the trackers can answer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from connectors.interface import TrackerInfo
from connectors.names import fold_name
from mappings.goal_tree import Goal, KeyResult, Milestone
from mappings.parse import Draft, Place
from mappings.problems import Problem, nearest
from mappings.rule import Condition, LabelMatch, Rule
from mappings.rules.compiler import Compiler
from mappings.rules.issue_references import (
    CONTAINER_KEYS,
    ONLY_IN,
    QUERY_KEYS,
    ROOT_KEYS,
    References,
    container_fits,
    field_sources,
    speaks,
    written,
)
from mappings.rules.predicates import NEVER
from mappings.rules.ruleset import INTAKE

SINGULAR = {"goals": "goal", "key_results": "key result", "milestones": "milestone"}
ISSUE_KEYS = ("keys", *ROOT_KEYS)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks read, and the list to which they add problems."""

    drafts: Sequence[Draft]
    references: References
    complete: bool
    """Whether every file could be read."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def trackers(self) -> Iterable[TrackerInfo]:
        """All configured trackers."""
        return self.references.trackers.values()


def check(drafts: Sequence[Draft], trackers: Sequence[TrackerInfo], complete: bool = True) -> list[Problem]:
    """Every problem between the tables, and between them and the trackers.

    Unless the drafts are `complete`, a link that leads nowhere is no problem yet.
    """
    checked = Checked(drafts, References(trackers), complete)
    unique_ids(checked)
    for draft in drafts:
        links(checked, draft)
        intake_label(checked, draft)
        tracking(checked, draft)
        if not isinstance(draft.item, Goal):
            for position, rule in enumerate(draft.item.rules):
                if draft.trusted("rules", position):
                    whole_rule(checked, draft, position, rule)
                else:
                    conditions(checked, draft, ("rules", position), rule, checked.trackers)
    return checked.problems


def unique_ids(checked: Checked) -> None:
    """Ids that occur twice, in whatever tables and files."""
    first: dict[str, Draft] = {}
    for draft in checked.drafts:
        other = first.setdefault(draft.id, draft)
        if other is not draft:
            line = other.source.locator.line(other.path)
            message = f'the id "{draft.id}" is taken: {SINGULAR[other.table]} at {other.source.name}:{line}'
            hint = "Goals, key results and milestones of all files share one namespace of ids; rename one"
            checked.problems.append(draft.problem((), message, hint))


def links(checked: Checked, draft: Draft) -> None:
    """`goal` and `leads_to` name tables that exist."""
    if isinstance(draft.item, KeyResult) and draft.trusted("goal"):
        _link(checked, draft, ("goal",), draft.item.goal, "goals")
    elif isinstance(draft.item, Milestone) and draft.trusted("leads_to"):
        for position, name in enumerate(draft.item.leads_to):
            _link(checked, draft, ("leads_to", position), name, "key_results")


def _link(checked: Checked, draft: Draft, path: Place, name: str, table: str) -> None:
    tables = {other.table for other in checked.drafts if other.id == name}
    if table in tables or not (tables or checked.complete):
        return
    requested = SINGULAR[table]
    if tables:
        message = f'"{name}" is a {SINGULAR[min(tables)]}, expected a {requested}'
        hint = "A milestone leads to key results, and each key result belongs to a goal"
    else:
        message = f'there is no {requested} "{name}"'
        existing = (other.id for other in checked.drafts if other.table == table)
        hint = nearest(name, existing) or f"Add [{table}.{name}]"
    checked.problems.append(draft.problem(path, message, hint))


def intake_label(checked: Checked, draft: Draft) -> None:
    """A label `milestone/<id>` that is too long for a tracker."""
    if draft.table != "milestones":
        return
    length = len(INTAKE + draft.id)
    for info in checked.trackers:
        if length > info.label_limit:
            message = f"the label {INTAKE}{draft.id} is {length} long, {info.name} takes {info.label_limit}"
            checked.problems.append(draft.problem((), message, "Choose a shorter id"))


def tracking(checked: Checked, draft: Draft) -> None:
    """Keys of tracking issues that do not belong to exactly one tracker."""
    item = draft.item
    if isinstance(item, KeyResult) or not draft.trusted("tracking"):
        return
    for position, text in enumerate(item.tracking or ()):
        _owned(checked, draft, ("tracking", position), text, checked.trackers)


def whole_rule(checked: Checked, draft: Draft, position: int, rule: Rule) -> None:
    """The conditions of a rule, and whether all of them can hold for one issue."""
    before = len(checked.problems)
    path: Place = ("rules", position)
    conditions(checked, draft, path, rule, checked.trackers)
    if len(checked.problems) > before:
        return

    def unknown(_tracker: str, _key: str) -> str | None:
        return None

    compilers = (Compiler(info, checked.references, unknown) for info in checked.trackers)
    if all(compiler.rule(rule) == NEVER for compiler in compilers):
        message = "no issue can match: no tracker has everything that these keys ask for together"
        hint = "Every key of a rule must hold; for alternatives write two rules, or any = [...]"
        checked.problems.append(draft.problem(path, message, hint))


def conditions(
    checked: Checked, draft: Draft, path: Place, condition: Condition, outer: Iterable[TrackerInfo]
) -> None:
    """A condition and those inside of it, for the trackers that the outer ones leave."""
    scope = list(_scope(checked, draft, path, condition, outer))
    _places(checked, draft, path, condition, scope)
    _kinds(checked, draft, path, condition, scope)
    _fields(checked, draft, path, condition, scope)
    _labels(checked, draft, path, condition, scope)
    for name in ISSUE_KEYS:
        for position, text in enumerate(getattr(condition, name)):
            _owned(checked, draft, (*path, name, position), text, scope, name)
    for name in ("all", "any", "none"):
        for position, value in enumerate(getattr(condition, name)):
            conditions(checked, draft, (*path, name, position), value, scope)


def _scope(
    checked: Checked, draft: Draft, path: Place, condition: Condition, outer: Iterable[TrackerInfo]
) -> Iterator[TrackerInfo]:
    if not condition.tracker:
        yield from outer
        return
    existing = {fold_name(info.name) for info in checked.trackers}
    requested = set()
    for position, name in enumerate(condition.tracker):
        requested.add(fold_name(name))
        if fold_name(name) not in existing:
            hint = nearest(name, checked.references.trackers)
            message = f'there is no tracker "{name}"'
            checked.problems.append(draft.problem((*path, "tracker", position), message, hint))
    for info in outer:
        # A tracker that does not exist is reported once, not again for everything said of it.
        if not requested & existing or fold_name(info.name) in requested:
            yield info


def _places(
    checked: Checked, draft: Draft, path: Place, condition: Condition, scope: Sequence[TrackerInfo]
) -> None:
    for key in (key for key in CONTAINER_KEYS if getattr(condition, key)):
        speaking = [info for info in scope if speaks(key, info)]
        held = [name for info in speaking for name in info.containers]
        for position, name in enumerate(getattr(condition, key) if speaking else ()):
            bare = name.removesuffix("/*") if key == "repository" else name
            if any(sign in bare for sign in "*?["):
                message, hint = (
                    f'"{name}" is a pattern',
                    "Only owner/* is one, for every repository of an owner",
                )
            elif container_fits(name, held):
                continue
            else:
                message, hint = f'no tracker has the {key} "{name}"', nearest(name, held)
            checked.problems.append(draft.problem((*path, key, position), message, hint))


def _kinds(
    checked: Checked, draft: Draft, path: Place, condition: Condition, scope: Sequence[TrackerInfo]
) -> None:
    """Keys that none of the condition's trackers can answer."""
    for name in sorted(condition.model_fields_set - set(ROOT_KEYS)):
        if not getattr(condition, name) or not scope or any(speaks(name, info) for info in scope):
            continue
        key = written(name)
        there = ", ".join(f"{info.name} ({info.kind})" for info in scope)
        kind = ONLY_IN.get(name)
        what = f"is for trackers of kind {kind}" if kind else "is for other kinds of tracker"
        hint = "Name another tracker" if name in QUERY_KEYS else "Name another tracker, or leave it out"
        message = f"{key} {what}, but this rule is about {there}"
        checked.problems.append(draft.problem((*path, key), message, hint))


def _fields(
    checked: Checked, draft: Draft, path: Place, condition: Condition, scope: Sequence[TrackerInfo]
) -> None:
    """Fields of a project that none of the condition's trackers has."""
    for name in condition.field if scope else ():
        sources = field_sources(name, checked.trackers)
        if sources and sources.isdisjoint(info.name for info in scope):
            there = ", ".join(f"{info.name} ({info.kind})" for info in scope)
            project, _, _ = name.partition("/")
            message = f'the project "{project}" is one of {", ".join(sorted(sources))}, '
            message += f"but this rule is about {there}"
            hint = "Name another tracker, or a field that this one has"
            checked.problems.append(draft.problem((*path, "field", name), message, hint))


def _labels(
    checked: Checked, draft: Draft, path: Place, condition: Condition, scope: Sequence[TrackerInfo]
) -> None:
    label = condition.label
    names = (*label.any, *label.all) if isinstance(label, LabelMatch) else label
    limit = max((info.label_limit for info in scope), default=0)
    for name in names if scope else ():
        if len(name) > limit:
            message = f'the label "{name}" is {len(name)} long, the longest possible is {limit}'
        elif " " in name and not any(info.label_spaces for info in scope):
            message = f'no label of {", ".join(info.name for info in scope)} can hold a space: "{name}"'
        else:
            continue
        checked.problems.append(draft.problem((*path, "label"), message, "No issue can have this label"))


def _owned(
    checked: Checked, draft: Draft, path: Place, text: str, scope: Iterable[TrackerInfo], key: str = ""
) -> None:
    names = [info.name for info in scope]
    readings = checked.references.readings(text)
    owners = checked.references.owners(text, names)
    if not readings:
        message = f'"{text}" is no issue key that a configured tracker knows'
        hint = "Keys look like BLOG-12 in Jira and owner/name#12 on GitHub"
    elif not owners:
        message = f"no tracker{_among(checked, names)} owns {text}"
        hint = _scopes(checked, names, text)
    elif len(owners) > 1:
        message = f"{text} could belong to {' or '.join(owners)}"
        first = min(owners)
        hint = f'Write "{first}:{text}"' + (f', or add tracker = "{first}" to the rule' if key else "")
    elif key and not speaks(key, checked.references.trackers[min(owners)]):
        message = f"{key} is for trackers of kind {ONLY_IN[key]}, but {text} belongs to {min(owners)}"
        hint = f"Use {'sub_issues_of' if key == 'epic' else 'epic'} or parent"
    else:
        return
    checked.problems.append(draft.problem(path, message, hint))


def _among(checked: Checked, names: Sequence[str]) -> str:
    return "" if len(names) == len(checked.references.trackers) else f" among {', '.join(names)}"


def _scopes(checked: Checked, names: Sequence[str], text: str) -> str:
    infos = [info for info in checked.trackers if info.name in names]
    if not infos:
        return ""
    _, key = checked.references.split(text)
    container = key.rpartition("#" if "#" in key else "-")[0]
    close = nearest(container, [held for info in infos for held in info.containers])
    scopes = "; ".join(f"{info.name}: {', '.join(info.containers)}" for info in infos)
    return close if close.startswith("Did") else f"In scope are {scopes}"
