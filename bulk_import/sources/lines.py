"""All lines of a file, including headers and every sheet.

For lists of unknown form: they may have no header, and the addresses may be in any cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from bulk_import.errors import Message, SourceError
from bulk_import.sources import SourceOptions
from bulk_import.sources.table import Line

Sheets = Iterator[tuple[str, Iterator[Line]]]


@contextmanager
def open_lines(path: str | Path, options: SourceOptions) -> Iterator[Sheets]:
    """Open a file of any kind; yield its sheets, hidden ones too, as (name, lines).

    Args:
        options: ``encoding``, ``delimiter``, ``member`` and ``sheet`` are looked at.

    Raises:
        SourceError: It cannot be read; also while iterating.
    """
    from bulk_import.sources.container import regular_file

    name = str(path)
    with ExitStack() as stack:
        file = stack.enter_context(regular_file(name, options.member))
        try:
            yield _sheets(stack, file, name, options)
        except OSError as exc:
            raise SourceError(
                Message(
                    "{name}: cannot be read: {strerror}", name=name, strerror=exc.strerror or exc
                )
            ) from None


def _sheets(stack: ExitStack, file: Path, name: str, options: SourceOptions) -> Sheets:
    from bulk_import.sources.container import kind_of
    from bulk_import.sources.opening import tabs_of

    kind = kind_of(file, name)
    if kind == "text":
        from bulk_import.sources.text.delimited import read_lines
        from bulk_import.sources.text.dialect import detect_dialect
        from bulk_import.sources.text.encoding import choose_encoding

        encoding = choose_encoding(file, name, options.encoding)
        dialect = detect_dialect(file, encoding.name, name, options.delimiter)
        return iter([("", read_lines(file, encoding.name, dialect, name))])
    if kind == "json":
        from bulk_import.sources.text.objects import read_objects

        _, header, lines = read_objects(file, name, options.encoding)
        return iter([("", chain([Line(0, header)], lines))])
    if kind == "html":
        from bulk_import.sources.text.page import read_table

        return iter([("", read_table(file, name, options.encoding))])
    tabs, _ = tabs_of(stack, file, name, kind, options.encoding)
    chosen = [tab for tab in tabs if options.sheet in (None, tab.name)]
    if not chosen:
        names = ", ".join(repr(tab.name) for tab in tabs[:20])
        raise SourceError(
            Message(
                "{name}: no sheet {sheet!r}; it has {names}",
                name=name,
                sheet=options.sheet,
                names=names,
            ),
            code="SHEET_MISSING",
        )
    # One after the other: of an old workbook only the sheet that was opened last can be read.
    return ((tab.name, tab.lines()) for tab in chosen)
