"""A rule that says no answers with a value; the command that asked decides what becomes of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule said no. `code` is stable, `detail` is for people."""

    code: str
    detail: str = ""
