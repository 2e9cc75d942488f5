"""Who may read each place, and what these readers may see in a comment or label there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from connectors.audience import Audience
from connectors.models import IssueRef
from core.engine.model import Measure, Unmeasured, Why
from core.publish.key_container import container_of_key


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read a place, or for whom a text is meant."""

    audience: Audience
    circle: str = ""
    """Of RESTRICTED: which people, as `tracker/container` or `tracker/container/level`; empty: any."""

    def may_read(self, words: "Readers") -> bool:
        """Return whether all of these readers may read words that are meant for the readers `words`.

        They may if the audience of the words is at least as wide as theirs. Restricted words are for their
        own circle and circles within it; with an empty circle, for all who may read anything restricted.
        """
        if words.audience is Audience.RESTRICTED is self.audience:
            return not words.circle or f"{self.circle}/".startswith(f"{words.circle}/")
        return words.audience.narrowness <= self.audience.narrowness


@dataclass(frozen=True)
class TrackerAudience:
    """Who may read the places of one tracker."""

    others: Audience | None = None
    """The audience of places that `places` does not have; None: not known."""
    places: Mapping[str, Audience | None] = field(default_factory=dict)
    """By casefolded name of a project or repository: its audience; None: not known."""


@dataclass(frozen=True)
class Audiences:
    """Who may read each issue and item. By default the organisation may read everything."""

    trackers: Mapping[str, TrackerAudience] = field(default_factory=dict)
    """By tracker; one that is not in it is for the organisation."""
    levels: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By tracker and id of an issue: its security level."""
    items: Mapping[str, Readers] = field(default_factory=dict)
    """By id of goal, key result or milestone; one that is not in it is for the organisation."""
    leveled: bool = True
    """Whether any issue of `levels` is not gone."""

    def of(self, ref: IssueRef) -> Readers | None:
        """Return who may read an issue, by its key of today; None where that is not known."""
        container = container_of_key(ref).casefold()
        of_tracker = self.trackers.get(ref.tracker, _ORGANISATIONS)
        level = self.levels.get((ref.tracker, ref.id))
        circle = f"{ref.tracker}/{container}"
        if level is not None:
            return Readers(Audience.RESTRICTED, f"{circle}/{level}")
        audience = of_tracker.places.get(container, of_tracker.others)
        if audience is None:
            return None
        return Readers(audience, circle if audience is Audience.RESTRICTED else "")

    def view(self, readers: Readers | None) -> "View":
        """Return what these readers may see; None: readers who may see everything."""
        return View(self, readers)


NOBODY = Readers(Audience.PUBLIC)
"""In place of readers who are not known: they may see only what everybody may."""


def unknown_readers(ref: IssueRef) -> str:
    """Return why nothing is written to an issue of which it is not known who may read it."""
    return (
        f"it is not known yet who may read {container_of_key(ref)}; the next run asks again, "
        f"or set audience in [trackers.{ref.tracker}]"
    )


_ORGANISATIONS = TrackerAudience(Audience.ORGANISATION)
_USUAL = Readers(Audience.ORGANISATION)
_PLAIN: Mapping[Why, str] = {
    Why.SOURCE_DOWN: "something that it rests on was not read",
    Why.UNKNOWN_STATUS: "a status is of no known category",
    Why.UNREADABLE: "some issues could not be read",
    Why.NO_CHECK_IN: "no check-in yet",
    Why.NO_PARTS: "nothing measured leads to it",
    Why.PROBLEM: "a problem that has to be mended first",
    Why.NO_SCOPE: "no scope",
}
"""In place of a reason whose text may name what the readers may not see."""

WITHHELD = Unmeasured(Why.WITHHELD, "not shown here")
"""In place of a number that depends on figures which the readers may not see."""


@dataclass(frozen=True)
class View:
    """What the readers of one place may see."""

    audiences: Audiences = field(default_factory=Audiences)
    readers: Readers | None = None
    """None: they may see everything."""

    def item(self, name: str) -> bool:
        """Return whether they may see texts and figures of a goal, key result or milestone."""
        if self.readers is None:
            return True
        return self.readers.may_read(self.audiences.items.get(name, _USUAL))

    def issue(self, ref: IssueRef) -> bool:
        """Return whether they may read an issue; False where it is not known who may."""
        if self.readers is None:
            return True
        words = self.audiences.of(ref)
        return words is not None and self.readers.may_read(words)

    @cached_property
    def whole(self) -> bool:
        """Whether they may read every issue there is."""
        if self.readers is None:
            return True
        audiences = [
            audience
            for tracker in self.audiences.trackers.values()
            for audience in (*tracker.places.values(), tracker.others or Audience.ORGANISATION)
        ]
        if None in audiences or (self.audiences.levels and self.audiences.leveled):
            return False
        # Each restricted place has its own circle, so that no readers may read every place if one is
        # restricted.
        return all(
            audience is not Audience.RESTRICTED and self.readers.may_read(Readers(audience))
            for audience in audiences
            if audience is not None
        )

    def reason(self, measure: Measure, *names: str) -> Measure:
        """Return the measure; a reason that may name what they may not see is replaced by a general one.

        `names`: ids of goals, key results and milestones that the reason may name, beside issues and queries.
        """
        if not isinstance(measure, Unmeasured) or (self.whole and all(map(self.item, names))):
            return measure
        if measure.why is Why.NO_SCOPE and not names:
            return measure  # this reason names nothing
        return Unmeasured(measure.why, _PLAIN.get(measure.why, "it is not known"))
