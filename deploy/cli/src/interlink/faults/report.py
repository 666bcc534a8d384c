"""What a run found, as one table and as JSON."""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from interlink.faults import checker
from interlink.faults.ground import Strike, kills
from interlink.faults.problems import Problem


@dataclass(slots=True, kw_only=True)
class Outcome:
    """A whole run."""

    seed: int
    seconds: float
    """Under fire."""
    settled: float | None
    """Seconds from the last fault until everything was at rest; None where it never was."""
    files: int
    accepted: int
    repeated: int
    events: int
    types: dict[str, int]
    """Records by the type of their event: what the load has brought about."""
    share_ready: float
    strikes: list[Strike]
    problems: list[Problem] = field(default_factory=list[Problem])

    @property
    def lost(self) -> int:
        """What was accepted and is not there."""
        return checker.lost(self.problems)

    @property
    def doubled(self) -> int:
        """What happened twice."""
        return checker.doubled(self.problems)

    @property
    def faults(self) -> list[str]:
        """Faults that did not come off as they should."""
        return [f"{strike.kind}: {strike.fault}" for strike in self.strikes if strike.fault]


def table(outcome: Outcome) -> Table:
    """A line a kind of fault, and what came of it all."""
    made = Table(title=_title(outcome), title_justify="left", box=None)
    made.add_column("fault")
    for column in ("times", "work goes on after p50", "max"):
        made.add_column(column, justify="right")
    for kind, strikes in _by_kind(outcome.strikes).items():
        times = _recoveries(strikes)
        made.add_row(kind, str(len(strikes)), _seconds(statistics.median(times) if times else None), _longest(times))
    made.add_section()
    for words, figure in _sums(outcome).items():
        made.add_row(words, figure)
    return made


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The same for programs."""
    return {
        "seed": outcome.seed,
        "seconds": round(outcome.seconds, 1),
        "settled_seconds": outcome.settled,
        "files": outcome.files,
        "accepted": outcome.accepted,
        "repeated_posts": outcome.repeated,
        "events": outcome.events,
        "types": outcome.types,
        "lost": outcome.lost,
        "duplicated_effects": outcome.doubled,
        "share_ready": round(outcome.share_ready, 4),
        "kills": kills(outcome.strikes),
        "faults": {
            kind: {
                "times": len(strikes),
                "recovery_p50": statistics.median(times) if times else None,
                "recovery_max": max(times, default=None),
            }
            for kind, strikes in _by_kind(outcome.strikes).items()
            for times in [_recoveries(strikes)]
        },
        "not_as_meant": outcome.faults,
        "problems": [{"kind": problem.kind.value, "words": problem.words} for problem in outcome.problems],
    }


def _title(outcome: Outcome) -> str:
    return f"{outcome.seconds:.0f} s under fire, seed {outcome.seed}"


def _sums(outcome: Outcome) -> dict[str, str]:
    return {
        "files accepted": str(outcome.files),
        "suspects and victims accepted": str(outcome.accepted),
        "posts repeated on purpose": str(outcome.repeated),
        "records on the topics": str(outcome.events),
        "lost": str(outcome.lost),
        "duplicated effects": str(outcome.doubled),
        "other problems": str(len(outcome.problems) - outcome.lost - outcome.doubled),
        "share of time ready": f"{outcome.share_ready:.1%}",
        "at rest after": _seconds(outcome.settled),
    }


def _by_kind(strikes: Sequence[Strike]) -> dict[str, list[Strike]]:
    found: defaultdict[str, list[Strike]] = defaultdict(list)
    for strike in strikes:
        found[strike.kind].append(strike)
    return dict(sorted(found.items()))


def _recoveries(strikes: Sequence[Strike]) -> list[float]:
    return [round(strike.recovered, 2) for strike in strikes if strike.recovered is not None]


def _longest(times: Sequence[float]) -> str:
    return _seconds(max(times, default=None))


def _seconds(time: float | None) -> str:
    return "–" if time is None else f"{time:.1f} s"
