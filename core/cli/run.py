"""`milepost run`: the main job, again and again, until someone asks it to stop."""

from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Run `sync` on the schedule of the configuration; SIGTERM or Ctrl-C ends it within seconds.

    One log line a run. A run that fails leaves the last good state, and the next run repairs it.
    """
    set_up_log(verbose, log_format)
    from core.cli.running import open_job, synced_now
    from core.job import run_forever
    from core.settings import load_config
    from core.stop import Stop

    stop = Stop()

    def once() -> None:
        with open_job(config, stop=stop) as job:
            synced_now(job)

    with stop.listen():
        run_forever(load_config(config).settings.schedule, once, stop)
