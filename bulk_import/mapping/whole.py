"""What only the values of a row together show: contradictions, and whether anybody is reached."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from bulk_import.api.fields import OPPOSITES
from bulk_import.errors import Message
from bulk_import.mapping.binding import NOT_IN_ACCOUNT, Binding
from bulk_import.mapping.optional import guess_offset
from bulk_import.models import Problem, Severity
from bulk_import.normalize.crosschecks import cross_check
from bulk_import.normalize.tags import conflicts

# Fields that the row as a whole may add to those of the mapping.
ADDED = frozenset({"lead_description", "lead_utc"})
# Without one of these nobody can be reached, whatever else is known of them.
_REACHED_BY = (
    "lead_phone", "lead_whatsapp", "lead_telegram", "lead_viber", "lead_facebook",
    "lead_instagram", "lead_vkontakte", "lead_in", "lead_shipping_address_1", "lead_billing_address_1",
)  # fmt: skip


class WholeRow:
    """Judges the values of a row together.

    Args:
        used: The fields of the mapping.
    """

    def __init__(self, binding: Binding, used: Collection[str]) -> None:
        self._spec = binding.mapping.spec
        self.opposites = [pair for pair in OPPOSITES if {*used, *ADDED}.issuperset(pair)]
        defaults = self._spec.defaults
        self.guesses_offset = defaults.guess_utc_from_country or defaults.guess_utc_from_phone

    def problems(self, values: dict[str, str], known: Sequence[Problem]) -> list[Problem]:
        """Return what is wrong; values that the row implies are added to *values*.

        Args:
            known: The problems of its fields.
        """
        extension = values.pop("_extension", "")
        if extension:
            described = values.get("lead_description", "")
            values["lead_description"] = "\n".join(filter(None, (described, f"ext. {extension}")))
        problems: list[Problem] = []
        if self.guesses_offset and "lead_utc" not in values:
            problems += guess_offset(self._spec.defaults, values)
        problems += self._contradictions(values)
        if not values.get("lead_email"):
            problems += self._without_email(values, [*known, *problems])
        return problems

    def _contradictions(self, values: dict[str, str]) -> Iterator[Problem]:
        for add, remove in self.opposites:
            if add in values and remove in values:
                both = conflicts(values[add].split(","), values[remove].split(","))
                if both and both != ("",):
                    yield Problem(
                        "ADD_AND_REMOVE",
                        Message("{both} would be added and removed at once", both=", ".join(both)),
                        field=remove,
                    )
        for name, note in cross_check(values) if len(values) > 1 else ():
            yield Problem(note.code, note.message, field=name, severity=Severity.WARNING)

    def _without_email(self, values: dict[str, str], known: Sequence[Problem]) -> Iterator[Problem]:
        no_email = self._spec.when.no_email
        if no_email == "create":
            yield from _unreachable(values, known)
        elif not any(p.is_error and p.field == "lead_email" for p in known):
            yield Problem(
                "EMAIL_MISSING",
                "no e-mail; the server would make a new contact at every run "
                "(when: no_email: create allows it)",
                field="lead_email",
            )


def _unreachable(values: dict[str, str], problems: Sequence[Problem]) -> Iterator[Problem]:
    """Refuse a row without e-mail that no other way leads to, unless its cells are refused anyway."""
    is_refused = any(p.is_error and p.code not in NOT_IN_ACCOUNT for p in problems)
    if is_refused or any(values.get(name) for name in _REACHED_BY):
        return
    yield Problem(
        "CONTACT_UNREACHABLE",
        "no e-mail, no phone and no other way to reach the person; the server would make a new "
        "contact of it at every run",
        field="lead_email",
    )
