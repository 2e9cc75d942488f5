"""What a user may set about progress and health; docs/progress.md tells what each setting does."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]

CANCELLED_RESOLUTIONS = (
    "Won't Do",
    "Won't Fix",
    "Duplicate",
    "Cannot Reproduce",
    "Declined",
    "Invalid",
    "Obsolete",
    "Abandoned",
    "Cancelled",
    "Canceled",
)


class Policy(BaseModel):
    """Frozen, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProgressPolicy(Policy):
    """How much a task counts. Credits are shares from 0 to 1."""

    in_progress_credit: Share = Decimal(0)
    status_credit: dict[str, Share] = {}
    """Credit of single statuses by name, without case; overrides the category, for open tasks only."""
    cancelled_resolutions: tuple[str, ...] = CANCELLED_RESOLUTIONS
    """Done with one of these resolutions is cancelled; names compare without case."""


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
