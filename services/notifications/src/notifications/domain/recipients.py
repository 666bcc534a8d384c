"""Who is told of what: the holder and each copy, a former or late holder, the centre.

A recipient is a body of the directory and the tenant whose officers read for it. Events before the directory
is known still find their tenant: a bureau abroad is a partner, the centre is itself, everybody else an agency.
Not promised: that a recipient has an endpoint; what it is told then waits in its feed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

FOREIGN_BUREAU: Final = "foreign_bureau"
BUREAU_PREFIX: Final = "bureau-"


@dataclass(frozen=True, slots=True, order=True)
class Recipient:
    """A body and its tenant."""

    agency: str
    tenant: str

    @property
    def of_centre(self) -> bool:
        """Whether it is the centre itself, above which there is nobody."""
        return self.tenant == CENTRE.tenant


CENTRE: Final = Recipient("centre", "centre")


def recipient(agency: str, kinds: Mapping[str, str]) -> Recipient:
    """The recipient of that slug; `kinds` are the kinds of the bodies that are known."""
    if agency == CENTRE.agency:
        return CENTRE
    kind = kinds.get(agency)
    abroad = kind == FOREIGN_BUREAU if kind is not None else agency.startswith(BUREAU_PREFIX)
    return Recipient(agency, f"partner:{agency}" if abroad else f"agency:{agency}")


def of_assignment(holder: Recipient, copies: Sequence[Recipient]) -> tuple[Recipient, ...]:
    """Who learns that an assignment began or ended: its holder and each copy, nobody twice."""
    return tuple(dict.fromkeys((holder, *copies)))


def of_decline(holder: Recipient, copies: Sequence[Recipient]) -> tuple[Recipient, ...]:
    """Who learns that its holder declined an assignment: each copy. The holder knows; the successor's are told anew."""
    return tuple(one for one in dict.fromkeys(copies) if one != holder)


def of_overdue(holder: Recipient) -> tuple[Recipient, ...]:
    """Who learns that nobody accepted in time: the late holder, and the centre, which may have to act instead."""
    return tuple(dict.fromkeys((holder, CENTRE)))


def of_entry(holder: Recipient | None) -> tuple[Recipient, ...]:
    """Who learns what happened to a suspect or victim: whoever holds it now; the centre where that is not known."""
    return (holder or CENTRE,)
