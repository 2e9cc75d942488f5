"""Runs and what each of them wrote, in order; comments and goal values as last published."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, insert, select, update

from connectors.models import IssueRef
from connectors.redaction import redact_reason
from core.engine.model import Snapshot
from core.publish.actions import Written
from core.publish.publication import Publication
from core.publish.quarantine import plain, target_of
from core.store.codec.ledger_codec import (
    decode_publication,
    decode_snapshots,
    decode_written,
    encode_publication,
    encode_snapshots,
    encode_written,
)
from core.store.codec.scalars import (
    EPOCH,
    clean,
    credible_moment,
    dump,
    load,
    maybe_fraction,
    maybe_ratio,
    micros,
)
from core.store.corruption import UNREADABLE, decoded
from core.store.schema import entries, goal_values, publications, published, runs
from core.store.stored_values import GoalValue, RunRecord, StoreError
from core.store.upsert import upsert


def begin_run(connection: Connection, at: datetime, kind: str) -> int:
    """Begin a run, and mark those that never ended as crashed: there is one writer at a time."""
    connection.execute(
        update(runs).where(runs.c.ended.is_(None), runs.c.outcome.is_(None)).values(outcome="crashed")
    )
    row = {"begun": micros(at), "kind": clean(kind), "said": "", "counts": dump({})}
    key = connection.execute(insert(runs), row).inserted_primary_key
    if key is None:
        raise StoreError("the database gave no number to a new run")
    return int(key[0])


def end_run(
    connection: Connection, run: int, at: datetime, outcome: str, reason: str, counts: Mapping[str, int]
) -> None:
    """Write down how a run ended. Raises LookupError for a run that never began."""
    done = connection.execute(
        update(runs)
        .where(runs.c.run == run)
        .values(
            ended=micros(at),
            outcome=clean(outcome),
            said=clean(redact_reason(reason)),
            counts=dump(dict(counts)),
        )
    )
    if done.rowcount != 1:
        raise LookupError(f"there is no run {run}")


def latest_runs(
    connection: Connection, limit: int | None, kind: str | None, outcome: str | None
) -> tuple[RunRecord, ...]:
    """Runs, the latest first; only those of a kind or with an outcome, if one is given."""
    statement: Select[Any] = select(runs).order_by(runs.c.run.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(runs.c.kind == kind)
    if outcome is not None:
        statement = statement.where(runs.c.outcome == outcome)
    return tuple(_run(row) for row in connection.execute(statement))


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(
        run=row.run,
        kind=row.kind,
        begun=credible_moment(row.begun) or EPOCH,
        ended=credible_moment(row.ended),
        outcome=row.outcome,
        reason=row.said,
        counts=_counts(row.counts),
    )


def _counts(stored: object) -> dict[str, int]:
    """What a run counted; nothing where that cannot be read, since it is only shown."""
    try:
        result = load(stored) if isinstance(stored, str) else {}
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def record(connection: Connection, run: int, written: Written, at: datetime) -> None:
    """Append what became of one action. Raises LookupError for a run that never began.

    An action that failed as it failed last, but for numbers in the reason, is counted there instead.
    """
    if connection.execute(select(runs.c.run).where(runs.c.run == run)).scalar() is None:
        raise LookupError(f"there is no run {run}")
    written = replace(written, reason=redact_reason(written.reason))
    target = _target(written)
    if target is not None and _count(connection, target, written, at):
        return
    row = {"run": run, "at": micros(at), "target": target, "document": encode_written(written)}
    connection.execute(insert(entries), row)


def _target(written: Written) -> str | None:
    """What a failed action was to change, as a text; None for one that did not fail."""
    if written.outcome != "failed":
        return None
    target = target_of(written.action)
    return clean("\n".join((target.kind, target.tracker, target.place, target.name)))


def _count(connection: Connection, target: str, written: Written, at: datetime) -> bool:
    """Count a failure with the latest one of the same target, if that had the same reason."""
    latest = select(entries).where(entries.c.target == target).order_by(entries.c.entry.desc()).limit(1)
    row = connection.execute(latest).one_or_none()
    if row is None:
        return False
    try:
        same = plain(decode_written(row.document).reason) == plain(clean(written.reason))
    except UNREADABLE:
        return False
    if same:
        counted = {"times": min(row.times + 1, MOST_TIMES), "last": micros(at)}
        connection.execute(update(entries).where(entries.c.entry == row.entry).values(**counted))
    return same


MOST_TIMES = 1_000_000_000
"""Where counting ends."""


def entries_of(connection: Connection, run: int) -> tuple[Written, ...]:
    """What a run wrote, in order; what failed again stands in the run in which it first failed so."""
    rows = connection.execute(
        select(entries.c.document, entries.c.times).where(entries.c.run == run).order_by(entries.c.entry)
    )
    return tuple(
        replace(
            decoded(decode_written, row.document, connection.engine.url.database, f"what run {run} wrote"),
            times=row.times,
        )
        for row in rows
    )


def all_publications(connection: Connection) -> dict[IssueRef, Publication]:
    """Every comment of ours that stands on an issue, as far as the store knows."""
    statement = select(publications.c.tracker, publications.c.id, publications.c.document)
    rows = connection.execute(statement.order_by(publications.c.tracker, publications.c.id))
    result = [_publication(*row) for row in rows]
    return {publication.ref: publication for publication in result if publication is not None}


def one_publication(connection: Connection, ref: IssueRef) -> Publication | None:
    """The comment of ours on one issue, whatever key `ref` has."""
    document = connection.execute(select(publications.c.document).where(*_on(ref))).scalar()
    return None if document is None else _publication(ref.tracker, ref.id, document)


def published_ids(connection: Connection, tracker: str) -> frozenset[str]:
    """The ids of the issues of a tracker that carry a comment of ours."""
    return frozenset(
        connection.execute(select(publications.c.id).where(publications.c.tracker == tracker)).scalars()
    )


def snapshots_of(connection: Connection, ref: IssueRef) -> dict[str, Snapshot]:
    """What is kept beside the comment on one issue; nothing if there is no comment."""
    document = connection.execute(select(publications.c.snapshots).where(*_on(ref))).scalar()
    if document is None:
        return {}
    try:
        return decode_snapshots(document)
    except UNREADABLE:
        return {}  # as after the first comment: nothing is told of what changed since


def save_publication(
    connection: Connection, publication: Publication, snapshots: Mapping[str, Snapshot] | None
) -> None:
    """Remember the one comment on an issue in place of an earlier one; None keeps the snapshots beside it."""
    ref = publication.ref
    connection.execute(
        upsert(publications, ("document",) if snapshots is None else ("document", "snapshots")),
        {
            "tracker": clean(ref.tracker),
            "id": clean(ref.id),
            "document": encode_publication(publication),
            "snapshots": encode_snapshots(snapshots or {}),
        },
    )


def forget_publication(connection: Connection, ref: IssueRef) -> None:
    """Forget the comment on an issue, if there was one."""
    connection.execute(delete(publications).where(*_on(ref)))


def _on(ref: IssueRef) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return publications.c.tracker == clean(ref.tracker), publications.c.id == clean(ref.id)


def _publication(tracker: str, id_: str, document: str) -> Publication | None:
    """What is stored of one comment; None where that was damaged: its mark finds the comment again."""
    try:
        result = decode_publication(document)
        texts = (
            result.target,
            result.comment.id,
            result.comment.body,
            result.digest,
            result.body_hash,
            result.ref.key,
        )
        sound = all(isinstance(text, str) for text in texts)
    except UNREADABLE:
        return None
    return result if sound and (result.ref.tracker, result.ref.id) == (tracker, id_) else None


def all_goal_values(connection: Connection) -> dict[str, GoalValue]:
    """The last published numbers of each goal, by goal id."""
    return {
        row.goal: GoalValue(_share(row.delivered), _share(row.achieved), str(row.rules))
        for row in connection.execute(select(goal_values).order_by(goal_values.c.goal))
    }


def _share(stored: object) -> Fraction | None:
    """A number from 0 to 1; None for None, and for what was damaged: nothing is compared with it then."""
    try:
        result = maybe_fraction(stored) if isinstance(stored, str) else None
    except (ValueError, ZeroDivisionError):
        return None
    return result if result is not None and 0 <= result <= 1 else None


def save_goal_values(connection: Connection, values: Mapping[str, GoalValue]) -> None:
    """Keep these numbers in place of earlier ones; goals that are not named keep theirs."""
    if values:
        connection.execute(
            upsert(goal_values, ("delivered", "achieved", "rules")),
            [
                {
                    "goal": clean(goal),
                    "delivered": maybe_ratio(value.delivered),
                    "achieved": maybe_ratio(value.achieved),
                    "rules": clean(value.rules),
                }
                for goal, value in values.items()
            ],
        )


def published_owners(connection: Connection) -> frozenset[tuple[str, str]]:
    """Tracker and id of what was once published to its end."""
    return frozenset((row.tracker, row.owner) for row in connection.execute(select(published)))


def save_published_owners(connection: Connection, owners: frozenset[tuple[str, str]]) -> None:
    """Let these be all of them."""
    connection.execute(delete(published))
    rows = [{"tracker": clean(tracker), "owner": clean(owner)} for tracker, owner in sorted(owners)]
    if rows:
        connection.execute(insert(published), rows)
