"""From `kind` to connector: the built-in ones and those that other distributions register."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol

from connectors.github import rule_keys as github_rule_keys
from connectors.github.settings import GitHubSettings
from connectors.interface import ConnectorState, Tracker, TrackerSettings
from connectors.jira import rule_keys as jira_rule_keys
from connectors.jira.settings import JiraSettings
from connectors.redaction import RedactedState
from connectors.rule_key_table import RuleKeys

GROUP = "milepost.connectors"


class Opener(Protocol):
    """Opens one configured tracker without sending a request; `settings` are those of its kind."""

    def __call__(
        self,
        name: str,
        settings: TrackerSettings,
        *,
        memory: ConnectorState,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
    ) -> Tracker: ...


@dataclass(frozen=True)
class Connector:
    """What a distribution registers under its kind: a settings model, and where its opener is.

    `opener` is text, `package.module:name` of a function or class, so that a client library is imported only
    when a tracker of this kind is opened.
    """

    kind: str
    settings: type[TrackerSettings]
    opener: str
    rule_keys: RuleKeys | None = None
    """What it can answer; None for a connector that declares nothing and is taken to answer what it can."""

    def open(
        self,
        name: str,
        settings: TrackerSettings,
        *,
        memory: ConnectorState,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
    ) -> Tracker:
        """Open a tracker; `clock` tells the time in UTC, `notify` takes one line for a person.

        None of its credentials gets into `memory`, whatever the connector keeps there. Raises TypeError for
        the settings of another kind.
        """
        if not isinstance(settings, self.settings):
            raise TypeError(f"expected {self.settings.__name__}, got {type(settings).__name__}")
        module, _, function = self.opener.partition(":")
        opener: Opener = getattr(import_module(module), function)
        facts = RedactedState(memory, settings.secrets())
        return opener(name, settings, memory=facts, clock=clock, notify=notify)


_BUILT_IN = {
    "jira": Connector("jira", JiraSettings, "connectors.jira.tracker:open_tracker", jira_rule_keys.RULE_KEYS),
    "github": Connector(
        "github", GitHubSettings, "connectors.github.tracker:open_tracker", github_rule_keys.RULE_KEYS
    ),
}


def kinds() -> tuple[str, ...]:
    """Every kind that `[trackers.<name>] kind` may name, sorted."""
    return tuple(sorted({*_BUILT_IN, *(point.name for point in entry_points(group=GROUP))}))


def connector(kind: str) -> Connector | None:
    """The connector of a kind, or None if there is none. A built-in kind cannot be replaced.

    Raises TypeError if another distribution registered something that is no Connector.
    """
    if kind in _BUILT_IN:
        return _BUILT_IN[kind]
    for point in entry_points(group=GROUP, name=kind):
        result = point.load()
        if not isinstance(result, Connector):
            message = f"the entry point {point.value} of {GROUP} is no connectors.registry.Connector"
            raise TypeError(message)
        return result
    return None
