"""What was asked of providers about one suspect or victim, and what became of it. Pure, like the whole story.

A line may serve several suspects; each hears of it for itself. An event may come twice and changes nothing then.
"""

from dataclasses import dataclass, field
from uuid import UUID

from contracts.events.identifications import (
    IdentificationCompleted,
    IdentificationDrafted,
    IdentificationPreserved,
    IdentificationSent,
    OfLine,
)
from contracts.model import Contract

IDENTIFIED = "subscriber_identified"
PRESERVING = frozenset({"preservation_demand", "preservation_order"})
PRODUCTION = "production_order"


@dataclass(slots=True, kw_only=True)
class Line:
    """One question to one provider."""

    line: UUID
    instrument: str
    requests: set[str] = field(default_factory=set[str])
    """Numbers of the requests in which a provider took it in: one, when all is well."""
    preserved: bool = False
    outcome: str | None = None

    @property
    def produces(self) -> bool:
        """Whether it asks for a subscriber."""
        return self.instrument not in PRESERVING


@dataclass(slots=True)
class Lines:
    """All lines about one suspect or victim."""

    of: dict[UUID, Line] = field(default_factory=dict[UUID, Line])
    open_lines: int | None = None
    """How many still wait, as the newest answer said."""

    def hear(self, event: Contract) -> None:
        """Take in one event about a line."""
        match event:
            case IdentificationDrafted():
                self._line(event)
            case IdentificationSent():
                self._line(event).requests.add(event.number)
            case IdentificationPreserved():
                self._line(event).preserved = True
            case IdentificationCompleted():
                # An answer that came before this suspect was known arrives alone: only what is produced completes.
                line = self.of.setdefault(event.line, Line(line=event.line, instrument=PRODUCTION))
                line.outcome, self.open_lines = event.outcome, event.open_lines
            case _:
                return

    @property
    def production(self) -> list[Line]:
        """The lines that ask for a subscriber."""
        return [line for line in self.of.values() if line.produces]

    @property
    def identified(self) -> bool:
        """Whether a subscriber is known: a connection, not a person."""
        return any(line.outcome == IDENTIFIED for line in self.production)

    @property
    def waiting(self) -> int:
        """Lines whose answer matters still: none once a subscriber is known."""
        if self.identified:
            return 0
        unanswered = sum(line.outcome is None for line in self.production)
        return unanswered or (self.open_lines or 0)

    def problems(self, of: str, *, must_ask: bool) -> list[str]:
        """What is not as it must be, in words. `must_ask`: a provider could answer, so one has to be asked."""
        found = [
            f"{of}: line {line.line} was sent {len(line.requests)} times: {', '.join(sorted(line.requests))}"
            for line in self.of.values()
            if len(line.requests) > 1
        ]
        if must_ask and not self.production:
            return [*found, f"{of} is on a Canadian network, and no provider was asked who it was"]
        if self.production and not any(line.requests or line.outcome for line in self.production):
            found.append(f"{of}: no provider took in what it was asked")
        if self.waiting:
            found.append(f"{of} waits for the answer about {self.waiting} of {len(self.production)} lines")
        return found

    def _line(self, event: OfLine) -> Line:
        return self.of.setdefault(event.line, Line(line=event.line, instrument=event.instrument))
