"""What of the mapping matches nothing: told in the same words by check, plan, sync and status.

A misspelt label and a type that no project has are no errors, but silence about them would be wrong numbers.
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
"""So many are told one by one; who wrote more of them will find the rest."""


def unmatched(
    evaluation: Evaluation, store: RunStore, problem: ProblemAt, prefix: str, *, issues: bool = True
) -> tuple[Problem, ...]:
    """Every name that no issue bears, issue that is not there, rule and milestone without a task; once each.

    Each problem is told at its narrowest place: no rule as idle whose label exists nowhere, and no milestone
    as empty whose rules are told. Nothing is told of a tracker that was never read, and nothing of what
    something keeps from being measured, which is told by itself. Labels with our own `prefix` are no names
    that a rule could mean. `issues`: whether missing ones are told.
    """
    result = _Unmatched(evaluation, store, problem, prefix)
    if not result.read:
        return ()
    result.names()
    result.missing_issues(tell=issues)
    result.idle()
    result.strays()
    more = len(result.problems) - MOST
    if more <= 0:
        return tuple(result.problems)
    rest = Problem("mappings", None, "", f"and {more:,} more of what matches nothing")
    return (*result.problems[:MOST], rest)


class _Unmatched:
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
        """By owner: positions, from 0, of the rules of which something was told."""
        self.problems: list[Problem] = []

    def names(self) -> None:
        """Labels, types and so on that no issue bears."""
        if len(self.read) < len(self._infos):
            return  # what is not found may stand in a tracker that was never read
        asked = list(asked_names(owners_of(self._goals), self._infos))
        kinds = sorted({one.kind for one in asked})
        there = self._evaluation.rollup.names([(info.name, kind) for info in self._infos for kind in kinds])
        foreign = {
            place: [name for name in several if not self._is_own(name)] for place, several in there.items()
        }
        for one in unborne(asked, foreign):
            if one.kind == "field" and one.owner in self._evaluation.reach.problems:
                continue  # the tracker has no such field, which is told by itself
            if len(self.problems) < MOST:  # the nearest of many names takes a while to be found
                message, hint = what_is_wrong(one, foreign)
            else:
                message, hint = f'no issue bears "{one.name}"', ""
            self._tell(one, message, hint)

    def _is_own(self, name: str) -> bool:
        return name.casefold().startswith(self._prefix)

    def _tell(self, one: Asked, reason: str, hint: str) -> None:
        if one.path[0] == "rules":
            self._reported[one.owner].add(int(one.path[1]))
        self.problems.append(self._problem(one.owner, one.path, reason, hint))

    def missing_issues(self, *, tell: bool) -> None:
        """Issues that rules name and that no tracker has, but for those that are missed by their comments."""
        goals = self._goals
        items: tuple[Milestone | Goal, ...] = (*goals.milestones.values(), *goals.goals.values())
        tracked = {pair for item in items for pair in self._references.tracked(item)}
        for owner, path, text in keys_named(self._evaluation.rules) if self._evaluation.absent else ():
            for tracker, key in self._references.owners(text).items():
                if (tracker, key) not in self._evaluation.absent:
                    continue
                self._reported[owner].add(int(path[1]))
                if tell and (tracker, key) not in tracked:
                    message = f"there is no issue {key} in {tracker}"
                    hint = "Correct the key, or let the account see the issue"
                    self.problems.append(self._problem(owner, path, message, hint))

    def idle(self) -> None:
        """Rules that give no issue its tag, and milestones without a task."""
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
                message = "no issue is tagged by this rule"
                why = "Nothing matches it, or the rules before it match the same"
                hint = why if position else "Nothing matches it"
                self.problems.append(self._problem(owner.id, ("rules", position), message, hint))

    def _without_task(self, owner: Milestone | KeyResult, idle: Sequence[int]) -> None:
        if len(idle) < len(owner.rules) or not (owner.rules or isinstance(owner, Milestone)):
            return  # what is wrong with its rules is told
        number = len(owner.rules)
        none = f"none of its {number} rules matches an issue" if number > 1 else "its rule matches no issue"
        message = f"no task: {none if number else f'no issue has the label {INTAKE}{owner.id}'}"
        self.problems.append(
            self._problem(owner.id, (), message, "`milepost why` tells of a single issue what it counts for")
        )

    def _measured(self, owner: Milestone | KeyResult) -> bool:
        reach = self._evaluation.reach
        rests_on = reach.rests_on.get(owner.id, frozenset())
        silent = owner.id in reach.problems or owner.id in reach.unread or not rests_on.isdisjoint(reach.down)
        trackers = {name for name in rests_on if name in self._evaluation.rules.infos}
        return not silent and trackers <= self.read

    def strays(self) -> None:
        """Labels by which people tag issues to a milestone that there is not."""
        milestones = self._goals.milestones
        for (tracker, _), labels in self._evaluation.rollup.names(
            [(name, "label") for name in self.read]
        ).items():
            for label in labels:
                name = label.casefold()
                if name.startswith(INTAKE) and name.removeprefix(INTAKE) not in milestones:
                    message = f'the label "{label}" names no milestone'
                    hint = nearest(name.removeprefix(INTAKE), milestones)
                    self.problems.append(Problem(tracker, None, "", message, hint))


def _read(store: RunStore, trackers: Collection[str]) -> frozenset[str]:
    """The trackers that were read once."""
    return frozenset(name for name in trackers if store.pull_state(name).read_at is not None)
