"""A plan as JSON, for programs."""

from typing import Any

import orjson

from connectors.models import LabelDefinition, PostedComment
from core.publish.actions import Action, ChangeLabels, DefineLabel, DeleteComment, Held, WriteComment
from core.steps.run_report import Conclusion


def plan_json(conclusion: Conclusion) -> str:
    """An object with lists: `actions`, `held`, `quarantined`, `problems` and `warnings`."""
    document = {
        "actions": [_action(action) for action in conclusion.plan.actions],
        "held": [_held(held) for held in conclusion.plan.held],
        # What waits and is no failure: writes that were refused, and comments where nothing may be written.
        "quarantined": [_held(held) for held in (*conclusion.plan.quarantined, *conclusion.plan.closed)],
        "problems": list(conclusion.problems),
        "warnings": list(conclusion.warnings),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _held(held: Held) -> dict[str, Any]:
    """With the change itself under `action`, as if it were released; null where it is none."""
    action = None if held.action is None else _action(held.action)
    return {
        "what": held.what,
        "why": held.why,
        "release": held.release,
        "group": held.group,
        "action": action,
    }


def _action(action: Action) -> dict[str, Any]:
    common: dict[str, Any] = {
        "kind": _KINDS[type(action)],
        "tracker": action.tracker,
        "says": action.sentence,
    }
    match action:
        case ChangeLabels():
            return common | {"issue": action.ref.key, "add": action.add, "remove": action.remove}
        case WriteComment():
            about = {"issue": action.ref.key, "about": action.target, "reason": action.reason}
            return common | about | {"before": _body(action.before), "body": action.body}
        case DeleteComment():
            return common | {"issue": action.ref.key, "reason": action.reason, "before": _body(action.before)}
        case DefineLabel():
            return common | {"in": action.container, "label": _label(action.definition)}
    return common | {"in": action.container, "label": action.name}


_KINDS = {
    DefineLabel: "define label",
    ChangeLabels: "change labels",
    WriteComment: "write comment",
    DeleteComment: "delete comment",
}


def _body(comment: PostedComment | None) -> str | None:
    return comment.body if comment else None


def _label(definition: LabelDefinition) -> dict[str, str]:
    return {
        "name": definition.name,
        "colour": definition.colour,
        "description": definition.description,
    }
