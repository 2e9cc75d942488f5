"""The layers of a configuration: secret files over the environment over the TOML file."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.settings.config import DELIMITER, PREFIX, Settings, SettingsProblems
from mappings.problems import Problem, nearest

SECRETS_DIR = "MILEPOST_SECRETS_DIR"


@dataclass(frozen=True)
class Layers:
    """Where values come from. `left_out` names top-level tables that are not read."""

    tables: Mapping[str, Any] = field(repr=False)
    """What the configuration file says."""
    secrets: Path | None = None
    left_out: frozenset[str] = frozenset()


def secrets_folder() -> Path | None:
    """The folder that MILEPOST_SECRETS_DIR names. Raises SettingsProblems if there is none."""
    named = os.environ.get(SECRETS_DIR)
    if not named:
        return None
    if not Path(named).is_dir():
        message = f"{named} is no folder"
        raise SettingsProblems((Problem(SECRETS_DIR, None, "", message, "Create it, or unset the variable"),))
    return Path(named)


def misspelt(layers: Layers) -> Iterator[Problem]:
    """Variables and secret files that set something in a table that does not exist.

    Those without `__` are ignored: Kubernetes gives every container some that begin with a service's name.
    """
    existing = set(Settings.model_fields)
    for name, where in _names(layers).items():
        table, delimiter, _ = name.removeprefix(PREFIX).partition(DELIMITER)
        if delimiter and table.lower() not in existing:
            yield Problem(where, None, "", f"there is no table {table.lower()}", nearest(table, existing))


def at_its_source(problem: Problem, layers: Layers) -> Problem:
    """The same problem, located at the variable or secret file that its value comes from, if there is one."""
    path = re.sub(r"\[\d+\]", "", problem.path).replace('"', "").split(".")
    names = _names(layers)
    for length in range(len(path), 0, -1):
        where = names.get(PREFIX + DELIMITER.join(path[:length]).upper())
        if where is not None:
            return replace(problem, file=where, line=None)
    return problem


def first_setting_below(layers: Layers, *path: str) -> str:
    """The first variable or secret file that sets something below a path; empty if there is none."""
    below = PREFIX + DELIMITER.join(path).upper() + DELIMITER
    return next((where for name, where in _names(layers).items() if name.startswith(below)), "")


def _names(layers: Layers) -> dict[str, str]:
    """By name in capitals: where each variable and secret file of milepost is, as messages say it."""
    result = {name.upper(): f"environment, {name}" for name in sorted(os.environ)}
    if layers.secrets is not None:
        result |= {
            file.name.upper(): str(file) for file in sorted(layers.secrets.iterdir()) if file.is_file()
        }
    return {name: where for name, where in result.items() if name.startswith(PREFIX)}


def invalid_json(error: Exception, layers: Layers) -> Problem:
    """The problem of a value that must be JSON and is not.

    pydantic-settings names the field alone, and no text of its error holds the value.
    """
    field = re.search(r'field "([^"]*)"', str(error))
    name = PREFIX + field[1].upper() if field else PREFIX
    wheres = [
        where
        for value, where in _names(layers).items()
        if value == name or value.startswith(name + DELIMITER)
    ]
    hint = """Lists and tables are JSON there: '["one", "two"]'"""
    return Problem(", ".join(wheres) or name, None, field[1] if field else "", "the value is no JSON", hint)
