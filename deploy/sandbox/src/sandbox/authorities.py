"""The legal authority that a test officer enters for each instrument. Invented: no court made any of these orders."""

from datetime import date, timedelta
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

ZONE = "America/Toronto"
"""Where the officers sit: days are of this zone."""
OFFENCE = "163.1(3)"
"""Distribution (Criminal Code): an offence under an Act of Parliament, as a production order needs."""
DAYS_TO_ANSWER = 30

_ORDERED = frozenset({"production_order", "preservation_order"})
_OFFICER = "Cst. Test Officer One, badge 0001"
_GROUNDS = "Synthetic: the account was reported by the partner named in the referral; see the captures of its lines."


def authority(instrument: str, number: str, today: date) -> Json:
    """An authority that carries a request of that number, dated today in `ZONE`."""
    claimed: Json = {
        "kind": instrument,
        "basis": "canadian",
        "offence": OFFENCE,
        "made_on": today.isoformat(),
        "zone": ZONE,
        "reference": f"SYN-{number}",
        "officer": _OFFICER,
        "grounds": _GROUNDS,
    }
    if instrument in _ORDERED:
        claimed["court"] = "Ontario Court of Justice (synthetic)"
    if instrument == "production_order":
        claimed["due_on"] = (today + timedelta(days=DAYS_TO_ANSWER)).isoformat()
    if instrument == "exigent_request":
        claimed |= {
            "threat": "Synthetic: imminent harm to a child is believed to be likely.",
            "why_no_order": "Synthetic: no justice can be reached before the harm is expected.",
            "call_back": "+16135550110",
        }
    return claimed
