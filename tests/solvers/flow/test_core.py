"""The exact core in whole numbers."""

import numpy as np
import pytest

from leadopt.solvers.flow.core import _shortened


@pytest.mark.parametrize(
    ("cost", "shorter"),
    [([0, 12, -8], [0, 3, -2]), ([2**40, -(2**62)], [1, -(2**22)]), ([5, 8], [5, 8]), ([0, 0], [0, 0]), ([], [])],
)
def test_costs_lose_the_power_of_two_that_all_share(cost, shorter):
    assert _shortened(np.array(cost, dtype=np.int64)).tolist() == shorter
