"""The packages that the built-in trackers need beside milepost's own: its extra `sandbox`."""

from importlib.util import find_spec

PACKAGES = {"graphql": "graphql-core", "jwt": "PyJWT", "lark": "lark", "werkzeug": "werkzeug"}
"""By module that is imported here alone: the package that brings it."""


def missing_packages() -> tuple[str, ...]:
    """Those that are not installed; empty where the built-in trackers can be started."""
    return tuple(package for module, package in PACKAGES.items() if find_spec(module) is None)
