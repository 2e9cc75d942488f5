"""What a user configures: TOML, over it the environment (`MILEPOST_…`), over both secret files."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError

from connectors.contract import TrackerInfo, TrackerSettings
from connectors.registry import connector, kinds
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.policy import LimitPolicy, PublishPolicy
from mappings.problems import Problem, from_validation, nearest
from mappings.reading import Source, read

PREFIX = "MILEPOST_"
SECRETS_DIR = "MILEPOST_SECRETS_DIR"
SANDBOX = "sandbox:"
"""A tracker whose `url` begins so is one of those built into milepost."""

SANDBOX_EMAIL = "milepost@sandbox.test"
"""Whose token a built-in Jira Cloud accepts."""
SECRET_KEYS = frozenset({"token", "password", "secret", "private_key", "api_key"})
"""Keys of a tracker that never stand in the file."""

_TRACKER_NAME = re.compile(r"^[a-z][a-z0-9_]{0,30}$")


class Section(BaseModel):
    """Frozen, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(Section):
    """Where milepost remembers what it read and what it wrote."""

    path: Path = Path("milepost.db")
    """Relative to the configuration file."""


class ScheduleSettings(Section):
    """When `milepost run` wakes up."""

    every_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    at: tuple[Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")], ...] = ()
    """Times of the day, local to this machine, instead of every N minutes."""
    sweep_hours: Annotated[int, Field(ge=1)] = 24
    """How often the ids of all issues are read, to find the deleted ones: incremental reading cannot."""


class SandboxSettings(Section):
    """The built-in trackers, where a `url` is `sandbox:`."""

    state: Path = Path(".milepost/sandbox.json")
    """Relative to the configuration file; what the trackers hold lasts between commands."""


class Settings(BaseSettings):
    """Everything but the trackers is typed here; each tracker by its own connector."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    mappings: Annotated[tuple[str, ...], Field(min_length=1)]
    trackers: dict[str, dict[str, Any]] = Field(min_length=1, repr=False)
    store: StoreSettings = StoreSettings()
    progress: ProgressPolicy = ProgressPolicy()
    health: HealthPolicy = HealthPolicy()
    publish: PublishPolicy = PublishPolicy()
    limits: LimitPolicy = LimitPolicy()
    schedule: ScheduleSettings = ScheduleSettings()
    sandbox: SandboxSettings = SandboxSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secret files before the environment before the TOML file."""
        del init_settings, dotenv_settings
        file, secrets = _READING.get()
        layers = (env_settings, TomlConfigSettingsSource(settings_cls, file))
        if secrets is None:
            return layers
        files = NestedSecretsSettingsSource(
            file_secret_settings, secrets_dir=secrets, secrets_prefix=PREFIX, secrets_nested_delimiter="__"
        )
        return (files, *layers)


_READING: ContextVar[tuple[Path, Path | None]] = ContextVar("reading")
"""The TOML file and the folder of secret files that `Settings()` is to read."""


def read_settings(file: Path, secrets: Path | None) -> Settings:
    """Read the layers. Raises ValidationError for wrong values, SettingsError for unreadable layers."""
    token = _READING.set((file, secrets))
    try:
        return Settings()
    finally:
        _READING.reset(token)


class SettingsProblems(Exception):
    """The configuration cannot be used; every reason at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True)
class TrackerConfig:
    """One tracker as configured. `sandbox` is what follows `sandbox:` in its url, None for a real one."""

    name: str
    settings: TrackerSettings
    sandbox: str | None = None

    @property
    def info(self) -> TrackerInfo:
        """What is known of it without a request."""
        return self.settings.info(self.name)


@dataclass(frozen=True)
class Config:
    """A configuration that was read without any problem."""

    file: Path
    settings: Settings
    trackers: Mapping[str, TrackerConfig]

    @property
    def base(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self.file.resolve().parent

    @property
    def infos(self) -> tuple[TrackerInfo, ...]:
        """What is known of every tracker, in the order of the file."""
        return tuple(tracker.info for tracker in self.trackers.values())


def load_config(file: Path, *, sandbox_url: str = "http://127.0.0.1:9") -> Config:
    """Read a configuration and every tracker in it; `sandbox_url` is where built-in trackers listen.

    Raises SettingsProblems with everything that is wrong, each with its place and what to do.
    """
    if not file.is_file():
        hint = "Copy config.example.toml there, or name another file with --config"
        raise SettingsProblems((Problem(str(file), None, "", "there is no such file", hint),))
    problems: list[Problem] = []
    source = read(file, str(file), problems)
    if source is None:
        raise SettingsProblems(problems)
    problems.extend(_secrets_in(source))
    try:
        settings = read_settings(file, _secrets_dir())
    except ValidationError as error:
        raise SettingsProblems(
            (*problems, *from_validation(str(file), source.text, error, model=Settings))
        ) from None
    except SettingsError as error:
        hint = f"Mend the {PREFIX}… variable or secret file that it names"
        raise SettingsProblems((*problems, Problem(str(file), None, "", str(error), hint))) from None
    trackers: dict[str, TrackerConfig] = {}
    for name, raw in settings.trackers.items():
        found = _tracker(source, name, raw, sandbox_url)
        if isinstance(found, TrackerConfig):
            trackers[name] = found
        else:
            problems.extend(found)
    if problems:
        raise SettingsProblems(problems)
    return Config(file, settings, trackers)


def missing_secrets(config: Config) -> tuple[Problem, ...]:
    """The secrets that must be set before a tracker can be spoken to, and are not."""
    return tuple(
        Problem(
            str(config.file),
            None,
            f"trackers.{tracker.name}",
            f"{variable} is not set",
            f"Export it, or put a file of that name into the folder that {SECRETS_DIR} names",
        )
        for tracker in config.trackers.values()
        for variable in tracker.settings.secrets_missing(tracker.name)
    )


def _secrets_dir() -> Path | None:
    named = os.environ.get(SECRETS_DIR)
    if not named:
        return None
    if not Path(named).is_dir():
        said = f"{SECRETS_DIR} names {named}, which is no folder"
        raise SettingsProblems((Problem(SECRETS_DIR, None, "", said, "Create it, or unset the variable"),))
    return Path(named)


def _secrets_in(source: Source) -> Iterator[Problem]:
    """Secrets written into the file, whatever they look like; their values are never shown."""
    trackers = source.tables.get("trackers")
    for name, table in trackers.items() if isinstance(trackers, dict) else ():
        for key in table if isinstance(table, dict) else ():
            if key in SECRET_KEYS:
                variable = f"{PREFIX}TRACKERS__{name.upper()}__{key.upper()}"
                hint = f"Take it out, revoke it, and set {variable} in the environment or as a secret file"
                yield source.problem(("trackers", name, key), "a secret is written here", hint)


def _tracker(
    source: Source, name: str, raw: dict[str, Any], sandbox_url: str
) -> TrackerConfig | tuple[Problem, ...]:
    place = ("trackers", name)
    if not _TRACKER_NAME.match(name):
        hint = "Use a-z, 0-9 and _, beginning with a letter: the name is part of environment variables"
        return (source.problem(place, f'"{name}" cannot be the name of a tracker', hint),)
    kind = raw.get("kind")
    found = connector(kind) if isinstance(kind, str) else None
    if found is None:
        said = '"kind" is missing' if kind is None else f"there is no connector of kind {kind!r}"
        if "trackers" not in source.tables or name not in source.tables["trackers"]:
            said += "; only the environment names this tracker, perhaps its name is misspelt there"
        return (source.problem((*place, "kind"), said, nearest(str(kind or ""), kinds())),)
    values = {key: _from_text(key, value) for key, value in raw.items()}
    sandbox = _sandbox_face(values)
    if sandbox is not None:
        values |= {"url": f"{sandbox_url}/{name}", "token": "sandbox", "write_spacing": 0}
        if "email" in found.settings.model_fields and sandbox != "datacenter":
            values["email"] = SANDBOX_EMAIL
        if "site_url" in found.settings.model_fields:
            values["site_url"] = f"https://{name}.example"  # the sandbox's port changes, its pages must not
    try:
        return TrackerConfig(name, found.settings.model_validate(values), sandbox)
    except ValidationError as error:
        return from_validation(source.name, source.text, error, place, found.settings)


def _sandbox_face(values: Mapping[str, Any]) -> str | None:
    url = values.get("url")
    return url.removeprefix(SANDBOX) if isinstance(url, str) and url.startswith(SANDBOX) else None


def _from_text(key: str, value: Any) -> Any:
    """The environment gives lists and tables as JSON text."""
    if isinstance(value, str) and value[:1] in ("[", "{") and key not in SECRET_KEYS:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def at(moment: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
