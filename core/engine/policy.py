"""What a user may set about progress and health; docs/progress.md tells what each setting does."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors.names import fold_name

Share = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]

_CANCELLED = (
    "Won't Do",
    "Won't Fix",
    "Duplicate",
    "Cannot Reproduce",
    "Declined",
    "Rejected",
    "Invalid",
    "Obsolete",
    "Abandoned",
    "Cancelled",
    "Canceled",
    "Withdrawn",
)
CANCELLED_STATUSES = _CANCELLED
CANCELLED_RESOLUTIONS = (*_CANCELLED, "Incomplete", "No se hará", "Duplicado", "No Reproducible")
"""With the names that Jira ships in other languages, as far as public sources show them: docs/vendors.md."""

CATEGORY = "category:"
"""How `status_credit` names all statuses of one category: `category:todo`."""
_CATEGORIES = ("todo", "in_progress", "unknown")


class Policy(BaseModel):
    """Frozen, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _statuses(credit: dict[str, Share]) -> dict[str, Share]:
    wrong = [
        name
        for name in credit
        if fold_name(name).startswith(CATEGORY)
        and fold_name(name).removeprefix(CATEGORY).strip() not in _CATEGORIES
    ]
    if wrong:
        several = ", ".join(CATEGORY + name for name in _CATEGORIES)
        raise ValueError(f"{wrong[0]!r} names no category that can have credit; expected one of {several}")
    return credit


StatusCredit = Annotated[dict[str, Share], AfterValidator(_statuses)]


class ProjectPolicy(Policy):
    """What is otherwise in one project or repository; each key that is given replaces the general one."""

    in_progress_credit: Share | None = None
    status_credit: StatusCredit | None = None
    cancelled_resolutions: tuple[str, ...] | None = None
    cancelled_statuses: tuple[str, ...] | None = None


class ProgressPolicy(Policy):
    """How much a task counts. Credits are shares from 0 to 1. Names compare as `fold_name` has it."""

    in_progress_credit: Share = Decimal(0)
    status_credit: StatusCredit = {}
    """Credit of statuses by id, by name, or by `category:todo`, `category:in_progress`, `category:unknown`;
    the first of these that is there counts, before the category itself, and for open tasks only."""
    cancelled_resolutions: tuple[str, ...] = CANCELLED_RESOLUTIONS
    """Done with one of these resolutions, by name or id, is cancelled."""
    cancelled_statuses: tuple[str, ...] = CANCELLED_STATUSES
    """Done in one of these statuses, by name or id, is cancelled, whatever the resolution."""
    projects: dict[str, ProjectPolicy] = {}
    """By project key or `owner/name`, or `tracker:` and that: what is otherwise there."""

    def of_project(self, name: str) -> "ProgressPolicy":
        """The policy of one of `projects`."""
        given = self.projects[name].model_dump(exclude_none=True)
        return self.model_copy(update={**given, "projects": {}})


class HealthPolicy(Policy):
    """Thresholds of pace: progress divided by what was expected by now."""

    on_track_from: Share = Decimal("0.9")
    at_risk_from: Share = Decimal("0.7")
    grace: Share = Decimal("0.1")
    """The share of the time that may pass before slow progress means anything."""
    stale_days: Annotated[int, Field(ge=1)] = 14
    """No task moved for this many days: stale."""
    gap_from: Share = Decimal("0.25")
    """Delivered this much ahead of the key results: the gap is said."""
