"""What one Jira was seen not to take, remembered for a day so that it is not tried with every write."""

from datetime import timedelta

from connectors import bounds
from connectors.jira.session import JiraSession

LOUD = "jira.loud"
"""The account may not change an issue without a mail to its watchers."""
PLAIN = "jira.plain"
"""The server does not store characters beyond the Basic Multilingual Plane (JRA-36135)."""
FORGETFUL = "jira.forgets_comment_properties"
"""The server takes a comment's properties and does not list them."""

_FRESH = timedelta(days=1)


class Habits:
    """Facts of a server or an account that are tried anew once a day."""

    def __init__(self, session: JiraSession) -> None:
        self._session = session

    def has(self, fact: str) -> bool:
        """Whether this was seen within the last day."""
        now = self._session.now()
        when = bounds.past(bounds.moment(self._session.memory.get(fact)), now)
        return when is not None and now - when < _FRESH

    def note(self, fact: str) -> None:
        """Remember that it was seen now."""
        self._session.memory.set(fact, self._session.now().isoformat())


def only_bmp(text: str) -> str:
    """The text without the characters that take four bytes in UTF-8, such as most emoji."""
    return "".join(character for character in text if ord(character) <= 0xFFFF)
