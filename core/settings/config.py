"""The models of a configuration, and the errors of reading one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.interface import TrackerInfo, TrackerSettings
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.publish_policy import LimitPolicy, PublishPolicy
from mappings.problems import Problem

PREFIX = "MILEPOST_"
DELIMITER = "__"


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"expected a time of the day such as 07:00, read {text[:20]!r}")
    return text


def _zone_name(name: str) -> str:
    """The name of a time zone. Raises ValueError for anything that the database of zones does not have."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError for what is a folder there, such as "America"
        hint = 'A city of the zone, as in "Europe/Berlin" or "America/Los_Angeles", or "UTC"'
        raise ZoneProblem(f"there is no time zone {name[:60]!r}", hint) from None
    return name


class ZoneProblem(ValueError):
    """A time zone that does not exist, and what to write instead."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint


class Section(BaseModel):
    """A table of the configuration: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _a_file(value: object) -> object:
    """A path as it is, that of an SQLite URL without the scheme; ValueError for what is no file.

    No message repeats the value, which may hold a password.
    """
    text = str(value)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", text)
    if scheme and re.fullmatch(r"sqlite(\+pysqlite)?", scheme[1], re.IGNORECASE):
        text = re.sub(r"^[^:]+:/{2,3}", "", text) if re.match(r"[^:]+:///", text) else ""
        if not text or text == ":memory:" or "?" in text:
            raise ValueError("expected sqlite:///path/to/file, or the path alone")
        value = text
    elif scheme or re.search(r"(?:password|passwd|pwd)\s*=", text, re.IGNORECASE):
        what = f"a URL of {scheme[1].lower()}" if scheme else "the words of a connection to a server"
        raise ValueError(f"the store is a file in this version, but this is {what}. Write a path")
    if not text.strip() or not text.isprintable():
        raise ValueError("expected the path of a file, without line ends and other invisible characters")
    return value


File = Annotated[Path, BeforeValidator(_a_file)]


class StoreSettings(Section):
    """Where milepost remembers what it read and what it wrote."""

    path: File = Path("milepost.db")
    """Relative to the configuration file. An SQLite file: a path, or `sqlite:///path/to/file`."""
    keep_days: Annotated[int, Field(ge=7, le=3650)] = 400
    """Days after which the ledger keeps only what `undo` needs to take back what still stands."""


class ScheduleSettings(Section):
    """When `milepost run` begins a run."""

    every_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    at: tuple[Annotated[str, AfterValidator(_time_of_day)], ...] = ()
    """Times of the day in `time_zone`, or else local to this machine, instead of every N minutes."""
    reconcile_hours: Annotated[int, Field(ge=1)] = 24
    """Hours between two comparisons of the store with the trackers; `sweep_hours` is its older name."""
    reread_days: Annotated[int, Field(ge=1, le=365)] = 7
    """Reconciliations within which every issue is read whole once, where a survey brings outlines alone."""

    @model_validator(mode="before")
    @classmethod
    def _older_name(cls, values: Any) -> Any:
        if isinstance(values, dict) and "sweep_hours" in values and "reconcile_hours" not in values:
            older = {"sweep_hours": "reconcile_hours"}
            return {older.get(key, key): value for key, value in values.items()}
        return values


class SandboxSettings(Section):
    """The built-in trackers, where a `url` is `sandbox:`."""

    state: File = Path(".milepost/sandbox.json")
    """Relative to the configuration file; what the trackers hold lasts between commands."""


class Settings(BaseModel):
    """The whole configuration; the settings of a tracker are validated by the model of its connector."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    mappings: Annotated[tuple[str, ...], Field(min_length=1)]
    trackers: dict[str, dict[str, Any]] = Field(min_length=1, repr=False)
    time_zone: Annotated[str, AfterValidator(_zone_name)] | None = None
    """IANA name of the zone in which days begin and end: those of due dates, starts, interim targets,
    check-ins and overrides, and `schedule.at`. Without it days are those of UTC, and `schedule.at` is local
    to this machine."""
    store: StoreSettings = StoreSettings()
    progress: ProgressPolicy = ProgressPolicy()
    health: HealthPolicy = HealthPolicy()
    publish: PublishPolicy = PublishPolicy()
    limits: LimitPolicy = LimitPolicy()
    schedule: ScheduleSettings = ScheduleSettings()
    sandbox: SandboxSettings = SandboxSettings()

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone that `time_zone` names; None without one."""
        return None if self.time_zone is None else ZoneInfo(self.time_zone)


def _place(problem: Problem) -> tuple[str, int]:
    return (problem.file, problem.line or 0)


class SettingsProblems(Exception):
    """The configuration cannot be used; every reason at once.

    `partial` is what could be read all the same, with defaults for the sections that are wrong, so that the
    files it names can be checked as well; None where the trackers themselves could not be read.
    """

    def __init__(self, problems: Iterable[Problem], partial: "Config | None" = None) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=_place))
        self.partial = partial
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class TrackerConfig:
    """One tracker as configured. `sandbox` is what follows `sandbox:` in its url, None for a real one."""

    name: str
    settings: TrackerSettings
    sandbox: str | None = None
    names: frozenset[str] = frozenset()
    """Other names of its projects or repositories, as the store remembers them."""

    @property
    def info(self) -> TrackerInfo:
        """What its settings tell of it, without a request."""
        info = self.settings.info(self.name).with_names(self.names)
        return self.settings.with_audiences(info)


@dataclass(frozen=True)
class Config:
    """A configuration that was read without any problem."""

    file: Path
    settings: Settings
    trackers: Mapping[str, TrackerConfig]
    warnings: tuple[Problem, ...] = ()
    """What has no effect, although somebody wrote it down."""

    @property
    def base(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self.file.resolve().parent

    @property
    def infos(self) -> tuple[TrackerInfo, ...]:
        """What the settings tell of every tracker, in the order of the file."""
        return tuple(tracker.info for tracker in self.trackers.values())
