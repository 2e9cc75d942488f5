"""What stands on the trackers: asked where it may have changed, known where it cannot have."""

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
"""Containers that do not answer one after the other, until the tracker counts as down."""

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
    """What stands on the issues that comments and labels belong to; a tracker that fails now is down.

    What cannot be read of one issue, or of the labels of one container, is missing alone, with its reason.
    Nothing is asked about an issue that has not changed since its comment was last looked at. Should a
    tracker not move an issue's time of change when somebody removes a comment, the next sweep sees it.
    `definitions`: which repositories' label definitions have to be read in any case.
    `issues`: what is known of the issues that carry a comment or should, and of those whose labels differ.
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
            existing, unknown = _sorted_out(refs, issues, records, pulled[name])
            standing.posted |= existing
            with stop.reading():
                if unknown:
                    fresh = _without_former_selves(reader.posted(unknown), issues)
                    standing.take(_with_unlisted(fresh, records, reader))
                if infos[name].has_label_definitions:
                    containers = _containers_on(name, desired.labels, issues, pulled[name].swept)
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
    """The containers, and those others that are not among them, whatever their case."""
    there = {container.casefold() for container in containers}
    return [*containers, *(other for other in others if other.casefold() not in there)]


class _Standing:
    """Collects what stands on the trackers, and the reasons of what could not be read."""

    def __init__(self) -> None:
        self.posted: dict[IssueRef, Posted] = {}
        self.definitions: dict[tuple[str, str], tuple[LabelDefinition, ...]] = {}
        self.unreadable: dict[IssueRef, str] = {}
        self.closed: dict[tuple[str, str], str] = {}

    def take(self, answers: Mapping[IssueRef, Posted | TrackerError]) -> None:
        """What a reader gave for each issue."""
        for ref, answer in answers.items():
            if isinstance(answer, TrackerError):
                self.unreadable[ref] = str(answer)
            else:
                self.posted[ref] = answer

    def read_definitions(self, tracker: str, containers: Iterable[str], reader: Reader) -> None:
        """The labels that each container defines. Raises TrackerError where the tracker is down."""
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
    """The records of comments that stood when they were looked at, with the time up to which that is known.

    A comment that is written afterwards moves the time of change again, and the next run looks once more.
    """
    for ref, record in actual.records.items():
        posted, issue = actual.posted.get(ref), issues.get(ref)
        if posted is None or issue is None or ref.tracker not in pulled:
            continue
        if not any(as_recorded(one, record) for one in posted.comments):
            continue
        times = (issue.updated, record.seen, pulled[ref.tracker].moved.get(ref))
        seen = max(time for time in times if time is not None)
        if seen != record.seen:
            yield replace(record, seen=seen)


def _sorted_out(
    refs: Iterable[IssueRef], issues: Issues, records: Records, pulled: Pulled
) -> tuple[Mapping[IssueRef, Posted], list[IssueRef]]:
    """What is known without asking, and the issues to ask about."""
    existing: dict[IssueRef, Posted] = {}
    unknown: list[IssueRef] = []
    for ref in refs:
        issue, record = issues.get(ref), records.get(ref)
        if issue is None or record is None or record.seen is None or pulled.swept:
            unknown.append(ref)
        else:
            existing[ref] = Posted(issue.ref, issue.labels, (record.comment,))
    return existing, unknown


def _refs_on(name: str, desired: DesiredState, issues: Issues, records: Records) -> list[IssueRef]:
    refs = {comment.ref for comment in desired.comments} | set(records)
    # A record names the issue by the key it had then; the issue itself, where it is known, by today's.
    today = {ref: issue.ref for ref, issue in issues.items() if ref in refs}
    return sorted(today.get(ref, ref) for ref in refs if ref.tracker == name)


def _with_unlisted(
    answers: Mapping[IssueRef, Posted | TrackerError], records: Records, reader: Reader
) -> Mapping[IssueRef, Posted | TrackerError]:
    """The same, with the comments on record that a list lacks, or shows as they were before: it may lag."""
    whole = dict(answers)
    for ref, posted in answers.items():
        record = records.get(ref)
        if record is None or isinstance(posted, TrackerError):
            continue
        if any(one.id == record.comment.id and not _late(one, record) for one in posted.comments):
            continue
        try:
            unlisted = reader.comment(posted.ref, record.comment.id)
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError as error:
            whole[ref] = error
        else:
            others = tuple(one for one in posted.comments if one.id != record.comment.id)
            if unlisted is not None:
                whole[ref] = replace(posted, comments=(*others, unlisted))
            elif len(others) < len(posted.comments):
                whole[ref] = replace(posted, comments=others)
    return whole


def _late(listed: PostedComment, record: Publication) -> bool:
    """Whether a list shows a comment as it was before our own write."""
    written = record.comment.updated
    return listed.updated is not None and written is not None and listed.updated < written


def _without_former_selves(
    answers: Mapping[IssueRef, Posted | TrackerError], issues: Issues
) -> Mapping[IssueRef, Posted | TrackerError]:
    """Without the former selves of issues that are there.

    GitHub gives a transferred issue a new id and leads to it from its old place, so that a record of the
    old one finds the comment that now belongs to the new one.
    """
    here = {ref.key for ref in answers if ref in issues}
    return {
        ref: answer
        for ref, answer in answers.items()
        if ref in issues or isinstance(answer, TrackerError) or answer.ref.key not in here
    }


def _containers_on(name: str, labels: Iterable[Labelled], issues: Issues, whole: bool) -> list[str]:
    """The containers in which a label may have to be defined: those where one is about to be added."""
    result: set[str] = set()
    for item in labels:
        if item.ref.tracker != name or not item.labels or item.ref not in issues:
            continue
        there = {label.casefold() for label in issues[item.ref].labels}
        if whole or any(label.casefold() not in there for label in item.names):
            result.add(item.container)
    return sorted(result)


def find_actual(context: RunContext, desired: Desired, pulls: Sequence[Pulled]) -> ActualState:
    """`read_actual` for a run. Raises Stopped."""
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
