"""What it costs a run to tell what of the mapping matches nothing."""

import time
from collections.abc import Iterator
from datetime import UTC

from tests.tools.bench_kit import Figure, Scale, folder, plain
from tests.tools.bench_store import NOW
from tests.tools.bench_world import PER_MILESTONE, issues, mapping


def unmatched(scale: Scale) -> Iterator[Figure]:
    """In a store that is in step; and what gathering all names anew costs once a day."""
    from connectors.interface import Page, Pull
    from connectors.jira.settings import JiraSettings
    from core.engine.policy import HealthPolicy, ProgressPolicy
    from core.rollup.refresh import refresh
    from core.rollup.rollup_rules import RollupRules
    from core.steps import unmatched as step
    from core.steps.evaluate import evaluate
    from core.steps.queries import QueryResults
    from core.store import open_store
    from mappings.load import load

    info = JiraSettings.model_validate({"url": "https://jira.example", "projects": ["BENCH"]}).info("jira")
    told, gathered = [], []
    with folder() as place, open_store(place / "milepost.db") as store:
        (place / "mapping.toml").write_text(mapping(milestones=scale.milestones), encoding="utf-8")
        loaded = load(["mapping.toml"], place, (info,))
        store.save_pull("jira", Pull("cursor", iter([Page(tuple(issues(scale.many)))]), full=True), NOW)
        rules = RollupRules.of(loaded.mapping, {"jira": info}, store.resolver(), ProgressPolicy(), 10)
        with store.updating_rollup() as writer:
            refresh(writer, rules)
        resolve, health = store.resolver(), HealthPolicy()
        evaluation = evaluate(rules, QueryResults(), store.rollup(), resolve, {}, {}, (), health, NOW, UTC)
        for _ in range(scale.repetitions):
            began = time.process_time()
            step.unmatched(evaluation, store, loaded.problem, "mp/")
            told.append((time.process_time() - began) * 1000)
            began = time.process_time()
            with store.updating_rollup() as writer:
                writer.gather_names(lambda: None)
            gathered.append(time.process_time() - began)
    what = f"{scale.many:,} issues, {scale.milestones * PER_MILESTONE:,} rules"
    yield plain(
        "unmatched",
        f"telling what matches nothing, in each run, processor: {what}",
        "nothing",
        told,
        60,
        "ms",
    )
    yield plain(
        "unmatched", f"gathering all names, once a day, processor: {what}", "nothing", gathered, 3, "s"
    )
