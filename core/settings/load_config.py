"""Reads a configuration, and reports everything that is wrong in it at once."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from connectors.interface import TrackerSettings
from connectors.registry import connector, kinds
from core.settings.config import DELIMITER, PREFIX, Config, Settings, SettingsProblems, TrackerConfig
from core.settings.layers import (
    SECRETS_DIR,
    Layers,
    at_its_source,
    first_setting_below,
    misspelt,
    secrets_folder,
)
from core.settings.overlap import overlapping
from core.settings.sources import read_settings
from core.settings.unread_projects import unread_projects
from mappings.parse import Source, read
from mappings.problems import Problem, from_validation, nearest

SANDBOX = "sandbox:"
"""What the `url` of a tracker begins with that is built into milepost."""
SANDBOX_EMAIL = "milepost@sandbox.test"
"""The account whose token a built-in Jira Cloud accepts."""
SECRET_KEYS = frozenset({"token", "password", "secret", "private_key", "api_key"})
"""Keys of a tracker that must not stand in the file."""
CREDENTIAL_KEYS = SECRET_KEYS | {"email", "user", "username"}
"""Keys that name the account of milepost, and nothing of what it reads."""

_TRACKER_NAME = re.compile(r"^[a-z][a-z0-9_]{0,30}$")


def load_config(file: Path, *, sandbox_url: str = "http://127.0.0.1:9") -> Config:
    """Read a configuration and every tracker in it; `sandbox_url` is where built-in trackers listen.

    Raises SettingsProblems with everything that is wrong, each with its place and what to do.
    """
    problems: list[Problem] = []
    source = _read(file, problems)
    layers = Layers(source.tables, secrets_folder())
    secrets = tuple(_secrets_in(source))
    # A token may have been reported by its shape already; the advice for its key is better.
    problems = [problem for problem in problems if problem.line not in {secret.line for secret in secrets}]
    problems += [*secrets, *misspelt(layers)]
    settings = _settings(source, layers, problems)
    if settings is None:
        raise SettingsProblems(problems)
    trackers: dict[str, TrackerConfig] = {}
    left_over = _left_over(source, layers, settings)
    for name, raw in settings.trackers.items():
        if name in left_over:
            continue
        result = _tracker(source, layers, name, raw, sandbox_url)
        if isinstance(result, TrackerConfig):
            trackers[name] = result
        else:
            problems += [at_its_source(item, layers) for item in result]
    problems += overlapping(source, trackers)
    unread = unread_projects(source, settings.progress, trackers)
    config = Config(file, settings, trackers, (*left_over.values(), *unread))
    if problems or not trackers:
        whole = bool(trackers) and len(trackers) + len(left_over) == len(settings.trackers)
        raise SettingsProblems(problems, config if whole else None)
    return config


def _read(file: Path, problems: list[Problem]) -> Source:
    """The file's text and tables. Raises SettingsProblems if it cannot be read as TOML."""
    hint = "Copy config.example.toml there and edit it, or name another file with --config"
    if not file.exists():
        raise SettingsProblems((Problem(str(file), None, "", "there is no such file", hint),))
    if not file.is_file():
        message = "this is a folder, not a file" if file.is_dir() else "this is no file"
        raise SettingsProblems((Problem(str(file), None, "", message, hint),))
    source = read(file, str(file), problems)
    if source is None:
        shown = (
            replace(problem, hint=problem.hint.replace("Mapping files", "Configuration files"))
            for problem in problems
        )
        raise SettingsProblems(shown)
    return source


def _settings(source: Source, layers: Layers, problems: list[Problem]) -> Settings | None:
    """The settings, with defaults for tables that are wrong; None where there is no default."""
    try:
        return read_settings(layers)
    except SettingsProblems as error:
        problems += error.problems
        return None
    except ValidationError as error:
        result = from_validation(source.name, source.text, error, model=Settings)
        problems += [at_its_source(item, layers) for item in result]
        wrong = frozenset(str(item["loc"][0]) for item in error.errors() if item["loc"])
    try:
        return None if "trackers" in wrong else read_settings(replace(layers, left_out=wrong))
    except ValidationError:
        return None


def missing_secrets(config: Config) -> tuple[Problem, ...]:
    """A problem for each secret that a tracker needs and that is not set."""
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


def _secrets_in(source: Source) -> Iterator[Problem]:
    """A problem for each secret in the file, whatever its shape; no value is repeated."""
    trackers = source.tables.get("trackers")
    for name, table in trackers.items() if isinstance(trackers, dict) else ():
        for key in table if isinstance(table, dict) else ():
            if key in SECRET_KEYS:
                variable = PREFIX + DELIMITER.join(("trackers", name, key)).upper()
                hint = f"Take it out, revoke it, and set {variable} in the environment or as a secret file"
                yield source.problem(("trackers", name, key), "a secret is written here", hint)


def _tracker(
    source: Source, layers: Layers, name: str, raw: dict[str, Any], sandbox_url: str
) -> TrackerConfig | tuple[Problem, ...]:
    place = ("trackers", name)
    if not _TRACKER_NAME.match(name):
        hint = "Use a-z, 0-9 and _, beginning with a letter: the name is part of environment variables"
        return (source.problem(place, f'"{name}" cannot be the name of a tracker', hint),)
    kind = raw.get("kind")
    try:
        result = connector(kind) if isinstance(kind, str) else None
    except Exception as error:  # whatever another distribution's module raises when it is loaded
        message = f"the connector of kind {kind!r} cannot be loaded: {type(error).__name__}: {error}"
        return (source.problem((*place, "kind"), message, "Install a version of it that fits, or remove it"),)
    if result is None:
        message = '"kind" is missing' if kind is None else f"there is no connector of kind {kind!r}"
        existing = source.tables.get("trackers")
        if not isinstance(existing, dict) or name not in existing:
            return (_stray(layers, name, existing),)
        return (source.problem((*place, "kind"), message, nearest(str(kind or ""), kinds())),)
    values = {key: _from_text(key, value) for key, value in raw.items()}
    sandbox = _sandbox_face(values)
    if sandbox is not None:
        values |= {"url": f"{sandbox_url}/{name}", "token": "sandbox", "write_spacing": 0}
        if "email" in result.settings.model_fields and sandbox != "datacenter":
            values["email"] = SANDBOX_EMAIL
        if "site_url" in result.settings.model_fields:
            values["site_url"] = f"https://{name}.example"  # the sandbox's port changes, its pages must not
    try:
        settings = result.settings.model_validate(values)
    except ValidationError as error:
        return from_validation(source.name, source.text, error, place, result.settings)
    return TrackerConfig(name, _anchored(settings, Path(source.name).resolve().parent), sandbox)


def _left_over(source: Source, layers: Layers, settings: Settings) -> dict[str, Problem]:
    """Credentials outside the file for trackers that are not configured: by name, a warning for each.

    They may be those of another installation or of a tracker that was taken out. A name that is nearly
    that of a configured tracker without this very credential is misspelt, and an error; so is anything else
    that is set for a tracker which is not there (a url, projects), since somebody means to read it.
    """
    existing = source.tables.get("trackers")
    existing = existing if isinstance(existing, dict) else {}
    return {
        name: replace(
            _stray(layers, name, existing),
            reason=f"no tracker is called {name}, so that this credential is not used",
            hint=nearest(name, existing) or "Unset it, or add the tracker to the configuration file",
        )
        for name, raw in settings.trackers.items()
        if name not in existing
        and raw.keys() <= CREDENTIAL_KEYS
        and not _misspelt(name, raw, settings, existing)
    }


def _misspelt(
    name: str, raw: Mapping[str, Any], settings: Settings, configured: Mapping[str, object]
) -> bool:
    lacking = [item for item in configured if not raw.keys() <= settings.trackers.get(item, {}).keys()]
    return not configured or bool(get_close_matches(name, lacking, n=1, cutoff=0.8))


def _anchored(settings: TrackerSettings, base: Path) -> TrackerSettings:
    """The same settings; paths start from the folder of the configuration file, as all others in it do."""
    paths = {key: base / value for key, value in dict(settings).items() if isinstance(value, Path)}
    return settings.model_copy(update=paths) if paths else settings


def _stray(layers: Layers, name: str, existing: object) -> Problem:
    """The problem of a tracker that is not in the file: nearly always a misspelt variable."""
    where = first_setting_below(layers, "trackers", name) or PREFIX
    message = f"no tracker of the configuration file is called {name}, and no kind is set for it here"
    return Problem(
        where,
        None,
        f"trackers.{name}",
        message,
        nearest(name, existing if isinstance(existing, dict) else ()),
    )


def _sandbox_face(values: Mapping[str, Any]) -> str | None:
    url = values.get("url")
    return url.removeprefix(SANDBOX) if isinstance(url, str) and url.startswith(SANDBOX) else None


def _from_text(key: str, value: Any) -> Any:
    """A value of a tracker; the environment has lists and tables as JSON text."""
    if isinstance(value, str) and value[:1] in ("[", "{") and key not in SECRET_KEYS:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value
