"""Goals, key results and milestones as the user writes them; frozen once read."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mappings.rules.model import Rule

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
"""Short enough to stand in a label of 50 characters together with its template."""
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Weight = Annotated[Decimal, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Number = Annotated[Decimal, Field(allow_inf_nan=False)]


class Frozen(BaseModel):
    """Refuses unknown keys, so that a typo never silently means nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HealthName(StrEnum):
    """Health as people report it."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    DONE = "done"
    NOT_STARTED = "not_started"
    UNMEASURED = "unmeasured"


class HealthOverride(Frozen):
    """A person's word on health; it stands up to and including `until`."""

    health: Literal[HealthName.ON_TRACK, HealthName.AT_RISK, HealthName.OFF_TRACK]
    until: date
    reason: Title
    by: Title | None = None


class Target(Frozen):
    """An interim target: what share (0 to 100, percent) should be reached on a date."""

    on: date
    percent: Annotated[Decimal, Field(ge=0, le=100)]


class Metric(Frozen):
    """A number that moves from `start` to `target`; the direction follows from the two.

    `current` is the value of the last check-in; None while nobody has measured it.
    """

    start: Number = Decimal(0)
    target: Number
    current: Number | None = None
    as_of: date | None = None
    unit: str = ""


class Guardrail(Frozen):
    """A number that must stay on one side of a bound; met or not, nothing in between."""

    keep_below: Number | None = None
    keep_above: Number | None = None
    current: Number | None = None
    as_of: date | None = None
    unit: str = ""


class Planned(Frozen):
    """What goals, key results and milestones have in common."""

    id: Id
    title: Title
    description: str = ""
    owner: str | None = None
    start: date | None = None
    due: date | None = None
    targets: tuple[Target, ...] = ()
    override: HealthOverride | None = None


class Goal(Planned):
    """What the company wants to reach."""

    tracking: tuple[str, ...] = ()
    """Keys of issues that carry a comment with the whole goal."""


class KeyResult(Planned):
    """How one knows that a goal is reached: a metric, a guardrail, or its milestones' delivery."""

    goal: str
    weight: Weight = Decimal(1)
    metric: Metric | None = None
    guardrail: Guardrail | None = None
    rules: tuple[Rule, ...] = ()
    """Rules that tag issues straight to this key result, without a milestone."""
    weigh_by: str = "count"


class Milestone(Planned):
    """A clear delivery that leads to key results and is broken into tasks."""

    leads_to: tuple[str, ...] = ()
    weight: Weight = Decimal(1)
    weigh_by: str = "count"
    """`count`, `story_points`, or the name of a number field."""
    tracking: tuple[str, ...] | None = None
    """Keys of the issues that carry the progress comment; None: the epics and roots that its rules name."""
    rules: tuple[Rule, ...] = ()


class Mapping(Frozen):
    """Everything that all mapping files say; ids are unique across the three tables."""

    goals: dict[str, Goal] = {}
    key_results: dict[str, KeyResult] = {}
    milestones: dict[str, Milestone] = {}

    def key_results_of(self, goal: str) -> Iterator[KeyResult]:
        """The key results of a goal, in the order of the files."""
        return (result for result in self.key_results.values() if result.goal == goal)

    def milestones_of(self, key_result: str) -> Iterator[Milestone]:
        """The milestones that lead to a key result, in the order of the files."""
        return (stone for stone in self.milestones.values() if key_result in stone.leads_to)

    def milestones_of_goal(self, goal: str) -> Iterator[Milestone]:
        """The milestones that lead to any key result of a goal, each once."""
        results = {result.id for result in self.key_results_of(goal)}
        return (stone for stone in self.milestones.values() if results.intersection(stone.leads_to))

    def goals_of(self, milestone: Milestone) -> Iterator[Goal]:
        """The goals that a milestone leads to through its key results, each once."""
        wanted = {self.key_results[name].goal for name in milestone.leads_to if name in self.key_results}
        return (goal for goal in self.goals.values() if goal.id in wanted)
