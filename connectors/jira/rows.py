"""Rows of searches: as issues, those that could not be read, and those that name no issue."""

from collections.abc import Iterable, Iterator, Sequence

from connectors.jira.issues import IssueParser
from connectors.jira.json_answers import Json
from connectors.jira.search import Search
from connectors.models import Issue, Page, Unread

NAMELESS = "rows of the list of issues say not of which issue they are"


def nameless(row: Json) -> bool:
    """Whether a row says neither by id nor by key, which are texts, of which issue it is."""
    return not (isinstance(row.get("id"), str) or isinstance(row.get("key"), str))


def unnamed_below(roots: Iterable[str]) -> tuple[Unread, ...]:
    """All of these trees, where a row of one of them has no name: nothing tells of which."""
    return tuple(
        Unread(None, root, "a row of its tree says not of which issue it is") for root in sorted(roots)
    )


def named_rows(rows: Iterable[Json]) -> dict[str, str]:
    """Id and key of the rows that tell both."""
    return {
        row["id"]: row["key"]
        for row in rows
        if isinstance(row.get("id"), str) and isinstance(row.get("key"), str)
    }


def read_page(parser: IssueParser, rows: Iterable[Json]) -> Page:
    """Rows as issues, and those that cannot be read."""
    read = [parser.issue(row) for row in rows]
    issues = tuple(one for one in read if isinstance(one, Issue))
    return Page(issues, tuple(one for one in read if isinstance(one, Unread)))


def joined(pages: Iterable[Page]) -> Page:
    """Several pages as one, each issue once."""
    all_pages = list(pages)
    issues = {issue.ref.id: issue for page in all_pages for issue in page.issues}
    return Page(tuple(issues.values()), tuple(one for page in all_pages for one in page.unread))


def asked_for(
    search: Search, keys: Iterable[str], fields: Sequence[str]
) -> Iterator[tuple[list[Json], tuple[Unread, ...]]]:
    """Rows by key or id, and those that did not come; where a row has no name, all that are missing."""
    requested = list(keys)
    came: set[object] = set()
    odd = False
    for rows, errors in search.by_keys(requested, fields):
        named = [row for row in rows if not nameless(row)]
        odd = odd or len(named) < len(rows)
        came.update(row.get(name) for row in (*named, *errors) for name in ("id", "key"))
        yield named, unsent(errors)
    lost = [one for one in requested if one not in came] if odd else []
    why = "Jira sent something else instead of it"
    yield [], tuple(Unread(one, None, why) if one.isdecimal() else Unread(None, one, why) for one in lost)


def unsent(errors: Iterable[Json]) -> tuple[Unread, ...]:
    """Issues that exist but that Jira did not send this time."""
    why = "Jira could not send it this time"
    return tuple(
        Unread(str(error["id"]) if error.get("id") is not None else None, error.get("key"), why)
        for error in errors
    )
