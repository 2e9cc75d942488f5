"""Where an issue stands, and how much of it counts as done."""

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
"""How GitHub says why an issue was closed."""


@dataclass(frozen=True, slots=True)
class Credit:
    """The share of one task that counts as done (0 to 1), and where it comes from."""

    share: Fraction
    reason: str


def _itself(project: str) -> Iterable[str]:
    return (project,)


@dataclass(frozen=True, slots=True)
class Credits:
    """A ProgressPolicy made ready: exact fractions, and names that compare as people see them."""

    in_progress: Fraction
    by_status: Mapping[str, Fraction]
    """By folded id, name or category, as `ProgressPolicy.status_credit` has them."""
    cancelled: frozenset[str]
    cancelled_statuses: frozenset[str]
    projects: Mapping[str, "Credits"] = field(default_factory=dict)
    """By folded name of a project, alone or after its tracker: what is otherwise there."""

    @classmethod
    def of(cls, policy: ProgressPolicy, names: Callable[[str], Iterable[str]] = _itself) -> "Credits":
        """Read the policy once, not once per issue. `names`: all names of a project, by one of them."""
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
        """Where the issue stands for milepost.

        The tracker's category, but: done with a cancelled resolution or in a cancelled status is cancelled;
        a status without category that `status_credit` names is todo (credit 0), done (credit 1) or in
        progress (between).
        """
        here = self._here(issue)
        state = issue.category
        if state is StatusCategory.UNKNOWN:
            state = here._named(issue)
        if state is StatusCategory.DONE and here._cancelled_by(issue):
            return StatusCategory.CANCELLED
        return state

    def credit(self, tagged: Tagged, state: StatusCategory) -> Credit:
        """The credit of an issue in `state`: for an open one the finest evidence that there is.

        That is its own boxes where the rule says `checklist`, else its status by id, name or category.
        """
        issue = tagged.issue
        here = self._here(issue)
        if state is StatusCategory.DONE:
            return Credit(ALL, "done")
        if state is StatusCategory.CANCELLED:
            return Credit(NOTHING, here._cancelled_by(issue) or _closed_as(issue))
        if state is StatusCategory.UNKNOWN:
            return Credit(NOTHING, "not known")
        if tagged.checklist and issue.checklist:
            ticked, boxes = sum(item.done for item in issue.checklist), len(issue.checklist)
            return Credit(Fraction(ticked, boxes), f"{ticked} of {boxes} boxes")
        named = here._of_status(issue)
        if named is not None:
            share, message = named
            return Credit(share, f'status_credit of "{message}" is {number(share)}')
        if state is StatusCategory.IN_PROGRESS:
            return Credit(here.in_progress, f"in_progress_credit is {number(here.in_progress)}")
        return Credit(NOTHING, "to do")

    def _here(self, issue: Issue) -> "Credits":
        """What holds in the issue's project."""
        if not self.projects:
            return self
        place = fold_name(issue.container)
        tracker = fold_name(f"{issue.ref.tracker}:{issue.container}")
        return self.projects.get(tracker) or self.projects.get(place, self)

    def _cancelled_by(self, issue: Issue) -> str:
        """What makes a done issue a cancelled one; empty if nothing does."""
        for message, name in (
            (issue.status_option, issue.status_option),
            (issue.status_option_id, issue.status_option),
            (issue.status, issue.status),
            (issue.status_id, issue.status),
        ):
            if message and fold_name(message) in self.cancelled_statuses:
                return f'status "{name}"'
        resolution = issue.resolution
        if resolution and (fold_name(resolution) in self.cancelled or issue.resolution_id in self.cancelled):
            return f'resolution "{resolution}"'
        return ""

    def _of_status(self, issue: Issue) -> tuple[Fraction, str] | None:
        """The credit of a status, and what of it `status_credit` names."""
        if not self.by_status:
            return None
        category = f"{CATEGORY}{issue.category.value}"
        option = (issue.status_option_id, issue.status_option)
        for message in (*option, issue.status_id, issue.status, category):
            share = self.by_status.get(fold_name(message)) if message else None
            if share is not None:
                return share, message
        return None

    def _named(self, issue: Issue) -> StatusCategory:
        named = self._of_status(issue)
        if named is None:
            return StatusCategory.UNKNOWN
        if named[0] == ALL:
            return StatusCategory.DONE
        return StatusCategory.IN_PROGRESS if named[0] else StatusCategory.TODO


def _status(name: str) -> str:
    """A key of `status_credit` in the form in which it compares; blanks after `category:` mean nothing."""
    folded = fold_name(name)
    if folded.startswith(CATEGORY):
        return CATEGORY + folded.removeprefix(CATEGORY).strip()
    return folded


def _closed_as(issue: Issue) -> str:
    reason = issue.resolution or ""
    return f"closed as {_CLOSED_AS[reason]}" if reason in _CLOSED_AS else "cancelled"
