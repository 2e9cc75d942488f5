"""What the demo shows, step by step."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from connectors.errors import TrackerError
from connectors.models import IssueRef
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from core.cli.command_session import sync_now
from core.cli.exit_codes import OutcomeError, UserError
from core.cli.open_context import context_of
from core.cli.output import out
from core.cli.wiring import App, open_app, read_config
from core.publish.actions import (
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.reports.terminal import held_lines, plan_lines, tree, written_lines
from core.reports.terminal_text import clean
from core.settings import Config
from core.steps.run_report import Report

DAY = 86_400.0
EXAMPLE = Path(__file__).parent / "config.example.toml"
"""In a checkout a link to the one at the top; a package has it here alone."""
MAPPINGS = Path(__file__).parents[2] / "mappings" / "examples"


def show(config: Path | None) -> None:
    """Run the demo; without a configuration, with the example that comes with milepost.

    Raises UserError for a configuration with real trackers, OutcomeError if a run fails.
    """
    console = out()
    with tempfile.TemporaryDirectory(prefix="milepost-demo-") as name:
        folder = Path(name)
        config = config or _copied_example(folder)
        _only_sandbox(read_config(config)[0])
        _first(console, config, folder)
        _second(console, config, folder)
        _third(console, config, folder)
    console.print(Text(f"That was milepost. For your own trackers, copy {EXAMPLE.resolve()} to config.toml."))


def _copied_example(folder: Path) -> Path:
    """The example and its mapping, copied so that its relative paths lead from one to the other."""
    shutil.copytree(MAPPINGS, folder / "mappings" / "examples")
    return Path(shutil.copy(EXAMPLE, folder))


def _first(console: Console, config: Path, folder: Path) -> None:
    with open_app(config, state=folder) as app:
        names = ", ".join(f"{name} ({tracker.info.kind})" for name, tracker in app.trackers.items())
        _title(console, "First sync")
        console.print(f"Built-in trackers: {names}. In there it is {app.clock():%A, %d %B %Y}.\n")
        report = _synced(app)
        console.print(tree(app.loaded.mapping, report.conclusion.evaluation.state))
        _title(console, "The plan")
        for line in plan_lines(report.conclusion.plan):
            console.print(line)
        _title(console, "What was written")
        for line in (*_counted(report.written), *held_lines(report.conclusion.plan.held)):
            console.print(line)
        console.print(report.line)
        for ref in _one_of_each(report):
            _title(console, f"The comment on {ref.key}, as it now stands in {ref.tracker}")
            _comment(console, app, ref)


def _second(console: Console, config: Path, folder: Path) -> None:
    with open_app(config, state=folder) as app:
        _title(console, "Second sync: nothing has changed")
        report = _synced(app)
        console.print(report.line)
        if report.written:
            raise OutcomeError("the second sync wrote something although nothing had changed")
        console.print("Nothing to do.")


def _third(console: Console, config: Path, folder: Path) -> None:
    with open_app(config, state=folder) as app:
        _title(console, "The next day, two tasks get done")
        for message in _get_done(app):
            console.print(message)
        _title(console, "Third sync: only what this touches")
        report = _synced(app)
        for line in written_lines(report.written):
            console.print(line)
        console.print(report.line)
        for ref in _one_of_each(report)[:1]:
            _title(console, f"The comment on {ref.key}, edited in place")
            _comment(console, app, ref)
        console.print(tree(app.loaded.mapping, report.conclusion.evaluation.state))


def _only_sandbox(config: Config) -> None:
    real = [name for name, tracker in config.trackers.items() if tracker.sandbox is None]
    if real:
        raise UserError(
            f"the demo writes to built-in trackers only, but {', '.join(real)} is a real one; "
            'run it with config.example.toml, or set url = "sandbox:"'
        )


def _synced(app: App) -> Report:
    report = sync_now(context_of(app))
    if report.failed:
        raise OutcomeError("\n".join([report.line, *report.conclusion.problems]))
    return report


def _get_done(app: App) -> list[str]:
    """Advance the clock by a day, and finish an open task in each tracker; gives back a sentence for each."""
    if app.sandbox is None:
        raise UserError("the demo needs built-in trackers")
    world = app.sandbox.world
    parts = []
    with world.lock:
        world.clock.advance(DAY)
        for site in world.sites.values():
            if isinstance(site, JiraSite):
                site.transition("BLOG-4", "Done", "Done")
                parts.append(f"{site.name}: BLOG-4, {site.issue('BLOG-4').summary}, is done")
            elif isinstance(site, GitHubSite):
                site.close("acme/site#4")
                parts.append(
                    f"{site.name}: acme/site#4, {site.issue('acme/site#4').title}, is closed as completed"
                )
    return parts


def _counted(written: Sequence[Written]) -> Iterator[Text]:
    """How much was written, by tracker and kind, and one line for everything that failed.

    The plan above has a sentence for each write, so that numbers will do.
    """
    done = Counter(
        (outcome.action.tracker, _WORDS[type(outcome.action)])
        for outcome in written
        if outcome.outcome == "done"
    )
    for tracker in dict.fromkeys(name for name, _ in done):
        message = ", ".join(f"{words}: {count}" for (name, words), count in done.items() if name == tracker)
        yield Text.assemble(("✓ ", "green"), f"{tracker}: {message}")
    yield from written_lines(outcome for outcome in written if outcome.outcome != "done")


_WORDS = {
    DefineLabel: "labels defined",
    ChangeLabels: "issues labelled",
    WriteComment: "comments written",
    DeleteComment: "comments removed",
    RemoveLabelDefinition: "labels removed",
}


def _one_of_each(report: Report) -> list[IssueRef]:
    """The first issue of each tracker whose comment about a milestone was written."""
    milestones = report.conclusion.evaluation.state.milestones
    first: dict[str, IssueRef] = {}
    for written in report.written:
        action = written.action
        if isinstance(action, WriteComment) and action.target in milestones:
            first.setdefault(action.tracker, action.ref)
    return list(first.values())


def _comment(console: Console, app: App, ref: IssueRef) -> None:
    """Read the comment back from the tracker, as a person would find it."""
    posted = app.trackers[ref.tracker].reader.posted([ref])[ref]
    if isinstance(posted, TrackerError):
        raise OutcomeError(str(posted))
    for comment in posted.comments:
        for line in comment.body.splitlines():
            console.print(Text(clean(line, 300)))
    console.print(Text(f"labels: {', '.join(posted.labels)}", style="dim"))


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Rule(Text(text, style="bold"), align="left"))
