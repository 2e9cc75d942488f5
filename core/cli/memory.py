"""Memory of a process with threads, as the C library keeps it."""

import ctypes
import sys

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc: https://man7.org/linux/man-pages/man3/mallopt.3.html"""


def one_arena() -> None:
    """Let all threads take memory from one place instead of keeping one each, which holds pages long done.

    They never do so at the same time, since one interpreter runs them. Elsewhere than on glibc nothing is
    done.
    """
    if not sys.platform.startswith("linux"):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_ARENA_MAX, 1)
