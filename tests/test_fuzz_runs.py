"""Whole runs over answers that nobody documented: they end in words, and never in a silent 0% or 100%."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.sandbox.faults import Fault, Replace
from tests.hostile import CHANGES, Change, spoil
from tests.runs import CLOUD, DATACENTER, house, percents

LISTS = {"jira": r"/search|/bulkfetch", "github": r"/issues$|/graphql$|/sub_issues$"}
"""Where issues come from."""


@pytest.mark.parametrize(("site", "face"), [("jira", CLOUD), ("jira", DATACENTER), ("github", CLOUD)])
@hypothesis_settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(CHANGES, min_size=1, max_size=3), st.sampled_from([1, None]))
def test_a_run_over_spoiled_answers_says_so_and_the_next_good_one_is_right(
    tmp_path_factory: pytest.TempPathFactory,
    site: str,
    face: str,
    changes: list[Change],
    times: int | None,
) -> None:
    folder: Path = tmp_path_factory.mktemp("run")
    with house(folder, face) as here:
        here.agreed()
        before, foreign = {key: percents(body) for key, body in here.ours().items()}, here.foreign()
        here.jira.transition("BLOG-4", "In Progress")
        here.github.edit("acme/site#4", title="Another title")
        here.server.plan(Fault(kind=Replace(spoil(*changes)), site=site, path=LISTS[site], times=times))
        report = here.sync()
        assert report.line.isprintable()
        assert all(said.isprintable() and len(said) < 1_500 for said in report.conclusion.problems)
        for key, body in here.ours().items():
            assert not {0, 100} & set(percents(body)) - set(before.get(key, [])), (key, body.splitlines()[0])
        assert here.foreign() == foreign
        here.server.clear_faults()
        here.sync(force=True)
        here.sync(force=True)
        assert here.plan().plan.actions == ()
        assert {key: percents(body) for key, body in here.ours().items()} == before
        assert here.foreign() == foreign
