"""What every test shares: assertions in helper modules tell their values."""

import pytest

pytest.register_assert_rewrite(
    "tests.conformance_reading", "tests.conformance_writing", "tests.builders", "tests.openapi"
)
