"""One cell means the same whatever type carries it, and reading each distinct one once changes nothing."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from leadopt.tables.cells import (
    as_id,
    as_level,
    as_moment,
    as_number,
    as_outcome,
    as_set,
    as_share,
    blanked,
    each_once,
    is_missing,
    is_number,
)


def test_ids_beyond_two_to_the_53_keep_their_digits():
    for value in (Decimal(2**60 + 1), Fraction(2**60 + 1), 2**60 + 1, np.int64(2**60 + 1)):
        assert as_id(value) == 2**60 + 1
        assert as_level(value) == str(2**60 + 1)


def test_as_id_takes_whole_numbers_text_and_uuids():
    same = [7, 7.0, np.int8(7), np.float32(7), Decimal("7.00"), Fraction(7)]
    assert [as_id(value) for value in same] == [7] * 6
    assert {type(as_id(value)) for value in same} == {int}
    assert as_id(np.str_("A")) == "A"
    assert type(as_id(np.str_("A"))) is str
    assert as_id(UUID(int=7)) == UUID(int=7)


@pytest.mark.parametrize(
    "value",
    [True, np.True_, 7.5, float("inf"), Decimal("7.5"), Decimal("Infinity"), Fraction(10**400, 3), "", " ", b"x", [1],
     date(2026, 1, 1), np.timedelta64(3, "D"), 1j],
    ids=repr,
)  # fmt: skip
def test_as_id_refuses_the_rest(value):
    assert as_id(value) is None


def test_equal_categories_are_one_level():
    assert {as_level(value) for value in (1, 1.0, "1", np.int8(1), Decimal("1.00"), Fraction(1))} == {"1"}
    assert {as_level(value) for value in (True, np.True_)} == {"true"}
    assert as_level(1.5) == as_level(Decimal("1.5")) == "1.5"
    assert as_level(float("inf")) == "inf"


def test_outcomes_are_read_in_the_words_of_crms():
    assert {as_outcome(value) for value in (1, 1.0, True, "1", "Won", " closed-won ", "YES", "Converted")} == {1}
    assert {as_outcome(value) for value in (0, 0.0, False, "0", "lost", "Closed_Lost", "no", "not converted")} == {0}
    assert {as_outcome(value) for value in (2, 0.5, "maybe", "", None)} == {None}


def test_moments_are_dates_datetimes_and_iso_text():
    assert as_moment(date(2026, 1, 31)) == date(2026, 1, 31)
    assert as_moment("2026-01-31T10:00") == datetime(2026, 1, 31, 10)
    assert as_moment(np.datetime64("2026-01-31")) == datetime(2026, 1, 31)
    assert as_moment("31.01.2026") is as_moment(5) is as_moment(None) is None


def test_a_bool_and_a_timedelta_are_no_numbers():
    assert is_number(1)
    assert is_number(np.float32(1))
    assert not any(map(is_number, (True, np.True_, np.timedelta64(1, "D"), "1", None)))


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
EQUAL_BUT_DIFFERENT = [
    [1, 1.0, True, np.True_, np.int8(1), np.float32(1), Decimal(1), Fraction(1), "1", np.str_("1")],
    [0.5, np.float32(0.5), Decimal("0.5"), Decimal("0.50"), Fraction(1, 2)],
    [NOON, NOON.astimezone(timezone(timedelta(hours=1))), pd.Timestamp(NOON)],
    [date(2026, 1, 31), datetime(2026, 1, 31), np.datetime64("2026-01-31"), np.datetime64("2026-01-31T00")],
    [np.timedelta64(1, "D"), np.timedelta64(24, "h"), timedelta(days=1)],
    [0.0, -0.0, 0, False, complex(0), complex(-0.0)],
    [(1,), (1.0,), (True,), [1], {1}, {"a": 1}, frozenset({1}), np.array([1])],
    [UUID(int=1), UUID(int=1), b"x", "", " ", None],
    [float("nan"), float("nan"), np.float64("nan"), Decimal("NaN"), Decimal("sNaN"), pd.NA, pd.NaT, None],
]


@pytest.mark.parametrize("read", [as_level, as_id, as_moment, as_number, as_outcome, as_set, as_share, is_missing])
@pytest.mark.parametrize("values", [*EQUAL_BUT_DIFFERENT, [], list(chain(*EQUAL_BUT_DIFFERENT))])
def test_reading_each_distinct_value_once_changes_nothing(read, values):
    for cells in (values, values[::-1], values * 2, *([value, None, value] for value in values)):
        assert list(map(repr, each_once(read, cells))) == [repr(read(cell)) for cell in cells]


def test_no_number_is_nan_and_too_large_a_one_is_infinite():
    assert all(map(np.isnan, map(as_number, (None, "1", True, Decimal("sNaN"), np.timedelta64(1, "D")))))
    assert as_number(10**400) == float("inf")


def test_a_value_is_read_once():
    read = []
    assert each_once(lambda value: read.append(value) or value, ["a", "b", "a", None, "b"]) == [
        "a",
        "b",
        "a",
        None,
        "b",
    ]
    assert sorted(map(repr, read)) == ["'a'", "'b'", "None"]


@pytest.mark.parametrize("values", [*EQUAL_BUT_DIFFERENT, [], list(chain(*EQUAL_BUT_DIFFERENT))])
def test_blanked_blanks_what_is_missing_and_nothing_else(values):
    expected = [None if is_missing(value) else value for value in values]
    assert all(found is value for found, value in zip(blanked(values), expected, strict=True))
    assert blanked(values) is not values
