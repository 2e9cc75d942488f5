"""Opens a GitHub tracker."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from connectors.audience import Audience
from connectors.errors import TrackerError
from connectors.github.account import Account
from connectors.github.check import check
from connectors.github.client import GitHubClient
from connectors.github.issue_keys import place_of
from connectors.github.project_check import missing_fields
from connectors.github.reader import GitHubReader
from connectors.github.repositories import Names, audiences
from connectors.github.settings import GitHubSettings
from connectors.github.writer import GitHubWriter
from connectors.http import write_rate
from connectors.http.allowance import Allowance, keep, kept
from connectors.http.transport import Transport
from connectors.interface import ConnectorState, TrackerInfo
from connectors.models import Capability, Finding


class GitHubTracker:
    """One configured GitHub, opened."""

    def __init__(self, api: GitHubClient, info: TrackerInfo, memory: ConnectorState) -> None:
        self._api = api
        self._memory = memory
        self._names = Names(api.settings, memory)
        self._identity = Account(api)
        self._info = replace(info, owns=partial(_owns, self._names))
        self._reader = GitHubReader(api, memory, self._identity, self._names)
        self._writer = GitHubWriter(api)

    @property
    def info(self) -> TrackerInfo:
        return self._info

    @property
    def reader(self) -> GitHubReader:
        return self._reader

    @property
    def writer(self) -> GitHubWriter:
        return self._writer

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        """See Tracker."""
        return check(self._api, self._identity, needs)

    def missing_fields(self, names: Collection[str]) -> Mapping[str, str]:
        """By name, of the fields of projects among these: why it is not there. May raise TrackerError.

        GitHub's document has no list of the fields that an organisation has for its issues.
        """
        return missing_fields(self._api, names)

    def audiences(self, containers: Sequence[str]) -> Mapping[str, Audience | TrackerError | None]:
        """See TellsAudiences. Asks for each repository of which this run was not told yet."""
        return audiences(self._api, self._names, containers)

    @property
    def transport(self) -> Transport:
        """What counts the requests, and knows what is left of the quotas."""
        return self._api.transport

    def close(self) -> None:
        """Close the connections, and remember how much of the API quota is used."""
        self._api.close()
        keep(self._memory, self.allowances())

    def allowances(self) -> tuple[Allowance, ...]:
        """See Budgeted."""
        return self._api.transport.budget.allowances()

    def writing_seconds(self, writes: int) -> float:
        """See Paced."""
        return self._api.transport.rates.forecast(writes, self._api.clock().timestamp())


def _owns(names: Names, key: str) -> bool:
    """Whether a key lies in scope, by a repository's name that is configured or by what it became."""
    place = place_of(key)
    return place is not None and names.covers(place.repository)


def open_tracker(
    name: str,
    settings: GitHubSettings,
    *,
    memory: ConnectorState,
    clock: Callable[[], datetime],
    notify: Callable[[str], None],
    sleep: Callable[[float], None] | None = None,
) -> GitHubTracker:
    """Open a tracker without a request. `clock` tells the time in UTC, `notify` takes lines for a person.

    `sleep` replaces the wait between tries, in seconds.
    """

    def wrote() -> None:  # at once: a process that is killed must not forget it
        write_rate.keep(memory, api.transport.rates.text(clock().timestamp()))

    used, written = kept(memory), write_rate.kept(memory)
    api = GitHubClient(
        name, settings, clock=clock, notify=notify, sleep=sleep, used=used, written=written, wrote=wrote
    )
    return GitHubTracker(api, settings.info(name), memory)
