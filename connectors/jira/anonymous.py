"""Which projects of a Jira anybody may browse: asked without any credentials."""

from collections.abc import Iterable, Mapping

import requests

from connectors.answer import Answer
from connectors.contract import Audience, BadConfiguration, Garbled, TrackerDown, TrackerError
from connectors.exchange import Exchange
from connectors.jira.plain import step
from connectors.jira.session import JiraSession
from connectors.jira.settings import GATEWAY_HOST

_ANSWERS = (*range(300, 309), *range(400, 429))
"""What a Jira, or a login page before it, answers to somebody who may not see a project."""


def audiences(session: JiraSession, projects: Iterable[str]) -> Mapping[str, Audience | None]:
    """See TellsAudiences. One request for each project.

    Jira shows a project to whoever may browse it, so that one which it shows to nobody in particular is
    public; every other one is the organisation's.
    """
    visitor = _Visitor(session)
    found: dict[str, Audience | None] = {}
    try:
        for key in projects:
            try:
                found[key] = Audience.PUBLIC if visitor.sees(key.upper()) else Audience.ORGANISATION
            except (TrackerDown, BadConfiguration):
                raise
            except TrackerError:
                continue  # asked again by the next run
    finally:
        visitor.close()
    return found


class _Visitor:
    """Somebody without credentials and cookies."""

    def __init__(self, session: JiraSession) -> None:
        settings = session.settings
        # Behind the gateway nobody is let in without a login; the site itself may be open.
        self._url = session.server().site if settings.host == GATEWAY_HOST else settings.url
        self._transport = session.transport
        self._client = requests.Session()
        verify: bool | str = str(settings.ca_file) if settings.ca_file else True
        timeout = (settings.connect_timeout, settings.read_timeout)
        self._exchange = Exchange(self._client, self._url, timeout, verify)

    def sees(self, key: str) -> bool:
        """Whether Jira shows the project. Raises TrackerError where it does not answer."""
        path = f"project/{step(key)}"
        answer = self._transport.read(f"GET {path} without a login", lambda: self._get(path), accept=_ANSWERS)
        if answer.status != 200:
            return False
        try:
            row = answer.json()
        except Garbled:
            return False  # the page of a login
        return isinstance(row, dict) and isinstance(row.get("id"), str) and isinstance(row.get("key"), str)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _get(self, path: str) -> Answer:
        # The cookies of one answer are no part of the next question.
        self._client.cookies.clear()
        url = f"{self._url}/rest/api/2/{path}"
        return self._exchange.send("GET", url, {"Accept": "application/json"}, None, {})
