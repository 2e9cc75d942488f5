"""Mapping files as text and tables, and each table as far as it can be read."""

import copy
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from connectors.redaction import tokens
from mappings.goal_tree import Goal, Id, KeyResult, Milestone
from mappings.problems import Fault, Problem, faults, nearest, shown_path
from mappings.rule import EMPTY_TABLE
from mappings.toml_lines import Locator

LARGEST = 8 * 1024 * 1024
"""Bytes of one file; a mapping of ten thousand milestones has a quarter of it."""
Item = Goal | KeyResult | Milestone
Place = tuple[str | int, ...]
TABLES: dict[str, type[Item]] = {"goals": Goal, "key_results": KeyResult, "milestones": Milestone}

_ID = TypeAdapter(Id)
_STAND_INS = {"title": "?", "goal": "?"}
"""What takes the place of something missing, so that the rest of its table can still be checked."""
_CONDITIONS = frozenset({"rules", "all", "any", "none"})
"""Lists of conditions; any other list goes as a whole if one part of it is at fault."""
_STAND_IN_CONDITION = {"title": "."}
_ERROR_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Source:
    """One mapping file."""

    name: str
    """As messages name it."""
    text: str
    tables: dict[str, Any]
    locator: Locator

    def problem(self, path: Sequence[str | int], reason: str, hint: str = "") -> Problem:
        """A problem at a place in this file."""
        return Problem(self.name, self.locator.line(path), shown_path(path), reason, hint)


@dataclass(frozen=True, slots=True)
class Draft:
    """One goal, key result or milestone as far as it could be read; `faulty` holds places not to trust."""

    source: Source
    table: str
    id: str
    item: Item
    faulty: frozenset[Place] = field(default_factory=frozenset)

    @property
    def path(self) -> Place:
        """Its table in the file."""
        return (self.table, self.id)

    def trusted(self, *path: str | int) -> bool:
        """Whether nothing at, above or below this place inside the table was at fault."""
        return not any(
            place[: len(path)] == path or path[: len(place)] == place for place in self.faulty if place
        )

    def problem(self, path: Sequence[str | int], reason: str, hint: str = "") -> Problem:
        """A problem at a place inside this table."""
        return self.source.problem((*self.path, *path), reason, hint)


def read(file: Path, name: str, problems: list[Problem]) -> Source | None:
    """One file's tables; None, and a problem, if it cannot be read or is no TOML."""
    try:
        if file.stat().st_size > LARGEST:
            message = f"is larger than {LARGEST // 1024 // 1024} MiB"
            problems.append(
                Problem(name, None, "", message, "Split it, or look whether it is the right file")
            )
            return None
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(name, None, "", f"cannot be read: {error}", "Mapping files are UTF-8 text"))
        return None
    for line, shown in tokens(text):
        message = f"a token is written here: {shown}"
        hint = "Take it out, revoke it, and set MILEPOST_TRACKERS__<NAME>__TOKEN in the environment instead"
        problems.append(Problem(name, line, "", message, hint))
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(_bad_toml(name, text, error))
        return None
    except ValueError as error:  # a number of thousands of digits
        problems.append(Problem(name, None, "", f"no TOML that can be read: {error}"))
        return None
    except RecursionError:
        problems.append(Problem(name, None, "", "is nested too deeply to be read"))
        return None
    return Source(name, text, tables, Locator(text))


def _bad_toml(name: str, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    message = str(error)
    place = _ERROR_PLACE.search(message)
    last = max(1, len(text.splitlines()))
    line = int(place[1]) if place and place[1] else last
    message = _ERROR_PLACE.sub("", message)
    hint = "The rest of this file is not checked until this is mended"
    if "twice" in message or "overwrite" in message.casefold():
        hint = f"The same table or key stands here for the second time. {hint}"
    return Problem(name, line, "", f"no TOML: {message}", hint)


def drafts(source: Source, problems: list[Problem]) -> Iterator[Draft]:
    """Every goal, key result and milestone of a file; what is wrong inside them goes to `problems`."""
    for table, entries in source.tables.items():
        if table not in TABLES:
            hint = nearest(table, TABLES)
            problems.append(source.problem((table,), f'unknown table "{table}"', hint))
        elif not isinstance(entries, dict):
            problems.append(source.problem((table,), "expected a table", f"Write [{table}.<id>]"))
        else:
            for id_, raw in entries.items():
                draft = _draft(source, table, id_, raw, problems)
                if draft is not None:
                    yield draft


def _draft(source: Source, table: str, id_: str, raw: Any, problems: list[Problem]) -> Draft | None:
    place = (table, id_)
    if not isinstance(raw, dict):
        problems.append(source.problem(place, "expected a table", f"Write [{shown_path(place)}]"))
        return None
    id_or_stand_in = _id_or_stand_in(source, place, problems)
    item, result = _without_faults(TABLES[table], raw, id_or_stand_in)
    problems.extend(source.problem((*place, *fault.path), fault.reason, fault.hint) for fault in result)
    if item is None:
        return None
    return Draft(source, table, id_, item, frozenset(fault.path for fault in result))


def _id_or_stand_in(source: Source, place: tuple[str, str], problems: list[Problem]) -> str:
    try:
        return _ID.validate_python(place[1])
    except ValidationError:
        message = f'"{place[1]}" is no id'
        hint = "An id is at most 40 small letters, digits, - and _, and begins with a letter or digit"
        problems.append(source.problem(place, message, hint))
        return "stand-in"


def _without_faults(model: type[Item], raw: dict[str, Any], id_: str) -> tuple[Item | None, list[Fault]]:
    """The item without the parts at fault, and all faults.

    pydantic checks a table as a whole only once its parts are sound, so the parts at fault are taken
    away and the rest is validated again, until there is no fault that was not there before.
    """
    left = copy.deepcopy(raw)
    result: dict[Place, Fault] = {}
    seen: set[tuple[Place, str]] = set()
    if "id" in left:
        result[("id",)] = Fault(
            ("id",), 'unknown key "id"', f"The id is the name of the table: {id_}", "extra_forbidden"
        )
        del left["id"]
    while True:
        try:
            return _validated(model, left, id_), list(result.values())
        except ValidationError as error:
            fresh = faults(error, left, model)
        for fault in fresh:
            if not _caused_by(fault, result):
                result.setdefault(fault.path, fault)
        before = len(seen)
        seen.update((fault.path, fault.kind) for fault in fresh)
        if len(seen) == before:
            return None, list(result.values())
        for fault in fresh:
            _mend(left, fault)


def _validated(model: type[Item], raw: dict[str, Any], id_: str) -> Item:
    return model.model_validate({**raw, "id": id_}, by_alias=True, by_name=False)


def _caused_by(fault: Fault, result: dict[Place, Fault]) -> bool:
    """Whether a table is empty only because its parts at fault were taken away before."""
    if fault.kind != EMPTY_TABLE:
        return False
    return any(len(path) > len(fault.path) and path[: len(fault.path)] == fault.path for path in result)


def _mend(left: dict[str, Any], fault: Fault) -> None:
    path = fault.path
    if fault.kind == "missing":
        if len(path) == 1 and path[0] in _STAND_INS:
            left[str(path[0])] = _STAND_INS[str(path[0])]
        else:
            _drop(left, path[:-1])
    elif path:
        _drop(left, path)
    else:
        # Faults of the table as a whole lie between its dates, or between metric and guardrail.
        left.pop("start", None)
        left.pop("guardrail", None)


def _drop(left: Any, path: Place) -> None:
    parents: list[Any] = [left]
    for part in path[:-1]:
        try:
            parents.append(parents[-1][part])
        except (KeyError, IndexError, TypeError):
            return  # an earlier fault took it away together with what was around it
    parent, last = parents[-1], path[-1]
    if isinstance(parent, dict):
        parent.pop(last, None)
    elif path[-2] in _CONDITIONS and isinstance(last, int) and isinstance(parent[last], dict):
        parent[last] = dict(_STAND_IN_CONDITION)
    else:
        _drop(left, path[:-1])
