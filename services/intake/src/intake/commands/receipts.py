"""The receipt as bytes: made once, stored, and sent again as it was."""

from collections.abc import Iterable

import orjson

from contracts.envelope import rfc3339
from intake.commands.filing import Filing
from intake.domain.receipt import Receipt, receipt
from intake.domain.verdicts import Verdict


def receipt_bytes(filing: Filing, number: str, amendment: Iterable[Verdict] = ()) -> bytes:
    """The receipt of a file under its number, with what its comparison with an earlier version said."""
    return _to_bytes(
        receipt(
            filing.submission,
            number=number,
            partner=filing.partner.slug,
            received_at=filing.received_at,
            sha256=filing.body_sha256.hex(),
            amendment=amendment,
        )
    )


def _to_bytes(given: Receipt) -> bytes:
    return orjson.dumps(
        {
            "number": given.number,
            "partner": given.partner,
            "reference": given.reference,
            "version": given.version,
            "received_at": rfc3339(given.received_at),
            "sha256": given.sha256,
            "status": given.status,
            "counts": {
                "entries": {"accepted": given.entries.accepted, "rejected": given.entries.rejected},
                "items": {
                    "accepted": given.items.accepted,
                    "warned": given.items.warned,
                    "rejected": given.items.rejected,
                },
            },
            "verdicts": [
                {
                    "level": verdict.level,
                    "pointer": verdict.pointer,
                    "code": verdict.code,
                    "severity": verdict.severity,
                    "message": verdict.message,
                }
                for verdict in given.verdicts
            ],
        }
    )
