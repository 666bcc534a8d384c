"""The demo on a terminal: how far everything is, victims first, and what was rejected."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from interlink.demo.story import Followed, Story

MOST_PLACES = 14
MOST_REFUSALS = 16


def live(story: Story, seconds: float) -> RenderableType:
    """The picture right now."""
    ours = story.ours()
    victims = [entry for entry in ours if entry.kind == "victim"]
    suspects = [entry for entry in ours if entry.kind != "victim"]
    head = Text.assemble(
        ("One morning at the centre", "bold"),
        f"   {len(story.posted)} files and reports posted, {seconds:4.1f} s",
    )
    return Group(head, _stages(story, ours), _places("Victims", victims), _places("Suspects", suspects))


def final(story: Story) -> RenderableType:
    """The picture at the end, with what was rejected and why."""
    parts: list[RenderableType] = []
    if story.last_assignment is not None:
        words = f"From the first post to the last assignment: {story.last_assignment:.2f} s"
        parts.append(Text(words, style="bold green"))
    parts.append(_refusals(story))
    return Group(*parts)


def _stages(story: Story, ours: list[Followed]) -> Table:
    table = Table.grid(padding=(0, 2))
    determined = sum(entry.determined for entry in ours)
    stages = (
        ("received", story.expected),
        ("network and country found", sum(bool(entry.country) for entry in ours)),
        ("jurisdiction and agency", determined),
        ("assigned", sum(entry.assigned for entry in ours)),
    )
    total = max(1, story.expected)
    for name, count in stages:
        table.add_row(name, ProgressBar(total=total, completed=count, width=40), f"{count}")
    return table


def _places(title: str, entries: Iterable[Followed]) -> Panel:
    places = Counter(
        (_where(entry), ", ".join(sorted(entry.holders.values())) or "–") for entry in entries if entry.determined
    )
    table = Table(box=None, pad_edge=False)
    for column in ("where", "held by"):
        table.add_column(column)
    table.add_column("number", justify="right")
    for (where, holder), count in places.most_common(MOST_PLACES):
        table.add_row(where, holder, str(count))
    more = len(places) - MOST_PLACES
    if more > 0:
        table.add_row(f"and {more} more", "", str(sum(count for _, count in places.most_common()[MOST_PLACES:])))
    return Panel(table, title=f"{title} ({sum(places.values())})", title_align="left", expand=False)


def _where(entry: Followed) -> str:
    if entry.undetermined is not None and not entry.branch:
        return f"undetermined: {entry.undetermined.replace('_', ' ')}"
    place = entry.province or entry.country or "unknown"
    if entry.branch == "canada_unidentified":
        return f"{place}, not identified yet"
    return place


def _refusals(story: Story) -> RenderableType:
    refusals = story.refusals
    if not refusals:
        return Text("Nothing was rejected.")
    table = Table(title=f"Rejected on purpose ({len(refusals)})", title_justify="left", box=None, pad_edge=False)
    for column in ("file", "where", "reason"):
        table.add_column(column, overflow="fold")
    for refusal in refusals[:MOST_REFUSALS]:
        table.add_row(refusal.reference, refusal.pointer, refusal.message or refusal.code)
    if len(refusals) > MOST_REFUSALS:
        table.add_row(f"and {len(refusals) - MOST_REFUSALS} more", "", "")
    return table
