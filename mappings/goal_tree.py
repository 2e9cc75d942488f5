"""Goals, key results and milestones as the user writes them; frozen once read."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from connectors.audience import Audience
from mappings.rule import Rule, Text, Weight, empty_table, listed, numeric

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
"""Short enough to stand in a label of 50 characters together with its template."""
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Number = Annotated[Decimal, BeforeValidator(numeric), Field(allow_inf_nan=False)]
Percent = Annotated[Decimal, BeforeValidator(numeric), Field(ge=0, le=100)]
Day = Annotated[date, Field(strict=True)]
"""A TOML date: strict, since pydantic would read a number as days since 1970."""
Keys = Annotated[tuple[Text, ...], BeforeValidator(listed)]
"""Issue keys (`BLOG-1`, `acme/site#4`), one or a list; `jira:BLOG-1` where several trackers could own it."""
Ids = Annotated[tuple[Text, ...], BeforeValidator(listed)]


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
    """What a person says of health; it counts up to and including `until`."""

    health: Literal[HealthName.ON_TRACK, HealthName.AT_RISK, HealthName.OFF_TRACK]
    until: Day
    reason: Title
    by: Title | None = None


class Target(Frozen):
    """An interim target: what share (0 to 100, percent) should be reached on a date."""

    on: Day
    percent: Percent


class Metric(Frozen):
    """A number that moves from `start` to `target`; the direction follows from the two.

    `current` is the value of the last check-in; None while nobody has measured it.
    """

    start: Number = Decimal(0)
    target: Number
    current: Number | None = None
    as_of: Day | None = None
    unit: str = ""

    @model_validator(mode="after")
    def _moves(self) -> "Metric":
        if self.start == self.target:
            raise ValueError(
                f"start and target are both {self.target}, so there is no way to go; "
                "for a number that must stay where it is use a guardrail"
            )
        return self


class Guardrail(Frozen):
    """A number that must stay below a bound, above one, or between two; met or not, nothing in between."""

    keep_below: Number | None = None
    keep_above: Number | None = None
    current: Number | None = None
    as_of: Day | None = None
    unit: str = ""

    @model_validator(mode="after")
    def _has_bound(self) -> "Guardrail":
        below, above = self.keep_below, self.keep_above
        if below is None and above is None:
            raise empty_table("a guardrail needs keep_below, keep_above, or both")
        if below is not None and above is not None and above >= below:
            raise ValueError(
                f"keep_above = {above} is not below keep_below = {below}, so no number could meet both"
            )
        return self


class Planned(Frozen):
    """What goals, key results and milestones have in common."""

    id: Id
    title: Title
    description: str = ""
    owner: str | None = None
    start: Day | None = None
    due: Day | None = None
    targets: tuple[Target, ...] = ()
    override: HealthOverride | None = None
    audience: Audience | None = None
    """Whom its words and figures are meant for; None: as `[publish] audience` says, and a key result without
    an audience is meant for no more people than its goal."""

    @model_validator(mode="after")
    def _starts_before_due(self) -> Self:
        if self.start is not None and self.due is not None and self.start > self.due:
            raise ValueError(f"starts on {self.start}, after it is due on {self.due}")
        return self


class Goal(Planned):
    """What the company wants to reach."""

    tracking: Keys = ()
    """Keys of issues that carry a comment with the whole goal."""


class Counted(Planned):
    """What rules can tag issues to."""

    rules: tuple[Rule, ...] = ()
    """A key result's own tag issues straight to it, without a milestone."""
    weigh_by: Text = "count"
    """`count`, `story_points`, or the name of a number field."""
    subtasks: Literal["tasks", "part of their parent"] = "tasks"
    """What Jira's sub-tasks and GitHub's sub-issues are where their parent is tagged as well."""

    @property
    def whole_parents(self) -> bool:
        """Whether a parent counts as a whole, and what is directly below it as a part of it."""
        return self.subtasks != "tasks"

    @property
    def counting(self) -> str:
        """Another text if the same issues would make other tasks, or weigh by something else."""
        return f"{self.weigh_by}, {self.subtasks}" if self.whole_parents else self.weigh_by


class KeyResult(Counted):
    """How one knows that a goal is reached: a metric, a guardrail, or its milestones' delivery."""

    goal: str
    weight: Weight = Decimal(1)
    metric: Metric | None = None
    guardrail: Guardrail | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if self.metric is not None and self.guardrail is not None:
            raise ValueError("has both a metric and a guardrail; make two key results of it")
        return self


class Milestone(Counted):
    """A clear delivery that leads to key results and is broken into tasks."""

    leads_to: Ids = ()
    weight: Weight = Decimal(1)
    tracking: Keys | None = None
    """Keys of the issues that carry the progress comment; None: the epics and roots that its rules name."""


class GoalTree(Frozen):
    """Everything that all mapping files say; ids are unique across the three tables."""

    goals: dict[str, Goal] = {}
    key_results: dict[str, KeyResult] = {}
    milestones: dict[str, Milestone] = {}

    def key_results_of(self, goal: str) -> Iterator[KeyResult]:
        """The key results of a goal, in the order of the files."""
        return (result for result in self.key_results.values() if result.goal == goal)

    def milestones_of(self, key_result: str) -> Iterator[Milestone]:
        """The milestones that lead to a key result, in the order of the files."""
        return (milestone for milestone in self.milestones.values() if key_result in milestone.leads_to)

    def milestones_of_goal(self, goal: str) -> Iterator[Milestone]:
        """The milestones that lead to any key result of a goal, each once."""
        results = {result.id for result in self.key_results_of(goal)}
        return (
            milestone for milestone in self.milestones.values() if results.intersection(milestone.leads_to)
        )

    def goals_of(self, milestone: Milestone) -> Iterator[Goal]:
        """The goals that a milestone leads to through its key results, each once."""
        requested = {self.key_results[name].goal for name in milestone.leads_to if name in self.key_results}
        return (goal for goal in self.goals.values() if goal.id in requested)
