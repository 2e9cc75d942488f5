"""Opens one configured GitHub."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.audience import Audience
from connectors.connector_state import ConnectorState
from connectors.errors import TrackerError
from connectors.github.account import Account
from connectors.github.audiences import audiences
from connectors.github.check import check
from connectors.github.client import GitHubClient
from connectors.github.issue_keys import place_of
from connectors.github.project_check import missing_fields
from connectors.github.reader import GitHubReader
from connectors.github.repositories import RepositoryNames
from connectors.github.settings import GitHubSettings
from connectors.github.writer import GitHubWriter
from connectors.http.tracker import HttpTracker
from connectors.interface import TrackerInfo
from connectors.models import Capability, Finding


class GitHubTracker(HttpTracker[GitHubReader, GitHubWriter]):
    """One configured GitHub, opened."""

    def __init__(self, info: TrackerInfo, client: GitHubClient) -> None:
        self._client = client
        self._names = RepositoryNames(client.settings, client.memory)
        self._account = Account(client)
        info = replace(info, owns=self._owns)
        super().__init__(info, client, GitHubReader(client, self._account, self._names), GitHubWriter(client))

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        """See Tracker."""
        return check(self._client, self._account, needs)

    def missing_fields(self, names: Collection[str]) -> Mapping[str, str]:
        """By name, of the fields of projects among these: why it is not there. May raise TrackerError.

        GitHub's document has no list of the fields that an organisation has for its issues.
        """
        return missing_fields(self._client, names)

    def audiences(self, containers: Sequence[str]) -> Mapping[str, Audience | TrackerError | None]:
        """See TellsAudiences. Asks for each repository of which this run has no row yet."""
        return audiences(self._client, self._names, containers)

    def _owns(self, key: str) -> bool:
        """Whether a key lies in scope, by a repository's name that is configured or by what it became."""
        place = place_of(key)
        return place is not None and self._names.covers(place.repository)


def open_tracker(
    name: str,
    settings: GitHubSettings,
    *,
    memory: ConnectorState,
    clock: Callable[[], datetime],
    notify: Callable[[str], None],
    sleep: Callable[[float], None] | None = None,
) -> GitHubTracker:
    """Open a GitHub by its settings, without a request.

    `sleep` replaces the wait between tries, in seconds.
    """
    client = GitHubClient(name, settings, memory, clock, notify, sleep=sleep)
    return GitHubTracker(settings.info(name), client)
