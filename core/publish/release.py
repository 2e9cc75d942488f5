"""Which of the things that a limit holds `--force` releases: everything, or single groups by their names."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

KINDS = {
    "goal": "a goal whose number jumped",
    "removals": "comments and labels that would be removed",
    "changes": "more changes than allowed",
    "first": "a first publication with more changes than allowed",
    "lost": "issues of a tracker that are gone",
}
"""What can be held, by the word that releases it."""
TOTAL = "_total"
"""Stands for a tracker as a whole where the id of a milestone, key result or goal could stand."""
NOBODY = "_none"
"""Stands for what no milestone, key result or goal counts any more."""
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Group:
    """What one limit holds together."""

    kind: str
    """One of `KINDS`."""
    tracker: str = ""
    """Empty for a goal."""
    owner: str = ""
    """The id of a goal, milestone or key result, `TOTAL` or `NOBODY`; empty where there is none."""

    @classmethod
    def read(cls, name: str) -> "Group":
        """The group of this name, as `name` has it."""
        kind, _, rest = name.partition("=")
        tracker, _, owner = ("", "", rest) if kind == "goal" else rest.partition("/")
        return cls(kind, tracker, owner)

    @property
    def name(self) -> str:
        """By which `--force` releases it and nothing else."""
        return f"{self.kind}={'/'.join(part for part in (self.tracker, self.owner) if part)}"

    @property
    def names(self) -> frozenset[str]:
        """All by which `--force` releases it: also with others of its kind, its tracker or its milestone."""
        wider = {self.name, self.kind}
        if self.tracker:
            wider |= {f"{self.kind}={self.tracker}", f"tracker={self.tracker}"}
        if self.tracker and self.owner not in ("", TOTAL, NOBODY):
            wider.add(f"milestone={self.owner}")
        return frozenset(wider)


@dataclass(frozen=True, slots=True)
class Release:
    """What `--force` was given: nothing, everything, or the names of groups."""

    everything: bool = False
    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is to be released."""
        return self.everything or bool(self.names)

    def frees(self, group: Group) -> bool:
        """Whether this group is to be released."""
        return self.everything or not self.names.isdisjoint(group.names)

    def idle(self, groups: Iterable[str]) -> tuple[str, ...]:
        """What of it releases nothing where only these groups are there to be released."""
        names = frozenset().union(*(Group.read(group).names for group in groups))
        return tuple(sorted(self.names - names))


def idle_warnings(release: Release, groups: Collection[str]) -> tuple[str, ...]:
    """A sentence for each name that `--force` was given for nothing; `groups`: all that limits hold."""
    several = ", ".join(sorted(groups))
    there = f"there are {several}" if several else "no limit holds anything"
    return tuple(f"--force {name} releases nothing in this run: {there}" for name in release.idle(groups))


NOTHING = Release()
ALL = Release(everything=True)


def read_release(values: Iterable[str], trackers: Collection[str], owners: Collection[str]) -> Release:
    """What these values of `--force` release; `owners`: ids of goals, key results and milestones.

    Raises ValueError that says what can be written.
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
