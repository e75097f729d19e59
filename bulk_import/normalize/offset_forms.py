"""How people and programs write an offset: patterns, abbreviations, words."""

from __future__ import annotations

import re
import string

DASHES = str.maketrans(
    {
        "\u2212": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\ufe63": "-",
        "\uff0d": "-",
        "\uff0b": "+",
        "\ufe62": "+",
        "\uff1a": ":",
        "\u2236": ":",
        **{chr(ord(char) + 0xFEE0): char for char in string.ascii_letters + "()/"},  # full width
    }
)
SIGNED = re.compile(
    r"(?:(?:UTC|GMT|UT|Z)?\s*)([+-])\s*(\d{1,2})(?:\s*(?:[:.чh]|ч\.|hours?)?\s*([0-5]\d)"
    r"\s*(?:m|min|мин)?\.?)?\s*(?:h|hrs?|hours?|ч|час(?:а|ов)?)?\.?",
    re.IGNORECASE,
)
THREE_DIGITS = re.compile(r"[+-]?\s*\d{3}")  # hours and minutes, or JavaScript's minutes?
HOURS = re.compile(r"(\d{1,2})\s*(?:h|hrs?|hours?|ч|час(?:а|ов)?)\.?", re.IGNORECASE)
CLOCK = re.compile(  # 0300; 03:00:00, what becomes of a cell of time
    r"(?:([+-])(?=\d{4}|\d+:)|(?=0\d{3}\Z|\d+:))(\d{1,2})"
    r"(?::(?=\d\d(?::00)?\Z)|(?=\d\d\Z))([0-5]\d)(?::00)?"
)
IN_BRACKETS = re.compile(r"^\(\s*([+-]\s*\d{1,2}(?::?[0-5]\d)?)\s*\)$")
OFFSET_THEN_UTC = re.compile(r"([+-]\s*\d{1,2}(?::?[0-5]\d)?)\s*(?:UTC|GMT)", re.IGNORECASE)
SEASON = re.compile(
    r"(.+?)\s*[(,]\s*(?:(summer|dst|daylight|sommer\w*|лет\w+|літ\w+|été|verano|verão|estate|zomer\w*|lato)"
    r"|(winter|standard|std|зим\w+|hiver|invierno|inverno|zima))(?:\s+(?:time|время|час))?\s*\)?",
    re.IGNORECASE,
)
ZONE_BESIDE = re.compile(
    r"([A-Za-z][\w/+-]*)\s*[\s,;(]\s*((?:UTC|GMT)?\s*[+-]\s*\d{1,2}(?::?[0-5]\d)?)\s*\)?"
    r"|\(?\s*((?:UTC|GMT)?\s*[+-]\s*\d{1,2}(?::?[0-5]\d)?)\s*[\s,;)]\s*([A-Za-z][\w/+-]*)",
    re.IGNORECASE,
)
PREFIXED = re.compile(
    r"\(?\s*(?:UTC|GMT)\s*(?:±|\+/-|\+-)?\s*(?:([+-])?\s*(\d{1,2})(?::?([0-5]\d))?)?\s*\)?",
    re.IGNORECASE,
)
UNSIGNED = re.compile(r"(?:UTC|GMT)?\s*([+-]?)(\d{1,2})(?::([0-5]\d)|[.,]0+)?", re.IGNORECASE)
FRACTION = re.compile(r"(?:UTC|GMT)?\s*([+-]?)\s*(\d{1,2})[.,](5|50|25|75)", re.IGNORECASE)
DISPLAY = re.compile(
    r"\(\s*(?:UTC|GMT)\s*(?:([+-])\s*(\d{1,2}):?([0-5]\d)?)?\s*\)\s*(\S.*)", re.IGNORECASE
)
AHEAD_OF_NAME = re.compile(r"([+-])(\d\d):([0-5]\d) ([^\W\d]{3}[^\d+]*)")  # -05:00 Peru Time - Lima
UNIVERSAL_BESIDE = re.compile(r"coordinated universal time([+-]\d\d)", re.IGNORECASE)
MOSCOW = re.compile(
    r"(?:MSK|МСК)\s*(?:([+-])\s*(\d{1,2})(?::?00)?\s*(?:h|hrs?|hours?|ч|час(?:а|ов)?)?\.?)?",
    re.IGNORECASE,
)
BEHIND = re.compile(
    r"(.+?)\s*\(\s*((?:UTC|GMT)?\s*[+-]\s*\d{1,2}(?::?[0-5]\d)?)\s*\)", re.IGNORECASE
)

AHEAD = re.compile(
    r"((?:UTC|GMT)?\s*[+-]\s*\d{1,2}(?::?[0-5]\d)?)\s*\(\s*([^()]+?)\s*\)", re.IGNORECASE
)
BESIDE = re.compile(
    r"((?:UTC|GMT)\s*[+-]\s*\d{1,2}(?::?[0-5]\d)?)(?:\s*[,/]\s*|\s+)([^\W\d][^\d]*)", re.IGNORECASE
)
BESIDE_NAME = re.compile(
    r"([^\W\d][^\d]*?)(?:\s*[,/]\s*|\s+)((?:UTC|GMT)\s*[+-]\s*\d{1,2}(?::?[0-5]\d)?)", re.IGNORECASE
)
SIGNS_IN_WORDS = {"_slash_": "/", "_hyphen_": "-", "_plus_": "+", "_minus_": "-"}
BOTH_NAMES = re.compile(r"\b(?:UTC|GMT)\s*/\s*(?:UTC|GMT)\b", re.IGNORECASE)
IN_WORDS = re.compile(r"\b((?:UTC|GMT|МСК|MSK)\s*)(plus|minus|плюс|минус)\b", re.IGNORECASE)
OFFSET_BEHIND = re.compile(r"^(UTC|GMT)\s*(?::|\()\s*([+-]\s*[\d:]+)\s*\)?$", re.IGNORECASE)
SECONDS = re.compile(r"^((?:UTC|GMT)?\s*[+-]\d{1,2}:[0-5]\d):00$", re.IGNORECASE)
UNIVERSAL = frozenset({"universal time", "greenwich mean time", "coordinated universal time"})
MOSCOW_TIME = frozenset({"по москве", "московское время", "moscow time", "время московское"})

# Abbreviations with one offset in civil use. Those that several zones share are below.
ABBREVIATIONS = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "ZULU": 0, "WET": 0, "CET": 60, "MEZ": 60, "MET": 60,
    "EET": 120, "SAST": 120, "CAT": 120, "MSK": 180, "МСК": 180, "TRT": 180, "EAT": 180,
    "SAMT": 240, "YEKT": 300, "OMST": 360, "NOVT": 420, "KRAT": 420, "IRKT": 480, "YAKT": 540,
    "VLAT": 600, "MAGT": 660, "PETT": 720, "UZT": 300, "PKT": 300, "NPT": 345, "ICT": 420,
    "WIB": 420, "WITA": 480, "WIT": 540, "HKT": 480, "SGT": 480, "PHT": 480, "AWST": 480,
    "JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "NZST": 720, "BRT": -180, "ART": -180,
    "NST": -210, "EST": -300, "MST": -420, "AKST": -540, "HST": -600,
    "CEST": 120, "MESZ": 120, "EEST": 180, "EDT": -240, "MDT": -360, "PDT": -420,
    "AKDT": -480, "AEDT": 660, "ACDT": 630, "NZDT": 780, "MSD": 240,
}  # fmt: skip
SHARED = {
    "IST": "+05:30 India, +01 Ireland, +02 Israel",
    "CST": "-06 North America, +08 China, -05 Cuba",
    "BST": "+01 Britain, +06 Bangladesh",
    "AST": "-04 Atlantic, +03 Arabia",
    "ADT": "-03 Atlantic, +04 Arabia",
    "GST": "+04 Gulf, -02 South Georgia",
    "AMT": "+04 Armenia, -04 Amazon",
    "ECT": "-05 Ecuador, -04 Eastern Caribbean",
    "SST": "+08 Singapore, -11 Samoa",
    "WST": "+08 Western Australia, +13 Samoa",
    "CT": "-06 or -05 North America",
    "ET": "-05 or -04 North America",
    "MT": "-07 or -06 North America",
    "PT": "-08 or -07 North America",
    "PST": "-08 North America, +08 Philippines",
    "CDT": "-05 North America, -04 Cuba",
    "WEST": "+01 Western Europe in summer, or a direction",
}
# Abbreviations that are words when they are not in capitals: "Est" is East in French.
WORDS = frozenset("ART CAT EAT EST MET WET WIT".split())
PAIR = re.compile(r"([A-Za-z]{2,5})\s*/\s*([A-Za-z]{2,5})")  # EET/EEST
ZONE_AND_SHORT = re.compile(
    r"(\w+/[\w/+-]+)\s*\(\s*([A-Za-z]{2,5})(?:\s*/\s*([A-Za-z]{2,5}))?\s*\)"
)
HAS_OFFSET = re.compile(r"[+-]\s*\d")
NOT_OF_CITIES = ("US/", "Canada/", "Brazil/", "Chile/", "Mexico/", "Etc/")  # "US/Eastern"
# Last parts of zones, and cities in other languages, that are words or that other towns are called too,
# at least a fifth as large and with another clock. Compared with GeoNames' towns of 500 people and more.
NAMESAKES = frozenset(
    "act|center|christmas|easter|north|south|west|troll|resolute|virgin|vostok|восток|wake|wallis|"
    "adena|ama|ammon|atka|azor|bacu|baia|bangi|belau|belen|belena|belis|beulah|canton|casey|chatham|"
    "cocos|creston|currie|davis|dawson|dhule|gambier|granada|grenade|guadalupe|guama|jaipur|johnston|"
    "kanar|katara|knox|komori|komoro|kudus|madera|mahe|mawson|merida|midway|mon|monkton|monterey|"
    "monticello|naso|navidad|new salem|noma|norfolk|pala|palmer|palmera|petersburg|saint christophe|"
    "saint helena|saint helene|saint johns|saint pierre|saint vincent|sam|san bartolome|san juan|"
    "san luis|san vicente|santa elena|santa helena|santa isabel|santa lucia|santa luzia|santelena|"
    "santo tome|sanxay|sao bartolomeu|sao cristovao|sao vicente|showa|sowa|stanley|tule|victoria|"
    "vincennes|гранада|виктория|сан хуан|сан луис|мерида|кантон|стэнли|норфолк|"
    "гваделупе|санта исабель|сент винсент|сент джонс|сен пьер|мидуэй|дейвис|кейси".split("|")
)
DST_NAMES = frozenset("CEST MESZ EEST EDT MDT PDT AKDT AEDT ACDT NZDT MSD".split())
