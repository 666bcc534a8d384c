"""Countries that a Canadian centre's files name besides its own, with a network that serves homes there.

AS numbers are the incumbents' as the network snapshot names them. Phones only where the regulator keeps numbers
for fiction: US 555-0100 to 0199 (NANPA); GB 0113 496 0000 to 0999 (Ofcom); AU 02 5550 0000 to 9999 (ACMA); FR
01 99 00 00 00 to 99 99 (ARCEP). Elsewhere a person has none. Weights are invented.
"""

from dataclasses import dataclass
from types import MappingProxyType

from sandbox.generator.canada import Carrier


@dataclass(frozen=True, slots=True)
class Country:
    """A country abroad; `code` is ISO 3166-1 alpha-2."""

    code: str
    weight: int
    locale: str
    cities: tuple[str, ...]
    zone: str
    carrier: Carrier
    phone: str | None = None
    """Pattern of a number kept for fiction; each `#` is a free digit."""


COUNTRIES = MappingProxyType(
    {
        country.code: country
        for country in (
            Country(
                "US",
                30,
                "en_US",
                ("Portland", "Columbus"),
                "America/New_York",
                Carrier(7922, "Comcast"),
                "+120255501##",
            ),
            Country("GB", 14, "en_GB", ("Leeds", "Cardiff"), "Europe/London", Carrier(2856, "BT"), "+441134960###"),
            Country(
                "AU",
                9,
                "en_AU",
                ("Geelong", "Hobart"),
                "Australia/Sydney",
                Carrier(1221, "Telstra"),
                "+6125550####",
            ),
            Country("FR", 9, "fr_FR", ("Nantes", "Lille"), "Europe/Paris", Carrier(3215, "Orange"), "+3319900####"),
            Country("DE", 8, "de_DE", ("Kassel", "Bonn"), "Europe/Berlin", Carrier(3320, "Deutsche Telekom")),
            Country("NL", 8, "nl_NL", ("Zwolle", "Breda"), "Europe/Amsterdam", Carrier(1136, "KPN")),
            Country("BE", 5, "nl_BE", ("Gent", "Namur"), "Europe/Brussels", Carrier(5432, "Proximus")),
            Country("PL", 5, "pl_PL", ("Lublin", "Gdynia"), "Europe/Warsaw", Carrier(5617, "Orange Polska")),
            Country("ES", 4, "es_ES", ("Burgos", "Gijón"), "Europe/Madrid", Carrier(3352, "Telefónica")),
            Country("IT", 4, "it_IT", ("Parma", "Trieste"), "Europe/Rome", Carrier(3269, "TIM")),
            Country("SE", 4, "sv_SE", ("Umeå", "Växjö"), "Europe/Stockholm", Carrier(3301, "Telia")),
            Country("BR", 4, "pt_BR", ("Curitiba", "Recife"), "America/Sao_Paulo", Carrier(28573, "Claro")),
            Country("JP", 3, "en_US", ("Sendai", "Kobe"), "Asia/Tokyo", Carrier(4713, "OCN")),
            Country("PH", 3, "en_PH", ("Cebu City", "Davao City"), "Asia/Manila", Carrier(9299, "PLDT")),
        )
    }
)
"""Fourteen countries; the first twelve of any file differ, so that a morning shows many."""
