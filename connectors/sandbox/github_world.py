"""A GitHub of the sandbox: github.com, or an Enterprise Server of some version."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from werkzeug import Request, Response

from connectors.sandbox.github_dispatch import Wire
from connectors.sandbox.github_truth.project_moves import ProjectMoves
from connectors.sandbox.github_truth.saved import dump_truth, load_truth
from connectors.sandbox.github_truth.truth import BOT, TOKEN
from connectors.sandbox.past import Past

__all__ = ["BOT", "TOKEN", "GitHubSite"]


class GitHubSite(ProjectMoves):
    """One GitHub. Its `url` on a running server is the API's base URL, plus `/api/v3` for Enterprise Server.

    `enterprise` is the server's version ("3.14"); None is github.com. `web` is where the pages that people
    open would live; it does not answer, and it stays the same from run to run, unlike the server's port.
    """

    kind = "github"

    def __init__(self, name: str, enterprise: str | None = None, web: str | None = None) -> None:
        """An empty site with one account, milepost-bot, and its token, "sandbox"."""
        super().__init__(name, enterprise, web or f"https://{name}.example")
        self._past: Past[GitHubSite] = Past()
        self._wire = Wire(self, self.behind)

    @property
    def api_path(self) -> str:
        """What to append to the server's URL of this site to reach its API."""
        return "" if self.enterprise is None else "/api/v3"

    def respond(self, request: Request, base_url: str) -> Response:
        """Answer a request whose `path` is relative to the site; `base_url` has no slash at the end."""
        self._remember()
        return self._wire.respond(request, base_url)

    def answer_late(self, *, lists: int = 0, comments: int = 0) -> None:
        """From now on let lists and searches of issues, and lists of comments, be so many seconds behind.

        What is asked for by its number or id is fresh. After `load` nothing is late until the next change.
        """
        self._past.clear()
        self.settings.list_lag, self.settings.comment_lag = lists, comments
        self._remember()

    def behind(self, seconds: int) -> "GitHubSite | None":
        """The site as it was so many seconds ago, or None for now."""
        return self._past.behind(self.clock.now(), seconds)

    def _remember(self) -> None:
        longest = max(self.settings.list_lag, self.settings.comment_lag)
        if longest:
            self._past.keep(self.changes, datetime.fromtimestamp(self.changed_at, UTC), self._copy)
            self._past.forget_before(self.clock.now() - timedelta(seconds=longest))

    def _copy(self) -> "GitHubSite":
        copy = type(self).load(self.dump())
        copy.clock = self.clock
        return copy

    def dump(self) -> dict[str, Any]:
        """Everything worth keeping, as JSON can hold it."""
        return dump_truth(self)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """The site that `dump` wrote."""
        site = cls(data["name"], data["enterprise"], data["web"])
        load_truth(site, data)
        return site
