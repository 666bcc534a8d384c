"""The instruments that reach a provider, as dated rows: what each needs, reaches, and how long it lasts.

New law is a row, not a release. Not promised: that an instrument was lawfully issued; a person answers for that, and
another one approves it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from isp_liaison.domain.refusals import Refusal


class Effect(StrEnum):
    """What a provider does because of it."""

    PRESERVES = "preserves"
    PRODUCES = "produces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One instrument as the law has it from `valid_from` to `valid_to`, its last day.

    `issuer` is officer or court; `threshold` suspect or believe (reasonable grounds to), or exigent. The days are
    those after the day it was made; None: the law sets no period. `form` is empty where no form is prescribed.
    """

    id: str
    section: str
    title_en: str
    title_fr: str
    form: str
    issuer: str
    threshold: str
    days_canadian: int | None
    days_foreign: int | None
    reaches_foreign_offence: bool
    repeatable: bool
    effect: Effect
    grades: frozenset[str]
    challenge_days: int | None
    review_days: int | None
    valid_from: date
    valid_to: date | None
    source: str = ""
    confidence: str = ""

    def valid(self, on: date) -> bool:
        """Whether it may be made on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def period(instrument: Instrument, *, basis: str, foreign_investigating: bool) -> int | Refusal | None:
    """For how many days it lasts; None where the law sets no period.

    `basis` is canadian or foreign: whose offence it is. A foreign one is reached by few instruments, and only while
    an authority of that country investigates (Criminal Code ss. 487.012(2)(b), 487.013(3)).
    """
    if basis == "canadian":
        return instrument.days_canadian
    if basis != "foreign":
        return Refusal("authority.basis_unknown", "The basis is canadian or foreign.")
    if not instrument.reaches_foreign_offence:
        return Refusal(
            "authority.foreign_offence",
            f"{instrument.title_en} ({instrument.section}) reaches only offences under an Act of Parliament.",
        )
    if not foreign_investigating:
        return Refusal(
            "authority.no_foreign_investigation",
            "An offence under foreign law needs a foreign authority that investigates it.",
        )
    return instrument.days_foreign


def in_force(instruments: Iterable[Instrument], id: str, on: date) -> Instrument | Refusal:
    """The row of that instrument that is law on the day on which it is made."""
    rows = [one for one in instruments if one.id == id]
    if not rows:
        return Refusal("instrument.unknown", "There is no such instrument.")
    return next(
        (one for one in rows if one.valid(on)),
        Refusal("instrument.not_in_force", f"{rows[0].title_en} is not law on {on}."),
    )
