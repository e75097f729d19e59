"""Links to profiles -> the name in them, where that is certain; anything else as it stands."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote

from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import Normalized, NormalizeError
from bulk_import.normalize.text import clean_line, remembered

LONGEST = 255

Network = Literal["facebook", "instagram", "whatsapp", "telegram", "viber", "vkontakte", "linkedin"]

_PROFILES: dict[str, str] = {  # network -> address of a profile up to the name
    "facebook": r"(?:(?:[a-z-]+\.)?(?:facebook|fb)\.(?:com|me)|m\.me)/(?:people/[^/]+/(?=\d))?",
    "instagram": r"(?:www\.|m\.)?(?:instagram\.com|instagr\.am)/",
    "telegram": r"(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?:s/)?",
    "vkontakte": r"(?:www\.|m\.|new\.)?(?:vk\.com|vk\.ru|vkontakte\.ru)/",
    "linkedin": r"(?:[a-z]{1,3}\.)?linkedin\.com/(?:mwlite/)?in/",
}
_BEHIND = {"linkedin": "(?:/[a-z]{2})?"}  # the language of the page
_LINKS = {
    network: re.compile(
        rf"(?:https?://)?{profile}@?([\w.%-]+){_BEHIND.get(network, '')}/?(?:[?#].*)?",
        re.IGNORECASE,
    )
    for network, profile in _PROFILES.items()
}
_FACEBOOK_ID = re.compile(
    r"(?:https?://)?(?:[a-z-]+\.)?facebook\.com/profile\.php\?(?:[^#]*&)?id=(\d+)(?:[&#].*)?",
    re.IGNORECASE,
)
_TELEGRAM_APP = re.compile(
    r"tg://resolve/?\?domain=(\w+)|https?://web\.telegram\.org/[a-z]/#@(\w+)"
    r"|(?:https?://)?(?!www\.)(\w{4,32})\.t\.me/?",
    re.IGNORECASE,
)
_TELEGRAM_PHONE = re.compile(r"(?:https?://)?t\.me/\+(\d{7,15})/?", re.IGNORECASE)
_NUMBER_LINK = re.compile(
    r"(?:viber://(?:chat|add)/?\?number=|(?:whatsapp:/|https?://web\.whatsapp\.com)/send/?\?phone=)(?:\+|%2B)?(\d+)(?:&.*)?",
    re.IGNORECASE,
)
# What may stand where a name stands and leads to something else than a person's page.
_NOT_NAMES = re.compile(
    r".*\.php|(?:wall|photo|video|album|albums|audios?|topic|doc|clip|story|market|app|club|public|event)"
    r"-?\d.*|"
    + "|".join(
        "about accounts ads addstickers addemoji addlist addtheme apps away bookmarks c clips "
        "company confirmphone contact developer developers direct discover docs edit events explore "
        "feed friends gaming games groups group hashtag help home im iv jobs join joinchat k legal "
        "login logout maps market marketplace media messages music news notifications p page pages "
        "people permalink photo photos policies press privacy proxy public reel reels register "
        "saved school search sendvote settings setlanguage share sharer signup socks stickers "
        "stories support terms tv video videos wall watch".split()
    ),
    re.IGNORECASE,
)
_IS_LINK = re.compile(r"<?(?:\w+://|(?:[\w-]+\.)+[a-z]{2,}/)", re.IGNORECASE)
_AT_NAME = re.compile(r"@([A-Za-z0-9_.]{2,64})")


@remembered
def normalize_social(text: str, network: Network) -> Normalized:
    """Return the name of a profile, or *text* on one line when it is not a known link.

    Raises:
        NormalizeError: ``SOCIAL_INVALID``: empty, too long.
    """
    line = clean_line(text)
    if not line or len(line) > LONGEST:
        raise NormalizeError("SOCIAL_INVALID", "empty" if not line else "too long for a profile")
    if _IS_LINK.match(line):
        line = line.strip("<>,;. ")
    if network in ("whatsapp", "viber"):
        return _number(line)
    name = _linked_name(line, network)
    if name:
        return Normalized(name, "social.link")
    at_name = _AT_NAME.fullmatch(line)
    if at_name:
        return Normalized(at_name[1], "social.at_name")
    return Normalized(line, "social.as_is")


def _linked_name(line: str, network: str) -> str:
    by_id = _FACEBOOK_ID.fullmatch(line) if network == "facebook" else None
    in_app = _TELEGRAM_APP.fullmatch(line) if network == "telegram" else None
    found = by_id or in_app
    if found:
        return str(next(filter(None, found.groups())))
    phone = _TELEGRAM_PHONE.fullmatch(line) if network == "telegram" else None
    if phone:
        return f"+{phone[1]}"
    link = _LINKS[network].fullmatch(line)
    if not link or _NOT_NAMES.fullmatch(link[1]):
        return ""
    name = _decoded(link[1])
    return name if re.fullmatch(r"[\w.-]+", name) else ""


def _decoded(name: str) -> str:
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        return ""


def _number(line: str) -> Normalized:
    link = _NUMBER_LINK.fullmatch(line)
    try:
        found = normalize_phone(f"+{link[1]}" if link else line)
    except NormalizeError:
        return Normalized(line, "social.as_is")
    return Normalized(found.value, "social.phone")
