"""Columns of tables cell by cell: what contradicts what, and whose fault that is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.desk.asking.cells import each
from leadopt.tables import Table
from tests.strategies import examples

DAY_FIRST, MONTH_FIRST = "13/04/2024", "04/14/2024"
EITHER, SAME, NONE = "03/04/2024", "2024-04-03", "soon"


def days(*cells):
    """What a column of days is read as, and the faults of its rows."""
    faults = {}
    table = Table({"day": list(cells)}, "reps")
    return each(table, "day", lambda part: part.days("day"), faults), faults, table.reading.notes


def test_a_cell_that_contradicts_most_is_at_fault_and_no_other():
    found, faults, notes = days(EITHER, DAY_FIRST, MONTH_FIRST, DAY_FIRST, SAME)
    assert faults == {
        2: "reps.day, row 3: '04/14/2024' is written in another way than '13/04/2024' in row 2, as most are. "
        "Write all in one way"
    }
    assert found[0] == found[4]
    assert found[2] is None
    assert not any(MONTH_FIRST in note for note in notes)


def test_where_nothing_tells_which_is_meant_both_places_are_named():
    found, faults, _ = days(EITHER, DAY_FIRST, SAME, MONTH_FIRST)
    both = "reps.day: '13/04/2024' in row 2 and '04/14/2024' in row 4 are written in two ways, and nothing tells which"
    assert faults[1] == faults[3] == f"{both} one is meant"
    assert faults.keys() == {0, 1, 3}
    assert found[2] is not None


@examples(60)
@given(st.lists(st.sampled_from([DAY_FIRST, MONTH_FIRST, SAME, NONE]), min_size=1, max_size=9))
def test_the_side_of_fewer_cells_is_at_fault(cells):
    found, faults, _ = days(*cells)
    n, m = cells.count(DAY_FIRST), cells.count(MONTH_FIRST)
    odd = {NONE} | ({DAY_FIRST} if n <= m and m else set()) | ({MONTH_FIRST} if m <= n and n else set())
    assert faults.keys() == {row for row, cell in enumerate(cells) if cell in odd}
    assert [value is None for value in found] == [cell in odd for cell in cells]
    assert all(f"row {row + 1}" in told or n == m for row, told in faults.items())


@pytest.mark.parametrize("place", range(5))
def test_numbers_with_another_mark_are_at_fault_wherever_they_stand(place):
    cells = ["1.234,5", "2", "1.000,5", "7"]
    cells.insert(place, "1,234.5")
    faults = {}
    found = each(Table({"n": cells}, "reps"), "n", lambda part: part.numbers("n").tolist(), faults)
    assert faults.keys() == {place}
    assert f"row {place + 1}: '1,234.5' is written in another way" in faults[place]
    assert [value for value in found if value is not None] == [1234.5, 2.0, 1000.5, 7.0]
    assert np.isfinite([value for value in found if value is not None]).all()
