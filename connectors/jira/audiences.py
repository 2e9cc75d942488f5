"""Who may read what stands in a project of a Jira: anybody, customers, or whoever has a login."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import requests

from connectors.audience import Audience
from connectors.errors import BadConfiguration, InvalidResponse, Missing, Refused, TrackerDown, TrackerError
from connectors.http.response import HttpResponse
from connectors.http.session import HttpSession
from connectors.http.urls import path_segment
from connectors.jira.client import JiraClient
from connectors.jira.settings import GATEWAY_HOST

_ANSWERS = (*range(300, 309), *range(400, 429))
"""What a Jira, or a login page before it, answers to somebody who may not see a project."""


def audiences(client: JiraClient, projects: Iterable[str]) -> Mapping[str, Audience | TrackerError | None]:
    """See TellsAudiences. One request for each project, and a second one for what is not public anyway.

    A project that Jira shows without a login is public. So is one whose customers see our comments, since
    anybody can be a customer. Every other one is the organisation's.
    """
    visitor = _Visitor(client)
    result: dict[str, Audience | TrackerError | None] = {}
    try:
        for key in projects:
            try:
                public = visitor.sees(key.upper()) or shows_customers(client, key.upper())
                result[key] = Audience.PUBLIC if public else Audience.ORGANISATION
            except (TrackerDown, BadConfiguration):
                raise
            except (Missing, Refused):
                result[key] = None
            except TrackerError as problem:
                result[key] = problem
    finally:
        visitor.close()
    return result


def shows_customers(client: JiraClient, key: str) -> bool:
    """Whether our comments in a project are shown to its customers. Raises TrackerError.

    So it is in a service management project, unless the settings hide them or keep them to a role or group.
    """
    settings = client.settings
    if settings.internal_comments or settings.comment_visibility is not None:
        return False
    answer = client.get(f"project/{path_segment(key)}")
    return answer.json_object().get("projectTypeKey") == "service_desk"


class _Visitor:
    """Somebody without credentials and cookies."""

    def __init__(self, client: JiraClient) -> None:
        settings = client.settings
        # Behind the gateway nobody is let in without a login; the site itself may be open.
        self._url = client.server().site if settings.host == GATEWAY_HOST else settings.url
        self._transport = client.transport
        session = requests.Session()
        self._cookies = session.cookies
        self._session = HttpSession(session, self._url, client.policy.timeout, settings.verify)

    def sees(self, key: str) -> bool:
        """Whether Jira shows the project. Raises TrackerError where it does not answer."""
        path = f"project/{path_segment(key)}"
        request = f"GET {urlsplit(self._url).path}/rest/api/2/{path} without a login"
        answer = self._transport.read(request, lambda: self._get(path), accept=_ANSWERS)
        if answer.status != 200:
            return False
        try:
            row = answer.json()
        except InvalidResponse:
            return False  # the page of a login
        return isinstance(row, dict) and isinstance(row.get("id"), str) and isinstance(row.get("key"), str)

    def close(self) -> None:
        """End the connection."""
        self._session.close()

    def _get(self, path: str) -> HttpResponse:
        # The cookies of one answer are no part of the next question.
        self._cookies.clear()
        url = f"{self._url}/rest/api/2/{path}"
        return self._session.send("GET", url, {"Accept": "application/json"}, None, {})
