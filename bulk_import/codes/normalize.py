"""Codes of ``bulk_import.normalize``: what each means and how to fix it."""

from __future__ import annotations

from bulk_import.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "COUNTRY_UNKNOWN",
        "The text names no country.",
        "Write the name or the two-letter code; values: in the mapping translates your own words.",
        "Atlantis",
    ),
    Code(
        "COUNTRY_AMBIGUOUS",
        "Several countries, or a former one, go by that name.",
        "Write one of those that the message names.",
        "Korea",
    ),
    Code(
        "COUNTRY_GUESSED",
        "A misspelt name was read as the only country with a similar name.",
        "Correct it if it was another.",
        "Germny",
    ),
    Code(
        "PHONE_INVALID",
        "No such number can exist; the message says what is wrong.",
        "Correct it, or set bad_value: drop_field to send the rest of the row.",
        "+7 916 123-45-6",
    ),
    Code(
        "PHONE_NO_COUNTRY",
        "The number has no country code, and nothing says which country it belongs to.",
        "Write it as +…, map region_from:, or set defaults: phone_region:.",
        "916 123-45-67",
    ),
    Code(
        "PHONE_SCIENTIFIC",
        "The spreadsheet shortened the number.",
        "Format the column as text or as a number without decimals and export again.",
        "4.49E+11",
    ),
    Code(
        "PHONE_AMBIGUOUS",
        "The digits are a number of the region and an international one without its plus.",
        "Write it with + and the country code.",
        "4915112345678 in Germany",
    ),
    Code(
        "PHONE_CODE_DOUBLED",
        "The country code is in front of the number twice; it is sent once.",
        "Nothing, if the number in the message is right.",
        "+49 +49 151 12345678",
    ),
    Code(
        "PHONE_PLACEHOLDER",
        "The digits of the number run from 1 to 9, as people type them to fill a field.",
        "Check it.",
        "+48 123 456 789",
    ),
    Code(
        "PHONE_SEVERAL",
        "The cell holds several numbers.",
        "Leave one, or set several: first.",
        "+1 415 555 0101 / +1 415 555 0102",
    ),
    Code(
        "PHONE_FIRST_OF_SEVERAL",
        "The cell holds several numbers; the first is sent.",
        "Nothing, if the first is the right one.",
    ),
    Code(
        "PHONE_UNASSIGNED",
        "The number has the right length, but nobody uses its range.",
        "Check it; strict_phone: true refuses such numbers.",
    ),
    Code(
        "PHONE_EXTENSION_DROPPED",
        "The field takes no extension.",
        "extension: describe puts it into the notes.",
        "+1 415 555 0101 ext. 7",
    ),
    Code(
        "PHONE_TEXT_DROPPED",
        "Words beside the number: the field takes the number alone.",
        "Map another field to the column if they matter.",
        "+1 415 555 0101 (ask for Ann)",
    ),
    Code(
        "PHONE_OTHER_COUNTRY",
        "Number and country do not belong together.",
        "Nothing, if both are right.",
    ),
    Code(
        "UTC_OFFSET_INVALID",
        "The text is neither an offset from UTC nor a time zone.",
        "Write +03 or Europe/Moscow.",
        "sometime",
    ),
    Code(
        "UTC_OFFSET_AMBIGUOUS",
        "The abbreviation means several time zones.",
        "Write the offset or the zone.",
        "IST",
    ),
    Code(
        "UTC_OFFSET_DST",
        "The zone changes its clocks; the message says which offset is sent.",
        "dst: current sends the one in force.",
        "Europe/Berlin",
    ),
    Code(
        "UTC_OFFSET_SUMMER",
        "The abbreviation means summer time and is taken as written.",
        "Nothing, if that is right.",
        "CEST",
    ),
    Code(
        "UTC_OFFSET_OTHER_ZONE",
        "The label of a zone states an offset that the zone no longer has; it is taken as written.",
        "Check it.",
        "(UTC+06:00) Astana",
    ),
    Code(
        "UTC_OFFSET_HALF_HOUR",
        "The offset is right, but the field takes whole hours only; it is not sent.",
        "half_hours: round sends the nearest hour.",
        "+05:30",
    ),
    Code(
        "UTC_OFFSET_ROUNDED",
        "A half-hour offset was rounded, as the mapping asks.",
        "Nothing.",
        "+05:30",
    ),
    Code(
        "UTC_OFFSET_GUESSED",
        "The offset follows from the country or the phone, as the mapping asks.",
        "Nothing.",
    ),
    Code(
        "UTC_OFFSET_OTHER_COUNTRY",
        "Offset and country do not belong together.",
        "Nothing, if both are right.",
    ),
    Code(
        "EMAIL_INVALID",
        "The text is not an e-mail address.",
        "Correct it.",
        "anna@@example.org",
    ),
    Code(
        "EMAIL_MISSING",
        "The row has no e-mail; the server would make a new contact at each run.",
        "Fill it in; when: no_email: create sends it anyway.",
    ),
    Code(
        "EMAIL_SEVERAL",
        "The cell holds several addresses.",
        "Leave one, or set several: first.",
        "a@b.org, c@d.org",
    ),
    Code(
        "EMAIL_SAYS_NO",
        "A remark beside the address says that this person must not be written to.",
        "Nothing. If the remark is wrong, remove it.",
        "a@b.org (unsubscribed)",
    ),
    Code(
        "EMAIL_FIRST_OF_SEVERAL",
        "The cell holds several addresses; the first is sent.",
        "Nothing, if the first is the right one.",
    ),
    Code(
        "EMAIL_TYPO",
        "The domain looks misspelt; the address is sent unchanged.",
        "Correct it.",
        "anna@gmial.com",
    ),
    Code(
        "EMAIL_ROLE",
        "A shared mailbox, refused as the mapping asks.",
        "Nothing, or leave out refuse_role.",
        "info@example.org",
    ),
    Code(
        "EMAIL_DISPOSABLE",
        "A throw-away address, refused as the mapping asks.",
        "Nothing, or leave out refuse_disposable.",
    ),
    Code(
        "EMAIL_UNDELIVERABLE",
        "There is no such domain, or it takes no mail; deliverability: asked for that.",
        "Correct it.",
    ),
    Code(
        "EMAIL_NOT_CHECKED",
        "No name server answered whether the domain takes mail.",
        "Nothing, or check again when the network works.",
    ),
    Code(
        "NAME_INVALID",
        "The text is not a name.",
        "Check which column is mapped.",
        "anna@example.org",
    ),
    Code(
        "NAME_NOT_SPLIT",
        "The name could not be split with certainty and is sent whole as the first name.",
        "Nothing, or give first and last name columns of their own.",
    ),
    Code(
        "NAME_PART_DROPPED",
        "A title, degree or nickname goes into no part of the name.",
        "Nothing, or map another field to the column.",
        "Dr. Ann Lee",
    ),
    Code(
        "TAG_COMMA",
        "A tag has a comma in it, and the server knows no escape.",
        "Rename the tag, or set the right separator.",
        "gold, silver",
    ),
    Code(
        "TAG_TOO_LONG",
        "A tag is longer than a tag can be.",
        "Check which column is mapped.",
    ),
    Code(
        "TAG_LOOK_ALIKE",
        "Two tags differ only in case or look alike.",
        "Use one spelling; values: in the mapping translates.",
        "vip, VIP",
    ),
    Code(
        "LIST_ID_DAMAGED",
        "A spreadsheet program read the list id as a number, and digits were lost.",
        "Copy it again as text.",
        "1473249885.28999",
    ),
    Code(
        "LIST_ID_COMMA",
        "A list's name has a comma in it.",
        "Use the list's id.",
    ),
    Code(
        "MANAGER_INVALID",
        "The text is not a manager's number.",
        "`bulk-import managers` lists them.",
    ),
    Code(
        "ADDRESS_INVALID",
        "The cell holds nothing but commas, or a number for a city.",
        "Correct it.",
        ", ,",
    ),
    Code(
        "POSTAL_CODE_INVALID",
        "The text is not a postal code.",
        "Correct it.",
    ),
    Code(
        "POSTAL_CODE_ZERO_LOST",
        "A postal code is a digit short: the spreadsheet dropped a leading zero.",
        "Format the column as text and enter the code again.",
        "1067 in Germany",
    ),
    Code(
        "POSTAL_CODE_SHAPE",
        "The code does not look like one of the country.",
        "Nothing, if it is right.",
    ),
    Code(
        "SOCIAL_INVALID",
        "The text is too long for a profile.",
        "Correct it.",
    ),
)
