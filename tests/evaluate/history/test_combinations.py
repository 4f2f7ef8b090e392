"""Combinations of codes: as `numpy.unique` along the columns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from leadopt.evaluate.history.combinations import crossed


@given(
    arrays(np.int64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.integers(0, 3))
    | arrays(np.int64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.integers(0, 10**6))
)
def test_it_is_unique_along_the_columns(levels):
    cells, cell = crossed(levels)
    expected, inverse = np.unique(levels, axis=1, return_inverse=True)
    assert (cells == expected).all() and (cell == inverse.reshape(-1)).all()


def test_no_families_and_no_rows_are_legal():
    cells, cell = crossed(np.zeros((0, 3), dtype=np.int64))
    assert cells.shape == (0, 1) and cell.tolist() == [0, 0, 0]
    cells, cell = crossed(np.zeros((2, 0), dtype=np.int64))
    assert cells.shape == (2, 0) and cell.shape == (0,)
