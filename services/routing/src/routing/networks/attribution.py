"""Captures are attributed: a look-up in each snapshot that the rule asks, then the rule.

What the answers mean is `routing.domain.attribution`'s; this module only brings rule and tables together.
"""

from collections.abc import Sequence
from datetime import UTC, date

from kit.ip_addresses import IpAddress, classify
from routing.domain.attribution import PUBLIC, Attribution, CaptureAt, Choice, Network, choose
from routing.domain.attribution import attribute as judge
from routing.networks.snapshots import Snapshots


def attribute(snapshots: Snapshots, captures: Sequence[CaptureAt]) -> list[Attribution]:
    """The attribution of every capture, in the order given.

    The class that came with a capture stands, except that an address called public is classed once more: only
    what is public here too is looked up.
    """
    addresses = [_address(capture) for capture in captures]
    days = [_day(capture) for capture in captures]
    chosen = {day: choose(day, snapshots.dates) for day in set(days)}
    choices = [chosen[day] for day in days]
    return [
        judge(capture.item, _class(capture, address), choice, _answers(snapshots, address.packed, choice))
        for capture, address, choice in zip(captures, addresses, choices, strict=True)
    ]


def _address(capture: CaptureAt) -> IpAddress:
    return classify(capture.ip or "")


def _class(capture: CaptureAt, address: IpAddress) -> str:
    return address.ip_class.value if capture.ip_class == PUBLIC else capture.ip_class


def _day(capture: CaptureAt) -> date | None:
    return None if capture.at is None else capture.at.astimezone(UTC).date()


def _answers(snapshots: Snapshots, packed: bytes | None, choice: Choice | None) -> dict[str, Network]:
    if choice is None or packed is None:
        return {}
    return {snapshot: snapshots[snapshot].lookup(packed) for snapshot in choice.asked}
