"""Normal forms of identifiers and places, for matching only (domain.md §2.12).

The value as received stands beside. None means "has no normal form"; nothing is repaired.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import pycountry

from kit.ip_addresses import classify

KINDS: Final = frozenset({"email", "phone", "username", "device", "account", "url", "hash", "crypto_address", "ip"})
_NOT_DIALLED: Final = re.compile(r"[\s().\-/]")
_E164: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_NANP: Final = re.compile(r"1?([2-9]\d{2}[2-9]\d{6})", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{16,}")
_PROVINCES: Final = {
    "alberta": "AB", "british columbia": "BC", "colombie-britannique": "BC", "manitoba": "MB",
    "new brunswick": "NB", "nouveau-brunswick": "NB", "newfoundland and labrador": "NL",
    "terre-neuve-et-labrador": "NL", "nova scotia": "NS", "nouvelle-ecosse": "NS", "ontario": "ON",
    "prince edward island": "PE", "ile-du-prince-edouard": "PE", "quebec": "QC", "saskatchewan": "SK",
    "yukon": "YT", "northwest territories": "NT", "territoires du nord-ouest": "NT", "nunavut": "NU",
}  # fmt: skip
_PROVINCE_CODES: Final = frozenset(_PROVINCES.values())


def identifier(kind: str, value: str) -> str | None:
    """The normal form of an identifier of a known kind; None where the value has none."""
    text = value.strip()
    match kind:
        case "email":
            return _email(text)
        case "phone":
            return _phone(text)
        case "url":
            return _url(text)
        case "ip":
            return classify(text).canonical
        case "hash":
            return text.lower() if _HEXADECIMAL.fullmatch(text) else text
        case "username" | "device":
            return unicodedata.normalize("NFKC", text).casefold()
        case _:
            return text


def country(text: str | None) -> str | None:
    """ISO 3166-1 alpha-2. Pseudo codes (A1, AP, EU, XK…) are no countries (domain.md §1.4)."""
    code = (text or "").strip().upper()
    return code if code in _countries() else None


def province(text: str | None, country: str | None) -> str | None:
    """ISO 3166-2 (`CA-ON`, `US-CA`) where it can be read, else as received."""
    raw = (text or "").strip()
    if not raw:
        return None
    if country == "CA" or raw.upper().startswith("CA-"):
        return _canadian(raw)
    if country == "US" and len(raw) == 2 and raw.isalpha():
        return f"US-{raw.upper()}"
    return raw


def postal_code(text: str | None, country: str | None) -> str | None:
    """A Canadian code as `A1A 1A1`; any other as received."""
    raw = (text or "").strip()
    packed = raw.replace(" ", "").replace("-", "").upper()
    if country == "CA" and re.fullmatch(r"[A-Z]\d[A-Z]\d[A-Z]\d", packed, re.ASCII):
        return f"{packed[:3]} {packed[3:]}"
    return raw or None


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries)


def _canadian(raw: str) -> str:
    code = raw.upper().removeprefix("CA-")
    if code in _PROVINCE_CODES:
        return f"CA-{code}"
    plain = "".join(letter for letter in unicodedata.normalize("NFD", raw) if not unicodedata.combining(letter))
    named = _PROVINCES.get(plain.casefold())
    return f"CA-{named}" if named else raw


def _email(text: str) -> str | None:
    local, at, domain = text.rpartition("@")
    if not (at and local and "." in domain) or len(text.split()) != 1:
        return None
    return f"{local}@{domain.lower()}"


def _phone(text: str) -> str | None:
    dialled = _NOT_DIALLED.sub("", text)
    if _E164.fullmatch(dialled):
        return dialled
    american = _NANP.fullmatch(dialled)
    return f"+1{american[1]}" if american else None


def _url(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    if not parts.scheme or not host:
        return None
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()
