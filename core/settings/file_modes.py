"""Which files of a configuration others may read or change."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.settings.config import PREFIX, Config
from core.settings.layers import secrets_folder
from mappings.problems import Problem

_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
_OTHERS_WRITE = stat.S_IWOTH


def open_to_others(config: Config, mappings: Iterable[Path]) -> Iterator[Problem]:
    """A warning for each secret file that others may read, and each file that anybody may change.

    The configuration itself holds no secret, so that others may read it. Nothing is said where files have
    no such modes (Windows), or of a file that cannot be looked at.
    """
    if os.name != "posix":
        return
    for file in _secret_files(config):
        if _mode(file) & _OTHERS_READ:
            yield Problem(str(file), None, "", "others may read this secret", f"chmod 600 {file}")
    for file in (config.file, *mappings):
        if _mode(file) & _OTHERS_WRITE:
            yield Problem(str(file), None, "", "anybody may change this file", f"chmod o-w {file}")


def _secret_files(config: Config) -> Iterator[Path]:
    folder = secrets_folder()
    if folder is not None:
        yield from (item for item in sorted(folder.iterdir()) if item.name.upper().startswith(PREFIX))
    for tracker in config.trackers.values():
        key = getattr(tracker.settings, "private_key_file", None)
        if isinstance(key, Path):
            yield key


def _mode(file: Path) -> int:
    try:
        result = file.stat()
    except OSError:
        return 0
    return result.st_mode if stat.S_ISREG(result.st_mode) else 0
