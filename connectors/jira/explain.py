"""How Jira's refusals are sorted and worded, beyond what holds for every tracker behind HTTP."""

from connectors.errors import BadConfiguration, TrackerError
from connectors.http.response import HttpResponse, explain_status, message_in
from connectors.http.settings import variable
from connectors.jira.limits import login_failed
from connectors.jira.settings import CLOUD_DOMAIN, GATEWAY_HOST, JiraSettings


class Explain:
    """Errors with what usually is wrong, for one tracker and its settings."""

    def __init__(self, name: str, settings: JiraSettings) -> None:
        self._name = name
        self._settings = settings

    def refused_login(self, request: str, reason: str) -> BadConfiguration:
        """The error for credentials that Jira does not take."""
        hint = f"Check {variable(self._name, 'TOKEN')}: wrong, expired or revoked"
        if self._settings.login == "basic":
            hint += f"; and {variable(self._name, 'EMAIL')}: the address of the token's owner"
        if self._settings.host.endswith(CLOUD_DOMAIN):
            hint += f"; scoped tokens need read:jira-user and url = https://{GATEWAY_HOST}/ex/jira/<cloudId>"
        return BadConfiguration(self._name, request, reason, hint)

    def read(self, request: str, answer: HttpResponse, /) -> TrackerError | None:
        """The error for a refused question; None where `explain_status` says enough."""
        if answer.status == 400:
            hint = "Check the jql, the projects and the queries of this tracker"
            return BadConfiguration(self._name, request, message_in(answer), hint)
        return self.write(request, answer)

    def write(self, request: str, answer: HttpResponse, /) -> TrackerError | None:
        """The error for a refused change; None where `explain_status` says enough."""
        denied = answer.headers.get("x-authentication-denied-reason", "")
        if "CAPTCHA" in denied.upper():
            hint = "Log in once through the browser as this account, then try again"
            return BadConfiguration(self._name, request, "Jira asks for a CAPTCHA from this account", hint)
        if answer.status == 401 or (answer.status == 403 and login_failed(answer)):
            return self.refused_login(request, message_in(answer))
        if answer.status in (301, 302, 303, 307, 308):
            error = explain_status(self._name, request, answer)
            hint = f"{error.hint}; a login page means that the login failed"
            return BadConfiguration(self._name, request, error.reason, hint)
        return None
