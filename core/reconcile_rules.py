"""How often a run compares every stored fact with its tracker, and how much may be lost at once."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class ReconcileRules:
    """How often a tracker is reconciled, and which losses of issues are held."""

    every: timedelta
    """Time within which any change on a tracker is stored: one comparison finds it, another confirms it."""
    max_lost_percent: int
    """A reconciliation that would lose more than this percentage of a tracker's issues is held."""
    reread_days: int = 7
    """Number of reconciliations in which every issue is read whole once."""
    force: bool = False
    """Accept a loss of any size, without waiting for a second reconciliation."""
    full: bool = False
    """Read everything again, whatever the cursor says."""
    never_held: int = 3
    """A loss of at most this many issues is never held, whatever its percentage."""

    def too_many(self, lost: int, stored: int) -> bool:
        """Return whether a loss of `lost` of the `stored` issues is to be held."""
        return lost > self.never_held and 100 * lost > self.max_lost_percent * stored
