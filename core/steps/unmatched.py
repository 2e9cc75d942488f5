"""Finds parts of the mapping that match nothing, as `check`, `plan`, `sync` and `status` report them.

A misspelt label or a type that no project has is no error of the mapping, but without a warning the numbers
would be wrong unnoticed.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

from core.engine.milestones import owners_of
from core.steps.absent import keys_named
from core.steps.evaluate import Evaluation
from core.store.store_interface import RunStore
from mappings.goal_tree import Goal, KeyResult, Milestone
from mappings.problems import Problem, ProblemAt, nearest
from mappings.rules.issue_references import References
from mappings.rules.ruleset import INTAKE
from mappings.unknown_names import Asked, asked_names, unborne, what_is_wrong

MOST = 50
"""Number of problems that are reported one by one; the rest is only counted."""


def unmatched(
    evaluation: Evaluation, store: RunStore, problem: ProblemAt, prefix: str, *, issues: bool = True
) -> tuple[Problem, ...]:
    """Return a problem for every name, issue, rule and milestone of the mapping that matches nothing.

    Each is reported once, at its narrowest place: a rule is not reported as idle if one of its labels
    exists nowhere, and a milestone not as empty if one of its rules is reported. Left out is what rests on
    a tracker that was never read, and what cannot be measured, which is reported elsewhere. Labels with our
    own `prefix` do not count as names that issues bear. `issues`: whether missing issues are reported.
    """
    search = _Unmatched(evaluation, store, problem, prefix)
    if not search.read:
        return ()
    search.names()
    search.missing_issues(report=issues)
    search.idle()
    search.strays()
    more = len(search.problems) - MOST
    if more <= 0:
        return tuple(search.problems)
    rest = Problem("mappings", None, "", f"and {more:,} more of what matches nothing")
    return (*search.problems[:MOST], rest)


class _Unmatched:
    """Searches a mapping for parts that match nothing, and collects the problems."""

    def __init__(self, evaluation: Evaluation, store: RunStore, problem: ProblemAt, prefix: str) -> None:
        rules = evaluation.rules
        self._evaluation = evaluation
        self._problem = problem
        self._prefix = prefix.casefold()
        self._goals = rules.goals
        self._infos = tuple(rules.infos.values())
        self._references = References(self._infos)
        self.read = _read(store, rules.infos)
        self._reported: defaultdict[str, set[int]] = defaultdict(set)
        """By owner: positions, from 0, of the rules for which a problem was reported."""
        self.problems: list[Problem] = []

    def names(self) -> None:
        """Report labels, types and other names that no issue bears."""
        if len(self.read) < len(self._infos):
            return  # a name may exist in the tracker that was never read
        asked = list(asked_names(owners_of(self._goals), self._infos))
        kinds = sorted({name.kind for name in asked})
        borne = self._evaluation.rollup.names([(info.name, kind) for info in self._infos for kind in kinds])
        foreign = {
            place: [name for name in names if not self._is_own(name)] for place, names in borne.items()
        }
        for name in unborne(asked, foreign):
            if name.kind == "field" and name.owner in self._evaluation.reach.problems:
                continue  # the tracker has no such field, which is reported elsewhere
            if len(self.problems) < MOST:  # to find the nearest of many names takes long
                reason, hint = what_is_wrong(name, foreign)
            else:
                reason, hint = f'no issue bears "{name.name}"', ""
            self._report(name, reason, hint)

    def _is_own(self, name: str) -> bool:
        return name.casefold().startswith(self._prefix)

    def _report(self, name: Asked, reason: str, hint: str) -> None:
        if name.path[0] == "rules":
            self._reported[name.owner].add(int(name.path[1]))
        self.problems.append(self._problem(name.owner, name.path, reason, hint))

    def missing_issues(self, *, report: bool) -> None:
        """Report issues that rules name and no tracker has; tracking issues are reported elsewhere.

        Without `report` only their rules are noted, so that these are not reported as idle.
        """
        goals = self._goals
        items: tuple[Milestone | Goal, ...] = (*goals.milestones.values(), *goals.goals.values())
        tracked = {pair for item in items for pair in self._references.tracked(item)}
        for owner, path, text in keys_named(self._evaluation.rules) if self._evaluation.absent else ():
            for tracker, key in self._references.owners(text).items():
                if (tracker, key) not in self._evaluation.absent:
                    continue
                self._reported[owner].add(int(path[1]))
                if report and (tracker, key) not in tracked:
                    reason = f"there is no issue {key} in {tracker}"
                    hint = "Correct the key, or let the account see the issue"
                    self.problems.append(self._problem(owner, path, reason, hint))

    def idle(self) -> None:
        """Report rules that tag no issue, and milestones without a task."""
        used = self._evaluation.rollup.used_rules()
        tasks = {owner for owner, _ in used}
        for owner in owners_of(self._goals):
            if not self._measured(owner):
                continue
            idle = [
                position
                for position in range(len(owner.rules))
                if (owner.id, position + 1) not in used and position not in self._reported[owner.id]
            ]
            if owner.id not in tasks:
                self._without_task(owner, idle)
                continue
            for position in idle:
                reason = "no issue is tagged by this rule"
                also = ", or the rules before it match the same" if position else ""
                hint = f"Nothing matches it{also}"
                self.problems.append(self._problem(owner.id, ("rules", position), reason, hint))

    def _without_task(self, owner: Milestone | KeyResult, idle: Sequence[int]) -> None:
        if len(idle) < len(owner.rules) or not (owner.rules or isinstance(owner, Milestone)):
            return  # what is wrong with its rules is reported already
        number = len(owner.rules)
        none = f"none of its {number} rules matches an issue" if number > 1 else "its rule matches no issue"
        reason = f"no task: {none if number else f'no issue has the label {INTAKE}{owner.id}'}"
        self.problems.append(
            self._problem(owner.id, (), reason, "`milepost why` tells of a single issue what it counts for")
        )

    def _measured(self, owner: Milestone | KeyResult) -> bool:
        """Return whether everything that an owner rests on was read, and no problem is reported for it."""
        reach = self._evaluation.reach
        rests_on = reach.rests_on.get(owner.id, frozenset())
        failed = owner.id in reach.problems or owner.id in reach.unread or not rests_on.isdisjoint(reach.down)
        trackers = {name for name in rests_on if name in self._evaluation.rules.infos}
        return not failed and trackers <= self.read

    def strays(self) -> None:
        """Report labels `milestone/<id>` on issues whose milestone the mapping does not have."""
        milestones = self._goals.milestones
        for (tracker, _), labels in self._evaluation.rollup.names(
            [(name, "label") for name in self.read]
        ).items():
            for label in labels:
                name = label.casefold()
                if name.startswith(INTAKE) and name.removeprefix(INTAKE) not in milestones:
                    reason = f'the label "{label}" names no milestone'
                    hint = nearest(name.removeprefix(INTAKE), milestones)
                    self.problems.append(Problem(tracker, None, "", reason, hint))


def _read(store: RunStore, trackers: Collection[str]) -> frozenset[str]:
    """Return the trackers that were ever read."""
    return frozenset(name for name in trackers if store.pull_state(name).read_at is not None)
