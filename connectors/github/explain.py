"""How GitHub's refusals are sorted and worded, beyond what holds for every tracker behind HTTP."""

from connectors.errors import BadConfiguration, Missing, Refused, TrackerError
from connectors.http.response import HttpResponse, message_in


class Explain:
    """Errors with what is missing; `variable` is the environment variable that holds the credentials."""

    def __init__(self, name: str, variable: str) -> None:
        self._name = name
        self._variable = variable

    def __call__(self, request: str, answer: HttpResponse, /) -> TrackerError | None:
        """The error for a refusal; None where `explain_status` says enough."""
        message = message_in(answer)
        if answer.status == 401:
            hint = f"Check {self._variable}: wrong, expired or revoked"
            return BadConfiguration(self._name, request, message, hint)
        if answer.status == 403:
            return Refused(self._name, request, message, _permission_hint(answer))
        if answer.status == 451:
            return Refused(self._name, request, message, "GitHub has blocked this repository")
        return None


def _permission_hint(answer: HttpResponse) -> str:
    """Which permission the account lacks, from the headers that GitHub sends with a 403."""
    headers = answer.headers
    if "x-github-sso" in headers:
        return "Authorise the token for the organisation's single sign-on"
    needed = _plain(headers.get("x-accepted-github-permissions", ""))
    if needed:
        return f"The account needs the permission {needed}"
    scopes, accepted = headers.get("x-oauth-scopes"), _plain(headers.get("x-accepted-oauth-scopes", ""))
    if scopes is not None and accepted:
        return f"The token needs the scope {accepted}; it has {_plain(scopes) or 'none'}"
    return "The account lacks the permission for this, or the issue is locked"


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:200].strip()


def sort_scope(error: TrackerError, what: str) -> TrackerError:
    """A configured repository or organisation that is not there is a mistake in the configuration."""
    if not isinstance(error, Missing):
        return error
    hint = f"Check the spelling of {what}, and that the account may read it"
    if "HTTP 410" in error.reason:
        hint = f"Issues are disabled in {what}; enable them or take it out of the configuration"
    return BadConfiguration(error.tracker, error.request, f"{what}: {error.reason}", hint)
