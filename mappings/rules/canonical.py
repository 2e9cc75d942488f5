"""What a rule means, apart from how it is written."""

from typing import Any

from connectors.names import fold_name
from mappings.rules.issue_references import QUERY_KEYS
from mappings.rules.rule import CONDITION_KEYS, Condition, LabelMatch, Rule

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
    said: dict[str, Any] = {}
    for name in CONDITION_KEYS:
        value = getattr(condition, name)
        if not value:
            continue
        if name in NESTED_KEYS:
            said[name] = sorted((_condition(inner) for inner in value), key=str)
        elif name in EXACT_KEYS:
            said[name] = value
        elif name == "field":
            said[name] = {field: _listed(wanted) for field, wanted in sorted(value.items())}
        elif isinstance(value, LabelMatch):
            said[name] = {part: _listed(getattr(value, part)) for part in ("any", "all", "none")}
        else:
            said[name] = _listed(value)
    if isinstance(said.get("label"), list):
        said["label"] = {"any": said["label"], "all": [], "none": []}
    return said


def _listed(wanted: Any) -> list[Any]:
    values = wanted if isinstance(wanted, tuple) else (wanted,)
    return sorted((fold_name(value) if isinstance(value, str) else value for value in values), key=repr)
