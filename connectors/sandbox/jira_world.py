"""A Jira of the sandbox: what is true in it, and how it answers."""

from werkzeug import Request, Response

from connectors.sandbox.jira_truth.moves import JiraMoves
from connectors.sandbox.jira_wire.app import respond


class JiraSite(JiraMoves):
    """A Jira with the face of Cloud or of Data Center.

    Tests and the demo move it through the verbs of `JiraMoves`; everybody else speaks to it over HTTP.
    """

    kind = "jira"

    def respond(self, request: Request, base_url: str) -> Response:
        """Answer one request whose path is relative to the site."""
        return respond(self, request, base_url)
