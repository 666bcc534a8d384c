"""What a rule answers when it says no."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule said no. `code` is stable, `detail` is for people."""

    code: str
    detail: str = ""
