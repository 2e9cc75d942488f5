"""Who is whose parent, found in memory from all issues: the slow way, beside which the store's is tested."""

from collections.abc import Iterable, Mapping

from connectors.models import Issue, IssueRef
from connectors.names import fold_name
from mappings.rules.issue_references import Resolve


class Lineage:
    """The parents of a set of issues. A parent need not be among the issues; cycles do no harm."""

    def __init__(self, issues: Iterable[Issue], resolve: Resolve) -> None:
        """`resolve` finds the id of a parent that is named by key alone and is not among `issues`."""
        self._resolve = resolve
        known = list(issues)
        self._by_id = {(issue.ref.tracker, issue.ref.id): issue.ref for issue in known}
        self._by_key = {(issue.ref.tracker, fold_name(issue.ref.key)): issue.ref for issue in known}
        self._parents: dict[IssueRef, IssueRef] = {}
        for issue in known:
            parent = self._parent(issue)
            if parent is not None and parent != issue.ref:
                self._parents[issue.ref] = parent

    @property
    def parents(self) -> Mapping[IssueRef, IssueRef]:
        """The direct parent of every issue that has one. May hold cycles, but no issue that is its own."""
        return self._parents

    def ancestors(self, ref: IssueRef) -> tuple[IssueRef, ...]:
        """Parent, grandparent and so on, nearest first; in a cycle each once, and never `ref` itself."""
        found: dict[IssueRef, None] = {}
        at = self._parents.get(ref)
        while at is not None and at != ref and at not in found:
            found[at] = None
            at = self._parents.get(at)
        return tuple(found)

    def _parent(self, issue: Issue) -> IssueRef | None:
        tracker, key = issue.ref.tracker, issue.parent_key
        if issue.parent_id:
            known = self._by_id.get((tracker, issue.parent_id))
            return known or IssueRef(tracker, issue.parent_id, key or issue.parent_id)
        if not key:
            return None
        known = self._by_key.get((tracker, fold_name(key)))
        if known is not None:
            return known
        id_ = self._resolve(tracker, key)
        if id_ is None:
            # No id is known anywhere: the key stands for it, and rules that name the key still find it.
            return IssueRef(tracker, key, key)
        return self._by_id.get((tracker, id_)) or IssueRef(tracker, id_, key)
