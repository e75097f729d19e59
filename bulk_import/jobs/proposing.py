"""A mapping for a new spreadsheet: proposed, tried on its rows, written or merged into an old one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, islice
from pathlib import Path

from bulk_import.errors import MappingError, Message, SettingsError, SourceError
from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.rows import RowMapper
from bulk_import.mapping.suggesting import Proposal, as_yaml, suggest
from bulk_import.mapping.suggesting.contents import ROWS_LOOKED_AT
from bulk_import.mapping.suggesting.products import Product, preset_text, product_named
from bulk_import.mapping.suggesting.updating import updated
from bulk_import.mapping.suggesting.writing import preset_yaml, suppress_yaml
from bulk_import.models import Problem, Row
from bulk_import.sources import SourceOptions, open_source
from bulk_import.system.files import replaced

# Fields without which a contact is still worth sending; a phone only beside an e-mail.
_SMALL_LOSSES = frozenset(
    "lead_shipping_country_code lead_billing_country_code lead_utc lead_shipping_zip lead_billing_zip "
    "lead_phone".split()
)  # fmt: skip
# What a person can answer: which encoding, delimiter, sheet, header or file of an archive.
_FOR_A_PERSON = frozenset(
    {"ENCODING_UNCLEAR", "ENCODING_WRONG", "SHEET_UNCLEAR", "SHEETS_DIFFER", "ARCHIVE_SEVERAL",
     "SOURCE_NO_HEADER", "QUOTE_WRONG", "QUOTE_UNCLOSED"}
)  # fmt: skip


@dataclass(slots=True)
class Proposed:
    """A proposal for one source.

    Attributes:
        options: What was said of the source; it goes into the mapping.
        rows: The first rows, on which changes can be tried.
        problems: What opening the source found.
    """

    source: str
    kind: str
    sheet: str
    encoding: str
    header_row: int
    header: tuple[str, ...]
    options: SourceOptions
    rows: list[Row]
    problems: list[Problem]
    proposal: Proposal

    def text(self, folder: Path | None = None) -> str:
        """Return the mapping file.

        Args:
            folder: Where it will be; ``None`` = the current one.
        """
        said = asdict(self.options)
        known = {name: str(said[name]) for name in _SOURCE_KEYS if said[name] is not None}
        text = as_yaml(self.proposal, self.source, known)
        sheets = [found.value for found in self.problems if found.code == "SHEET_SAYS_NO"]
        if not sheets or not Path(self.source).is_file():
            return text
        file = os.path.relpath(self.source, folder or Path())
        return text + suppress_yaml(file, sheets)


_SOURCE_KEYS = ("sheet", "header_row", "encoding", "delimiter", "member")


def propose(
    source: str, options: SourceOptions | None = None, *, preset: str | None = None
) -> Proposed:
    """Look at a source and propose a mapping.

    Args:
        options: What is known of the source; the rest is detected.
        preset: The product whose export it is, if the header shall not decide.

    Raises:
        SetupError: The source cannot be read, or the preset does not fit it.
    """
    options = options or SourceOptions()
    looking = replace(options, may_take_subscribed=True)
    with open_source(source, looking) as opened:
        product: Product | None = product_named(preset, opened.header) if preset else None
        rows = iter(opened)
        looked = list(islice(rows, ROWS_LOOKED_AT))
        proposal = suggest(opened.header, chain(looked, rows), product=product)
        proposed = Proposed(
            source=source, kind=opened.kind, sheet=opened.sheet, encoding=opened.encoding,
            header_row=opened.header_row, header=opened.header, options=options, rows=looked,
            problems=list(opened.problems), proposal=proposal,
        )  # fmt: skip
    try_losses(proposed)
    return proposed


def proposed_text(source: Path, options: SourceOptions | None = None) -> str:
    """Return the mapping that is proposed for a spreadsheet, with a field at least.

    Raises:
        SetupError: It cannot be read.
    """
    proposal = propose(str(source), options).proposal
    text = as_yaml(proposal, source.name)
    if not proposal.fields:  # a person chooses it
        text = text.replace("\nfields:", "\nfields:\n  lead_description: {value: imported}", 1)
    return text


def proposed_or_asked(source: Path) -> str:
    """As ``proposed_text``; an empty mapping where a person has to say how the file is read.

    Raises:
        SourceError: It cannot be read, whatever anybody says.
    """
    try:
        return proposed_text(source)
    except SourceError as exc:
        if exc.code not in _FOR_A_PERSON:
            raise
        return "version: 1\nfields:\n  lead_email: E-mail\n"


def try_losses(proposed: Proposed) -> None:
    """Find the fields of small value whose bad cells would refuse rows, and count those rows.

    A column most of whose cells its field refuses is not that field, whatever its header says.
    """
    proposal = proposed.proposal
    proposal.dropped = {}
    try:
        mapping = parse_mapping(proposed.text(), "proposal")
        mapper = RowMapper(bind(mapping, proposed.header))
    except MappingError:
        return  # nothing is mapped yet: a person has to decide first
    unlike: Counter[str] = Counter()
    for row in proposed.rows:
        record = mapper.record(row)
        refused = {problem.field for problem in record.errors} & _SMALL_LOSSES
        unlike.update(
            {one.field for one in record.errors if one.code != "PHONE_NO_COUNTRY"} & _SMALL_LOSSES
        )
        if not record.email:
            refused -= {"lead_phone"}
        for name in refused:
            proposal.dropped[name] = proposal.dropped.get(name, 0) + 1
    for name, rows in unlike.items():
        if rows > proposal.filled_rows(name, proposed.rows) / 2:
            proposal.switch_off(name, "but most of its cells would be refused")


def preset_mapping(name: str) -> str:
    """Return the mapping of a product, without looking at a file.

    Raises:
        SetupError: There is no such preset.
    """
    return preset_text(name) or preset_yaml(name)


def write_mapping(path: Path, text: str, *, force: bool) -> None:
    """Write a mapping; its comments quote cells, so only its owner may read it.

    Raises:
        SettingsError: The file is there already, and *force* is off.
        StorageError: It cannot be written.
    """
    if path.exists() and not force:
        raise SettingsError(
            Message(
                "{path}: is there already; --update adds what is new to it, --force replaces it",
                path=path,
            )
        )
    with replaced(path) as file:
        file.write(text.encode())


def update_mapping(path: Path, proposal: Proposal) -> Sequence[str]:
    """Add what is new to the mapping in *path*; return what was added.

    Raises:
        SetupError: It cannot be read, or is no mapping that can be used.
        StorageError: It cannot be written.
    """
    try:
        before = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(Message("{path}: cannot be read: {exc}", path=path, exc=exc)) from None
    text, added = updated(before, str(path), proposal)
    if added:
        with replaced(path) as file:
            file.write(text.encode())
    return added
