"""The demo on a terminal: how far everything is, victims first, and what was rejected."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from interlink.demo.figures import Figures, figures
from interlink.demo.story import UNIDENTIFIED, Followed, Story

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
    return Group(head, _stages(figures(story)), _places("Victims", victims), _places("Suspects", suspects))


def final(story: Story) -> RenderableType:
    """The picture at the end, with what was rejected and why."""
    parts: list[RenderableType] = []
    for until, what in ((story.last_assignment, "assignment"), (story.last_notice, "notice")):
        if until is not None:
            parts.append(Text(f"From the first post to the last {what}: {until:.2f} s", style="bold green"))
    parts.append(_refusals(story))
    return Group(*parts)


def _stages(now: Figures) -> Table:
    table = Table.grid(padding=(0, 2))
    outcomes = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in now.completed.items())
    stages = (
        ("assigned", now.assigned, now.accepted, f"{now.determined} determined, {now.moved} moved since"),
        ("questions drafted", now.drafted, now.drafted, "lines in requests to providers"),
        ("approved by a second officer", now.approved, now.submitted, "requests"),
        ("taken in by providers", now.sent, now.drafted, f"{now.preserved} preserved"),
        ("answers read by a second officer", now.checked, now.checked, outcomes),
        ("notices delivered", now.delivered, now.notices, "agencies and referrals"),
        ("notices acknowledged", now.acknowledged, now.notices, ""),
    )
    for name, count, total, words in stages:
        bar = ProgressBar(total=max(1, total), completed=count, width=30)
        table.add_row(name, bar, f"{count}", Text(words, style="dim"))
    return table


def _places(title: str, entries: Iterable[Followed]) -> Panel:
    places = Counter((_where(entry), _holders(entry)) for entry in entries if entry.determined)
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


def _holders(entry: Followed) -> str:
    return ", ".join(sorted(held.holder for held in entry.holders.values())) or "–"


def _where(entry: Followed) -> str:
    if entry.undetermined is not None and not entry.branch:
        return f"undetermined: {entry.undetermined.replace('_', ' ')}"
    place = entry.province or entry.country or "unknown"
    if entry.branch == UNIDENTIFIED:
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
