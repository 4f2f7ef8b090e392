"""Days as people write them: one where there is one, both where day and month could change places."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.tables.reading.moments import moment_of_number, moment_readings, read_days
from tests.strategies import examples

APRIL = date(2021, 4, 16)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-04-16", APRIL),
        ("2021/4/16", APRIL),
        ("2021.04.16", APRIL),
        ("20210416", APRIL),
        ("2021年4月16日", APRIL),
        ("2021年4月16日 下午3:05", datetime(2021, 4, 16, 15, 5)),
        ("16.04.2021", APRIL),
        ("16. 4. 2021", APRIL),
        ("4/16/2021", APRIL),
        ("16-Apr-21", APRIL),
        ("Apr 16, 2021", APRIL),
        ("April 16th, 2021", APRIL),
        ("16. April 2021", APRIL),
        ("16 de abril de 2021", APRIL),
        ("16 avr. 2021", APRIL),
        ("Fr, 16.04.2021", APRIL),
        ("16 Apr, 2021 00:03", datetime(2021, 4, 16, 0, 3)),
        ("16-04-2021 10:05", datetime(2021, 4, 16, 10, 5)),
        ("4/16/2021, 12:03 AM", datetime(2021, 4, 16, 0, 3)),
        ("4/16/2021 12:03 p.m.", datetime(2021, 4, 16, 12, 3)),
        ("16/04/2021 à 10h03", datetime(2021, 4, 16, 10, 3)),
        ("16.04.2021 um 10:03 Uhr", datetime(2021, 4, 16, 10, 3)),
        ("2021-04-16T10:03:00Z", datetime(2021, 4, 16, 10, 3, tzinfo=UTC)),
        ("2021-04-16 10:03 UTC", datetime(2021, 4, 16, 10, 3, tzinfo=UTC)),
        ("Fri, 16 Apr 2021 10:03:00 GMT", datetime(2021, 4, 16, 10, 3, tzinfo=UTC)),
        ("Fri Apr 16 2021 10:03:00 GMT+0200 (CEST)", datetime(2021, 4, 16, 10, 3, tzinfo=timezone(timedelta(hours=2)))),
        ("2021-W15-5", APRIL),
        ("1er mars 2025", date(2025, 3, 1)),
        ("1 mär 2025", date(2025, 3, 1)),
    ],
)
def test_there_is_one_reading(text, moment):
    assert set(moment_readings(text).values()) == {moment}


@pytest.mark.parametrize(
    "text", ["soon", "2021", "Apr 2021", "10:30", "30.02.2021", "2021-02-30", "7", "16 Apr 2021 25:00"]
)
def test_what_spells_no_day(text):
    assert moment_readings(text) == {}


@pytest.mark.parametrize(
    ("texts", "order", "first"),
    [
        (["14-11-2018 10:05", "03-04-2018 11:00"], "day first", datetime(2018, 11, 14, 10, 5)),
        (["03/04/2018", "12/31/2018"], "month first", date(2018, 3, 4)),
        (["03.04.2018"], "day first", date(2018, 4, 3)),
        (["16/04/21"], "day first", APRIL),
        (["98/04/16", "98/12/31"], "year first", date(1998, 4, 16)),
        (["05/05/2025"], None, date(2025, 5, 5)),
        (["2018-04-03", "16 Apr 2018"], None, date(2018, 4, 3)),
    ],
)
def test_a_column_as_a_whole_tells_the_order(texts, order, first):
    found = read_days(texts)
    assert (found.order, found.doubt, found.conflict, found.unread) == (order, None, None, frozenset())
    assert found.value[texts[0]] == first


def test_what_could_be_two_days_is_in_doubt_and_a_setting_ends_it():
    doubt = read_days(["03/04/2025", "2025-01-31"]).doubt
    assert doubt == ("03/04/2025", {"day first": date(2025, 4, 3), "month first": date(2025, 3, 4)})
    assert read_days(["03/04/2025"], "month first").value == {"03/04/2025": date(2025, 3, 4)}
    assert read_days(["25/12/2025"], "month first").unread == {"25/12/2025"}


def test_two_orders_in_one_column_contradict_each_other():
    assert read_days(["25/12/2024", "12/25/2024"]).conflict == ("25/12/2024", "12/25/2024")


def test_numbers_that_programs_write_for_days():
    assert moment_of_number(45678) == date(2025, 1, 21)
    assert moment_of_number(1_700_000_000) == moment_of_number(1_700_000_000_000) == datetime(2023, 11, 14, 22, 13, 20)
    assert moment_of_number(20210416) == APRIL
    assert [moment_of_number(number) for number in (0, 7, 2025, float("inf"), 1e15, -5)] == [None] * 6
    assert read_days(["45678", "45678.5", "-", "0000-00-00"]).value == {
        "45678": date(2025, 1, 21),
        "45678.5": datetime(2025, 1, 21, 12),
        "-": None,
        "0000-00-00": None,
    }


@given(
    st.dates(date(1970, 1, 1), date(2068, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%B %d, %Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%Y"]),
)
@examples(60)
def test_a_written_day_is_among_its_readings(day, shape):
    assert day in moment_readings(day.strftime(shape)).values()
