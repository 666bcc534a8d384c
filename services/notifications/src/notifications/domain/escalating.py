"""The ladder of an urgent notice that nobody acknowledges: officer, then unit, then centre.

Each rung has the priority's time (`notices.ACKNOWLEDGED_WITHIN`). A rung where nobody listens is stepped over,
and an acknowledgement ends the climb wherever it is. The centre's own notices end at its unit: there is nobody above.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from notifications.domain.notices import Frozen, Notice, Rung, acknowledge_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """The notice one rung higher; `again_at` is when it climbs on, None where that was the last rung."""

    notice: Frozen
    again_at: datetime | None


@dataclass(frozen=True, slots=True)
class NotYet:
    """The rung still has time."""

    until: datetime


def escalate(notice: Notice, now: datetime, *, unit_listens: bool) -> Escalated | NotYet | None:
    """The next rung; None where nobody has to climb (any more)."""
    if not isinstance(notice, Frozen) or notice.acknowledge_by is None:
        return None
    if now < notice.acknowledge_by:
        return NotYet(notice.acknowledge_by)
    if notice.rung is Rung.OFFICER and unit_listens:
        until = acknowledge_by(notice.terms.priority, now)
        return Escalated(notice=replace(notice, rung=Rung.UNIT, acknowledge_by=until), again_at=until)
    if notice.rung is Rung.CENTRE or notice.terms.recipient.of_centre:
        return None
    return Escalated(notice=replace(notice, rung=Rung.CENTRE), again_at=None)
