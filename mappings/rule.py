"""One rule as the user writes it, and what tagging gives back."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import pydantic
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from mappings.title_patterns import title_pattern

EMPTY_TABLE = "empty_table"
"""The type of pydantic's error for a table in which the keys that matter are missing."""


def empty_table(reason: str) -> PydanticCustomError:
    """The error of a table in which the keys that matter are missing."""
    return PydanticCustomError(EMPTY_TABLE, "{reason}", {"reason": reason})


def listed(value: object) -> object:
    """A single text where a list is allowed stands for a list of one."""
    return (value,) if isinstance(value, str) else value


def filled(value: object, info: ValidationInfo) -> object:
    """Refuses an empty list: it could mean "any" as well as "none".

    JSON is left alone: there an empty list only repeats a default.
    """
    if info.mode != "json" and isinstance(value, list) and not value:
        raise empty_table("an empty list matches nothing; leave the key out, or name something")
    return value


def numeric(value: object, info: ValidationInfo) -> object:
    """Numbers only: pydantic would read `"3"` and `true` as numbers as well, which is a slip in a mapping.

    JSON is left alone, since it carries decimals as text.
    """
    if info.mode != "json" and isinstance(value, bool | str):
        raise ValueError("expected a number, without quotes")
    return value


def _scalar(value: object) -> str | int | float | bool:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("expected a text, a number, true, false, or a list of these")


def _field_value(value: object) -> object:
    if isinstance(value, list | tuple):
        if not value:
            raise empty_table("an empty list matches nothing; leave the key out, or name something")
        return tuple(_scalar(entry) for entry in value)
    return _scalar(value)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(listed), BeforeValidator(filled)]
"""One text or a list of at least one."""
Scalar = str | int | float | bool
FieldValue = Annotated[
    Scalar | tuple[Scalar, ...],
    PlainValidator(_field_value),
    PlainSerializer(lambda value: list(value) if isinstance(value, tuple) else value),
]


Weight = Annotated[Decimal, BeforeValidator(numeric), Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class LabelMatch(BaseModel):
    """Labels that must, may or must not be there; names compare without case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    any: Texts = ()
    all: Texts = ()
    none: Texts = ()

    @model_validator(mode="after")
    def _says_something(self) -> "LabelMatch":
        if not (self.any or self.all or self.none):
            raise empty_table('an empty table matches nothing; write for example label = { any = ["blog"] }')
        return self


def _label_form(value: object) -> str:
    # Names in angle brackets: they stand in pydantic's error locations and are no keys of the file.
    return "<table>" if isinstance(value, dict | LabelMatch) else "<list>"


Labels = Annotated[
    Annotated[Texts, pydantic.Tag("<list>")] | Annotated[LabelMatch, pydantic.Tag("<table>")],
    Discriminator(_label_form),
]


class Condition(BaseModel):
    """What must hold of an issue. Every key given must hold; a list means any of its entries.

    Names (labels, types, components, versions, sprints, assignees, teams) compare without case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    tracker: Texts = ()
    project: Texts = ()
    repository: Texts = ()
    """`owner/name`, or `owner/*` for every repository of that owner."""
    keys: Texts = ()
    epic: Texts = ()
    """Descendants of these issues at any depth; the epic itself is not one of its tasks."""
    parent: Texts = ()
    """Direct children of these issues and all descendants: the same as `epic`, by its other name."""
    sub_issues_of: Texts = ()
    """The sub-issue tree of these GitHub issues, at any depth and across repositories."""
    label: Labels = ()
    component: Texts = ()
    version: Texts = Field(default=(), alias="fix_version")
    github_milestone: Texts = ()
    type: Texts = ()
    sprint: Texts = ()
    assignee: Texts = ()
    team: Texts = ()
    title: str | None = None
    """A regular expression, searched for without case unless it says `(?-i:…)`; see `rules.titles`."""
    field: dict[str, FieldValue] = {}
    """Custom fields by name: equal to the value, or to any of a list; a field of many holds any."""
    jql: Text | None = None
    """Evaluated by the Jira server, within the tracker's scope."""
    search: Text | None = None
    """A GitHub issue search, evaluated by the server within the tracker's scope."""
    all: Annotated[tuple["Condition", ...], BeforeValidator(filled)] = ()
    any: Annotated[tuple["Condition", ...], BeforeValidator(filled)] = ()
    none: Annotated[tuple["Condition", ...], BeforeValidator(filled)] = ()

    @field_validator("title")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        if not pattern:
            raise ValueError("an empty pattern matches every title; leave the key out")
        title_pattern(pattern)
        return pattern

    @model_validator(mode="after")
    def _names_something(self) -> "Condition":
        if self.is_empty:
            raise empty_table("names no condition, so it would match every issue; give it at least one key")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether no key restricts anything."""
        return not any(getattr(self, name) for name in CONDITION_KEYS)

    @property
    def asked_fields(self) -> frozenset[str]:
        """The custom fields that it asks for by name, and the keys that mean one in Jira."""
        return frozenset(self.field) | {name for name in ("sprint", "team") if getattr(self, name)}

    @property
    def nested(self) -> Iterator["Condition"]:
        """This condition and all inside it, outer ones first."""
        yield self
        for inner in (*self.all, *self.any, *self.none):
            yield from inner.nested


class Rule(Condition):
    """A condition, and how the issues that it tags count. A rule without any condition is an error."""

    name: Text | None = None
    """What `milepost why` calls it; default: its place, such as `milestones.blog.rules[2]`."""
    checklist: StrictBool = False
    """An open task's own checklist gives partial credit."""
    task_list: StrictBool = False
    """The boxes in the body of the issues named by `epic`, `sub_issues_of` or `keys` are the tasks."""
    pull_requests: StrictBool = False
    """Pull requests count like issues."""
    weight: Weight | None = None
    """A fixed weight of each task that this rule tags, instead of the milestone's `weigh_by`."""

    @model_validator(mode="after")
    def _task_list_has_issues(self) -> "Rule":
        if self.task_list and not (self.keys or self.epic or self.parent or self.sub_issues_of):
            raise empty_table(
                "task_list = true needs the issues whose bodies hold the list: "
                "keys, epic, parent or sub_issues_of"
            )
        return self


CONDITION_KEYS = tuple(Condition.model_fields)


@dataclass(frozen=True, slots=True, order=True)
class RuleId:
    """Where a rule stands, for a person to find it: owner's id, position (from 1), and its name."""

    owner: str
    """The id of the milestone or key result that it tags to."""
    position: int
    """0 for the label `milestone/<id>` that people put on an issue in the tracker."""
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """An issue belongs to a milestone or key result, because of this rule.

    Where several rules of one owner match, the first in the files gives the tag; the label
    `milestone/<id>` gives it only where no rule does.
    """

    owner: str
    rule: RuleId


Condition.model_rebuild()
Rule.model_rebuild()
