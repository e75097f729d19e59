"""Codes of ``bulk_import.mapping``: what each means and what mends it."""

from __future__ import annotations

from bulk_import.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "LIST_UNKNOWN",
        "The account has no such list.",
        "`bulk-import lists` shows titles and ids.",
        "Newsleter",
    ),
    Code(
        "LIST_AMBIGUOUS",
        "Several lists of the account have this title.",
        "Write the id of the list that is meant.",
        "Newsletter",
    ),
    Code(
        "LIST_WITHOUT_ID",
        "The account's answer has no API id (rass_name) for this list.",
        "Write the id that the list's settings show.",
    ),
    Code(
        "ADD_AND_REMOVE",
        "A tag or list would be added and removed at once.",
        "Decide on one.",
    ),
    Code(
        "MERGE_CONFLICT",
        "Rows that are merged contradict each other about a tag or list.",
        "Mend one of the rows.",
    ),
    Code(
        "CONTACT_TWICE",
        "The contact stands in several rows, and the mapping refuses that.",
        "Leave one row, or choose another duplicates policy.",
    ),
    Code(
        "DUPLICATE",
        "Another row of the contact was preferred, as the mapping asks.",
        "Nothing.",
    ),
    Code(
        "SUPPRESSED",
        "The contact is on a suppression list.",
        "Nothing.",
    ),
    Code(
        "SKIPPED",
        "A skip or only rule of the mapping keeps the row from being sent.",
        "Nothing, or change the rule if the row should be sent.",
        "Unsubscribed: yes",
    ),
    Code(
        "CONSENT_IGNORED",
        "A column says of rows that they must not be written to, and no rule of the mapping looks at it.",
        "Add a skip or only rule; `bulk-import init` writes one.",
        "Unsubscribed: 1,204 of 9,000 rows say 'yes' and would be sent",
    ),
)
