"""Whether an organisation's own list of issues can stand for those of all its repositories."""

from datetime import datetime
from typing import Any

from connectors import bounds
from connectors.connector_state import recall, remember
from connectors.errors import BadConfiguration, TrackerDown, TrackerError
from connectors.github.client import GitHubClient
from connectors.github.pagination import RawPage

_FACT = "github.organisation"


class Organisation:
    """Compares the organisation's list with the repositories' whenever those are read in full.

    GitHub lists "all issues you can see" of an organisation in one place, and does not say that this is
    complete for every kind of token. So it is counted before and after a full reading of every repository.
    Only if both counts are equal, and equal to the number of issues that came, is it used for what changed,
    until the next full reading. If a later comparison fails, what was pulled by it is read again.
    """

    def __init__(self, client: GitHubClient) -> None:
        self._client = client
        self._name = (client.settings.organization or "").lower()
        self._before: int | None = None
        self._counted = 0

    @property
    def path(self) -> str:
        """Of the organisation's list."""
        return f"/orgs/{self._client.settings.organization}/issues"

    @property
    def listed(self) -> bool:
        """Whether one list tells all that changes."""
        return bool(self._name) and self._fact().get("whole") is True

    def doubted(self, since: datetime) -> bool:
        """Whether changes until `since` may have been missed, so that all must be read again."""
        doubt = bounds.moment(self._fact().get("doubt"))
        return doubt is not None and since < doubt

    def distrust(self) -> None:
        """The list does not answer well: no pull goes by it until a full one sees that it is whole again."""
        fact = self._fact()
        if fact.get("whole") is True:
            remember(self._client.memory, _FACT, {**fact, "whole": False})

    def begin(self) -> None:
        """Before a full reading."""
        self._before, self._counted = self._total(), 0

    def count(self, page: RawPage, rows: list[Any]) -> None:
        """Some rows of a full reading, each once."""
        if self._name and page.path.lower().startswith(f"/repos/{self._name}/"):
            self._counted += len(rows)

    def end(self, repeated: int, began: datetime, *, certain: bool) -> None:
        """After a full reading from `began` on, in which so many rows came again; keeps the conclusion.

        Not `certain`, or with another count than at the beginning, nothing is concluded.
        """
        after, fact = self._total(), self._fact()
        was = fact.get("whole") is True
        whole = was
        if after is None or self._before is None:
            whole = False
        elif certain and after == self._before:
            whole = after == self._counted - repeated
        doubt = began.isoformat() if was and not whole else fact.get("doubt") or ""
        remember(self._client.memory, _FACT, {"name": self._name, "whole": whole, "doubt": doubt})

    def _total(self) -> int | None:
        """How many issues and pull requests its list has; None if GitHub does not tell."""
        try:
            answer = self._client.get(self.path, {"filter": "all", "state": "all", "per_page": 1})
            last = self._client.next_page(answer, "last")
            rows = len(answer.json_list())
            if last is None:
                return rows if self._client.next_page(answer) is None else None
        except (TrackerDown, BadConfiguration):
            raise
        except TrackerError:
            return None
        return self._client.page_number(last)

    def _fact(self) -> dict[str, Any]:
        result = recall(self._client.memory, _FACT)
        return result if result.get("name") == self._name else {}
