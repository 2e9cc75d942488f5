"""`milepost demo`: the main job on the shipped example, against trackers built into milepost."""

from pathlib import Path

from core.cli.options import ConfigOption, LogFormat, set_up_log

EXAMPLE = Path("config.example.toml")
"""As shipped; in another folder, the one beside the installed source."""


def demo(config: ConfigOption = EXAMPLE) -> None:
    """Sync three times against built-in trackers: the first time, unchanged, and after two tasks are done.

    Everything happens on this machine, in a folder that is removed at the end.
    """
    set_up_log(False, LogFormat.TEXT)
    import logging

    from core.cli.demo_steps import show

    logging.getLogger("milepost").setLevel(logging.ERROR)
    beside = Path(__file__).parents[2] / EXAMPLE
    show(beside if config == EXAMPLE and not config.exists() and beside.exists() else config)
