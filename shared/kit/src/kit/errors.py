"""Four families of refusal, and no class per sentence.

    Refused
    ├── Rejected    the request is understood and breaks a rule       400..428, usually 422
    ├── NotFound    no such thing, or none this caller may know of    404, always the same body
    ├── Conflict    the state has moved on, read again and decide     409
    └── Transient   nothing is wrong with the request, try later      503 with Retry-After

A rule of the domain returns its refusal as a value; `or_reject` at the command raises it. `kit.http.problems`
is the one place that turns a family into a response. Codes are stable words (`assignment.not_open`): they are
the last part of the problem's `type` URI. Details are for people and never hold personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault inside a request. `pointer` is a JSON pointer (RFC 6901) or an XPath into the body."""

    pointer: str
    code: str
    detail: str = ""


class Refused(Exception):
    """A request that gets no effect; only its four children are raised."""

    def __init__(self, code: str, detail: str, *, status: int) -> None:
        """`code` is stable, `detail` is for people, `status` is the HTTP status it becomes."""
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.status = status


class Rejected(Refused):
    """The request is understood and breaks a rule; the same request will be refused again."""

    def __init__(self, code: str, detail: str = "", *, status: int = 422, errors: Sequence[Problem] = ()) -> None:
        """`errors` points at each fault in the body."""
        super().__init__(code, detail, status=status)
        self.errors = tuple(errors)


class NotFound(Refused):
    """No such thing, or none that this caller may know of: both read alike (spec §6, access)."""

    def __init__(self) -> None:
        """Takes nothing: a reason would tell two cases apart."""
        super().__init__("not-found", "There is nothing here that you may see.", status=404)


class Conflict(Refused):
    """The state is no longer the one the caller decided on; read again."""

    def __init__(self, code: str, detail: str = "") -> None:
        """`code` names the state that is in the way."""
        super().__init__(code, detail, status=409)


class Transient(Refused):
    """Nothing is wrong with the request; `retry_after` is in seconds."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        """`detail` names what is away, without an address or a secret."""
        super().__init__("unavailable", detail, status=503)
        self.retry_after = retry_after


@runtime_checkable
class Refusing(Protocol):
    """A domain's refusal value: a code and a sentence. A success value has not both."""

    @property
    def code(self) -> str:
        """The stable word of the rule."""
        ...

    @property
    def detail(self) -> str:
        """A sentence for people."""
        ...


def or_reject(outcome: T | Refusing) -> T:
    """The outcome, or `Rejected` with the refusal's code and detail.

    Raises:
        Rejected: the domain refused.
    """
    if isinstance(outcome, Refusing):
        raise Rejected(outcome.code, outcome.detail)
    return outcome
