"""Text for the terminal: the tree of goals, a plan, and the outcome of a run."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from core.engine.formatting import percent
from core.engine.model import GoalState, Health, KeyResultState, Measure, MilestoneState, State, Unmeasured
from core.publish.actions import Held, Plan, Written
from core.publish.comment.phrases import plain_number
from core.reports.outline import Outline, Row
from core.reports.terminal_text import clean
from mappings.goal_tree import Goal, GoalTree, HealthName, KeyResult, Metric, Milestone

BAR_WIDTH = 20

_STYLE = {
    HealthName.ON_TRACK: "green",
    HealthName.AT_RISK: "yellow",
    HealthName.OFF_TRACK: "red",
    HealthName.DONE: "bold green",
    HealthName.NOT_STARTED: "dim",
    HealthName.UNMEASURED: "dim",
}


def tree(mapping: GoalTree, state: State) -> RenderableType:
    """Goals with their key results and, below these, the milestones that lead to them.

    A milestone that leads to several key results stands below each, with its details at the first; one
    that leads to none stands last.
    """
    reported: set[str] = set()

    def milestone_row(milestone: Milestone) -> Row:
        again = milestone.id in reported
        reported.add(milestone.id)
        return _milestone_row(milestone, state.milestones[milestone.id], again=again)

    rows = []
    for goal in mapping.goals.values():
        results = tuple(
            _key_result_row(
                result,
                state.key_results[result.id],
                tuple(milestone_row(milestone) for milestone in mapping.milestones_of(result.id)),
            )
            for result in mapping.key_results_of(goal.id)
        )
        rows.append(_goal_row(goal, state.goals[goal.id], results))
    rows += [milestone_row(milestone) for milestone in mapping.milestones.values() if not milestone.leads_to]
    return Outline(rows)


def bar(measure: Measure) -> Text:
    """A bar of fixed width; an unmeasured one is hollow, which is not the same as empty."""
    if isinstance(measure, Unmeasured):
        return Text("╌" * BAR_WIDTH, style="dim")
    full = int(measure * BAR_WIDTH)
    full = max(full, 1) if measure else 0
    return Text.assemble(("█" * full, "green"), ("░" * (BAR_WIDTH - full), "dim"))


def plan_lines(plan: Plan) -> Iterator[Text]:
    """Yield the sentences of a plan, then what is held and what releases it."""
    for action in plan.actions:
        yield Text(clean(action.sentence, 400))
    yield from held_lines(plan.held)
    yield from held_lines(plan.quarantined)
    yield from held_lines(plan.closed)


def held_lines(held: Iterable[Held]) -> Iterator[Text]:
    """What is not written, why, and what releases it.

    Of what one limit holds together the reason is told once, and below it each write in its sentence.
    """
    groups: dict[tuple[str, str, str], list[Held]] = {}
    for item in held:
        alone = "" if item.action is not None else item.what
        groups.setdefault((item.why, item.release, alone), []).append(item)
    for (why, release, alone), items in groups.items():
        writes = "1 write" if len(items) == 1 else f"{len(items):,} writes"
        what = clean(alone, 400) or writes
        yield Text.assemble(("held: ", "yellow"), what, ": ", clean(why, 600), "; ", clean(release))
        for item in () if alone else items:
            yield Text(f"  {clean(item.what, 400)}")


def written_lines(written: Iterable[Written]) -> Iterator[Text]:
    """What became of each action; failures first said what happened."""
    for item in written:
        mark = {"done": ("✓ ", "green"), "failed": ("✗ ", "red"), "unknown": ("? ", "yellow")}[item.outcome]
        line = Text.assemble(mark, clean(item.action.sentence, 400))
        if item.reason:
            line.append(f" ({clean(item.reason, 600)})", style="dim")
        yield line


def _goal_row(goal: Goal, state: GoalState, children: tuple[Row, ...]) -> Row:
    """Two numbers, never blended: each on a line of its own, in the columns of what leads to it."""
    delivered = Row(
        Text("delivered"), _cells(state.delivered), _details(_why_not(state.delivered), style="dim")
    )
    achieved = Row(Text("achieved"), _cells(state.achieved), _details(_why_not(state.achieved), style="dim"))
    return Row(
        Text(clean(goal.title), style="bold"),
        (Text(), Text(), _health(state.health)),
        (
            *_details(goal.id, _stale(state.health), style="dim"),
            *_details(state.gap or "", style="yellow"),
        ),
        (delivered, achieved, *children),
    )


def _key_result_row(result: KeyResult, state: KeyResultState, children: tuple[Row, ...]) -> Row:
    return Row(
        Text(clean(result.title)),
        (*_cells(state.measure)[:2], _health(state.health)),
        _details(result.id, _reading(result), _why_not(state.measure), _stale(state.health), style="dim"),
        children,
    )


def _milestone_row(milestone: Milestone, state: MilestoneState, *, again: bool) -> Row:
    details = ("as above",) if again else (_counts(state), _why_not(state.measure), _stale(state.health))
    return Row(
        Text(clean(milestone.title)),
        (*_cells(state.measure)[:2], _health(state.health)),
        _details(milestone.id, *details, style="dim"),
    )


def _cells(measure: Measure) -> tuple[Text, Text, Text]:
    number = Text("   –", style="dim") if isinstance(measure, Unmeasured) else Text(f"{percent(measure):>4}")
    return bar(measure), number, Text()


def _details(*parts: str, style: str) -> tuple[Text, ...]:
    message = " · ".join(clean(part, 600) for part in parts if part)
    return (Text(message, style=style),) if message else ()


def _reading(result: KeyResult) -> str:
    """A key result's own number as last checked in; empty where it has none."""
    number = result.metric or result.guardrail
    if number is None or number.current is None:
        return ""
    percents = number.unit == "%"
    shown = [f"{plain_number(number.current)}{'%' if percents else ''}"]
    if isinstance(number, Metric):
        shown.append(f"of {plain_number(number.target)}{'%' if percents else ''}")
    message = " ".join(shown) + (f" {number.unit}" if number.unit and not percents else "")
    return f"{message} ({number.as_of})" if number.as_of else message


def _counts(state: MilestoneState) -> str:
    counts = state.counts
    parts = [
        f"{number} {word}"
        for number, word in (
            (counts.done, "done"),
            (counts.in_progress, "in progress"),
            (counts.todo, "to do"),
            (counts.cancelled, "cancelled"),
            (counts.unknown, "of unknown status"),
            (counts.unestimated, "unestimated"),
            (counts.blocked, "blocked"),
        )
        if number
    ]
    return ", ".join(parts) or "no task"


def _why_not(measure: Measure) -> str:
    return f"cannot be measured: {measure.reason}" if isinstance(measure, Unmeasured) else ""


def _health(health: Health) -> Text:
    return Text(health.name.value.replace("_", " "), style=_STYLE[health.name])


def _stale(health: Health) -> str:
    """What the one word of health leaves out."""
    message = ["stale: no task has moved for a while"] if health.stale else []
    if health.overridden_until is not None:
        message.append(f"health set by hand until {health.overridden_until}")
    return ", ".join(message)
