"""Searching: Cloud's pages by token, Data Center's by offset, counting, and fetching in bulk."""

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

from werkzeug import Response

from connectors.sandbox.jira_truth.model import JiraIssue, Scan
from connectors.sandbox.jira_wire.call import Call, Refusal, answer
from connectors.sandbox.jira_wire.render import field_names, issue
from connectors.sandbox.jql.evaluate import run
from connectors.sandbox.jql.parse import JqlError, parse
from connectors.sandbox.jql.vocabulary import Vocabulary

PAGE_BARE = 5000
"""Cloud: the longest page when only id and key are asked for."""
PAGE_FIELDS = 100
"""Cloud: the longest page when fields are asked for."""
PAGE_DATACENTER = 1000
"""Data Center: `jira.search.views.default.max` as most sites leave it."""
PAGE_DEFAULT = 50
BULK = 100
"""The most issues that one bulk fetch takes."""
PROPERTIES = 5
"""The most properties that one search returns."""
RECONCILE = 50
"""The most issues that one search reconciles."""
TOKEN_LIFE = timedelta(days=7)
"""How long a nextPageToken is good."""
SCANS = 256
"""Searches whose result is kept."""
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)


def enhanced(call: Call) -> Response:
    """`/search/jql` (Cloud)."""
    _cloud_only(call)
    asked = _asked(call)
    if len(asked["properties"]) > PROPERTIES:
        raise Refusal(400, f"The number of properties exceeds the maximum of {PROPERTIES}.")
    if len(asked["reconcileIssues"]) > RECONCILE:
        raise Refusal(400, f"The number of issues to reconcile exceeds the maximum of {RECONCILE}.")
    scan, serial, start = _scan(call, asked)
    names = field_names(call, [name for name in asked["fields"] if name not in ("id", "key")], "id")
    bare = not names and not asked["properties"]
    size = min(
        call.number("maxResults", PAGE_DEFAULT, asked) or PAGE_DEFAULT, PAGE_BARE if bare else PAGE_FIELDS
    )
    rows = _rows(call, scan.ids[start : start + size], asked["reconcileIssues"])
    if bare and "key" not in asked["fields"]:
        page: dict[str, Any] = {"issues": [{"id": str(row.id)} for row in rows]}
    else:
        page = {"issues": [issue(_as_indexed(call, row), row, names, asked["properties"]) for row in rows]}
    page["isLast"] = start + size >= len(scan.ids)
    if not page["isLast"]:
        page["nextPageToken"] = _token(serial, start + size)
    return answer(page)


def classic(call: Call) -> Response:
    """`/search` (Data Center); removed from Cloud."""
    if call.cloud:
        raise Refusal(410, REMOVED)
    asked = _asked(call)
    strict = str(asked.get("validateQuery", "strict")).lower() in ("strict", "true")
    start = call.number("startAt", 0, asked)
    size = min(call.number("maxResults", PAGE_DEFAULT, asked), PAGE_DATACENTER)
    ids, warnings = _all(call, asked["jql"], strict=strict)
    names = field_names(call, asked["fields"], "*navigable")
    page: dict[str, Any] = {
        "expand": "schema,names",
        "startAt": start,
        "maxResults": size,
        "total": len(ids),
        "issues": [
            issue(_as_indexed(call, row), row, names, asked["properties"])
            for row in _rows(call, ids[start : start + size])
        ],
    }
    return answer(page | {"warningMessages": warnings} if warnings else page)


def count(call: Call) -> Response:
    """`/search/approximate-count` (Cloud)."""
    _cloud_only(call)
    jql = _text(call.body.get("jql", ""), "jql")
    _bounded(jql)
    return answer({"count": len(_ids(call, jql))})


def bulk_fetch(call: Call) -> Response:
    """`/issue/bulkfetch` (Cloud): what does not exist or may not be seen is left out."""
    _cloud_only(call)
    requested = call.body.get("issueIdsOrKeys")
    if not isinstance(requested, list) or not requested:
        raise Refusal(400, "issueIdsOrKeys must not be empty")
    if len(requested) > BULK:
        raise Refusal(400, f"The number of issues requested exceeds the maximum of {BULK}.")
    names = field_names(call, _texts(call.body, "fields"), "*navigable")
    result = {
        one.id: one for one in map(call.site.by_key, map(str, requested)) if one and _fetched(call, one)
    }
    spoiled = [id_ for id_ in result if id_ in call.site.bulk_errors]
    rows = [
        issue(_as_indexed(call, row), row, names, _texts(call.body, "properties"))
        for row in result.values()
        if row.id not in spoiled
    ]
    errors = [{"id": str(id_), "errorMessage": "The issue could not be fetched."} for id_ in spoiled]
    return answer({"issues": rows, "issueErrors": errors})


def _fetched(call: Call, record: JiraIssue) -> bool:
    archived = record.archived and not call.site.quirks.bulk_has_archived
    return call.visible(record) and not archived


def _rows(call: Call, ids: Sequence[int], fresh: Sequence[str] = ()) -> list[JiraIssue]:
    """The issues of a page as the index has them, without those that cannot be seen any more."""
    site = call.late(call.site.quirks.search_lag).site
    rows = [
        call.site.issues[id_] if str(id_) in fresh or id_ not in site.issues else site.issues[id_]
        for id_ in ids
        if id_ in call.site.issues
    ]
    return [row for row in rows if call.visible(call.site.issues[row.id])]


def _as_indexed(call: Call, row: JiraIssue) -> Call:
    """The call to the site as it was when this row was indexed, with the names that it had then."""
    late = call.late(call.site.quirks.search_lag)
    return late if late.site.issues.get(row.id) is row else call


def _asked(call: Call) -> dict[str, Any]:
    """What a search asks for, from the query of a GET or the body of a POST alike."""
    if call.request.method == "POST":
        asked = dict(call.body)
        for name in ("fields", "properties", "reconcileIssues"):
            asked[name] = _texts(asked, name)
    else:
        asked = dict(call.request.args.items())
        for name in ("fields", "properties", "reconcileIssues"):
            asked[name] = call.many(name)
    asked["jql"] = _text(asked.get("jql") or "", "jql")
    asked.setdefault("nextPageToken", None)
    return asked


def _texts(body: dict[str, Any], name: str) -> list[str]:
    values = body.get(name) or []
    if not isinstance(values, list):
        raise Refusal(400, f"{name} must be a list.")
    return [str(value) for value in values]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Refusal(400, f"{name} must be a text.")
    return value


def _cloud_only(call: Call) -> None:
    if not call.cloud:
        raise Refusal(404, f"null for uri: {call.url(call.request.path.rpartition('/')[2])}")


def _bounded(jql: str) -> None:
    try:
        query = parse(jql)
    except JqlError as error:
        raise Refusal(400, str(error)) from error
    if query.where is None:
        raise Refusal(400, UNBOUNDED)


def _ids(call: Call, jql: str) -> list[int]:
    late = call.late(call.site.quirks.search_lag)
    return _found(jql, Vocabulary(late.site, call.account))


def _found(jql: str, words: Vocabulary) -> list[int]:
    try:
        return run(parse(jql), words)
    except JqlError as error:
        raise Refusal(400, str(error)) from error


def _all(call: Call, jql: str, *, strict: bool) -> tuple[Sequence[int], list[str]]:
    """All matches, remembered while nothing moves, so that paging does not search again for each page."""
    now = call.site.clock.now()
    key = f"{call.site.changes}:{now.timestamp()}:{strict}:{call.account.id}:{jql}"
    if key in call.site.scans:
        return call.site.scans[key].ids, []
    words = Vocabulary(call.late(call.site.quirks.search_lag).site, call.account, strict)
    ids = tuple(_found(jql, words))
    if not words.warnings:
        _keep(call, key, Scan(ids, jql, call.account.id, now))
    return ids, words.warnings


def _scan(call: Call, asked: dict[str, Any]) -> tuple[Scan, str, int]:
    """The search that a token continues, or a new one; with its serial number and where the page starts.

    `reconcileIssues` names issues that are looked at as they are, however late the index is.
    """
    jql, token = asked["jql"], asked["nextPageToken"]
    if token is None:
        _bounded(jql)
        ids = _ids(call, jql)
        if call.site.quirks.search_lag and asked["reconcileIssues"]:
            fresh = {int(id_) for id_ in asked["reconcileIssues"] if str(id_).isdecimal()}
            now = _found(jql, Vocabulary(call.site, call.account))
            ids = [id_ for id_ in ids if id_ not in fresh] + [id_ for id_ in now if id_ in fresh]
        scan = Scan(tuple(ids), jql, call.account.id, call.site.clock.now())
        serial = str(call.site.scan_count)
        call.site.scan_count += 1
        _keep(call, serial, scan)
        return scan, serial, 0
    serial, start = _read_token(token)
    existing = call.site.scans.get(serial)
    if (
        existing is None
        or existing.account != call.account.id
        or call.site.clock.now() - existing.taken > TOKEN_LIFE
    ):
        _bad_token()
    if existing.jql != jql:
        raise Refusal(400, "The nextPageToken belongs to another JQL query.")
    return existing, serial, start


def _keep(call: Call, key: str, scan: Scan) -> None:
    call.site.scans[key] = scan
    while len(call.site.scans) > SCANS:
        del call.site.scans[next(iter(call.site.scans))]


def _token(serial: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{serial}:{start}".encode()).decode()


def _read_token(token: str) -> tuple[str, int]:
    try:
        serial, _, start = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        return serial, int(start)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        _bad_token()


def _bad_token() -> NoReturn:
    raise Refusal(400, "The provided nextPageToken is invalid or has expired.")
