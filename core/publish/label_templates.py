"""Templates of label names, with the placeholders `{id}`, `{title}`, `{health}` and `{bucket}`."""

import re
from collections.abc import Mapping

PLACEHOLDERS = ("bucket", "health", "id", "title")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_template(template: str) -> str:
    """Return the template unchanged; raise ValueError for an unknown placeholder or a stray brace.

    A placeholder is a name alone: attributes, indexes and format specifications of `str.format` are unknown.
    """
    for name in _PLACEHOLDER.findall(template):
        if name not in PLACEHOLDERS:
            valid = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise ValueError(f"unknown placeholder {{{name}}} in the label {template!r}; known are {valid}")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        raise ValueError(f"a brace without its partner in the label {template!r}")
    return template


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template with its placeholders replaced once; braces inside a value stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def names_one(template: str) -> bool:
    """Return whether each label of this template names one milestone, so that an issue may carry several."""
    return bool({"id", "title"} & set(_PLACEHOLDER.findall(template)))
