from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.tables.cells import as_level, blanked
from leadopt.tables.cells.coded import Coded, combined, compacted, counted, crossed, first_rows

CELLS = st.lists(st.sampled_from(["a", "b", "B ", None, 1, 1.0, True, float("nan"), Decimal("1.0"), date(2026, 1, 1)]))


@given(CELLS)
def test_a_column_reads_as_its_cells_do_one_by_one(cells):
    column = Coded.of(cells)
    assert list(map(repr, column)) == list(map(repr, blanked(cells)))
    assert list(column.mapped(as_level)) == [as_level(cell) for cell in cells]
    assert sorted(set(column.code.tolist())) == list(range(len(column.cells)))


@given(CELLS, CELLS)
def test_columns_one_after_the_other_are_one(one, other):
    both = Coded.of(one).joined(Coded.of(other))
    assert list(map(repr, both)) == list(map(repr, blanked([*one, *other])))
    assert len(both.cells) == len(Coded.of([*one, *other]).cells)


def test_what_is_equal_and_read_in_two_ways_is_two_cells():
    assert Coded.of([1, True, 1.0, 1]).code.tolist() == [0, 1, 2, 0]
    assert Coded.of([Decimal("1.0"), Decimal("1.00")]).code.tolist() == [0, 1]
    assert Coded.of(["x", "x"]).cells == ["x"]


def test_rows_that_are_taken_leave_no_cell_that_none_of_them_has():
    column = Coded.of(["a", "b", "c", "a"]).take(np.array([3, 1]))
    assert (column.cells, list(column), len(column)) == (["a", "b"], ["a", "b"], 2)
    assert list(column[1:]) == ["b"] and column[0] == "a" and "c" not in column


def test_other_cells_that_are_equal_are_one():
    column = Coded.of(["Ann", "ANN", "Bo"]).replaced({"ANN": "Ann"})
    assert (column.cells, column.code.tolist()) == (["Ann", "Bo"], [0, 0, 1])
    assert column.times(np.array([2, 3, 4])).tolist() == [5, 4] and column.times().tolist() == [2, 1]
    assert column.rows_of({"Ann"}) == [0, 1] and column.rows_of(set()) == []


def test_cells_in_order_of_appearance():
    column = Coded(["x", "y", "z"], np.array([2, 0, 2, 1])).in_order()
    assert (column.cells, column.code.tolist()) == (["z", "x", "y"], [0, 1, 0, 2])


@pytest.mark.parametrize("numbers", [[], [7], [-3, 5, -3], [0, 10**12, 0]])
def test_whole_numbers_come_back(numbers):
    column = Coded.of_numbers(np.array(numbers, dtype=np.int64))
    assert column.numbers().tolist() == numbers and column.cells == sorted(set(numbers))


@given(st.lists(st.tuples(*[st.sampled_from("abc")] * 3), max_size=30), st.sampled_from([1, 2, 40_000]))
def test_combinations_are_those_of_the_rows(rows, apart):
    columns = [Coded.of(list(column)) for column in zip(*rows, strict=True)] or [Coded.of([])] * 3
    assert list(crossed(columns, len(rows))) == rows
    *cells, counts = counted(columns, len(rows), np.full(len(rows), 2))
    assert dict(zip(zip(*cells, strict=True), counts.tolist(), strict=True)) == {
        row: 2 * rows.count(row) for row in rows
    }
    assert list(zip(*cells, strict=True)) == list(dict.fromkeys(rows))
    # Codes that are far apart are sorted, and next to each other marked: the answer is the same.
    codes = [(column.code * apart, 3 * apart) for column in columns]
    first, place = combined(codes, len(rows))
    assert [rows[row] for row in first.tolist()] == sorted(set(rows), key=lambda row: [_code(columns, row)])
    assert all(rows[first[one]] == row for one, row in zip(place.tolist(), rows, strict=True))


def _code(columns, row):
    return [column.cells.index(cell) for column, cell in zip(columns, row, strict=True)]


def test_rows_without_columns_are_one_combination():
    assert crossed([], 3).cells == [()] and len(crossed([], 0).cells) == 0


@given(st.lists(st.integers(0, 50)))
def test_the_first_row_of_each_code(codes):
    first, place = compacted(np.array(codes, dtype=np.int64), 51)
    assert first.tolist() == [codes.index(code) for code in sorted(set(codes))]
    assert first_rows(place).tolist() == first.tolist()
