"""How settings and rules name a project (GitHub's Projects) and its fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.github.issue_keys import is_owner
from connectors.names import fold_name

_PAGE = re.compile(
    r"(?:https?://[^/\s]+/)?(?:(?:orgs|users)/)?(?P<owner>[^/\s]+)/(?:projects/)?(?P<number>[1-9]\d{0,8})"
    r"(?:/views/\d+)?/?"
)
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project as the settings name it."""

    name: str
    """The name of our own by which rules mean it, such as `roadmap`."""
    owner: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} ({self.owner}/{self.number})"

    @classmethod
    def read(cls, name: str, text: str) -> "Project":
        """From `owner/number` or the address of its page. Raises ValueError for anything else."""
        match = _PAGE.fullmatch(text.strip())
        if match is None or not is_owner(match["owner"]):
            raise ValueError(f'expected "owner/number" or the address of a project, got {text!r}')
        if not _ALIAS.fullmatch(name):
            message = "expected at most 40 letters, digits, - and _ as the name of a project"
            raise ValueError(f"{message}, got {name!r}")
        return cls(name, match["owner"], int(match["number"]))


def split_field(name: str, projects: Mapping[str, Project]) -> tuple[Project, str] | None:
    """The project and the field that `project/field` means; None if no project is called so.

    `projects`: by folded name.
    """
    alias, slash, called = name.partition("/")
    project = projects.get(fold_name(alias)) if slash else None
    return (project, called.strip()) if project is not None else None
