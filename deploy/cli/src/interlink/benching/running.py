"""Measures the chosen rows one after the other; a row that fails says why and the others go on."""

from collections.abc import Callable, Sequence

from interlink.benching.choosing import ROWS, in_order
from interlink.benching.figures import Row, absent
from interlink.benching.ground import Ground


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
    except Exception as error:  # noqa: BLE001 - the outermost runner: half an hour of other rows must not be lost
        first = _first(error)
        return absent(name, "could not be measured", f"{type(first).__name__}: {first}")


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
