"""How often each normalizer is right, refuses and is wrong, beside libraries on the same cases.

``python -m benchmarks.accuracy`` prints, per normalizer and category: how many cases are right (and
how many per cent), wrong (an answer where another, or a refusal, was right), refused with and without
need; then every reason for a refusal with an example, and the libraries on the same cases. The cases
are ours, in ``tests/cases``; a library that normalizes to another form is given our form before it is
compared.
``python -m benchmarks.accuracy --independent`` does the same on sets that nobody here put together
(``benchmarks/independent``): names of packages, examples of libphonenumber, the tz database, invented
people. There, what two sources give to different countries has to be refused, a number that two plans
have may be, and a name left whole counts as refused. Names are measured one by one, and as columns:
those of one locale in one order, with the order that ``init`` would propose for them.
Where no library exists for a field (list ids, lines of an address) it is compared with what people
write instead: ``csv``, pandas, a strip.
country-converter cannot be compared: beside pandas 3 it reads Namibia's ``NA`` as a missing value
and fails when it is imported.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from bulk_import import normalize
from bulk_import.normalize.addresses import (
    normalize_address,
    normalize_city,
    normalize_postal_code,
)
from bulk_import.normalize.name_order import Order, order_of_column
from bulk_import.normalize.names import check_name, split_name
from bulk_import.normalize.result import Note
from bulk_import.normalize.socials import Network, normalize_social
from bulk_import.normalize.tags import normalize_list_ids, normalize_tags
from tests.cases import NORMALIZERS, REFUSED, Case, load

Answer = Callable[[Case], str]


@dataclass(frozen=True, slots=True)
class _InOrder:
    """Splits names with an order that is stated for all of them, or with none."""

    order: Order | None = None

    def __call__(self, case: Case) -> str:
        parts = split_name(case.text, order=self.order)
        if parts.is_whole:
            return f"{check_name(case.text)} / /"
        return " ".join(f"{parts.first} / {parts.middle} / {parts.last}".split())

    def notes(self, case: Case) -> tuple[Note, ...]:
        return split_name(case.text, order=self.order).notes


def ours(normalizer: str) -> Answer:
    return {
        "countries": lambda case: normalize.country(case.text),
        "phones": lambda case: normalize.phone(case.text, case.region),
        "offsets": lambda case: normalize.utc_offset(case.text),
        "emails": lambda case: normalize.email(case.text),
        "names": _InOrder(),
        "tags": lambda case: ",".join(normalize_tags(case.text, separator=";").values),
        "lists": lambda case: ",".join(normalize_list_ids(case.text, separator=";").values),
        "addresses": lambda case: normalize_address(case.text).value,
        "cities": lambda case: normalize_city(case.text).value,
        "postal_codes": lambda case: normalize_postal_code(case.text, country=case.region).value,
        "socials": lambda case: normalize_social(case.text, cast(Network, case.region)).value,
    }[normalizer]


def verdict(answer: Answer, case: Case) -> str:
    """``right``, ``refused`` (without need) or ``wrong``."""
    return judged(answer, case)[0]


def judged(answer: Answer, case: Case) -> tuple[str, str]:
    """The verdict, and why the case was refused if it was."""
    why = ""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            found = answer(case)
    except Exception as exc:  # noqa: BLE001 - every library has errors of its own
        found, why = "", getattr(exc, "code", type(exc).__name__)
    if found == case.expected or (not found and case.expected == REFUSED):
        return "right", why
    return ("wrong" if found else "refused"), why


INDEPENDENT = ("countries", "phones", "offsets", "emails", "names")
_OR_REFUSED = " or refused"


def independent(normalizer: str) -> list[Case]:
    """Return the cases of a set that was made from packages."""
    module = importlib.import_module(f"benchmarks.independent.{normalizer}")
    return list(module.cases())


def tally(normalizer: str, cases: list[Case], answer: Answer | None = None) -> Counter[str]:
    """Return how many answers are right, wrong, wrong with a warning, and refused without need."""
    answer = answer or ours(normalizer)
    counts: Counter[str] = Counter()
    for case in cases:
        counts[_verdict_of(answer, case)] += 1
    return counts


def tally_of_columns(cases: list[Case]) -> Counter[str]:
    """Return the same of names that are read with the order that their column shows."""
    columns: dict[str, list[Case]] = {}
    for case in cases:
        columns.setdefault(case.category.removesuffix(" comma"), []).append(case)
    counts: Counter[str] = Counter()
    for column in columns.values():
        name = _InOrder(order_of_column(case.text for case in column))
        for case in column:
            counts[_verdict_of(name, case)] += 1
    return counts


def _verdict_of(answer: Answer, case: Case) -> str:
    if case.expected.endswith(_OR_REFUSED):
        case = replace(case, expected=case.expected.removesuffix(_OR_REFUSED))
        found = verdict(answer, case)
        return "right" if found == "refused" else found
    if " / " in case.expected or case.category == "companies":
        return _verdict_of_name(answer, case)
    return verdict(answer, case)


def _verdict_of_name(answer: Answer, case: Case) -> str:
    """Given names in one part or in two are alike; a name left whole is refused."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = answer(case)
    except Exception:  # noqa: BLE001 - every library has errors of its own
        found = ""
    notes = getattr(answer, "notes", None)
    is_whole = found.split(" / ")[0] == case.text
    return judged_name("" if is_whole else found, case, is_warned=bool(notes and notes(case)))


def judged_name(parts: str, case: Case, *, is_warned: bool) -> str:
    """The verdict on the parts of a name, ``first / middle / last``; ``""`` for one left whole."""
    if not parts:
        return "right" if case.expected == REFUSED else "refused"
    if _given_and_family(parts) == _given_and_family(case.expected):
        return "right"
    return "warned" if is_warned else "wrong"


def _given_and_family(parts: str) -> tuple[list[str], str]:
    given, _, family = parts.rpartition("/")
    return sorted(given.replace("/", " ").split()), family.strip()


def measure_independent() -> None:
    """Print how this project and the libraries fare on each set of packages."""
    from benchmarks.libraries import LIBRARIES, pycountry_fuzzy

    logging.disable()
    print(
        f"{'normalizer':14}{'by':26}{'set':58}{'cases':>6}{'right %':>9}{'wrong':>7}{'warned':>8}{'refused':>9}"
    )
    for normalizer in INDEPENDENT:
        cases = independent(normalizer)
        for category in dict.fromkeys(case.category for case in cases):
            of_category = [case for case in cases if case.category == category]
            _row(normalizer, "this project", category, tally(normalizer, of_category))
        _row(normalizer, "this project", "all", tally(normalizer, cases))
        if normalizer == "names":
            _row(normalizer, "this project", "all, as columns", tally_of_columns(cases))
        some = cases[:: max(1, len(cases) // _MOST_FOR_LIBRARIES)]
        for answer in LIBRARIES[normalizer]:
            if answer is not pycountry_fuzzy:  # 10 ms a case
                _row(normalizer, answer.__name__, "all", tally(normalizer, some, answer))


_MOST_FOR_LIBRARIES = 10_000  # cases; every n-th of a larger set


def _row(normalizer: str, by: str, category: str, counts: Counter[str]) -> None:
    total = sum(counts.values())
    print(
        f"{normalizer:14}{by:26}{category[:56]:58}{total:6}{100 * counts['right'] / total:9.2f}"
        f"{counts['wrong']:7}{counts['warned']:8}{counts['refused']:9}"
    )


def main() -> None:
    if "--independent" in sys.argv:
        measure_independent()
        return
    from benchmarks.libraries import LIBRARIES  # a dozen packages that only `make bench` installs

    logging.disable()
    print(
        f"{'normalizer':14}{'by':24}{'category':54}{'cases':>6}{'right':>7}{'%':>7}{'wrong':>7}"
        f"{'refused':>9}{'needlessly':>12}"
    )
    for normalizer in NORMALIZERS:
        cases = list(load(normalizer))
        reasons: dict[str, list[Case]] = {}
        for category in dict.fromkeys(case.category for case in cases):
            of_category = [case for case in cases if case.category == category]
            _line(normalizer, ours(normalizer), category, of_category, reasons)
        _line(normalizer, ours(normalizer), "all", cases, {})
        for code, refused in sorted(reasons.items()):
            example = refused[len(refused) // 2].text
            print(f"{normalizer:14}  refused as {code}: {len(refused)}, such as {example[:40]!r}")
        for answer in LIBRARIES[normalizer]:
            _line(normalizer, answer, "all", cases, {})


def _line(
    normalizer: str,
    answer: Answer,
    category: str,
    cases: list[Case],
    reasons: dict[str, list[Case]],
) -> None:
    """Print how *answer* fares on *cases*; put the refused ones into *reasons* by their code."""
    counts: Counter[str] = Counter()
    for case in cases:
        found, why = judged(answer, case)
        counts[found] += 1
        if why:
            counts["refusals"] += 1
            reasons.setdefault(why, []).append(case)
        elif found == "refused" or (found == "right" and case.expected == REFUSED):
            counts["refusals"] += 1
    by = (
        "this project"
        if not hasattr(answer, "__name__") or answer.__name__ == "<lambda>"
        else answer.__name__
    )
    print(
        f"{normalizer:14}{by:24}{category:54}{len(cases):6}{counts['right']:7}"
        f"{100 * counts['right'] / len(cases):7.1f}{counts['wrong']:7}"
        f"{counts['refusals']:9}{counts['refused']:12}"
    )


if __name__ == "__main__":
    main()
