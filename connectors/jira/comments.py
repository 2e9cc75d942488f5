"""The comments of an issue, complete, and which of them are milepost's."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.bounds import moment
from connectors.errors import InvalidResponse, Unavailable
from connectors.http.urls import path_segment
from connectors.jira.account import Account
from connectors.jira.client import JiraClient
from connectors.jira.json_answers import Json, mapping, rows
from connectors.models import MARK_PREFIX, IssueRef, PostedComment

PROPERTY = "milepost"
"""The comment property that holds the mark, out of people's sight."""
MARKS_LISTED = "jira.comment_properties_kept"
"""The server was seen to list a comment's mark: from then on the text need not show it."""
INTERNAL = "sd.public.comment"
"""The comment property by which service management hides a comment from customers."""

_PAGE = 100
_RESTARTS = 5
_MOST_EMPTY = 20
"""Pages in a row: 2,000 comments that the account may not see, of the about 5,000 that Cloud allows."""


def read_comments(
    client: JiraClient, account: Account, site: str, ref: IssueRef
) -> tuple[PostedComment, ...]:
    """Every comment of one issue that bears milepost's mark, in its text or as a property.

    A list that is shorter than its total may hide comments from the account, or lack them by mistake: where
    none of ours is in it, the issue itself is asked for its comments too, so that none is written twice.
    """
    listed, total = _read_all(client, ref)
    result = _ours(client, account, site, ref, listed)
    if not result and len(listed) < total:
        result = _ours(client, account, site, ref, _of_issue(client, account, ref))
    return tuple(result.values())


def _ours(
    client: JiraClient, account: Account, site: str, ref: IssueRef, listed: Iterable[Json]
) -> dict[str, PostedComment]:
    """Those of these comments that bear a mark of milepost, by id."""
    result: dict[str, PostedComment] = {}
    for row in listed:
        comment = read_comment(row, account, site, ref)
        if comment is None:
            raise InvalidResponse(
                client.name, f"GET comments of {ref.key}", "a comment came without id or text"
            )
        if comment.mine and comment.mark is not None and client.memory.get(MARKS_LISTED) is None:
            client.memory.set(MARKS_LISTED, "yes")
        if comment.mark is not None or MARK_PREFIX in comment.body:
            result[comment.id] = comment
    return result


def _of_issue(client: JiraClient, account: Account, ref: IssueRef) -> list[Json]:
    """The comments that the issue's own field `comment` holds; our account's with their properties."""
    answer = client.get(f"issue/{path_segment(ref.id)}", {"fields": "comment"})
    fields = mapping(answer, answer.json_object().get("fields"))
    held = fields.get("comment")
    several = rows(answer, held, "comments") if isinstance(held, dict) else []
    return [_with_properties(client, ref, row) if account.wrote(row) else row for row in several]


def _with_properties(client: JiraClient, ref: IssueRef, row: Json) -> Json:
    """A comment with its properties, which the issue's field does not bring; as it is if it is gone."""
    path = f"issue/{path_segment(ref.id)}/comment/{path_segment(str(row.get('id')))}"
    answer = client.get(path, {"expand": "properties"}, accept=(404, 410))
    return row if answer.status in (404, 410) else answer.json_object()


def read_comment(row: Json, account: Account, site: str, ref: IssueRef) -> PostedComment | None:
    """One comment; None if it has no id or no text."""
    identity, body = row.get("id"), row.get("body")
    if not isinstance(identity, str) or not identity or not isinstance(body, str):
        return None
    return PostedComment(
        id=identity,
        body=body,
        mine=account.wrote(row),
        mark=_mark(row.get("properties")),
        url=f"{site}/browse/{ref.key}?focusedCommentId={identity}",
        visibility=_visibility(row.get("visibility")),
        internal=_internal(row),
        updated=moment(row.get("updated")),
    )


def _read_all(client: JiraClient, ref: IssueRef) -> tuple[list[Json], int]:
    """Every comment, and the total that Jira gives; read anew where others removed theirs meanwhile."""
    for _ in range(_RESTARTS):
        result = _read_once(client, ref)
        if result is not None:
            return result
    message = f"the comments changed while they were read, {_RESTARTS} times over"
    raise Unavailable(client.name, client.request("GET", f"issue/{path_segment(ref.id)}/comment"), message)


def _read_once(client: JiraClient, ref: IssueRef) -> tuple[list[Json], int] | None:
    """Page by page, each from the last row of the one before; None if that row is not there any more.

    Then rows have left the places before it, and one of ours may have slipped to a page that was read.
    `total` may count comments that the account may not see: a page may then have fewer rows than places,
    or none, and the list ends where its places end; but not after a full page that brings anything new, since
    a total may be too small as well. Servers without paging send all at once. Raises InvalidResponse where
    a total leads to `_MOST_EMPTY` pages in a row without a row.
    """
    result: dict[object, Json] = {}
    start, before, empty, last = 0, 0, 0, None
    while True:
        page = _page(client, ref, start)
        if not page.rows and start < page.total:
            page = _page(client, ref, start)  # empty by mistake, or all of them hidden
        if page.total < before or (last is not None and last not in page.rows):
            return None
        new = page.rows.keys() - result.keys()
        result.update(page.rows)
        end = start + page.places
        full = page.paged and len(page.rows) >= page.places
        if (end >= page.total and not (full and new)) or not (new or page.paged):
            return list(result.values()), page.total
        empty = 0 if page.rows else empty + 1
        if empty >= _MOST_EMPTY:
            message = f"{page.total} comments are said to be there, and {empty} pages in a row have none"
            raise InvalidResponse(
                client.name, client.request("GET", f"issue/{path_segment(ref.id)}/comment"), message
            )
        before = page.total
        # The row in the last place is read again, to see that none has left; a hidden one shows nothing.
        last = next(reversed(page.rows)) if page.rows and len(page.rows) >= page.places else None
        start = max(start + 1, end - 1) if last is not None else end


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of an issue's comments."""

    rows: dict[object, Json]
    """By id, in their order."""
    total: int
    places: int
    """How many places of the list it covers, at least 1; rows that are hidden are missing in it."""
    paged: bool
    """Whether the server said how many rows a page has."""


def _page(client: JiraClient, ref: IssueRef, start: int) -> _Page:
    params = {"startAt": start, "maxResults": _PAGE, "orderBy": "created", "expand": "properties"}
    answer = client.get(f"issue/{path_segment(ref.id)}/comment", params)
    body = answer.json_object()
    came = {row.get("id"): row for row in rows(answer, body, "comments")}
    total, size = body.get("total"), body.get("maxResults")
    if not isinstance(total, int):
        raise InvalidResponse(client.name, answer.request, "the total of the comments is missing")
    paged = isinstance(size, int) and size > 0
    places = max(size if isinstance(size, int) and paged else len(came) or _PAGE, len(came), 1)
    return _Page(came, max(0, total), places, paged)


def _mark(properties: object) -> str | None:
    for one in properties if isinstance(properties, list) else ():
        if isinstance(one, dict) and one.get("key") == PROPERTY and isinstance(one.get("value"), dict):
            mark = one["value"].get("mark")
            if isinstance(mark, str) and mark.startswith(MARK_PREFIX):
                return mark
    return None


def _internal(row: Json) -> bool | None:
    """By the property, which milepost sets itself, and by `jsdPublic`; None if neither was sent."""
    properties, public = row.get("properties"), row.get("jsdPublic")
    for one in properties if isinstance(properties, list) else ():
        if isinstance(one, dict) and one.get("key") == INTERNAL and isinstance(one.get("value"), dict):
            return one["value"].get("internal") is True
    if isinstance(public, bool):
        return not public
    return False if isinstance(properties, list) else None


def _visibility(value: object) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return None
    kind, name = value.get("type"), value.get("value")
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) else None
