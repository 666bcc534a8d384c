"""Chance that repeats: the same seed and the same path give the same draws, on every machine and in any order.

Each thing that is made draws from a stream of its own, so that adding one changes no other.
"""

from collections.abc import Mapping
from random import Random
from typing import TypeVar

T = TypeVar("T")


def chance(seed: int, *path: str | int) -> Random:
    """The stream of draws for one thing, named by its path."""
    return Random("/".join(str(step) for step in (seed, *path)))  # noqa: S311 - made to repeat, guards nothing


def weighted(random: Random, weights: Mapping[T, float]) -> T:
    """One key, drawn by weight."""
    return random.choices(list(weights), list(weights.values()))[0]
