"""`milepost run`: the main job, again and again, until someone asks it to stop."""

import logging

from connectors.http.transport import STOP
from core.cli.command_session import log_run, sync_now
from core.cli.exit_codes import ending
from core.cli.open_context import open_context
from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)
from core.cli.wiring import read_config
from core.scheduler import run_forever
from core.shutdown import Stop


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Run `sync` on the schedule of the configuration; SIGTERM or Ctrl-C ends it within seconds.

    One log line a run, and one for each problem, held, failed or quarantined item when it appears, when
    its reason changes, and when it is over. A run that fails leaves the last good state, and the next run
    repairs it.
    """
    set_up_log(verbose, log_format)
    stop = Stop(STOP)

    def once() -> None:
        try:
            with open_context(config, stop=stop) as context:
                log_run(sync_now(context, only_changes=True))
        except Exception as error:
            result = ending(error)
            if result is None:
                raise
            logging.getLogger("milepost").error("run failed: %s", "; ".join(result.lines))

    settings = read_config(config, with_secrets=True)[0].settings
    with stop.listen():
        run_forever(settings.schedule, once, stop, zone=settings.zone)
