"""Makes the plan: desired minus actual state, as actions in the order in which they are written."""

from collections.abc import Iterable, Mapping, Sequence

from connectors.interface import TrackerInfo
from connectors.models import IssueRef, LabelDefinition, Posted, PostedComment
from core.engine.key_order import issue_order
from core.publish.actions import (
    Action,
    ChangeLabels,
    DefineLabel,
    DeleteComment,
    Held,
    Plan,
    RemoveLabelDefinition,
    WriteComment,
)
from core.publish.labels import Labelled, relabels
from core.publish.own_comments import comment_order, edit_reason, exposed, our_comments
from core.publish.places import Closed
from core.publish.publication import Publication
from core.publish.publish_policy import PublishPolicy
from core.publish.states import ActualState, DesiredComment, DesiredState
from core.publish.untold import SAYS_TOO_MUCH, UntoldLabels

NEXT_PULL = "the next run that can read it"
WIDER = "more people may read it now, and it may say what they are not meant to know"
OPENED = "it is written once it takes changes again, or once the scope covers it"


def make_plan(
    desired: DesiredState, actual: ActualState, policy: PublishPolicy, infos: Mapping[str, TrackerInfo]
) -> Plan:
    """Return the plan that leads from the actual to the desired state; empty where the two agree.

    It changes only comments with our mark by our own account, and labels with our prefix, and only where
    `actual.places` allows it. What is switched off in the policy stays as it is, and so does everything on a
    tracker that is down.
    """
    planner = _Planner(actual, policy, infos, desired.untold)
    if policy.labels.enabled:
        planner.labels(desired.labels)
        planner.definitions()
    if policy.comments.enabled:
        planner.comments(desired.comments)
    return planner.plan()


class _Planner:
    """Collects the actions of a plan, and what is held."""

    def __init__(
        self,
        actual: ActualState,
        policy: PublishPolicy,
        infos: Mapping[str, TrackerInfo],
        untold: UntoldLabels | None,
    ) -> None:
        self._actual = actual
        self._untold = untold
        self._policy = policy
        self._infos = infos
        self._defines: list[DefineLabel] = []
        self._redefinitions: list[DefineLabel | RemoveLabelDefinition] = []
        self._relabels: list[ChangeLabels] = []
        self._writes: list[WriteComment] = []
        self._deletes: list[DeleteComment] = []
        self._held: list[Held] = []
        self._closed_comments: list[Held] = []

    def plan(self) -> Plan:
        """Return the plan: first what shows too much, then definitions, labels, comments, removals.

        Each kind is sorted, so that equal states give equal plans.
        """
        defines = sorted(
            self._defines, key=lambda action: (action.tracker, action.container, action.definition)
        )
        relabels = sorted(self._relabels, key=lambda action: issue_order(action.ref))
        writes = sorted(self._writes, key=lambda action: issue_order(action.ref))
        deletes = sorted(
            self._deletes, key=lambda action: (*issue_order(action.ref), comment_order(action.before.id))
        )
        # What shows more than its readers are meant to see is changed before anything else.
        anew = [write for write in writes if write.anew]
        writes = [write for write in writes if not write.anew]
        secret = [relabel for relabel in relabels if relabel.reason == SAYS_TOO_MUCH]
        relabels = [relabel for relabel in relabels if relabel.reason != SAYS_TOO_MUCH]
        actions: tuple[Action, ...] = (
            *anew,
            *self._redefinitions,
            *defines,
            *secret,
            *relabels,
            *writes,
            *deletes,
        )
        held = sorted(set(self._held), key=lambda held: (held.what, held.why, held.release))
        return Plan(actions, tuple(held), closed=tuple(self._closed_comments))

    # ---- labels

    def labels(self, desired: Sequence[Labelled]) -> None:
        by_ref = {labelled.ref: labelled for labelled in desired}
        existing = {*self._actual.labels, *self._actual.posted}
        for ref in existing | set(by_ref):
            self._labels_of(ref, by_ref.get(ref))
        ready = [
            labelled
            for labelled in desired
            if labelled.waiting is None
            and labelled.ref.tracker not in self._actual.down
            and self._actual.places.closed_to_labels(labelled.ref) is None
        ]
        self._define(labelled for labelled in ready if labelled.ref in existing)

    def definitions(self) -> None:
        """Plan the removal or change of definitions that show more than their readers may see."""
        if self._untold is None:
            return
        for (tracker, container), defined in sorted(self._actual.definitions.items()):
            place = IssueRef(tracker, "", f"{container}#0")
            if self._actual.places.closed_to_labels(place) is None and tracker not in self._actual.down:
                self._redefinitions += self._untold.actions(tracker, container, defined)
        redefined = {definition_key(action) for action in self._redefinitions}
        self._defines = [define for define in self._defines if definition_key(define) not in redefined]

    def _labels_of(self, ref: IssueRef, desired: Labelled | None) -> None:
        posted = self._actual.posted.get(ref)
        now = posted.labels if posted else self._actual.labels.get(ref)
        current = posted.ref if posted else ref
        if now is None or ref.tracker not in self._infos or self._actual.places.closed_to_labels(current):
            return
        fold = self._infos[ref.tracker].has_label_definitions  # GitHub ignores the case of labels
        add, remove = relabels(now, desired, self._policy.labels.prefix, fold=fold)
        if not add and not remove:
            return
        why = self._unread(ref) or (desired.waiting if desired else None)
        if why:
            self._held.append(Held(f"labels of {ref.key}", why, NEXT_PULL))
            return
        closed = self._actual.closed.get((ref.tracker, desired.container)) if desired and add else None
        if closed:
            # A label that is not defined would be defined by its first use, in a random colour.
            self._held.append(Held(f"new labels of {ref.key}", closed, NEXT_PULL))
            add = ()
        if add or remove:
            secret = self._untold is not None and self._untold.names(current, remove)
            self._relabels.append(ChangeLabels(current, add, remove, SAYS_TOO_MUCH if secret else ""))

    def _unread(self, ref: IssueRef) -> str | None:
        """Return why nothing is planned for an issue: its tracker is down, or it could not be read itself."""
        return self._actual.down.get(ref.tracker) or self._actual.unreadable.get(ref)

    def _define(self, used: Iterable[Labelled]) -> None:
        needed: dict[tuple[str, str, str], LabelDefinition] = {}
        for labelled in sorted(used, key=lambda labelled: issue_order(labelled.ref)):
            for label in labelled.labels:
                place = (labelled.ref.tracker, labelled.container, label.name.casefold())
                needed.setdefault(place, label)
        for (tracker, container, name), label in needed.items():
            defined = self._actual.definitions.get((tracker, container))
            if defined is None:
                continue  # this tracker has no definitions
            before = next((existing for existing in defined if existing.name.casefold() == name), None)
            if before is None or _appearance(before) != _appearance(label):
                self._defines.append(DefineLabel(tracker, container, label, before))

    # ---- comments

    def comments(self, desired: Sequence[DesiredComment]) -> None:
        for comment in desired:
            why = self._closed(comment.ref)
            if why is None:
                self._comment(comment)
            else:
                held = Held(f"comment on {comment.ref.key}", f"it is {why}", OPENED)
                self._closed_comments.append(held)
        refs = {comment.ref for comment in desired}
        for ref, record in self._actual.records.items():
            if ref not in refs and ref.tracker in self._infos and self._closed(ref) is None:
                self._remove_comment(ref, record)

    def _closed(self, ref: IssueRef) -> Closed | None:
        posted = self._actual.posted.get(ref)
        return self._actual.places.closed(posted.ref if posted else ref)

    def _comment(self, desired: DesiredComment) -> None:
        what = f"comment on {desired.ref.key}"
        posted = self._actual.posted.get(desired.ref)
        record = self._actual.records.get(desired.ref)
        ours = self._ours(posted, record) if posted is not None else []
        before = ours[0] if ours else None
        anew = before is not None and exposed(desired, desired.digest, before, record)
        # A comment that shows too much is replaced although some of its numbers could not be read.
        why = self._unread(desired.ref) or (None if anew else desired.waiting)
        if why:
            self._held.append(Held(what, why, NEXT_PULL))
            return
        if posted is None:
            gone = f"{desired.ref.tracker}: the issue is deleted or out of reach of the account"
            self._held.append(Held(what, gone, "give the account access, or name another issue to carry it"))
            return
        if anew:
            reason = f"{WIDER}; {desired.phrase}"
        elif before is None:
            reason = self._first_reason(desired, posted, record)
        else:
            reason = edit_reason(desired, before, record, self._infos[desired.ref.tracker])
        if reason:
            write = WriteComment(
                posted.ref,
                desired.target,
                desired.body,
                desired.mark,
                desired.digest,
                before,
                reason,
                anew,
                desired.readers,
                desired.fitted,
            )
            self._writes.append(write)
        for double in ours[1:]:
            reason = "another comment of ours already stands there"
            self._deletes.append(DeleteComment(posted.ref, desired.target, double, reason, double=True))

    def _ours(self, posted: Posted, record: Publication | None) -> list[PostedComment]:
        return our_comments(posted, record, self._policy.instance, self._actual.installation)

    def _first_reason(self, desired: DesiredComment, posted: Posted, record: Publication | None) -> str:
        if record is None:
            return f"the first one; {desired.phrase}"
        earlier = next((comment for comment in posted.comments if comment.id == record.comment.id), None)
        if earlier is not None and earlier.mine:
            return f"the earlier one is that of another instance; {desired.phrase}"
        if earlier is not None:
            # An edit needs permission to edit the comments of others, and would be refused in every run.
            old = f"earlier comment on {desired.ref.key}"
            by_another = "another account wrote it, so this one writes its own"
            self._held.append(Held(old, by_another, "remove the earlier comment by hand"))
            return f"the account has changed; {desired.phrase}"
        return f"it was removed; {desired.phrase}"

    def _remove_comment(self, ref: IssueRef, record: Publication) -> None:
        """Plan the removal of our comment from an issue that is no tracking issue any more."""
        posted = self._actual.posted.get(ref)
        why = self._unread(ref)
        if why:
            self._held.append(Held(f"removal of the comment on {ref.key}", why, NEXT_PULL))
        elif posted is not None:
            reason = "no milestone or goal points here any more"
            for comment in self._ours(posted, record):
                self._deletes.append(DeleteComment(posted.ref, record.target, comment, reason))


def definition_key(action: DefineLabel | RemoveLabelDefinition) -> tuple[str, str, str]:
    """Return tracker, container and name of the label that an action defines or removes, casefolded."""
    name = action.definition.name if isinstance(action, DefineLabel) else action.name
    return action.tracker, action.container.casefold(), name.casefold()


def _appearance(label: LabelDefinition) -> tuple[str, str]:
    return label.colour.casefold().lstrip("#"), label.description
