"""Limits of rates: of many at once as of each, and of a difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.rates.intervals import difference_ends, wilson, wilson_of_each

RATES = st.lists(
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=9
)


@given(RATES, st.sampled_from([0.8, 0.9, 0.95]))
def test_limits_of_many_rates_are_those_of_each(rates, level):
    k, n = np.array(rates, dtype=np.float64).T
    lows, highs = wilson_of_each(k, n, level)
    for row, (each_k, each_n) in enumerate(rates):
        assert (lows[row], highs[row]) == pytest.approx(wilson(each_k, each_n, level))


@given(RATES)
def test_limits_lie_on_both_sides_of_the_rate(rates):
    for k, n in rates:
        low, high = wilson(k, n, 0.9)
        assert 0.0 <= low <= k / n + 1e-12
        assert k / n - 1e-12 <= high <= 1.0


def test_a_difference_turned_round_has_the_opposite_limits():
    one, other = (0.5, 0.4, 0.62), (0.3, 0.25, 0.4)
    low, high = difference_ends(one, other)
    assert difference_ends(other, one) == pytest.approx((-high, -low))
