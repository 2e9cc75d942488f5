"""The one place that turns a configuration into open trackers, a store and a clock."""

import gc
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from connectors.interface import Tracker
from connectors.registry import connector
from connectors.sandbox.packages import missing_packages
from core.cli.exit_codes import UserError
from core.cli.log import hide
from core.cli.memory import use_one_arena
from core.settings import Config, SettingsProblems, TrackerConfig, load_config, missing_secrets
from core.shutdown import Stop
from core.store import Store, StoreError, open_store
from mappings.load import Loaded, load
from mappings.problems import MappingErrors, Problem

if TYPE_CHECKING:
    from connectors.sandbox.server import SandboxServer

log = logging.getLogger("milepost")

_WARNED: set[Problem] = set()
"""What this process has warned of: `milepost run` repeats no warning."""


@dataclass(frozen=True)
class App:
    """What a command works with. Without `trackers` nothing but the store can be asked."""

    config: Config
    loaded: Loaded
    store: Store
    trackers: Mapping[str, Tracker]
    clock: Callable[[], datetime]
    stop: Stop
    sandbox: "SandboxServer | None" = None


def read_config(
    file: Path, state: Path | None = None, *, with_secrets: bool = False
) -> tuple[Config, Loaded]:
    """The configuration and its mapping. Raises SettingsProblems with everything that is wrong with both.

    `state`: the folder of the store, if it is not where the configuration says. `with_secrets`: a secret that
    a tracker needs and that is not set is a problem, once nothing else is wrong.
    """
    problems: list[Problem] = []
    config, loaded = None, None
    try:
        config = load_config(file)
    except SettingsProblems as error:
        problems.extend(error.problems)
        config = error.partial
    if config is not None:
        hide(_secrets(config))
        try:
            config, loaded = _load(config, state)
        except MappingErrors as error:
            problems.extend(error.problems)
    if config is None or loaded is None or problems:
        raise SettingsProblems(problems)
    if with_secrets and (missing := missing_secrets(config)):
        raise SettingsProblems(missing)
    return config, loaded


def _load(config: Config, state: Path | None) -> tuple[Config, Loaded]:
    """The mapping, and the configuration with what its containers were called as far as that is needed.

    A mapping may name a project or repository by an older name than the settings do, or by a newer one: the
    store remembers which names lead to the same. Raises MappingErrors.
    """
    try:
        return config, load(config.settings.mappings, config.base, config.infos)
    except MappingErrors:
        names = _remembered_names(
            state / "milepost.db" if state else config.base / config.settings.store.path
        )
        if not names:
            raise
    trackers = {
        name: replace(tracker, names=names.get(name, frozenset()))
        for name, tracker in config.trackers.items()
    }
    config = replace(config, trackers=trackers)
    return config, load(config.settings.mappings, config.base, config.infos)


def _remembered_names(path: Path) -> Mapping[str, frozenset[str]]:
    """By tracker: every name of what it has; nothing where there is no store that can be read yet."""
    if not path.is_file():
        return {}
    try:
        with open_store(path) as store:
            return store.container_names()
    except StoreError:
        return {}  # opening it for the command raises the same again, with what is wrong with it


def _secrets(config: Config) -> Iterator[str]:
    for tracker in config.trackers.values():
        if tracker.sandbox is None:
            values = (value for _, value in tracker.settings)
            yield from (value.get_secret_value() for value in values if isinstance(value, SecretStr))


@contextmanager
def open_app(file: Path, *, trackers: bool = True, state: Path | None = None) -> Iterator[App]:
    """Open everything that a command needs, and close it again.

    `state` is a folder to keep the store and the sandbox in, instead of where the configuration says.
    Raises what `read_config` raises, UserError, StoreError.
    """
    config, loaded = read_config(file, state, with_secrets=trackers)
    for warning in config.warnings:
        if warning not in _WARNED:
            _WARNED.add(warning)
            log.warning("%s", warning)
    with ExitStack() as stack:
        clock = _now
        sandbox = None
        if any(tracker.sandbox is not None for tracker in config.trackers.values()):
            config, sandbox = _start_sandbox(config, state, stack)
            if all(tracker.sandbox is not None for tracker in config.trackers.values()):
                clock = sandbox.world.clock.now
        store = stack.enter_context(open_store(_store_path(config, state)))
        opened = {}
        if trackers:
            use_one_arena()
            for tracker in config.trackers.values():
                opened[tracker.name] = _open(tracker, store, clock)
                stack.callback(opened[tracker.name].close)
        # Libraries and the mapping stay until the end: looking for garbage among them again and again
        # took 5% to 8% of the CPU of a first sync of 10,000 issues (2026-11-30). Once: what a run of
        # `milepost run` leaves behind must not be taken for something that stays.
        if not gc.get_freeze_count():
            gc.freeze()
        yield App(config, loaded, store, opened, clock, _stop() if trackers else Stop(), sandbox)


def _stop() -> Stop:
    # It brings clients of HTTP: a tenth of the CPU of `milepost status`, which needs none (2026-11-30).
    from connectors.http.transport import STOP

    return Stop(STOP)


def _now() -> datetime:
    return datetime.now(UTC)


def _store_path(config: Config, state: Path | None) -> Path:
    path = state / "milepost.db" if state else config.base / config.settings.store.path
    _make_folder(path, "store.path")
    return path


def _make_folder(path: Path, setting: str) -> None:
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):  # with `parents=True` only the last of them would get the mode
            folder.mkdir(mode=0o700, exist_ok=True)
        path.parent.mkdir(exist_ok=True)  # what stands there already may be no folder
    except OSError as error:
        raise UserError(
            f"{path.parent}: this folder cannot be made ({error.strerror or error}); "
            f"let milepost write there, or name another place with {setting}"
        ) from None


def _open(tracker: TrackerConfig, store: Store, clock: Callable[[], datetime]) -> Tracker:
    result = connector(tracker.settings.kind)
    if result is None:
        raise UserError(f"{tracker.name}: no connector of kind {tracker.settings.kind}")
    return result.open(
        tracker.name, tracker.settings, memory=store.memory(tracker.name), clock=clock, notify=log.warning
    )


def require_sandbox(asking: str) -> None:
    """Raises UserError where the packages of the built-in trackers are missing, for which `asking` asks."""
    if missing := missing_packages():
        raise UserError(
            f"{asking} needs the trackers built into milepost; missing for these: {', '.join(missing)}. "
            "Install them: pip install 'milepost[sandbox]'"
        )


def _start_sandbox(config: Config, state: Path | None, stack: ExitStack) -> tuple[Config, "SandboxServer"]:
    names = [name for name, tracker in config.trackers.items() if tracker.sandbox is not None]
    require_sandbox(f'{config.file}: url = "sandbox:" of {" and ".join(names)}')
    from core.cli.sandbox_trackers import start_sandbox  # its packages are an extra

    path = state / "sandbox.json" if state else config.base / config.settings.sandbox.state
    _make_folder(path, "sandbox.state")
    return start_sandbox(config, path, stack)
