"""Measures the chosen rows one after the other; a row that fails says why and the others go on."""

from collections.abc import Callable, Sequence

import httpx

from interlink.benching.choosing import ROWS, in_order
from interlink.benching.figures import Row, absent
from interlink.benching.ground import Ground
from interlink.stack.layout import StackError

FAILURES = (StackError, OSError, TimeoutError, httpx.HTTPError)


async def measured(ground: Ground, names: Sequence[str], done: Callable[[Row], None]) -> list[Row]:
    """Every chosen row, as the tables show them; `done` hears of each as it is finished."""
    rows: list[Row] = []
    for name in names:
        ground.tell(f"row {name}")
        rows.append(await _one(ground, name))
        done(rows[-1])
    return in_order(rows)


async def _one(ground: Ground, name: str) -> Row:
    try:
        return await ROWS[name](ground)
    except FAILURES as error:
        return _failed(name, error)
    except BaseExceptionGroup as group:
        mendable, others = group.split(FAILURES)
        if mendable is None or others is not None:
            raise
        return _failed(name, _first(mendable))


def _failed(name: str, error: BaseException) -> Row:
    return absent(name, "could not be measured", f"{type(error).__name__}: {error}")


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
