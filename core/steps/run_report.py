"""What a run concluded and wrote, as values; and the run as fields and as one line of the log."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from connectors.errors import QuotaExhausted
from connectors.http.allowance import Allowance
from core.publish.actions import Plan, Written
from core.publish.quarantine import Target, target_of
from core.publish.states import ActualState
from core.steps.desired import Desired
from core.steps.draft import Draft
from core.steps.evaluate import Evaluation
from core.steps.limit import Limited
from core.steps.pull_changes import Pulled


@dataclass(frozen=True)
class Conclusion:
    """A run up to its plan: everything read, measured and compared, and nothing written."""

    evaluation: Evaluation
    pulls: tuple[Pulled, ...]
    desired: Desired
    actual: ActualState
    draft: Draft
    limited: Limited
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    """What of the mapping matches nothing, with file and line; no failure of the run."""

    @property
    def plan(self) -> Plan:
        """The plan that is applied: within all limits."""
        return self.limited.plan

    @property
    def notes(self) -> tuple[str, ...]:
        """What reconciling found out, such as issues that are gone; no failure of the run."""
        return tuple(note for pull in self.pulls for note in pull.notes)

    @property
    def failed(self) -> bool:
        """Whether something that the mapping names or depends on could not be read or found."""
        return bool(self.problems) or any(pull.down for pull in self.pulls)


@dataclass(frozen=True)
class Report:
    """A finished run; `seconds` is how long it took."""

    run: int
    conclusion: Conclusion
    written: tuple[Written, ...]
    seconds: float
    as_before: frozenset[Target] = frozenset()
    """Targets in quarantine that were tried again and failed for the same reason as before."""
    allowances: Mapping[str, tuple[Allowance, ...]] = field(default_factory=dict)
    """By tracker: its API quotas, and how much of them milepost used."""

    @property
    def failed(self) -> bool:
        """Whether anything failed, was held, or could not be read.

        What stays in quarantine for the same reason, or is held because of other writers as before, does not
        count.
        """
        new_failures = [
            outcome
            for outcome in self.written
            if outcome.outcome != "done" and target_of(outcome.action) not in self.as_before
        ]
        held = set(self.conclusion.plan.held) - self.conclusion.draft.conflicts.held_before
        return self.conclusion.failed or bool(held) or bool(new_failures)

    @property
    def fields(self) -> Mapping[str, object]:
        """The run in figures, for the log."""
        outcomes = [outcome.outcome for outcome in self.written]
        return {
            "run": self.run,
            "outcome": "failed" if self.failed else "done",
            "trackers": {pull.tracker: _reading(pull) for pull in self.conclusion.pulls},
            "written": outcomes.count("done"),
            "failed": len(outcomes) - outcomes.count("done"),
            "held": len(self.conclusion.plan.held),
            "quarantined": len(self.conclusion.plan.quarantined) + len(self.as_before),
            "problems": len(self.conclusion.problems),
            "quotas": {
                name: [asdict(allowance) for allowance in allowances]
                for name, allowances in self.allowances.items()
            },
            "seconds": round(self.seconds, 2),
        }

    @property
    def line(self) -> str:
        """The run in one line, for a person."""
        fields = self.fields
        waiting = f"{fields['quarantined']} in quarantine; " if fields["quarantined"] else ""
        read = "; ".join(f"{pull.tracker}: {_reading(pull)}" for pull in self.conclusion.pulls)
        return (
            f"run {self.run} {fields['outcome']}: {read}; {fields['written']} written, "
            f"{fields['failed']} failed, {fields['held']} held, {fields['problems']} problems; "
            f"{waiting}{_spending(self.allowances)}{fields['seconds']} s"
        )


def _reading(pulled: Pulled) -> str:
    if isinstance(pulled.error, QuotaExhausted):
        return "put off"
    if pulled.error is not None:
        return "not read"
    if pulled.held is not None:
        return "held"
    counts = f"{pulled.seen} read, {pulled.new} new, {pulled.changed} changed"
    counts += f", {pulled.gone} gone" if pulled.gone else ""
    return f"{counts}, the look for what is gone put off" if pulled.reconcile_put_off else counts


def _spending(allowances: Mapping[str, tuple[Allowance, ...]]) -> str:
    """Return `API quota: github 12 of 2,500; ` for the quotas that the run used; empty if it used none."""
    parts = [
        f"{name} {quota.used:,} of {quota.allowed:,}"
        f"{'' if quota.resource == 'core' else f' ({quota.resource})'}"
        for name, quotas in allowances.items()
        for quota in quotas
        if quota.run or quota.put_off
    ]
    return f"API quota: {', '.join(parts)}; " if parts else ""
