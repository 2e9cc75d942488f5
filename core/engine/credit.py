"""Where an issue stands, and how much of it counts as done."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from connectors.contract import Issue, StatusCategory
from core.engine.model import Tagged
from core.engine.percent import number
from core.engine.policy import ProgressPolicy

NOTHING = Fraction(0)
ALL = Fraction(1)


@dataclass(frozen=True, slots=True)
class Credit:
    """The share of one task that counts as done (0 to 1), and where it comes from."""

    share: Fraction
    said: str


@dataclass(frozen=True, slots=True)
class Credits:
    """A ProgressPolicy made ready: exact fractions, and names that compare without case."""

    in_progress: Fraction
    by_status: Mapping[str, Fraction]
    cancelled: frozenset[str]

    @classmethod
    def of(cls, policy: ProgressPolicy) -> "Credits":
        """Read the policy once, instead of once per issue."""
        return cls(
            in_progress=Fraction(policy.in_progress_credit),
            by_status={_name(status): Fraction(credit) for status, credit in policy.status_credit.items()},
            cancelled=frozenset(_name(resolution) for resolution in policy.cancelled_resolutions),
        )

    def state(self, issue: Issue) -> StatusCategory:
        """Where the issue stands for milepost.

        The tracker's category, but: done with a cancelled resolution is cancelled; a status without
        category that `status_credit` names is todo (credit 0), done (credit 1) or in progress (between).
        """
        state = issue.category
        if state is StatusCategory.UNKNOWN:
            state = self._named(issue.status)
        if state is StatusCategory.DONE and issue.resolution and _name(issue.resolution) in self.cancelled:
            return StatusCategory.CANCELLED
        return state

    def credit(self, tagged: Tagged, state: StatusCategory) -> Credit:
        """The credit of an issue in `state`: for an open one the finest evidence that there is.

        That is its own boxes where the rule says `checklist`, else its status by name, else its category.
        """
        issue = tagged.issue
        if state is StatusCategory.DONE:
            return Credit(ALL, "done")
        if state in (StatusCategory.CANCELLED, StatusCategory.UNKNOWN):
            return Credit(NOTHING, "cancelled" if state is StatusCategory.CANCELLED else "not known")
        if tagged.checklist and issue.checklist:
            ticked, boxes = sum(item.done for item in issue.checklist), len(issue.checklist)
            return Credit(Fraction(ticked, boxes), f"{ticked} of {boxes} boxes")
        named = self.by_status.get(_name(issue.status))
        if named is not None:
            return Credit(named, f'status_credit of "{issue.status}" is {number(named)}')
        if state is StatusCategory.IN_PROGRESS:
            return Credit(self.in_progress, f"in_progress_credit is {number(self.in_progress)}")
        return Credit(NOTHING, "to do")

    def _named(self, status: str) -> StatusCategory:
        credit = self.by_status.get(_name(status))
        if credit is None:
            return StatusCategory.UNKNOWN
        if credit == ALL:
            return StatusCategory.DONE
        return StatusCategory.IN_PROGRESS if credit else StatusCategory.TODO


def _name(text: str) -> str:
    # Jira sites write "Won’t Do" with either apostrophe, depending on who set them up.
    return text.replace("’", "'").strip().casefold()
