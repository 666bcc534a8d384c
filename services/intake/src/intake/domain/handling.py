"""How far a thing may travel: Europol handling codes and the traffic light protocol (domain.md §2.8).

What is made of several parts travels as the strictest of them allows.
"""

from collections.abc import Iterable
from enum import StrEnum

from kit.values import value


class Code(StrEnum):
    """Handling codes of the EU law-enforcement exchange guidelines."""

    H0 = "H0"
    H1 = "H1"
    H2 = "H2"
    H3 = "H3"


class Tlp(StrEnum):
    """TLP 2.0, from widest to narrowest."""

    CLEAR = "CLEAR"
    GREEN = "GREEN"
    AMBER = "AMBER"
    AMBER_STRICT = "AMBER+STRICT"
    RED = "RED"


_NARROWER = list(Tlp)


@value
class Handling:
    """Codes, traffic light, and the text that H3 asks for."""

    codes: frozenset[Code] = frozenset()
    tlp: Tlp | None = None
    note: str | None = None

    @property
    def unexplained(self) -> bool:
        """H3 restricts by its text: without one nobody can obey it."""
        return Code.H3 in self.codes and not (self.note or "").strip()


def strictest(parts: Iterable[Handling]) -> Handling:
    """All codes of all parts, and the narrowest light."""
    codes: set[Code] = set()
    tlp: Tlp | None = None
    notes: list[str] = []
    for part in parts:
        codes |= part.codes
        if part.tlp is not None and (tlp is None or _NARROWER.index(part.tlp) > _NARROWER.index(tlp)):
            tlp = part.tlp
        if part.note and part.note not in notes:
            notes.append(part.note)
    return Handling(codes=frozenset(codes), tlp=tlp, note="\n".join(notes) or None)


def as_text(handling: Handling) -> str:
    """The form events carry: `H1+H2;TLP:AMBER`. H0 only where nothing narrower is said."""
    narrow = sorted(code.value for code in handling.codes if code is not Code.H0)
    return f"{'+'.join(narrow) or Code.H0};TLP:{handling.tlp or Tlp.AMBER}"
