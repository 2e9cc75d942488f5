"""A site as it was some seconds ago: what an index that lags behind still answers with."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Copied = TypeVar("Copied")


@dataclass(frozen=True, slots=True)
class _Copy(Generic[Copied]):
    since: datetime
    changes: int
    site: Copied


class Past(Generic[Copied]):
    """Copies of a site, one for each state that a request could have seen; they are not saved."""

    def __init__(self) -> None:
        self._copies: deque[_Copy[Copied]] = deque()

    def keep(self, changes: int, since: datetime, copy: Callable[[], Copied]) -> None:
        """Keep the present state, which has held from `since` on, if it is another than the last one."""
        if not self._copies or self._copies[-1].changes != changes:
            self._copies.append(_Copy(since, changes, copy()))

    def before(self, moment: datetime) -> Copied | None:
        """The site as it was at `moment`, or as early as is known; None if nothing was kept."""
        result = [copy for copy in self._copies if copy.since <= moment]
        copy = result[-1] if result else next(iter(self._copies), None)
        return None if copy is None else copy.site

    def forget_before(self, moment: datetime) -> None:
        """Drop what nobody will ask for who is not behind `moment`."""
        while len(self._copies) > 1 and self._copies[1].since <= moment:
            self._copies.popleft()

    def clear(self) -> None:
        """Drop everything."""
        self._copies.clear()

    def behind(self, now: datetime, seconds: int) -> Copied | None:
        """The site as it was `seconds` ago; None where nothing is behind."""
        return self.before(now - timedelta(seconds=seconds)) if seconds else None
