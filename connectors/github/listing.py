"""Lists of issues, complete although they change while they are read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from connectors.answer import Answer
from connectors.contract import Missing
from connectors.github.api import Api, sort_scope

PER_PAGE = 100


def repositories(api: Api) -> Iterator[tuple[str, bool]]:
    """Every repository in scope once, `owner/name`, and whether it is configured by name."""
    settings = api.settings
    seen = {name.lower() for name in settings.repositories}
    yield from ((name, True) for name in settings.repositories)
    if settings.organization is None:
        return
    path = f"/orgs/{settings.organization}/repos"
    try:
        for rows in api.pages(path, {"type": "all", "sort": "full_name", "per_page": PER_PAGE}):
            for row in rows:
                name = row.get("full_name") if isinstance(row, dict) else None
                if isinstance(name, str) and name.lower() not in seen and row.get("has_issues", True):
                    seen.add(name.lower())
                    yield name, False
    except Missing as problem:
        raise sort_scope(problem, f"the organisation {settings.organization}") from problem


def scope_rows(api: Api, since: datetime | None) -> Iterator[list[Any]]:
    """All issues and pull requests in scope that changed at or after `since` (None: all), by pages.

    A configured repository that is not there is a BadConfiguration, never an empty list; one of an
    organisation may vanish between the two lists.
    """
    for repository, configured in repositories(api):
        try:
            yield from issue_rows(api, repository, since)
        except Missing as problem:
            if configured:
                raise sort_scope(problem, repository) from problem


def issue_rows(api: Api, repository: str, since: datetime | None) -> Iterator[list[Any]]:
    """One repository's issues and pull requests, oldest change first; rows may come again, none is lost.

    Paging by offset would lose a row: one that changes meanwhile moves to the end, all behind it move up,
    and the first of the next page slips into the page that was read. So each page is asked for by time,
    from the last change of the page before (`since` is inclusive, and `updated_at` only grows): whatever
    changes meanwhile lies ahead. Only where more than a page changed within one second are the Link headers
    followed, and then again and again until such a second brings nothing new.
    """
    seen: set[tuple[Any, Any]] = set()
    after = since
    while True:
        fresh, pages, last, ended = 0, 0, after, False
        for answer in _pages_from(api, repository, after):
            rows = api.rows(answer)
            new = [row for row in rows if _stamp(row) not in seen]
            seen.update(_stamp(row) for row in new)
            fresh, pages = fresh + len(new), pages + 1
            if new:
                yield new
            last, ended = _last_change(rows), api.next_page(answer) is None
            if ended or _later(last, after):
                break
        if ended and pages == 1:
            return
        if pages > 1 and fresh:
            continue
        if ended:
            return
        after = last


def _pages_from(api: Api, repository: str, after: datetime | None) -> Iterator[Answer]:
    parameters: dict[str, str | int] = {
        "state": "all",
        "sort": "updated",
        "direction": "asc",
        "per_page": PER_PAGE,
    }
    if after is not None:
        parameters["since"] = after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return api.answers(f"/repos/{repository}/issues", parameters)


def _stamp(row: Any) -> tuple[Any, Any]:
    """What tells rows apart: a row that changed meanwhile comes again as another."""
    return (str(row.get("id")), str(row.get("updated_at"))) if isinstance(row, dict) else (None, repr(row))


def _last_change(rows: list[Any]) -> datetime | None:
    """The time of the last row; None if the rows are not in order or do not say, so that Links are used."""
    times = [_time(row) for row in rows]
    known = [time for time in times if time is not None]
    return known[-1] if known and known == sorted(known) else None


def _time(row: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(row["updated_at"])
    except (KeyError, TypeError, ValueError):
        return None
    return time if time.tzinfo else None


def _later(last: datetime | None, after: datetime | None) -> bool:
    return last is not None and (after is None or last > after)
