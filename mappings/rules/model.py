"""One rule as the user writes it, and what tagging gives back."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Texts = tuple[str, ...]


class LabelMatch(BaseModel):
    """Labels that must, may or must not be there; names compare without case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    any: Texts = ()
    all: Texts = ()
    none: Texts = ()


class Condition(BaseModel):
    """What must hold of an issue. Every key given must hold; a list means any of its entries.

    Names (labels, types, components, versions, sprints, assignees, status) compare without case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    tracker: Texts = ()
    project: Texts = ()
    repository: Texts = ()
    keys: Texts = ()
    epic: Texts = ()
    """Descendants of these issues at any depth; the epic itself is not one of its tasks."""
    parent: Texts = ()
    """Direct children of these issues and all descendants: the same as `epic`, by its other name."""
    sub_issues_of: Texts = ()
    """The sub-issue tree of these GitHub issues, at any depth and across repositories."""
    label: Texts | LabelMatch = ()
    component: Texts = ()
    version: Texts = Field(default=(), alias="fix_version")
    github_milestone: Texts = ()
    type: Texts = ()
    sprint: Texts = ()
    assignee: Texts = ()
    team: Texts = ()
    title: str | None = None
    """A regular expression, searched for without case unless it says `(?-i:…)`."""
    field: dict[str, str | int | float | bool | Texts] = {}
    """Custom fields by name: equal to the value, or to any of a list; a field of many holds any."""
    jql: str | None = None
    """Evaluated by the Jira server, within the tracker's scope."""
    search: str | None = None
    """A GitHub issue search, evaluated by the server within the tracker's scope."""
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()
    none: tuple["Condition", ...] = ()


class Rule(Condition):
    """A condition, and how the issues that it tags count. A rule without any condition is an error."""

    name: str | None = None
    """What `milepost why` calls it; default: its place, such as `milestones.blog.rules[2]`."""
    checklist: bool = False
    """An open task's own checklist gives partial credit."""
    task_list: bool = False
    """The boxes in the body of the issues named by `epic`, `sub_issues_of` or `keys` are the tasks."""
    pull_requests: bool = False
    """Pull requests count like issues."""
    weight: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] | None = None
    """A fixed weight of each task that this rule tags, instead of the milestone's `weigh_by`."""


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

    Where several rules of one owner match, the first in the files gives the tag.
    """

    owner: str
    rule: RuleId


Condition.model_rebuild()
Rule.model_rebuild()
