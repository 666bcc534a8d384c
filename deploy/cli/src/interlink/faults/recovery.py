"""How long it took after a fault until work went on: read from the evidence alone.

Work goes on when a suspect of a referral that was received after the fault has its assignment on the topic.
"""

from bisect import bisect_left
from collections.abc import Iterable

from contracts.events.jurisdictions import AssignmentCreated
from contracts.events.referrals import ReferralReceived
from interlink.faults.evidence import Record
from interlink.faults.ground import Strike


def measure(strikes: Iterable[Strike], records: Iterable[Record]) -> None:
    """Fill in what was not measured on the spot; a fault after which nothing came is left as it is."""
    records = list(records)
    received = {
        record.event.referral: record.event.received_at.timestamp()
        for record in records
        if isinstance(record.event, ReferralReceived)
    }
    first: dict[float, float] = {}
    for record in records:
        if isinstance(record.event, AssignmentCreated) and record.event.referral in received:
            began = received[record.event.referral]
            first[began] = min(first.get(began, record.at), record.at)
    began_at = sorted(first)
    for strike in strikes:
        if strike.recovered is None and not strike.fault:
            after = began_at[bisect_left(began_at, strike.ended) :]
            if after:
                strike.recovered = min(first[began] for began in after) - strike.ended
