"""Links to profiles -> the name in them, where that is certain; anything else as it stands."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from bulk_import.normalize.phones import normalize_phone
from bulk_import.normalize.result import Normalized, NormalizeError
from bulk_import.normalize.text import clean_line

LONGEST = 255

Network = Literal["facebook", "instagram", "whatsapp", "telegram", "viber", "vkontakte", "linkedin"]

_HOSTS: dict[str, str] = {
    "facebook": r"(?:[a-z-]+\.)?(?:facebook|fb)\.(?:com|me)",
    "instagram": r"(?:www\.)?(?:instagram\.com|instagr\.am)",
    "telegram": r"(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)",
    "vkontakte": r"(?:www\.|m\.)?(?:vk\.com|vk\.ru|vkontakte\.ru)",
    "linkedin": r"(?:[a-z]{2,3}\.)?linkedin\.com",
}
_LINKS = {
    network: re.compile(
        rf"(?:https?://)?{host}/(?:in/|s/)?@?([\w.%-]+)/?(?:[?#].*)?", re.IGNORECASE
    )
    for network, host in _HOSTS.items()
}
_FACEBOOK_ID = re.compile(r"(?:https?://)?[^/]+/profile\.php\?id=(\d+).*", re.IGNORECASE)
# First parts of paths that lead to something else than a person's page.
_NOT_NAMES = frozenset(
    "groups group pages page events watch p reel reels explore stories share sharer.php company "
    "school pub joinchat addstickers c wall photo video club public profile.php feed".split()
)
_AT_NAME = re.compile(r"@([A-Za-z0-9_.]{2,64})")


@lru_cache(maxsize=4096)
def normalize_social(text: str, network: Network) -> Normalized:
    """Return the name of a profile, or *text* on one line when it is not a known link.

    Raises:
        NormalizeError: ``SOCIAL_INVALID``: empty, too long.
    """
    line = clean_line(text)
    if not line or len(line) > LONGEST:
        raise NormalizeError("SOCIAL_INVALID", "empty" if not line else "too long for a profile")
    if network in ("whatsapp", "viber"):
        return _number(line)
    if network == "facebook":
        by_id = _FACEBOOK_ID.fullmatch(line)
        if by_id:
            return Normalized(by_id[1], "social.link")
    link = _LINKS[network].fullmatch(line)
    if link and link[1].lower() not in _NOT_NAMES:
        return Normalized(link[1], "social.link")
    at_name = _AT_NAME.fullmatch(line)
    if at_name:
        return Normalized(at_name[1], "social.at_name")
    return Normalized(line, "social.as_is")


def _number(line: str) -> Normalized:
    try:
        found = normalize_phone(line)
    except NormalizeError:
        return Normalized(line, "social.as_is")
    return Normalized(found.value, "social.phone")
