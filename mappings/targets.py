"""Which issues carry the comment of a milestone or a goal."""

from mappings.goal_tree import Goal, Milestone
from mappings.rules.ruleset import RuleSet


def tracking_keys(item: Milestone | Goal, compiled: RuleSet) -> tuple[tuple[str, str], ...]:
    """(tracker, key) of each issue that carries the comment of this milestone or goal, each once, in order.

    A milestone's own `tracking`; if it has none, the epics and sub-issue roots that its rules name at top
    level (`epic`, `parent`, `sub_issues_of`). An empty `tracking = []` means no comment at all.
    Keys are in their one spelling, as the mapping names them: an issue may have moved since.
    """
    return compiled.references.tracked(item)
