"""Loads mapping files into one goal tree, or reports everything that is wrong with them at once."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, takewhile
from pathlib import Path
from typing import Any

from connectors.interface import TrackerInfo
from mappings.goal_tree import Goal, GoalTree, KeyResult, Milestone
from mappings.parse import Draft, Source, drafts, read
from mappings.problems import MappingErrors, Problem, shown_path
from mappings.rule import Condition
from mappings.rules.issue_references import References
from mappings.validate import ISSUE_KEYS, check

__all__ = ["Loaded", "MappingErrors", "Origin", "load"]

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a goal, key result or milestone stands."""

    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A sound mapping and where it came from."""

    mapping: GoalTree
    files: tuple[Path, ...]
    digest: str
    """12 hex digits of what the mapping says; comments and layout of the files do not matter."""
    drafts: tuple[Draft, ...] = field(default=(), repr=False)
    """As they stand in the files."""

    def problem(self, owner: str, path: Sequence[str | int], reason: str, hint: str = "") -> Problem:
        """A problem within the table of a goal, key result or milestone, with its file and line."""
        result = next((draft for draft in self.drafts if draft.id == owner), None)
        if result is None:
            return Problem("mappings", None, shown_path((owner, *path)), reason, hint)
        return result.problem(path, reason, hint)

    @property
    def origins(self) -> dict[str, Origin]:
        """By id, for the lines of warnings."""
        return _origins(self.drafts)


def load(patterns: Sequence[str], base: Path, trackers: Sequence[TrackerInfo]) -> Loaded:
    """Read every file that the patterns match, relative to `base`, in the order of patterns and names.

    Issue keys come back in their tracker's one spelling. Raises MappingErrors with every problem of every
    file: what is no TOML, unknown or wrong, and what does not fit the other tables or the trackers.
    """
    problems: list[Problem] = []
    files = _files(patterns, base, problems)
    sources = [source for file in files if (source := read(file, _shown(file, base), problems)) is not None]
    result = [draft for source in sources for draft in drafts(source, problems)]
    problems.extend(_emptied(sources, result, complete=not problems))
    # A link that leads nowhere may lead into a file that could not be read.
    problems.extend(check(result, trackers, complete=len(sources) == len(files)))
    if problems:
        raise MappingErrors(problems)
    mapping = _mapping(result, References(trackers))
    digest = hashlib.sha256(mapping.model_dump_json().encode()).hexdigest()[:12]
    return Loaded(mapping, tuple(files), digest, tuple(result))


def _emptied(sources: Sequence[Source], result: Sequence[Draft], *, complete: bool) -> Iterator[Problem]:
    """Problems of a mapping that was emptied or cut off: it would take back everything that was written.

    That no milestone is left is a problem only where everything was read: `complete`.
    """
    for source in sources:
        if not source.tables:
            message = "says nothing: no goal, key result or milestone stands in it"
            hint = "Put back what stood there, or take the file away if that is meant"
            yield Problem(source.name, None, "", message, hint)
    anything = any(source.tables for source in sources)
    if complete and anything and not any(isinstance(draft.item, Milestone) for draft in result):
        message = "no milestone stands in any mapping file"
        hint = "Add [milestones.<id>]; to take back what milepost wrote, run `milepost undo --all`"
        yield Problem(sources[0].name if len(sources) == 1 else "mappings", None, "", message, hint)


def _files(patterns: Iterable[str], base: Path, problems: list[Problem]) -> list[Path]:
    result: dict[Path, None] = {}
    for pattern in patterns:
        try:
            files, strays = _matching(Path(pattern).expanduser(), base)
        except (ValueError, RuntimeError, OSError) as error:
            message = f'"{pattern}" is no pattern: {getattr(error, "strerror", None) or error}'
            problems.append(Problem("mappings", None, "", message, "Write a path; * stands for any name"))
            continue
        for file in strays:
            hint = "Name the file itself in the configuration, or put it there instead of a link"
            problems.append(
                Problem("mappings", None, "", f'"{pattern}": {file} leads out of its folder', hint)
            )
        if not files and not strays:
            message = f'"{pattern}" matches no file'
            hint = f"Patterns are relative to {base}; * stands for any name, ** for any folders"
            problems.append(Problem("mappings", None, "", message, hint))
        result.update(dict.fromkeys(files))
    return list(result)


def _matching(pattern: Path, base: Path) -> tuple[list[Path], list[Path]]:
    """The files that a pattern matches, and those of them that are links to somewhere else.

    Whoever may put a file into a folder of mappings must not get files read from elsewhere, which an error
    would then quote. A path without wildcards is the configuration's own word and may lead anywhere.
    Raises ValueError, RuntimeError or OSError for what is no pattern.
    """
    root, rest = (
        (Path(pattern.anchor), pattern.relative_to(pattern.anchor))
        if pattern.is_absolute()
        else (base, pattern)
    )
    result = sorted(file for file in root.glob(str(rest)) if file.is_file()) if rest.parts else []
    if not _WILD.search(str(rest)):
        return result, []
    fixed = list(takewhile(lambda part: not _WILD.search(part), rest.parts))
    home = root.joinpath(*fixed).resolve()
    inside = [file.resolve().is_relative_to(home) for file in result]
    return list(compress(result, inside)), [
        file for file, ours in zip(result, inside, strict=True) if not ours
    ]


def _shown(file: Path, base: Path) -> str:
    return str(file.relative_to(base)) if file.is_relative_to(base) else str(file)


def _mapping(result: Sequence[Draft], references: References) -> GoalTree:
    goals: dict[str, Goal] = {}
    key_results: dict[str, KeyResult] = {}
    milestones: dict[str, Milestone] = {}
    for item in (draft.item for draft in result):
        if isinstance(item, Goal):
            goals[item.id] = item.model_copy(update=_tracking(item, references))
        elif isinstance(item, KeyResult):
            key_results[item.id] = item.model_copy(update=_rules(item, references))
        else:
            update = _rules(item, references) | _tracking(item, references)
            milestones[item.id] = item.model_copy(update=update)
    return GoalTree(goals=goals, key_results=key_results, milestones=milestones)


def _tracking(item: Goal | Milestone, references: References) -> dict[str, Any]:
    return {} if item.tracking is None else {"tracking": _spelt(item.tracking, references)}


def _rules(item: KeyResult | Milestone, references: References) -> dict[str, Any]:
    return {"rules": tuple(_normal(rule, references) for rule in item.rules)}


def _normal(condition: Condition, references: References) -> Condition:
    update: dict[str, Any] = {}
    for name in ISSUE_KEYS:
        if texts := getattr(condition, name):
            update[name] = _spelt(texts, references)
    for name in ("all", "any", "none"):
        if inner := getattr(condition, name):
            update[name] = tuple(_normal(item, references) for item in inner)
    return condition.model_copy(update=update) if update else condition


def _spelt(texts: Iterable[str], references: References) -> tuple[str, ...]:
    return tuple(dict.fromkeys(references.spelt(text) for text in texts))


def _origins(result: Iterable[Draft]) -> dict[str, Origin]:
    return {draft.id: Origin(draft.source.name, draft.source.locator.line(draft.path)) for draft in result}
