"""Opens one configured Jira."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from connectors.audience import Audience
from connectors.connector_state import ConnectorState
from connectors.errors import TrackerError
from connectors.http.tracker import HttpTracker
from connectors.interface import TrackerInfo
from connectors.jira.audiences import audiences
from connectors.jira.check import check
from connectors.jira.client import JiraClient
from connectors.jira.fields import find_fields, read_fields
from connectors.jira.reader import JiraReader
from connectors.jira.settings import JiraSettings
from connectors.jira.writer import JiraWriter
from connectors.models import Capability, Finding


class JiraTracker(HttpTracker[JiraReader, JiraWriter]):
    """One configured Jira, opened."""

    def __init__(self, info: TrackerInfo, client: JiraClient) -> None:
        self._client = client
        super().__init__(info, client, JiraReader(client), JiraWriter(client))

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        """See Tracker."""
        return check(self._client, needs)

    def missing_fields(self, names: Collection[str]) -> Mapping[str, str]:
        """By name, of the custom fields of these names: why it is not there. May raise TrackerError."""
        client = self._client
        return dict(find_fields(client.name, client.settings, read_fields(client), names).missing)

    def audiences(self, containers: Sequence[str]) -> Mapping[str, Audience | TrackerError | None]:
        """See TellsAudiences."""
        return audiences(self._client, containers)

    def site(self) -> str:
        """Where people open issues, from the settings or else the server. May raise TrackerError."""
        return self._client.server().site


def open_tracker(
    name: str,
    settings: JiraSettings,
    *,
    memory: ConnectorState,
    clock: Callable[[], datetime],
    notify: Callable[[str], None],
) -> JiraTracker:
    """Open a Jira by its settings, without a request."""
    return JiraTracker(settings.info(name), JiraClient(name, settings, memory, clock, notify))
