"""One listing of everything in scope, to compare with what is stored; it leaves pulls as they are."""

from collections.abc import Iterator, Mapping

from connectors.connector_state import ConnectorState
from connectors.errors import BadConfiguration, TrackerDown, TrackerError
from connectors.github.client import GitHubClient
from connectors.github.cursor import Cursor, Since, scope_digest
from connectors.github.issue_keys import Spelling, is_repository
from connectors.github.issues import IssueParser
from connectors.github.listing import Listing, Plan
from connectors.github.pull import PullRun
from connectors.github.repositories import RepositoryNames, row_id
from connectors.github.tree_cache import latest_trees
from connectors.models import Container, Interest, Survey, SurveyPage


class _Unwritten(ConnectorState):
    """What is remembered, without remembering more: a survey is no pull that a next one could rest on."""

    def __init__(self, memory: ConnectorState) -> None:
        self._memory = memory

    def get(self, key: str) -> str | None:
        return self._memory.get(key)

    def set(self, key: str, value: str) -> None:
        pass


def survey(
    client: GitHubClient,
    names: RepositoryNames,
    spelling: Spelling,
    parser: IssueParser,
    interest: Interest,
) -> Survey:
    """See Reader. Repository by repository, in an organisation too: its own list may lack issues."""
    listing = Listing(client, names, spelling, Plan(survey=True))
    now = Cursor(listing.moment or client.clock(), scope_digest(client.settings, interest), 0)
    run = PullRun(
        client=client,
        memory=_Unwritten(client.memory),
        spelling=spelling,
        parser=parser,
        interest=interest,
        base=None,
        now=now,
        listing=listing,
        before=None,
        since=Since(None),
        covers=names.covers,
        last=latest_trees(client.memory),
    )
    led: dict[str, str] = {}

    def pages() -> Iterator[SurveyPage]:
        for page in run.pages():
            yield SurveyPage(issues=page.issues, unread=page.unread)
        led.update(_led(client, names, interest.containers, listing.containers))

    return Survey(pages(), lambda: listing.containers, lambda: dict(led))


def _led(
    client: GitHubClient, names: RepositoryNames, requested: frozenset[str], containers: tuple[Container, ...]
) -> Mapping[str, str]:
    """By name: the id of the repository that it leads to, one question for each that no list has by name."""
    ids = {container.name.lower(): container.id for container in containers}
    led: dict[str, str] = {}
    for name in (*client.settings.repositories, *sorted(requested)):
        if not is_repository(name):
            continue
        result = ids.get(name.lower()) or ids.get(names.today(name).lower()) or _asked(client, name)
        if result:
            led[name] = result
    return led


def _asked(client: GitHubClient, name: str) -> str:
    """The id of the repository that a name leads to, an old one too; empty if there is none."""
    try:
        return row_id(client.get(f"/repos/{name}").json_object())
    except (TrackerDown, BadConfiguration):
        raise
    except TrackerError:
        return ""
