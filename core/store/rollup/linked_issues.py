"""Finds the tagged issues that are open and that others block."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from connectors.models import Issue, IssueRef
from core.store.database import Database
from core.store.issue_rows import decode
from core.store.schema import issues, linked, tags


class LinkedIssue(NamedTuple):
    """An open issue of one milestone or key result that others block, or did when it was read."""

    owner: str
    issue: Issue
    counts: bool
    """Whether it counts as a task."""
    several: bool
    """Whether only all tasks of the owner together tell how many tasks it is, such as boxes of a list."""


def linked_issues(database: Database, connection: Connection) -> Iterator[LinkedIssue]:
    """All of them, in the order of owner, tracker and id. Raises StoreError for a damaged row."""
    statement = (
        select(
            tags.c.owner,
            tags.c.counts,
            tags.c.hard,
            issues.c.tracker,
            issues.c.id,
            issues.c.key,
            issues.c.document,
        )
        .join(tags, (issues.c.tracker == tags.c.tracker) & (issues.c.id == tags.c.id))
        .where(linked, issues.c.gone.is_(None), tags.c.standing < 2)
        .order_by(tags.c.owner, issues.c.tracker, issues.c.id)
    )
    read: dict[IssueRef, Issue] = {}
    for row in connection.execute(statement):
        ref = IssueRef(row.tracker, row.id, row.key)
        if ref not in read:
            read[ref] = decode(database, ref, row.document)
        yield LinkedIssue(row.owner, read[ref], bool(row.counts), bool(row.hard))
