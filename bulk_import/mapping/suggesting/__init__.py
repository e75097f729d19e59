"""A mapping for a spreadsheet that nobody has mapped yet: which column feeds which field, and why."""

from __future__ import annotations

from bulk_import.mapping.suggesting.evidence import FULL_NAME, SURE
from bulk_import.mapping.suggesting.proposal import Proposal, Suggestion, suggest
from bulk_import.mapping.suggesting.regions import REGIONS, regions_by_numbers, regions_of
from bulk_import.mapping.suggesting.writing import as_yaml

__all__ = [
    "FULL_NAME", "REGIONS", "SURE", "Proposal", "Suggestion", "as_yaml", "regions_by_numbers",
    "regions_of", "suggest",
]  # fmt: skip
