"""The least that anyone must do: a keep-alive loop, `orjson.loads`, and 14 columns into SQLite."""

import http.client
import re
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

COLUMNS = (
    "tracker", "id", "key", "url", "title", "container", "status", "category", "type", "labels", "assignees",
    "created", "updated", "resolved",
)  # fmt: skip
JIRA_FIELDS = (
    "summary", "status", "resolution", "issuetype", "priority", "labels", "components", "fixVersions",
    "assignee", "parent", "project", "created", "updated", "resolutiondate",
)  # fmt: skip
CLOUD_EXTRA = ("customfield_10020", "customfield_10016", "customfield_10001")
DATACENTER_EXTRA = ("customfield_10101", "customfield_10100", "customfield_10106", "customfield_10200")
"""What milepost asks for beside the built-in fields on these sites: sprint, points, team, epic."""
_NEXT = re.compile(r'<([^>]+)>; rel="next"')
Get = Callable[[str, str, bytes | None], tuple[Any, bytes]]


@contextmanager
def connection(url: str, headers: dict[str, str]) -> Iterator[tuple[Get, str]]:
    """A keep-alive connection of the standard library, which costs a third of what `requests` costs."""
    parts = urlsplit(url)
    wire = http.client.HTTPConnection(parts.hostname or "", parts.port)

    def get(method: str, path: str, body: bytes | None = None) -> tuple[Any, bytes]:
        wire.request(method, path, body, headers)
        answer = wire.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:200]!r}")
        return answer.headers, data

    with closing(wire):
        yield get, parts.path


def store(file: Path, pages: Iterable[Sequence[tuple[Any, ...]]]) -> int:
    """Every page in a transaction of its own; how many rows there are."""
    with closing(sqlite3.connect(file)) as database:
        return _store(database, pages)


def _store(database: sqlite3.Connection, pages: Iterable[Sequence[tuple[Any, ...]]]) -> int:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"CREATE TABLE issues ({', '.join(COLUMNS)}, PRIMARY KEY (tracker, id)) WITHOUT ROWID")
    insert = "INSERT OR REPLACE INTO issues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    for page in pages:
        with database:
            database.executemany(insert, page)
    return int(database.execute("SELECT count(*) FROM issues").fetchone()[0])


def github(url: str, file: Path, repositories: Sequence[str]) -> int:
    """All issues of these repositories, one page after the other."""
    headers = {"Authorization": "token sandbox", "Accept": "application/vnd.github+json"}
    with connection(url, headers) as (get, _):
        return store(file, (page for name in repositories for page in _github_pages(get, url, name)))


def _github_pages(get: Get, url: str, name: str) -> Iterator[list[tuple[Any, ...]]]:
    path = f"{urlsplit(url).path}/repos/{name}/issues?state=all&sort=updated&direction=asc&per_page=100"
    while path:
        headers, data = get("GET", path, None)
        found = _NEXT.search(headers.get("Link") or "")
        path = found[1].partition(urlsplit(url).netloc)[2] if found else ""
        yield [github_row(row) for row in orjson.loads(data) if "pull_request" not in row]


def github_row(row: dict[str, Any]) -> tuple[Any, ...]:
    """14 columns of a row of GitHub."""
    container = row["repository_url"].partition("/repos/")[2]
    return (
        "github",
        row["id"],
        f"{container}#{row['number']}",
        row["html_url"],
        row["title"],
        container,
        row["state"],
        row["state_reason"],
        (row.get("type") or {}).get("name"),
        ",".join([label["name"] for label in row["labels"]]),
        ",".join([person["login"] for person in row["assignees"]]),
        row["created_at"],
        row["updated_at"],
        row["closed_at"],
    )


def jira_cloud(url: str, file: Path, project: str) -> int:
    """One project by tokens, 100 a page."""
    basic = b64encode(b"milepost@sandbox.test:sandbox").decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    with connection(url, headers) as (get, base):
        return store(file, _cloud_pages(get, url, base, project))


def _cloud_pages(get: Get, url: str, base: str, project: str) -> Iterator[list[tuple[Any, ...]]]:
    asked: dict[str, Any] = {
        "jql": f"project = {project} ORDER BY created ASC, key ASC",
        "fields": [*JIRA_FIELDS, *CLOUD_EXTRA],
        "maxResults": 100,
    }
    while True:
        found = orjson.loads(get("POST", f"{base}/rest/api/2/search/jql", orjson.dumps(asked))[1])
        yield [jira_row(url, row) for row in found["issues"]]
        if "nextPageToken" not in found:
            return
        asked["nextPageToken"] = found["nextPageToken"]


def jira_datacenter(url: str, file: Path, project: str, size: int) -> int:
    """One project by offsets, as many a page as milepost asks for."""
    with connection(url, {"Authorization": "Bearer sandbox"}) as (get, base):
        return store(file, _datacenter_pages(get, url, base, project, size))


def _datacenter_pages(
    get: Get, url: str, base: str, project: str, size: int
) -> Iterator[list[tuple[Any, ...]]]:
    fields = ",".join((*JIRA_FIELDS, *DATACENTER_EXTRA))
    jql = quote(f"project = {project} ORDER BY created ASC, key ASC")
    start = 0
    while True:
        path = f"{base}/rest/api/2/search?jql={jql}&fields={fields}&startAt={start}&maxResults={size}"
        found = orjson.loads(get("GET", path, None)[1])
        yield [jira_row(url, row) for row in found["issues"]]
        start += len(found["issues"])
        if start >= found["total"] or not found["issues"]:
            return


def jira_row(url: str, row: dict[str, Any]) -> tuple[Any, ...]:
    """14 columns of a row of Jira."""
    fields = row["fields"]
    assignee = fields["assignee"]
    return (
        "jira",
        row["id"],
        row["key"],
        f"{url}/browse/{row['key']}",
        fields["summary"],
        fields["project"]["key"],
        fields["status"]["name"],
        fields["status"]["statusCategory"]["key"],
        fields["issuetype"]["name"],
        ",".join(fields["labels"]),
        assignee and assignee["displayName"],
        fields["created"],
        fields["updated"],
        fields["resolutiondate"],
    )
