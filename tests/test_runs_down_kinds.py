"""A tracker that is down under what rests on it by a label, by a key result's own work, or by a query."""

from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Status
from core.engine.model import Unmeasured
from tests.runs import MARKETING, House, house, milestone

BY_LABEL = '\n[milestones.party]\ntitle = "Throw a party"\nleads_to = "visitors"\ntracking = "MKT-7"\n'
OWN_WORK = '\n[[key_results.leads.rules]]\nrepository = "acme/site"\nlabel = "leads"\n'
BY_QUERY = milestone("asked", 'search = "label:asked"', 'tracking = "MKT-7"')


def furnished(here: House) -> House:
    here.jira.create_issue("MKT", "What the others track", type="Epic")
    for title, label in (("Invite", "milestone/party"), ("Cook", "milestone/party"), ("Call", "leads")):
        here.github.create_issue("acme/site", title, labels=[label])
    here.github.create_issue("acme/site", "Ask", labels=["asked"])
    return here


def down(here: House) -> None:
    here.server.plan(Fault(kind=Status(503), site="github", times=None))


@pytest.mark.parametrize(("more", "name"), [(BY_LABEL, "party"), (BY_QUERY, "asked")])
def test_a_milestone_whose_tasks_are_on_a_tracker_that_is_down_waits(
    more: str, name: str, tmp_path: Path
) -> None:
    with house(tmp_path, mapping=MARKETING + more) as here:
        furnished(here)
        here.agreed()
        before = here.ours()["MKT-7"]
        labels = here.labels()
        down(here)
        for _ in range(2):
            here.world.clock.advance(90_000)
            report = here.sync()
            measure = report.conclusion.evaluation.state.milestones[name].measure
            assert isinstance(measure, Unmeasured)
            assert "github not read since" in measure.reason
            assert here.ours()["MKT-7"] == before
            github = {key: names for key, names in labels.items() if "#" in key}
            assert {key: here.labels()[key] for key in github} == github
        here.server.clear_faults()
        here.agreed()
        assert here.ours()["MKT-7"] == before


def test_a_key_result_whose_own_work_is_on_a_tracker_that_is_down_waits(tmp_path: Path) -> None:
    without_metric = MARKETING.replace(
        'metric = { start = 0, target = 10, current = 4, as_of = 2027-02-12, unit = "%" }\n', ""
    )
    assert without_metric != MARKETING
    with house(tmp_path, mapping=without_metric + OWN_WORK) as here:
        furnished(here)
        here.agreed()
        before = here.ours()["MKT-1"]
        down(here)
        report = here.sync()
        own = report.conclusion.evaluation.state.key_results["leads"].own
        assert own is not None
        assert isinstance(own.measure, Unmeasured)
        assert "github not read since" in own.measure.reason
        assert here.ours()["MKT-1"] == before
        here.server.clear_faults()
        here.agreed()
        assert here.ours()["MKT-1"] == before
