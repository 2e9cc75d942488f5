"""What a person reads in the terminal: the tree of goals, a plan, and the outcome of a run."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from core.engine.model import GoalState, Health, KeyResultState, Measure, MilestoneState, State, Unmeasured
from core.engine.percent import percent
from core.publish.actions import Held, Plan, Written
from core.reports.clean import clean
from mappings.goals import Goal, HealthName, KeyResult, Mapping, Milestone

BAR_WIDTH = 20

_STYLE = {
    HealthName.ON_TRACK: "green",
    HealthName.AT_RISK: "yellow",
    HealthName.OFF_TRACK: "red",
    HealthName.DONE: "bold green",
    HealthName.NOT_STARTED: "dim",
    HealthName.UNMEASURED: "dim",
}


def tree(mapping: Mapping, state: State) -> RenderableType:
    """Goals with their key results and, below these, the milestones that lead to them.

    A milestone that leads to several key results stands below each; one that leads to none stands last.
    """
    top = Tree("", hide_root=True)
    for goal in mapping.goals.values():
        branch = top.add(_goal_line(goal, state.goals[goal.id]))
        if gap := state.goals[goal.id].gap:
            branch.add(Text(clean(gap), style="yellow"))
        for result in mapping.key_results_of(goal.id):
            twig = branch.add(_key_result_line(result, state.key_results[result.id]))
            for stone in mapping.milestones_of(result.id):
                twig.add(_milestone_line(stone, state.milestones[stone.id]))
    for stone in mapping.milestones.values():
        if not stone.leads_to:
            top.add(_milestone_line(stone, state.milestones[stone.id]))
    return top


def bar(measure: Measure) -> Text:
    """A bar of fixed width; an unmeasured one is hollow, which is not the same as empty."""
    if isinstance(measure, Unmeasured):
        return Text("╌" * BAR_WIDTH, style="dim")
    full = int(measure * BAR_WIDTH)
    return Text.assemble(("█" * full, "green"), ("░" * (BAR_WIDTH - full), "dim"))


def plan_lines(plan: Plan) -> Iterator[Text]:
    """The plan in sentences, then what is held back and what releases it."""
    for action in plan.actions:
        yield Text(clean(action.sentence, 400))
    yield from held_lines(plan.held)


def held_lines(held: Iterable[Held]) -> Iterator[Text]:
    """What is not written, why, and what releases it."""
    for item in held:
        yield Text.assemble(
            ("held: ", "yellow"), clean(item.what, 400), ": ", clean(item.why, 600), "; ", clean(item.release)
        )


def written_lines(written: Iterable[Written]) -> Iterator[Text]:
    """What became of each action; failures first said what happened."""
    for item in written:
        mark = {"done": ("✓ ", "green"), "failed": ("✗ ", "red"), "unknown": ("? ", "yellow")}[item.outcome]
        line = Text.assemble(mark, clean(item.action.sentence, 400))
        if item.said:
            line.append(f" ({clean(item.said, 600)})", style="dim")
        yield line


def _goal_line(goal: Goal, state: GoalState) -> Text:
    line = Text.assemble((clean(goal.title), "bold"), f"  [{goal.id}]  ")
    line.append_text(Text.assemble("delivered ", _percent(state.delivered), ", achieved "))
    line.append_text(Text.assemble(_percent(state.achieved), "  "))
    return line.append_text(_health(state.health))


def _key_result_line(result: KeyResult, state: KeyResultState) -> Text:
    line = bar(state.measure)
    line.append_text(Text.assemble(" ", _percent(state.measure), "  ", clean(result.title)))
    line.append(f"  [{result.id}]  ", style="dim")
    return line.append_text(_health(state.health))


def _milestone_line(stone: Milestone, state: MilestoneState) -> Text:
    line = bar(state.measure)
    line.append_text(Text.assemble(" ", _percent(state.measure), "  ", clean(stone.title)))
    line.append(f"  [{stone.id}]  {_counts(state)}  ", style="dim")
    return line.append_text(_health(state.health))


def _counts(state: MilestoneState) -> str:
    counts = state.counts
    said = [
        f"{number} {word}"
        for number, word in (
            (counts.done, "done"),
            (counts.in_progress, "in progress"),
            (counts.todo, "to do"),
            (counts.cancelled, "cancelled"),
            (counts.unknown, "of unknown status"),
            (counts.unestimated, "unestimated"),
        )
        if number
    ]
    return ", ".join(said) or "no task"


def _percent(measure: Measure) -> str:
    if isinstance(measure, Unmeasured):
        return f"cannot measure ({clean(measure.said)})"
    return f"{percent(measure):>4}"


def _health(health: Health) -> Text:
    text = Text(health.name.value.replace("_", " "), style=_STYLE[health.name])
    if health.stale:
        text.append(", stale", style="yellow")
    return text
