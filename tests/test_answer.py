"""An answer is read whole, within bounds of size and time."""

from collections.abc import Callable, Iterator

import pytest
import requests
import responses

from connectors.errors import InvalidResponse
from connectors.http.response import read_answer


@pytest.fixture
def body_of() -> Iterator[Callable[..., requests.Response]]:
    with responses.RequestsMock() as mock:

        def get(body: bytes, **more: object) -> requests.Response:
            mock.get("http://127.0.0.1:9/x", body=body, **more)
            return requests.get("http://127.0.0.1:9/x", stream=True, timeout=1)

        yield get


def test_headers_are_known_by_lower_case_names(body_of: Callable[..., requests.Response]) -> None:
    read = read_answer(body_of(b"{}", headers={"X-Some-Header": "Value"}))
    assert read.headers["x-some-header"] == "Value"


def test_a_body_beyond_the_limit_is_garbled(body_of: Callable[..., requests.Response]) -> None:
    with pytest.raises(InvalidResponse, match="longer than"):
        read_answer(body_of(b"x" * 2_000_001), limit=2_000_000)
