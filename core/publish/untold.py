"""Finds label definitions of ours that show the readers of a repository what they may not see."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from connectors.interface import TrackerInfo
from connectors.models import IssueRef, LabelDefinition
from core.publish.actions import DefineLabel, RemoveLabelDefinition
from core.publish.labels import owned, possible_labels
from core.publish.publish_policy import LabelPolicy
from core.publish.visibility import Audiences, Readers
from mappings.goal_tree import GoalTree

SAYS_TOO_MUCH = "its readers are not meant to know what it names"


@dataclass(frozen=True, slots=True)
class Untold:
    """Which names and descriptions of labels must not be shown to some readers, and which may."""

    names: frozenset[str]
    """Casefolded names of labels that name only what the readers may not see."""
    descriptions: frozenset[str]
    """Descriptions with titles that the readers may not see."""
    allowed: Mapping[str, LabelDefinition]
    """By casefolded name: labels that the readers may see."""

    def __bool__(self) -> bool:
        """Return whether there is anything that the readers may not see."""
        return bool(self.names or self.descriptions)


class UntoldLabels:
    """Decides for each project or repository what its label definitions must not show."""

    def __init__(
        self, goals: GoalTree, policy: LabelPolicy, infos: Mapping[str, TrackerInfo], audiences: Audiences
    ) -> None:
        self._goals = goals
        self._policy = policy
        self._infos = infos
        self._audiences = audiences
        self._made = cache(self._make)

    def readers(self, tracker: str, container: str) -> Readers | None:
        """Return who may read a container's label definitions; None where that is not known."""
        return self._audiences.of(IssueRef(tracker, "", f"{container}#0"))

    def of(self, tracker: str, container: str) -> Untold | None:
        """Return what may not be shown there; None where it is not known who may read it."""
        readers = self.readers(tracker, container)
        return None if readers is None or tracker not in self._infos else self._made(tracker, readers)

    def names(self, ref: IssueRef, labels: Iterable[str]) -> bool:
        """Return whether any of these labels names what the readers of an issue may not see."""
        readers = self._audiences.of(ref)
        if readers is None or ref.tracker not in self._infos:
            return False
        return any(label.casefold() in self._made(ref.tracker, readers).names for label in labels)

    def actions(
        self, tracker: str, container: str, defined: Iterable[LabelDefinition]
    ) -> Iterator[DefineLabel | RemoveLabelDefinition]:
        """Yield the removal or new description of each defined label that shows too much."""
        untold = self.of(tracker, container)
        if not untold:
            return
        for label in sorted(defined):
            name = label.name.casefold()
            if not owned([label.name], self._policy.prefix):
                continue
            if name in untold.names:
                yield RemoveLabelDefinition(tracker, container, label.name, SAYS_TOO_MUCH)
            elif label.description in untold.descriptions and name in untold.allowed:
                yield DefineLabel(tracker, container, untold.allowed[name], label, SAYS_TOO_MUCH)

    def _make(self, tracker: str, readers: Readers) -> Untold:
        view, info = self._audiences.view(readers), self._infos[tracker]
        hidden: list[LabelDefinition] = []
        allowed: dict[str, LabelDefinition] = {}
        items = [
            *(("goal", item.id, item.title) for item in self._goals.goals.values()),
            *(("key result", item.id, item.title) for item in self._goals.key_results.values()),
            *(("milestone", item.id, item.title) for item in self._goals.milestones.values()),
        ]
        for kind, id_, title in items:
            labels = possible_labels(kind, id_, title, self._policy, info)
            if view.item(id_):
                for label in labels:
                    allowed.setdefault(label.name.casefold(), label)
            else:
                hidden += labels
        allowed_descriptions = {label.description for label in allowed.values()}
        return Untold(
            frozenset(label.name.casefold() for label in hidden) - allowed.keys(),
            frozenset(label.description for label in hidden) - allowed_descriptions,
            allowed,
        )
