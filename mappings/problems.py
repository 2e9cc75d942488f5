"""What is wrong in a file that a person wrote: where, what was read, and what to do."""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connectors.redaction import redact
from mappings.rule import EMPTY_TABLE
from mappings.toml_lines import Locator

Path = tuple[str | int, ...]
"""Keys and positions from a table of a file to one of its values."""

_LONGEST = 1000
"""Characters of one text of a problem; the rest is cut off."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that somebody has to correct.

    No text of it ever holds a credential or moves a terminal's cursor: each is redacted on the way in, and
    what cannot be seen is written as an escape.
    """

    file: str
    line: int | None
    """From 1; None where the file as a whole is wrong, or something that stands in no line."""
    path: str
    """The place in the tables, positions from 1: `milestones.blog.rules[2].epic`; may be empty."""
    reason: str
    hint: str = ""

    def __post_init__(self) -> None:
        for name in ("file", "path", "reason", "hint"):
            object.__setattr__(self, name, _visible(redact(getattr(self, name))))

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [part for part in (place, self.path, self.reason) if part]
        text = ": ".join(parts)
        return f"{text}. {self.hint}" if self.hint else text


ProblemAt = Callable[[str, Path, str, str], Problem]
"""(id of an item, path within its table, what is wrong, hint) -> the same with file and line."""


def without_file(item: str, path: Path, reason: str, hint: str) -> Problem:
    """A problem of a mapping that came from no file."""
    return Problem("mapping", None, ".".join(map(str, (item, *path))), reason, hint)


def _visible(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


class MappingErrors(Exception):
    """Everything that is wrong with the mapping, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda item: (item.file, item.line or 0, item.path)))
        super().__init__("\n".join(map(str, self.problems)))


def shown_path(path: Iterable[str | int]) -> str:
    """A path as people write it: positions from 1, keys that need it in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            plain = part.replace("-", "").replace("_", "")
            bare = plain.isalnum() and plain.isascii()
            text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


def nearest(name: str, existing: Iterable[str]) -> str:
    """`did you mean "title"?` for a near miss; otherwise what there is to choose from, or nothing."""
    names = sorted(existing)
    folded = {item.casefold(): item for item in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{folded[close[0]]}"?'
    if not names:
        return ""
    shown = ", ".join(names[:30])
    return f"Known here: {shown}" + (", …" if len(names) > 30 else "")


def from_validation(
    file: str,
    text: str,
    error: ValidationError,
    prefix: Sequence[str | int] = (),
    model: type[BaseModel] | None = None,
) -> tuple[Problem, ...]:
    """Each error of pydantic as a Problem with its line in a TOML text.

    `prefix` is the path of the table that was validated. `model` is the model that it was validated
    against; with it, a misspelt key gets the name that was probably meant.
    """
    try:
        data: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        data = {}
    locator = Locator(text)
    result = []
    for fault in faults(error, at(data, prefix), model):
        path = (*prefix, *fault.path)
        result.append(Problem(file, locator.line(path), shown_path(path), fault.reason, fault.hint))
    return tuple(result)


def at(data: Any, path: Sequence[str | int]) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        data = _step(data, part)
    return data


def _step(data: Any, part: str | int | None) -> Any:
    if isinstance(data, Mapping):
        return data.get(part)
    if isinstance(data, list | tuple) and isinstance(part, int) and part < len(data):
        return data[part]
    return None


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of pydantic in plain words; `kind` is pydantic's name of it."""

    path: Path
    reason: str
    hint: str
    kind: str


def faults(error: ValidationError, data: Any, model: type[BaseModel] | None) -> tuple[Fault, ...]:
    """Each error of a validation of `data`, each place once."""
    result: dict[Path, Fault] = {}
    details = error.errors(include_url=False)
    paths = [real_path(detail["loc"], data) for detail in details]
    for detail, path in zip(details, paths, strict=True):
        result.setdefault(path, Fault(path, *_words(detail, path, model), detail["type"]))
    return tuple(result.values())


def real_path(location: Sequence[str | int], data: Any) -> Path:
    """An error's location without the names of union members, which pydantic puts in between."""
    path: list[str | int] = []
    for part, following in zip_longest(location, location[1:]):
        inside = _step(data, part)
        # Nothing of this place stands in the file, as with values from the environment: take it as it is.
        elsewhere = data is None or (isinstance(data, Mapping) and _step(data, following) is None)
        if (inside is not None or elsewhere) and not str(part).startswith("<"):
            path.append(part)
            data = inside
    return tuple(path)


_EXPECTED = {
    "string_type": "text in quotes",
    "tuple_type": "a text or a list of texts",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "bool_type": "true or false, without quotes",
    "bool_parsing": "true or false, without quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "date_type": "a date without quotes, such as 2027-03-31",
    "finite_number": "a finite number",
}


def _words(detail: ErrorDetails, path: Path, model: type[BaseModel] | None) -> tuple[str, str]:
    kind, name = detail["type"], str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        return f'unknown key "{name}"', _meant(name, path[:-1], model)
    if kind == "missing":
        return f'"{name}" is missing', f"Add {name} to this table"
    if kind == "value_error":
        raised = detail["ctx"]["error"]
        return str(raised), getattr(raised, "hint", "")
    if kind == EMPTY_TABLE:
        return detail["msg"], ""
    expected = _EXPECTED.get(kind)
    message = f"expected {expected}" if expected else _lower(detail["msg"])
    if kind == "string_pattern_mismatch":
        message = "use small letters, digits, - and _, beginning with a letter or digit"
    return f"{message}, read {_shown(detail['input'], name)}", ""


def _meant(name: str, path: Path, model: type[BaseModel] | None) -> str:
    if name == "id":
        return "The id is the name of the table, such as blog in [milestones.blog]"
    inside = _model_at(model, path)
    return nearest(name, _toml_names(inside)) if inside is not None else ""


def _toml_names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items() if name != "id"]


def _model_at(model: type[BaseModel] | None, path: Path) -> type[BaseModel] | None:
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        model = next(_models(fields[part].annotation), model) if part in fields else model
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(value: Any, name: str) -> str:
    if any(word in name.casefold() for word in ("token", "password", "secret", "api")):
        return f"a {type(value).__name__}"  # whatever stands there is nobody's business
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
