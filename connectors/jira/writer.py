"""The writing half of a Jira."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.errors import AnswerLost, InvalidResponse, Missing, Refused, TooLong, TrackerError
from connectors.http.response import HttpResponse, message_in
from connectors.http.urls import path_segment
from connectors.jira.client import JiraClient
from connectors.jira.comments import INTERNAL, MARKS_LISTED, PROPERTY, read_comment, read_comments
from connectors.jira.issues import read_labels
from connectors.jira.json_answers import Json
from connectors.jira.known_refusals import (
    DROPS_PROPERTIES,
    NEEDS_MAIL,
    ONLY_BMP,
    KnownRefusals,
    characters,
    only_bmp,
    stated_limit,
)
from connectors.jira.search import Search
from connectors.jira.settings import LABEL_LIMIT
from connectors.models import IssueRef, LabelDefinition, PostedComment

_NO_PROPERTIES = "jira.no_comment_properties"
"""The server refuses properties of comments."""
_QUIETLY = {"notifyUsers": "false"}


@dataclass(frozen=True, slots=True)
class _Desired:
    """A comment as it is to be."""

    ref: IssueRef
    body: str
    mark: str
    visibility: tuple[str, str] | None
    create: bool


class JiraWriter:
    """Writes to one Jira, to URLs made of ids: keys change, and `self` links are wrong behind gateways."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._search = Search(client)
        self._refusals = KnownRefusals(client)

    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        """See Writer."""
        path = f"issue/{path_segment(ref.id)}/comment"
        answer = self._comment(path, _Desired(ref, body, mark, None, create=True))
        try:
            created = self._comment_in(answer, ref)
        except InvalidResponse as problem:
            message = f"{problem.reason}, though the comment may have been written"
            raise AnswerLost(self._client.name, answer.request, message) from problem
        if (
            self._marks_kept is None
            and not self._keeps_mark(ref, created.id, mark)
            and mark not in created.body
        ):
            return self.edit_comment(ref, created, body, mark)
        return created

    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        """See Writer. Who may see the comment stays as it is, or becomes what the settings say."""
        path = f"issue/{path_segment(ref.id)}/comment/{path_segment(comment.id)}"
        try:
            requested = _Desired(ref, body, mark, comment.visibility, create=False)
            return self._comment_in(self._comment(path, requested), ref)
        except TooLong:
            raise
        except Refused as refused:
            # Some servers answer 400 for a comment that is not there.
            if self._client.get(path, accept=(404, 410)).status in (404, 410):
                raise Missing(self._client.name, refused.request, "the comment is gone") from refused
            raise

    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        """See Writer."""
        path = f"issue/{path_segment(ref.id)}/comment/{path_segment(comment.id)}"
        self._client.change("DELETE", path, None, repeatable=True, accept=(404, 410))

    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        """See Writer. Raises Refused, before anything is sent, for a label that Jira cannot hold."""
        added = sorted(set(add))
        removed = sorted(set(remove) - set(added))
        path = f"issue/{path_segment(ref.id)}"
        for label in added:
            if not label or len(label) > LABEL_LIMIT or any(one.isspace() for one in label):
                message = f"{label!r} is no label: Jira takes 1 to {LABEL_LIMIT} characters without blanks"
                raise Refused(self._client.name, self._client.request("PUT", path), message)
        verbs = [{"add": label} for label in added] + [{"remove": label} for label in removed]
        labels, quiet = self._send_verbs(ref, path, verbs)
        undone = (set(added) - set(labels)) | (set(removed) & set(labels))
        if undone and quiet:
            # Where the account may not do it quietly, Jira may also ignore the whole request.
            labels, _ = self._send_verbs(ref, path, verbs, quiet=False)
            undone = (set(added) - set(labels)) | (set(removed) & set(labels))
            if not undone:
                self._refusals.note(NEEDS_MAIL)
        if undone:
            message = f"Jira took the request but did not do it: {', '.join(sorted(undone))}"
            raise Refused(
                self._client.name,
                self._client.request("PUT", path),
                message,
                "Check the permission to edit issues",
            )
        return labels

    def define_label(self, container: str, definition: LabelDefinition) -> None:
        """Nothing to do: Jira's labels have no definitions."""

    def remove_label_definition(self, container: str, name: str) -> None:
        """Nothing to do: Jira's labels have no definitions."""

    def _send_verbs(
        self, ref: IssueRef, path: str, verbs: list[Json], *, quiet: bool | None = None
    ) -> tuple[tuple[str, ...], bool]:
        """Change the labels; all that stand afterwards, and whether it was asked for without mails."""
        quiet = self._quiet if quiet is None else quiet
        if verbs:
            body: Json = {"update": {"labels": verbs}}
            params, accept = (_QUIETLY, (400, 403)) if quiet else (None, ())
            answer = self._client.change("PUT", path, body, repeatable=True, params=params, accept=accept)
            if answer.status >= 400:
                if not _names_mails(answer):
                    raise self._client.refused(answer)
                self._refusals.note(NEEDS_MAIL)
                quiet = False
                self._client.change("PUT", path, body, repeatable=True)
        return read_labels(self._client.name, self._search.present(ref.id, ["labels"])), quiet

    def _comment(self, path: str, requested: _Desired) -> HttpResponse:
        """Write a comment; where the server refuses a part that can be left out, again without that part."""
        plain = self._refusals.has(ONLY_BMP)
        learned = False
        while True:
            bare = self._client.memory.get(_NO_PROPERTIES) is not None
            quiet = self._quiet and not requested.create
            text = only_bmp(requested.body) if plain else requested.body
            special = text != only_bmp(text)
            body = self._whole_body(text, requested, bare=bare)
            self._fits(requested, path, body["body"])
            answer = self._client.change(
                "POST" if requested.create else "PUT",
                path,
                body,
                repeatable=not requested.create,
                accept=(400, *((403,) if quiet else ()), *((500,) if special else ())),
                params=_QUIETLY if quiet else None,
            )
            if answer.status < 400:
                if learned:
                    self._refusals.note(ONLY_BMP)
                return answer
            limit = stated_limit(answer, body["body"])
            if limit is not None:
                self._refusals.note_longest(limit)
                self._fits(requested, path, body["body"])
            if quiet and _names_mails(answer):
                self._refusals.note(NEEDS_MAIL)
            elif answer.status == 400 and not (bare or self._internal) and b"propert" in answer.body.lower():
                # A server without properties did nothing; the mark in the text must do.
                self._client.memory.set(_NO_PROPERTIES, "yes")
            elif answer.status in (400, 500) and special:
                self._not_written(answer, requested)
                plain = learned = True
            else:
                raise self._client.refused(answer)

    def _fits(self, requested: _Desired, path: str, text: str) -> None:
        """Raises TooLong for a text longer than the limit that the server stated within the last day."""
        limit = self._refusals.longest()
        if limit is None or characters(text) <= limit:
            return
        request = self._client.request("POST" if requested.create else "PUT", path)
        message = f"HTTP 400: this server takes at most {limit:,} characters, and the comment is longer"
        hint = "Ask whoever runs it to raise jira.text.field.character.limit"
        raise TooLong(self._client.name, request, message, hint, limit)

    @property
    def _marks_kept(self) -> bool | None:
        """Whether the server keeps the mark as a property; None where that is still to be seen."""
        memory = self._client.memory
        if memory.get(_NO_PROPERTIES) is not None or self._refusals.has(DROPS_PROPERTIES):
            return False
        return True if memory.get(MARKS_LISTED) is not None else None

    def _keeps_mark(self, ref: IssueRef, comment_id: str, mark: str) -> bool:
        """Whether the list of comments shows the mark of a new comment; if not, that is remembered."""
        client = self._client
        try:
            there = read_comments(client, client.account(), client.server().site, ref)
        except TrackerError:
            return True  # the next comment that is created tells
        kept = any(one.id == comment_id and one.mark == mark for one in there)
        if not kept:
            self._refusals.note(DROPS_PROPERTIES)
        return kept

    def _not_written(self, answer: HttpResponse, requested: _Desired) -> None:
        """Raises AnswerLost where a comment may have been written though the answer was an error."""
        if not requested.create or answer.status < 500:
            return
        client = self._client
        there = read_comments(client, client.account(), client.server().site, requested.ref)
        if any(one.mine and (one.mark == requested.mark or requested.mark in one.body) for one in there):
            raise AnswerLost(client.name, answer.request, f"{message_in(answer)}, and a comment stands there")

    @property
    def _quiet(self) -> bool:
        return not self._client.settings.notify_watchers and not self._refusals.has(NEEDS_MAIL)

    def _whole_body(self, text: str, requested: _Desired, *, bare: bool) -> Json:
        kept = self._marks_kept
        if kept or (kept is None and requested.create and self._client.server().cloud):
            # Cloud documents properties of comments; otherwise the text shows the mark until they are seen.
            text = _without_line(text, requested.mark)
        elif requested.mark not in text:
            text = f"{text}\n\n{requested.mark}"
        if bare:
            return self._body(text, requested.visibility)
        return {**self._body(text, requested.visibility), "properties": self._properties(requested.mark)}

    @property
    def _internal(self) -> bool:
        return self._client.settings.internal_comments

    def _body(self, body: str, visibility: tuple[str, str] | None) -> Json:
        requested = self._client.settings.comment_visibility
        if requested is not None:
            visibility = (requested.type, requested.value)
        shown = {"visibility": {"type": visibility[0], "value": visibility[1]}} if visibility else {}
        return {"body": body, **shown}

    def _properties(self, mark: str) -> list[Json]:
        properties: list[Json] = [{"key": PROPERTY, "value": {"mark": mark}}]
        if self._internal:
            properties.append({"key": INTERNAL, "value": {"internal": True}})
        return properties

    def _comment_in(self, answer: HttpResponse, ref: IssueRef) -> PostedComment:
        body = answer.json_object()
        comment = read_comment(body, self._client.account(), self._client.server().site, ref)
        if comment is None:
            raise InvalidResponse(
                self._client.name, answer.request, "the answer tells no comment with id and text"
            )
        return comment


def _without_line(text: str, mark: str) -> str:
    """The text without its last line where that shows the mark."""
    head, _, last = text.rpartition("\n")
    return head.rstrip("\n") or text if mark in last else text


def _names_mails(answer: HttpResponse) -> bool:
    """Whether a refusal is for `notifyUsers`: Jira's message names the user notification."""
    return answer.status in (400, 403) and (b"notif" in answer.body.lower())
