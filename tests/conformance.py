"""What every connector owes: one suite of tests that each connector's test class inherits."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

import pytest

from tests.conformance_harness import (
    MARK,
    NAME,
    DictMemory,
    Harness,
    Sent,
    Trouble,
    body,
    posted_on,
    pull,
)
from tests.conformance_reading import ReadingConformance
from tests.conformance_surveying import SurveyingConformance
from tests.conformance_writing import WritingConformance

__all__ = [
    "MARK",
    "NAME",
    "ConnectorConformance",
    "DictMemory",
    "Harness",
    "Sent",
    "Trouble",
    "body",
    "posted_on",
    "pull",
]


class ConnectorConformance(ReadingConformance, SurveyingConformance, WritingConformance, ABC):
    """Inherit, give a `harness` fixture, and every test of the suite runs against the new connector."""

    @pytest.fixture
    @abstractmethod
    def harness(self) -> Iterable[Harness]: ...
