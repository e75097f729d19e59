"""A mapping for a spreadsheet that nobody has mapped yet: which column feeds which field, and why."""

from __future__ import annotations

from bulk_import.mapping.suggesting.proposal import (
    REGIONS,
    SURE,
    Proposal,
    Suggestion,
    as_yaml,
    regions_by_numbers,
    regions_of,
    suggest,
)

__all__ = [
    "REGIONS", "SURE", "Proposal", "Suggestion", "as_yaml", "regions_by_numbers", "regions_of", "suggest"
]  # fmt: skip
