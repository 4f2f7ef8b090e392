"""What text is a duration, and that it says the same when it is written and read again."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.calendar.durations import PATTERN, UNITS, text_of
from tests.strategies import examples


def refusal(text):
    with pytest.raises(InvalidInput) as caught:
        Duration.parse(text, "rules.cool_off")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("3 days", 3, "days"),
        ("1 day", 1, "days"),
        ("3days", 3, "days"),
        (" 90  minutes ", 90, "minutes"),
        ("0.5 hours", 0.5, "hours"),
        ("2.0 working hours", 2, "working hours"),
        ("1 working  day", 1, "working days"),
    ],
)
def test_text_is_read_as_people_write_it(text, amount, unit):
    found = Duration.parse(text)
    assert (found.amount, found.unit) == (amount, unit)
    assert type(found.amount) is type(amount)


def test_zero_is_at_once_and_off_is_never():  # scenario 38
    for zero in (0, "0", 0.0, "0 days", "0 working hours", Duration(0, "days")):
        assert Duration.parse(zero) == Duration(0, "minutes")
        assert text_of(Duration.parse(zero)) == "0"
    assert Duration.parse("off") is None
    assert text_of(Duration.parse("off")) == "off"


@examples()
@given(st.sampled_from(UNITS), st.integers(0, 100_000), st.sampled_from([0, 0.25, 0.5, 0.1]))
def test_text_comes_back(unit, amount, part):
    duration = Duration(amount + part if unit in ("hours", "working hours") and amount < 100_000 else amount, unit)
    assert Duration.parse(str(duration)) == duration
    assert re.search(PATTERN, str(duration))
    assert duration.microseconds % 60_000_000 == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 dais", 'rules.cool_off: unit "dais" is unknown in \'3 dais\'; did you mean "days"?'),
        ("3 Days", 'unit "Days" is unknown in \'3 Days\'; did you mean "days"?'),
        ("8 workinghours", 'did you mean "working hours"?'),
        ("2 weeks", 'unit "weeks" is unknown in \'2 weeks\'; write "14 days"'),
        ("3 fortnights", "known are minutes, hours, days, working hours, working days"),
        (3, 'must be a duration such as "3 days" or "8 working hours", 0 or "off"; found 3 without its unit: write "3'),
        ("", "must be a duration such as"),
        ("3.0", "found '3.0' without its unit: write \"3.0 days\", say"),
        ("1,5 hours", 'must be a duration such as "3 days"'),
        ("1/2 days", 'must be a duration such as "3 days"'),
        ("-1 days", "must be a duration such as"),
        (-1, "found -1"),
        (None, "found None"),
        (False, "found False"),
        (True, "found True"),
        ("never", "found 'never'"),
        ("1.5 days", "must come to whole days: write a part of a day in hours; found 1.5 days"),
        ("0.33 hours", "must come to whole minutes; found 0.33 hours"),
        ("1.5 minutes", "must come to whole minutes; found 1.5 minutes"),
        ("100001 days", "must be from 0 to 100,000 days; found 100001 days"),
        (f"{'9' * 5000} days", "must be at most 100,000 days"),
        (f"{'9' * 400}.5 hours", "must be from 0 to 2,400,000 hours; found inf hours"),
        ("3 days\n4 days", "is unknown"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text, said):
    assert said in refusal(text)


def test_python_is_held_to_the_same():
    with pytest.raises(InvalidInput, match='unit "week" is unknown; count it in days'):
        Duration(1, "week")
    with pytest.raises(InvalidInput, match="is unknown"):
        Duration(1, ["days"])
    for amount in (True, -1, float("nan"), "3", Decimal("1.5")):
        with pytest.raises(InvalidInput, match="must be from 0"):
            Duration(amount, "days")
    assert Duration(Fraction(1, 2), "hours") == Duration(0.5, "hours")
    with pytest.raises(InvalidInput, match="must come to whole minutes"):
        Duration(Fraction(1, 3), "working hours")
