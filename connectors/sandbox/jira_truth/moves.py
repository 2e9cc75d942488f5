"""Every way in which a sandbox Jira changes, by tests, by the demo, and by requests alike."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import fields as dataclass_fields
from typing import Any, TypeVar

from connectors.sandbox.jira_truth.cast import JiraCast, find
from connectors.sandbox.jira_truth.model import Comment, JiraIssue, Named, Version
from connectors.sandbox.world import Account

LABEL_LIMIT = 255
"""Characters in a label."""

_Part = TypeVar("_Part", Named, Version)

Plain = str | int | float | bool | Sequence[str] | None


class JiraMoves(JiraCast):
    """The verbs. A change takes one second of the clock; a wrong name raises ValueError or KeyError."""

    # Issues

    def create_issue(
        self,
        project: str,
        summary: str,
        *,
        type: str = "Task",  # noqa: A002 - Jira's own word for it
        parent: str | JiraIssue | None = None,
        status: str = "To Do",
        resolution: str | None = None,
        by: Account | None = None,
        **fields: Any,
    ) -> JiraIssue:
        """Create an issue; `fields` are those of `edit`. The project is made if there is none."""
        home = self.add_project(project)
        type_name = self.type(type).name
        now = self.clock.tick()
        home.last_number += 1
        issue = JiraIssue(
            id=self.next_id(),
            key=f"{home.key}-{home.last_number}",
            project=home.key,
            summary=summary,
            type=type_name,
            status=self.statuses[0].name,
            priority=self.default_priority.name,
            reporter=(by or self.person("reporter")).id,
            created=now,
            updated=now,
        )
        self.index(issue)
        try:
            self._apply(issue, {"summary": summary, "parent": parent, **fields})
            self._enter_status(issue, status, resolution)
        except (KeyError, ValueError):
            self.forget(issue)
            raise
        self.changes += 1
        self._index_touch(issue)
        return issue

    def edit(self, key: str, **fields: Any) -> JiraIssue:
        """Set summary, description, type, priority, assignee, reporter, parent, labels, components, versions.

        Also sprints (names), points, team, and `custom={name or id: value}`. Lists replace. All of it happens
        or nothing; what changes nothing does not move `updated`.
        """
        issue = self.issue(key)
        before = _snapshot(issue)
        try:
            self._apply(issue, fields)
        except (KeyError, ValueError):
            self._restore(issue, before)
            raise
        self._touch_if_changed(issue, before)
        return issue

    def transition(self, key: str, status: str, resolution: str | None = None) -> JiraIssue:
        """Move to another status; entering a done status resolves as Done unless told otherwise."""
        issue = self.issue(key)
        self._enter_status(issue, status, resolution)
        self.touch(issue)
        return issue

    def move(self, key: str, project: str) -> str:
        """Move to another project; the new key. The old key still leads to the issue."""
        issue = self.issue(key)
        home = self.add_project(project)
        self.unindex(issue)
        home.last_number += 1
        issue.old_keys.append(issue.key)
        issue.key, issue.project = f"{home.key}-{home.last_number}", home.key
        issue.components, issue.versions = [], []  # they belong to the project that was left
        self.index(issue)
        self.touch(issue)
        return issue.key

    def delete(self, key: str) -> None:
        """Delete an issue with its sub-tasks and comments; nothing that remains tells of it."""
        issue = self.issue(key)
        for child in self.children(issue):
            if self.type(child.type).level < 0:
                self.forget(child)
        self.forget(issue)
        self.clock.tick()
        self.changes += 1

    def hide(self, key: str, *, hidden: bool = True) -> None:
        """Let nobody see the issue any more, or see it again; its `updated` does not move, as in Jira."""
        issue = self.issue(key)
        (self.hidden.add if hidden else self.hidden.discard)(issue.id)
        self.changes += 1

    def add_labels(self, key: str, *labels: str) -> JiraIssue:
        """Add labels, leaving the others alone."""
        issue = self.issue(key)
        return self.edit(issue.key, labels=[*issue.labels, *labels])

    def remove_labels(self, key: str, *labels: str) -> JiraIssue:
        """Remove labels; one that is not there is no error."""
        issue = self.issue(key)
        return self.edit(issue.key, labels=[label for label in issue.labels if label not in labels])

    def issue(self, key: str) -> JiraIssue:
        """The issue with this key, old key, or id. Raises KeyError if there is none."""
        issue = self.by_key(key)
        if issue is None:
            raise KeyError(f"no issue {key!r} in the sandbox Jira {self.name!r}")
        return issue

    # Comments

    def comments(self, key: str) -> list[Comment]:
        """The comments of an issue, oldest first."""
        return list(self.threads.get(self.issue(key).id, ()))

    def comment(
        self,
        key: str,
        body: str,
        author: str | Account | None = None,
        *,
        visibility: Mapping[str, str] | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Comment:
        """Write a comment, as milepost itself unless an author is named."""
        issue = self.issue(key)
        account = self._account(author)
        self.touch(issue)
        comment = Comment(
            id=self.next_id(),
            issue=issue.id,
            author=account.id,
            editor=account.id,
            body=body,
            created=issue.updated,
            updated=issue.updated,
            visibility=dict(visibility) if visibility else None,
            properties=dict(properties or {}),
        )
        self.threads.setdefault(issue.id, []).append(comment)
        return comment

    def edit_comment(self, comment: Comment, body: str, author: str | Account | None = None) -> Comment:
        """Change a comment's text."""
        issue = self.issues[comment.issue]
        self.touch(issue)
        comment.body, comment.updated, comment.editor = body, issue.updated, self._account(author).id
        return comment

    def delete_comment(self, comment: Comment) -> None:
        """Remove a comment."""
        self.threads[comment.issue].remove(comment)
        self.touch(self.issues[comment.issue])

    # Links

    def block(self, key: str, by: str, *, blocked: bool = True) -> JiraIssue:
        """Let an issue be blocked by another one, or take that link away."""
        issue, other = self.issue(key), self.issue(by)
        if issue is other:
            raise ValueError(f"{key} cannot block itself")
        if (other.id in issue.blockers) != blocked:
            (issue.blockers.append if blocked else issue.blockers.remove)(other.id)
            (other.blocking.append if blocked else other.blocking.remove)(issue.id)
            for one in (issue, other) if self.quirks.links_touch else ():
                self.touch(one)
        return issue

    def set_property(self, issue: JiraIssue, name: str, value: Any) -> None:
        """Set an entity property of an issue; its `updated` does not move, as in Jira."""
        issue.properties[name] = value
        self.changes += 1

    def _account(self, author: str | Account | None) -> Account:
        if author is None:
            return self.bot
        return author if isinstance(author, Account) else self.person(author)

    def _enter_status(self, issue: JiraIssue, name: str, resolution: str | None) -> None:
        status = self.status(name)
        issue.status = status.name
        if status.category == "done":
            issue.resolution = self.resolution(resolution or "Done").name
            issue.resolved = self.clock.now()
        elif resolution is not None:
            raise ValueError(f"an issue in {status.name!r} is open and has no resolution")
        else:
            issue.resolution = issue.resolved = None

    def _restore(self, issue: JiraIssue, before: Mapping[str, Any]) -> None:
        self.unindex(issue)
        for name, value in before.items():
            setattr(issue, name, value)
        self.index(issue)

    def _touch_if_changed(self, issue: JiraIssue, before: Mapping[str, Any]) -> None:
        if _snapshot(issue) != before:
            self.touch(issue)

    def _apply(self, issue: JiraIssue, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            setter = getattr(self, f"_set_{name}", None)
            if setter is None:
                raise ValueError(f"the sandbox's issues have no {name!r}")
            setter(issue, value)

    def _set_summary(self, issue: JiraIssue, value: str) -> None:
        if not value.strip() or "\n" in value:
            raise ValueError("a summary is one line and not empty")
        issue.summary = value

    def _set_description(self, issue: JiraIssue, value: str | None) -> None:
        issue.description = value

    def _set_type(self, issue: JiraIssue, value: str) -> None:
        issue.type = self.type(value).name

    def _set_priority(self, issue: JiraIssue, value: str) -> None:
        issue.priority = find(self.priorities, value, "priority").name

    def _set_assignee(self, issue: JiraIssue, value: str | None) -> None:
        issue.assignee = None if value is None else self.person(value).id

    def _set_reporter(self, issue: JiraIssue, value: str) -> None:
        issue.reporter = self.person(value).id

    def _set_labels(self, issue: JiraIssue, value: Iterable[str]) -> None:
        issue.labels = [check_label(label) for label in dict.fromkeys(value)]

    def _set_components(self, issue: JiraIssue, value: Iterable[str]) -> None:
        issue.components = self._named(self.projects[issue.project].components, Named, value)

    def _set_versions(self, issue: JiraIssue, value: Iterable[str]) -> None:
        issue.versions = self._named(self.projects[issue.project].versions, Version, value)

    def _set_sprints(self, issue: JiraIssue, value: Iterable[str]) -> None:
        by_name = {sprint.name: sprint.id for sprint in self.sprints.values()}
        issue.sprints = [by_name[name] if name in by_name else self.add_sprint(name).id for name in value]

    def _set_points(self, issue: JiraIssue, value: float | None) -> None:
        field = self.field_of("points") or self.field("Story Points")
        self._set_custom(issue, {field.id: value})

    def _set_team(self, issue: JiraIssue, value: str | None) -> None:
        self._set_custom(issue, {"Team": value})

    def _set_custom(self, issue: JiraIssue, value: Mapping[str, Plain]) -> None:
        for name, requested in value.items():
            field = self.field(name)
            if not field.accepts(requested):
                raise ValueError(f"{requested!r} is no value of the {field.kind} field {field.name!r}")
            if requested is None:
                issue.custom.pop(field.id, None)
            else:
                issue.custom[field.id] = requested

    def _set_parent(self, issue: JiraIssue, value: str | JiraIssue | None) -> None:
        parent = self.issue(value) if isinstance(value, str) else value
        if parent is not None and self.type_of(parent).level <= self.type_of(issue).level:
            raise ValueError(f"{parent.key} ({parent.type}) cannot be the parent of a {issue.type}")
        if parent is None and self.type_of(issue).level < 0:
            raise ValueError("a sub-task needs a parent")
        self.unindex(issue)
        issue.parent = None if parent is None else parent.id
        self.index(issue)

    def _named(self, existing: list[_Part], kind: type[_Part], names: Iterable[str]) -> list[str]:
        """Components and versions come into being when the world first uses them."""
        for name in names:
            if all(name != item.name for item in existing):
                existing.append(kind(str(self.next_id()), name))
        return list(dict.fromkeys(names))


def _snapshot(issue: JiraIssue) -> dict[str, Any]:
    return {
        dataclass_field.name: copy(getattr(issue, dataclass_field.name))
        for dataclass_field in dataclass_fields(issue)
    }


def check_label(label: str) -> str:
    """The label itself; raises ValueError for one that Jira refuses."""
    if not label or any(character.isspace() for character in label):
        raise ValueError(f"The label '{label}' contains spaces which is invalid.")
    if len(label) > LABEL_LIMIT:
        raise ValueError(
            f"The label '{label[:20]}...' exceeds the maximum length of {LABEL_LIMIT} characters."
        )
    return label
