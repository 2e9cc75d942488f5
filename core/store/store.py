"""The store: issues, cursors, recorded comments, the roll-up, and the ledger of runs, in one SQLite file."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import select, update

from connectors.interface import ConnectorState
from connectors.models import Issue, IssueRef, Pull, Unread
from connectors.redaction import redact_reason
from core.engine.model import Snapshot
from core.publish.actions import Written
from core.publish.conflicts import Contention
from core.publish.publication import Publication
from core.publish.quarantine import Book, Quarantined, Target
from core.store import issue_rows, ledger, pruning, pulls, quarantine_rows, write_counts
from core.store.codec.issue_codec import content_hash, encode_issue
from core.store.codec.scalars import clean, micros
from core.store.connector_memory import SqlMemory
from core.store.container_store import ContainerStore
from core.store.database import Database, database_file, prepare_file
from core.store.lock import writer_lock
from core.store.migrate import bring_up_to_date
from core.store.repair import repair
from core.store.rollup.rollup_interface import RollupReader, RollupWriter
from core.store.rollup.rollup_reader import SqlRollupReader
from core.store.rollup.rollup_writer import SqlRollupWriter
from core.store.schema import issues
from core.store.stored_values import GoalValue, PullCounts, PullState, RunRecord
from core.store.upsert import next_seq, upsert_pull


def open_store(target: Path | str) -> "Store":
    """Open the store in this file (a path or a `sqlite:///` URL); create it if new, migrate it if older.

    Raises StoreError, and leaves the file as it is, if its folder does not exist, or if it cannot be written,
    is no SQLite database, or belongs to another program or to a newer milepost. A damaged part raises
    StoreError when it is read.
    """
    file = database_file(target)
    prepare_file(file)
    database = Database(file)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


class Store(ContainerStore):
    """Everything that milepost stores between runs. Many may read; the one process that writes holds `lock`.

    Every method may raise StoreError; then nothing of its write is stored. Times must have a time zone, else
    ValueError is raised.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; iterators that are not used up close it when they end."""
        self._database.close()

    @property
    def file(self) -> Path:
        """Where the store is."""
        return self._database.file

    def lock(self, timeout: float = 0) -> AbstractContextManager[None]:
        """Inside, no other process writes; waits up to `timeout` seconds for the lock, then raises Locked.

        The lock is released when its process ends, however it ends. It cannot be nested.
        """
        return writer_lock(self._database.file, timeout)

    # Pulls

    def memory(self, tracker: str) -> ConnectorState:
        """The small facts that a connector keeps between runs. Never inside another write."""
        return SqlMemory(self._database, clean(tracker))

    def pull_state(self, tracker: str) -> PullState:
        """Return up to where a tracker was pulled, and when it was pulled and reconciled."""
        with self._database.reading() as connection:
            return issue_rows.pull_state(connection, clean(tracker))

    def save_pull(self, tracker: str, pull: Pull, at: datetime) -> PullCounts:
        """Read `pull.pages` to the end, then save issues, unread ones and cursor in one transaction.

        Whatever the pages raise passes through, and the store stays as it was. Only rows that differ are
        written. A full pull reports what it did not bring as `missing` and removes nothing.
        """
        return pulls.save(self._database, tracker, pull, at)

    def pull_failed(self, tracker: str, at: datetime, reason: str) -> None:
        """Store that a pull failed, and why; cursor and issues stay."""
        row = {"tracker": clean(tracker), "failed_at": micros(at), "error": clean(redact_reason(reason))}
        with self._database.writing() as connection:
            connection.execute(upsert_pull(("failed_at", "error")), row)

    def absent(self, tracker: str, present: frozenset[str]) -> tuple[IssueRef, ...]:
        """Return the issues that are stored as present or unread and are not among these ids, sorted."""
        return issue_rows.absent(self._database, tracker, present)

    def mark_gone(self, tracker: str, refs: Iterable[IssueRef], at: datetime) -> None:
        """Store that these issues are gone; they are not returned until a pull brings them again."""
        with self._database.writing() as connection:
            issue_rows.mark_gone(connection, clean(tracker), refs, micros(at))

    def note_reconciled(self, tracker: str, at: datetime) -> None:
        """Store when the tracker was reconciled."""
        with self._database.writing() as connection:
            connection.execute(
                upsert_pull(("swept_at",)), {"tracker": clean(tracker), "swept_at": micros(at)}
            )

    # Repair

    def repair(self, check: Callable[[], None]) -> tuple[str, ...]:
        """Unset invalid values, so that they are read again, and return a sentence for each.

        See `core.store.repair`; `check` is called repeatedly and may raise.
        """
        return repair(self._database, check)

    # Issues

    def issues(self, tracker: str | None = None) -> Iterator[Issue]:
        """The issues that are present, as they were when the iteration began; by tracker and id."""
        with self._database.reading() as connection:
            for page in issue_rows.all_present(self._database, connection, tracker):
                yield from page

    def issue(self, ref: IssueRef) -> Issue | None:
        """One issue by tracker and id, whatever key `ref` has; None if it is not stored or gone."""
        with self._database.reading() as connection:
            return next(issue_rows.present(self._database, connection, [(ref.tracker, ref.id)]), None)

    def present_ids(self, tracker: str, ids: Iterable[str]) -> frozenset[str]:
        """Those of these ids whose issues are stored and not gone; reads none of their documents."""
        with self._database.reading() as connection:
            return issue_rows.present_ids(connection, clean(tracker), ids)

    def unread(self) -> Mapping[str, tuple[Unread, ...]]:
        """By tracker: issues that could not be read when they last came."""
        with self._database.reading() as connection:
            return issue_rows.unread_by_tracker(connection)

    def resolve(self, tracker: str, key: str) -> str | None:
        """The id of the issue that bears a key now, or else once bore it; also of an issue that is gone."""
        with self._database.reading() as connection:
            return issue_rows.find_key(connection, tracker, key)

    def resolver(self) -> issue_rows.KeyFinder:
        """`resolve` for many look-ups: each key once, and with `prime` many keys by one statement."""
        return issue_rows.key_finder(self._database)

    def remember_key(self, tracker: str, key: str, ref: IssueRef) -> None:
        """Let `key` lead to this issue wherever no present issue bears it."""
        with self._database.writing() as connection:
            issue_rows.remember_key(connection, clean(tracker), key, ref.id)

    def set_labels(self, ref: IssueRef, labels: Iterable[str]) -> None:
        """Take over the labels that the tracker gave back after a write; no issue stored, nothing to do."""
        where = (issues.c.tracker == clean(ref.tracker), issues.c.id == clean(ref.id))
        with self._database.writing() as connection:
            row = connection.execute(select(issues.c.key, issues.c.document).where(*where)).one_or_none()
            if row is None:
                return
            issue = issue_rows.decode(self._database, IssueRef(ref.tracker, ref.id, row.key), row.document)
            document = encode_issue(replace(issue, labels=tuple(labels)))
            if document == row.document:
                return
            digest = content_hash(row.key, document)
            connection.execute(
                update(issues).where(*where).values(document=document, hash=digest, seq=next_seq(connection))
            )

    # Tags

    @contextmanager
    def updating_rollup(self) -> Iterator[RollupWriter]:
        """Bring the roll-up into step with the issues, in one transaction."""
        with self._database.writing() as connection:
            yield SqlRollupWriter(self._database, connection)

    def rollup(self) -> RollupReader:
        """The roll-up as it was last brought into step with the issues."""
        return SqlRollupReader(self._database, self._database.reading)

    @contextmanager
    def copied(self) -> Iterator[Self]:
        """A copy of this store, in which a mapping can be tried: what is done to it is not kept."""
        with self._database.copied() as database:
            yield type(self)(database)

    # What was published

    def publications(self) -> Mapping[IssueRef, Publication]:
        """Every comment of ours, as it was last written; by tracker and id."""
        with self._database.reading() as connection:
            return ledger.all_publications(connection)

    def publication(self, ref: IssueRef) -> Publication | None:
        """The comment of ours on one issue, by tracker and id, whatever key `ref` has."""
        with self._database.reading() as connection:
            return ledger.one_publication(connection, ref)

    def published_ids(self, tracker: str) -> frozenset[str]:
        """The ids of the issues of a tracker that carry a comment of ours."""
        with self._database.reading() as connection:
            return ledger.published_ids(connection, clean(tracker))

    def snapshots(self, ref: IssueRef) -> Mapping[str, Snapshot]:
        """By milestone id: how milestones stood when the comment on an issue was written; else nothing."""
        with self._database.reading() as connection:
            return ledger.snapshots_of(connection, ref)

    def save_publication(
        self, publication: Publication, snapshots: Mapping[str, Snapshot] | None = None
    ) -> None:
        """Store the record of the comment on an issue in place of an earlier one, with its snapshots.

        Without `snapshots`, those that are stored for the issue stay.
        """
        with self._database.writing() as connection:
            ledger.save_publication(connection, publication, snapshots)

    def forget_publication(self, ref: IssueRef) -> None:
        """Delete the record of the comment on an issue, if there is one."""
        with self._database.writing() as connection:
            ledger.forget_publication(connection, ref)

    def goal_values(self) -> Mapping[str, GoalValue]:
        """The last published numbers of each goal."""
        with self._database.reading() as connection:
            return ledger.all_goal_values(connection)

    def save_goal_values(self, values: Mapping[str, GoalValue]) -> None:
        """Keep these numbers; goals that are not named keep theirs."""
        with self._database.writing() as connection:
            ledger.save_goal_values(connection, values)

    def published_owners(self) -> frozenset[tuple[str, str]]:
        """Tracker and id of each milestone, key result and goal that was once published to its end."""
        with self._database.reading() as connection:
            return ledger.published_owners(connection)

    def save_published_owners(self, owners: frozenset[tuple[str, str]]) -> None:
        """Replace what `published_owners` returns."""
        with self._database.writing() as connection:
            ledger.save_published_owners(connection, owners)

    # What failed

    def quarantine(self) -> Book:
        """Return every stored write that failed, by target."""
        with self._database.reading() as connection:
            return quarantine_rows.all_entries(connection)

    def save_quarantine(self, save: Iterable[Quarantined], forget: Iterable[Target]) -> None:
        """Remember these, and forget those."""
        with self._database.writing() as connection:
            quarantine_rows.save(connection, save)
            quarantine_rows.forget(connection, forget)

    # Several writers

    def fact(self, key: str) -> str | None:
        """Return the value that is stored under a key for the whole installation, or None."""
        with self._database.reading() as connection:
            return write_counts.fact(connection, key)

    def save_fact(self, key: str, value: str) -> None:
        """Store a value under a key, in place of an earlier one."""
        with self._database.writing() as connection:
            write_counts.save_fact(connection, key, value)

    def installation(self) -> str:
        """The id of this installation, 8 hex digits: made at random when it is first asked for."""
        with self._database.reading() as connection:
            made = write_counts.installation(connection)
        if made is not None:
            return made
        with self._database.writing() as connection:
            return write_counts.new_installation(connection)

    def contention(self, targets: Collection[Target] = ()) -> Mapping[Target, Contention]:
        """Return the entries of these targets, and all entries with other writers or with something held."""
        with self._database.reading() as connection:
            return write_counts.entries(connection, targets)

    def save_contention(self, save: Iterable[Contention], forget: Iterable[Target] = ()) -> None:
        """Remember these, and forget those."""
        with self._database.writing() as connection:
            write_counts.save(connection, save)
            write_counts.forget(connection, forget)

    def transaction(self) -> AbstractContextManager[None]:
        """Everything that this thread reads and writes inside is one transaction, all or nothing."""
        return self._database.transaction()

    # The ledger

    def begin_run(self, at: datetime, kind: str) -> int:
        """Begin a run (`sync`, `undo`) and give it a number; earlier ones without an end have crashed.

        Only under `lock`, or a run of another process would be taken for crashed.
        """
        with self._database.writing() as connection:
            return ledger.begin_run(connection, at, kind)

    def end_run(self, run: int, at: datetime, outcome: str, reason: str, counts: Mapping[str, int]) -> None:
        """Store how a run ended. Raises LookupError for a run that never began."""
        with self._database.writing() as connection:
            ledger.end_run(connection, run, at, outcome, reason, counts)

    def prune(self, keep: timedelta, at: datetime) -> None:
        """Once a day: make few the entries that are older than `keep`, and forget runs that wrote nothing.

        What `undo` needs to take back everything that still stands stays, whatever its age.
        """
        with self._database.reading() as connection:
            if not pruning.due(connection, at):
                return
        with self._database.writing() as connection:
            pruning.prune(connection, keep, at)

    def runs(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        """The runs, the latest first."""
        with self._database.reading() as connection:
            return ledger.latest_runs(connection, limit, None, None)

    def last_run(self, kind: str | None = None, outcome: str | None = None) -> RunRecord | None:
        """The latest run, of this kind and with this outcome if they are given."""
        with self._database.reading() as connection:
            return next(iter(ledger.latest_runs(connection, 1, kind, outcome)), None)

    def record(self, run: int, written: Written, at: datetime) -> None:
        """Append the outcome of one action to the ledger at once, so that a crash loses none."""
        with self._database.writing() as connection:
            ledger.record(connection, run, written, at)

    def entries(self, run: int) -> tuple[Written, ...]:
        """What a run wrote, in order."""
        with self._database.reading() as connection:
            return ledger.entries_of(connection, run)
