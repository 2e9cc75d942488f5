"""What the repositories in scope are called today, and what GitHub tells of each."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors import bounds
from connectors.connector_state import ConnectorState, recall, remember
from connectors.errors import Missing
from connectors.github.client import GitHubClient
from connectors.github.explain import sort_scope
from connectors.github.issue_keys import is_repository
from connectors.github.settings import GitHubSettings
from connectors.http.response import HttpResponse
from connectors.models import Container

PER_PAGE = 100
_FACT = "github.names"
_MAY_LABEL = ("triage", "push", "maintain", "admin")


class RepositoryNames:
    """By each name that is configured: the repository's id, and its name today where it was renamed.

    GitHub redirects from an old name, so a renamed repository is read on; it lies in scope by either name.
    Kept in the memory between runs; what is impossible there counts as unset.
    """

    def __init__(self, settings: GitHubSettings, memory: ConnectorState) -> None:
        self._settings = settings
        self._memory = memory
        self._configured = {name.lower() for name in settings.repositories}
        self._names = dict(_remembered(memory, self._configured))
        self.rows: dict[str, Mapping[str, Any]] = {}
        """What came of repositories in this run, by name in lower case."""

    def today(self, name: str) -> str:
        """Today's name of a repository, as far as it was read."""
        return self._names.get(name.lower(), ("", name))[1]

    def id_of(self, name: str) -> str:
        """The id of a configured repository; its name in lower case, which is no number, until it is read."""
        return self._names.get(name.lower(), ("", ""))[0] or name.lower()

    def learn(self, name: str, today: str, id_: str = "") -> None:
        """A configured name leads to the repository that is called so today."""
        requested = name.lower()
        if requested not in self._configured or not is_repository(today):
            return
        before = self._names.get(requested, ("", name))
        same = before[1].lower() == today.lower()
        today = name if today.lower() == requested else today
        self._names[requested] = (id_ or (before[0] if same else ""), today)

    def keep(self) -> None:
        """Remember it for the next run; nothing is written where nothing is new."""
        if self._names:
            remember(self._memory, _FACT, dict(sorted(self._names.items())))

    def covers(self, repository: str) -> bool:
        """Whether a repository lies in the scope, by the name that is configured or by its name today."""
        requested = repository.lower()
        return self._settings.covers(repository) or any(
            requested == today.lower() for _, today in self._names.values()
        )

    def configured(self) -> Iterator[str]:
        """The configured repositories, without an old name of one that is configured by its name today."""
        for name in self._settings.repositories:
            today = self.today(name).lower()
            if today == name.lower() or today not in self._configured:
                yield name


def _remembered(memory: ConnectorState, configured: set[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, value in recall(memory, _FACT).items():
        if name not in configured or not isinstance(value, list) or len(value) != 2:
            continue
        id_, today = value
        if isinstance(id_, str) and isinstance(today, str) and is_repository(today):
            yield name, (id_ if id_.isascii() and id_.isdigit() and len(id_) < 20 else "", today)


def container(row: Mapping[str, Any], name: str, *, app: bool) -> Container:
    """What a repository's row tells. `writable` is about labels; whoever may read may comment.

    For an App (`app`) the row's permissions say nothing, so that it is None.
    """
    roles = row.get("permissions")
    reported = isinstance(roles, dict) and not app
    writable = any(roles.get(role) is True for role in _MAY_LABEL) if reported and roles else None
    return Container(row_id(row) or name.lower(), name, row.get("archived") is True, writable)


def row_id(row: Mapping[str, Any]) -> str:
    """The id in a repository's row; empty if there is none."""
    id_ = row.get("id")
    return str(id_) if type(id_) is int and 0 < id_ <= bounds.LARGEST_ID else ""


def member_pages(client: GitHubClient) -> Iterator[HttpResponse]:
    """The pages of an organisation's list of repositories."""
    path = f"/orgs/{client.settings.organization}/repos"
    try:
        yield from client.answers(path, {"type": "all", "sort": "full_name", "per_page": PER_PAGE})
    except Missing as problem:
        raise sort_scope(problem, f"the organisation {client.settings.organization}") from problem


def members(
    client: GitHubClient, pages: Iterable[HttpResponse], names: RepositoryNames
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and row of each repository on these pages that is not configured by a name of its own."""
    seen = {name.lower() for name in client.settings.repositories}
    seen |= {names.today(name).lower() for name in client.settings.repositories}
    for answer in pages:
        for row in answer.json_list():
            name = row.get("full_name") if isinstance(row, dict) else None
            if isinstance(name, str) and is_repository(name) and name.lower() not in seen:
                seen.add(name.lower())
                yield name, row
