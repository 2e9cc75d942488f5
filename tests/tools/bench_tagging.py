"""Tagging: milepost's index, the ideal one for these very rules, and the loop over all rules."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any

from connectors.models import Issue
from tests.tools.bench_kit import Cost, Figure, Scale, interleaved, measured, ratio, walls
from tests.tools.bench_world import PER_MILESTONE, Spec, issues, mapping, specs

SHARE = 50
"""The loop over all rules gets one issue in so many; its time is multiplied."""
Found = list[tuple[tuple[str, int], ...]]
"""By issue: owner and position of the rule that tags it, sorted."""


def tag_milepost(count: int, milestones: int) -> Callable[[], dict[str, Any]]:
    """Compile and tag as a run does; the issues are there before the clock starts."""
    from connectors.jira.settings import JiraSettings
    from mappings.load import load
    from mappings.rules.ruleset import RuleSet
    from tests.tools.bench_kit import folder

    info = JiraSettings.model_validate({"url": "https://jira.example", "projects": ["BENCH"]}).info("jira")
    with folder() as place:
        (place / "mapping.toml").write_text(mapping(milestones=milestones), encoding="utf-8")
        loaded = load(["mapping.toml"], place, (info,))
    world = list(issues(count))

    def run() -> dict[str, Any]:
        tagger = RuleSet.compile(loaded.mapping, (info,), lambda _tracker, _key: None).tagger({})
        found = [tagger(issue, ()) for issue in world]
        return {"found": [tuple((tag.owner, tag.rule.position) for tag in tags) for tags in found]}

    return run


def tag_ideal(count: int, milestones: int) -> Callable[[], dict[str, Any]]:
    """A dictionary from labels to rules, and all patterns behind one that is their alternative."""
    world, rules = list(issues(count)), specs(milestones)
    return lambda: {"found": ideal(world, rules)}


def tag_naive(count: int, milestones: int) -> Callable[[], dict[str, Any]]:
    """Every rule asked about every issue."""
    world, rules = list(issues(count)), specs(milestones)
    return lambda: {"found": naive(world, rules)}


class Index:
    """The ideal for these very rules: from labels to rules, and one pattern that tells whether any fits."""

    def __init__(self, rules: Iterable[Spec]) -> None:
        self.by_label: dict[str, list[tuple[int, str, str | None]]] = {}
        self.patterns: list[tuple[int, str, re.Pattern[str]]] = []
        for place, rule in enumerate(rules):
            if rule.kind == "title":
                self.patterns.append((place, rule.owner, re.compile(rule.values[0], re.IGNORECASE)))
            elif rule.kind == "all":
                self.by_label.setdefault(rule.values[0], []).append((place, rule.owner, rule.values[1]))
            else:
                for label in rule.values:
                    self.by_label.setdefault(label, []).append((place, rule.owner, None))
        alternatives = "|".join(f"(?:{each.pattern})" for _, _, each in self.patterns)
        self.some = re.compile(alternatives, re.IGNORECASE)


def ideal(world: list[Issue], rules: Iterable[Spec]) -> Found:
    """Tags by that index, in one loop without any call to a function of ours."""
    index = Index(rules)
    by_label, patterns, some = index.by_label, index.patterns, index.some.search
    found: Found = []
    for issue in world:
        hits: list[tuple[int, str]] = []
        labels = [label.casefold() for label in issue.labels]
        for label in labels:
            for place, owner, other in by_label.get(label, ()):
                if other is None or other in labels:
                    hits.append((place, owner))
        if some(issue.title):
            hits += [(place, owner) for place, owner, each in patterns if each.search(issue.title)]
        first: dict[str, int] = {}
        for place, owner in sorted(hits):
            first.setdefault(owner, place % PER_MILESTONE + 1)
        found.append(tuple(sorted(first.items())))
    return found


def naive(world: list[Issue], rules: tuple[Spec, ...]) -> Found:
    """Tags by asking every rule."""
    patterns = {
        rule.values[0]: re.compile(rule.values[0], re.IGNORECASE) for rule in rules if rule.kind == "title"
    }
    found: Found = []
    for issue in world:
        first: dict[str, int] = {}
        labels = {label.casefold() for label in issue.labels}
        for place, rule in enumerate(rules):
            if rule.kind == "title":
                holds = patterns[rule.values[0]].search(issue.title) is not None
            elif rule.kind == "all":
                holds = all(value in labels for value in rule.values)
            else:
                holds = any(value in labels for value in rule.values)
            if holds:
                first.setdefault(rule.owner, place % PER_MILESTONE + 1)
        found.append(tuple(sorted(first.items(), key=itemgetter(0))))
    return found


def digest(found: Found) -> dict[str, Any]:
    """What two ways of tagging must agree on."""
    said = hashlib.sha256(repr(found).encode()).hexdigest()
    return {"digest": said, "tags": sum(map(len, found))}


def tagging(scale: Scale) -> Iterator[Figure]:
    """100,000 issues with 1,000 rules; raises AssertionError if the three do not agree."""
    count, some = scale.many, max(20, scale.many // SHARE)

    def tag(how: str, several: int) -> Callable[[], Cost]:
        return lambda: measured("tag", how, str(several), str(scale.milestones))

    ideals, ours, loops, sample = interleaved(
        scale.repetitions,
        tag("ideal", count),
        tag("milepost", count),
        tag("naive", some),
        tag("milepost", some),
    )
    for one, other in (*zip(ideals, ours, strict=True), *zip(loops, sample, strict=True)):
        if one.data != other.data:
            raise AssertionError(f"tags differ: {one.data} and {other.data}")
    what = f"tagging {count:,} issues with {scale.milestones * PER_MILESTONE:,} rules"
    yield ratio("tagging", f"{what}: wall", "ideal inverted index", walls(ideals), walls(ours), 1.5)
    slow = [wall * count / some for wall in walls(loops)]
    floor = f"naive loop, from {some:,} issues"
    yield ratio("tagging", f"{what}: times faster", floor, slow, walls(ours), 20, faster=True)
