"""The store: everything that milepost keeps between runs, in one SQLite file."""

from core.store.store import Store, open_store
from core.store.stored_values import GoalValue, Locked, PullCounts, PullState, RunRecord, StoreError

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
