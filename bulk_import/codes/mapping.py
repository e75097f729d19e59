"""Codes of ``bulk_import.mapping``: what each means and how to fix it."""

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
        "Write the id of the right list.",
        "Newsletter",
    ),
    Code(
        "LIST_WITHOUT_ID",
        "The account's answer has no API id (rass_name) for this list.",
        "Write the id that the list's settings show.",
    ),
    Code(
        "MANAGER_UNKNOWN",
        "The account has no manager of that name, or it was not asked (--no-preflight).",
        "`bulk-import managers` shows names and ids.",
        "Vera Lindquist",
    ),
    Code(
        "NAMES_UNVERIFIED",
        "Cells name lists or managers, and a check does not ask the account for them.",
        "Compare the names with those of `bulk-import lists` or `bulk-import managers`.",
        "Newsleter",
    ),
    Code(
        "RULE_UNREADABLE",
        "A skip or only rule reads a damaged cell: whether the contact may be written to is not known, "
        "and no row of the contact is sent.",
        "Repair the cell.",
        "#REF! in the column Unsubscribed",
    ),
    Code(
        "MERGE_INCOMPLETE",
        "Another row of the contact, with which this one would be merged, cannot be sent.",
        "Correct the row that the message names.",
    ),
    Code(
        "ADD_AND_REMOVE",
        "A tag or list would be added and removed at once.",
        "Keep one of the two.",
    ),
    Code(
        "MERGE_CONFLICT",
        "Rows that are merged contradict each other about a tag or list.",
        "Correct one of the rows.",
    ),
    Code(
        "ADDRESS_SHARED",
        "Many rows have the same e-mail address, or several have one that is nobody's: the server "
        "makes one contact of them, and the last row wins.",
        "Map the contacts' own column (bulk-import init shows the candidates), or empty those cells.",
        "noemail@example.com",
    ),
    Code(
        "CONTACT_ROWS",
        "Some contacts have several rows.",
        "Nothing if that is meant; when: duplicate: first | last | merge | refuse decides otherwise.",
    ),
    Code(
        "CONTACT_UNREACHABLE",
        "The row has no e-mail, no phone and no other way to reach the person; with when: no_email: "
        "create the server would make another empty contact at each run.",
        "Fill in an address, a phone or a messenger, or delete the row.",
    ),
    Code(
        "CONTACT_NOT_COMPARED",
        "A correction made the row one of a contact whose other row this night has let go as unchanged.",
        "Nothing; the next sync reads the source again and compares both rows.",
    ),
    Code(
        "CONTACT_TWICE",
        "Several rows have the same contact, and the mapping refuses that.",
        "Keep one row, or set when: duplicate: to another policy.",
    ),
    Code(
        "VALUE_REQUIRED",
        "A check of the mapping requires the cell or value, and it is empty.",
        "Fill it in, or change the check.",
        "checks: [{column: Customer no, require: yes}]",
    ),
    Code(
        "VALUE_PATTERN",
        "The text does not have the form that a check of the mapping demands.",
        "Correct it, or change the pattern.",
        r"checks: [{column: Customer no, pattern: 'C-\d{6}'}]",
    ),
    Code(
        "VALUE_NOT_LISTED",
        "The text is not one of those that a check of the mapping allows.",
        "Correct it, or add it to one_of.",
        "checks: [{column: Plan, one_of: [basic, pro]}]",
    ),
    Code(
        "VALUE_TWICE",
        "Several rows have a value that a check of the mapping wants only once.",
        "Correct or remove all but one of the rows that are named.",
        "checks: [{column: Customer no, unique: yes}]",
    ),
    Code(
        "ROWS_TOO_FEW",
        "The sources have fewer rows than the mapping asks for: an export may have broken off.",
        "Export again, or lower min_rows.",
        "min_rows: 1000",
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
        "CONTACT_SKIPPED",
        "Another row of the same contact is skipped by a rule of the mapping, so none is sent.",
        "Nothing, or correct the row that is named.",
        "row 7 of the same contact in contacts.csv: Unsubscribed: 'yes' (skip: unsubscribed)",
    ),
    Code(
        "CONSENT_IGNORED",
        "A column of consent, notes or tags says of rows that they must not be written to, "
        "and no rule of the mapping looks at it.",
        "Add a skip or only rule; `bulk-import init` writes one. At a column of consent, a run that asks "
        "nobody stops (when: says_no: send if the column means something else).",
        "Unsubscribed: 1,204 of 9,000 rows say 'yes' and would be sent",
    ),
)
