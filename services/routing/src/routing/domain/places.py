"""Where a text points in Canada: a province from a postal code, a phone number or a name, and never more.

A name that several provinces share gives its candidates, not one of them; a postal code gives a province, not a
municipality (domain.md §5.1, data-sources.md §3). Not promised: that a place exists.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kit.values import value

CANADA: Final = "CA"
PSEUDO_COUNTRIES: Final = frozenset({"A1", "A2", "AP", "EU", "O1", "AN"})
"""Codes that clearinghouses and address lists use and that are no countries (domain.md §1.4)."""

PROVINCES: Final[Mapping[str, tuple[str, ...]]] = {
    "CA-AB": ("ab", "alberta"),
    "CA-BC": ("bc", "british columbia", "colombie britannique"),
    "CA-MB": ("mb", "manitoba"),
    "CA-NB": ("nb", "new brunswick", "nouveau brunswick"),
    "CA-NL": ("nl", "nf", "newfoundland and labrador", "newfoundland", "terre neuve et labrador"),
    "CA-NS": ("ns", "nova scotia", "nouvelle ecosse"),
    "CA-NT": ("nt", "northwest territories", "territoires du nord ouest"),
    "CA-NU": ("nu", "nunavut"),
    "CA-ON": ("on", "ontario"),
    "CA-PE": ("pe", "pei", "prince edward island", "ile du prince edouard"),
    "CA-QC": ("qc", "pq", "quebec"),
    "CA-SK": ("sk", "saskatchewan"),
    "CA-YT": ("yt", "yukon", "yukon territory"),
}
"""Each province and territory with the names it is written by, folded."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_CANADA_IN_WORDS: Final = frozenset({"CANADA", "CAN"})
_BY_NAME: Final = {name: code for code, names in PROVINCES.items() for name in names}

_BY_POSTAL_LETTER: Final[Mapping[str, str]] = {
    "A": "CA-NL", "B": "CA-NS", "C": "CA-PE", "E": "CA-NB", "G": "CA-QC", "H": "CA-QC", "J": "CA-QC",
    "K": "CA-ON", "L": "CA-ON", "M": "CA-ON", "N": "CA-ON", "P": "CA-ON", "R": "CA-MB", "S": "CA-SK",
    "T": "CA-AB", "V": "CA-BC", "X": "CA-NT", "Y": "CA-YT",
}  # fmt: skip
_NUNAVUT: Final = frozenset({"X0A", "X0B", "X0C"})
_SAYS_NOTHING: Final = frozenset({"K1A"})  # federal offices in Ottawa and Gatineau, for staff everywhere
_POSTAL_CODE: Final = re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z](?:\d[ABCEGHJ-NPRSTV-Z]\d)?", re.ASCII)

AREA_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("368", "403", "587", "780", "825"), ("CA-AB",)),
    **dict.fromkeys(("236", "250", "257", "604", "672", "778"), ("CA-BC",)),
    **dict.fromkeys(("204", "431", "584"), ("CA-MB",)),
    **dict.fromkeys(("428", "506"), ("CA-NB",)),
    **dict.fromkeys(("709", "879"), ("CA-NL",)),
    **dict.fromkeys(("782", "902"), ("CA-NS", "CA-PE")),
    **dict.fromkeys(("867",), ("CA-NT", "CA-NU", "CA-YT")),
    **dict.fromkeys(
        (
            "226", "249", "289", "343", "365", "382", "416", "437", "519", "548", "613", "647", "683", "705",
            "742", "753", "807", "905", "942",
        ),
        ("CA-ON",),
    ),
    **dict.fromkeys(
        ("263", "354", "367", "418", "438", "450", "468", "514", "579", "581", "819", "873"), ("CA-QC",)
    ),
    **dict.fromkeys(("306", "474", "639"), ("CA-SK",)),
}  # fmt: skip
"""The 55 geographic area codes of Canada (data-sources.md §4). A ported or mobile number makes it a hint."""

# After a plus only 1 is North America: +47 4… is Norway and +64 7… New Zealand, not Saskatchewan and Toronto.
_NORTH_AMERICAN: Final = re.compile(r"(?:\+?1)?([2-9]\d{2})[2-9]\d{6}", re.ASCII)
_NOT_A_DIGIT: Final = re.compile(r"[\s().\-\u2011]+")
_APOSTROPHES: Final = re.compile(r"['\u2019\u02bc.]")
_NOT_A_LETTER: Final = re.compile(r"[^0-9a-z]+")
_GENERIC: Final = re.compile(
    r"^(?:the )?(?:city|town|township|village|municipality|district|ville|cite|municipalite) (?:of|de|du) "
)
_SAINT: Final = re.compile(r"\b(st|ste)\b")
_FULL: Final = {"st": "saint", "ste": "sainte"}


@value
class Place:
    """A territory as far as it is known: `country` ISO 3166-1 alpha-2, `province` ISO 3166-2 (Canada only)."""

    country: str
    province: str | None = None
    municipality: str | None = None


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Known municipalities: folded name, then province, to the name as it is written."""

    names: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str]]) -> "Gazetteer":
        """Built from (province, name) rows; the first spelling of a name in a province stays."""
        found: dict[str, dict[str, str]] = {}
        for province, name in rows:
            found.setdefault(fold(name), {}).setdefault(province, name)
        return cls(found)

    def having(self, municipality: str) -> Mapping[str, str]:
        """Every province with a municipality of that name, and the name there; empty where none is known."""
        return self.names.get(fold(municipality), {})


def fold(name: str) -> str:
    """A place name as names are compared: no accents, case, punctuation or "City of"; "St." written out."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    words = _NOT_A_LETTER.sub(" ", _APOSTROPHES.sub("", bare.replace("œ", "oe"))).strip()
    return _SAINT.sub(lambda match: _FULL[match[1]], _GENERIC.sub("", words))


def country_of(text: str | None) -> str | None:
    """A country as ISO 3166-1 alpha-2 where it is written so (or is Canada in words); None for pseudo codes."""
    code = (text or "").strip().upper()
    if code in _CANADA_IN_WORDS:
        return CANADA
    return code if _COUNTRY.fullmatch(code) and code not in PSEUDO_COUNTRIES else None


def province_of(text: str | None) -> str | None:
    """The ISO 3166-2 code of a province by code, abbreviation or name in English or French; None: unknown."""
    if text is None:
        return None
    return _BY_NAME.get(fold(text.strip().upper().removeprefix("CA-")))


def is_canadian(postal_code: str | None) -> bool:
    """Whether a full postal code can only be Canada's; `E1W` alone is as well a part of London."""
    code = "".join((postal_code or "").upper().replace("-", " ").split())
    return len(code) == 6 and _POSTAL_CODE.fullmatch(code) is not None


def province_of_postal_code(text: str | None) -> str | None:
    """The province of a full postal code or its first three characters; None where it says none."""
    code = "".join((text or "").upper().replace("-", " ").split())
    if _POSTAL_CODE.fullmatch(code) is None or code[:3] in _SAYS_NOTHING:
        return None
    return "CA-NU" if code[:3] in _NUNAVUT else _BY_POSTAL_LETTER[code[0]]


def provinces_of_phone(text: str) -> tuple[str, ...]:
    """The provinces a North American number may belong to, by its area code; empty: none of Canada's."""
    match = _NORTH_AMERICAN.fullmatch(_NOT_A_DIGIT.sub("", text))
    return AREA_CODES.get(match[1], ()) if match else ()
