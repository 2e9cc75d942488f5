"""A part of the campaign that replaces every stored fact and every header: see `tests.tools.state`."""

from contextlib import ExitStack

import pytest

from tests.runs import CLOUD
from tests.tools.state import HEADERS, RAISED, VALUES, WORDS, WRONG, Stand, Trial, outcome, trials

SOME = [
    Trial("issues", "document", "half a character"),
    Trial("issues", "seq", "huge", everywhere=False),
    Trial("issues", "key", "word", everywhere=False),
    Trial("entries", "document", "JSON list"),
    Trial("publications", "document", "no UTF-8"),
    Trial("contributions", "part", "broken JSON"),
    Trial("runs", "run", "huge", everywhere=False),
    Trial("memory", "value", "deep JSON"),
    Trial("pulls", "cursor", "far future"),
    Trial("facts", "value", "word"),
    Trial("headers of github", "X-RateLimit-Reset", "milliseconds"),
    Trial("headers of jira", "Date", "date"),
]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> "object":
    """One world for all trials: each of them leaves it as it was, or fails."""
    with ExitStack() as stack:
        yield Stand(tmp_path_factory.mktemp("state"), CLOUD, stack)


@pytest.mark.parametrize("trial", SOME, ids=str)
def test_a_run_on_what_cannot_be_ends_well(trial: Trial, stand: Stand) -> None:
    found = outcome(stand, trial)
    assert found is not None, "the store did not take it"
    assert found[0] not in (WRONG, RAISED), found


def test_every_column_and_every_header_has_its_trials(stand: Stand) -> None:
    places = [(each.place, each.name) for each in trials(stand)]
    columns = stand.columns()
    assert {("issues", "document"), ("entries", "document"), ("facts", "value")} <= set(columns)
    assert len(places) == len(columns) * len(VALUES) * 2 + 2 * len(HEADERS) * len(WORDS)
