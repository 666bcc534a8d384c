"""What people read in a notice, in both official languages: how much there is, how urgent, until when. No content."""

from datetime import UTC, datetime


def issued(items: int, priority: str, acknowledge_by: datetime | None) -> dict[str, str]:
    """A notice is there to be read."""
    counted_en = "1 item" if items == 1 else f"{items} items"
    counted_fr = "1 élément" if items == 1 else f"{items} éléments"
    return {
        "en": f"Interlink: {counted_en} concerning one referral, priority {priority}." + _until_en(acknowledge_by),
        "fr": f"Interlink : {counted_fr} au sujet d’un même signalement, priorité {priority}."
        + _until_fr(acknowledge_by),
    }


def escalated(priority: str, acknowledge_by: datetime | None) -> dict[str, str]:
    """A notice that nobody has acknowledged."""
    return {
        "en": f"Interlink: a notice of priority {priority} has not been acknowledged." + _until_en(acknowledge_by),
        "fr": f"Interlink : un avis de priorité {priority} n’a pas fait l’objet d’un accusé de réception."
        + _until_fr(acknowledge_by),
    }


def test() -> dict[str, str]:
    """An endpoint is tried out."""
    return {
        "en": "Interlink: this is a test of the endpoint. Nothing needs to be done.",
        "fr": "Interlink : ceci est un essai du point de réception. Aucune mesure n’est requise.",
    }


def _until_en(acknowledge_by: datetime | None) -> str:
    return "" if acknowledge_by is None else f" Acknowledge by {_moment(acknowledge_by)}."


def _until_fr(acknowledge_by: datetime | None) -> str:
    return "" if acknowledge_by is None else f" Accuser réception avant le {_moment(acknowledge_by)}."


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
