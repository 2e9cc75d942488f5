"""What administrators do in a sandbox Jira; little of it moves the `updated` of an issue."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from connectors.sandbox.jira_truth.cast import find, known
from connectors.sandbox.jira_truth.fields import SYSTEM
from connectors.sandbox.jira_truth.model import CATEGORIES, Comment, JiraIssue, Project
from connectors.sandbox.jira_truth.moves import JiraMoves


class JiraAdminMoves(JiraMoves):
    """Names, categories, access and archives. `docs/vendors.md` has the source of each belief.

    A wrong name raises KeyError or ValueError; where issues change by it, `updated` moves only where
    `quirks.definitions_touch` says so.
    """

    # Names and categories

    def rename_project(self, old: str, new: str) -> Project:
        """Give a project another key, and all its issues with it; the old keys lead to the new ones."""
        home = self._project_of(old)
        if self.project(new) not in (None, home):
            raise ValueError(f"there is a project {new!r} already, or there was one")
        issues = list(self.in_projects([home.key]))
        for issue in issues:
            self.unindex(issue)
        del self.projects[home.key]
        home.old_keys.append(home.key)
        home.key = new
        self.projects[new] = home
        for issue in issues:
            issue.old_keys.append(issue.key)
            issue.key, issue.project = f"{new}-{issue.number}", new
            self.index(issue)
        self._redefined(issues)
        return home

    def rename_version(self, project: str, old: str, new: str) -> None:
        """Give a fix version another name."""
        home = self._project_of(project)
        find(home.versions, old, "version").name = new
        self._replace(self.in_projects([home.key]), "versions", old, new)

    def release_version(self, project: str, name: str, *, released: bool = True) -> None:
        """Release a fix version, or take that back."""
        find(self._project_of(project).versions, name, "version").released = released
        self._done()

    def archive_version(self, project: str, name: str, *, archived: bool = True) -> None:
        """Archive a fix version: issues go on bearing it, none can be given it any more; or restore it."""
        find(self._project_of(project).versions, name, "version").archived = archived
        self._done()

    def merge_version(self, project: str, old: str, into: str | None) -> None:
        """Delete a fix version; what bore it bears the other from now on, or none."""
        home = self._project_of(project)
        gone = find(home.versions, old, "version")
        kept = None if into is None else find(home.versions, into, "version").name
        home.versions.remove(gone)
        self._replace(self.in_projects([home.key]), "versions", gone.name, kept)

    def delete_component(self, project: str, name: str, into: str | None = None) -> None:
        """Delete a component; what bore it bears the other from now on, or none."""
        home = self._project_of(project)
        gone = find(home.components, name, "component")
        kept = None if into is None else find(home.components, into, "component").name
        home.components.remove(gone)
        self._replace(self.in_projects([home.key]), "components", gone.name, kept)

    def rename_component(self, project: str, old: str, new: str) -> None:
        """Give a component another name."""
        home = self._project_of(project)
        find(home.components, old, "component").name = new
        self._replace(self.in_projects([home.key]), "components", old, new)

    def rename_sprint(self, old: str, new: str) -> None:
        """Give a sprint another name."""
        sprint = next((one for one in self.sprints.values() if one.name == old), None)
        if sprint is None:
            raise KeyError(f"no sprint {old!r}")
        sprint.name = new
        self._redefined(issue for issue in self.issues.values() if sprint.id in issue.sprints)

    def close_sprint(self, name: str) -> None:
        """Close a sprint; its issues go on bearing it."""
        sprint = next((one for one in self.sprints.values() if one.name == name), None)
        if sprint is None:
            raise KeyError(f"no sprint {name!r}")
        sprint.state = "closed"
        self._redefined(issue for issue in self.issues.values() if sprint.id in issue.sprints)

    def rename_resolution(self, old: str, new: str) -> None:
        """Give a resolution another name."""
        self._rename(self.resolution(old), "resolution", new)

    def serve_customers(self, key: str, *, served: bool = True) -> Project:
        """Make a project one of Jira Service Management, whose customers see comments; or an ordinary one."""
        home = self._project_of(key)
        home.type = "service_desk" if served else "software"
        self._done()
        return home

    def lead_project(self, key: str, person: str) -> None:
        """Let somebody else lead a project."""
        self._project_of(key).lead = self.person(person).id
        self._done()

    def categorise_project(self, key: str, category: str) -> None:
        """Put a project into a category, or, without a name, into none."""
        self._project_of(key).category = category
        self._done()

    def rename_status(self, old: str, new: str) -> None:
        """Give a status another name."""
        self._rename(self.status(old), "status", new)

    def move_status(self, name: str, category: str) -> None:
        """Put a status into another category: new, indeterminate, done or undefined; resolutions stay."""
        status = self.status(name)
        status.category = known(category, CATEGORIES, "status category")
        self._redefined(issue for issue in self.issues.values() if issue.status == status.name)

    def rename_type(self, old: str, new: str) -> None:
        """Give an issue type another name."""
        self._rename(self.type(old), "type", new)

    def rename_priority(self, old: str, new: str) -> None:
        """Give a priority another name."""
        self._rename(find(self.priorities, old, "priority"), "priority", new)

    def rename_field(self, old: str, new: str) -> None:
        """Give a custom field another name; its id stays."""
        field = self.field(old)
        field.name = new
        self._redefined(issue for issue in self.issues.values() if field.id in issue.custom)

    # Access

    def hide_project(self, key: str, *, hidden: bool = True) -> Project:
        """Take the project and all its issues out of everybody's sight, or give them back."""
        home = self._project_of(key)
        home.hidden = hidden
        self._done()
        return home

    def open_project(self, key: str, *, opened: bool = True) -> Project:
        """Let anybody browse a project without a login, or nobody any more."""
        home = self._project_of(key)
        home.public = opened
        self._done()
        return home

    def secure(self, key: str, level: str | None, *, seen: bool = False) -> JiraIssue:
        """Give an issue a security level, which hides it unless it is `seen`; None takes the level away."""
        issue = self.issue(key)
        issue.security = level
        self.hide(key, hidden=level is not None and not seen)
        return issue

    def hide_comment(self, comment: Comment, *, hidden: bool = True) -> None:
        """Take a comment out of everybody's sight, but not out of the `total` of its issue's list."""
        (self.hidden_comments.add if hidden else self.hidden_comments.discard)(comment.id)
        self._done()

    # Archives, and what refuses changes

    def archive(self, key: str) -> JiraIssue:
        """Archive an issue with its sub-tasks: no search finds it, its id and key open it."""
        return self._archive(key, archived=True)

    def restore(self, key: str) -> JiraIssue:
        """Bring an archived issue and its sub-tasks back."""
        return self._archive(key, archived=False)

    def archive_project(self, key: str, *, archived: bool = True) -> Project:
        """Archive a project: it is in no list, no query may name it, its issues open by id; or restore it."""
        home = self._project_of(key)
        home.archived = archived
        self._done()
        return home

    def freeze(self, key: str, *, frozen: bool = True) -> JiraIssue:
        """Put an issue where its workflow lets nobody edit it (`jira.issue.editable`), or take it out."""
        issue = self.issue(key)
        issue.editable = not frozen
        self._done()
        return issue

    def take_off_screen(self, owner: str, field: str = "labels", *, off: bool = True) -> None:
        """Take a field off the edit screen of a project or of one issue, by key, or put it back."""
        if field not in SYSTEM:
            field = self.field(field).id
        home = self.project(owner)
        place = (home.id if home is not None else str(self.issue(owner).id), field)
        (self.off_screen.add if off else self.off_screen.discard)(place)
        self._done()

    def lacks(self, issue: JiraIssue, field: str) -> bool:
        """Whether the edit screen of an issue lacks a field."""
        owners = (str(issue.id), self.projects[issue.project].id)
        return any((owner, field) in self.off_screen for owner in owners)

    # Imports, and what bulk fetches cannot give

    def import_issue(
        self, project: str, summary: str, *, created: datetime, updated: datetime, **more: Any
    ) -> JiraIssue:
        """Bring in an issue that bears the dates of where it comes from; `more` is for `create_issue`."""
        issue = self.create_issue(project, summary, **more)
        issue.created, issue.updated = created, updated
        self._index_touch(issue)
        return issue

    def spoil(self, key: str, *, spoiled: bool = True) -> JiraIssue:
        """Let bulk fetches name this issue in `issueErrors` instead of giving it, or give it again."""
        issue = self.issue(key)
        (self.bulk_errors.add if spoiled else self.bulk_errors.discard)(issue.id)
        self._done()
        return issue

    # Parts

    def _done(self) -> None:
        """An administrator's change takes its second too."""
        self.clock.tick()
        self.changes += 1

    def _project_of(self, key: str) -> Project:
        home = self.project(key)
        if home is None:
            raise KeyError(f"no project {key!r}; there are: {', '.join(self.projects)}")
        return home

    def _archive(self, key: str, *, archived: bool) -> JiraIssue:
        issue = self.issue(key)
        subtasks = [child for child in self.children(issue) if self.type_of(child).level < 0]
        for item in (issue, *subtasks):
            item.archived = archived
        self._done()
        return issue

    def _rename(self, record: Any, attribute: str, new: str) -> None:
        """Issues hold names, so they are changed with the definition."""
        old, record.name = record.name, new
        bearers = [issue for issue in self.issues.values() if getattr(issue, attribute) == old]
        for issue in bearers:
            setattr(issue, attribute, new)
        self._redefined(bearers)

    def _replace(self, issues: Iterable[JiraIssue], attribute: str, old: str, new: str | None) -> None:
        bearers = [issue for issue in issues if old in getattr(issue, attribute)]
        for issue in bearers:
            names = [new if name == old else name for name in getattr(issue, attribute)]
            setattr(issue, attribute, list(dict.fromkeys(name for name in names if name is not None)))
        self._redefined(bearers)

    def _redefined(self, issues: Iterable[JiraIssue]) -> None:
        """What issues bear is called otherwise now; their time moves only where the quirks say so."""
        self._done()
        for issue in list(issues) if self.quirks.definitions_touch else ():
            self.touch(issue)
