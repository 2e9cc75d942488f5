"""Evaluates a run: runs the mapping's queries, updates the roll-up where something changed, and measures."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from core.context import RunContext
from core.rollup.refresh import in_step, refresh
from core.rollup.rollup_rules import RollupRules
from core.steps import missing_fields
from core.steps.evaluate import Evaluation, evaluate, failing_containers
from core.steps.pull_changes import Pulled
from core.steps.queries import QueryResults, cached_results, run_queries
from core.store.rollup.rollup_interface import RollupReader


def rules_of(context: RunContext) -> RollupRules:
    """Return the mapping's rules and the policies, compiled; without the results of queries."""
    listed = context.publish.comments.open_tasks
    return RollupRules.of(context.mapping, context.infos, context.store.resolver(), context.progress, listed)


def evaluate_pulls(
    context: RunContext,
    rules: RollupRules,
    pulls: Sequence[Pulled],
    edited_since: Mapping[str, datetime],
) -> Evaluation:
    """Run the mapping's queries on the servers, bring the roll-up into step with the store, and measure.

    `edited_since`: see `edits_since` in `core.steps.jumps`. Raises Stopped and StoreError.
    """
    down = {pull.tracker: pull.since for pull in pulls if pull.down}
    present = rules.at_present(context.store.resolver())
    results = run_queries(present.compiled.queries, context.readers, down, context.store, context.stop)
    answered = replace(present, matches=results.matches)
    compared = any(pull.reconciled for pull in pulls)
    _bring_into_step(context, answered, edited_since, compared=compared)
    return _evaluate(context, answered, results, context.store.rollup(), down)


@contextmanager
def stored_evaluation(context: RunContext) -> Iterator[Evaluation]:
    """Evaluate what is stored, without asking a tracker; one whose last pull failed counts as down.

    Where the mapping or the policy was changed since the last run, the roll-up is made anew by the new one
    in a copy of the store, which is given up at the end.
    """
    states = {name: context.store.pull_state(name).believed(context.now) for name in context.infos}
    down = {name: state.read_at for name, state in states.items() if state.error or state.read_at is None}
    rules = rules_of(context)
    results = cached_results(rules.compiled.queries, context.store)
    answered = replace(rules, matches=results.matches)
    stored = context.store.rollup()
    if in_step(stored, answered):
        yield _evaluate(context, answered, results, stored, down)
        return
    with context.store.copied() as copy:
        with copy.updating_rollup() as writer:
            refresh(writer, answered)
        yield _evaluate(context, answered, results, copy.rollup(), down)


def _bring_into_step(
    context: RunContext, rules: RollupRules, edited_since: Mapping[str, datetime], *, compared: bool
) -> None:
    """Update the contributions of what changed, and store which issues' labels have to be compared.

    They are compared by this run or, if it is broken off, by a later one. `compared`: a tracker was
    reconciled, so that names that no issue bears any more are removed.
    """
    if in_step(context.store.rollup(), rules) and not compared:
        return
    with context.store.updating_rollup() as writer:
        done = refresh(writer, rules, context.stop.check, edited_since)
        if compared and not done.everything:
            writer.gather_names(context.stop.check)
        if done.everything or not context.publish.labels.enabled:
            writer.compare_all_labels_later()
        else:
            writer.compare_labels_later(sorted(done.keys))


def _evaluate(
    context: RunContext,
    rules: RollupRules,
    results: QueryResults,
    rollup: RollupReader,
    down: Mapping[str, datetime | None],
) -> Evaluation:
    resolve = context.store.resolver()
    return evaluate(
        rules,
        results,
        rollup,
        resolve,
        context.store.unread(),
        down,
        failing_containers(context.store, resolve, down),
        context.health,
        context.now,
        context.zone,
        missing_fields.problems(context.store, context.infos, rules.compiled),
        context.store.present_ids,
    )
