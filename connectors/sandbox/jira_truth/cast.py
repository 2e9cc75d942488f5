"""The people, projects and names of a sandbox Jira."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from connectors.sandbox.jira_truth.fields import KINDS, CustomField
from connectors.sandbox.jira_truth.model import (
    CATEGORIES,
    PERMISSIONS,
    IssueType,
    JiraIssue,
    Named,
    Project,
    Sprint,
    Status,
    Version,
)
from connectors.sandbox.jira_truth.store import JiraStore
from connectors.sandbox.world import Account

Entry = TypeVar("Entry", Status, IssueType, Named, Version, CustomField)


class JiraCast(JiraStore):
    """Who and what there is; a wrong name raises ValueError or KeyError."""

    def person(self, name: str, *, token: str | None = None, time_zone: str = "UTC") -> Account:
        """The account of this user name, made if there is none, with all permissions but administration."""
        for account in self.accounts.values():
            if name in (account.name, account.id):
                return account
        id_ = f"5f{len(self.accounts) + 1:022d}"
        return self.add_account(
            Account(
                id=id_,
                name=name,
                display=name.title(),
                email=f"{name}@sandbox.test",
                token=token,
                time_zone=time_zone,
                permissions=PERMISSIONS - {"ADMINISTER"},
            )
        )

    def add_account(self, account: Account) -> Account:
        """Add an account, or put it in the place of the one with the same id."""
        self.accounts[account.id] = account
        self.changes += 1
        return account

    def add_project(self, key: str, name: str = "") -> Project:
        """The project with this key, or with this key once, made if there is none."""
        result = self.project(key)
        if result is None:
            result = self.projects[key] = Project(str(self.next_id()), key, name or key.title())
            self.changes += 1
        return result

    def add_status(self, name: str, category: str) -> Status:
        """Add a status; `category` is new, indeterminate, done or undefined."""
        status = Status(str(self.next_id()), name, known(category, CATEGORIES, "status category"))
        self.statuses.append(status)
        self.changes += 1
        return status

    def add_sprint(self, name: str, state: str = "active") -> Sprint:
        """Add a sprint that is future, active or closed."""
        sprint = Sprint(self.next_id(), name, known(state, ("future", "active", "closed"), "sprint state"))
        self.sprints[sprint.id] = sprint
        self.changes += 1
        return sprint

    def add_field(self, name: str, kind: str = "text") -> CustomField:
        """Add a custom field; `kind` is a key of `fields.KINDS`."""
        field = CustomField(
            f"customfield_{self.next_id() + 10000}", name, known(kind, KINDS, "kind of field")
        )
        self.fields.append(field)
        self.changes += 1
        return field

    @property
    def default_priority(self) -> Named:
        """What an issue has of which none was asked for: the middle one, whatever it is called today."""
        return self.priorities[len(self.priorities) // 2]

    def status(self, name: str) -> Status:
        """The status of this name or id, in any case. Raises KeyError if there is none."""
        return find(self.statuses, name, "status")

    def field(self, name: str) -> CustomField:
        """The custom field of this name or id, in any case. Raises KeyError if there is none."""
        return find(self.fields, name, "custom field")

    def field_of(self, *kinds: str) -> CustomField | None:
        """The first custom field of one of these kinds."""
        return next((field for field in self.fields if field.kind in kinds), None)

    def type_of(self, issue: JiraIssue) -> IssueType:
        """The issue's type."""
        return self.type(issue.type)

    def type(self, name: str) -> IssueType:
        """The issue type of this name or id, in any case. Raises KeyError if there is none."""
        return find(self.types, name, "issue type")

    def resolution(self, name: str) -> Named:
        """The resolution of this name or id, in any case. Raises KeyError if there is none."""
        return find(self.resolutions, name, "resolution")


def known(value: str, allowed: Iterable[str], what: str) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is no {what}; there are: {', '.join(allowed)}")
    return value


def find(entries: Sequence[Entry], name: str, what: str) -> Entry:
    for entry in entries:
        if entry.name.casefold() == name.casefold() or entry.id == name:
            return entry
    raise KeyError(f"no {what} {name!r}; there are: {', '.join(entry.name for entry in entries)}")
