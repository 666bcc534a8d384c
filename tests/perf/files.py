"""Files of a partner, as large as a test needs them."""

import json


def a_file(reference: str, suspects: int, version: int = 1) -> bytes:
    """A native referral with distinct suspects."""
    return json.dumps(
        {
            "reference": reference,
            "version": version,
            "synthetic": True,
            "incident": {"type": "csaem", "occurred_at": "2026-11-20T21:14:05Z"},
            "suspects": [
                {
                    "reference": f"S-{number}",
                    "account": {"service": "Example Chat", "id": f"{reference}-{number}"},
                    "captures": [{"ip": "24.48.0.17", "port": 40112, "time": "2026-11-20T21:14:05Z"}],
                }
                for number in range(suspects)
            ],
        }
    ).encode()
