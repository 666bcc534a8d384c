"""An entry of the native JSON (spec §7), read tolerantly: for a preview, what cannot be read says nothing.

Routing's own reading, because services share no code but the kit: fields it does not need are ignored. The texts are
read as the door reads them, by the kit's strict parsers of IP addresses and times.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.personal import Capture, CivicAddress, EntryItems, Identifier, StatedLocation
from kit.ip_addresses import classify
from kit.time import parse
from routing.domain.grading import grade

MOST_ITEMS = 200


class Tolerant(BaseModel):
    """Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)


class CaptureBody(Tolerant):
    """An IP address at a time, perhaps with a port."""

    ip: str = Field(max_length=200)
    port: int | None = Field(default=None, ge=1, le=65535)
    time: str | None = Field(default=None, max_length=100)
    zone: str | None = Field(default=None, max_length=100)
    event: str | None = Field(default=None, max_length=100)
    possible_proxy: bool = False


class IdentifierBody(Tolerant):
    """An identifier; only phones say where somebody is."""

    kind: str = Field(max_length=40)
    value: str = Field(max_length=4096)
    service: str | None = Field(default=None, max_length=400)
    verified: bool = False


class PhoneBody(Tolerant):
    """A phone number."""

    value: str = Field(max_length=100)
    verified: bool = False


class CivicAddressBody(Tolerant):
    """A civic address; the street is not read."""

    municipality: str | None = Field(default=None, max_length=200)
    province: str | None = Field(default=None, max_length=200)
    country: str | None = Field(default=None, max_length=100)
    postal_code: str | None = Field(default=None, max_length=40)
    kind: str = Field(default="other", max_length=40)
    verified: bool = False
    as_of: str | None = Field(default=None, max_length=40)


class StatedLocationBody(Tolerant):
    """Where the account says that the person is."""

    municipality: str | None = Field(default=None, max_length=200)
    province: str | None = Field(default=None, max_length=200)
    country: str | None = Field(default=None, max_length=100)
    verified: bool = False


class NativeEntry(Tolerant):
    """A suspect or victim as a referral names it."""

    reference: str | None = Field(default=None, max_length=400)
    role: str = Field(default="suspect", max_length=40)
    citizenship: str | None = Field(default=None, max_length=40)
    captures: list[CaptureBody] = Field(default=[], max_length=MOST_ITEMS)
    identifiers: list[IdentifierBody] = Field(default=[], max_length=MOST_ITEMS)
    civic_addresses: list[CivicAddressBody] = Field(default=[], max_length=MOST_ITEMS)
    phones: list[PhoneBody | Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=MOST_ITEMS)
    stated_location: StatedLocationBody | None = None


def items(entry: NativeEntry) -> EntryItems:
    """The entry as intake would tell it, without what routing does not need."""
    phones = [PhoneBody(value=one) if isinstance(one, str) else one for one in entry.phones]
    return EntryItems(
        reference=entry.reference or "preview",
        citizenship=entry.citizenship,
        captures=[_capture(one, f"/captures/{index}") for index, one in enumerate(entry.captures)],
        identifiers=[
            *(
                Identifier(item=f"/identifiers/{index}", kind=one.kind, value=one.value, verified=one.verified)
                for index, one in enumerate(entry.identifiers)
            ),
            *(
                Identifier(item=f"/phones/{index}", kind="phone", value=one.value, verified=one.verified)
                for index, one in enumerate(phones)
            ),
        ],
        civic_addresses=[
            CivicAddress(item=f"/civic_addresses/{index}", **one.model_dump())
            for index, one in enumerate(entry.civic_addresses)
        ],
        stated_location=(
            None if entry.stated_location is None else StatedLocation.model_validate(entry.stated_location.model_dump())
        ),
    )


def _capture(body: CaptureBody, item: str) -> Capture:
    address, time = classify(body.ip), parse(body.time, body.zone)
    return Capture(
        item=item,
        raw_ip=body.ip,
        ip=address.canonical,
        ip_class=address.ip_class.value,
        port=body.port,
        raw_time=body.time,
        at=time.at,
        precision=time.precision.value,
        zone=time.zone,
        zone_assumed=time.zone_assumed,
        tzdata=time.tzdata,
        grade=grade(
            ip_class=address.ip_class.value,
            family=address.family,
            has_port=body.port is not None,
            precision=time.precision.value,
            zone_assumed=time.zone_assumed,
        ),
        event=body.event,
        possible_proxy=body.possible_proxy,
    )
