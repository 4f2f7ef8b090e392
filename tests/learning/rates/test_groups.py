"""Rates of groups that are drawn to each other: as far as they are alike, and limits that hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.special import betaln

from leadopt.learning.rates.groups import draw_together
from tests.strategies import examples

LEVEL = 0.9
COUNTS = st.lists(
    st.integers(0, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=8
)


def drawn(counts):
    k, n = np.array(counts, dtype=np.float64).T
    return draw_together(k, n, LEVEL)


def test_it_is_the_integral_over_mean_and_likeness():
    k, n = np.array([9.0, 1.0, 12.0]), np.array([10.0, 10.0, 20.0])

    def weighed(angle, log_c, what):
        mean, c = np.sin(angle) ** 2, np.exp(log_c)
        a, b = mean * c, (1.0 - mean) * c
        likely = np.exp((betaln(a + k, b + n - k) - betaln(a, b)).sum() + 20.0) * c**-0.5
        return likely * what((a + k) / (c + n))

    def integral(what):
        return dblquad(lambda angle, log_c: weighed(angle, log_c, what), 0.0, np.log(4096.0), 1e-6, np.pi / 2 - 1e-6)[0]

    whole = integral(lambda _: 1.0)
    truth = [integral(lambda rates, g=g: rates[g]) / whole for g in range(3)]
    assert draw_together(k, n, LEVEL).value == pytest.approx(truth, abs=0.01)


@examples(25)
@given(COUNTS)
def test_the_order_of_groups_is_nothing(counts):
    one, other = drawn(counts), drawn(counts[::-1])
    assert one.value == pytest.approx(other.value[::-1])
    assert one.low == pytest.approx(other.low[::-1], abs=1e-9)


@examples(25)
@given(COUNTS)
def test_values_are_within_their_limits(counts):
    found = drawn(counts)
    assert (found.low <= found.high).all()
    assert (found.low >= 0.0).all()
    assert (found.high <= 1.0).all()


def test_groups_that_are_alike_borrow_and_those_that_differ_keep_their_own():
    alike, apart = drawn([(8, 10)] * 12 + [(3, 5)]), drawn([(0, 40), (40, 40)] * 6 + [(3, 5)])
    assert abs(alike.value[-1] - 0.78) < 0.05
    assert abs(apart.value[-1] - 0.6) < 0.05


def test_of_a_group_without_any_the_others_tell():
    found = drawn([(8, 10)] * 12 + [(0, 0)])
    assert abs(found.value[-1] - 0.8) < 0.03
    assert found.high[-1] - found.low[-1] > found.high[0] - found.low[0]


@pytest.mark.parametrize("likeness", [10.0, 1e6])
def test_intervals_hold_the_truth_as_often_as_they_say(likeness):
    rng, hits = np.random.default_rng(4), []
    for _ in range(60):
        rate = rng.beta(0.8 * likeness, 0.2 * likeness, 12)
        n = rng.integers(3, 40, 12)
        found = draw_together(rng.binomial(n, rate).astype(np.float64), n.astype(np.float64), LEVEL)
        hits.append((found.low <= rate) & (rate <= found.high))
    assert np.mean(hits) > 0.86
