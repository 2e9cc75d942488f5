"""The login of the account in use, by which our own comments differ from copies of their marks."""

from typing import Any

from connectors.errors import BadConfiguration, InvalidResponse, Missing, Refused
from connectors.github.client import GitHubClient
from connectors.github.graphql import VIEWER


class Account:
    """The login of the account, asked for once."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client
        self._login: str | None = None

    def login(self) -> str:
        """The login that GitHub puts under what we write; `<slug>[bot]` for an App."""
        if self._login is None:
            self._login = self._ask()
        return self._login

    def wrote(self, row: Any) -> bool:
        """Whether a comment is by this account; one of a deleted account is nobody's."""
        author = row.get("user")
        login = author.get("login") if isinstance(author, dict) else None
        return isinstance(login, str) and login.lower() == self.login().lower()

    def _ask(self) -> str:
        if self._client.settings.app_id is not None:
            answer = self._client.get("/app", as_app=True)
            return f"{self._named(answer.json_object().get('slug'))}[bot]"
        try:
            return self._named(self._client.get("/user").json_object().get("login"))
        except Refused:
            # Tokens of an installation, such as that of GitHub Actions, may not ask for a user.
            viewer = self._client.graphql(VIEWER, {}).get("viewer")
            return self._named(viewer.get("login") if isinstance(viewer, dict) else None)
        except Missing as problem:  # which would be taken for an issue that is gone
            hint = "Check the url of this tracker, its path included"
            raise BadConfiguration(problem.tracker, problem.request, problem.reason, hint) from problem

    def _named(self, result: object) -> str:
        if not isinstance(result, str) or not result:
            raise InvalidResponse(self._client.name, "", "GitHub does not say who this account is")
        return result
