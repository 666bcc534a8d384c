"""Small builders of native files (spec §7) with sensible defaults: for the generator, and for anybody's tests.

They write what they are told, sound or not; what is left out is left out of the JSON.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import orjson

Json: TypeAlias = dict[str, Any]

SUMMARY = "Accounts reported by their services for suspected CSAEM distribution."
SERVICE = "chat.example.com"


def capture(
    ip: str = "192.0.2.10",
    *,
    time: str | None = "2026-11-03T21:14:05Z",
    zone: str | None = "UTC",
    port: int | None = 51_412,
    event: str | None = "Login",
    **more: Any,
) -> Json:
    """An IP address at a time, graded A unless told otherwise. Its default address is a documentation one."""
    return _given(ip=ip, port=port, time=time, zone=zone, event=event, **more)


def identifier(kind: str, value: str, **more: Any) -> Json:
    """An identifier that is no capture: `email`, `phone`, `username`, `device`, …"""
    return _given(kind=kind, value=value, **more)


def civic_address(
    municipality: str, *, province: str | None = None, country: str = "CA", kind: str = "home", **more: Any
) -> Json:
    """A place where somebody lives, pays or is served."""
    return _given(municipality=municipality, province=province, country=country, kind=kind, **more)


def suspect(reference: str = "S-001", *, account: Json | None = None, **more: Any) -> Json:
    """A reported account; without more, it has nothing but its account at a service."""
    default = {"service": SERVICE, "id": f"{reference.lower()}-account"}
    return _given(reference=reference, role="suspect", account=account or default, **more)


def victim(reference: str = "V-001", *, account: Json | None = None, **more: Any) -> Json:
    """A child victim; without more, nothing is known of where the child is."""
    return _given(reference=reference, role="victim", account=account, **more)


def native_file(
    reference: str = "NL-TEST-0001",
    *,
    suspects: Sequence[Json] = (),
    victims: Sequence[Json] = (),
    **more: Any,
) -> bytes:
    """A whole file as a foreign bureau posts it; any top-level field can be given or overridden."""
    return orjson.dumps(native_document(reference, suspects=suspects, victims=victims, **more))


def native_document(reference: str, *, suspects: Sequence[Json], victims: Sequence[Json], **more: Any) -> Json:
    """The same before it becomes bytes."""
    document: Json = {
        "reference": reference,
        "version": 1,
        "incident": {"type": "csaem", "platform": SERVICE, "summary": SUMMARY},
        "urgency": "P3",
        "handling": {"codes": ["H1"], "tlp": "AMBER"},
        "foreign_authority": {
            "country": "NL",
            "agency": "Synthetic national unit",
            "case_number": f"CASE-{reference}",
            "investigating": True,
        },
        "offence_basis": "foreign",
        "synthetic": True,
        "suspects": list(suspects),
        "victims": list(victims),
    }
    return document | more


def _given(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
