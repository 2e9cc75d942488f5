"""`milepost adopt`: go on writing where another writer made milepost hold."""

from collections.abc import Sequence
from typing import Annotated

import typer

from connectors.models import IssueRef
from core.cli.exit_codes import OutcomeError, UserError
from core.cli.open_context import open_context
from core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    LogFormat,
    LogFormatOption,
    VerboseOption,
    set_up_log,
)
from core.cli.output import out
from core.context import RunContext
from core.publish.actions import Held
from core.reports.terminal_text import clean
from core.steps.other_writers import adopt as release
from core.steps.other_writers import held_now
from core.store import Locked

IssuesArgument = Annotated[
    list[str] | None,
    typer.Argument(help="Keys of the issues; default: everything that other writers made milepost hold."),
]


def adopt(
    issues: IssuesArgument = None,
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: VerboseOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Take over what is held because another installation, a bot or a person writes there too.

    The next `sync` writes there again, and another installation holds from then on. Asks no tracker. Exit
    code: 0 done, or nothing is held; 2 a key names no issue on which anything is held.
    """
    set_up_log(verbose, log_format)
    console = out()
    with open_context(config, trackers=False) as context:
        released = _adopted(context, issues or ())
    for item in released:
        console.print(f"adopted: {clean(item.what, 400)}", soft_wrap=True)
    count = len(released)
    console.print(
        "Nothing is held because of other writers."
        if not count
        else f"{count} {'place' if count == 1 else 'places'} adopted; the next `milepost sync` writes there."
    )


def _adopted(context: RunContext, keys: Sequence[str]) -> tuple[Held, ...]:
    """Release what is held on these issues, or everything without any.

    Raises UserError for a key that names no issue on which something is held, and OutcomeError while
    another process runs.
    """
    try:
        with context.store.lock():
            if not keys:
                return release(context.store, None)
            named = {key: _issues(context, key) for key in keys}
            for key, refs in named.items():
                if not held_now(context.store, refs):
                    raise UserError(_nothing(context, key))
            return release(context.store, [ref for refs in named.values() for ref in refs])
    except Locked as error:
        raise OutcomeError(str(error)) from None


def _issues(context: RunContext, key: str) -> list[IssueRef]:
    """The issues that bear a key, in any tracker."""
    resolve = context.store.resolver()
    result = []
    for name, info in context.infos.items():
        normal = info.normal_key(key)
        id_ = resolve(name, normal) if normal is not None else None
        if normal is not None and id_ is not None:
            result.append(IssueRef(name, id_, normal))
    return result


def _nothing(context: RunContext, key: str) -> str:
    held = [item.what for item in held_now(context.store)]
    named = f"held are: {'; '.join(held[:5])}" if held else "nothing is"
    return f"nothing is held on {key!r} because of other writers; {named}"
