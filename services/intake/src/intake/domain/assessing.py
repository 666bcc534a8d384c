"""What of a submission decides one entry's priority and how far the entry may travel."""

from dataclasses import replace
from datetime import datetime

from intake.domain import priority
from intake.domain.grading import Grade, best
from intake.domain.handling import Handling, Tlp, strictest
from intake.domain.priority import URGENT, Facts, Signal
from intake.domain.referral import Entry, Kind, Submission


def grade(entry: Entry) -> Grade:
    """The grade of an entry: its best capture's."""
    return best(capture.grade for capture in entry.captures)


def facts(submission: Submission, entry: Entry) -> Facts:
    """The facts by which `priority.assess` decides. A count of reports is not among them."""
    answerable = [capture.at for capture in entry.captures if capture.grade is not Grade.X and capture.at is not None]
    return Facts(
        offence=submission.incident.offence,
        incident_at=submission.incident.at,
        urgency=submission.urgency,
        signals=entry.signals | _of_a_child(entry),
        grade=grade(entry),
        usable=entry.usable,
        newest=max(answerable, default=None),
        viral=submission.viral,
    )


def urgent_of_itself(submission: Submission, now: datetime) -> bool:
    """Whether the document alone presses, without what was said beside it. Entries may still have to come."""
    own = replace(submission, urgency=submission.stated)
    assessed = (priority.assess(facts(own, entry), now).priority for entry in submission.entries)
    return submission.stated in URGENT or not URGENT.isdisjoint(assessed)


def handling(submission: Submission, entry: Entry | None, default: Handling) -> Handling:
    """The strictest of the parts; the partner's default stands where the file says nothing."""
    said = submission.handling
    of_file = Handling(codes=said.codes or default.codes, tlp=said.tlp or default.tlp or Tlp.AMBER, note=said.note)
    of_parts = tuple(entry.handlings) if entry is not None else ()
    return strictest((of_file, *of_parts)) if of_parts else of_file


def _of_a_child(entry: Entry) -> frozenset[Signal]:
    """A child who can be found is helped first (domain.md §4.8)."""
    if entry.kind is not Kind.VICTIM:
        return frozenset()
    reachable = bool(entry.civic_addresses) or entry.stated_location is not None
    return frozenset({Signal.CHILD_REPORTED, *({Signal.CHILD_REACHABLE} if reachable else ())})
