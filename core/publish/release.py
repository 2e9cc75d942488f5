"""What `--force` releases of what limits hold: everything, or single groups by their names."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

KINDS = {
    "goal": "a goal whose number jumped",
    "removals": "comments and labels that would be removed",
    "changes": "more changes than allowed",
    "first": "a first publication with more changes than allowed",
    "lost": "issues of a tracker that are gone",
}
"""By kind of group, which is also the word that releases it: what is held."""
TOTAL = "_total"
"""In place of an id: the tracker as a whole."""
NOBODY = "_none"
"""In place of an id: what no milestone, key result or goal counts any more."""
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Group:
    """What one limit holds together, and `--force` releases together."""

    kind: str
    """One of `KINDS`."""
    tracker: str = ""
    """Empty for a goal."""
    owner: str = ""
    """The id of a goal, milestone or key result, `TOTAL` or `NOBODY`; empty where there is none."""

    @classmethod
    def read(cls, name: str) -> "Group":
        """Return the group with this name, the inverse of `name`."""
        kind, _, rest = name.partition("=")
        tracker, _, owner = ("", "", rest) if kind == "goal" else rest.partition("/")
        return cls(kind, tracker, owner)

    @property
    def name(self) -> str:
        """The name by which `--force` releases this group alone, such as `changes=jira/blog`."""
        return f"{self.kind}={'/'.join(part for part in (self.tracker, self.owner) if part)}"

    @property
    def names(self) -> frozenset[str]:
        """All names that release it: its own, and those of its kind, its tracker and its milestone."""
        wider = {self.name, self.kind}
        if self.tracker:
            wider |= {f"{self.kind}={self.tracker}", f"tracker={self.tracker}"}
        if self.tracker and self.owner not in ("", TOTAL, NOBODY):
            wider.add(f"milestone={self.owner}")
        return frozenset(wider)


@dataclass(frozen=True, slots=True)
class Release:
    """The values of `--force`: nothing, everything, or the names of groups."""

    everything: bool = False
    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Return whether anything is to be released."""
        return self.everything or bool(self.names)

    def frees(self, group: Group) -> bool:
        """Return whether this group is to be released."""
        return self.everything or not self.names.isdisjoint(group.names)

    def idle(self, groups: Iterable[str]) -> tuple[str, ...]:
        """Return the names that release none of these groups, sorted."""
        names = frozenset().union(*(Group.read(group).names for group in groups))
        return tuple(sorted(self.names - names))


def idle_warnings(release: Release, groups: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each name that releases nothing; `groups`: the names of all that limits hold."""
    names = ", ".join(sorted(groups))
    reason = f"there are {names}" if names else "no limit holds anything"
    return tuple(f"--force {name} releases nothing in this run: {reason}" for name in release.idle(groups))


NOTHING = Release()
ALL = Release(everything=True)


def read_release(values: Iterable[str], trackers: Collection[str], owners: Collection[str]) -> Release:
    """Return what these values of `--force` release; `owners`: ids of goals, key results and milestones.

    Raises ValueError, with the values that are allowed.
    """
    given = tuple(dict.fromkeys(values))
    if EVERYTHING in given:
        return ALL
    for value in given:
        _check(value, trackers, owners)
    return Release(names=frozenset(given))


def _check(value: str, trackers: Collection[str], owners: Collection[str]) -> None:
    kind, equals, rest = value.partition("=")
    if (kind not in KINDS and kind not in ("tracker", "milestone")) or (equals and not rest):
        raise ValueError(
            f'--force "{value}": write --force alone for everything, one of {", ".join(KINDS)}, or one of '
            f"goal=ID, milestone=ID, tracker=NAME, {_FORMS}; `milepost plan` says which name releases what"
        )
    if not equals:
        if kind in KINDS:
            return
        raise ValueError(f'--force "{value}": say which, such as {kind}={next(iter(trackers), "NAME")}')
    tracker, _, owner = ("", "", rest) if kind in ("goal", "milestone") else rest.partition("/")
    if tracker and tracker not in trackers:
        raise ValueError(f'--force "{value}": there is no tracker "{tracker}", only {", ".join(trackers)}')
    if owner and owner not in (*owners, TOTAL, NOBODY):
        raise ValueError(f'--force "{value}": no goal, key result or milestone has the id "{owner}"')


_FORMS = "removals=NAME, lost=NAME, changes=NAME/ID, first=NAME/ID"
