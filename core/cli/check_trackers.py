"""What `milepost check` asks the trackers."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Protocol, runtime_checkable

from connectors.audience import Audience
from connectors.errors import TrackerError
from connectors.http.urls import site_of
from connectors.models import Capability, Finding, Interest
from core.cli.open_context import context_of
from core.cli.wiring import App
from core.publish.publish_policy import PublishPolicy
from core.publish.visibility import Audiences, Readers
from core.settings import Config, SettingsProblems
from core.settings.overlap import overlapping
from core.settings.statuses import KINDS, unmatched_statuses
from core.steps.evaluate_run import stored_evaluation
from core.steps.item_audiences import audiences_of
from core.steps.unmatched import unmatched
from mappings.parse import read
from mappings.rules.ruleset import RuleSet


def needs(policy: PublishPolicy, has_definitions: bool) -> frozenset[Capability]:
    """What the enabled features need of an account."""
    requested = {Capability.READ}
    if policy.comments.enabled:
        requested.add(Capability.COMMENT)
    if policy.labels.enabled:
        requested.add(Capability.LABEL)
        if has_definitions:
            requested.add(Capability.DEFINE_LABELS)
    return frozenset(requested)


def findings(app: App) -> Iterator[Finding]:
    """What each tracker's own check says of its reach, its credentials and the account's permissions."""
    for name, tracker in app.trackers.items():
        requested = needs(app.config.settings.publish, tracker.info.has_label_definitions)
        try:
            result = tracker.check(requested)
        except TrackerError as error:
            yield Finding(name, False, error.reason, error.hint)
        else:
            yield from (Finding(f"{name}: {item.what}", item.ok, item.reason, item.hint) for item in result)


def missing_issues(app: App) -> Iterator[Finding]:
    """Issues that the mapping names and that the trackers do not have."""
    compiled = RuleSet.compile(app.loaded.mapping, app.config.infos, lambda _tracker, _key: None)
    for name, tracker in app.trackers.items():
        interest: Interest = compiled.interest(name)
        requested = sorted(interest.keys | interest.roots)
        if not requested:
            continue
        try:
            there = {issue.ref.key for issue in tracker.reader.fetch(requested).issues}
            # A key that moved is found under its new name, so it is asked for alone.
            alone = {key: tracker.reader.fetch([key]).issues for key in requested if key not in there}
        except TrackerError as error:
            yield Finding(f"{name}: issues that the mapping names", False, error.reason, error.hint)
            continue
        missing = [key for key, issues in alone.items() if not issues]
        for key, issues in alone.items():
            for issue in issues:
                today = issue.ref.key
                hint = f"Write {today} in the mapping; until then {key} goes on meaning it"
                yield Finding(f"{name}: {key} in the mapping", True, f"called {today} today", hint)
        yield Finding(
            f"{name}: issues that the mapping names",
            not missing,
            f"{len(requested) - len(missing)} of {len(requested)} found"
            + (f"; not found: {', '.join(missing)}" if missing else ""),
            "Correct the key in the mapping, or let the account see the issue" if missing else "",
        )


def older_names(app: App) -> Iterator[Finding]:
    """Projects and repositories that the mapping names otherwise than they are called today.

    By the names in the store, which has all of each one after the first run.
    """
    compiled = RuleSet.compile(app.loaded.mapping, app.config.infos, lambda _tracker, _key: None)
    resolve = app.store.resolver()
    for tracker, containers in app.store.containers().items():
        if tracker not in app.trackers:
            continue
        for name in sorted(compiled.interest(tracker).containers):
            names = resolve.container_names(tracker, name)
            today = [
                container.container.name
                for container in containers
                if container.container.name.casefold() in names
            ]
            if today and name.casefold() not in {item.casefold() for item in today}:
                hint = f"Write {today[0]} in the mapping; until then {name} goes on meaning it"
                yield Finding(f"{tracker}: {name} in the mapping", True, f"called {today[0]} today", hint)


def matching(app: App) -> Iterator[str]:
    """What of the mapping matches nothing that was last read; for issues see `missing_issues`."""
    unread = [name for name in app.trackers if app.store.pull_state(name).read_at is None]
    if unread:
        names = ", ".join(unread)
        yield (
            f"{names}: never read, so labels, types and other names in rules were compared with nothing; "
            "`milepost plan` reads, and tells which of them no issue bears"
        )
    if len(unread) == len(app.trackers):
        return
    with stored_evaluation(context_of(app)) as existing:
        prefix = app.config.settings.publish.labels.prefix
        yield from map(str, unmatched(existing, app.store, app.loaded.problem, prefix, issues=False))
        source = read(app.config.file, str(app.config.file), [])
        if unread or source is None:
            return
        infos = app.config.infos
        borne = existing.rollup.names([(info.name, kind) for info in infos for kind in KINDS])
        yield from map(str, unmatched_statuses(source, app.config.settings.progress, infos, borne))


def audiences(app: App) -> Iterator[Finding]:
    """Whom goals and milestones are meant for, and which of them places do not name, as far as was read."""
    goals, usual = app.loaded.mapping, app.config.settings.publish.audience
    infos = {info.name: info for info in app.config.infos}
    existing = audiences_of(app.store, infos, goals, usual)
    items = [*goals.goals.values(), *goals.key_results.values(), *goals.milestones.values()]
    silent = sum(item.audience is None for item in items)
    message = (
        f"{len(items) - silent} of {len(items)} say so themselves, the others are meant for: {usual.value}"
    )
    hint = "Set audience in the mapping, or [publish] audience for all that say nothing of it"
    yield Finding(
        "whom goals, key results and milestones are meant for", True, message, hint if silent else ""
    )
    for name, tracker in existing.trackers.items():
        for place, audience in sorted(tracker.places.items()):
            hidden = [item.id for item in items if audience and not _named(existing, item.id, audience)]
            if hidden:
                reported = (
                    f"{place} is {audience}: comments and labels there do not name {len(hidden)} of them"
                )
                yield Finding(f"{name}: audience", True, reported, f"Among them {', '.join(hidden[:3])}")
            elif audience is None:
                reported = f"who may read {place} is not known, so that nothing is written there"
                yield Finding(f"{name}: audience", False, reported, f"Set audiences in [trackers.{name}]")
        remembered = app.store.containers().get(name, ())
        names = {entry.container.name.casefold() for entry in remembered}
        unknown = [place for place in infos[name].audiences if names and place not in names]
        for place in unknown:
            reported = f"the settings name {place}, and no issue of it was read"
            yield Finding(f"{name}: audiences", True, reported, "Correct the name, if it is wrong")


def _named(existing: Audiences, name: str, audience: Audience) -> bool:
    return Readers(audience).may_read(existing.items[name])


@runtime_checkable
class Sited(Protocol):
    """A tracker whose server tells its own address; another tracker may reach that by another name."""

    def site(self) -> str:
        """The address as a base URL. May raise TrackerError."""
        ...


def refuse_same_sites(config: Config, trackers: Mapping[str, object]) -> None:
    """Raises SettingsProblems for trackers that lead to one site by what their servers tell.

    Only where they read the same issues. The addresses in the settings were compared when these were read.
    """
    reported: dict[str, str] = {}
    for name, tracker in trackers.items():
        if isinstance(tracker, Sited):
            with suppress(TrackerError, ValueError):  # `findings` reports what cannot be reached
                reported[name] = site_of(tracker.site())
    source = read(config.file, str(config.file), [])
    wrong = tuple(overlapping(source, config.trackers, reported)) if source is not None else ()
    if wrong:
        raise SettingsProblems(wrong)
