"""Make ``names.tsv``: given and family names, and in how many languages each is one or the other.

    uv run --with faker python -m bulk_import.normalize.data.generate_names

Source: the lists of names in faker's providers (MIT). A line is: languages that have the names as given
ones, languages that have them as family names, ``es`` where they are family names of Spanish or Portuguese
(``ea`` for those of East Asian letters), and the names, lower case, separated by ``|``.
"""

from __future__ import annotations

import importlib
import pkgutil
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
_MOST = 9
_IBERIAN = frozenset({"es", "pt"})
_EAST_ASIAN = frozenset({"zh", "ja", "ko"})
# Lists that are not of that language's own names, or of words and no names.
_LEFT_OUT = frozenset({"la", "en_PK"})


def main() -> None:
    """Write the data file."""
    given: dict[str, set[str]] = defaultdict(set)
    family: dict[str, set[str]] = defaultdict(set)
    import faker.providers.person as package

    for module in pkgutil.iter_modules(package.__path__):
        if module.name in _LEFT_OUT or module.name.split("_")[0] in _LEFT_OUT:
            continue
        provider = importlib.import_module(f"{package.__name__}.{module.name}").Provider
        language = module.name.split("_")[0]
        for attribute in dir(provider):
            value = getattr(provider, attribute)
            if not isinstance(value, list | tuple | dict) or "romanized" in attribute:
                continue
            if attribute.startswith(("first_name", "given_name")):
                _note(given, value, language)
            elif attribute.startswith(("last_name", "family_name")):
                _note(family, value, language)
    _write(given, family)


def _note(found: dict[str, set[str]], names: Iterable[object], language: str) -> None:
    for entry in names:
        # Of Japanese names: in kanji, in kana, in Latin letters.
        for name in entry[:2] if isinstance(entry, tuple) else (entry,):
            if not isinstance(name, str) or not name.strip() or " " in name.strip():
                continue
            found[unicodedata.normalize("NFC", name.strip()).casefold()].add(language)


def _write(given: dict[str, set[str]], family: dict[str, set[str]]) -> None:
    lines: dict[tuple[int, int, str], list[str]] = defaultdict(list)
    for name in sorted({*given, *family}):
        languages = given.get(name, set()), family.get(name, set())
        kind = "es" if languages[1] & _IBERIAN else ""
        if (languages[0] | languages[1]) <= _EAST_ASIAN and not name.isascii():
            kind = "ea"
        counts = [min(len(of), _MOST) for of in languages]
        lines[counts[0], counts[1], kind].append(name)
    path = HERE / "names.tsv"
    text = "".join(
        f"{g}\t{f}\t{kind}\t{'|'.join(names)}\n" for (g, f, kind), names in sorted(lines.items())
    )
    path.write_text(text, "utf-8")
    print(f"{sum(map(len, lines.values()))} names, {len(text.encode())} bytes -> {path.name}")


if __name__ == "__main__":
    main()
