"""Problems of two trackers, or two instances, that would write to the same places."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from core.publish.publish_policy import DEFAULT_PREFIX, PublishPolicy, prefix_of
from core.settings.config import Config, TrackerConfig
from mappings.parse import Source
from mappings.problems import Problem


def overlapping(
    source: Source, trackers: Mapping[str, TrackerConfig], reported: Mapping[str, str] | None = None
) -> Iterator[Problem]:
    """A problem for each two trackers that lead to the same site and read the same issues there.

    Each of the two would write its own comment on every tracking issue, and take away that of the other.
    `reported`: by tracker, the address that its server itself gives, in the spelling of `site_of`.
    """
    sites = {
        name: tracker.settings.sites() | ({reported[name]} if reported and name in reported else set())
        for name, tracker in trackers.items()
    }
    for first, second in combinations(trackers.values(), 2):
        if first.settings.kind != second.settings.kind:
            continue
        same = sites[first.name] & sites[second.name]
        shared = first.settings.shared_scope(second.settings) if same else None
        if shared is None:
            continue
        line = source.locator.line(("trackers", first.name))
        place = f"[trackers.{first.name}]" + (f" in line {line}" if line is not None else "")
        message = f"leads to the same site as {place} ({min(same)}), and both read {shared}"
        hint = (
            "Make one table of the two, or let them read different projects or repositories: "
            "one issue must belong to one tracker"
        )
        yield source.problem(("trackers", second.name), message, hint)


def shared_prefix(config: Config) -> Iterator[Problem]:
    """A warning where an instance of its own uses the label prefix of the default instance."""
    policy: PublishPolicy = config.settings.publish
    if policy.labels.enabled and policy.shares_prefix:
        message = (
            f'the labels of instance "{policy.instance}" begin with {DEFAULT_PREFIX}, as those of every '
            "installation without an instance of its own: two such would take each other's labels away"
        )
        hint = f'Leave `prefix` out for "{prefix_of(policy.instance)}", or set another'
        yield Problem(str(config.file), None, "publish.labels.prefix", message, hint)
