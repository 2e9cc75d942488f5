"""Opens one configured Jira."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from connectors.audience import Audience
from connectors.errors import TrackerError
from connectors.http.allowance import Allowance
from connectors.interface import ConnectorState, TrackerInfo
from connectors.jira.check import check
from connectors.jira.client import JiraClient
from connectors.jira.fields import find_fields, read_fields
from connectors.jira.public_projects import audiences
from connectors.jira.reader import JiraReader
from connectors.jira.settings import JiraSettings
from connectors.jira.writer import JiraWriter
from connectors.models import Capability, Finding


class JiraTracker:
    """One Jira, its two halves sharing one session."""

    def __init__(self, info: TrackerInfo, session: JiraClient) -> None:
        self._info = info
        self._session = session
        self._reader = JiraReader(session)
        self._writer = JiraWriter(session)

    @property
    def info(self) -> TrackerInfo:
        """What is known from the settings alone."""
        return self._info

    @property
    def reader(self) -> JiraReader:
        """The reading half."""
        return self._reader

    @property
    def writer(self) -> JiraWriter:
        """The writing half."""
        return self._writer

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        """See the contract."""
        return check(self._session, needs)

    def missing_fields(self, names: Collection[str]) -> Mapping[str, str]:
        """By name, of the custom fields of these names: why it is not there. May raise TrackerError."""
        session = self._session
        return dict(find_fields(session.name, session.settings, read_fields(session), names).missing)

    def audiences(self, containers: Sequence[str]) -> Mapping[str, Audience | TrackerError | None]:
        """See TellsAudiences."""
        return audiences(self._session, containers)

    def site(self) -> str:
        """Where people open issues, from the settings or else the server. May raise TrackerError."""
        return self._session.server().site

    def allowances(self) -> tuple[Allowance, ...]:
        """See Budgeted."""
        return self._session.transport.budget.allowances()

    def writing_seconds(self, writes: int) -> float:
        """See Paced."""
        return self._session.transport.rates.forecast(writes, self._session.now().timestamp())

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()


def open_tracker(
    name: str,
    settings: JiraSettings,
    *,
    memory: ConnectorState,
    clock: Callable[[], datetime],
    notify: Callable[[str], None],
) -> JiraTracker:
    """A Jira by its settings, without a request."""
    return JiraTracker(settings.info(name), JiraClient(name, settings, memory, clock, notify))
