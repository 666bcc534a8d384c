"""`interlink demo`: one morning of the centre, from partners' posts until everyone who must act was told."""

import json
import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from interlink.demo import view
from interlink.demo.figures import summary
from interlink.demo.following import Follower
from interlink.demo.partner import Partners
from interlink.demo.people import People
from interlink.demo.story import Story
from interlink.observing.broker import as_operator, extents
from interlink.observing.dead_letters import dead_letter_topics
from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.state import State
from kit.time import SystemClock
from sandbox.generator.morning import Morning, morning

console = Console(highlight=False)
PATIENCE_SECONDS = 90.0
FRAME_SECONDS = 0.1
SETTLE_SECONDS = 0.3


def demo(
    *,
    suspects: Annotated[int, typer.Option(help="Suspects in the bureau's file.", min=1, max=20_000)] = 120,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 7,
    once: Annotated[
        bool, typer.Option("--once", help="End when everyone was told; exit code 1 if anything is missing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object at the end, no pictures.")] = False,
) -> None:
    """Start the stack if it does not run, post a morning's files as partners, and watch what becomes of them.

    Providers are asked who was behind the IP addresses, two officers decide, and every agency is told.
    """
    home = Home.open()
    started = running.current(home) is None
    with console.status("Starting") if not as_json else _Quiet() as spinner:
        found = running.start(home, spinner.update)
    try:
        problems = _morning(home, found, suspects=suspects, seed=seed, as_json=as_json)
        if problems and once:
            raise typer.Exit(1)
        if started and not once and sys.stdin.isatty():
            _stay(home)
        elif problems:
            raise typer.Exit(1)
    except KeyboardInterrupt:
        _stop(home, started=started)


def _morning(home: Home, found: State, *, suspects: int, seed: int, as_json: bool) -> list[str]:
    made = morning(seed, suspects, now=SystemClock().now())
    dead_before = _dead_letters(home)
    story = Story()
    with Follower(home) as follower, Partners(home, found) as partners, People(home, found) as people:
        with console.status("Registering every agency's endpoint") if not as_json else _Quiet():
            people.register()
        _watch(story, made, follower, partners, people, as_json=as_json)
        story.progress = {posted.number: partners.entries(posted) for posted in story.posted}
    problems = story.problems(_dead_letters(home) - dead_before)
    if as_json:
        typer.echo(json.dumps(summary(story, problems), indent=2))
    else:
        _show_end(found, story, problems)
    return problems


def _watch(
    story: Story, made: Morning, follower: Follower, partners: Partners, people: People, *, as_json: bool
) -> None:
    """Post, let officers and agencies act, and follow until everyone was told or patience ends."""
    began = time.monotonic()

    def seconds() -> float:
        return time.monotonic() - began

    with Live(console=console, auto_refresh=False, transient=False) if not as_json else _Quiet() as screen:

        def hear(within: float) -> None:
            for event in follower.heard(within):
                story.hear(event, seconds())
            screen.update(view.live(story, seconds()), refresh=True)

        for posted in partners.post(made):
            story.posted.append(posted)
            hear(0)
        settled = False
        while not settled and seconds() < PATIENCE_SECONDS + 0.05 * story.expected:
            people.act(story, seconds())
            if story.assigned and not story.progress:
                story.progress = {posted.number: partners.entries(posted) for posted in story.posted}
            hear(FRAME_SECONDS)
            if story.done:
                # A second assignment of the same entry would come now: "exactly one" includes it.
                hear(SETTLE_SECONDS)
                settled = story.done


def _show_end(found: State, story: Story, problems: list[str]) -> None:
    if not console.is_terminal:
        console.print()
    console.print(view.final(story))
    for words in problems:
        console.print(words, style="red", markup=False)
    if not problems:
        console.print(
            "[green]Every accepted suspect and victim has exactly one current assignment, "
            "every provider's answer was applied, and every agency was told.[/green]"
        )
    ours = story.ours()
    console.print("\n[bold]Where to look next[/bold]")
    for name, url in found.services.items():
        console.print(f"  {name:13} {url}/docs   {url}/health/ready   {url}/metrics", soft_wrap=True)
    if ours:
        console.print("  One suspect's whole story:")
        suspect = next((entry for entry in ours if entry.kind != "victim"), ours[0])
        url = f"{found.services['routing']}/v1/suspects/{suspect.entry}"
        bearer = '"Authorization: Bearer $(.venv/bin/interlink token coordinator)"'
        purpose = '"Interlink-Purpose: demonstration"'
        console.print(f"  curl -s -H {bearer} -H {purpose} {url} | python3 -m json.tool", soft_wrap=True, markup=False)
    console.print("  .venv/bin/interlink status   .venv/bin/interlink down")


def _dead_letters(home: Home) -> int:
    ends = extents(as_operator(home), dead_letter_topics())
    return sum(extent.next - extent.first for extent in ends.values())


def _stay(home: Home) -> None:
    console.print("\nIt goes on running. Ctrl-C stops everything.")
    while running.current(home) is not None:
        time.sleep(0.5)


def _stop(home: Home, *, started: bool) -> None:
    """Ctrl-C ends what this command started, and nothing else."""
    if started:
        with console.status("Draining and stopping"):
            running.stop(home)
        console.print("Stopped.")
    raise typer.Exit(130)


class _Quiet:
    """Stands where a screen would: shows nothing."""

    def __enter__(self) -> "_Quiet":
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, *_: object, **__: object) -> None:
        """Nothing."""
