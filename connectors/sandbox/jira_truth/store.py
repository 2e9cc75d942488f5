"""The tables of a sandbox Jira with their indexes, and how they become JSON and come back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Literal, Self, TypeVar

from connectors.sandbox.jira_truth.fields import CustomField, default_fields
from connectors.sandbox.jira_truth.model import (
    Comment,
    IssueType,
    JiraIssue,
    Named,
    Project,
    Quirks,
    Scan,
    Sprint,
    Status,
    Version,
    bot,
    default_priorities,
    default_resolutions,
    default_statuses,
    default_types,
)
from connectors.sandbox.world import Account, Clock

Face = Literal["cloud", "datacenter"]
Record = TypeVar("Record", JiraIssue, Comment)


class JiraStore:
    """Everything that is true on one site, found by id, key, project and time of change."""

    def __init__(self, name: str, face: Face = "cloud", clock: Clock | None = None) -> None:
        """An empty site with default statuses, types, resolutions, fields and milepost's own account."""
        if face not in ("cloud", "datacenter"):
            raise ValueError(f"a Jira has the face 'cloud' or 'datacenter', not {face!r}")
        self.name = name
        self.face: Face = face
        self.clock = clock or Clock()
        self.changed_at = self.clock.now()
        self._changes = 0
        self.quirks = Quirks()
        self.accounts: dict[str, Account] = {}
        self.scoped: set[str] = set()
        """Ids of accounts whose token works through the gateway URL only (Cloud)."""
        self.anonymous = False
        """Treat refused credentials as an anonymous reader who sees nothing, as some Jira sites do."""
        self.hidden: set[int] = set()
        """Ids of issues that nobody who calls may see."""
        self.hidden_comments: set[int] = set()
        """Ids of comments that nobody who calls may see; the `total` of a list counts them all the same."""
        self.bulk_errors: set[int] = set()
        """Ids of issues that a bulk fetch names in `issueErrors` instead of giving them."""
        self.off_screen: set[tuple[str, str]] = set()
        """Fields that no edit screen has: (id of a project or of an issue, id of the field)."""
        self.statuses = default_statuses()
        self.types = default_types()
        self.resolutions = default_resolutions()
        self.priorities = default_priorities()
        self.fields: list[CustomField] = default_fields(face)
        self.projects: dict[str, Project] = {}
        self.sprints: dict[int, Sprint] = {}
        self.issues: dict[int, JiraIssue] = {}
        self.threads: dict[int, list[Comment]] = {}
        """The comments of each issue, oldest first."""
        self.last_id = 10000
        self.scans: dict[str, Scan] = {}
        """Searches under way, oldest first; they do not outlive the process."""
        self.scan_count = 0
        self._keys: dict[str, int] = {}
        self._by_project: dict[str, dict[int, JiraIssue]] = {}
        self._children: dict[int, dict[int, JiraIssue]] = {}
        self._by_touch: dict[int, JiraIssue] = {}
        self._touched_in_order = True
        self._last_touch: datetime | None = None
        account = bot()
        self.accounts[account.id] = account

    @property
    def changes(self) -> int:
        """How many changes happened so far."""
        return self._changes

    @changes.setter
    def changes(self, number: int) -> None:
        self._changes, self.changed_at = number, self.clock.now()

    @property
    def bot(self) -> Account:
        """Milepost's own account."""
        return next(iter(self.accounts.values()))

    def next_id(self) -> int:
        """A number that nothing else on this site has."""
        self.last_id += 1
        return self.last_id

    def by_key(self, id_or_key: str) -> JiraIssue | None:
        """The issue with this id, key (in any case), or key that it had before it was moved."""
        if id_or_key.isdecimal() and id_or_key.isascii():
            return self.issues.get(int(id_or_key))
        result = self._keys.get(id_or_key.upper())
        return None if result is None else self.issues[result]

    def project(self, name: str) -> Project | None:
        """The project with this id, key, or key that it had before; None if there is none."""
        result = self.projects.get(name)
        if result is not None:
            return result
        return next((one for one in self.projects.values() if name == one.id or name in one.old_keys), None)

    def sees(self, account: Account, issue: JiraIssue) -> bool:
        """Whether an account may open an issue."""
        closed = issue.id in self.hidden or self.projects[issue.project].hidden
        return "BROWSE_PROJECTS" in account.permissions and not closed

    def finds(self, account: Account, issue: JiraIssue) -> bool:
        """Whether a search by an account may find an issue: nothing archived is in the index."""
        archived = issue.archived or self.projects[issue.project].archived
        return not archived and self.sees(account, issue)

    def in_projects(self, keys: Iterable[str]) -> Iterator[JiraIssue]:
        """All issues of these projects."""
        for key in dict.fromkeys(keys):
            yield from self._by_project.get(key, {}).values()

    def children(self, issue: JiraIssue) -> list[JiraIssue]:
        """The issues directly under this one, oldest first."""
        return sorted(self._children.get(issue.id, {}).values(), key=lambda child: child.id)

    def updated_since(self, moment: datetime) -> Iterator[JiraIssue] | None:
        """The issues that changed at `moment` or later; None where only a full scan can tell."""
        return self._newest_until(moment) if self._touched_in_order else None

    def _newest_until(self, moment: datetime) -> Iterator[JiraIssue]:
        for issue in reversed(self._by_touch.values()):
            if issue.updated < moment:
                return
            yield issue

    def touch(self, issue: JiraIssue) -> None:
        """Let the issue be changed now, one second after whatever changed before."""
        issue.updated = self.clock.tick()
        self.changes += 1
        self._index_touch(issue)

    def _index_touch(self, issue: JiraIssue) -> None:
        if self._last_touch is not None and issue.updated < self._last_touch:
            self._touched_in_order = False  # somebody turned the clock back
        self._last_touch = issue.updated
        self._by_touch.pop(issue.id, None)
        self._by_touch[issue.id] = issue

    def index(self, issue: JiraIssue) -> None:
        """Enter an issue under its id, its keys, its project and its parent."""
        self.issues[issue.id] = issue
        for key in (issue.key, *issue.old_keys):
            self._keys[key] = issue.id
        self._by_project.setdefault(issue.project, {})[issue.id] = issue
        if issue.parent is not None:
            self._children.setdefault(issue.parent, {})[issue.id] = issue

    def unindex(self, issue: JiraIssue) -> None:
        """Take an issue out again, before it moves or because it is deleted."""
        del self.issues[issue.id]
        for key in (issue.key, *issue.old_keys):
            self._keys.pop(key, None)
        del self._by_project[issue.project][issue.id]
        if issue.parent is not None:
            self._children.get(issue.parent, {}).pop(issue.id, None)

    def forget(self, issue: JiraIssue) -> None:
        """Delete an issue with all that belongs to it; its children lose their parent."""
        self.unindex(issue)
        self._by_touch.pop(issue.id, None)
        self.threads.pop(issue.id, None)
        self.hidden.discard(issue.id)
        self.bulk_errors.discard(issue.id)
        for child in self._children.pop(issue.id, {}).values():
            child.parent = None

    def dump(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return {
            "name": self.name,
            "face": self.face,
            "changes": self.changes,
            "last_id": self.last_id,
            "anonymous": self.anonymous,
            "scoped": sorted(self.scoped),
            "hidden": sorted(self.hidden),
            "hidden_comments": sorted(self.hidden_comments),
            "bulk_errors": sorted(self.bulk_errors),
            "off_screen": sorted(self.off_screen),
            "quirks": asdict(self.quirks),
            "priorities": [asdict(priority) for priority in self.priorities],
            "accounts": [account.dump() for account in self.accounts.values()],
            "statuses": [asdict(status) for status in self.statuses],
            "types": [asdict(type_) for type_ in self.types],
            "resolutions": [asdict(resolution) for resolution in self.resolutions],
            "fields": [asdict(field) for field in self.fields],
            "projects": [asdict(project) for project in self.projects.values()],
            "sprints": [asdict(sprint) for sprint in self.sprints.values()],
            "issues": [_row(issue) for _, issue in sorted(self.issues.items())],
            "comments": [_row(comment) for comments in self.threads.values() for comment in comments],
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """The site that `dump` wrote."""
        site = cls(data["name"], data["face"])
        site.changes, site.last_id = data["changes"], data["last_id"]
        site.anonymous, site.scoped, site.hidden = data["anonymous"], set(data["scoped"]), set(data["hidden"])
        site.hidden_comments = set(data.get("hidden_comments", ()))
        site.bulk_errors = set(data.get("bulk_errors", ()))
        site.off_screen = {(owner, name) for owner, name in data.get("off_screen", ())}
        site.quirks = Quirks(**data.get("quirks", {}))
        if "priorities" in data:
            site.priorities = [Named(**row) for row in data["priorities"]]
        accounts = [Account.load(row) for row in data["accounts"]]
        site.accounts = {account.id: account for account in accounts}
        site.statuses = [Status(**row) for row in data["statuses"]]
        site.types = [IssueType(**row) for row in data["types"]]
        site.resolutions = [Named(**row) for row in data["resolutions"]]
        site.fields = [CustomField(**row) for row in data["fields"]]
        site.projects = {row["key"]: _project(row) for row in data["projects"]}
        site.sprints = {row["id"]: Sprint(**row) for row in data["sprints"]}
        for issue in sorted((_record(JiraIssue, row) for row in data["issues"]), key=lambda one: one.id):
            site.index(issue)
        for issue in sorted(site.issues.values(), key=lambda one: one.updated):
            site._index_touch(issue)
        for row in data["comments"]:
            comment = _record(Comment, row)
            site.threads.setdefault(comment.issue, []).append(comment)
        return site


TIMES = ("created", "updated", "resolved")


def _row(record: JiraIssue | Comment) -> dict[str, Any]:
    """A record as a flat mapping; times as text. (`asdict` copies deeply and is ten times slower.)"""
    row = {field.name: getattr(record, field.name) for field in fields(record)}
    for name in TIMES:
        if row.get(name) is not None:
            row[name] = row[name].isoformat()
    return row


def _record(kind: type[Record], row: Mapping[str, Any]) -> Record:
    times = {name: datetime.fromisoformat(row[name]) for name in TIMES if row.get(name) is not None}
    return kind(**{**row, **times})


def _project(row: Mapping[str, Any]) -> Project:
    components = [Named(**item) for item in row["components"]]
    versions = [Version(**item) for item in row["versions"]]
    return Project(**{**row, "components": components, "versions": versions})
