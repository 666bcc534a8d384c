"""No request leaves without a legal authority, and what each instrument needs of it (domain.md §3.1).

The dates are calendar days in the zone of issue. Not promised: that the document says so; a second officer reads it.
"""

from dataclasses import dataclass
from datetime import date

from isp_liaison.domain.instruments import Effect, Instrument, period
from isp_liaison.domain.lines import EXIGENT
from isp_liaison.domain.refusals import Refusal
from isp_liaison.domain.statutory_days import expires_on, may_act_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What an officer writes: kept sealed, shown to whoever approves, never sent to the provider."""

    officer: str
    grounds: str
    threat: str = ""
    why_no_order: str = ""
    call_back: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A legal authority as an officer enters it."""

    kind: str
    basis: str
    offence: str
    made_on: date
    zone: str
    reference: str
    court: str | None
    due_on: date | None
    document_sha256: str | None
    grounds: Grounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The days of an authority, in its zone of issue."""

    made_on: date
    due_on: date | None
    """When the provider must have answered."""
    expires_on: date | None
    """Last day of the preservation it asks for."""
    challenge_until: date | None
    """Last day on which the provider may give notice of a challenge (s. 487.0193)."""
    review_on: date | None
    """Day by which an exigent request is reviewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An authority that may carry a request."""

    claimed: Claimed
    days: Days


def examine(
    instrument: Instrument, claimed: Claimed | None, *, foreign_investigating: bool, today: date
) -> Authority | Refusal:
    """The authority with its days, or what it lacks. `today` is the day in its zone."""
    if claimed is None or not claimed.reference:
        return Refusal("authority.missing", f"{instrument.title_en} needs a legal authority and its reference.")
    if claimed.kind != instrument.id:
        return Refusal("authority.other_kind", f"This is a request under {instrument.section} ({instrument.id}).")
    if (lacking := _lacking(instrument, claimed)) is not None:
        return lacking
    lasts = period(instrument, basis=claimed.basis, foreign_investigating=foreign_investigating)
    if isinstance(lasts, Refusal):
        return lasts
    days = Days(
        made_on=claimed.made_on,
        due_on=claimed.due_on,
        expires_on=_preserved_until(instrument, claimed.made_on, lasts),
        challenge_until=_last_act(claimed.made_on, instrument.challenge_days),
        review_on=_last_act(claimed.made_on, instrument.review_days),
    )
    return outdated(days, today) or Authority(claimed=claimed, days=days)


def outdated(days: Days, today: date) -> Refusal | None:
    """Why it carries nothing on that day; asked again when a second officer approves, and whenever it is sent."""
    if days.made_on > today:
        return Refusal("authority.future", "It is dated after today.")
    if days.due_on is not None and days.due_on < days.made_on:
        return Refusal("authority.due_before_made", "It is due before it was made.")
    if any(last is not None and last < today for last in (days.expires_on, days.due_on)):
        return Refusal("authority.expired", "Its last day is over.")
    return None


def _preserved_until(instrument: Instrument, made: date, lasts: int | None) -> date | None:
    if instrument.effect is not Effect.PRESERVES or lasts is None:
        return None
    return expires_on(made, lasts)


def _last_act(made: date, days: int | None) -> date | None:
    return None if days is None else may_act_until(expires_on(made, days))


def _lacking(instrument: Instrument, claimed: Claimed) -> Refusal | None:
    grounds = claimed.grounds
    if not claimed.offence:
        return Refusal("authority.offence_missing", "It names the offence.")
    if not grounds.officer:
        return Refusal("authority.officer_missing", "It names the officer who answers for it.")
    if not grounds.grounds:
        return Refusal("authority.grounds_missing", "It states the grounds.")
    if instrument.id == EXIGENT and not (grounds.threat and grounds.why_no_order and grounds.call_back):
        return Refusal(
            "authority.exigency_incomplete",
            "It states the threat, why no order could be obtained, and a number to call back.",
        )
    return None
