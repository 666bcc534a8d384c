"""The committed reference data become rows that agree with each other, or the process does not start.

    providers.csv     whom requests go to, in test mode and in earnest
    networks.csv      which AS number was whose, from when to when
    owners.csv        who answers for a provider that was taken over
    instruments.csv   what the law has to reach a provider with
    NOTICE            where it all comes from, and how sure we are

A mistake raises `SeedError`, which names the file and the line. Not promised: that the data are right; each row names
its source and a confidence.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Final, TypeVar

from isp_liaison.domain.directory import Directory, Network, Owner, Provider
from isp_liaison.domain.instruments import Effect, Instrument
from kit.time import zone

VERSION_LENGTH: Final = 12
KINDS: Final = frozenset({"access", "mobile", "reseller", "hosting", "vpn", "satellite", "research", "government"})
CHANNELS: Final = frozenset({"http", "none"})
ISSUERS: Final = frozenset({"officer", "court"})
THRESHOLDS: Final = frozenset({"suspect", "believe", "exigent"})
GRADES: Final = frozenset({"A", "B", "C", "D"})
CONFIDENCES: Final = frozenset({"H", "M", "K", "D"})
LANGUAGES: Final = frozenset({"en", "fr"})
LARGEST_ASN: Final = 2**32 - 1

_FILES: Final = ("providers.csv", "networks.csv", "owners.csv", "instruments.csv")
_ALWAYS: Final = date.max
_Row = Mapping[str, str]
_T = TypeVar("_T", Provider, Network, Owner, Instrument)


class SeedError(ValueError):
    """The data are malformed or contradict themselves; the message names the file and the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """All reference data of this build. `version` is a short hash of it."""

    version: str
    providers: tuple[Provider, ...]
    networks: tuple[Network, ...]
    owners: tuple[Owner, ...]
    instruments: tuple[Instrument, ...]

    @property
    def directory(self) -> Directory:
        """The providers with their networks and owners, indexed."""
        return Directory.of(self.providers, self.networks, self.owners, version=self.version)


def read_seed(folder: Traversable | None = None) -> Seed:
    """Read the data of `folder`, else the ones that belong to this build. Raises `SeedError`."""
    source = folder if folder is not None else files("isp_liaison.reference")
    texts = {name: (source / name).read_bytes() for name in _FILES}
    seed = Seed(
        version=_version(texts),
        providers=_read(texts, "providers.csv", Provider, _provider),
        networks=_read(texts, "networks.csv", Network, _network),
        owners=_read(texts, "owners.csv", Owner, _owner),
        instruments=_read(texts, "instruments.csv", Instrument, _instrument),
    )
    _check_days(seed)
    _check_names(seed)
    _check_chains(seed.owners)
    return seed


def _version(texts: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(name.encode() + b"\0" + texts[name] + b"\0")
    return digest.hexdigest()[:VERSION_LENGTH]


def _read(texts: Mapping[str, bytes], name: str, made: type[_T], make: Callable[[_Row], _T]) -> tuple[_T, ...]:
    """Every row of a file, whose columns are the fields of what it is made into."""
    wanted = [field.name for field in fields(made)]
    try:
        reader = csv.DictReader(io.StringIO(texts[name].decode("utf-8")), strict=True)
        columns, rows = list(reader.fieldnames or ()), [(reader.line_num, row) for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise SeedError(f"{name}: {error}") from error
    if columns != wanted:
        raise SeedError(f"{name}: the columns must be {','.join(wanted)}")
    return tuple(_made(name, line, row, make) for line, row in rows)


def _made(name: str, line: int, row: _Row, make: Callable[[_Row], _T]) -> _T:
    try:
        if None in row or None in row.values():
            raise ValueError("too many or too few columns")  # noqa: TRY301 - told like every other mistake of a row
        return make(row)
    except ValueError as error:
        raise SeedError(f"{name}, line {line}: {error}") from error


def _provider(row: _Row) -> Provider:
    return Provider(
        id=_text(row, "id"),
        name_en=_text(row, "name_en"),
        name_fr=_text(row, "name_fr"),
        legal_entity=_text(row, "legal_entity"),
        brands=tuple(brand for brand in row["brands"].split("|") if brand),
        kind=_one_of(row, "kind", KINDS),
        channel=_one_of(row, "channel", CHANNELS),
        needs_port=_yes(row, "needs_port") if row["needs_port"] else None,
        retention_days=_days(row, "retention_days"),
        retention_source=_text(row, "retention_source") if row["retention_days"] else "",
        retention_as_of=_date(row, "retention_as_of") if row["retention_days"] else None,
        reply_zone=zone(row["reply_zone"]).key if row["reply_zone"] else None,
        languages=tuple(_words(row, "languages", LANGUAGES)),
        max_lines=_positive(row, "max_lines"),
        accepts=frozenset(row["accepts"].split()),
        testmode=_yes(row, "testmode"),
        valid_from=_date(row, "valid_from"),
        valid_to=_last_day(row),
        source=_text(row, "source"),
        confidence=_one_of(row, "confidence", CONFIDENCES),
    )


def _network(row: _Row) -> Network:
    asn = _positive(row, "asn")
    if asn > LARGEST_ASN:
        raise ValueError(f"asn {asn} is too large")
    return Network(
        asn=asn,
        provider=_text(row, "provider"),
        testmode=_yes(row, "testmode"),
        valid_from=_date(row, "valid_from"),
        valid_to=_last_day(row),
        source=_text(row, "source"),
        confidence=_one_of(row, "confidence", CONFIDENCES),
    )


def _owner(row: _Row) -> Owner:
    return Owner(
        provider=_text(row, "provider"),
        owner=_text(row, "owner"),
        valid_from=_date(row, "valid_from"),
        valid_to=_last_day(row),
        source=_text(row, "source"),
        confidence=_one_of(row, "confidence", CONFIDENCES),
    )


def _instrument(row: _Row) -> Instrument:
    return Instrument(
        id=_text(row, "id"),
        section=_text(row, "section"),
        title_en=_text(row, "title_en"),
        title_fr=_text(row, "title_fr"),
        form=row["form"],
        issuer=_one_of(row, "issuer", ISSUERS),
        threshold=_one_of(row, "threshold", THRESHOLDS),
        days_canadian=_days(row, "days_canadian"),
        days_foreign=_days(row, "days_foreign"),
        reaches_foreign_offence=_yes(row, "reaches_foreign_offence"),
        repeatable=_yes(row, "repeatable"),
        effect=Effect(row["effect"]),
        grades=frozenset(_words(row, "grades", GRADES)),
        challenge_days=_days(row, "challenge_days"),
        review_days=_days(row, "review_days"),
        valid_from=_date(row, "valid_from"),
        valid_to=_last_day(row),
        source=_text(row, "source"),
        confidence=_one_of(row, "confidence", CONFIDENCES),
    )


def _text(row: _Row, column: str) -> str:
    if not row[column].strip():
        raise ValueError(f"{column} is empty")
    return row[column]


def _one_of(row: _Row, column: str, words: frozenset[str]) -> str:
    if row[column] not in words:
        raise ValueError(f"{column} must be one of {', '.join(sorted(words))}")
    return row[column]


def _words(row: _Row, column: str, words: frozenset[str]) -> list[str]:
    found = _text(row, column).split()
    if not words.issuperset(found):
        raise ValueError(f"{column} must be of {', '.join(sorted(words))}")
    return found


def _yes(row: _Row, column: str) -> bool:
    return _one_of(row, column, frozenset({"yes", "no"})) == "yes"


def _positive(row: _Row, column: str) -> int:
    if not (row[column].isascii() and row[column].isdigit() and int(row[column]) > 0):
        raise ValueError(f"{column} must be a positive number")
    return int(row[column])


def _days(row: _Row, column: str) -> int | None:
    return _positive(row, column) if row[column] else None


def _date(row: _Row, column: str) -> date:
    try:
        return date.fromisoformat(row[column])
    except ValueError as error:
        raise ValueError(f"{column} must be a date") from error


def _last_day(row: _Row) -> date | None:
    if not row["valid_to"]:
        return None
    last = _date(row, "valid_to")
    if last < _date(row, "valid_from"):
        raise ValueError("valid_to is before valid_from")
    return last


def _check_names(seed: Seed) -> None:
    """What a row names exists, once where it must be one, and test mode never meets the other."""
    known: dict[str, Provider] = {}
    for provider in seed.providers:
        if provider.id in known:
            raise SeedError(f"providers.csv: {provider.id} is there twice")
        known[provider.id] = provider
    named = {network.provider for network in seed.networks}
    named |= {name for owner in seed.owners for name in (owner.provider, owner.owner)}
    if named - known.keys():
        raise SeedError(f"named, but not in providers.csv: {', '.join(sorted(named - known.keys()))}")
    asked = {instrument for provider in seed.providers for instrument in provider.accepts}
    unknown = asked - {instrument.id for instrument in seed.instruments}
    if unknown:
        raise SeedError(f"providers.csv: accepts what is not in instruments.csv: {', '.join(sorted(unknown))}")
    for network in seed.networks:
        if network.testmode != known[network.provider].testmode:
            raise SeedError(f"networks.csv: {network.asn} and {network.provider} differ in test mode")
    for owner in seed.owners:
        if known[owner.provider].testmode != known[owner.owner].testmode:
            raise SeedError(f"owners.csv: {owner.provider} and {owner.owner} differ in test mode")


def _check_days(seed: Seed) -> None:
    """On no day is there a second holder, owner, or text of the law."""
    _check_overlaps("networks.csv", ((f"{n.asn} (testmode {n.testmode})", n) for n in seed.networks))
    _check_overlaps("owners.csv", ((owner.provider, owner) for owner in seed.owners))
    _check_overlaps("instruments.csv", ((one.id, one) for one in seed.instruments))


def _check_overlaps(name: str, rows: Iterable[tuple[str, Network | Owner | Instrument]]) -> None:
    spans: dict[str, list[tuple[date, date]]] = {}
    for key, row in rows:
        spans.setdefault(key, []).append((row.valid_from, row.valid_to or _ALWAYS))
    for key, several in spans.items():
        for (_, last), (first, _) in pairwise(sorted(several)):
            if first <= last:
                raise SeedError(f"{name}: {key} has two rows for {first}")


def _check_chains(owners: Sequence[Owner]) -> None:
    """Owners never lead in a circle; one could only begin on a day on which somebody becomes an owner."""
    for day in sorted({owner.valid_from for owner in owners}):
        owned = {owner.provider: owner.owner for owner in owners if owner.valid(day)}
        for start in owned:
            at: str | None = start
            for _ in owned:
                at = owned.get(at) if at is not None else None
                if at == start:
                    raise SeedError(f"owners.csv: {start} owns itself on {day}")
