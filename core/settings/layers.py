"""The layers of a configuration: secret files over the environment over the TOML file."""

import os
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError

from core.settings.model import DELIMITER, PREFIX, Settings, SettingsProblems
from mappings.problems import Problem, nearest

SECRETS_DIR = "MILEPOST_SECRETS_DIR"


@dataclass(frozen=True)
class Layers:
    """Where the values come from. `left_out` names top-level tables that are not to be read."""

    file: Path
    secrets: Path | None = None
    left_out: frozenset[str] = frozenset()


class _Layered(Settings):
    """The settings as read from the layers that `_READING` names."""

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
        layers = _READING.get()
        found: list[PydanticBaseSettingsSource] = [
            env_settings,
            TomlConfigSettingsSource(settings_cls, layers.file),
        ]
        if layers.secrets is not None:
            files = NestedSecretsSettingsSource(
                file_secret_settings,
                secrets_dir=layers.secrets,
                secrets_prefix=PREFIX,
                secrets_nested_delimiter=DELIMITER,
            )
            found.insert(0, files)
        return tuple(_Without(settings_cls, source, layers.left_out) for source in found)


class _Without(PydanticBaseSettingsSource):
    """Another source without some of its tables."""

    def __init__(
        self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource, left_out: frozenset[str]
    ) -> None:
        super().__init__(settings_cls)
        self._source = source
        self._left_out = left_out

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """As the other source has it."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        """Everything that the other source says of the tables that are wanted."""
        return {name: value for name, value in self._source().items() if name not in self._left_out}


_READING: ContextVar[Layers] = ContextVar("reading")


def read_settings(layers: Layers) -> Settings:
    """Read the layers. Raises ValidationError for wrong values, SettingsProblems for unreadable layers."""
    token = _READING.set(layers)
    try:
        return _Layered()
    except SettingsError as error:
        raise SettingsProblems((_unreadable(error, layers),)) from None
    except (OSError, UnicodeDecodeError) as error:
        said = f"a secret file cannot be read: {error}"
        raise SettingsProblems(
            (Problem(SECRETS_DIR, None, "", said, "Secret files are UTF-8 text"),)
        ) from None
    finally:
        _READING.reset(token)


def secrets_folder() -> Path | None:
    """The folder that MILEPOST_SECRETS_DIR names. Raises SettingsProblems if there is none."""
    named = os.environ.get(SECRETS_DIR)
    if not named:
        return None
    if not Path(named).is_dir():
        said = f"{named} is no folder"
        raise SettingsProblems((Problem(SECRETS_DIR, None, "", said, "Create it, or unset the variable"),))
    return Path(named)


def misspelt(layers: Layers) -> Iterator[Problem]:
    """Variables and secret files that set something in a table that does not exist.

    Those without `__` are let pass: Kubernetes gives every container some that begin with a service's name.
    """
    known = set(Settings.model_fields)
    for name, where in _names(layers).items():
        table, delimiter, _ = name.removeprefix(PREFIX).partition(DELIMITER)
        if delimiter and table.lower() not in known:
            yield Problem(where, None, "", f"there is no table {table.lower()}", nearest(table, known))


def blamed(problem: Problem, layers: Layers) -> Problem:
    """The problem, at the variable or secret file that its value comes from if there is one."""
    path = re.sub(r"\[\d+\]", "", problem.path).replace('"', "").split(".")
    names = _names(layers)
    for length in range(len(path), 0, -1):
        where = names.get(PREFIX + DELIMITER.join(path[:length]).upper())
        if where is not None:
            return replace(problem, file=where, line=None)
    return problem


def only_outside(layers: Layers, *path: str) -> str:
    """The first variable or secret file that sets something below a path; empty if there is none."""
    below = PREFIX + DELIMITER.join(path).upper() + DELIMITER
    return next((where for name, where in _names(layers).items() if name.startswith(below)), "")


def _names(layers: Layers) -> dict[str, str]:
    """The names of all variables and secret files of ours, in capitals -> how people find them."""
    found = {name.upper(): f"environment, {name}" for name in sorted(os.environ)}
    if layers.secrets is not None:
        found |= {file.name.upper(): str(file) for file in sorted(layers.secrets.iterdir()) if file.is_file()}
    return {name: where for name, where in found.items() if name.startswith(PREFIX)}


def _unreadable(error: SettingsError, layers: Layers) -> Problem:
    """pydantic names the field alone; its text never holds the value."""
    field = re.search(r'field "([^"]*)"', str(error))
    name = PREFIX + field[1].upper() if field else PREFIX
    wheres = [
        where for each, where in _names(layers).items() if each == name or each.startswith(name + DELIMITER)
    ]
    hint = """Lists and tables are JSON there: '["one", "two"]'"""
    return Problem(", ".join(wheres) or name, None, field[1] if field else "", "the value is no JSON", hint)
