"""The API's own codes: what each means and what to do about it.

The examples are the vendor's texts; a code that is not listed refuses its row.
"""

from __future__ import annotations

from bulk_import.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "0",
        "The account accepted the row; a text other than OK is reported with it.",
        "Nothing to do.",
        "OK",
    ),
    Code(
        "1",
        "The account received no key.",
        "Check whether a proxy or a firewall between here and the account rewrites requests.",
        "not transferred hash",
    ),
    Code(
        "2",
        "The account received an empty form.",
        "Check whether a proxy or a firewall between here and the account rewrites requests.",
        "no transmitted data",
    ),
    Code(
        "3",
        "The account could not use the values of this row.",
        "Compare the row with one that was accepted: `explain RUN_DIR --row N` shows what was sent.",
        "wrong posted data",
    ),
    Code(
        "4",
        "The API key is wrong.",
        "Copy the key again from the account's API settings.",
        "incorrect hash",
    ),
    Code(
        "5",
        "The account's login is wrong.",
        "Check --account or --endpoint.",
        "invalid user name",
    ),
    Code(
        "6",
        "This computer's address may not use the API.",
        "Allow the address in the account's API settings.",
        "permission denied for ip",
    ),
    Code(
        "7",
        "The account is disabled.",
        "Ask the vendor's support.",
        "account disabled",
    ),
    Code(
        "8",
        "The request limit is used up, or the API is not enabled for the account.",
        "Wait and run the same command again; if it stays, ask the vendor's support.",
        "The text varies: request limit for this address is used up, try later",
    ),
    Code(
        "100",
        "The row has no e-mail.",
        "Fill in the e-mail.",
        "email is missing",
    ),
    Code(
        "101",
        "The account does not accept the address; the text says why.",
        "Correct the address; a blocked or unsubscribed one can only be freed in the account.",
        "subscription error",
    ),
    Code(
        "102",
        "The contact was registered already; the row counts as accepted.",
        "Nothing to do.",
        "the subscriber is already registered",
    ),
    Code(
        "103",
        "The account has no list with that id.",
        "`bulk-import lists` shows the ids; write one of them.",
        "unknown group",
    ),
    Code(
        "104",
        "The list accepts no contacts from the API.",
        "Allow it in the list's settings, or choose another list.",
        "subscription forbidden for group",
    ),
    Code(
        "801",
        "The account has no contact with that address.",
        "Import the contact first.",
        "subscriber … is not found",
    ),
    Code(
        "400",
        "The account calls the call malformed: a code of the API, not of HTTP (see HTTP_400).",
        "Look at the text in the report; if every row has it, ask the vendor's support.",
        "error_code 400 in an answer with HTTP status 200",
    ),
    Code(
        "500",
        "The account reports an error of its own: a code of the API, not of HTTP (see HTTP_500).",
        "Look at the text in the report; if every row has it, ask the vendor's support.",
        "error_code 500 in an answer with HTTP status 200",
    ),
    Code(
        "501",
        "The account does not know the call: a code of the API, not of HTTP.",
        "Look at the text in the report; if every row has it, ask the vendor's support.",
        "error_code 501 in an answer with HTTP status 200",
    ),
)
