"""What benchmarks measure on: a mapping of 1,000 rules, and issues that it tags, everywhere alike."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from connectors.models import Issue, IssueRef, StatusCategory

RULES = 1_000
PATTERNS = 20
MILESTONES = 100
AREAS = 1_500
"""Labels `area-N`; rules ask for the first 1,000 of them, so that some issues are tagged by none."""
QUARTERS = 4
PER_MILESTONE = RULES // MILESTONES
STEP = RULES // PATTERNS
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_WORDS = (
    "blog", "page", "checkout", "invoice", "sitemap", "failover", "runbook", "letter", "campaign",
    "header", "footer", "import", "export", "login", "report", "release", "search", "upload",
    "avatar", "theme", "filter", "address", "currency", "delivery", "basket", "voucher",
)  # fmt: skip
_BODY = (
    "What we saw: the page takes long to appear on the first visit of the day, and sometimes stays empty."
    " What we want: it appears in under two seconds, also for people far away.\n\n"
    "- [x] find out where the time goes\n- [ ] mend it\n- [ ] measure again\n\n"
    "See also the report of last quarter, page 12, and what support wrote about it.\n"
)


@dataclass(frozen=True, slots=True)
class Spec:
    """One rule of the mapping, in a form that the floors can read as well."""

    owner: str
    kind: Literal["label", "any", "all", "title"]
    values: tuple[str, ...]

    @property
    def toml(self) -> str:
        """The rule as a table of a mapping file."""
        match self.kind:
            case "label":
                said = f'label = "{self.values[0]}"'
            case "title":
                said = f"title = '{self.values[0]}'"
            case _:
                said = f"label = {{ {self.kind} = {list(self.values)} }}"
        return f"[[milestones.{self.owner}.rules]]\n{said}\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One issue, whichever tracker it will stand in."""

    title: str
    body: str
    labels: tuple[str, ...]
    done: bool


def specs(milestones: int = MILESTONES) -> tuple[Spec, ...]:
    """Ten rules a milestone: a fiftieth title patterns, the rest by label: one, any of two, two together."""
    return tuple(_spec(place) for place in range(milestones * PER_MILESTONE))


def _spec(place: int) -> Spec:
    owner = f"m{place // PER_MILESTONE:03d}"
    if place % STEP == 0:
        one, other = _WORDS[place // STEP], _WORDS[-1 - place // STEP % 5]
        return Spec(owner, "title", (rf"^\[{one}-\d+\]" if place // STEP % 2 else rf"\b{one}s? {other}\b",))
    area = f"area-{place}"
    if place % 7 == 3:
        return Spec(owner, "any", (area, f"squad-{place}"))
    if place % 7 == 5:
        return Spec(owner, "all", (area, f"q{place % QUARTERS}"))
    return Spec(owner, "label", (area,))


def further(milestones: int, stones: int) -> Iterator[Spec]:
    """The one rule of each milestone beyond the first ones."""
    for place in range(milestones, stones):
        yield Spec(f"m{place:03d}", "label", (f"more-{place}",))


def rows(
    count: int, seed: int = 1, areas: Sequence[int] = range(AREAS), more: range = range(0)
) -> Iterator[Row]:
    """That many issues, the same ones every time.

    Their areas are drawn from `areas`, and labels of further milestones from `more`.
    """
    draw = random.Random(seed)
    for place in range(count):
        words = draw.sample(_WORDS, 4)
        head = f"[{words[0]}-{place}] " if place % 97 == 0 else ""
        title = f"{head}{words[1].title()} {words[2]} after the {words[3]} {place}"
        labels = [f"area-{draw.choice(areas)}" for _ in range(1 if more else 2)]
        if more and draw.random() < 0.6:
            labels.append(f"more-{draw.choice(more)}")
        labels.append(f"q{draw.randrange(QUARTERS)}")
        if place % 11 == 0:
            labels.append(f"squad-{draw.randrange(RULES)}")
        yield Row(title, _BODY * (1 + place % 4), tuple(dict.fromkeys(labels)), draw.random() < 0.45)


def issues(count: int, seed: int = 1, more: range = range(0), first: int = 1) -> Iterator[Issue]:
    """Such issues as milepost holds them, of a Jira named `jira`; the first one is BENCH-`first`."""
    for place, row in enumerate(rows(count, seed, more=more), first):
        yield Issue(
            ref=IssueRef("jira", str(10_000_000 + place), f"BENCH-{place}"),
            url=f"https://jira.example/browse/BENCH-{place}",
            title=row.title,
            container="BENCH",
            status="Done" if row.done else "To Do",
            category=StatusCategory.DONE if row.done else StatusCategory.TODO,
            resolution="Done" if row.done else None,
            type="Task",
            level=0,
            priority="Medium",
            labels=row.labels,
            assignees=("5f0000000000000000000009", "Ana"),
            created=BEGIN,
            updated=BEGIN,
            resolved=BEGIN if row.done else None,
        )


def mapping(tracked: Sequence[str] = (), milestones: int = MILESTONES, stones: int = 0) -> str:
    """The mapping file: five goals, ten key results, the milestones with ten rules each.

    `tracked`: issues that bear the comments of the first milestones, one each. `stones`: so many
    milestones altogether; those beyond `milestones` have one rule each, on a label of their own.
    """
    parts = []
    for goal in range(5):
        parts.append(f'[goals.g{goal}]\ntitle = "Goal {goal}"\nstart = 2026-01-01\ndue = 2027-12-31\n')
    for result in range(10):
        parts.append(f'[key_results.k{result}]\ngoal = "g{result % 5}"\ntitle = "Result {result}"\n')
    by_owner: dict[str, list[Spec]] = {}
    for spec in specs(milestones):
        by_owner.setdefault(spec.owner, []).append(spec)
    for spec in further(milestones, stones):
        by_owner[spec.owner] = [spec]
    keys = iter(tracked)
    for place, (owner, several) in enumerate(by_owner.items()):
        key = next(keys, None)
        tracking = f'"{key}"' if key else "[]"
        parts.append(
            f'[milestones.{owner}]\ntitle = "Milestone {place}"\nleads_to = "k{place % 10}"\n'
            f"tracking = {tracking}\n"
        )
        parts.extend(spec.toml for spec in several)
    return "\n".join(parts)


def install(
    folder: Path,
    trackers: dict[str, str],
    tracked: Sequence[str] = (),
    *,
    milestones: int = MILESTONES,
    stones: int = 0,
) -> Path:
    """A configuration in this folder for trackers by name; the text is what stands in their tables."""
    (folder / "mapping.toml").write_text(mapping(tracked, milestones, stones), encoding="utf-8")
    tables = "\n".join(f"[trackers.{name}]\n{text}" for name, text in trackers.items())
    config = folder / "config.toml"
    config.write_text(
        f'mappings = ["mapping.toml"]\n\n{tables}\n\n[store]\npath = "milepost.db"\n\n'
        '[publish]\ninstance = "bench"\n\n[publish.labels]\nenabled = false\n',
        encoding="utf-8",
    )
    return config
