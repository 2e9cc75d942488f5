"""What `milepost check` asks of projects: whether the token sees them, and the fields that are named."""

from collections.abc import Collection, Iterator, Mapping

from connectors.errors import TrackerDown, TrackerError
from connectors.github.client import GitHubClient, Unsupported
from connectors.github.project_items import READ_HINT, Head, read_head, what_is_missing
from connectors.github.project_names import Project, split_field
from connectors.models import Finding

_NO_PROJECTS = "this GitHub has no projects"


def project_findings(client: GitHubClient) -> Iterator[Finding]:
    """A line for each project of the settings, and one for the field that tells the status if one has it."""
    heads: dict[Project, Head] = {}
    for project in client.settings.project_names.values():
        what = f"project {project}"
        try:
            heads[project] = read_head(client, project)
        except Unsupported:
            hint = "Update the Enterprise Server, or take it out of `projects`"
            yield Finding(what, False, _NO_PROJECTS, hint)
        except TrackerDown:
            raise
        except TrackerError as problem:
            yield Finding(what, False, problem.reason, READ_HINT)
        else:
            yield Finding(what, True, f"can be read; its fields: {_fields(heads[project])}")
    status = client.settings.status_field
    result = split_field(status, client.settings.project_names) if status else None
    if status and result is not None and result[0] in heads:
        project, name = result
        why = what_is_missing(project, heads[project], [name]).get(name)
        field = heads[project].field(name)
        options = ", ".join(field.options.values()) if field is not None else ""
        hint = f"There are: {_fields(heads[project])}" if why else ""
        yield Finding(f'status_field "{status}"', not why, why or f"its options: {options or 'none'}", hint)


def missing_fields(client: GitHubClient, names: Collection[str]) -> Mapping[str, str]:
    """By name, of the fields of projects among these: why it is not there, and which fields the project has.

    May raise TrackerError, but not for a project that cannot be read.
    """
    asked: dict[Project, dict[str, str]] = {}
    for name in sorted(names):
        result = split_field(name, client.settings.project_names)
        if result is not None:
            asked.setdefault(result[0], {})[name] = result[1]
    missing: dict[str, str] = {}
    for project, fields in asked.items():
        try:
            head = read_head(client, project)
        except Unsupported:
            missing |= dict.fromkeys(fields, _NO_PROJECTS)
            continue
        except TrackerDown:
            raise
        except TrackerError as problem:
            missing |= dict.fromkeys(fields, problem.reason)
            continue
        why = what_is_missing(project, head, fields.values())
        there = f"; there are: {_fields(head)}"
        missing |= {name: why[called] + there for name, called in fields.items() if called in why}
    return missing


def _fields(head: Head) -> str:
    return ", ".join(field.name for field in head.fields if field.readable) or "none of its own"
