"""What the settings alone tell of a tracker, without a request."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from connectors.audience import Audience


@dataclass(frozen=True, slots=True)
class TrackerInfo:
    """What the settings alone tell of a tracker, without a request."""

    name: str
    kind: str
    containers: tuple[str, ...]
    """Project keys or `owner/name`, with `*` for "any" (`acme/*` for an organisation)."""
    owns: Callable[[str], bool]
    """Whether an issue key (`BLOG-12`, `acme/site#4`) lies in this tracker's scope, from settings alone."""
    normal_key: Callable[[str], str | None]
    """The key in its one spelling (`blog-12` -> `BLOG-12`), or None if it is no key of this kind."""
    markup: str = "markdown"
    """"markdown" or "wiki"."""
    comment_limit: int = 32_767
    """The longest comment, in characters; as many as Jira takes where a connector gives no other number."""
    label_limit: int = 50
    """The longest label, in characters; as many as GitHub takes where a connector gives no other number."""
    label_spaces: bool = True
    """Whether a label may contain a space."""
    has_label_definitions: bool = False
    comment_visibility: tuple[str, str] | None = None
    """Who may see comments, as `PostedComment.visibility`; None: everybody, and a comment keeps its own."""
    lacks: frozenset[str] = frozenset()
    """Keys of rules, as the mapping writes them, that this tracker can never answer (`RuleKeys.lacking`)."""
    field_sources: frozenset[str] = frozenset()
    """Folded names of projects, by which rules name their fields `project/field` (GitHub's Projects)."""
    status_field: str = ""
    """The field whose option is an issue's `status_option`, as the settings name it."""
    named_statuses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By key of its settings: the statuses that they name, to be compared with those that issues have."""
    internal_comments: bool = False
    """Whether comments are to be hidden from customers of a service management project."""
    tells_audience: bool = False
    """Whether it is a `TellsAudiences` once it is opened; else all of it counts as the organisation's."""
    audience: Audience | None = None
    """Who may read it, as the settings say for the whole tracker; None: what the tracker tells."""
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    """The same for single projects or repositories, by name in lower case."""

    def with_names(self, names: Collection[str]) -> "TrackerInfo":
        """The same, where these names of containers, in any case, lie in its scope too.

        They are other names of what its settings name, older or newer, as a store remembers them.
        """
        if not names:
            return self
        others = frozenset(name.casefold() for name in names)

        def owns(key: str) -> bool:
            container = key.strip().rpartition("#" if "#" in key else "-")[0]
            named = container.casefold() in others and self.normal_key(key) is not None
            return named or self.owns(key)

        held = {name.casefold() for name in self.containers}
        return replace(self, containers=(*self.containers, *sorted(others - held)), owns=owns)
