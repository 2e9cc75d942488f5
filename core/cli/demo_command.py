"""`milepost demo`: the main job on the example that comes with milepost, against built-in trackers."""

import logging
from pathlib import Path

from core.cli.options import ConfigOption, LogFormat, set_up_log
from core.cli.wiring import require_sandbox

EXAMPLE = Path("config.example.toml")
"""In this folder if it is there, else the one that comes with milepost."""


def demo(config: ConfigOption = EXAMPLE) -> None:
    """Sync three times against built-in trackers: the first time, unchanged, and after two tasks are done.

    Everything happens on this machine, in a folder that is removed at the end.
    """
    set_up_log(False, LogFormat.TEXT)
    logging.getLogger("milepost").setLevel(logging.ERROR)
    require_sandbox("milepost demo")
    from core.cli.demo_steps import show  # only with the packages that were required

    show(None if config == EXAMPLE and not config.exists() else config)
