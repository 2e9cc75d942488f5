"""A Jira of the sandbox: what is true in it, and how it answers."""

from datetime import timedelta

from werkzeug import Request, Response

from connectors.sandbox.jira_truth.admin import JiraAdminMoves
from connectors.sandbox.jira_truth.store import Face
from connectors.sandbox.jira_wire.app import respond
from connectors.sandbox.past import Past
from connectors.sandbox.world import Clock


class JiraSite(JiraAdminMoves):
    """A Jira with the face of Cloud or of Data Center.

    Tests and the demo move it through the verbs of `JiraAdminMoves`; everybody else speaks to it over HTTP.
    """

    kind = "jira"

    def __init__(self, name: str, face: Face = "cloud", clock: Clock | None = None) -> None:
        """An empty site with default statuses, types, resolutions, fields and milepost's own account."""
        super().__init__(name, face, clock)
        self._past: Past[JiraSite] = Past()

    def respond(self, request: Request, base_url: str) -> Response:
        """Answer one request whose path is relative to the site."""
        self._remember()
        return respond(self, request, base_url, self.behind)

    def answer_late(self, *, searches: int = 0, comments: int = 0) -> None:
        """From now on let searches and counts, and lists of comments, be so many seconds behind.

        What is asked for by its id is fresh. After `load` nothing is late until the next change.
        """
        self._past.clear()
        self.quirks.search_lag, self.quirks.comment_lag = searches, comments
        self._remember()

    def behind(self, seconds: int) -> "JiraSite | None":
        """The site as it was so many seconds ago, or None for now."""
        return self._past.behind(self.clock.now(), seconds)

    def _remember(self) -> None:
        longest = max(self.quirks.search_lag, self.quirks.comment_lag)
        if longest:
            self._past.keep(self.changes, self.changed_at, self._copy)
            self._past.forget_before(self.clock.now() - timedelta(seconds=longest))

    def _copy(self) -> "JiraSite":
        copy = type(self).load(self.dump())
        copy.clock = self.clock
        return copy
