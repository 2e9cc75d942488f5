"""The one place that turns a configuration into open trackers, a store and a clock."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contract import Tracker
from connectors.registry import connector
from core.cli.exits import UserError
from core.settings import Config, TrackerConfig, load_config, missing_secrets
from core.stop import Stop
from core.store import Store, open_store
from mappings.load import Loaded, load

if TYPE_CHECKING:
    from connectors.sandbox.server import SandboxServer

log = logging.getLogger("milepost")


@dataclass(frozen=True)
class Desk:
    """What a command works with. Without `trackers` nothing but the store can be asked."""

    config: Config
    loaded: Loaded
    store: Store
    trackers: Mapping[str, Tracker]
    clock: Callable[[], datetime]
    stop: Stop
    sandbox: "SandboxServer | None" = None


def read_config(file: Path) -> tuple[Config, Loaded]:
    """The configuration and its mapping. Raises SettingsProblems or MappingErrors, with everything wrong."""
    config = load_config(file)
    return config, load(config.settings.mappings, config.base, config.infos)


@contextmanager
def at_desk(file: Path, *, trackers: bool = True, state: Path | None = None) -> Iterator[Desk]:
    """Open everything that a command needs, and close it again.

    `state` is a folder to keep the store and the sandbox in, instead of where the configuration says.
    Raises what `read_config` raises, UserError for missing secrets, StoreError.
    """
    config, loaded = read_config(file)
    if trackers and (missing := missing_secrets(config)):
        raise UserError("\n".join(str(problem) for problem in missing))
    with ExitStack() as stack:
        clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
        sandbox = None
        if any(tracker.sandbox is not None for tracker in config.trackers.values()):
            config, sandbox = _with_sandbox(config, state, stack)
            if all(tracker.sandbox is not None for tracker in config.trackers.values()):
                clock = sandbox.world.clock.now
        store = stack.enter_context(open_store(_store_path(config, state)))
        opened = {}
        if trackers:
            for tracker in config.trackers.values():
                opened[tracker.name] = _open(tracker, store, clock)
                stack.callback(opened[tracker.name].close)
        yield Desk(config, loaded, store, opened, clock, Stop(), sandbox)


def _store_path(config: Config, state: Path | None) -> Path:
    path = state / "milepost.db" if state else config.base / config.settings.store.path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _open(tracker: TrackerConfig, store: Store, clock: Callable[[], datetime]) -> Tracker:
    found = connector(tracker.settings.kind)
    if found is None:
        raise UserError(f"{tracker.name}: no connector of kind {tracker.settings.kind}")
    return found.open(
        tracker.name, tracker.settings, memory=store.memory(tracker.name), clock=clock, notify=log.warning
    )


def _with_sandbox(config: Config, state: Path | None, stack: ExitStack) -> tuple[Config, "SandboxServer"]:
    from connectors.sandbox.seed import world_for
    from connectors.sandbox.server import SandboxServer
    from connectors.sandbox.world import World

    path = state / "sandbox.json" if state else config.base / config.settings.sandbox.state
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    wanted = {
        tracker.name: (tracker.settings.kind, tracker.sandbox)
        for tracker in config.trackers.values()
        if tracker.sandbox is not None
    }
    try:
        world = World.load(path) if path.exists() else world_for(wanted)
        world_for(wanted, world)
    except ValueError as error:
        raise UserError(str(error)) from None
    server = stack.enter_context(SandboxServer(world, path))
    trackers = {
        tracker.name: tracker
        if tracker.sandbox is None
        else replace(tracker, settings=tracker.settings.model_copy(update={"url": server.url(tracker.name)}))
        for tracker in config.trackers.values()
    }
    return replace(config, trackers=trackers), server
