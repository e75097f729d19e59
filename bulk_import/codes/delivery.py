"""Codes of ``bulk_import.delivery``: what each means and how to fix it."""

from __future__ import annotations

from bulk_import.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "UNCHANGED",
        "The row is the same as the one that an earlier run confirmed.",
        "Nothing; sync --full sends it anyway, if it has an e-mail.",
    ),
    Code(
        "TIMEOUT",
        "No answer came in time.",
        "A resume sends the row again if it has an e-mail.",
    ),
    Code(
        "CONNECTION_LOST",
        "The connection broke while the request was on its way.",
        "A resume sends the row again if it has an e-mail.",
    ),
    Code(
        "ANSWER_BROKEN",
        "The answer broke off, or was too long.",
        "A resume sends the row again if it has an e-mail.",
    ),
    Code(
        "ANSWER_UNREADABLE",
        "The answer was not the API's, but for example a web page.",
        "A resume sends the row again if it has an e-mail; look at the text in the report.",
    ),
    Code(
        "HASH_WRONG",
        "The answer's hash does not fit, and --verify-hash require was asked for.",
        "Find out which proxy or program changes the answers on the way.",
    ),
    Code(
        "INTERRUPTED",
        "The run ended between the request and its answer.",
        "A resume sends the row again if it has an e-mail; otherwise look in the account.",
    ),
    Code(
        "JOURNAL_LOST",
        "The end of the run's journal was lost or damaged; this row may have been sent before that.",
        "Look in the account; resume with --resend-unknown if the contact is not there.",
    ),
    Code(
        "LANE_HELD",
        "An earlier row of the same contact is in doubt; this one must not overtake it.",
        "Resume the run: both are sent in order.",
    ),
    Code(
        "RUN_STOPPED",
        "The run ended before this row was sent.",
        "Resume the run.",
    ),
    Code(
        "DRY_RUN",
        "A rehearsal: the message shows what would be sent.",
        "Run without --dry-run.",
    ),
    Code(
        "REDIRECTED",
        "The server points to another address; the key does not go there.",
        "Check --account or --endpoint.",
    ),
    Code(
        "CERTIFICATE",
        "The server's certificate is refused.",
        "Check the address; --ca-file trusts another authority.",
    ),
    Code(
        "HOST_UNKNOWN",
        "There is no such host.",
        "Check --account or --endpoint.",
    ),
    Code(
        "TLS_FAILED",
        "No secure connection could be made.",
        "Check the address, and any proxy on the way.",
    ),
    Code(
        "CONNECT_TIMEOUT",
        "No connection in time.",
        "Try again later.",
    ),
    Code(
        "PROXY_REFUSED",
        "The proxy does not let requests pass.",
        "Ask whoever runs it; user and password go into BULK_IMPORT_PROXY.",
    ),
    Code(
        "PROXY_UNREACHABLE",
        "The proxy does not answer.",
        "Check --proxy or BULK_IMPORT_PROXY.",
    ),
    Code(
        "UNREACHABLE",
        "The host does not answer.",
        "Try again later.",
    ),
    Code(
        "HTTP_400",
        "The server calls the request malformed.",
        "Look at the text in the report.",
    ),
    Code(
        "HTTP_401",
        "The server wants another authorization.",
        "Check key and address.",
    ),
    Code(
        "HTTP_403",
        "The server forbids the request.",
        "Check key, address and whether this computer may use the API.",
    ),
    Code(
        "HTTP_404",
        "The server knows no such method.",
        "Check --endpoint.",
    ),
    Code(
        "HTTP_405",
        "The server refuses the method.",
        "Check --endpoint.",
    ),
    Code(
        "HTTP_408",
        "The server waited too long.",
        "A resume sends the row again if it has an e-mail.",
    ),
    Code(
        "HTTP_410",
        "The method is gone.",
        "Check --endpoint.",
    ),
    Code(
        "HTTP_413",
        "The request is too large.",
        "Shorten the row's cells.",
    ),
    Code(
        "HTTP_414",
        "The request is too long.",
        "Check --endpoint.",
    ),
    Code(
        "HTTP_415",
        "The server does not take forms.",
        "Check --endpoint.",
    ),
    Code(
        "HTTP_422",
        "The server refuses the values.",
        "Look at the text in the report.",
    ),
    Code(
        "HTTP_429",
        "The server asks to slow down.",
        "Nothing; lower --rate if it keeps happening.",
    ),
    Code(
        "HTTP_500",
        "The server failed.",
        "A resume sends the row again if it has an e-mail.",
    ),
    Code(
        "HTTP_502",
        "A gateway failed.",
        "A resume sends the row again if it has an e-mail.",
    ),
    Code(
        "HTTP_503",
        "The server is overloaded or under maintenance.",
        "A resume sends the row again if it has an e-mail.",
    ),
    Code(
        "HTTP_504",
        "A gateway waited too long.",
        "A resume sends the row again if it has an e-mail.",
    ),
    *(
        Code(
            f"HTTP_{status}",
            "The proxy in front of the server could not reach it.",
            "A resume sends the row again if it has an e-mail.",
        )
        for status in (*range(520, 527), 530)
    ),
)
