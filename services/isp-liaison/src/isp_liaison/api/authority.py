"""A legal authority as an officer enters it. What people write in it is sealed as soon as it is kept."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from isp_liaison.domain.authorities import Claimed, Grounds
from kit.time import EARLIEST_YEAR, LATEST_YEAR

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""One line of text: the database does not know every character."""
ShortText = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE, strip_whitespace=True)]
Written = Annotated[str, StringConstraints(max_length=8000, strip_whitespace=True)]


def _of_our_time(day: date) -> date:
    if not EARLIEST_YEAR <= day.year < LATEST_YEAR:
        raise ValueError("no authority is of that day")
    return day


Day = Annotated[date, AfterValidator(_of_our_time)]


class AuthorityBody(BaseModel):
    """The document or the grounds behind a request."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    kind: Annotated[str, Field(max_length=80, pattern="^[a-z_]+$")]
    """The instrument, by its id: a request for another one is refused."""
    basis: Literal["canadian", "foreign"]
    offence: ShortText
    """As in `163.1(3)`."""
    made_on: Day
    """The day on which it was made, in its zone."""
    zone: Annotated[str, Field(max_length=80, pattern=PRINTABLE)]
    """IANA zone of issue: statutory days are days there."""
    reference: ShortText
    """Court file number, or number of the demand."""
    court: ShortText | None = None
    officer: ShortText = ""
    """Who answers for it; never sent to the provider."""
    grounds: Written = ""
    """Never sent to the provider."""
    due_on: Day | None = None
    """When the provider must have answered, as the order says."""
    document_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    threat: Written = ""
    """Exigent requests: to whose life or safety."""
    why_no_order: Written = ""
    """Exigent requests: why an order could not be obtained in time."""
    call_back: ShortText = ""
    """Exigent requests: a number at which the provider finds the officer."""

    def claimed(self) -> Claimed:
        """As the rules take it."""
        return Claimed(
            kind=self.kind,
            basis=self.basis,
            offence=self.offence,
            made_on=self.made_on,
            zone=self.zone,
            reference=self.reference,
            court=self.court or None,
            due_on=self.due_on,
            document_sha256=self.document_sha256,
            grounds=Grounds(
                officer=self.officer,
                grounds=self.grounds,
                threat=self.threat,
                why_no_order=self.why_no_order,
                call_back=self.call_back,
            ),
        )
