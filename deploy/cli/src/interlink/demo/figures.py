"""The demo in numbers, for `--json` and for the picture. Pure."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from interlink.demo.lines import Line
from interlink.demo.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How far everything is. Lines are counted once, however many suspects they serve."""

    accepted: int
    determined: int
    assigned: int
    drafted: int
    submitted: int
    approved: int
    sent: int
    preserved: int
    checked: int
    completed: dict[str, int]
    moved: int
    notices: int
    """How many must be told: agency and referral."""
    delivered: int
    acknowledged: int


def figures(story: Story) -> Figures:
    """The numbers of a story right now."""
    ours = story.ours()
    lines: dict[object, Line] = {}
    for entry in ours:
        for line in entry.lines.of.values():
            known = lines.setdefault(line.line, line)
            if known.outcome is None:
                lines[line.line] = line
    must = story.must_be_told()
    return Figures(
        accepted=story.expected,
        determined=sum(entry.determined for entry in ours),
        assigned=sum(entry.assigned for entry in ours),
        drafted=len(lines),
        submitted=len(story.decisions.submitted),
        approved=len(story.decisions.approved),
        sent=sum(bool(line.requests) for line in lines.values()),
        preserved=sum(line.preserved for line in lines.values()),
        checked=len(story.decisions.checked),
        completed=dict(sorted(Counter(line.outcome for line in lines.values() if line.outcome).items())),
        moved=sum(entry.moves for entry in ours),
        notices=len(must),
        delivered=len(story.notices.delivered(must)),
        acknowledged=len(story.notices.acknowledged(must)),
    )


def summary(story: Story, problems: list[str]) -> dict[str, Any]:
    """What `--json` says."""
    ours = story.ours()
    now = figures(story)
    return {
        "posted": len(story.posted),
        "accepted": now.accepted,
        "assigned": now.assigned,
        "victims": sum(entry.kind == "victim" for entry in ours),
        "rejected": [refusal.code for refusal in story.refusals],
        "provinces": sorted({entry.province for entry in ours if entry.province}),
        "countries": sorted({entry.country for entry in ours if entry.country}),
        "drafted": now.drafted,
        "submitted": now.submitted,
        "approved": now.approved,
        "sent": now.sent,
        "preserved": now.preserved,
        "checked": now.checked,
        "completed": now.completed,
        "moved": now.moved,
        "notices": now.notices,
        "delivered": now.delivered,
        "acknowledged": now.acknowledged,
        "seconds": story.last_assignment,
        "seconds_to_last_notice": story.last_notice,
        "numbers": [posted.number for posted in story.posted],
        "problems": problems,
    }
