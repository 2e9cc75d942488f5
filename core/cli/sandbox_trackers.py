"""The trackers that are built into milepost, started for a configuration that asks for them."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from connectors.sandbox.seed import world_for
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from core.cli.exit_codes import UserError
from core.settings import Config


def start_sandbox(config: Config, path: Path, stack: ExitStack) -> tuple[Config, SandboxServer]:
    """Start the server of the built-in trackers, until `stack` is closed; what they hold is kept at `path`.

    Gives back the configuration with the addresses at which they listen. Raises UserError for a tracker that
    is not built in, or a file that holds none.
    """
    requested = {
        tracker.name: (tracker.settings.kind, tracker.sandbox)
        for tracker in config.trackers.values()
        if tracker.sandbox is not None
    }
    try:
        world = World.load(path) if path.exists() else world_for(requested)
        world_for(requested, world)
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
