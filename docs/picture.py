"""Makes docs/comment.png from the comment that a real sync wrote: `.venv/bin/python docs/picture.py`.

Needs Chromium (`apt-get install chromium`, or the one that the variable CHROMIUM names) and a font with
the characters of the bar, such as DejaVu. No test makes the picture; one holds its text to the README.
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.world import World
from core.cli.command_session import sync_now
from core.cli.open_context import context_of
from core.cli.wiring import App, open_app

DOCS = Path(__file__).resolve().parent
CONFIG = DOCS.parent / "config.example.toml"
TRACKER, CONTAINER, ISSUE, TASK = "github", "acme/site", "acme/site#1", "acme/site#4"
DAY = 86_400.0
SIZE = "900,676"

STYLE = """
body { margin: 0; padding: 24px; background: #fff; color: #1f2328; width: 852px;
       font: 14px/1.5 "Liberation Sans", "DejaVu Sans", Helvetica, Arial, sans-serif; }
h1 { font-size: 25px; font-weight: 400; margin: 0 0 10px; } h1 span { color: #59636e; }
.labels { margin-bottom: 18px; }
.label { display: inline-block; border-radius: 2em; padding: 0 9px; font-size: 12px; line-height: 20px;
         font-weight: 600; margin-right: 4px; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; margin-bottom: 14px; }
.head { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0;
        padding: 7px 16px; color: #59636e; } .head b { color: #1f2328; }
.body { padding: 14px 16px; } .body > :last-child { margin-bottom: 0; }
h3 { font-size: 18px; margin: 0 0 12px; } p { margin: 0 0 12px; } ul { padding-left: 26px; margin: 0 0 12px; }
a { color: #0969da; } code { background: #f0f1f2; padding: 2px 5px; border-radius: 6px;
    font: 12px "DejaVu Sans Mono", monospace; }
"""


@dataclass(frozen=True)
class Shown:
    """What a person sees on the tracking issue: who wrote what, oldest first, and labels with colours."""

    title: str
    labels: tuple[tuple[str, str], ...]
    comments: tuple[tuple[str, str], ...]

    @property
    def comment(self) -> str:
        """The comment of milepost."""
        return self.comments[-1][1]


def shown() -> Shown:
    """The tracking issue after a sync, a task that is finished, and another sync the day after."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with open_app(CONFIG, state=state) as desk:
            sync_now(context_of(desk))
            site, world = _site(desk)
            with world.lock:
                world.clock.advance(DAY)
                site.close(TASK)
            sync_now(context_of(desk))
            return _read(desk, site)


def page(seen: Shown) -> str:
    """The issue as a web page that looks like GitHub's."""
    markdown = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    labels = "".join(
        f'<span class="label" style="background:#{colour};color:{_ink(colour)}">{escape(name)}</span>'
        for name, colour in seen.labels
    )
    comments = "".join(
        f'<div class="comment"><div class="head"><b>{escape(author)}</b> commented</div>'
        f'<div class="body">{markdown.render(body)}</div></div>'
        for author, body in seen.comments
    )
    return (
        f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"
        f"<h1>{escape(seen.title)} <span>#{ISSUE.partition('#')[2]}</span></h1>"
        f'<div class="labels">{labels}</div>{comments}'
    )


def main() -> None:
    """Write the picture beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder) / "issue.html"
        html.write_text(page(shown()), encoding="utf-8")
        flags = "--headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --disable-sync"
        flags += " --disable-background-networking --disable-component-update --force-device-scale-factor=2"
        subprocess.run(  # noqa: S603 - the program that its caller named
            [
                os.environ.get("CHROMIUM", "chromium"),
                *flags.split(),
                f"--user-data-dir={folder}/profile",
                f"--window-size={SIZE}",
                f"--screenshot={DOCS / 'comment.png'}",
                html.as_uri(),
            ],
            check=True,
        )


def _site(desk: App) -> tuple[GitHubSite, World]:
    if desk.sandbox is None:
        raise SystemExit(f"{CONFIG} has no built-in tracker")
    world = desk.sandbox.world
    site = world.sites[TRACKER]
    if not isinstance(site, GitHubSite):
        raise SystemExit(f"{TRACKER} in {CONFIG} is no GitHub")
    return site, world


def _read(desk: App, site: GitHubSite) -> Shown:
    issue = site.issue(ISSUE)
    colours = {one.name: one.colour for one in desk.trackers[TRACKER].reader.label_definitions(CONTAINER)}
    names = site.label_names(issue)
    comments = tuple((one.author, one.body) for one in issue.comments)
    return Shown(issue.title, tuple((name, colours[name]) for name in names), comments)


def _ink(colour: str) -> str:
    """Black or white, whichever can be read on the colour."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    return "#1f2328" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#fff"


if __name__ == "__main__":
    main()
