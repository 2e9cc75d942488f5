"""Builds the tasks of one milestone from the issues that are tagged to it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from connectors.models import Issue, IssueRef, StatusCategory
from core.engine.credit import ALL, NOTHING, Credit, Credits
from core.engine.hierarchy import (
    CHILDREN_COUNT,
    REPLACED,
    Parents,
    Sifted,
    States,
    normal_url,
    parts_of_parents,
    sift,
)
from core.engine.key_order import issue_order
from core.engine.model import Detail, LeftOut, Tagged, Task
from core.engine.shared_estimates import Node, Shares, share
from core.engine.tally import Part, Tally, counted, weigher_of
from core.engine.weights import COUNT, Weigher, estimate_of, shared_weight

_REFERENCE = re.compile(
    r"https?://[^\s<>()\[\]\"']+"  # a page
    r"|[\w.-]+/[\w.-]+#[0-9]+"  # owner/name#12
    r"|(?<![\w/])#[0-9]+"  # #12 of the same repository
    r"|(?<![\w-])[A-Za-z][A-Za-z0-9_]*-[0-9]+(?![\w-])"  # BLOG-12
)


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of one milestone and what is left out, and their tally."""

    detail: Detail
    tally: Tally


@dataclass(frozen=True, slots=True)
class _Piece:
    """One task before it is weighed."""

    tagged: Tagged
    state: StatusCategory
    credit: Credit
    estimate: Fraction | None
    box: int | None = None
    parent: Issue | None = None
    """The issue of whose estimate `estimate` is a share; None where it is no share."""

    @property
    def part(self) -> Part:
        shared = self.parent is not None
        return Part(self.state, self.estimate, self.tagged.weight, self.credit.share, shared)


def build_tasks(
    tagged: Iterable[Tagged],
    parents: Parents,
    weigh_by: str,
    crediting: Credits,
    whole_parents: bool = False,
) -> Tasks:
    """Return the tasks of one milestone or key result; the order of `tagged` has no effect.

    `whole_parents`: a sub-task whose parent is tagged as well is a part of the parent, and no task.
    """
    everything = _once_by_issue(tagged)
    states = {entry.issue.ref: crediting.state(entry.issue) for entry in everything}
    folded = parts_of_parents(everything, states, parents) if whole_parents else {}
    entries = [entry for entry in everything if entry.issue.ref not in folded]
    sifted = sift([entry for entry in entries if not _blank(entry)], states, parents)
    unweighed, doubles = _pieces(entries, states, sifted, weigh_by, crediting)
    shares = _shares(entries, states, sifted, weigh_by)
    pieces = _with_shares(unweighed, shares, {entry.issue.ref: entry.issue for entry in entries})
    parts = counted(piece.part for piece in pieces)
    weigher = weigher_of(parts, weigh_by, shares.amounts)
    tasks = tuple(sorted((_task(piece, weigher) for piece in pieces), key=_task_order))
    left_out = [
        *(left for entry in entries for left in _why_not(entry, sifted, states)),
        *_folded(everything, folded),
        *doubles,
    ]
    return Tasks(
        Detail(tasks, tuple(sorted(left_out, key=_left_order))),
        _tally(tasks, parts, len(left_out), shares.amounts),
    )


def _pieces(
    entries: Sequence[Tagged], states: States, sifted: Sifted, weigh_by: str, crediting: Credits
) -> tuple[list[_Piece], list[LeftOut]]:
    """Return the tasks before they are weighed, and the boxes that stand for an issue of the milestone."""
    pieces: list[_Piece] = []
    doubles: list[LeftOut] = []
    for entry in entries:
        ref = entry.issue.ref
        if entry.boxes and (ref in sifted.kept or ref in sifted.parents):
            boxes, named = _boxes(entry, states[ref], entries)
            pieces += boxes
            doubles += named
        elif ref in sifted.kept:
            estimate = estimate_of(entry.issue, weigh_by)
            pieces.append(_Piece(entry, states[ref], crediting.credit(entry, states[ref]), estimate))
    return pieces, doubles


def _with_shares(
    pieces: Iterable[_Piece], shares: Shares[IssueRef], issues: Mapping[IssueRef, Issue]
) -> list[_Piece]:
    """Return the pieces, with a share as their estimate where they take one."""
    result: list[_Piece] = []
    for piece in pieces:
        share = shares.by_task.get(piece.tagged.issue.ref) if piece.box is None else None
        result.append(
            piece if share is None else replace(piece, estimate=share.weight, parent=issues[share.of])
        )
    return result


def _folded(everything: Iterable[Tagged], folded: Mapping[IssueRef, IssueRef]) -> list[LeftOut]:
    """Return the sub-tasks that are left out as parts of their parents."""
    keys = {entry.issue.ref: entry.issue.ref.key for entry in everything}
    return [
        _left(entry, f"part of {keys[folded[entry.issue.ref]]}")
        for entry in everything
        if entry.issue.ref in folded
    ]


def _tally(
    tasks: Sequence[Task], parts: Mapping[Part, int], left_out: int, amounts: Mapping[Fraction, int]
) -> Tally:
    unknown = (task for task in tasks if task.state is StatusCategory.UNKNOWN)
    return Tally(
        parts,
        left_out,
        max((task.updated for task in tasks), default=None),
        tuple(unknown_reason(task.ref.key, task.status) for task in unknown),
        amounts,
    )


def _shares(entries: Sequence[Tagged], states: States, sifted: Sifted, weigh_by: str) -> Shares[IssueRef]:
    """Return the shares that tasks without an estimate have of the estimates of their parents."""
    if weigh_by == COUNT or not sifted.above:
        return Shares({}, {})
    nodes: dict[IssueRef, Node[IssueRef]] = {}
    for entry in entries:
        ref = entry.issue.ref
        counts = ref in sifted.kept and states[ref] is not StatusCategory.CANCELLED
        if counts or ref in sifted.above or ref in sifted.parents:
            estimate = estimate_of(entry.issue, weigh_by)
            takes = counts and estimate is None and entry.weight is None and not entry.boxes
            nodes[ref] = Node(sifted.above.get(ref), estimate, takes)
    return share(nodes)


def part_of(tagged: Tagged, weigh_by: str, crediting: Credits) -> Part:
    """Return what an issue contributes where it counts as one task."""
    state = crediting.state(tagged.issue)
    credit = crediting.credit(tagged, state)
    return _Piece(tagged, state, credit, estimate_of(tagged.issue, weigh_by)).part


def unknown_reason(key: str, status: str) -> str:
    """Return in words that the status of a task has no category."""
    return f'{key} is in "{status}"'


def _once_by_issue(tagged: Iterable[Tagged]) -> list[Tagged]:
    """Return each issue once, sorted; of several entries, one whose boxes are the tasks is preferred."""
    ranked = sorted(tagged, key=lambda entry: (entry.issue.ref, not entry.boxes, entry.rule))
    first: dict[IssueRef, Tagged] = {}
    for entry in ranked:
        first.setdefault(entry.issue.ref, entry)
    return list(first.values())


def _blank(entry: Tagged) -> bool:
    return entry.boxes and not entry.issue.checklist


def _left(entry: Tagged, why: str, title: str | None = None) -> LeftOut:
    return LeftOut(entry.issue.ref, entry.issue.title if title is None else title, why, entry.rule)


def _why_not(entry: Tagged, sifted: Sifted, states: States) -> list[LeftOut]:
    ref = entry.issue.ref
    if _blank(entry):
        return [_left(entry, "its task list has no boxes")]
    if ref in sifted.mirrors:
        return [_left(entry, sifted.mirrors[ref])]
    if entry.boxes:
        return [_left(entry, "the boxes of its task list count")]
    if ref in sifted.parents:
        why = REPLACED if states[ref] is StatusCategory.DONE else CHILDREN_COUNT
        return [replace(_left(entry, why), parent=True)]
    return []


def _boxes(
    root: Tagged, state: StatusCategory, entries: Sequence[Tagged]
) -> tuple[list[_Piece], list[LeftOut]]:
    """Return the boxes of one issue as tasks, and those that stand for an issue of the same milestone."""
    named = _names(entry.issue for entry in entries if entry.issue.ref != root.issue.ref)
    pieces: list[_Piece] = []
    doubles: list[LeftOut] = []
    for place, item in enumerate(root.issue.checklist, start=1):
        double = _stands_for(item.text, root.issue.container, named)
        if double is not None:
            why = f"box {place} stands for {double.key}, which is in the milestone itself"
            doubles.append(_left(root, why, item.text))
        elif state is StatusCategory.CANCELLED:
            pieces.append(_Piece(root, state, Credit(NOTHING, "cancelled"), None, place))
        elif item.done:
            pieces.append(_Piece(root, StatusCategory.DONE, Credit(ALL, "ticked"), None, place))
        else:
            pieces.append(_Piece(root, StatusCategory.TODO, Credit(NOTHING, "not ticked"), None, place))
    return pieces, doubles


def _names(issues: Iterable[Issue]) -> Mapping[str, IssueRef]:
    """Return the issues by key and by page, both normalised, as a text may name them."""
    names: dict[str, IssueRef] = {}
    for issue in issues:
        names[issue.ref.key.casefold()] = issue.ref
        names[normal_url(issue.url)] = issue.ref
    return names


def _stands_for(text: str, container: str, named: Mapping[str, IssueRef]) -> IssueRef | None:
    for match in _REFERENCE.finditer(text):
        word = match.group()
        if word.startswith("#"):
            word = container + word
        ref = named.get(normal_url(word.rstrip(".,;:!")) if "://" in word else word.casefold())
        if ref is not None:
            return ref
    return None


def _task(piece: _Piece, weigher: Weigher) -> Task:
    issue, box = piece.tagged.issue, piece.box
    weight = weigher.weigh(piece.estimate, piece.tagged.weight)
    if piece.parent is not None:
        weight = shared_weight(weight.weight, piece.parent, weigher.weigh_by)
    return Task(
        ref=issue.ref,
        url=issue.url,
        title=issue.title if box is None else issue.checklist[box - 1].text,
        state=piece.state,
        status=issue.status if box is None else piece.credit.reason,
        weight=weight.weight,
        estimated=weight.estimated,
        credit=piece.credit.share,
        rule=piece.tagged.rule,
        assignees=issue.assignees if box is None else (),
        updated=issue.updated,
        resolved=issue.resolved if box is None else None,
        box=box,
        created=issue.created,
        credit_reason=piece.credit.reason,
        weight_reason=weight.reason,
        status_option=issue.status_option if box is None else "",
    )


def _task_order(task: Task) -> tuple[tuple[str, str, str], int]:
    return issue_order(task.ref), task.box or 0


def _left_order(left: LeftOut) -> tuple[tuple[str, str, str], str]:
    return issue_order(left.ref), left.why
