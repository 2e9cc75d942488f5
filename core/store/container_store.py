"""What the store keeps of projects and repositories: their names, their state, and who may read them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from connectors.audience import Audience
from connectors.models import Container
from core.store import containers, place_audiences
from core.store.codec.scalars import clean, micros
from core.store.database import Database
from core.store.stored_values import RestrictedIssue, StoredAudience, StoredContainer


class ContainerStore:
    """The part of `Store` about containers; its methods may raise StoreError as all others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save_containers(
        self,
        tracker: str,
        result: Iterable[Container],
        names: Mapping[str, str],
        doubts: Mapping[str, str],
        at: datetime,
    ) -> None:
        """Let these be all projects or repositories of a tracker; `names` leads names to their ids.

        `doubts`: by name, why it is not believed yet that one has no issues any more.
        """
        with self._database.writing() as connection:
            containers.save_containers(connection, clean(tracker), result, names, doubts, micros(at))

    def note_containers(self, tracker: str, result: Iterable[Container], at: datetime) -> None:
        """Take over what a reading told of some of them; the others stay as they are."""
        result = tuple(result)
        if result:
            with self._database.writing() as connection:
                containers.note_containers(connection, clean(tracker), result, micros(at))

    def containers_failed(
        self, tracker: str, failed: Iterable[Container], listed: frozenset[str] | None, at: datetime
    ) -> None:
        """Remember which of them the latest pull could not read; those of these names are well again.

        `listed`: casefolded; None: all but the failed.
        """
        failed = tuple(failed)
        with self._database.reading() as connection:
            if not containers.anything_to_save(connection, clean(tracker), failed):
                return
        with self._database.writing() as connection:
            containers.save_failures(connection, clean(tracker), failed, listed, micros(at))

    def containers(self) -> Mapping[str, tuple[StoredContainer, ...]]:
        """By tracker: its projects or repositories as it last told of them."""
        with self._database.reading() as connection:
            return containers.all_containers(connection)

    def container_names(self) -> Mapping[str, frozenset[str]]:
        """By tracker: every name, casefolded, that a project or repository of it bears or bore."""
        with self._database.reading() as connection:
            return containers.all_names(connection)

    def audiences(self) -> Mapping[str, Mapping[str, StoredAudience]]:
        """By tracker and casefolded name: who may read each project or repository that has or had issues."""
        with self._database.reading() as connection:
            return place_audiences.all_audiences(connection)

    def save_audiences(
        self, tracker: str, reported: Mapping[str, Audience | None], present: frozenset[str]
    ) -> None:
        """Remember what was told of projects and repositories; `present`: the casefolded names of all."""
        with self._database.writing() as connection:
            place_audiences.save_audiences(connection, clean(tracker), reported, present)

    def issue_containers(self, tracker: str) -> frozenset[str]:
        """The casefolded names of the projects or repositories in which issues are present."""
        with self._database.reading() as connection:
            return place_audiences.container_names(connection, clean(tracker))

    def restricted_issues(self) -> tuple[RestrictedIssue, ...]:
        """Every stored issue that has a security level, be it gone."""
        with self._database.reading() as connection:
            return place_audiences.restricted_issues(connection)
