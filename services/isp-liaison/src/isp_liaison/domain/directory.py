"""Which provider held a network when a capture was made, and which one answers for it today.

Networks and providers change hands: who held the AS number is asked as of the capture, who owns that provider's
records as of today, along the chain of owners. Immutable; other data are another `Directory`, with another version.
Not promised: that a network has a provider. Where none is known, or the owners lead nowhere, the answer is None and
a person looks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

ASSUMED_RETENTION_DAYS: Final = 30
"""For ordering only, where a provider publishes nothing: the only published Canadian figure (domain.md §4.3)."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days a provider is expected to know who had an address."""

    days: int
    assumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One addressee of requests. `valid_to` is the last day on which it answers.

    `channel` is http, or none where we do not know how to reach it; `reply_zone` the IANA zone in which its replies
    usually are; `accepts` the instruments by id.
    """

    id: str
    name_en: str
    name_fr: str
    legal_entity: str
    brands: tuple[str, ...]
    kind: str
    channel: str
    needs_port: bool | None
    retention_days: int | None
    retention_source: str
    retention_as_of: date | None
    reply_zone: str | None
    languages: tuple[str, ...]
    max_lines: int
    accepts: frozenset[str]
    testmode: bool
    valid_from: date
    valid_to: date | None
    source: str = ""
    confidence: str = ""

    @property
    def retention(self) -> Retention:
        """What it publishes, else what we assume."""
        if self.retention_days is None:
            return Retention(ASSUMED_RETENTION_DAYS, assumed=True)
        return Retention(self.retention_days, assumed=False)

    def valid(self, on: date) -> bool:
        """Whether it answers on that day."""
        return _within(self.valid_from, self.valid_to, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """An AS number and who held it from its first to its last day."""

    asn: int
    provider: str
    testmode: bool
    valid_from: date
    valid_to: date | None
    source: str = ""
    confidence: str = ""

    def valid(self, on: date) -> bool:
        """Whether the provider held it on that day."""
        return _within(self.valid_from, self.valid_to, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """From its first to its last day, `owner` answers for what `provider` once knew."""

    provider: str
    owner: str
    valid_from: date
    valid_to: date | None
    source: str = ""
    confidence: str = ""

    def valid(self, on: date) -> bool:
        """Whether it was so on that day."""
        return _within(self.valid_from, self.valid_to, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Every provider with its networks and owners. `version` is a short hash of the data."""

    version: str
    providers: Mapping[str, Provider]
    _networks: Mapping[tuple[int, bool], tuple[Network, ...]] = field(repr=False)
    _owners: Mapping[str, tuple[Owner, ...]] = field(repr=False)

    @classmethod
    def of(
        cls, providers: Iterable[Provider], networks: Iterable[Network], owners: Iterable[Owner], *, version: str
    ) -> "Directory":
        """Indexes the rows."""
        by_asn: dict[tuple[int, bool], tuple[Network, ...]] = {}
        for network in networks:
            key = network.asn, network.testmode
            by_asn[key] = (*by_asn.get(key, ()), network)
        by_provider: dict[str, tuple[Owner, ...]] = {}
        for owner in owners:
            by_provider[owner.provider] = (*by_provider.get(owner.provider, ()), owner)
        return cls(
            version=version,
            providers={provider.id: provider for provider in providers},
            _networks=by_asn,
            _owners=by_provider,
        )

    def provider(self, id: str) -> Provider | None:
        """The provider of that id, whether or not it still answers."""
        return self.providers.get(id)

    def provider_at(self, asn: int, at: datetime, *, testmode: bool, today: date) -> Provider | None:
        """Who answers today for the network as it was at `at`; days of networks are days in UTC."""
        on = at.astimezone(UTC).date()
        held = next((one for one in self._networks.get((asn, testmode), ()) if one.valid(on)), None)
        return None if held is None else self.answering(held.provider, today)

    def answering(self, id: str, today: date) -> Provider | None:
        """Who answers today for what the provider knew: itself, or the last of its owners."""
        chain = [id]
        while (owner := self._owner(chain[-1], today)) is not None:
            if owner in chain:
                return None
            chain.append(owner)
        last = self.providers.get(chain[-1])
        return last if last is not None and last.valid(today) else None

    def _owner(self, id: str, on: date) -> str | None:
        return next((one.owner for one in self._owners.get(id, ()) if one.valid(on)), None)


def _within(first: date, last: date | None, on: date) -> bool:
    return first <= on and (last is None or on <= last)
