"""Which issue of which tracker a key in a mapping means."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from connectors.interface import TrackerInfo
from connectors.names import fold_name
from mappings.goal_tree import Goal, Milestone
from mappings.rule import Condition, Rule

Resolve = Callable[[str, str], str | None]
"""(tracker, key or former key) -> the immutable id of the issue, or None if it is not known."""

Names = Callable[[str, str], Iterable[str]]
"""(tracker, name of a project or repository) -> all names of the one that this leads to today."""

ROOT_KEYS = ("epic", "parent", "sub_issues_of")
"""Keys of a condition that name the root of a tree."""

ONLY_IN = {
    "project": "jira",
    "component": "jira",
    "version": "jira",
    "sprint": "jira",
    "team": "jira",
    "epic": "jira",
    "jql": "jira",
    "repository": "github",
    "sub_issues_of": "github",
    "github_milestone": "github",
    "search": "github",
}
"""Keys of a condition that speak of one kind of tracker; a tracker of the other kind cannot match them."""

_WRITTEN = {name: field.alias for name, field in Rule.model_fields.items() if field.alias is not None}
CONTAINER_KEYS = ("project", "repository")
QUERY_KEYS = ("jql", "search")
KINDS = frozenset(ONLY_IN.values())


def speaks(key: str, info: TrackerInfo) -> bool:
    """Whether a tracker can have what a condition's key asks for; `key` is the name of a model's field.

    Connectors from outside that declare nothing may have anything but the two query languages.
    """
    if written(key) in info.lacks:
        return False
    requested = ONLY_IN.get(key)
    if requested is None or requested == info.kind:
        return True
    return info.kind not in KINDS and key not in QUERY_KEYS


def field_sources(name: str, trackers: Iterable[TrackerInfo]) -> frozenset[str]:
    """The trackers that alone can have a field of this name; empty: any may have it.

    A field of a project is named `project/field`, by a name that the settings of its tracker give.
    """
    project, slash, _ = name.partition("/")
    if not slash:
        return frozenset()
    folded = fold_name(project)
    return frozenset(info.name for info in trackers if folded in info.field_sources)


def written(key: str) -> str:
    """A key of a rule as the mapping writes it."""
    return _WRITTEN.get(key, key)


def container_fits(requested: str, containers: Iterable[str]) -> bool:
    """Whether a project or repository, or one under `owner/*`, can be among a tracker's containers."""
    name = fold_name(requested)
    return any(
        fnmatchcase(name, fold_name(held)) or fnmatchcase(fold_name(held), name) for held in containers
    )


class References:
    """Finds the trackers that own a key, from settings alone."""

    def __init__(self, trackers: Sequence[TrackerInfo]) -> None:
        self.trackers = {info.name: info for info in trackers}

    def split(self, text: str) -> tuple[str | None, str]:
        """`jira:BLOG-1` names its tracker; a plain key does not."""
        name, colon, key = text.partition(":")
        if colon and name.strip() in self.trackers:
            return name.strip(), key.strip()
        return None, text.strip()

    def readings(self, text: str) -> dict[str, str]:
        """The key in its one spelling, by each tracker whose kind of key it is, in scope or not."""
        named, key = self.split(text)
        result = {}
        for name, info in self.trackers.items():
            if named in (None, name) and (normal := info.normal_key(key)) is not None:
                result[name] = normal
        return result

    def owners(self, text: str, scope: Iterable[str] = ()) -> dict[str, str]:
        """The key in its one spelling, by each tracker that owns it; only trackers in `scope`, if given."""
        names = {fold_name(name) for name in scope}
        return {
            name: key
            for name, key in self.readings(text).items()
            if self.trackers[name].owns(key) and (not names or fold_name(name) in names)
        }

    def spelt(self, text: str) -> str:
        """The key as its tracker spells it, its tracker before it if the text names one."""
        named, _ = self.split(text)
        normal = set(self.readings(text).values())
        if len(normal) != 1:
            return text
        return f"{named}:{normal.pop()}" if named else normal.pop()

    def tracked(self, item: Milestone | Goal) -> tuple[tuple[str, str], ...]:
        """(tracker, key) of the issues that carry the comment of a milestone or goal, each once, in order.

        A milestone's own `tracking`; if it has none, the epics and sub-issue roots that its rules name at top
        level (`epic`, `parent`, `sub_issues_of`). An empty `tracking = []` means no comment at all. Keys are
        in their one spelling, as the mapping names them: an issue may have moved since.
        """
        pairs: list[tuple[str, str]] = []
        if item.tracking is not None:
            for text in item.tracking:
                pairs.extend(self.owners(text).items())
        elif isinstance(item, Milestone):
            for rule in item.rules:
                pairs.extend(self._roots(rule))
        return tuple(dict.fromkeys(pairs))

    def _roots(self, rule: Condition) -> Iterable[tuple[str, str]]:
        for name in ROOT_KEYS:
            for text in getattr(rule, name):
                for tracker, key in self.owners(text, rule.tracker).items():
                    if speaks(name, self.trackers[tracker]):
                        yield tracker, key


def own_name(_tracker: str, name: str) -> Iterable[str]:
    """The name alone, where it is not known what else a project or repository is called."""
    return (name,)
