"""The links of a Jira issue to what has to be done before it."""

from collections.abc import Collection, Iterator
from typing import Any

from connectors import bounds
from connectors.jira.settings import normal_key
from connectors.models import Blocker, IssueRef, StatusCategory
from connectors.names import fold_name

CATEGORIES = {
    "new": StatusCategory.TODO,
    "indeterminate": StatusCategory.IN_PROGRESS,
    "done": StatusCategory.DONE,
}
"""Jira's keys of status categories."""


def category_of(status: object) -> StatusCategory:
    """The category of a status as Jira prints it; UNKNOWN where it tells none that milepost understands."""
    category = status.get("statusCategory") if isinstance(status, dict) else None
    key = category.get("key") if isinstance(category, dict) else None
    return CATEGORIES.get(key, StatusCategory.UNKNOWN) if isinstance(key, str) else StatusCategory.UNKNOWN


def parse_blockers(links: object, names: Collection[str], tracker: str, site: str) -> tuple[Blocker, ...]:
    """What blocks an issue, by its field `issuelinks`, in the order of ids.

    `names`: by `fold_name`, what such links are called as the issue shows them. Progress does not
    depend on links, so that what is no link as Jira documents it is left out.
    """
    result: dict[int, Blocker] = {}
    for link in links if isinstance(links, list) else ():
        for other in _blocking(link, names):
            identity, key = other.get("id"), normal_key(str(other.get("key")))
            if key is None or not (isinstance(identity, str) and identity.isascii() and identity.isdigit()):
                continue
            fields = other.get("fields")
            fields = fields if isinstance(fields, dict) else {}
            title = fields.get("summary")
            result[int(identity)] = Blocker(
                IssueRef(tracker, identity, key),
                f"{site}/browse/{key}",
                bounds.title(title) if isinstance(title, str) else "",
                category_of(fields.get("status")),
            )
    return tuple(result[identity] for identity in sorted(result))


def _blocking(link: object, names: Collection[str]) -> Iterator[dict[str, Any]]:
    """The other issue of a link that is called so from this issue's side.

    A link has two names, one for each direction; `inwardIssue` is sent where this issue shows the inward one.
    """
    kind = link.get("type") if isinstance(link, dict) else None
    if not isinstance(link, dict) or not isinstance(kind, dict):
        return
    for side in ("inward", "outward"):
        other = link.get(f"{side}Issue")
        if isinstance(other, dict) and fold_name(str(kind.get(side))) in names:
            yield other
