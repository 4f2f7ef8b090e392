"""What text and tables are working hours, and that they say the same when they are written and read again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Hours
from leadopt.lifecycle.calendar.hours import PATTERN
from tests.strategies import examples

NINE_TO_SIX = ((540, 720), (780, 1080))


@pytest.mark.parametrize(
    "given",
    [
        "Mon-Fri 9-12, 13-18",
        "mon - friday 09:00–12:00 , 13-18:00",
        "MON,Tue,Wed-FRIDAY 9-12,13-18",
        "Mon-Fri 9-12; Mon-Fri 13-18",
        "Mon-Fri 9-11, 11-12, 13-18",
        {"mon-fri": ["9-12", "13-18"], "sat": []},
        {day: ["13-18", "9-12"] for day in ("mon", "Tue", "wednesday", "thu", "fri")},
    ],
)
def test_the_same_week_written_in_many_ways(given):
    hours = Hours.of(given)
    assert hours.of_day == (NINE_TO_SIX,) * 5 + ((), ())
    assert str(hours) == "Mon-Fri 9-12, 13-18"
    assert (hours.minutes_a_week, hours.days_a_week) == (2400, 5)


def test_nights_and_weekends():
    assert Hours.of("Fri-Mon 22-24; Sat 0-6").of_day == (
        ((1320, 1440),), (), (), (), ((1320, 1440),), ((0, 360), (1320, 1440)), ((1320, 1440),),
    )  # fmt: skip
    assert Hours.of({"sun": "9:05-9:45"}).minutes_a_week == 40
    assert str(Hours.of("Mon-Sun 0-24")) == "Mon-Sun 0-24"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Mun-Fri 9-12", '"Mun" is no day; did you mean "Sun"?'),
        ("", "must look like"),
        ("9-12", "must look like"),
        ("Mon-Fri", "must look like"),
        ("Mon 9-25", "must look like"),
        ("Mon 12-9", 'over midnight is two spans: "12-24", and "0-9" of the next day; found \'12-9\''),
        ("Mon 22-6", 'over midnight is two spans: "22-24", and "0-6" of the next day'),
        ("Mon 9-9", "must end after it begins; found '9-9'"),
        ("Mon 23-0", "must end after it begins; found '23-0'"),
        ("Mon 23-24:30", "a day ends at 24; found '23-24:30'"),
        ("Mon 9-12, 11-13", "time.hours: Monday: spans overlap: 9-12 and 11-13"),
        ("Mon 9-12; Mon 9-12", "spans overlap: 9-12 and 9-12"),
        ({}, "must hold a working hour in any 14 days; found none"),
        ({"mon": []}, "must hold a working hour in any 14 days; found none"),
        ("Mon 9-9:29", "must hold a working hour in any 14 days; found 58 minutes"),
        ({"mo": ["9-12"]}, '"mo" is no day; did you mean "Mon"?'),
        ({1: ["9-12"]}, '"1" is no day'),
        ({"mon": 9}, 'time.hours.mon: must be a list of spans such as ["9-12", "13-18"]; found 9'),
        ({"mon": ["9-12", 13]}, 'a span must look like "9-12" or "13:30-18"; found 13'),
        ({"mon": ["9 to 12"]}, "found '9 to 12'"),
        (None, "found None"),
        (["9-12"], "found ['9-12']"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(given, said):
    with pytest.raises(InvalidInput) as caught:
        Hours.of(given, "time.hours")
    assert str(caught.value).startswith("time.hours")
    assert said in str(caught.value)


def shown(fives):
    return f"{fives * 5 // 60}:{fives * 5 % 60:02}"


SPANS = st.sets(st.integers(0, 288), min_size=2, max_size=8).map(sorted)


@examples(100)
@given(st.lists(SPANS, min_size=7, max_size=7))
def test_text_comes_back(days):
    spans = [[f"{shown(a)}-{shown(b)}" for a, b in zip(day[::2], day[1::2], strict=False)] for day in days]
    table = dict(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), spans, strict=True))
    hours = Hours.of(table)
    assert Hours.of(str(hours)) == hours
    assert re.search(PATTERN, str(hours))
