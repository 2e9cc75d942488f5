"""What a run works with, made from the configuration that a command names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path

from core.cli.exit_codes import UserError
from core.cli.wiring import App, open_app
from core.context import RunContext
from core.publish.release import read_release
from core.reconcile_rules import ReconcileRules
from core.shutdown import Stop


def context_of(
    app: App, *, force: Sequence[str] = (), full: bool = False, stop: Stop | None = None
) -> RunContext:
    """What a run works with, at this moment of the clock of `app`.

    Raises UserError for values of `--force` that can release nothing.
    """
    settings, mapping = app.config.settings, app.loaded.mapping
    infos = {info.name: info for info in app.config.infos}
    ids = (*mapping.goals, *mapping.key_results, *mapping.milestones)
    try:
        release = read_release(force, tuple(infos), ids)
    except ValueError as error:
        raise UserError(str(error)) from None
    return RunContext(
        mapping=mapping,
        infos=infos,
        trackers=app.trackers,
        store=app.store,
        progress=settings.progress,
        health=settings.health,
        publish=settings.publish,
        limits=settings.limits,
        pulls=ReconcileRules(
            timedelta(hours=settings.schedule.reconcile_hours),
            settings.limits.max_lost_percent,
            settings.schedule.reread_days,
            full=full,
            never_held=settings.limits.never_held,
        ),
        force=release,
        now=app.clock(),
        stop=stop or app.stop,
        zone=settings.zone or UTC,
        problem=app.loaded.problem,
        keep=timedelta(days=settings.store.keep_days),
    )


@contextmanager
def open_context(
    config: Path,
    *,
    force: Sequence[str] = (),
    full: bool = False,
    trackers: bool = True,
    stop: Stop | None = None,
) -> Iterator[RunContext]:
    """Open what a run works with, and close it again. Raises what `open_app` and `context_of` raise."""
    with open_app(config, trackers=trackers) as app:
        yield context_of(app, force=force, full=full, stop=stop)
