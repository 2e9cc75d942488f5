"""What milepost remembers between runs; one SQLite file. The database libraries load with `open_store`."""

from typing import TYPE_CHECKING

from core.store.stored_values import GoalValue, Locked, PullCounts, PullState, RunRecord, StoreError

if TYPE_CHECKING:
    from core.store.store import Store, open_store

__all__ = [
    "GoalValue",
    "Locked",
    "PullCounts",
    "PullState",
    "RunRecord",
    "Store",
    "StoreError",
    "open_store",
]


def __getattr__(name: str) -> object:
    """Load the store only when it is asked for: SQLAlchemy would be most of a quick command's start."""
    if name not in {"Store", "open_store"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from core.store import store

    value: object = getattr(store, name)
    return value
