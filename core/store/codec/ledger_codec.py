"""Actions, what became of them, publications and their snapshots as JSON documents, and back."""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from connectors.audience import Audience
from connectors.models import IssueRef, LabelDefinition, PostedComment, StatusCategory
from core.engine.model import Measure, Snapshot, SnapshotTask, Unmeasured, Why
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    RemoveLabelDefinition,
    WriteComment,
    Written,
)
from core.publish.publication import Publication
from core.publish.visibility import Readers
from core.store.codec.scalars import dump, load, maybe_micros, maybe_moment, micros, moment, ratio

Document = dict[str, Any]

_CATEGORIES: Final = {category.value: category for category in StatusCategory}


def encode_written(written: Written) -> str:
    """The ledger's document of one action and its outcome."""
    return dump(
        {
            "action": _action(written.action),
            "outcome": written.outcome,
            "said": written.reason,
            "comment": _maybe_comment(written.comment),
            "labels": written.labels,
        }
    )


def decode_written(stored: str) -> Written:
    """The entry that `encode_written` wrote. Raises ValueError for a kind of action that is not known."""
    document: Document = load(stored)
    return Written(
        action=_unaction(document["action"]),
        outcome=document["outcome"],
        reason=document["said"],
        comment=_maybe_uncomment(document["comment"]),
        labels=None if document["labels"] is None else tuple(document["labels"]),
    )


def encode_publication(publication: Publication) -> str:
    """The document of one written comment."""
    return dump(
        {
            "ref": _ref(publication.ref),
            "target": publication.target,
            "comment": _comment(publication.comment),
            "digest": publication.digest,
            "body_hash": publication.body_hash,
            "run": publication.run,
            "seen": maybe_micros(publication.seen),
            "readers": _readers(publication.readers),
        }
    )


def decode_publication(stored: str) -> Publication:
    """The publication that `encode_publication` wrote."""
    document: Document = load(stored)
    return Publication(
        ref=IssueRef(*document["ref"]),
        target=document["target"],
        comment=_uncomment(document["comment"]),
        digest=document["digest"],
        body_hash=document["body_hash"],
        run=document["run"],
        seen=maybe_moment(document.get("seen")),
        readers=_unreaders(document.get("readers")),
    )


def encode_snapshots(snapshots: Mapping[str, Snapshot]) -> str:
    """The document of how milestones stood when a comment was written, by milestone id."""
    return dump({name: _snapshot(snapshot) for name, snapshot in snapshots.items()})


def decode_snapshots(stored: str) -> dict[str, Snapshot]:
    """The snapshots that `encode_snapshots` wrote."""
    document: Document = load(stored)
    return {name: _unsnapshot(snapshot) for name, snapshot in document.items()}


def _readers(readers: Readers | None) -> list[str] | None:
    return None if readers is None else [readers.audience.value, readers.circle]


def _unreaders(stored: list[str] | None) -> Readers | None:
    return None if stored is None else Readers(Audience(stored[0]), str(stored[1]))


def _ref(ref: IssueRef) -> list[str]:
    return [ref.tracker, ref.id, ref.key]


def _comment(comment: PostedComment) -> Document:
    return {
        "id": comment.id,
        "body": comment.body,
        "mine": comment.mine,
        "mark": comment.mark,
        "url": comment.url,
        "visibility": comment.visibility,
        "internal": comment.internal,
        "updated": maybe_micros(comment.updated),
    }


def _uncomment(document: Document) -> PostedComment:
    visibility = document["visibility"]
    return PostedComment(
        **{
            **document,
            "visibility": None if visibility is None else tuple(visibility),
            "updated": maybe_moment(document.get("updated")),
        }
    )


def _maybe_comment(comment: PostedComment | None) -> Document | None:
    return None if comment is None else _comment(comment)


def _maybe_uncomment(document: Document | None) -> PostedComment | None:
    return None if document is None else _uncomment(document)


def _definition(definition: LabelDefinition) -> list[str]:
    return [definition.name, definition.colour, definition.description]


def _action(action: Action) -> Document:
    match action:
        case DefineLabel():
            return {
                "kind": "define_label",
                "tracker": action.tracker,
                "container": action.container,
                "definition": _definition(action.definition),
                "before": None if action.before is None else _definition(action.before),
                "reason": action.reason,
            }
        case ChangeLabels():
            return {
                "kind": "change_labels",
                "ref": _ref(action.ref),
                "add": action.add,
                "remove": action.remove,
                "reason": action.reason,
            }
        case WriteComment():
            return {
                "kind": "write_comment",
                "ref": _ref(action.ref),
                "target": action.target,
                "body": action.body,
                "mark": action.mark,
                "digest": action.digest,
                "before": _maybe_comment(action.before),
                "reason": action.reason,
                **({"anew": True} if action.anew else {}),
            }
        case DeleteComment():
            return {
                "kind": "delete_comment",
                "ref": _ref(action.ref),
                "target": action.target,
                "before": _comment(action.before),
                "reason": action.reason,
            }
        case RemoveLabelDefinition():
            return {
                "kind": "remove_label_definition",
                "tracker": action.tracker,
                "container": action.container,
                "name": action.name,
                "reason": action.reason,
            }


def _unaction(document: Document) -> Action:
    values = dict(document)
    kind = values.pop("kind")
    if "ref" in values:
        values["ref"] = IssueRef(*values["ref"])
    match kind:
        case "define_label":
            before = values.pop("before")
            return DefineLabel(
                **{**values, "definition": LabelDefinition(*values["definition"])},
                before=None if before is None else LabelDefinition(*before),
            )
        case "change_labels":
            return ChangeLabels(**{**values, "add": tuple(values["add"]), "remove": tuple(values["remove"])})
        case "write_comment":
            return WriteComment(**{**values, "before": _maybe_uncomment(values["before"])})
        case "delete_comment":
            return DeleteComment(**{**values, "before": _uncomment(values["before"])})
        case "remove_label_definition":
            return RemoveLabelDefinition(**values)
        case _:
            raise ValueError(f"the ledger holds an action of the unknown kind {kind!r}")


def _measure(measure: Measure) -> str | Document:
    if isinstance(measure, Unmeasured):
        return {"why": measure.why.value, "said": measure.reason}
    return ratio(measure)


def _unmeasure(stored: str | Document) -> Measure:
    if isinstance(stored, str):
        return Fraction(stored)
    return Unmeasured(Why(stored["why"]), stored["said"])


def _snapshot(snapshot: Snapshot) -> Document:
    return {
        "taken": micros(snapshot.taken),
        "rules": snapshot.rules,
        "measure": _measure(snapshot.measure),
        "tasks": [
            (
                task.id,
                task.key,
                task.state.value,
                ratio(task.weight),
                ratio(task.credit),
                maybe_micros(task.created),
            )
            for task in snapshot.tasks
        ],
    }


def _unsnapshot(document: Document) -> Snapshot:
    return Snapshot(
        taken=moment(document["taken"]),
        rules=document["rules"],
        measure=_unmeasure(document["measure"]),
        tasks=tuple(
            SnapshotTask(
                name, key, _CATEGORIES[state], _fraction(weight), _fraction(credit), maybe_moment(created)
            )
            for name, key, state, weight, credit, created in document["tasks"]
        ),
    )


# Hundreds of tasks share a few weights and credits, and text is slow to become a fraction.
@lru_cache(maxsize=1024)
def _fraction(stored: str) -> Fraction:
    return Fraction(stored)
