"""What kind of Jira it is, and the account that milepost uses there."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """What `serverInfo` says."""

    cloud: bool
    version: str
    site: str
    """Where people open issues: the configured URL, or behind the gateway the site's own."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who milepost is: `id` is the accountId, or Data Center's user key."""

    id: str
    name: str

    def wrote(self, comment: Mapping[str, object]) -> bool:
        """Whether a comment is by this account."""
        author = comment.get("author")
        if not isinstance(author, dict):
            return False
        return self.id in (author.get("accountId"), author.get("key")) or (
            "accountId" not in author and bool(self.name) and self.name == author.get("name")
        )
