"""A tracker that is a folder: `<path>/WORK/7.json` is the issue WORK-7; moved to PLANS, it is PLANS-7."""

import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from connectors import interface as c
from connectors.http.urls import base_url
from connectors.registry import Connector
from connectors.simple_tracker import SimpleTracker
from connectors.task_lists import parse_checklist

AUTHOR = "milepost"
STATUSES = {"to do": "todo", "in progress": "in_progress", "done": "done", "cancelled": "cancelled"}


class FolderSettings(c.TrackerSettings):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["folder"] = "folder"
    path: Path
    containers: tuple[str, ...] = Field(min_length=1)
    url: Annotated[str, AfterValidator(base_url)]  # where people open an issue; its key is put behind this

    def info(self, name: str) -> c.TrackerInfo:
        return c.TrackerInfo(
            name=name,
            kind=self.kind,
            containers=self.containers,
            owns=lambda key: (normal_key(key) or "").partition("-")[0] in self.containers,
            normal_key=normal_key,
        )


def normal_key(key: str) -> str | None:
    return key.strip().upper() if re.fullmatch(r"[A-Za-z]+-[1-9][0-9]*", key.strip()) else None


class Folder(SimpleTracker[FolderSettings]):
    # Reading

    def read_issues(self, *, checklists: bool) -> c.Page:
        issues, unread = [], []
        for path in self._files():
            try:
                issues.append(self._issue(path, checklists))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                unread.append(c.Unread(path.stem, _key(path), f"{type(error).__name__}: {error}"))
        return c.Page(tuple(issues), tuple(unread))

    def read_comments(self, ref: c.IssueRef) -> list[c.PostedComment]:
        try:
            rows = json.loads(self._file(ref).read_text(encoding="utf-8")).get("comments", [])
        except (OSError, ValueError, AttributeError) as error:
            raise c.InvalidResponse(self.name, f"read the comments of {ref}", str(error)) from error
        return [_comment(row) for row in rows]

    def id_of(self, key: str) -> str:
        return key.rpartition("-")[2]  # a move changes the rest of the key

    def containers(self) -> tuple[c.Container, ...]:
        names = self.settings.containers
        return tuple(
            c.Container(one, one, writable=os.access(self.settings.path / one, os.W_OK)) for one in names
        )

    def matching(self, query: str) -> frozenset[str]:
        issues = self.read_issues(checklists=False).issues
        return frozenset(one.ref.id for one in issues if query in one.title and self.info.owns(one.ref.key))

    # Writing

    def create_comment(self, ref: c.IssueRef, body: str, mark: str) -> c.PostedComment:
        new = {"id": uuid.uuid4().hex, "author": AUTHOR, "body": c.with_mark(body, mark)}
        with self._changed(ref) as row:
            row.setdefault("comments", []).append(new)
        return _comment(new)

    def edit_comment(
        self, ref: c.IssueRef, comment: c.PostedComment, body: str, mark: str
    ) -> c.PostedComment:
        with self._changed(ref) as row:
            for one in row.get("comments", []):
                if one["id"] == comment.id:
                    one["body"] = c.with_mark(body, mark)
                    return _comment(one)
            raise c.Missing(self.name, f"edit a comment on {ref}", "the comment is gone")

    def delete_comment(self, ref: c.IssueRef, comment: c.PostedComment) -> None:
        with self._changed(ref) as row:
            row["comments"] = [one for one in row.get("comments", []) if one["id"] != comment.id]

    def change_labels(self, ref: c.IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        gone = set(remove)
        with self._changed(ref) as row:
            kept = [label for label in row.get("labels", []) if label not in gone]
            row["labels"] = list(dict.fromkeys([*kept, *add]))
            return tuple(row["labels"])

    # Files

    def _files(self) -> list[Path]:
        """The file of every issue. A folder that cannot be listed is an error, never an empty tracker."""
        root = self.settings.path
        try:
            folders = [root / name for name in self.settings.containers]
            folders += [one for one in root.iterdir() if one.is_dir() and one not in folders]
            paths = [path for folder in folders for path in folder.iterdir()]
        except OSError as error:
            message, hint = f"cannot be listed: {error.strerror}", "Is it mounted, and is its path right?"
            raise c.Unavailable(self.name, str(root), message, hint) from error
        return [path for path in paths if path.suffix == ".json" and path.stem.isdecimal()]

    def _file(self, ref: c.IssueRef) -> Path:
        for path in self._files():
            if path.stem == ref.id:
                return path
        raise c.Missing(self.name, f"open {ref}", "there is no such issue")

    @contextmanager
    def _changed(self, ref: c.IssueRef) -> Iterator[dict[str, Any]]:
        """The issue as it stands now, put back in one step; a failure leaves it as it was."""
        path = self._file(ref)
        fresh = path.with_name(f".{path.name}.new")
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            yield row
            fresh.write_text(json.dumps(row, indent=2, ensure_ascii=False), encoding="utf-8")
            fresh.replace(path)
        except (OSError, ValueError) as error:
            raise c.Refused(self.name, f"write to {ref}", str(error)) from error

    def _issue(self, path: Path, checklists: bool) -> c.Issue:
        row, key = json.loads(path.read_text(encoding="utf-8")), _key(path)
        category = c.StatusCategory(STATUSES.get(row["status"].casefold(), "unknown"))
        return c.Issue(
            ref=c.IssueRef(self.name, path.stem, key),
            url=f"{self.settings.url}/{key}",
            title=row["title"],
            container=path.parent.name,
            status=row["status"],
            category=category,
            resolution="cancelled" if category is c.StatusCategory.CANCELLED else None,
            labels=tuple(row.get("labels", ())),
            parent_id=self.id_of(row["parent"]) if row.get("parent") else None,
            parent_key=row.get("parent"),
            created=datetime.fromisoformat(row["created"]).astimezone(UTC),
            updated=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            resolved=datetime.fromisoformat(row["resolved"]).astimezone(UTC) if "resolved" in row else None,
            checklist=parse_checklist(row.get("body", "")) if checklists else (),
        )


def _key(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def _comment(row: dict[str, Any]) -> c.PostedComment:
    return c.PostedComment(row["id"], row["body"], mine=row["author"] == AUTHOR)


CONNECTOR = Connector("folder", FolderSettings, "milepost_folder:Folder")
