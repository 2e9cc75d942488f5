"""Lost answers to edits, removals and changes of labels, in a run and while one is taken back."""

from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Lost
from tests.runs import CLOUD, DATACENTER, READS, House, Standing, house, percents

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
WRITES = rf"^(?!.*(?:{READS.pattern}))"


def lose(here: House, method: str, times: int = 1) -> Fault:
    """Lose the answers to so many writes of one method."""
    fault = Fault(kind=Lost(), path=WRITES, method=method, times=times)
    here.server.plan(fault)
    return fault


def alike(standing: dict[str, Standing]) -> dict[str, Standing]:
    """A world without the order of comments."""
    return {key: Standing(each.labels, tuple(sorted(each.comments))) for key, each in standing.items()}


@FACES
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_to_a_change_leaves_what_was_meant(
    method: str, times: int, face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        here.github.close("acme/site#4")
        here.github.remove_sub_issue("acme/site#1", "acme/site#5")
        fault = lose(here, method, times)
        here.sync()
        assert fault.fired == times
        here.server.clear_faults()
        here.agreed()
        assert percents(here.ours()["BLOG-1"])[0] == 90
        assert all(len(each.ours) <= 1 for each in here.standing().values())


@FACES
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_lost_answer_while_everything_is_taken_back_leaves_the_world_as_before(
    method: str, face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        before, definitions = here.standing(), here.definitions()
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        here.jira.transition("BLOG-4", "To Do")
        lose(here, method)
        here.undo(everything=True)
        here.server.clear_faults()
        here.undo(everything=True)
        assert alike(here.standing()) == alike(before)
        assert here.definitions() == definitions
