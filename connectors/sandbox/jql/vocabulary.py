"""The fields that a query may name on one site, for one caller."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connectors.sandbox.jira_truth.fields import CustomField
from connectors.sandbox.jira_truth.model import CATEGORIES, JiraIssue
from connectors.sandbox.jira_truth.moves import JiraMoves
from connectors.sandbox.jql.matchers import Choice, Scale, Text, date_reader, number_reader, spoken
from connectors.sandbox.jql.parse import Function, JqlError, Operand, UnknownValue
from connectors.sandbox.world import Account

Matcher = Choice | Scale | Text
Resolver = Callable[[Operand], Iterable[Hashable]]

ALIASES = {
    "issuekey": "key",
    "issue": "key",
    "id": "key",
    "type": "issuetype",
    "createddate": "created",
    "updateddate": "updated",
    "resolutiondate": "resolved",
    "creator": "reporter",
    "epic link": "epiclink",
}
"""Other names of fields, in lower case."""


@dataclass(slots=True)
class Vocabulary:
    """What one caller may say. With `strict=False` an unknown value becomes a warning and matches nothing."""

    site: JiraMoves
    account: Account
    strict: bool = True
    warnings: list[str] = field(default_factory=list)

    def visible(self, issue: JiraIssue) -> bool:
        """Whether the caller may see this issue."""
        return self.site.sees(self.account, issue)

    def finds(self, issue: JiraIssue) -> bool:
        """Whether a search by the caller may find this issue."""
        return self.site.finds(self.account, issue)

    def urgency(self, issue: JiraIssue) -> int:
        """What `ORDER BY priority` compares."""
        return -[one.name for one in self.site.priorities].index(issue.priority)

    def canonical(self, name: str) -> str:
        """The one name of a field: `issuekey` -> `key`; a custom field by its id."""
        lower = name.lower()
        lower = ALIASES.get(lower, lower)
        if lower in BUILDERS and not (lower == "parentepic" and self.site.face == "datacenter"):
            return lower
        if lower.startswith("cf["):
            lower = f"customfield_{lower[3:-1]}"
        for custom in self.site.fields:
            if lower in (custom.id, custom.name.lower()):
                return custom.id
        raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")

    def matcher(self, name: str) -> Matcher:
        """How this field tests an issue. Raises JqlError for an unknown field."""
        canonical = self.canonical(name)
        if canonical in BUILDERS:
            return BUILDERS[canonical](self, name)
        return self._custom(self.site.field(canonical))

    def _custom(self, custom: CustomField) -> Matcher:
        id_ = custom.id
        if custom.kind == "sprint":
            return _sprint(self, custom.name)
        if custom.kind == "epic_link":
            return _epic_link(self, custom.name)
        if custom.kind in ("points", "number"):
            return Scale(lambda issue: issue.custom.get(id_), number_reader(custom.name))
        if custom.kind == "text":
            return Text(lambda issue: (issue.custom.get(id_),))
        return Choice(lambda issue: _several(issue.custom.get(id_)), lambda operand: (spoken(operand),))

    def unknown(self, complaint: str) -> tuple[Hashable, ...]:
        """No value at all, if the caller wants to go on; otherwise raises UnknownValue."""
        if self.strict:
            raise UnknownValue(complaint)
        if complaint not in self.warnings:
            self.warnings.append(complaint)
        return ()

    def one_of(self, name: str, existing: Iterable[tuple[Hashable, Iterable[str]]]) -> Resolver:
        """A resolver: the keys of `existing` whose names or ids contain what was written, in any case."""
        table: dict[str, list[Hashable]] = {}
        for key, names in existing:
            for item in filter(None, names):
                table.setdefault(item.casefold(), []).append(key)

        def resolve(operand: Operand) -> Iterable[Hashable]:
            text = spoken(operand)
            result = table.get(text.casefold())
            return result or self.unknown(f"The value '{text}' does not exist for the field '{name}'.")

        return resolve

    def issue_ids(self, name: str) -> Resolver:
        """A resolver of issue keys and ids."""

        def resolve(operand: Operand) -> Iterable[Hashable]:
            text = spoken(operand)
            issue = self.site.by_key(text)
            if issue is None or not self.visible(issue):
                return self.unknown(f"An issue with key '{text}' does not exist for field '{name}'.")
            return (issue.id,)

        return resolve

    def people(self, name: str) -> Resolver:
        """A resolver of users, by id, name, e-mail or display name, and of currentUser()."""
        by_name = self.one_of(
            name,
            [(one.id, (one.id, one.name, one.email, one.display)) for one in self.site.accounts.values()],
        )

        def resolve(operand: Operand) -> Iterable[Hashable]:
            if _called(operand, ("currentuser",)):
                return (self.account.id,)
            return by_name(operand)

        return resolve


def _called(operand: Operand, functions: Iterable[str]) -> str | None:
    """The name in lower case of the function that is called, without arguments, if it is one of these."""
    if isinstance(operand, Function) and not operand.arguments and operand.name.lower() in functions:
        return operand.name.lower()
    return None


def _several(value: object) -> Iterable[Hashable]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (str(value),)


def _optional(value: Hashable | None) -> tuple[Hashable, ...]:
    return () if value is None else (value,)


def _project(words: Vocabulary, name: str) -> Matcher:
    browses = "BROWSE_PROJECTS" in words.account.permissions
    allowed = [one for one in words.site.projects.values() if browses and not one.hidden and not one.archived]
    existing = [(one.key, (one.key, one.name, one.id, *one.old_keys)) for one in allowed]
    return Choice(lambda issue: (issue.project,), words.one_of(name, existing))


def _status(words: Vocabulary, name: str) -> Matcher:
    existing = [(one.name, (one.name, one.id)) for one in words.site.statuses]
    return Choice(lambda issue: (issue.status,), words.one_of(name, existing))


def _status_category(words: Vocabulary, name: str) -> Matcher:
    category = {status.name: status.category for status in words.site.statuses}
    existing = [(key, (key, title, str(id_))) for key, (id_, title, _) in CATEGORIES.items()]
    return Choice(lambda issue: (category[issue.status],), words.one_of(name, existing))


def _type(words: Vocabulary, name: str) -> Matcher:
    types = words.site.types
    by_name = words.one_of(name, [(one.name, (one.name, one.id)) for one in types])
    functions = {
        "standardissuetypes": [one.name for one in types if one.level >= 0],
        "subtaskissuetypes": [one.name for one in types if one.level < 0],
    }

    def resolve(operand: Operand) -> Iterable[Hashable]:
        called = _called(operand, functions)
        return functions[called] if called else by_name(operand)

    return Choice(lambda issue: (issue.type,), resolve)


def _resolution(words: Vocabulary, name: str) -> Matcher:
    existing: list[tuple[Hashable, Iterable[str]]] = [(None, ("Unresolved",))]  # Jira's word for an empty one
    existing += [(one.name, (one.name, one.id)) for one in words.site.resolutions]
    return Choice(lambda issue: _optional(issue.resolution), words.one_of(name, existing))


def _priority(words: Vocabulary, name: str) -> Matcher:
    priorities = words.site.priorities
    rank = {priority.name: -place for place, priority in enumerate(priorities)}
    existing = [(one.name, (one.name, one.id)) for one in priorities]
    return Choice(lambda issue: (issue.priority,), words.one_of(name, existing), rank.__getitem__)


def _labels(_words: Vocabulary, _name: str) -> Matcher:
    return Choice(lambda issue: issue.labels, lambda operand: (spoken(operand),))


def _component(words: Vocabulary, name: str) -> Matcher:
    existing = [
        (one.name, (one.name, one.id))
        for project in words.site.projects.values()
        for one in project.components
    ]
    return Choice(lambda issue: issue.components, words.one_of(name, existing))


def _version(words: Vocabulary, name: str) -> Matcher:
    existing = [
        (one.name, (one.name, one.id)) for project in words.site.projects.values() for one in project.versions
    ]
    return Choice(lambda issue: issue.versions, words.one_of(name, existing))


def _sprint(words: Vocabulary, name: str) -> Matcher:
    sprints = words.site.sprints.values()
    by_name = words.one_of(name, [(one.id, (one.name, str(one.id))) for one in sprints])
    states = {"opensprints": "active", "closedsprints": "closed", "futuresprints": "future"}

    def resolve(operand: Operand) -> Iterable[Hashable]:
        if called := _called(operand, states):
            return [one.id for one in sprints if one.state == states[called]]
        return by_name(operand)

    return Choice(lambda issue: issue.sprints, resolve)


def _key(words: Vocabulary, name: str) -> Matcher:
    issues = words.site.issues
    return Choice(lambda issue: (issue.id,), words.issue_ids(name), lambda id_: key_order(issues[id_]))


def _parent(words: Vocabulary, name: str) -> Matcher:
    cloud = words.site.face == "cloud"

    def values(issue: JiraIssue) -> tuple[Hashable, ...]:
        # Data Center knows a parent for sub-tasks only; epics have a field of their own.
        return _optional(issue.parent) if cloud or words.site.type_of(issue).level < 0 else ()

    return Choice(values, words.issue_ids(name))


def _epic_link(words: Vocabulary, name: str) -> Matcher:
    return Choice(
        lambda issue: () if words.site.type_of(issue).level < 0 else _optional(issue.parent),
        words.issue_ids(name),
    )


def _parent_epic(words: Vocabulary, name: str) -> Matcher:
    issues = words.site.issues

    def ancestors(issue: JiraIssue) -> Iterable[Hashable]:
        above = issue.parent
        while above is not None:
            yield above
            above = issues[above].parent

    return Choice(ancestors, words.issue_ids(name))


def _text(get: Callable[[JiraIssue], Iterable[str | None]]) -> Callable[[Vocabulary, str], Matcher]:
    return lambda _words, _name: Text(get)


def _comment(words: Vocabulary, _name: str) -> Matcher:
    return Text(lambda issue: [comment.body for comment in words.site.threads.get(issue.id, ())])


def _user(get: Callable[[JiraIssue], str | None]) -> Callable[[Vocabulary, str], Matcher]:
    return lambda words, name: Choice(lambda issue: _optional(get(issue)), words.people(name))


def _date(attribute: str) -> Callable[[Vocabulary, str], Matcher]:
    def build(words: Vocabulary, name: str) -> Matcher:
        read = date_reader(name, words.site.clock.now(), ZoneInfo(words.account.time_zone))
        return Scale(lambda issue: getattr(issue, attribute), read)

    return build


def key_order(issue: JiraIssue) -> tuple[str, int]:
    """What `ORDER BY key` and `key >` compare."""
    return issue.project, issue.number


BUILDERS: dict[str, Callable[[Vocabulary, str], Matcher]] = {
    "project": _project,
    "key": _key,
    "status": _status,
    "statuscategory": _status_category,
    "issuetype": _type,
    "resolution": _resolution,
    "priority": _priority,
    "labels": _labels,
    "component": _component,
    "fixversion": _version,
    "sprint": _sprint,
    "parent": _parent,
    "epiclink": _epic_link,
    "parentepic": _parent_epic,
    "assignee": _user(lambda issue: issue.assignee),
    "reporter": _user(lambda issue: issue.reporter),
    "created": _date("created"),
    "updated": _date("updated"),
    "resolved": _date("resolved"),
    "summary": _text(lambda issue: (issue.summary,)),
    "description": _text(lambda issue: (issue.description,)),
    "text": _text(lambda issue: (issue.summary, issue.description)),
    "comment": _comment,
}
"""Fields that every site has, by their one name in lower case."""
