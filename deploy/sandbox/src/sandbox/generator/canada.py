"""Provinces with their people, places, postal areas, area codes and networks: what makes a person coherent.

Sources. Population: Statistics Canada, Census of Population 2021 (places in thousands, rounded). First letters
of postal areas: Canada Post's scheme (`domain.md` §5.1). Area codes: the Canadian numbering plan, each one
checked against `phonenumbers`. Shares of carriers: our estimate from the user shares of `domain.md` §5.4
(NANOG/APNIC 2017) and who serves homes where; they need to be plausible, not right.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Carrier:
    """A network that serves homes or phones, by its AS number."""

    asn: int
    name: str
    shares_addresses: bool = False
    """Many subscribers behind one address at once (carrier NAT): a capture needs its port."""


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality; every postal area and area code listed is in use there."""

    name: str
    thousands: int
    postal_areas: tuple[str, ...]
    area_codes: tuple[int, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Province:
    """A province or territory. `code` is ISO 3166-2; shares are per hundred."""

    code: str
    people: int
    places: tuple[Place, ...]
    shares: tuple[tuple[Carrier, int], ...]
    french: float = 0.0
    """How likely a French name is."""


BELL = Carrier(577, "Bell Canada")
BELL_ALIANT = Carrier(855, "Bell Canada (Atlantic)")
BELL_MTS = Carrier(7122, "Bell MTS")
ROGERS = Carrier(812, "Rogers", shares_addresses=True)
SHAW = Carrier(6327, "Shaw")
TELUS = Carrier(852, "Telus", shares_addresses=True)
VIDEOTRON = Carrier(5769, "Videotron", shares_addresses=True)
COGECO = Carrier(7992, "Cogeco")
EASTLINK = Carrier(11260, "Eastlink")
SASKTEL = Carrier(803, "SaskTel")
TEKSAVVY = Carrier(5645, "TekSavvy")

_EAST = "America/Toronto"
_PACIFIC = "America/Vancouver"
_MOUNTAIN = "America/Edmonton"
_REGINA = "America/Regina"
_CENTRAL = "America/Winnipeg"
_MONCTON = "America/Moncton"
_ATLANTIC = "America/Halifax"
_ISLAND = "America/St_Johns"

_ONTARIO = (
    Place("Toronto", 2794, ("M4C", "M5V", "M6H", "M9A"), (416, 647, 437), _EAST),
    Place("Ottawa", 1017, ("K1N", "K1S", "K2P"), (613, 343), _EAST),
    Place("Mississauga", 718, ("L5B", "L5M"), (905, 289, 365), _EAST),
    Place("Brampton", 656, ("L6P", "L6X"), (905, 289, 365), _EAST),
    Place("Hamilton", 569, ("L8P", "L9C"), (905, 289), _EAST),
    Place("London", 422, ("N6A", "N5Y"), (519, 226, 548), _EAST),
    Place("Kitchener", 257, ("N2G", "N2M"), (519, 226), _EAST),
    Place("Windsor", 230, ("N8X", "N9A"), (519, 226), _EAST),
    Place("Greater Sudbury", 166, ("P3A", "P3E"), (705, 249), _EAST),
    Place("Barrie", 148, ("L4M", "L4N"), (705, 249), _EAST),
    Place("Guelph", 144, ("N1E", "N1H"), (519, 226), _EAST),
    Place("Kingston", 132, ("K7L", "K7M"), (613, 343), _EAST),
    Place("Thunder Bay", 109, ("P7A", "P7B"), (807,), _EAST),
)
_QUEBEC = (
    Place("Montréal", 1763, ("H2X", "H3A", "H4C"), (514, 438), _EAST),
    Place("Québec", 549, ("G1K", "G1R"), (418, 581), _EAST),
    Place("Laval", 438, ("H7N", "H7V"), (450, 579), _EAST),
    Place("Gatineau", 291, ("J8T", "J8X"), (819, 873), _EAST),
    Place("Longueuil", 254, ("J4H", "J4K"), (450, 579), _EAST),
    Place("Sherbrooke", 173, ("J1H", "J1L"), (819, 873), _EAST),
    Place("Lévis", 150, ("G6V", "G6W"), (418, 581), _EAST),
    Place("Saguenay", 145, ("G7H", "G7J"), (418, 581), _EAST),
    Place("Trois-Rivières", 139, ("G8Y", "G9A"), (819, 873), _EAST),
)
_BRITISH_COLUMBIA = (
    Place("Vancouver", 662, ("V5K", "V6B"), (604, 778), _PACIFIC),
    Place("Surrey", 568, ("V3R", "V3T"), (604, 778), _PACIFIC),
    Place("Burnaby", 249, ("V5G", "V5H"), (604, 778), _PACIFIC),
    Place("Abbotsford", 154, ("V2S", "V2T"), (604, 778), _PACIFIC),
    Place("Kelowna", 145, ("V1X", "V1Y"), (250, 778), _PACIFIC),
    Place("Nanaimo", 100, ("V9R", "V9T"), (250, 778), _PACIFIC),
    Place("Victoria", 92, ("V8V", "V8W"), (250, 778), _PACIFIC),
    Place("Prince George", 77, ("V2L", "V2M"), (250, 778), _PACIFIC),
)
_ALBERTA = (
    Place("Calgary", 1307, ("T2P", "T3A"), (403, 587), _MOUNTAIN),
    Place("Edmonton", 1011, ("T5J", "T6E"), (780, 587), _MOUNTAIN),
    Place("Red Deer", 101, ("T4N", "T4R"), (403, 587), _MOUNTAIN),
    Place("Lethbridge", 98, ("T1H", "T1J"), (403, 587), _MOUNTAIN),
    Place("Grande Prairie", 64, ("T8V", "T8W"), (780, 587), _MOUNTAIN),
    Place("Medicine Hat", 63, ("T1A", "T1B"), (403, 587), _MOUNTAIN),
)
_SASKATCHEWAN = (
    Place("Saskatoon", 266, ("S7H", "S7K"), (306, 639), _REGINA),
    Place("Regina", 226, ("S4P", "S4R"), (306, 639), _REGINA),
    Place("Prince Albert", 38, ("S6V",), (306, 639), _REGINA),
    Place("Moose Jaw", 34, ("S6H",), (306, 639), _REGINA),
)
_MANITOBA = (
    Place("Winnipeg", 750, ("R2M", "R3C", "R3T"), (204, 431), _CENTRAL),
    Place("Brandon", 51, ("R7A", "R7B"), (204, 431), _CENTRAL),
    Place("Steinbach", 18, ("R5G",), (204, 431), _CENTRAL),
)
_NOVA_SCOTIA = (
    Place("Halifax", 439, ("B3H", "B3K"), (902, 782), _ATLANTIC),
    Place("Sydney", 30, ("B1P", "B1S"), (902, 782), _ATLANTIC),
    Place("Truro", 13, ("B2N",), (902, 782), _ATLANTIC),
)
_NEW_BRUNSWICK = (
    Place("Moncton", 79, ("E1A", "E1C"), (506,), _MONCTON),
    Place("Saint John", 70, ("E2J", "E2L"), (506,), _MONCTON),
    Place("Fredericton", 63, ("E3A", "E3B"), (506,), _MONCTON),
    Place("Miramichi", 18, ("E1N", "E1V"), (506,), _MONCTON),
)
_NEWFOUNDLAND = (
    Place("St. John's", 111, ("A1B", "A1C"), (709,), _ISLAND),
    Place("Corner Brook", 19, ("A2H",), (709,), _ISLAND),
    Place("Gander", 12, ("A1V",), (709,), _ISLAND),
)
_PRINCE_EDWARD_ISLAND = (
    Place("Charlottetown", 39, ("C1A", "C1E"), (902, 782), _ATLANTIC),
    Place("Summerside", 16, ("C1N",), (902, 782), _ATLANTIC),
)

_WEST_SHARES = ((TELUS, 45), (SHAW, 48), (TEKSAVVY, 7))
_ATLANTIC_SHARES = ((BELL_ALIANT, 62), (EASTLINK, 38))

PROVINCES = MappingProxyType(
    {
        province.code: province
        for province in (
            Province(
                "CA-ON",
                14_223_942,
                _ONTARIO,
                ((ROGERS, 38), (BELL, 38), (COGECO, 14), (TEKSAVVY, 10)),
                french=0.05,
            ),
            Province(
                "CA-QC",
                8_501_833,
                _QUEBEC,
                ((VIDEOTRON, 48), (BELL, 36), (COGECO, 12), (TEKSAVVY, 4)),
                french=0.85,
            ),
            Province("CA-BC", 5_000_879, _BRITISH_COLUMBIA, _WEST_SHARES),
            Province("CA-AB", 4_262_635, _ALBERTA, _WEST_SHARES),
            Province("CA-MB", 1_342_153, _MANITOBA, ((BELL_MTS, 52), (SHAW, 48))),
            Province("CA-SK", 1_132_505, _SASKATCHEWAN, ((SASKTEL, 68), (SHAW, 32))),
            Province("CA-NS", 969_383, _NOVA_SCOTIA, _ATLANTIC_SHARES),
            Province("CA-NB", 775_610, _NEW_BRUNSWICK, ((BELL_ALIANT, 70), (ROGERS, 30)), french=0.3),
            Province("CA-NL", 510_550, _NEWFOUNDLAND, ((BELL_ALIANT, 65), (ROGERS, 35))),
            Province("CA-PE", 154_331, _PRINCE_EDWARD_ISLAND, _ATLANTIC_SHARES),
        )
    }
)
"""The ten provinces. The territories are left out until their access networks are verified."""

SHARED_AREA_CODES = frozenset({902, 782})
"""Area codes that serve two provinces and so name none (Nova Scotia, Prince Edward Island)."""

AMBIGUOUS_PLACES = ("Windsor", "Cambridge", "Aylmer")
"""Names of places in more than one province (`data-sources.md` §3)."""
