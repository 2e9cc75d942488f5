"""What every benchmark shares: measured processes, repetitions in turn, and figures with their targets."""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson

ROOT = Path(__file__).parents[2]
"""Where the packages stand."""
TIMEOUT = 900
"""Seconds after which a measured process is given up."""
TOKEN = "sandbox"
"""What the sandbox accepts."""


@dataclass(frozen=True)
class Scale:
    """How large, and how often, everything is measured."""

    issues: int = 10_000
    many: int = 100_000
    stored: int = 1_000_000
    repositories: int = 50
    milestones: int = 100
    """Ten rules each."""
    stones: int = 2_000
    """Milestones of a large company, which roll up many issues."""
    delay: float = 0.02
    """Seconds that each request takes before it is answered."""
    repetitions: int = 3


QUICK = Scale(
    issues=110, many=120, stored=130, repositories=2, milestones=6, stones=12, delay=0.0, repetitions=1
)
"""Enough to see that every figure is produced; no value of it means anything."""


@dataclass(frozen=True)
class Cost:
    """What one measured process used. Wall and CPU in seconds, from after its imports; peak in MB."""

    wall: float
    cpu: float
    peak: float
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one thing, in order."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def text(self, unit: str) -> str:
        """`2.41 s (2.40–2.52)`; the range only where there is one."""
        low, high = min(self.values), max(self.values)
        said = f"{number(self.median)} {unit}".strip()
        return said if number(low) == number(high) else f"{said} ({number(low)}–{number(high)})"


@dataclass(frozen=True)
class Figure:
    """One line of the table: a floor, milepost beside it, how they compare, and what is aimed at."""

    group: str
    what: str
    floor_is: str
    floor: Sample | None
    ours: Sample
    unit: str
    ratio: Sample
    sign: str
    """What the comparison is in: `×` for a ratio, else the unit of a difference or of a plain number."""
    limit: float
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the median of the comparison keeps to the target."""
        value = self.ratio.median
        return value <= self.limit if self.at_most else value >= self.limit

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        return (
            self.what,
            f"{self.floor_is}: {self.floor.text(self.unit)}" if self.floor else self.floor_is,
            self.ours.text(self.unit),
            self.ratio.text(self.sign),
            f"{'≤' if self.at_most else '≥'} {number(self.limit)} {self.sign}".strip(),
            "yes" if self.met else "NO",
        )

    @property
    def plain(self) -> dict[str, Any]:
        """The line as JSON."""
        return {
            "group": self.group,
            "figure": self.what,
            "floor_is": self.floor_is,
            "floor": self.floor.values if self.floor else None,
            "milepost": self.ours.values,
            "unit": self.unit,
            "ratio": self.ratio.values,
            "ratio_unit": self.sign,
            "target": self.limit,
            "at_most": self.at_most,
            "met": self.met,
        }


HEAD = ("figure", "floor", "milepost", "ratio", "target", "met")
Values = Sequence[float]


def ratio(
    group: str,
    what: str,
    floor_is: str,
    floor: Values,
    ours: Values,
    limit: float,
    unit: str = "s",
    *,
    faster: bool = False,
) -> Figure:
    """Ours by the floor's, turn by turn; `faster`: the floor's by ours, to be at least `limit`."""
    pairs = list(zip(floor, ours, strict=True))
    ratios = [slow / own if faster else own / slow for slow, own in pairs]
    return Figure(
        group,
        what,
        floor_is,
        Sample(tuple(floor)),
        Sample(tuple(ours)),
        unit,
        Sample(tuple(ratios)),
        "×",
        limit,
        at_most=not faster,
    )


def excess(
    group: str, what: str, floor_is: str, floor: Values, ours: Values, limit: float, unit: str
) -> Figure:
    """Ours less the floor's, repetition by repetition."""
    more = tuple(own - least for least, own in zip(floor, ours, strict=True))
    return Figure(
        group,
        what,
        floor_is,
        Sample(tuple(floor)),
        Sample(tuple(ours)),
        unit,
        Sample(more),
        f"{unit} more",
        limit,
    )


def plain(group: str, what: str, floor_is: str, ours: Values, limit: float, unit: str) -> Figure:
    """A number that must not exceed a limit, without a floor beside it."""
    sample = Sample(tuple(ours))
    return Figure(group, what, floor_is, None, sample, unit, sample, unit, limit)


def number(value: float) -> str:
    """Three significant digits, and no more than anyone reads."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"


def interleaved(repetitions: int, *things: Callable[[], Cost]) -> tuple[list[Cost], ...]:
    """Measure all things in turn, again and again, so that a busy moment of the machine strikes all alike."""
    found: tuple[list[Cost], ...] = tuple([] for _ in things)
    for _ in range(repetitions):
        for kept, thing in zip(found, things, strict=True):
            kept.append(thing())
    return found


def walls(costs: Iterable[Cost]) -> list[float]:
    """Seconds on the clock."""
    return [cost.wall for cost in costs]


def cpus(costs: Iterable[Cost]) -> list[float]:
    """Seconds of the processor, in user and system mode."""
    return [cost.cpu for cost in costs]


def peaks(costs: Iterable[Cost]) -> list[float]:
    """The most memory that was resident, in MB."""
    return [cost.peak for cost in costs]


def measured(thing: str, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Let a fresh process do one thing of `tests.tools.bench_run` and tell what it used.

    Raises RuntimeError with what the process said, if it fails.
    """
    line = [thing, *map(str, arguments)]
    if not _FRESH.get():
        return _here(line, environment)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "cost.json"
        _run([sys.executable, "-m", "tests.tools.bench_run", str(out), *line], environment)
        return Cost(**orjson.loads(out.read_bytes()))


def whole_process(*command: str | Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command of its own, from fork to end; its imports count. Raises RuntimeError if it fails."""
    line = [str(each) for each in command]
    if not _FRESH.get():
        milepost = line[: len(MILEPOST)] == list(MILEPOST)
        return _here(["command", *line[len(MILEPOST) :]] if milepost else ["libraries"], environment)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    _run(line, environment)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, 0.0)


def _run(line: Sequence[str], environment: Mapping[str, str] | None) -> None:
    done = subprocess.run(
        line,
        cwd=ROOT,
        env=_environment(environment or {}),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        said = f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        raise RuntimeError(f"{' '.join(line)} ended with {done.returncode}:\n{said}")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours and `more`; modules are compiled once, as installers leave them, and not at every start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(
        more
    )


_FRESH: ContextVar[bool] = ContextVar("fresh", default=True)
"""Whether each measured thing, and the trackers, get processes of their own."""


@contextmanager
def in_one_process() -> Iterator[None]:
    """Everything in this process, to show that it works: quick, and no figure means anything."""
    token = _FRESH.set(False)
    try:
        yield
    finally:
        _FRESH.reset(token)


def _here(line: Sequence[str], environment: Mapping[str, str] | None) -> Cost:
    from tests.tools.bench_run import cost_of

    before = dict(os.environ)
    os.environ.update(environment or {})
    try:
        return Cost(**cost_of(line))
    finally:
        os.environ.clear()
        os.environ.update(before)


MILEPOST = (sys.executable, "-c", "import sys; from core.cli import main; sys.argv[0] = 'milepost'; main()")
"""The command line as its script starts it."""


class Trackers(Protocol):
    """Trackers that run; `do` and what goes with it are the commands of `tests.tools.bench_server`."""

    def ask(self, do: str, **more: object) -> Any:
        """One command and its answer."""
        ...


class _Remote:
    """Trackers in a process of their own, asked over its standard input."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def ask(self, do: str, **more: object) -> Any:
        """See Trackers. Raises RuntimeError if the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps({"do": do, **more}) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the trackers of the benchmark ended at {do!r}")
        return orjson.loads(line)


@contextmanager
def serving(scale: Scale, **sites: Mapping[str, Any]) -> Iterator[Trackers]:
    """Trackers on loopback; each site by its name, as `tests.tools.bench_server` understands it."""
    with _separate() if _FRESH.get() else _desk() as trackers:
        trackers.ask("build", sites=sites, delay=scale.delay)
        yield trackers


@contextmanager
def _separate() -> Iterator[Trackers]:
    line = [sys.executable, "-m", "tests.tools.bench_server"]
    process = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield _Remote(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _desk() -> Iterator[Trackers]:
    from tests.tools.bench_server import Desk

    with closing(Desk()) as desk:
        yield desk


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as name:
        yield Path(name)


def machine() -> dict[str, Any]:
    """What was measured on: no names, only what figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": [round(each, 2) for each in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
