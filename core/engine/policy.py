"""The settings of progress and health; docs/progress.md explains each."""

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
"""Prefix by which `status_credit` names all statuses of one category: `category:todo`."""
_CATEGORIES = ("todo", "in_progress", "unknown")


class Policy(BaseModel):
    """A section of the settings: frozen, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _statuses(credit: dict[str, Share]) -> dict[str, Share]:
    wrong = [
        name
        for name in credit
        if fold_name(name).startswith(CATEGORY)
        and fold_name(name).removeprefix(CATEGORY).strip() not in _CATEGORIES
    ]
    if wrong:
        valid = ", ".join(CATEGORY + name for name in _CATEGORIES)
        raise ValueError(f"{wrong[0]!r} names no category that can have credit; expected one of {valid}")
    return credit


StatusCredit = Annotated[dict[str, Share], AfterValidator(_statuses)]


class ProjectPolicy(Policy):
    """The settings of one project or repository; each key that is given replaces the general one."""

    in_progress_credit: Share | None = None
    status_credit: StatusCredit | None = None
    cancelled_resolutions: tuple[str, ...] | None = None
    cancelled_statuses: tuple[str, ...] | None = None


class ProgressPolicy(Policy):
    """How much a task counts. Credits are shares from 0 to 1; names are compared by `fold_name`."""

    in_progress_credit: Share = Decimal(0)
    status_credit: StatusCredit = {}
    """Credit of statuses by id, by name, or by `category:todo`, `category:in_progress`, `category:unknown`;
    the first of these that applies counts instead of the default of the category, for open tasks only."""
    cancelled_resolutions: tuple[str, ...] = CANCELLED_RESOLUTIONS
    """Names or ids of resolutions; an issue that is done with one of them is cancelled."""
    cancelled_statuses: tuple[str, ...] = CANCELLED_STATUSES
    """Names or ids of statuses; an issue that is done in one of them is cancelled."""
    projects: dict[str, ProjectPolicy] = {}
    """By project key or `owner/name`, alone or after `tracker:`: its own settings."""

    def of_project(self, name: str) -> "ProgressPolicy":
        """Return the whole policy of one of `projects`."""
        given = self.projects[name].model_dump(exclude_none=True)
        return self.model_copy(update={**given, "projects": {}})


class HealthPolicy(Policy):
    """Thresholds of pace: progress divided by what was expected by now."""

    on_track_from: Share = Decimal("0.9")
    at_risk_from: Share = Decimal("0.7")
    grace: Share = Decimal("0.1")
    """Share of the time, from the start, within which slow progress still counts as on track."""
    stale_days: Annotated[int, Field(ge=1)] = 14
    """Days without a change of any task after which a milestone is stale."""
    gap_from: Share = Decimal("0.25")
    """Difference between delivered and the metrics, as a share, from which on the gap is reported."""
