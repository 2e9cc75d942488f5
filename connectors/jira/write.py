"""The writing half of a Jira."""

from collections.abc import Iterable

from connectors.answer import Answer
from connectors.contract import (
    AnswerLost,
    Garbled,
    IssueRef,
    LabelDefinition,
    Missing,
    PostedComment,
    Refused,
)
from connectors.jira.comments import PROPERTY, read_comment
from connectors.jira.issues import read_labels
from connectors.jira.plain import step
from connectors.jira.search import Search
from connectors.jira.session import JiraSession, Json, mapping
from connectors.jira.settings import LABEL_LIMIT

_NO_PROPERTIES = "jira.no_comment_properties"


class JiraWriter:
    """Writes to one Jira, to URLs made of ids: keys change, and `self` links are wrong behind gateways."""

    def __init__(self, session: JiraSession) -> None:
        self._session = session
        self._search = Search(session)

    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        """See the contract."""
        answer = self._comment("POST", f"issue/{step(ref.id)}/comment", body, mark, None)
        try:
            return self._told(answer, ref)
        except Garbled as problem:
            said = f"{problem.said}, though the comment may have been written"
            raise AnswerLost(self._session.name, answer.request, said) from problem

    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        """See the contract. Who may see the comment stays as it is, or becomes what the settings say."""
        path = f"issue/{step(ref.id)}/comment/{step(comment.id)}"
        try:
            return self._told(self._comment("PUT", path, body, mark, comment.visibility), ref)
        except Refused as refused:
            # Some servers answer 400 for a comment that is not there.
            if self._session.get(path, accept=(404, 410)).status in (404, 410):
                raise Missing(self._session.name, refused.request, "the comment is gone") from refused
            raise

    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        """See the contract."""
        path = f"issue/{step(ref.id)}/comment/{step(comment.id)}"
        self._session.change("DELETE", path, None, repeatable=True, accept=(404, 410))

    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        """See the contract. Raises Refused, before anything is sent, for a label that Jira cannot hold."""
        added = sorted(set(add))
        removed = sorted(set(remove) - set(added))
        path = f"issue/{step(ref.id)}"
        for label in added:
            if not label or len(label) > LABEL_LIMIT or any(one.isspace() for one in label):
                said = f"{label!r} is no label: Jira takes 1 to {LABEL_LIMIT} characters without blanks"
                raise Refused(self._session.name, self._session.request("PUT", path), said)
        verbs = [{"add": label} for label in added] + [{"remove": label} for label in removed]
        if verbs:
            self._session.change("PUT", path, {"update": {"labels": verbs}}, repeatable=True)
        labels = read_labels(self._session.name, self._search.present(ref.id, ["labels"]))
        undone = (set(added) - set(labels)) | (set(removed) & set(labels))
        if undone:
            said = f"Jira took the request but did not do it: {', '.join(sorted(undone))}"
            raise Refused(
                self._session.name,
                self._session.request("PUT", path),
                said,
                "Check the permission to edit issues",
            )
        return labels

    def define_label(self, container: str, definition: LabelDefinition) -> None:
        """Nothing to do: Jira's labels have no definitions."""

    def remove_label_definition(self, container: str, name: str) -> None:
        """Nothing to do: Jira's labels have no definitions."""

    def _comment(
        self, method: str, path: str, body: str, mark: str, visibility: tuple[str, str] | None
    ) -> Answer:
        repeatable = method == "PUT"
        if self._session.memory.get(_NO_PROPERTIES) is None:
            sent = {**self._body(body, visibility), "properties": self._properties(mark)}
            answer = self._session.change(method, path, sent, repeatable=repeatable, accept=(400,))
            if answer.status != 400:
                return answer
            if not self._internal and b"propert" in answer.body.lower():
                # A server that knows no properties did nothing; the mark in the text must do.
                self._session.memory.set(_NO_PROPERTIES, "yes")
            else:
                raise self._session.refused(answer)
        text = body if mark in body else f"{body}\n\n{mark}"
        return self._session.change(method, path, self._body(text, visibility), repeatable=repeatable)

    @property
    def _internal(self) -> bool:
        return self._session.settings.internal_comments

    def _body(self, body: str, visibility: tuple[str, str] | None) -> Json:
        wanted = self._session.settings.comment_visibility
        if wanted is not None:
            visibility = (wanted.type, wanted.value)
        shown = {"visibility": {"type": visibility[0], "value": visibility[1]}} if visibility else {}
        return {"body": body, **shown}

    def _properties(self, mark: str) -> list[Json]:
        properties: list[Json] = [{"key": PROPERTY, "value": {"mark": mark}}]
        if self._internal:
            properties.append({"key": "sd.public.comment", "value": {"internal": True}})
        return properties

    def _told(self, answer: Answer, ref: IssueRef) -> PostedComment:
        body = mapping(answer, answer.json())
        comment = read_comment(body, self._session.account(), self._session.server().site, ref)
        if comment is None:
            raise Garbled(self._session.name, answer.request, "the answer tells no comment with id and text")
        return comment
