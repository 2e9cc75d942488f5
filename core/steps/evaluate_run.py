"""Evaluates a run: the answers to the mapping's queries, contributions of what changed, and every number."""

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
    """The mapping's rules and the policies, made ready; queries are not answered yet."""
    listed = context.publish.comments.open_tasks
    return RollupRules.of(context.mapping, context.infos, context.store.resolver(), context.progress, listed)


def evaluate_pulls(
    context: RunContext,
    rules: RollupRules,
    pulls: Sequence[Pulled],
    edited_since: Mapping[str, datetime],
) -> Evaluation:
    """Ask the servers what the mapping's queries match, bring the roll-up into step, and measure.

    `edited_since`: by tracker, from when on an edit explains that a task counts otherwise.
    Raises Stopped and StoreError.
    """
    down = {pull.tracker: pull.since for pull in pulls if pull.down}
    present = rules.at_present(context.store.resolver())
    results = run_queries(present.compiled.queries, context.readers, down, context.store, context.stop)
    answered = replace(present, matches=results.matches)
    compared = any(pull.swept for pull in pulls)
    _bring_into_step(context, answered, edited_since, compared=compared)
    return _evaluate(context, answered, results, context.store.rollup(), down)


@contextmanager
def stored_evaluation(context: RunContext) -> Iterator[Evaluation]:
    """The same without asking any tracker; one whose last reading failed counts as down.

    Where the mapping was changed since, everything is evaluated by the new one, and nothing of that stored.
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
    """Work out the contributions of what changed, and note whose labels have to be compared.

    That is done by this run or a later one. `compared`: a tracker was compared with all that is there, so
    that names that went can be forgotten.
    """
    if in_step(context.store.rollup(), rules) and not compared:
        return
    with context.store.updating_rollup() as writer:
        done = refresh(writer, rules, context.stop.check, edited_since)
        if compared and not done.everything:
            writer.gather_names(context.stop.check)
        if done.everything or not context.publish.labels.enabled:
            writer.unsettle_all()
        else:
            writer.unsettle(sorted(done.keys))


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
