"""Measures the chosen rows one after the other; a row that fails says why and the others go on."""

from collections.abc import Callable, Sequence

from interlink.benching.choosing import ROWS
from interlink.benching.figures import Row, absent
from interlink.benching.ground import Ground


async def measure(ground: Ground, names: Sequence[str], done: Callable[[Row], None]) -> None:
    """Every chosen row, one after the other; `done` gets each as it is finished."""
    for name in names:
        ground.tell(f"row {name}")
        done(await _one(ground, name))


async def _one(ground: Ground, name: str) -> Row:
    try:
        return await ROWS[name](ground)
    except Exception as error:  # noqa: BLE001 - the outermost runner: half an hour of other rows must not be lost
        first = _first(error)
        return absent(name, "could not be measured", f"{type(first).__name__}: {first}")


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
