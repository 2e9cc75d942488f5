"""What a rule means, apart from how it is written."""

from typing import Any

from connectors.names import fold_name
from mappings.rule import CONDITION_KEYS, Condition, LabelMatch, Rule
from mappings.rules.issue_references import QUERY_KEYS

EXACT_KEYS = frozenset({"title", *QUERY_KEYS})
"""Texts in which case may matter."""
NESTED_KEYS = frozenset({"all", "any", "none"})


def canonical(rule: Rule) -> dict[str, Any]:
    """A rule as plain JSON values; equal for rules that tag and weigh alike though written differently."""
    return {
        **_condition(rule),
        "counts": {
            "checklist": rule.checklist,
            "task_list": rule.task_list,
            "pull_requests": rule.pull_requests,
            "weight": None if rule.weight is None else str(rule.weight.normalize()),
        },
    }


def _condition(condition: Condition) -> dict[str, Any]:
    message: dict[str, Any] = {}
    for name in CONDITION_KEYS:
        value = getattr(condition, name)
        if not value:
            continue
        if name in NESTED_KEYS:
            message[name] = sorted((_condition(inner) for inner in value), key=str)
        elif name in EXACT_KEYS:
            message[name] = value
        elif name == "field":
            message[name] = {field: _listed(requested) for field, requested in sorted(value.items())}
        elif isinstance(value, LabelMatch):
            message[name] = {part: _listed(getattr(value, part)) for part in ("any", "all", "none")}
        else:
            message[name] = _listed(value)
    if isinstance(message.get("label"), list):
        message["label"] = {"any": message["label"], "all": [], "none": []}
    return message


def _listed(requested: Any) -> list[Any]:
    values = requested if isinstance(requested, tuple) else (requested,)
    return sorted((fold_name(value) if isinstance(value, str) else value for value in values), key=repr)
