"""The writing half of a GitHub tracker: single verbs, each answer checked, no redirect followed blindly."""

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from connectors.bounds import moment
from connectors.errors import AnswerLost, InvalidResponse, Missing, Refused
from connectors.github.client import REDIRECTS, GitHubClient
from connectors.github.issue_keys import Place, is_repository, place_of
from connectors.github.issues import Unreadable, label_names, place_in
from connectors.github.listing import PER_PAGE
from connectors.http.response import HttpResponse, explain_status, message_in
from connectors.http.urls import path_segment
from connectors.models import IssueRef, LabelDefinition, PostedComment, with_mark

_GONE = (404, 410)
_DESCRIPTION_LIMIT = 100


class GitHubWriter:
    """Writes comments and labels. Edits and labels may be sent twice without harm; comments never are."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        """See Writer. A mark that the body does not hold is added as a hidden HTML comment."""
        body = with_mark(body, mark)
        answer = self._on_issue(
            ref, lambda place: self._send("POST", f"{place.path}/comments", {"body": body}, repeatable=False)
        )
        try:
            return self._comment(answer, body)
        except InvalidResponse as problem:
            raise AnswerLost(self._client.name, answer.request, problem.reason) from problem

    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        """See Writer."""
        body = with_mark(body, mark)
        answer = self._on_issue(
            ref, lambda place: self._send("PATCH", self._comment_path(place, comment), {"body": body})
        )
        return self._comment(answer, body)

    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        """See Writer. Where the whole issue is gone, so is its comment."""
        try:
            self._on_issue(ref, lambda place: self._send("DELETE", self._comment_path(place, comment)))
        except Missing:
            return

    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        """See Writer. GitHub ignores the case of label names, and so do we."""
        adding, removing = list(dict.fromkeys(add)), list(dict.fromkeys(remove))
        for name in (*adding, *removing):
            self._check_label(name)
        stand: tuple[str, ...] | None = None
        if adding:
            answer = self._on_issue(
                ref, lambda place: self._send("POST", f"{place.path}/labels", {"labels": adding})
            )
            stand = self._labels(answer)
            if {name.lower() for name in adding} - {name.lower() for name in stand}:
                self._refuse(answer, "GitHub took the request but did not add the labels")
        for name in removing:
            stand = self._remove_label(ref, name)
        return stand if stand is not None else self._labels_now(ref)

    def define_label(self, container: str, definition: LabelDefinition) -> None:
        """See Writer. Characters beyond the basic plane are left out of the description (GitHub refuses)."""
        self._check_label(definition.name)
        description = "".join(c for c in definition.description if ord(c) <= 0xFFFF)[:_DESCRIPTION_LIMIT]
        requested = {"color": definition.colour.lstrip("#").lower(), "description": description}
        new = {"name": definition.name, **requested}
        answer = self._on_repository(
            container, lambda path: self._send("POST", f"{path}/labels", new, accept=(422,))
        )
        if answer.status == 422:
            if b"already_exists" not in answer.body:
                raise explain_status(self._client.name, answer.request, answer)
            answer = self._on_repository(
                container,
                lambda path: self._send("PATCH", f"{path}/labels/{path_segment(definition.name)}", requested),
            )
        if str(answer.json_object().get("name")).lower() != definition.name.lower():
            self._refuse(answer, "GitHub took the request but did not define the label")

    def remove_label_definition(self, container: str, name: str) -> None:
        """See Writer."""
        self._check_label(name)
        self._on_repository(
            container, lambda path: self._send("DELETE", f"{path}/labels/{path_segment(name)}", accept=_GONE)
        )

    def _send(
        self,
        verb: str,
        path: str,
        body: Any = None,
        *,
        repeatable: bool = True,
        accept: tuple[int, ...] = (),
    ) -> HttpResponse:
        return self._client.write(verb, path, body, repeatable=repeatable, accept=accept)

    def _on_issue(self, ref: IssueRef, send: Callable[[Place], HttpResponse]) -> HttpResponse:
        """Write at an issue's place; if GitHub says that it moved, ask where it is now and write there."""
        place = place_of(ref.key)
        if place is None:
            raise Missing(self._client.name, "", f"{ref.key!r} is no issue of GitHub")
        answer = send(place)
        if answer.status not in REDIRECTS:
            return answer
        now = place_in(self._client.get(place.path).json_object())
        if now is None or now == place:
            raise explain_status(self._client.name, answer.request, answer)
        return self._settled(send(now))

    def _on_repository(self, container: str, send: Callable[[str], HttpResponse]) -> HttpResponse:
        if not is_repository(container):
            raise Missing(self._client.name, "", f"{container!r} is no repository of GitHub")
        answer = send(f"/repos/{container}")
        if answer.status not in REDIRECTS:
            return answer
        now = self._client.get(f"/repos/{container}").json_object().get("full_name")
        if not isinstance(now, str) or not is_repository(now):
            raise explain_status(self._client.name, answer.request, answer)
        return self._settled(send(f"/repos/{now}"))

    def _settled(self, answer: HttpResponse) -> HttpResponse:
        if answer.status in REDIRECTS:
            raise explain_status(self._client.name, answer.request, answer)
        return answer

    def _comment_path(self, place: Place, comment: PostedComment) -> str:
        if not comment.id.isdecimal():
            raise Missing(self._client.name, "", f"{comment.id!r} is no comment of GitHub")
        return f"/repos/{place.repository}/issues/comments/{comment.id}"

    def _comment(self, answer: HttpResponse, body: str) -> PostedComment:
        """The comment in an answer; without its id, nobody can know that it was written."""
        result = answer.json_object()
        id_, text = result.get("id"), result.get("body")
        if type(id_) is not int:
            message = "expected a comment with its id"
            raise InvalidResponse(self._client.name, answer.request, message)
        text = text if isinstance(text, str) else body
        url, updated = str(result.get("html_url") or ""), moment(result.get("updated_at"))
        return PostedComment(str(id_), text, mine=True, url=url, updated=updated)

    def _remove_label(self, ref: IssueRef, name: str) -> tuple[str, ...]:
        answer = self._on_issue(
            ref,
            lambda place: self._send("DELETE", f"{place.path}/labels/{path_segment(name)}", accept=_GONE),
        )
        # 404 means that the label, or that the issue is gone: the list tells, or raises Missing. An empty
        # answer may come from whatever stands between, and nobody would notice the label until tomorrow.
        stand = () if answer.status in _GONE else self._labels(answer)
        stand = stand or self._labels_now(ref)
        if name.lower() in {label.lower() for label in stand}:
            self._refuse(
                answer, f"GitHub took the request but did not remove the label ({message_in(answer)})"
            )
        return stand

    def _labels(self, answer: HttpResponse) -> tuple[str, ...]:
        try:
            return label_names({"labels": answer.json_list()})
        except Unreadable as problem:
            raise InvalidResponse(self._client.name, answer.request, str(problem)) from problem

    def _labels_now(self, ref: IssueRef) -> tuple[str, ...]:
        place = place_of(ref.key)
        if place is None:
            raise Missing(self._client.name, "", f"{ref.key!r} is no issue of GitHub")
        answers = self._client.answers(f"{place.path}/labels", {"per_page": PER_PAGE})
        return tuple(name for answer in answers for name in self._labels(answer))

    def _check_label(self, name: str) -> None:
        """`DELETE …/labels/.` would lose its last step on the way and so remove all labels of an issue."""
        if name.strip() in ("", ".", ".."):
            raise Refused(self._client.name, "", f"{name!r} cannot be a label", "Use another name")

    def _refuse(self, answer: HttpResponse, reason: str) -> NoReturn:
        hint = "The account needs the triage or write role in this repository"
        raise Refused(self._client.name, answer.request, reason, hint)
