"""Templates of label names: `{id}`, `{title}`, `{health}`, `{bucket}`, and nothing else."""

import re
from collections.abc import Mapping

PLACEHOLDERS = ("bucket", "health", "id", "title")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_template(template: str) -> str:
    """The template as it is; raises ValueError that names an unknown placeholder or a stray brace.

    Names only: no attribute, index or format specification of `str.format` gets through.
    """
    for name in _PLACEHOLDER.findall(template):
        if name not in PLACEHOLDERS:
            existing = ", ".join(f"{{{existing}}}" for existing in PLACEHOLDERS)
            raise ValueError(
                f"unknown placeholder {{{name}}} in the label {template!r}; known are {existing}"
            )
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        raise ValueError(f"a brace without its partner in the label {template!r}")
    return template


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders replaced, once: braces inside a value mean nothing."""
    return _PLACEHOLDER.sub(lambda result: values[result[1]], template)


def names_one(template: str) -> bool:
    """Whether labels of this template tell milestones apart, so that an issue may carry several of them."""
    return bool({"id", "title"} & set(_PLACEHOLDER.findall(template)))
