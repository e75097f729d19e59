"""How often each normalizer is right, refuses and is wrong, beside libraries on the same cases.

``python -m benchmarks.accuracy`` prints, per normalizer and category: how many cases are right (and
how many per cent), wrong (an answer where another, or a refusal, was right), refused with and without
need; then every reason for a refusal with an example, and the libraries on the same cases. The cases
are ours, in ``tests/cases``; a library that normalizes to another form is given our form before it is
compared.
Where no library exists for a field (list ids, lines of an address) it is compared with what people
write instead: ``csv``, pandas, a strip.
country-converter cannot be compared: beside pandas 3 it reads Namibia's ``NA`` as a missing value
and fails when it is imported.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections import Counter
from collections.abc import Callable
from typing import cast

from bulk_import import normalize
from bulk_import.normalize.addresses import (
    normalize_address,
    normalize_city,
    normalize_postal_code,
)
from bulk_import.normalize.names import check_name, split_name
from bulk_import.normalize.socials import Network, normalize_social
from bulk_import.normalize.tags import normalize_list_ids, normalize_tags
from tests.cases import NORMALIZERS, REFUSED, Case, load

Answer = Callable[[Case], str]


def ours(normalizer: str) -> Answer:
    def name(case: Case) -> str:
        parts = split_name(case.text)
        if parts.is_whole:
            return f"{check_name(case.text)} / /"
        return " ".join(f"{parts.first} / {parts.middle} / {parts.last}".split())

    return {
        "countries": lambda case: normalize.country(case.text),
        "phones": lambda case: normalize.phone(case.text, case.region),
        "offsets": lambda case: normalize.utc_offset(case.text),
        "emails": lambda case: normalize.email(case.text),
        "names": name,
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


def main() -> None:
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
    by = "this project" if answer.__name__ == "<lambda>" else answer.__name__
    print(
        f"{normalizer:14}{by:24}{category:54}{len(cases):6}{counts['right']:7}"
        f"{100 * counts['right'] / len(cases):7.1f}{counts['wrong']:7}"
        f"{counts['refusals']:9}{counts['refused']:12}"
    )


if __name__ == "__main__":
    main()
