"""Whether an e-mail's domain takes mail: the one check that asks the network, and only on request.

Each domain is asked once in a run. A name server that does not answer decides nothing: the address
is sent with a warning.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from bulk_import.errors import Message
from bulk_import.normalize.result import Normalized, NormalizeError, Note

PATIENCE = 5  # seconds for the answer of a name server


def checked_domain(found: Normalized) -> Normalized:
    """Return *found*, with a warning if its domain could not be checked.

    Raises:
        NormalizeError: ``EMAIL_UNDELIVERABLE``: there is no such domain, or it takes no mail.
    """
    domain = found.value.rsplit("@", 1)[1]
    reason, is_known = _answer(domain)
    if reason:
        raise NormalizeError(
            "EMAIL_UNDELIVERABLE", Message("{value!r}: {reason}", value=found.value, reason=reason)
        )
    if is_known:
        return found
    note = Note(
        "EMAIL_NOT_CHECKED",
        Message("no name server says whether {domain} takes mail", domain=domain),
    )
    return replace(found, notes=(*found.notes, note))


@lru_cache(maxsize=16384)
def _answer(domain: str) -> tuple[str, bool]:
    """(why no mail can reach *domain*, whether that is known)."""
    from email_validator import EmailUndeliverableError
    from email_validator.deliverability import validate_email_deliverability

    ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    try:
        answer = validate_email_deliverability(ascii_domain, domain, timeout=PATIENCE)
    except EmailUndeliverableError as exc:
        return str(exc).rstrip("."), True
    return "", "unknown-deliverability" not in answer
