"""The sentence behind every verdict code. Codes are stable; sentences are for people and hold no value."""

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "file.names_nobody": "The report names no person and no account; it goes to the centre.",
    "file.verdicts_cut": "More was found than a receipt can list; the counts are complete.",
    "file.unknown_offence": "The incident type is not one we know; it is treated as other online harm.",
    "file.no_offence": "No incident type is given; it is treated as other online harm.",
    "file.country_unreadable": "The country of the foreign authority is no ISO 3166-1 alpha-2 code.",
    "handling.h3_without_text": "Handling code H3 restricts by its text, and there is no text.",
    "xml.unknown_element": "The element is not one we read; it is kept with the original.",
    "xml.blank_escalation": "An empty escalation is no escalation.",
    "xml.captures_without_person": "Captures outside any person become an entry of their own.",
    "xml.captures_of_several": "Captures on a file belong to none of several persons for sure; kept as sent.",
    "xml.batched_report": "A batched report is one incident, however many persons it names.",
    "entry.unreadable": "The entry cannot be read.",
    "entry.unknown_field": "The entry has a field that the format does not know.",
    "entry.duplicate_reference": "Another entry of the file has the same reference.",
    "entry.reference_from_account": "The entry has no reference; its service and account id stand for it.",
    "entry.reference_from_position": "The entry has no reference and no account; its position stands for it.",
    "entry.no_usable_item": "Nothing in the entry can lead to a person; it is graded X and goes to the centre.",
    "entry.account_compromised": "The account is said to be compromised: its holder may not be the subject.",
    "entry.reported_by_third_party": "The account was named by somebody other than its provider.",
    "entry.related_person": "An associated account of a parent or guardian is not taken as the subject's.",
    "entry.text_too_long": "A text of the entry is longer than is read; it is left out and kept with the original.",
    "entry.location_unreadable": "The country of the location is no ISO 3166-1 alpha-2 code.",
    "item.unreadable": "The item cannot be read.",
    "item.unknown_field": "The item has a field that the format does not know.",
    "item.too_long": "The item holds a text longer than is read; it is kept with the original.",
    "item.empty": "The item holds nothing.",
    "item.unknown_kind": "The kind of identifier is not one we know.",
    "item.no_normal_form": "The value has no normal form; it is kept as sent and cannot be matched.",
    "capture.not_an_address": "The text is no IP address.",
    "capture.not_routable": "The IP address is in no public range; no provider can answer for it.",
    "capture.carrier_nat": "The IP address is shared by a carrier: provider, time and port are all needed.",
    "capture.port_out_of_range": "A port is a number from 1 to 65535; the capture is kept without one.",
    "capture.without_time": "Without its time an IP address leads to nobody.",
    "capture.time_invented": "The time equals the incident's to the letter and the event is unknown: graded C at best.",
    "capture.time_in_the_future": "The time lies after its receipt: graded C at best.",
    "address.country_unreadable": "The country is no ISO 3166-1 alpha-2 code; it is left out.",
    "time.ambiguous_day_month": "Day and month cannot be told apart; only ISO 8601 dates are read.",
    "time.not_iso": "The time is not in ISO 8601 / RFC 3339; it is not guessed.",
    "time.unreadable": "No such moment exists.",
    "time.out_of_range": "The time is before 1970 or after 2200.",
    "time.unset": "The time is a client's unset value.",
    "time.missing": "There is no time.",
    "time.zone_assumed": "The time has no zone; UTC is assumed.",
    "time.unknown_zone": "The zone is not in the pinned zone rules; UTC is assumed.",
    "time.zone_differs": "The offset in the time contradicts the declared zone; the offset is taken.",
    "time.nonexistent_local": "No clock showed that time on that day: a clock change lies there.",
    "time.ambiguous_local": "The clocks were set back: that time occurred twice. The first is taken.",
}


def sentence(code: str) -> str:
    """The sentence of a code. Raises `KeyError` for a code nobody worded."""
    return SENTENCES[code]
