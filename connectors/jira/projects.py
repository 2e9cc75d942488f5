"""The projects in scope: what they are called today, and which of them cannot be read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connectors.connector_state import recall, remember
from connectors.errors import BadConfiguration, InvalidResponse, Missing, Refused, TrackerDown, TrackerError
from connectors.http.urls import path_segment
from connectors.jira import jql
from connectors.jira.client import JiraClient
from connectors.jira.fields import FieldMap
from connectors.models import Container

_IDS = "jira.projects"
_FAILED = "jira.failed"
_NAME = re.compile(r"[A-Za-z0-9_]{1,255}")
_ID = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Readable:
    """The configured projects, each asked for by itself."""

    keys: Mapping[str, str]
    """Of those that a search may name: the configured key and today's."""
    failed: tuple[Container, ...]
    """Those that are not there for this account, with the reason."""
    archived: tuple[Container, ...]
    """Those that are archived: no search may name them, and their issues rest."""
    projects: Mapping[str, Container]
    """By configured key: all of them."""


class Projects:
    """Asks for projects by key, and remembers their ids for the time when they cannot be asked for."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client

    def ask(self, name: str) -> Container | TrackerError:
        """The project that this key (an old one too) or id leads to, or why it cannot be read.

        Raises TrackerError where the tracker as a whole is down or refuses the login.
        """
        try:
            answer = self._client.get(f"project/{path_segment(name)}")
            row = answer.json_object()
            id_, key = row.get("id"), row.get("key")
            if not isinstance(id_, str) or not _ID.fullmatch(id_) or not isinstance(key, str) or not key:
                raise InvalidResponse(
                    self._client.name, answer.request, "a project came without its id or key"
                )
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as problem:
            return problem
        return Container(id_, key.upper(), row.get("archived") is True)

    def readable(self) -> Readable:
        """Each configured project as it is now. Raises as `ask` does."""
        keys: dict[str, str] = {}
        failed: list[Container] = []
        archived: list[Container] = []
        result: dict[str, Container] = {}
        ids = self._ids()
        for key in self._client.settings.projects:
            project = self.ask(key)
            if isinstance(project, Container):
                result[key] = project
                if project.archived:
                    archived.append(project)
                else:
                    keys[key] = project.name
                continue
            result[key] = Container(ids.get(key, key), key, error=project.reason)
            if isinstance(project, Missing | Refused):
                failed.append(result[key])
            else:
                keys[key] = key  # its own address does not answer; a search may all the same
        self._remember_ids({key: one.id for key, one in result.items() if not one.error})
        return Readable(keys, tuple(failed), tuple(archived), result)

    def narrowed(self, problem: BadConfiguration) -> Readable:
        """Which projects can be read, where a search that names all of them was refused.

        Raises the refusal itself where it is not for a project, or where none can be read.
        """
        if not self._client.settings.projects:
            raise problem
        readable = self.readable()
        if not (readable.failed or readable.archived):
            raise problem
        if readable.failed and not readable.keys and not readable.archived:
            raise self.nothing_readable(readable.failed) from problem
        return readable

    def nothing_readable(self, failed: Iterable[Container]) -> BadConfiguration:
        """The error where not one configured project is there for the account."""
        reasons = "; ".join(f"{project.name}: {project.error}" for project in failed)
        hint = "Check the projects of this tracker, and that the account may browse them"
        request = self._client.request("GET", "project")
        return BadConfiguration(self._client.name, request, f"no project can be read: {reasons}", hint)

    def containers(self) -> tuple[Container, ...]:
        """What Jira tells of the configured projects now; none where it does not answer."""
        try:
            return tuple(one for one in self.readable().projects.values() if not one.error)
        except TrackerError:
            return ()

    def stored(self, key: str) -> Container:
        """A configured project as far as it is remembered, without asking."""
        return Container(self._ids().get(key, key), key)

    def names(self, requested: Iterable[str]) -> dict[str, str]:
        """By name: the id of the project that it leads to today; without those that lead nowhere."""
        result = {}
        for name in sorted(set(requested)):
            project = self.ask(name) if _NAME.fullmatch(name) else None
            if isinstance(project, Container):
                result[name] = project.id
        return result

    def with_ids(self, fields: FieldMap) -> FieldMap:
        """The same, where what holds for a project holds by its id too: its key may change."""
        ids = self._ids()
        more = [(ids[key], result) for key, result in fields.points_of if key in ids]
        return replace(fields, points_of=(*fields.points_of, *more)) if more else fields

    def condition(self, keys: Iterable[str]) -> str:
        """The scope with these projects alone."""
        several = sorted(set(keys))
        narrowed = self._client.settings.model_copy(update={"projects": tuple(several)})
        if not several:
            return jql.NOTHING
        return jql.scope(narrowed)

    # What could not be read, and since when

    def behind(self, digest: str) -> dict[str, str | None]:
        """By configured key: the cursor's time from which on it was not read; None: never at all."""
        existing = recall(self._client.memory, _FAILED)
        lists = existing.get("projects")
        if existing.get("for") != digest or not isinstance(lists, dict):
            return {}
        return {
            key: since if isinstance(since, str) else None
            for key, since in lists.items()
            if key in self._client.settings.projects
        }

    def remember_behind(self, digest: str, behind: Mapping[str, str | None]) -> None:
        """Keep it for the next pull of the same scope."""
        existing = {"for": digest, "projects": dict(sorted(behind.items()))} if behind else {}
        remember(self._client.memory, _FAILED, existing)

    def _ids(self) -> dict[str, str]:
        existing = recall(self._client.memory, _IDS)
        ids = existing.get("ids")
        if existing.get("url") != self._client.settings.url or not isinstance(ids, dict):
            return {}
        return {key: id_ for key, id_ in ids.items() if isinstance(id_, str) and _ID.fullmatch(id_)}

    def _remember_ids(self, result: Mapping[str, str]) -> None:
        before = self._ids()
        if result.items() - before.items():
            existing = {"url": self._client.settings.url, "ids": {**before, **result}}
            remember(self._client.memory, _IDS, existing)
