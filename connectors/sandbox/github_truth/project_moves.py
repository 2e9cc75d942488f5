"""What people do with the projects of a sandbox GitHub; none of it moves the `updated_at` of an issue."""

from collections.abc import Sequence
from typing import Any

from connectors.sandbox.github_truth.admin import AdminMoves
from connectors.sandbox.github_truth.model import Project, ProjectField, ProjectItem
from connectors.sandbox.github_truth.truth import TOKEN, Impossible

MAX_FIELDS = 50


class ProjectMoves(AdminMoves):
    """Projects, their fields and items. `docs/vendors.md` has the source of each belief."""

    def allow_projects(self, token: str = TOKEN, *, allowed: bool = True) -> None:
        """Give a classic token the scope `read:project`, another one the permission Projects; or take it."""
        credential = self.tokens[token]
        others = [scope for scope in credential.scopes if scope not in ("project", "read:project")]
        if credential.scopes:
            credential.scopes = [*others, *(["read:project"] if allowed else [])]
        credential.projects = allowed

    def create_project(
        self, owner: str, title: str, *, public: bool = False, number: int | None = None
    ) -> Project:
        """Make a project with the fields that GitHub gives each one; `number` is the next by default."""
        kind = "Organization" if owner.casefold() not in self.accounts else "User"
        now = self.tick()
        owned = [item.number for item in self.projects.values() if item.owner.casefold() == owner.casefold()]
        login = self.account(owner, kind).login
        project = Project(self.new_id(), login, number or max(owned, default=0) + 1, title, public, now, now)
        if project.number in owned:
            raise Impossible(f"{owner} has a project {number} already")
        self.projects[project.id] = project
        for name, of_kind in (("Title", "TITLE"), ("Labels", "LABELS")):
            self.add_project_field(project, name, of_kind)
        self.add_project_field(project, "Status", "SINGLE_SELECT", ["Todo", "In Progress", "Done"])
        return project

    def add_project_field(
        self, project: Project, name: str, kind: str = "TEXT", options: Sequence[str] = ()
    ) -> ProjectField:
        """Add a field; see `ProjectField`. Impossible if there is one of that name."""
        if any(field.name.casefold() == name.casefold() for field in project.fields):
            raise Impossible("Name has already been taken")
        if len(project.fields) >= MAX_FIELDS:
            raise Impossible(f"A project may not have more than {MAX_FIELDS} fields")
        project.updated_at = self.tick()
        made = ProjectField(self.new_id(), name, kind)
        made.options = {f"{made.id * 100 + place:08x}"[-8:]: option for place, option in enumerate(options)}
        project.fields.append(made)
        return made

    def rename_project_field(self, project: Project, old: str, new: str) -> None:
        """Give a field another name; what is set of it stays."""
        self.tick()
        _field(project, old).name = new

    def rename_project_option(self, project: Project, name: str, old: str, new: str) -> None:
        """Give an option or an iteration another name; whoever has it has it by its new name."""
        self.tick()
        options = _field(project, name).options
        options[next(id_ for id_, option in options.items() if option == old)] = new

    def delete_project(self, project: Project) -> None:
        """Delete a project with all its items."""
        self.tick()
        del self.projects[project.id]

    def add_to_project(self, project: Project, key: str | None = None) -> ProjectItem:
        """Put an issue or pull request on a project, at its end; without a key, a draft."""
        issue = None if key is None else self.issue(key).id
        now = self.tick()
        item = ProjectItem(self.new_id(), issue, now, now)
        project.items.append(item)
        return item

    def remove_from_project(self, project: Project, key: str) -> None:
        """Take an issue off a project, and with it what was set there."""
        self.tick()
        project.items.remove(self.item(project, key))

    def archive_in_project(self, project: Project, key: str) -> None:
        """Archive an item; its values stay."""
        self.tick()
        self.item(project, key).archived = True

    def set_in_project(self, project: Project, key: str, name: str, value: Any) -> ProjectItem:
        """Set a value, options and iterations by their names, after adding the issue if need be.

        None clears it. That moves the item's time of change, and not the issue's unless the settings say so.
        """
        issue = self.issue(key)
        if all(entry.issue != issue.id for entry in project.items):
            self.add_to_project(project, key)
        item, field = self.item(project, key), _field(project, name)
        if field.options and value is not None:
            requested = [id_ for id_, option in field.options.items() if option == value]
            if not requested:
                raise ValueError(f"{name!r} offers {', '.join(field.options.values())}")
            value = requested[0]
        item.updated_at = self.tick()
        item.values.pop(field.id, None)
        if value is not None:
            item.values[field.id] = value
        if self.settings.project_values_touch:
            self.touch(issue)
        return item

    def item(self, project: Project, key: str) -> ProjectItem:
        """The item of an issue on a project; KeyError if it is not there."""
        issue = self.issue(key)
        result = next((item for item in project.items if item.issue == issue.id), None)
        if result is None:
            raise KeyError(f"{key} is not on the project {project.title!r}")
        return result


def _field(project: Project, name: str) -> ProjectField:
    result = next((field for field in project.fields if field.name == name), None)
    if result is None:
        raise KeyError(f"the project {project.title!r} has no field {name!r}")
    return result
