"""The actual state: comments, labels and label definitions that stand on the trackers now.

A tracker is asked only about issues that may have changed since their comment was last verified; for the
others, the actual state follows from the store.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.errors import BadConfiguration, TrackerDown, TrackerError, Unavailable
from connectors.interface import Reader, TrackerInfo
from connectors.models import Issue, IssueRef, LabelDefinition, Posted, PostedComment
from core.context import RunContext
from core.publish.labels import Labelled
from core.publish.own_comments import as_recorded
from core.publish.places import Places
from core.publish.publication import Publication
from core.publish.states import ActualState, DesiredState
from core.shutdown import Stop
from core.steps.definitions import Definitions
from core.steps.desired import Desired
from core.steps.pull_changes import Pulled
from core.steps.writable_places import with_archived
from core.unexpected_errors import unexpected

SILENT_IN_ROW = 3
"""Number of containers in a row that do not answer, from which on their tracker counts as down."""

Records = Mapping[IssueRef, Publication]
Issues = Mapping[IssueRef, Issue]


def read_actual(
    desired: DesiredState,
    issues: Issues,
    records: Records,
    readers: Mapping[str, Reader],
    infos: Mapping[str, TrackerInfo],
    pulled: Mapping[str, Pulled],
    places: Places,
    stop: Stop,
    definitions: Definitions | None = None,
) -> ActualState:
    """Return what stands on the issues that carry comments or labels or should; a tracker that fails is down.

    An issue, or a container's label definitions, that cannot be read is left out by itself, with its reason.
    An issue that has not changed since its comment was last verified is not asked about. Where a tracker does
    not move an issue's time of change when somebody removes a comment, the next reconciliation finds that.

    `issues`: as stored, those that carry a comment or should, and those whose labels differ.
    `definitions`: the repositories whose label definitions have to be read in any case.
    """
    down = {name: pull.why for name, pull in pulled.items() if pull.down}
    places = with_archived(places, issues.values())
    standing = _Standing()
    for name, reader in readers.items():
        if name in down:
            continue
        try:
            refs = _refs_on(name, desired, issues, records)
            refs = [ref for ref in refs if ref in records or places.closed(ref) is None]
            unchanged, to_ask = _split_unchanged(refs, issues, records, pulled[name])
            standing.posted |= unchanged
            with stop.reading():
                if to_ask:
                    answers = _without_transferred(reader.posted(to_ask), issues)
                    standing.add(_with_unlisted(answers, records, reader))
                if infos[name].has_label_definitions:
                    containers = _containers_on(name, desired.labels, issues, pulled[name].reconciled)
                    suspect = definitions.on(name) if definitions else []
                    standing.read_definitions(name, _with_others(containers, suspect), reader)
        except TrackerError as error:
            down[name] = str(error)
        except Exception as error:
            down[name] = str(unexpected(name, error))
    return ActualState(
        standing.posted,
        {ref: issue.labels for ref, issue in issues.items()},
        standing.definitions,
        records,
        down,
        standing.unreadable,
        standing.closed,
        places=places,
    )


def _with_others(containers: Sequence[str], others: Iterable[str]) -> list[str]:
    """Return the containers and, after them, those of `others` that are not among them; case is ignored."""
    present = {container.casefold() for container in containers}
    return [*containers, *(other for other in others if other.casefold() not in present)]


class _Standing:
    """Collects what stands on the trackers, and why the rest could not be read."""

    def __init__(self) -> None:
        self.posted: dict[IssueRef, Posted] = {}
        self.definitions: dict[tuple[str, str], tuple[LabelDefinition, ...]] = {}
        self.unreadable: dict[IssueRef, str] = {}
        self.closed: dict[tuple[str, str], str] = {}

    def add(self, answers: Mapping[IssueRef, Posted | TrackerError]) -> None:
        """Add the answer of a reader for each issue: what stands there, or the error."""
        for ref, answer in answers.items():
            if isinstance(answer, TrackerError):
                self.unreadable[ref] = str(answer)
            else:
                self.posted[ref] = answer

    def read_definitions(self, tracker: str, containers: Iterable[str], reader: Reader) -> None:
        """Read the labels that each container defines. Raises TrackerError where the tracker is down."""
        silent = 0
        for container in containers:
            try:
                self.definitions[tracker, container] = reader.label_definitions(container)
                silent = 0
            except (TrackerDown, BadConfiguration):
                raise
            except TrackerError as error:
                silent = silent + 1 if isinstance(error, Unavailable) else 0
                if silent == SILENT_IN_ROW:
                    raise
                self.closed[tracker, container] = str(error)


def verified_records(
    actual: ActualState, issues: Issues, pulled: Mapping[str, Pulled]
) -> Iterator[Publication]:
    """Yield the records of comments that stand as recorded, with the time of change up to which that holds.

    A comment that this run writes afterwards moves the time of change, so that the next run asks again.
    """
    for ref, record in actual.records.items():
        posted, issue = actual.posted.get(ref), issues.get(ref)
        if posted is None or issue is None or ref.tracker not in pulled:
            continue
        if not any(as_recorded(comment, record) for comment in posted.comments):
            continue
        times = (issue.updated, record.seen, pulled[ref.tracker].moved.get(ref))
        seen = max(time for time in times if time is not None)
        if seen != record.seen:
            yield replace(record, seen=seen)


def _split_unchanged(
    refs: Iterable[IssueRef], issues: Issues, records: Records, pulled: Pulled
) -> tuple[Mapping[IssueRef, Posted], list[IssueRef]]:
    """Return what stands on issues that are unchanged since they were verified, and the other issues."""
    unchanged: dict[IssueRef, Posted] = {}
    to_ask: list[IssueRef] = []
    for ref in refs:
        issue, record = issues.get(ref), records.get(ref)
        if issue is None or record is None or record.seen is None or pulled.reconciled:
            to_ask.append(ref)
        else:
            unchanged[ref] = Posted(issue.ref, issue.labels, (record.comment,))
    return unchanged, to_ask


def _refs_on(name: str, desired: DesiredState, issues: Issues, records: Records) -> list[IssueRef]:
    refs = {comment.ref for comment in desired.comments} | set(records)
    # A record has the issue's key of the time when it was written; a stored issue has today's.
    current = {ref: issue.ref for ref, issue in issues.items() if ref in refs}
    return sorted(current.get(ref, ref) for ref in refs if ref.tracker == name)


def _with_unlisted(
    answers: Mapping[IssueRef, Posted | TrackerError], records: Records, reader: Reader
) -> Mapping[IssueRef, Posted | TrackerError]:
    """Return the answers, completed by recorded comments that a list lacks or shows with an older text.

    A list of comments may lag behind our own write, so that these are read by their id.
    """
    completed = dict(answers)
    for ref, posted in answers.items():
        record = records.get(ref)
        if record is None or isinstance(posted, TrackerError):
            continue
        if any(
            comment.id == record.comment.id and not _outdated(comment, record) for comment in posted.comments
        ):
            continue
        try:
            unlisted = reader.comment(posted.ref, record.comment.id)
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as error:
            completed[ref] = error
        else:
            others = tuple(comment for comment in posted.comments if comment.id != record.comment.id)
            if unlisted is not None:
                completed[ref] = replace(posted, comments=(*others, unlisted))
            elif len(others) < len(posted.comments):
                completed[ref] = replace(posted, comments=others)
    return completed


def _outdated(listed: PostedComment, record: Publication) -> bool:
    """Return whether a list shows a comment as it was before our own write."""
    written = record.comment.updated
    return listed.updated is not None and written is not None and listed.updated < written


def _without_transferred(
    answers: Mapping[IssueRef, Posted | TrackerError], issues: Issues
) -> Mapping[IssueRef, Posted | TrackerError]:
    """Return the answers without those for the old id of an issue that was transferred.

    GitHub gives a transferred issue a new id and redirects from its old address, so that a record under the
    old id leads to the comment that now belongs to the new one.
    """
    current_keys = {ref.key for ref in answers if ref in issues}
    return {
        ref: answer
        for ref, answer in answers.items()
        if ref in issues or isinstance(answer, TrackerError) or answer.ref.key not in current_keys
    }


def _containers_on(name: str, labels: Iterable[Labelled], issues: Issues, all_used: bool) -> list[str]:
    """Return the containers in which a label is about to be added; with `all_used`, where any is used."""
    containers: set[str] = set()
    for labelled in labels:
        if labelled.ref.tracker != name or not labelled.labels or labelled.ref not in issues:
            continue
        carried = {label.casefold() for label in issues[labelled.ref].labels}
        if all_used or any(label.casefold() not in carried for label in labelled.names):
            containers.add(labelled.container)
    return sorted(containers)


def find_actual(context: RunContext, desired: Desired, pulls: Sequence[Pulled]) -> ActualState:
    """Return `read_actual` with the values of a run. Raises Stopped."""
    actual = read_actual(
        desired.state,
        desired.issues,
        desired.records,
        context.readers,
        context.infos,
        {pull.tracker: pull for pull in pulls},
        desired.places,
        context.stop,
        desired.definitions,
    )
    return replace(actual, installation=context.store.installation())
