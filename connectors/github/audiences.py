"""Who may read what stands in a repository of GitHub."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.audience import Audience
from connectors.errors import BadConfiguration, TrackerDown, TrackerError, Unavailable
from connectors.github.client import GitHubClient
from connectors.github.issue_keys import is_repository
from connectors.github.repositories import RepositoryNames


def _audience(row: Mapping[str, Any]) -> Audience | None:
    """Who may read the repository of a row: GitHub's `visibility`, or `private` where an old server has none.

    An internal repository is open to the enterprise, a private one to those who were invited: both count as
    the organisation. None where the row tells neither.
    """
    visibility, private = row.get("visibility"), row.get("private")
    if visibility in ("private", "internal") or private is True:
        return Audience.ORGANISATION
    if visibility == "public" or (visibility is None and private is False):
        return Audience.PUBLIC
    return None


def audiences(
    client: GitHubClient, names: RepositoryNames, containers: Iterable[str]
) -> Mapping[str, Audience | TrackerError | None]:
    """See TellsAudiences. One request for each repository of which this run has no row yet."""
    result: dict[str, Audience | TrackerError | None] = {}
    for name in filter(is_repository, containers):
        row = names.rows.get(name.lower())
        try:
            result[name] = _audience(row or client.get(f"/repos/{name}").json_object())
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as problem:
            result[name] = problem if isinstance(problem, Unavailable) else None
    return result
