"""Cuts GitHub's published OpenAPI document to the operations that a tracker of issues has.

`python -m tests.tools.cut_contract WHOLE.json CUT.json`; the whole document has some 800 paths and takes each
process of the tests several seconds to load.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PATHS = re.compile(
    r"/(app(/installations.*)?|installation/repositories|issues|rate_limit|search/issues|user(/repos)?"
    r"|users/\{username\}|orgs/\{org\}(/(installation|issue-types|issues|repos))?"
    r"|repos/\{owner\}/\{repo\}(/(assignees|installation|issues|labels|milestones)(/.*)?"
    r"|/collaborators/\{username\}/permission)?)"
)


def cut(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with these paths alone, and the components that they lead to."""
    paths = {path: item for path, item in document["paths"].items() if _PATHS.fullmatch(path)}
    components: dict[str, dict[str, Any]] = {}
    left = list(_references(paths))
    while left:
        kind, name = left.pop()
        found = components.setdefault(kind, {})
        if name not in found:
            found[name] = document["components"][kind][name]
            left += _references(found[name])
    return {**document, "paths": paths, "components": components}


def _references(node: Any) -> Iterator[tuple[str, str]]:
    """Kind and name of each component that a part of the document refers to."""
    if isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str):
            _, _, kind, name = reference.split("/")
            yield kind, name
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def main() -> None:
    """Cut one file into another."""
    whole, part = map(Path, sys.argv[1:])
    part.write_text(json.dumps(cut(json.loads(whole.read_bytes()))), encoding="utf-8")


if __name__ == "__main__":
    main()
