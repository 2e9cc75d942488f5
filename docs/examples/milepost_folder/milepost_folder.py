"""A tracker that is a folder: `<path>/WORK/7.json` is the issue WORK-7; moved to PLANS, it is PLANS-7."""

import json
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field
from typing_extensions import override

from connectors import interface as c
from connectors.http.urls import base_url
from connectors.registry import Connector
from connectors.task_lists import parse_checklist

OVERLAP, PAGE, AUTHOR = timedelta(minutes=2), 100, "milepost"
STATUSES = {"to do": "todo", "in progress": "in_progress", "done": "done", "cancelled": "cancelled"}
Row = dict[str, Any]


class FolderSettings(c.TrackerSettings):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["folder"] = "folder"
    path: Path
    containers: tuple[str, ...] = Field(min_length=1)
    url: Annotated[str, AfterValidator(base_url)]  # where people open an issue; its key is put behind this

    @override
    def info(self, name: str) -> c.TrackerInfo:
        def owns(key: str) -> bool:
            return (_normal(key) or "").partition("-")[0] in self.containers

        return c.TrackerInfo(name, "folder", self.containers, owns, _normal, "markdown", 65_536, 100, True)

    @override
    def secrets_missing(self, name: str) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class Folder(c.Reader, c.Writer):
    """Tracker, reader and writer at once."""

    info: c.TrackerInfo
    settings: FolderSettings
    clock: Callable[[], datetime]

    @property
    def reader(self) -> Self:
        return self

    @property
    def writer(self) -> Self:
        return self

    def check(self, needs: frozenset[c.Capability]) -> tuple[c.Finding, ...]:
        try:
            found = [c.Finding("read", True, f"{len(self.present())} issues in {self.settings.path}")]
        except c.TrackerError as error:
            return (c.Finding("read", False, error.reason, error.hint),)
        for folder in self._folders() if needs - {c.Capability.READ} else ():
            ok = os.access(folder, os.W_OK)
            found.append(c.Finding(f"write in {folder.name}", ok, "granted" if ok else "no permission"))
        return tuple(found)

    def close(self) -> None: ...

    def changed_since(self, cursor: str | None, interest: c.Interest) -> c.Pull:
        scope = [*self.settings.containers, *sorted(interest.roots), *sorted(interest.keys)]
        now = {"v": 1, "since": self.clock().isoformat(), "scope": [*scope, interest.checklists]}
        try:
            known = json.loads(cursor or "null")
            same = (known["v"], known["scope"]) == (1, now["scope"])
            since = datetime.fromisoformat(known["since"]) - OVERLAP if same else None
        except (ValueError, KeyError, TypeError):
            since = None
        return c.Pull(json.dumps(now), self._pages(since, interest), full=since is None)

    def _pages(self, since: datetime | None, interest: c.Interest) -> Iterator[c.Page]:
        files = self._files()
        parents = {number: _number(str(row.get("parent"))) for number, (_, row) in files.items()}
        roots, keys = {_number(key) for key in interest.roots}, {_number(key) for key in interest.keys}
        wanted = [
            path
            for number, (path, _) in files.items()
            if (self._inside(path) and (since is None or _modified(path) >= since))
            or (not self._inside(path) and (number in keys or _descends(number, parents, roots)))
        ]
        for start in range(0, len(wanted), PAGE):
            yield self._page(wanted[start : start + PAGE], interest.checklists)

    def present(self) -> frozenset[str]:
        return frozenset(number for number, (path, _) in self._files().items() if self._inside(path))

    def survey(self, interest: c.Interest) -> c.Survey:
        pages = self._pages(None, interest)
        whole = (c.SurveyPage(issues=page.issues, unread=page.unread) for page in pages)
        return c.Survey(whole, self._containers, lambda: {name: name for name in self.settings.containers})

    def _containers(self) -> tuple[c.Container, ...]:
        return tuple(
            c.Container(one.name, one.name, writable=os.access(one, os.W_OK)) for one in self._folders()
        )

    def locate(self, refs: Sequence[c.IssueRef]) -> Mapping[c.IssueRef, c.Whereabouts]:
        page = self.fetch([ref.key for ref in refs])
        there = {issue.ref: c.Whereabouts(c.Fate.PRESENT, issue) for issue in page.issues}
        odd = {one.id: c.Whereabouts(c.Fate.UNKNOWN, reason=one.why) for one in page.unread}
        gone = c.Whereabouts(c.Fate.GONE, reason="there is no such file")
        return {ref: there.get(ref) or odd.get(ref.id) or gone for ref in refs}

    def fetch(self, keys: Sequence[str]) -> c.Page:
        files = self._files()
        return self._page([files[number][0] for number in map(_number, keys) if number in files], False)

    def matching(self, query: str) -> frozenset[str]:
        found = {number for number, (_, row) in self._files().items() if query in str(row.get("title"))}
        return self.present() & found

    def comment(self, ref: c.IssueRef, comment_id: str) -> c.PostedComment | None:
        _, row = self._files().get(ref.id, (None, {}))
        return next((_comment(one) for one in row.get("comments", ()) if one["id"] == comment_id), None)

    def posted(self, refs: Sequence[c.IssueRef]) -> Mapping[c.IssueRef, c.Posted | c.TrackerError]:
        files: Mapping[str, tuple[Path, Row]] = self._files()
        found: dict[c.IssueRef, c.Posted | c.TrackerError] = {}
        for ref in refs:
            if ref.id in files:
                path, row = files[ref.id]
                today = c.IssueRef(ref.tracker, ref.id, _key(path))
                ours = [_comment(one) for one in row.get("comments", []) if c.MARK_PREFIX in one["body"]]
                found[today] = c.Posted(today, tuple(row.get("labels", ())), tuple(ours))
        return found

    @override
    def label_definitions(self, container: str) -> tuple[c.LabelDefinition, ...]:
        return ()

    def create_comment(self, ref: c.IssueRef, body: str, mark: str) -> c.PostedComment:
        new = {"id": uuid.uuid4().hex, "author": AUTHOR, "body": _marked(body, mark)}
        with self._changing(ref) as row:
            row.setdefault("comments", []).append(new)
        return _comment(new)

    def edit_comment(
        self, ref: c.IssueRef, comment: c.PostedComment, body: str, mark: str
    ) -> c.PostedComment:
        with self._changing(ref) as row:
            one = next((one for one in row.get("comments", []) if one["id"] == comment.id), None)
            if one is None:
                raise c.Missing(self.info.name, f"edit a comment on {ref}", "the comment is gone")
            one["body"] = _marked(body, mark)
        return _comment(one)

    def delete_comment(self, ref: c.IssueRef, comment: c.PostedComment) -> None:
        with self._changing(ref) as row:
            row["comments"] = [one for one in row.get("comments", []) if one["id"] != comment.id]

    def change_labels(self, ref: c.IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        gone = set(remove)
        with self._changing(ref) as row:
            kept = [label for label in row.get("labels", []) if label not in gone]
            row["labels"] = list(dict.fromkeys([*kept, *add]))
        return tuple(row["labels"])

    def define_label(self, container: str, definition: c.LabelDefinition) -> None: ...

    def remove_label_definition(self, container: str, name: str) -> None: ...

    def _folders(self) -> list[Path]:
        return [self.settings.path / name for name in self.settings.containers]

    def _inside(self, path: Path) -> bool:
        return path.parent.name in self.settings.containers

    def _files(self) -> dict[str, tuple[Path, Row]]:
        """Every issue by its number. A folder that cannot be listed is an error, never an empty tracker."""
        try:
            folders = self._folders()
            folders += [one for one in self.settings.path.iterdir() if one.is_dir() and one not in folders]
            paths = [path for one in folders for path in one.iterdir() if path.suffix == ".json"]
        except OSError as error:
            where, message = str(self.settings.path), f"cannot be listed: {error.strerror}"
            raise c.Unavailable(
                self.info.name, where, message, "Is it mounted, and is its path right?"
            ) from error
        return {path.stem: (path, _row(path)) for path in paths if path.stem.isdecimal()}

    @contextmanager
    def _changing(self, ref: c.IssueRef) -> Iterator[Row]:
        """The issue as it stands now, put back in one step; a failure leaves it as it was."""
        path, _ = self._files().get(ref.id, (None, None))
        if path is None:
            raise c.Missing(self.info.name, f"write to {ref}", "there is no such issue")
        fresh = path.with_name(f".{path.name}.new")
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            yield row
            fresh.write_text(json.dumps(row, indent=2, ensure_ascii=False), encoding="utf-8")
            fresh.replace(path)
        except (OSError, ValueError) as error:
            raise c.Refused(self.info.name, f"write to {ref}", str(error)) from error

    def _page(self, paths: Sequence[Path], checklists: bool) -> c.Page:
        issues, unread = [], []
        for path in paths:
            try:
                issues.append(self._issue(path, checklists))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                unread.append(c.Unread(path.stem, _key(path), f"{type(error).__name__}: {error}"))
        return c.Page(tuple(issues), tuple(unread))

    def _issue(self, path: Path, checklists: bool) -> c.Issue:
        row, key = json.loads(path.read_text(encoding="utf-8")), _key(path)
        category = c.StatusCategory(STATUSES.get(row["status"].casefold(), "unknown"))
        return c.Issue(
            ref=c.IssueRef(self.info.name, path.stem, key),
            url=f"{self.settings.url}/{key}",
            title=row["title"],
            container=path.parent.name,
            status=row["status"],
            category=category,
            resolution="cancelled" if category is c.StatusCategory.CANCELLED else None,
            labels=tuple(row.get("labels", ())),
            parent_key=row.get("parent"),
            created=datetime.fromisoformat(row["created"]).astimezone(UTC),
            updated=_modified(path),
            resolved=datetime.fromisoformat(row["resolved"]).astimezone(UTC) if "resolved" in row else None,
            checklist=parse_checklist(row.get("body", "")) if checklists else (),
        )


def _normal(key: str) -> str | None:
    return key.strip().upper() if re.fullmatch(r"[A-Za-z]+-[1-9][0-9]*", key.strip()) else None


def _number(key: str) -> str:
    return key.rpartition("-")[2]  # a move changes the rest of the key


def _key(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def _row(path: Path) -> Row:
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # told as Unread by whoever needs the issue itself
    return row if isinstance(row, dict) else {}


def _comment(row: Row) -> c.PostedComment:
    return c.PostedComment(row["id"], row["body"], mine=row["author"] == AUTHOR)


def _marked(body: str, mark: str) -> str:
    return body if mark in body else f"{body}\n\n<!-- {mark} -->"


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _descends(number: str, parents: Mapping[str, str], roots: set[str]) -> bool:
    seen: set[str] = set()  # parents may run in a circle
    while number not in seen and number not in roots:
        seen.add(number)
        number = parents.get(number, number)
    return number in roots


def open_folder(
    name: str, settings: c.TrackerSettings, *, clock: Callable[[], datetime], **_: object
) -> c.Tracker:
    if not isinstance(settings, FolderSettings):
        raise TypeError(f"expected FolderSettings, got {type(settings).__name__}")
    return Folder(settings.info(name), settings, clock)


CONNECTOR = Connector("folder", FolderSettings, "milepost_folder:open_folder")
