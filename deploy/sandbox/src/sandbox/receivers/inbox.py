"""What agencies' systems received and which secrets they verify with; both survive kill -9."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from kit.time import Clock
from sandbox.journal import Journal, Line

REGISTERED, RECEIVED = "registered", "received"


class CloudEvent(BaseModel):
    """What a receiver reads of a webhook's body; the notice itself it fetches."""

    type: str = ""
    subject: str = ""
    data: dict[str, Any] = {}


@dataclass(slots=True, kw_only=True)
class Received:
    """One webhook of an agency, by its id."""

    id: str
    agency: str
    type: str
    subject: str
    items: int
    """How many events the notice is about, as it says; 0 for another webhook."""
    first_at: str
    times: int = 1


class Inbox:
    """The receivers' memory."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Knows what the journal says."""
        self._journal = journal
        self._clock = clock
        self._secrets: dict[str, list[str]] = {}
        self._received: dict[tuple[str, str], Received] = {}
        for line in journal.lines():
            self._hear(line)

    @property
    def secrets(self) -> Mapping[str, list[str]]:
        """By agency."""
        return self._secrets

    async def register(self, agency: str, secrets: list[str]) -> None:
        """From now on the agency verifies with these; with two while one is being exchanged."""
        await self._keep({"event": REGISTERED, "agency": agency, "secrets": secrets})

    async def receive(self, agency: str, webhook_id: str, body: bytes) -> None:
        """A verified webhook arrived, maybe again."""
        told = _told(body)
        await self._keep(
            {
                "event": RECEIVED,
                "id": webhook_id,
                "agency": agency,
                "type": told.type,
                "subject": told.subject,
                "items": told.data.get("items", 0),
                "at": self._clock.now().isoformat(),
                "body": body.decode(errors="replace"),
            }
        )

    def received(self, agency: str | None) -> list[Received]:
        """What came for one agency, or for all, oldest first."""
        return [one for (name, _), one in self._received.items() if agency in (None, name)]

    async def _keep(self, line: Line) -> None:
        await self._journal.append(line)
        self._hear(line)

    def _hear(self, line: dict[str, Any]) -> None:
        agency = line["agency"]
        if line["event"] == REGISTERED:
            self._secrets[agency] = line["secrets"]
            return
        known = self._received.get((agency, line["id"]))
        if known is not None:
            known.times += 1
            return
        self._received[agency, line["id"]] = Received(
            id=line["id"],
            agency=agency,
            type=line["type"],
            subject=line["subject"],
            items=line.get("items", 0),
            first_at=line["at"],
        )


def _told(body: bytes) -> CloudEvent:
    try:
        return CloudEvent.model_validate_json(body)
    except ValidationError:
        return CloudEvent()
