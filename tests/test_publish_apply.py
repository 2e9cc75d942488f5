"""Applying a plan and taking it back, against a small tracker in memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from connectors.errors import (
    AnswerLost,
    BadConfiguration,
    InvalidResponse,
    Missing,
    Refused,
    TrackerDown,
    TrackerError,
    Unavailable,
)
from connectors.models import (
    Fate,
    Interest,
    IssueRef,
    LabelDefinition,
    Page,
    Posted,
    PostedComment,
    Pull,
    Survey,
    Whereabouts,
)
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.publish.apply import STOPPED, apply
from core.publish.undo_plan import undo_plan
from tests.publish_builders import EPIC, TRACKING, posted

MARKS = [f"milepost:default:10001:{digit * 12}" for digit in "0123"]
BODIES = [f"text {place}\n{{{{{mark}}}}}" for place, mark in enumerate(MARKS)]
LABEL = LabelDefinition("mp/health/on-track", "2da44e", "Health")


@dataclass
class Board:
    """One tracker in memory, reader and writer in one.

    `faults` holds errors to raise, one for each write; one that says "written" comes after the write.
    """

    world: dict[IssueRef, Posted] = field(default_factory=dict)
    defined: dict[str, LabelDefinition] = field(default_factory=dict)
    faults: list[TrackerError | None] = field(default_factory=list)
    writes: int = 0

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        return {ref: self.world[ref] for ref in refs if ref in self.world}

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        return next((one for one in self.world[ref].comments if one.id == comment_id), None)

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        return Pull("0", iter(()), full=True)

    def present(self) -> frozenset[str]:
        return frozenset(ref.id for ref in self.world)

    def survey(self, interest: Interest) -> Survey:
        return Survey(iter(()), tuple, dict)

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        return {ref: Whereabouts(Fate.UNKNOWN) for ref in refs}

    def fetch(self, keys: Sequence[str]) -> Page:
        return Page(())

    def matching(self, query: str) -> frozenset[str]:
        return frozenset()

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        return tuple(self.defined.values())

    def _attempt(self, change: Callable[[], None]) -> None:
        self.writes += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault is None or fault.reason == "written":
            change()
        if fault is not None:
            raise fault

    def _comments(self, ref: IssueRef, comments: Iterable[PostedComment]) -> None:
        self.world[ref] = replace(self.world[ref], comments=tuple(comments))

    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        comment = PostedComment(str(100 + self.writes), body, mine=True, mark=mark)
        self._attempt(lambda: self._comments(ref, (*self.world[ref].comments, comment)))
        return comment

    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        edited = replace(comment, body=body, mark=mark)
        others = [one for one in self.world[ref].comments if one.id != comment.id]
        self._attempt(lambda: self._comments(ref, (*others, edited)))
        return edited

    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        others = [one for one in self.world[ref].comments if one.id != comment.id]
        self._attempt(lambda: self._comments(ref, others))

    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        labels = tuple(sorted({*self.world[ref].labels, *add} - set(remove)))
        self._attempt(lambda: self.world.update({ref: replace(self.world[ref], labels=labels)}))
        return labels

    def define_label(self, container: str, definition: LabelDefinition) -> None:
        self._attempt(lambda: self.defined.update({definition.name: definition}))

    def remove_label_definition(self, container: str, name: str) -> None:
        kept = {key: label for key, label in self.defined.items() if key != name}
        self._attempt(lambda: setattr(self, "defined", kept))


def a_board(*faults: TrackerError | None) -> Board:
    return Board(
        world={ref: posted(ref, labels=("urgent",)) for ref in (EPIC, TRACKING)}, faults=list(faults)
    )


def error(kind: type[TrackerError], said: str = "no") -> TrackerError:
    return kind("jira", "POST /comment", said)


def create(at: int = 0, ref: IssueRef = EPIC) -> WriteComment:
    return WriteComment(ref, "blog", BODIES[at], MARKS[at], MARKS[at][-12:], None, "news")


def relabel(ref: IssueRef = EPIC) -> ChangeLabels:
    return ChangeLabels(ref, (LABEL.name,), ())


def labels_of(count: int) -> tuple[ChangeLabels, ...]:
    """Changes of labels in one project; to one issue, so that the board has it."""
    return tuple(ChangeLabels(EPIC, (f"mp/{number}",), ()) for number in range(count))


def run(actions: Iterable[Action], board: Board, other: Board | None = None) -> tuple[Written, ...]:
    boards = {"jira": board, "github": other or board}
    return apply(Plan(tuple(actions)), boards, boards, record=lambda written: None)


def outcomes(written: Iterable[Written]) -> list[str]:
    return [each.outcome for each in written]


def test_every_outcome_is_recorded_before_the_next_write() -> None:
    board = a_board()
    seen: list[int] = []
    apply(
        Plan((create(), relabel())),
        {"jira": board},
        {"jira": board},
        record=lambda _: seen.append(board.writes),
    )
    assert seen == [1, 2]


def test_nothing_more_is_written_once_recording_fails() -> None:
    board = a_board()

    def full(written: Written) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        apply(Plan((create(), relabel())), {"jira": board}, {"jira": board}, record=full)
    assert board.writes == 1


@pytest.mark.parametrize("kind", [Refused, Missing])
def test_a_refused_write_fails_alone(kind: type[TrackerError]) -> None:
    written = run((create(), relabel()), a_board(error(kind)))
    assert outcomes(written) == ["failed", "done"]
    assert "POST /comment: no" in written[0].reason


@pytest.mark.parametrize("kind", [TrackerDown, BadConfiguration])
def test_the_rest_of_a_tracker_that_is_out_is_put_off_and_others_go_on(kind: type[TrackerError]) -> None:
    down, up = a_board(error(kind)), a_board()
    written = run((create(), relabel(), relabel(TRACKING)), down, up)
    assert outcomes(written) == ["failed", "failed", "done"]
    assert written[1].reason.startswith("put off: ")
    assert down.writes == 1


@pytest.mark.parametrize("kind", [Unavailable, InvalidResponse])
def test_a_change_whose_own_address_does_not_answer_fails_alone(kind: type[TrackerError]) -> None:
    written = run((relabel(), create(), relabel(TRACKING)), a_board(error(kind)))
    assert outcomes(written) == ["failed", "done", "done"]
    assert written[0].cause == "unavailable"


def test_after_three_addresses_in_a_row_that_do_not_answer_the_rest_of_their_kind_is_put_off() -> None:
    board = a_board(*[error(Unavailable)] * 3)
    written = run((*labels_of(5), create()), board)
    assert outcomes(written) == ["failed"] * 5 + ["done"]
    assert [each.cause for each in written[3:5]] == ["put off"] * 2
    assert board.writes == 4


def test_a_tracker_on_which_nothing_answers_is_asked_once_for_each_further_kind() -> None:
    board = a_board(*[error(Unavailable)] * 9)
    run((*labels_of(5), create(), create(1), create(2)), board)
    assert board.writes == 3 + 1


@pytest.mark.parametrize("kind", [Refused, Missing])
def test_a_container_that_refuses_three_changes_in_a_row_is_not_asked_again_for_their_kind(
    kind: type[TrackerError],
) -> None:
    board = a_board(*[error(kind)] * 3)
    written = run((*labels_of(5), create(), relabel(TRACKING)), board)
    assert outcomes(written) == ["failed"] * 5 + ["done", "done"]
    assert "BLOG refused 3 changes in a row" in written[4].reason
    assert board.writes == 5


def test_a_refusal_between_others_that_succeed_puts_nothing_off() -> None:
    faults = [error(Refused), error(Refused), None, error(Refused), error(Refused)]
    written = run(labels_of(6), a_board(*faults))
    assert [each.cause for each in written] == ["refused", "refused", "", "refused", "refused", ""]


def test_an_error_that_no_tracker_should_raise_puts_off_its_tracker_and_no_other() -> None:
    broken, up = a_board(), a_board()
    broken.world = {}  # every write to it raises KeyError
    written = run((relabel(), relabel(), relabel(TRACKING)), broken, up)
    assert outcomes(written) == ["failed", "failed", "done"]
    assert "KeyError" in written[0].reason


def test_a_create_whose_answer_was_lost_is_found_and_not_repeated() -> None:
    board = a_board(error(AnswerLost, "written"))
    (written,) = run((create(),), board)
    assert written.outcome == "done"
    assert written.comment == board.world[EPIC].comments[0]
    assert board.writes == 1


def test_a_create_that_never_arrived_is_tried_once_more() -> None:
    board = a_board(error(AnswerLost))
    assert outcomes(run((create(),), board)) == ["done"]
    assert len(board.world[EPIC].comments) == 1


def test_after_two_lost_answers_the_outcome_is_unknown_and_the_next_run_looks() -> None:
    board = a_board(error(AnswerLost), error(AnswerLost))
    assert outcomes(run((create(),), board)) == ["unknown"]
    assert board.writes == 2


def test_asked_to_stop_it_puts_off_the_rest() -> None:
    board = a_board()
    plan = Plan((create(), relabel()))
    boards = {"jira": board}
    written = apply(plan, boards, boards, record=lambda _: None, stop=lambda: board.writes > 0)
    assert [(each.outcome, each.reason) for each in written] == [("done", ""), ("failed", STOPPED)]


# ---- undo


def undone(board: Board, entries: Sequence[Written], *used: str) -> Plan:
    definitions = {("github", "acme/site"): tuple(board.defined.values())}
    return undo_plan(entries, board.world, definitions, lambda tracker, container, name: name in used)


def edit(board: Board, at: int) -> WriteComment:
    return replace(create(at), before=board.world[EPIC].comments[0])


def test_everything_can_be_taken_back_and_leaves_the_world_as_it_was() -> None:
    board = a_board()
    before = dict(board.world)
    ledger: list[Written] = []
    for step in ((DefineLabel("github", "acme/site", LABEL), relabel(TRACKING), create(0)), (1,), (2,)):
        actions = [edit(board, one) if isinstance(one, int) else one for one in step]
        ledger += run(actions, board)
    back = undone(board, ledger[::-1])
    assert [type(action) for action in back.actions] == [ChangeLabels, DeleteComment, RemoveLabelDefinition]
    run(back.actions, board)
    assert board.world == before
    assert not board.defined


def test_one_run_is_taken_back_to_the_text_before_it() -> None:
    board = a_board()
    run((create(0),), board)
    second = run((edit(board, 1),), board)
    back = undone(board, second)
    run(back.actions, board)
    assert [one.body for one in board.world[EPIC].comments] == [BODIES[0]]
    assert board.world[EPIC].comments[0].mark == MARKS[0]


def test_what_a_later_run_wrote_again_is_held() -> None:
    board = a_board()
    first = run((create(0),), board)
    run((edit(board, 1),), board)
    back = undone(board, first)
    assert not back.actions
    assert [(held.what, held.why) for held in back.held] == [("comment on BLOG-1", "it was changed since")]


def test_a_removed_comment_is_written_again() -> None:
    board = a_board()
    run((create(0),), board)
    removed = run((DeleteComment(EPIC, "blog", board.world[EPIC].comments[0], "gone"),), board)
    run(undone(board, removed).actions, board)
    assert [one.body for one in board.world[EPIC].comments] == [BODIES[0]]


def test_labels_of_others_survive_an_undo() -> None:
    board = a_board()
    board.world[EPIC] = replace(board.world[EPIC], labels=("mp/old", "urgent"))
    ledger = run((replace(relabel(), remove=("mp/old",)),), board)
    board.world[EPIC] = replace(board.world[EPIC], labels=(*board.world[EPIC].labels, "new"))
    run(undone(board, ledger).actions, board)
    assert set(board.world[EPIC].labels) == {"mp/old", "urgent", "new"}


def test_a_definition_that_is_used_elsewhere_stays() -> None:
    board = a_board()
    ledger = run((DefineLabel("github", "acme/site", LABEL),), board)
    back = undone(board, ledger, LABEL.name)
    assert not back.actions
    assert back.held[0].why == "issues still carry it"


def test_what_failed_or_is_gone_is_no_reason_to_write() -> None:
    board = a_board()
    failed = Written(create(), "failed", "no")
    assert undone(board, (failed,)) == Plan()
    done = run((create(), relabel()), board)
    del board.world[EPIC]
    back = undone(board, done)
    assert not back.actions
    assert {held.why for held in back.held} == {"the issue is gone"}
