"""How often everything is compared, and what of it is believed."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class ReconcileRules:
    """How often, and how carefully, everything is compared."""

    every: timedelta
    """Within this whatever happened is in the store: found by a comparison, and confirmed by another."""
    max_lost_percent: int
    """Of a tracker's issues: a larger loss is held."""
    reread_days: int = 7
    """After so many reconciliations every issue has been read whole."""
    force: bool = False
    """Believe losses of any size, and at once."""
    full: bool = False
    """Read everything again, whatever the cursor says."""
    never_held: int = 3
    """So few issues are believed to be gone, whatever share they are."""

    def too_many(self, lost: int, stored: int) -> bool:
        """Whether so many of the stored issues are more than may be gone."""
        return lost > self.never_held and 100 * lost > self.max_lost_percent * stored
