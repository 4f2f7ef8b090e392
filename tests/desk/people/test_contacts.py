"""Mails and phones however they are written, and what the log may hold of them: nothing."""

import pytest

from leadopt.desk.people.contacts import MAIL, PHONE, column_of, mail_of, phone_of


@pytest.mark.parametrize(
    ("written", "mail"),
    [
        ("Ann.Lee+news@Example.com", "ann.lee@example.com"),
        ("Ann <ann@x.de>", "ann@x.de"),
        ("+@x.de", "+@x.de"),
        ("ann@localhost", None),
        ("", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_a_mail_is_one_however_it_is_written(written, mail):
    assert mail_of(written) == mail


@pytest.mark.parametrize(
    ("written", "phone"),
    [("0049-170/1234567", "491701234567"), (491701234567, "491701234567"), ("x12", None), (None, None)],
)
def test_a_phone_is_its_digits(written, phone):
    assert phone_of(written) == phone


def test_columns_are_found_by_what_people_call_them():
    assert column_of(["id", "Email Address"], MAIL) == "Email Address"
    assert column_of(["id", "电话"], PHONE) == "电话"
    assert column_of(["id"], PHONE) is None
