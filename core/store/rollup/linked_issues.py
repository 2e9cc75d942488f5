"""Finds the tagged issues that are open and that others block."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from connectors.models import Issue, IssueRef
from core.store.database import Database
from core.store.issue_rows import decode
from core.store.rollup.ancestry import SAME_ISSUE
from core.store.rollup.rollup_rows import LinkedIssue
from core.store.schema import contributions, issues, linked


def linked_issues(database: Database, connection: Connection) -> Iterator[LinkedIssue]:
    """All of them, in the order of owner, tracker and id. Raises StoreError for a damaged row."""
    statement = (
        select(
            contributions.c.owner,
            contributions.c.counts,
            contributions.c.needs_engine,
            issues.c.tracker,
            issues.c.id,
            issues.c.key,
            issues.c.document,
        )
        .join(contributions, SAME_ISSUE)
        .where(linked, issues.c.gone.is_(None), contributions.c.standing < 2)
        .order_by(contributions.c.owner, issues.c.tracker, issues.c.id)
    )
    read: dict[IssueRef, Issue] = {}
    for row in connection.execute(statement):
        ref = IssueRef(row.tracker, row.id, row.key)
        if ref not in read:
            read[ref] = decode(database, ref, row.document)
        yield LinkedIssue(row.owner, read[ref], bool(row.counts), bool(row.needs_engine))
