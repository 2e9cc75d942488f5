"""Changes whose answer is lost: what comes to the same when done twice is done again, once."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from connectors.errors import AnswerLost, Missing, Refused
from connectors.models import PostedComment
from core.publish.actions import Action, ChangeLabels, DefineLabel, DeleteComment, RemoveLabelDefinition
from tests.publish_builders import EPIC
from tests.test_publish_apply import (
    BODIES,
    LABEL,
    MARKS,
    Board,
    a_board,
    create,
    error,
    outcomes,
    relabel,
    run,
)

OURS = PostedComment("7", BODIES[0], mine=True, mark=MARKS[0])


def furnished(board: Board) -> Board:
    """With a comment of ours, a label of ours on the issue, and its definition."""
    here = board.world[EPIC]
    board.world[EPIC] = replace(here, comments=(OURS,), labels=("mp/old", *here.labels))
    board.defined = {"mp/old": replace(LABEL, name="mp/old")}
    return board


CHANGES: dict[str, tuple[Action, Callable[[Board], bool]]] = {
    "edit": (
        replace(create(1), before=OURS),
        lambda board: [one.body for one in board.world[EPIC].comments] == [BODIES[1]],
    ),
    "removal": (DeleteComment(EPIC, "blog", OURS, "gone"), lambda board: board.world[EPIC].comments == ()),
    "labels": (relabel(), lambda board: set(board.world[EPIC].labels) >= {LABEL.name, "mp/old"}),
    "labels off": (
        ChangeLabels(EPIC, (), ("mp/old",)),
        lambda board: "mp/old" not in board.world[EPIC].labels,
    ),
    "definition": (DefineLabel("jira", "BLOG", LABEL), lambda board: board.defined[LABEL.name] == LABEL),
    "removal of a definition": (
        RemoveLabelDefinition("jira", "BLOG", "mp/old"),
        lambda board: board.defined == {},
    ),
}
EACH = pytest.mark.parametrize("name", CHANGES)


@EACH
@pytest.mark.parametrize("fate", ["written", "not written"])
def test_a_change_whose_answer_is_lost_is_done_once_more_and_is_done_then(name: str, fate: str) -> None:
    action, right = CHANGES[name]
    board = furnished(a_board(error(AnswerLost, fate)))
    [written] = run([action], board)
    assert (written.outcome, board.writes) == ("done", 2)
    assert right(board)


@EACH
def test_a_change_whose_answer_is_lost_twice_is_unknown_and_the_next_is_tried(name: str) -> None:
    action, right = CHANGES[name]
    board = furnished(a_board(error(AnswerLost, "written"), error(AnswerLost, "written")))
    written = run([action, relabel()], board)
    assert outcomes(written) == ["unknown", "done"]
    assert written[0].reason.endswith("the next run looks again")
    assert written[0].cause == "unavailable"
    assert board.writes == 3
    assert right(board)


@EACH
@pytest.mark.parametrize("kind", [Refused, Missing])
def test_a_change_that_is_refused_after_a_lost_answer_has_failed(
    name: str, kind: type[Refused] | type[Missing]
) -> None:
    action, _ = CHANGES[name]
    board = furnished(a_board(error(AnswerLost, "not written"), error(kind)))
    [written] = run([action], board)
    assert (written.outcome, written.cause, board.writes) == ("failed", "refused", 2)
