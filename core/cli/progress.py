"""A display on the terminal of how many issues have been read, and the trackers that feed it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from connectors.audience import Audience, TellsAudiences
from connectors.errors import TrackerError
from connectors.http.allowance import Allowance, allowances_of
from connectors.http.write_rate import writing_seconds
from connectors.interface import Reader, Tracker, TrackerInfo, Writer
from connectors.models import (
    Capability,
    Finding,
    Interest,
    IssueRef,
    LabelDefinition,
    Page,
    Posted,
    PostedComment,
    Pull,
    Survey,
    SurveyPage,
    Whereabouts,
)
from core.cli.output import aside


@contextmanager
def progress_on_terminal() -> Iterator[Progress | None]:
    """A progress display on standard error; None unless that is a terminal."""
    console = aside()
    if not console.is_terminal:
        yield None
        return
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as display:
        yield display


def with_progress(trackers: Mapping[str, Tracker], display: Progress) -> Mapping[str, Tracker]:
    """The same trackers, which count each page that comes in on the display."""
    if display.disable:
        return trackers
    return {name: _watched(tracker, _Meter(name, display)) for name, tracker in trackers.items()}


class _Meter:
    def __init__(self, name: str, display: Progress) -> None:
        self._display = display
        self._task = display.add_task(f"reading {name}", total=None, visible=False)
        self._count = 0

    def __call__(self, more: int) -> None:
        self._count += more
        # Drawn at once, so that a person sees which tracker is waited for even while nothing comes.
        self._display.update(self._task, completed=self._count, visible=True, refresh=True)

    def done(self) -> None:
        self._display.update(self._task, visible=False)


@dataclass(frozen=True)
class _Watched:
    tracker: Tracker
    meter: _Meter

    @property
    def info(self) -> TrackerInfo:
        return self.tracker.info

    @property
    def reader(self) -> Reader:
        return _WatchedReader(self.tracker.reader, self.meter, self.meter.done)

    @property
    def writer(self) -> Writer:
        return self.tracker.writer

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        return self.tracker.check(needs)

    def allowances(self) -> tuple[Allowance, ...]:
        return allowances_of(self.tracker)

    def writing_seconds(self, writes: int) -> float:
        return writing_seconds(self.tracker, writes)

    def close(self) -> None:
        self.tracker.close()


@dataclass(frozen=True)
class _WatchedTelling(_Watched):
    """One whose places have audiences, without which nothing would be written there."""

    telling: TellsAudiences

    def audiences(self, containers: Sequence[str]) -> Mapping[str, Audience | TrackerError | None]:
        return self.telling.audiences(containers)


def _watched(tracker: Tracker, meter: _Meter) -> Tracker:
    if isinstance(tracker, TellsAudiences):
        return _WatchedTelling(tracker, meter, tracker)
    return _Watched(tracker, meter)


@dataclass(frozen=True)
class _WatchedReader:
    reader: Reader
    came: Callable[[int], None]
    done: Callable[[], None]

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        self.came(0)
        pull = self.reader.changed_since(cursor, interest)
        return replace(pull, pages=self._counted(pull.pages))

    def _counted(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            self.came(len(page.issues))
            yield page
        self.done()

    def present(self) -> frozenset[str]:
        return self.reader.present()

    def survey(self, interest: Interest) -> Survey:
        self.came(0)
        survey = self.reader.survey(interest)
        return replace(survey, pages=self._surveyed(survey.pages))

    def _surveyed(self, pages: Iterator[SurveyPage]) -> Iterator[SurveyPage]:
        for page in pages:
            self.came(len(page.issues) + len(page.outlines))
            yield page
        self.done()

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        return self.reader.locate(refs)

    def fetch(self, keys: Sequence[str]) -> Page:
        return self.reader.fetch(keys)

    def matching(self, query: str) -> frozenset[str]:
        return self.reader.matching(query)

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        return self.reader.posted(refs)

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        return self.reader.comment(ref, comment_id)

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        return self.reader.label_definitions(container)
