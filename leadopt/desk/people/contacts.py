"""Mails and phone numbers as they are the same however they are written, and the columns that hold them."""

import re
from collections.abc import Iterable
from typing import Any

from leadopt.tables.cells import as_level

MAIL = ("email", "mail", "emailaddress", "mailaddress", "邮箱", "电子邮件", "correo", "courriel")
PHONE = (
    "phone",
    "phonenumber",
    "telephone",
    "tel",
    "mobile",
    "mobilephone",
    "cell",
    "电话",
    "手机",
    "telefon",
    "teléfono",
)
_MAIL = re.compile(r"([^@\s<>]+)@([^@\s<>]+\.[^@\s<>]+)")
_FEWEST_DIGITS = 6  # shorter ones are extensions, or stand for none


def column_of(columns: Iterable[str], words: tuple[str, ...]) -> str | None:
    """Return the first column whose name is one of some words; letter case, blanks and marks do not count.

    >>> column_of(["Name", "E-Mail"], MAIL), column_of(["Name"], PHONE)
    ('E-Mail', None)
    """
    plain = {"".join(filter(str.isalnum, column.casefold())): column for column in reversed(list(columns))}
    return next((plain[word] for word in words if word in plain), None)


def mail_of(cell: Any) -> str | None:
    """Return a mail address in small letters and without what follows a plus sign; None = it is none.

    >>> mail_of(" Ann.Lee+spring@Example.COM "), mail_of("none")
    ('ann.lee@example.com', None)
    """
    found = _MAIL.search((as_level(cell) or "").casefold())
    return None if found is None else f"{found[1].partition('+')[0] or found[1]}@{found[2]}"


def phone_of(cell: Any) -> str | None:
    """Return the digits of a phone number without zeros before them; None = it is none.

    >>> phone_of("+49 (0)170 123-4567"), phone_of("0049 170 1234567"), phone_of("12")
    ('491701234567', '491701234567', None)
    """
    text = (as_level(cell) or "").replace("(0)", "")
    digits = "".join(letter for letter in text if letter in "0123456789").lstrip("0")
    return digits if len(digits) >= _FEWEST_DIGITS else None
