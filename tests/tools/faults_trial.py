"""One trial: a run with one fault at one request, clean runs, and whether the world is as it should be."""

import difflib
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from connectors.sandbox.faults import Fault
from core.steps.run_report import Report
from tests.runs import House, Standing
from tests.tools.faults_kinds import Place, Scene, Trouble
from tests.tools.faults_stage import Stage, Truth, exactly, go_on, truth

HEALED, TOLD, UNTOLD, INCOMPLETE, CRASHED, HUNG = "healed", "told", "untold", "silent", "crashed", "hung"
ENDED = "ended by its signal"
"""What became of the run with the fault: all done; failed and said where; failed without; not failed though
something is missing; ended by an exception that is no answer of ours; did not end."""
UNMEASURED = frozenset({"mp/health/unmeasured"})
EQUAL, STEPS, DOUBLED, LOST, OTHER = "equal", "in steps", "doubled", "lost", "other"
"""The world after the clean runs, beside that without a fault. In steps: what changed was told by the run
with the fault already, and not again by the one that could read the rest."""
MOST_RUNS = 3
"""Clean runs after which the world has to be as it should."""


@dataclass(frozen=True)
class Case:
    """What is tried. `lasting`: the fault stays for this path until the run ends."""

    scenario: str
    place: Place
    trouble: Trouble
    lasting: bool

    @property
    def kind(self) -> str:
        """The row of the table."""
        return self.trouble.name

    def __str__(self) -> str:
        often = "from then on" if self.lasting else "once"
        return f"{self.scenario}; {self.place}; {self.trouble.name}, {often}"


BETWEEN = 900.0
"""Seconds from one run to the next."""


@dataclass(frozen=True)
class Outcome:
    """What came of a trial."""

    case: str
    kind: str
    tried: bool
    """Whether the fault happened at all."""
    run: str
    world: str
    runs: int
    """Clean runs until nothing was left to do."""
    leaked: bool
    """Whether another host was asked anything."""
    said: tuple[str, ...]
    differs: str

    @property
    def fine(self) -> bool:
        """Whether it is as it must be."""
        return self.run in (HEALED, TOLD, ENDED) and self.world in (EQUAL, STEPS) and not self.leaked


def attempt(stage: Stage, case: Case) -> Outcome:
    """Try one case."""
    trouble = case.trouble
    reference = stage.reference(case.scenario, trouble.moves)
    stage.elsewhere.asked.clear()
    with stage.house(case.scenario, moving=trouble.moves is not None) as here:
        scene = Scene(here, stage.elsewhere.url)
        if trouble.silent:
            stage.impatient(here)
        faults = [_fault(here, case, kind) for kind in trouble.make(scene, case.place)]
        with _nobody_listens(case) if trouble.refused else nullcontext(Counter[str]()) as refused:
            report, crash = _run(here)
        scene.over.set()
        fired = bool(refused) or any(fault.fired for fault in faults)
        tried = fired and (not trouble.partial or scene.applied > 0)
        stage.calm()
        if trouble.moves is not None and not scene.applied:
            trouble.moves(here)
        here.settings["jira"].pop("read_timeout", None)
        here.settings["github"].pop("read_timeout", None)
        said = (crash,) if report is None else texts(report)
        run = CRASHED if report is None else _judged(here, report, case, said)
        if run == HEALED and trouble.moves is None and not trouble.late:
            wrong, _ = compare(truth(here), reference.after)
            run = run if wrong == EQUAL else INCOMPLETE
        between = here.standing()
        runs, _said = settle(here)
        world, differs = compare(truth(here), reference.after, between, headlines=trouble.tells)
        if world in (EQUAL, STEPS):
            go_on(here)
            settle(here)
            later, differs = compare(truth(here), reference.later, headlines=trouble.tells)
            world = world if later == EQUAL else later
        leaked = bool(stage.elsewhere.asked)
    return Outcome(str(case), trouble.name, tried, run, world, runs, leaked, said, differs)


def texts(report: Report) -> tuple[str, ...]:
    """Everything that a report says of what went wrong."""
    concluded = report.conclusion
    held = (f"{each.what}: {each.why}" for each in concluded.plan.held)
    failed = (each.reason for each in report.written if each.outcome != "done")
    return (*concluded.problems, *held, *failed)


def compare(
    now: Truth, wanted: Truth, between: Mapping[str, Standing] | None = None, *, headlines: bool = False
) -> tuple[str, str]:
    """Whether two truths are the same; if not, how, and where first.

    `between`: what stood on the way. With `headlines`, only the first lines of comments are compared, and
    labels that were defined on the way may stay.
    """
    if headlines:
        now, wanted = now.headlines(), wanted.headlines()
    found = [
        _beside(key, now.standing[key], right, between[key] if between else None)
        for key, right in wanted.standing.items()
    ]
    # A label that told for a while that something could not be measured stays defined, as any label does.
    defined = (now.definitions ^ wanted.definitions) - (now.definitions & UNMEASURED)
    if defined and not headlines:
        found.append((OTHER, f"labels defined: {sorted(defined)}"))
    for ref in wanted.stored.keys() | now.stored.keys():
        if now.stored.get(ref) != wanted.stored.get(ref):
            found.append((LOST, f"stored is {now.stored.get(ref)} instead of {wanted.stored.get(ref)}"))
    return min(found, key=lambda each: (DOUBLED, LOST, OTHER, STEPS, EQUAL).index(each[0]))


def _beside(key: str, found: Standing, right: Standing, between: Standing | None) -> tuple[str, str]:
    """One issue beside what it should be."""
    if len(found.ours) > len(right.ours):
        return DOUBLED, f"{key}: {len(found.ours)} comments of ours instead of {len(right.ours)}"
    if found.foreign != right.foreign or len(found.ours) < len(right.ours):
        return LOST, f"{key}: {found} instead of {right}"
    if found == right:
        return EQUAL, ""
    told = between is not None and _told_before(found, right, between)
    return STEPS if told else OTHER, f"{key}: {_difference(found, right)}"


def _told_before(found: Standing, right: Standing, between: Standing) -> bool:
    """Whether our comment lacks nothing but lines that stood in it before its last change."""
    lacking = [
        line for line in difflib.ndiff(_lines(right), _lines(found)) if line[:1] in "+-" and line[2:].strip()
    ]
    gone = all(line[0] == "-" and line[2:] in _lines(between) for line in lacking)
    return found.labels == right.labels and bool(lacking) and gone


def _lines(standing: Standing) -> list[str]:
    """The lines of our comments; the check in a mark, which follows from the others, left out."""
    return re.sub(r"(?<=\.)[0-9a-f]{6}(?=:[0-9a-f]{12})", "", "\n".join(standing.ours)).splitlines()


def _difference(found: Standing, right: Standing) -> str:
    """Labels that differ, and lines of our comments."""
    if found.labels != right.labels:
        return f"labels {sorted(found.labels)} instead of {sorted(right.labels)}"
    return "\n".join(difflib.unified_diff(_lines(right), _lines(found), n=0, lineterm=""))


def _run(here: House) -> tuple[Report | None, str]:
    try:
        return here.sync(), ""
    except Exception as problem:  # a run says what fails; whatever it raises instead is what is looked for
        return None, f"{type(problem).__name__}: {problem}"


def _judged(here: House, report: Report, case: Case, said: tuple[str, ...]) -> str:
    if not report.failed:
        return HEALED
    place = case.place
    named = any(place.site in text and place.path in unquote(text) for text in said)
    return TOLD if named or _names_issue(here, place, said) else UNTOLD


def _names_issue(here: House, place: Place, said: tuple[str, ...]) -> bool:
    """Whether the tracker and the issue are named that the request was about: it looks gone to the reader."""
    numbered = re.search(r"/issue/(\d+)|/repos/([^/]+/[^/]+)/issues/(\d+)", place.path)
    if numbered is None:
        return False
    key = here.jira.issue(numbered[1]).key if numbered[1] else f"{numbered[2]}#{numbered[3]}"
    return any(f"{key}: {place.site}: " in text for text in said)


def settle(here: House) -> tuple[int, tuple[str, ...]]:
    """Clean runs until one finds nothing wrong: how many it took, and what the last but one said.

    Each comes as much later as the schedule has it, which is when a refused write is tried again.
    """
    said: tuple[str, ...] = ()
    for count in range(1, MOST_RUNS + 1):
        here.world.clock.advance(BETWEEN)
        report, crash = _run(here)
        if report is not None and not report.failed:
            return count, said
        said = (crash,) if report is None else texts(report)
    return MOST_RUNS + 1, said


def _fault(here: House, case: Case, kind: Any) -> Fault:
    place = case.place
    times = None if case.lasting else 1
    fault = Fault(
        kind=kind,
        site=place.site,
        method=place.method,
        path=exactly(place.path),
        nth=place.nth,
        times=times,
    )
    return here.server.plan(fault)


@contextmanager
def _nobody_listens(case: Case) -> Iterator[Counter[str]]:
    """The request goes to a port where nobody listens; what was counted under `True` did."""
    place, seen, refused = case.place, Counter[str](), Counter[str]()
    send = HTTPAdapter.send
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))  # bound and not listening, so that nobody else comes to listen there

    def sent(
        adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **more: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        if (request.method, parts.path) == (place.method, f"/{place.site}{place.path}"):
            seen["it"] += 1
            if seen["it"] == place.nth or (case.lasting and seen["it"] > place.nth):
                refused["it"] += 1
                there = f"127.0.0.1:{closed.getsockname()[1]}"
                request.url = urlunsplit(parts._replace(netloc=there))
        return send(adapter, request, *args, **more)

    with closed, mock.patch.object(HTTPAdapter, "send", sent):
        yield refused
