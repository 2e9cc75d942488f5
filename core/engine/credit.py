"""The state of an issue as it counts, and its credit: the share of it that counts as done."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from connectors.models import Issue, StatusCategory
from connectors.names import fold_name
from core.engine.formatting import number
from core.engine.model import Tagged
from core.engine.policy import CATEGORY, ProgressPolicy

NOTHING = Fraction(0)
ALL = Fraction(1)

_CLOSED_AS = {"not_planned": "not planned", "duplicate": "a duplicate"}
"""In words: the reasons with which GitHub closes an issue as cancelled."""


@dataclass(frozen=True, slots=True)
class Credit:
    """The share of one task that counts as done (0 to 1), and the reason for it, for `milepost why`."""

    share: Fraction
    reason: str


def _itself(project: str) -> Iterable[str]:
    return (project,)


@dataclass(frozen=True, slots=True)
class Credits:
    """A ProgressPolicy with exact fractions and with names folded for comparison (`fold_name`)."""

    in_progress: Fraction
    by_status: Mapping[str, Fraction]
    """By folded id, name or category, as `ProgressPolicy.status_credit` has them."""
    cancelled: frozenset[str]
    cancelled_statuses: frozenset[str]
    projects: Mapping[str, "Credits"] = field(default_factory=dict)
    """By folded name of a project, alone or after `tracker:`: its own policy."""

    @classmethod
    def of(cls, policy: ProgressPolicy, names: Callable[[str], Iterable[str]] = _itself) -> "Credits":
        """Return the credits of a policy. `names`: (name of a project) -> all its names."""
        projects = {
            fold_name(name): cls.of(policy.of_project(project))
            for project in policy.projects
            for name in names(project)
        }
        return cls(
            in_progress=Fraction(policy.in_progress_credit),
            by_status={_status(name): Fraction(credit) for name, credit in policy.status_credit.items()},
            cancelled=frozenset(map(fold_name, policy.cancelled_resolutions)),
            cancelled_statuses=frozenset(map(fold_name, policy.cancelled_statuses)),
            projects=projects,
        )

    def state(self, issue: Issue) -> StatusCategory:
        """Return the state in which the issue counts.

        This is the tracker's category, with two exceptions. Done with a cancelled resolution, or in a
        cancelled status, is cancelled. A status without category that `status_credit` names is to do
        (credit 0), done (credit 1) or in progress (between).
        """
        own = self._of_project(issue)
        state = issue.category
        if state is StatusCategory.UNKNOWN:
            state = own._state_by_credit(issue)
        if state is StatusCategory.DONE and own._cancelled_by(issue):
            return StatusCategory.CANCELLED
        return state

    def credit(self, tagged: Tagged, state: StatusCategory) -> Credit:
        """Return the credit of an issue in `state`.

        An open issue has the credit of its own boxes where the rule says `checklist`, else that of its status
        by id, name or category.
        """
        issue = tagged.issue
        own = self._of_project(issue)
        if state is StatusCategory.DONE:
            return Credit(ALL, "done")
        if state is StatusCategory.CANCELLED:
            return Credit(NOTHING, own._cancelled_by(issue) or _closed_as(issue))
        if state is StatusCategory.UNKNOWN:
            return Credit(NOTHING, "not known")
        if tagged.checklist and issue.checklist:
            ticked, boxes = sum(item.done for item in issue.checklist), len(issue.checklist)
            return Credit(Fraction(ticked, boxes), f"{ticked} of {boxes} boxes")
        by_status = own._of_status(issue)
        if by_status is not None:
            share, name = by_status
            return Credit(share, f'status_credit of "{name}" is {number(share)}')
        if state is StatusCategory.IN_PROGRESS:
            return Credit(own.in_progress, f"in_progress_credit is {number(own.in_progress)}")
        return Credit(NOTHING, "to do")

    def _of_project(self, issue: Issue) -> "Credits":
        """Return the credits that apply in the issue's project."""
        if not self.projects:
            return self
        place = fold_name(issue.container)
        tracker = fold_name(f"{issue.ref.tracker}:{issue.container}")
        return self.projects.get(tracker) or self.projects.get(place, self)

    def _cancelled_by(self, issue: Issue) -> str:
        """Return in words by which status or resolution a done issue is cancelled; empty if by none."""
        for id_or_name, name in (
            (issue.status_option, issue.status_option),
            (issue.status_option_id, issue.status_option),
            (issue.status, issue.status),
            (issue.status_id, issue.status),
        ):
            if id_or_name and fold_name(id_or_name) in self.cancelled_statuses:
                return f'status "{name}"'
        resolution = issue.resolution
        if resolution and (fold_name(resolution) in self.cancelled or issue.resolution_id in self.cancelled):
            return f'resolution "{resolution}"'
        return ""

    def _of_status(self, issue: Issue) -> tuple[Fraction, str] | None:
        """Return the credit of a status, and the id, name or category under which `status_credit` has it."""
        if not self.by_status:
            return None
        category = f"{CATEGORY}{issue.category.value}"
        option = (issue.status_option_id, issue.status_option)
        for name in (*option, issue.status_id, issue.status, category):
            share = self.by_status.get(fold_name(name)) if name else None
            if share is not None:
                return share, name
        return None

    def _state_by_credit(self, issue: Issue) -> StatusCategory:
        by_status = self._of_status(issue)
        if by_status is None:
            return StatusCategory.UNKNOWN
        if by_status[0] == ALL:
            return StatusCategory.DONE
        return StatusCategory.IN_PROGRESS if by_status[0] else StatusCategory.TODO


def _status(name: str) -> str:
    """Return a key of `status_credit` folded for comparison; blanks after `category:` are ignored."""
    folded = fold_name(name)
    if folded.startswith(CATEGORY):
        return CATEGORY + folded.removeprefix(CATEGORY).strip()
    return folded


def _closed_as(issue: Issue) -> str:
    reason = issue.resolution or ""
    return f"closed as {_CLOSED_AS[reason]}" if reason in _CLOSED_AS else "cancelled"
