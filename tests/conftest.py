"""What every test shares: assertions in helper modules tell their values."""

import pytest
from hypothesis import settings

# The same examples in every run, however busy the machine: a test fails because of the code or not at all.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
pytest.register_assert_rewrite(
    "tests.conformance_reading", "tests.conformance_writing", "tests.builders", "tests.openapi"
)
