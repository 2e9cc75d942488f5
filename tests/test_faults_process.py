"""Runs that end in the middle, by a signal or a full disk: the next one does the rest, once."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.store import StoreError
from tests.tools.faults_process import COMMIT, REQUEST, Moment, interrupt
from tests.tools.faults_stage import CHANGE, FIRST, NO_STORE, Stage, clean, stage, truth
from tests.tools.faults_trial import EQUAL, compare


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.mark.parametrize(
    "moment",
    [
        Moment(FIRST, REQUEST, True, 62, "SIGKILL"),  # a comment is there, and no record of it
        Moment(FIRST, COMMIT, False, 60, "SIGKILL"),
        Moment(CHANGE, COMMIT, True, 4, "SIGKILL"),
        Moment(NO_STORE, REQUEST, False, 20, "SIGKILL"),
        Moment(FIRST, REQUEST, False, 40, "SIGTERM"),
        Moment(CHANGE, REQUEST, True, 6, "SIGINT"),
    ],
    ids=str,
)
def test_a_run_that_a_signal_ends_is_finished_by_the_next(moment: Moment, cloud: Stage) -> None:
    outcome = interrupt(cloud, moment, multiprocessing.get_context("spawn"))
    assert outcome.tried, outcome
    assert outcome.fine, outcome


@pytest.mark.parametrize("scenario", [FIRST, CHANGE])
def test_a_run_that_fills_the_disk_says_so_and_the_next_does_the_rest(scenario: str, cloud: Stage) -> None:
    wanted = cloud.reference(scenario).after
    said = []
    for pages in range(1, 100, 9):
        with cloud.house(scenario) as here:
            with small_disk(pages_of(here.database) + pages):
                try:
                    clean(here)
                    break
                except StoreError as full:
                    said.append(str(full))
            clean(here)
            assert compare(truth(here), wanted) == (EQUAL, ""), pages
    assert said
    assert all("milepost.db" in each and "Free some space" in each for each in said)


@contextmanager
def small_disk(pages: int) -> Iterator[None]:
    """A disk on which the store may grow to this many pages."""

    def small(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", small)
    try:
        yield
    finally:
        event.remove(Engine, "connect", small)


def pages_of(file: Path) -> int:
    """How many pages the store has; those of an empty one where there is none."""
    return file.stat().st_size // 8192 if file.exists() else 40
