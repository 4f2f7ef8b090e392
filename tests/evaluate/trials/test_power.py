"""Power of a trial: against tables, and against the exact distribution of two binomials."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

import leadopt
from leadopt.evaluate import detectable_lift, leads_needed, power_of


def exact_power(n_random, n_planned, base_rate, lift, level=0.95):
    """Chance that the pooled z-test finds the lift, in its direction, summed over every outcome."""
    p0, p1 = base_rate, base_rate * (1 + lift)
    won0, won1 = np.arange(n_random + 1)[:, None], np.arange(n_planned + 1)[None, :]
    pooled = (won0 + won1) / (n_random + n_planned)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_random + 1 / n_planned))
    difference = (won1 / n_planned - won0 / n_random) * np.sign(lift)
    found = difference > norm.ppf((1 + level) / 2) * error
    return float((binom.pmf(won0, n_random, p0) * binom.pmf(won1, n_planned, p1) * found).sum())


def test_leads_needed_agree_with_the_tables():
    """Two groups of 686 for 10% against 15%, and of 387 for 50% against 60%: Fleiss, Levin & Paik, table A.4 less the
    correction for continuity."""
    assert leads_needed(0.10, 0.5) == pytest.approx(2 * 686, abs=2)
    assert leads_needed(0.50, 0.2) == pytest.approx(2 * 387, abs=2)


@pytest.mark.parametrize(
    "base_rate, lift, share", [(0.16, 0.5, 0.5), (0.3, 0.3, 0.2), (0.5, -0.2, 0.5), (0.6, 0.2, 0.3)]
)
def test_the_exact_power_at_the_leads_needed_is_what_was_asked_for(base_rate, lift, share):
    n = leads_needed(base_rate, lift, share=share)
    n_random = round(n * share)
    assert exact_power(n_random, n - n_random, base_rate, lift) == pytest.approx(0.8, abs=0.02)


@given(
    base_rate=st.floats(0.01, 0.6),
    lift=st.floats(0.05, 0.6),
    share=st.floats(0.05, 0.95),
    power=st.floats(0.5, 0.99),
    level=st.floats(0.8, 0.99),
)
def test_leads_needed_power_and_lift_are_one_formula(base_rate, lift, share, power, level):
    n = leads_needed(base_rate, lift, share=share, power=power, level=level)
    assert power_of(n, base_rate, lift, share=share, level=level) >= power - 1e-9
    if n > 2:
        assert power_of(n - 1, base_rate, lift, share=share, level=level) < power
    assert detectable_lift(n, base_rate, share=share, power=power, level=level) <= lift + 1e-9


def test_one_half_at_random_needs_the_fewest_leads():
    needed = {share: leads_needed(0.2, 0.1, share=share) for share in (0.1, 0.3, 0.5, 0.7, 0.9)}
    assert min(needed, key=needed.get) == 0.5


def test_without_a_lift_the_power_is_the_chance_of_a_false_alarm():
    assert power_of(1000, 0.2, 0.0) == pytest.approx(0.05)


def test_a_lift_that_cannot_show_is_infinite():
    assert detectable_lift(4, 0.9) == float("inf")


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: leads_needed(0.0, 0.1), "base_rate: must be a number between 0 and 1, ends excluded; found 0.0"),
        (lambda: leads_needed("a", 0.1), "base_rate: must be a number between 0 and 1, ends excluded; found 'a'"),
        (lambda: leads_needed(0.2, 0.1, share=1), "share: must be a number between 0 and 1, ends excluded; found 1"),
        (
            lambda: leads_needed(0.2, 0.1, power=1.0),
            "power: must be a number between 0 and 1, ends excluded; found 1.0",
        ),
        (lambda: power_of(10, 0.2, 0.1, level=95), "level: must be a number between 0 and 1, ends excluded; found 95"),
        (lambda: leads_needed(0.2, 0.0), "lift: must be a number other than 0, such as 0.1 for 10% more; found 0.0"),
        (lambda: leads_needed(0.2, 1e-9), "lift: 1e-09 is too small to be shown by 1,000,000,000,000 leads"),
        (
            lambda: leads_needed(0.5, 1.5),
            "lift: must be relative, as in 0.1 for 10% more, and leave a rate between 0 and 1; "
            "found 1.5 of a base rate of 0.5",
        ),
        (lambda: power_of(1, 0.2, 0.1), "n_leads: must be a whole number, 2 or more; found 1"),
        (lambda: detectable_lift(10.5, 0.2), "n_leads: must be a whole number, 2 or more; found 10.5"),
    ],
)
def test_bad_input_gets_a_sentence(call, said):
    with pytest.raises(leadopt.InvalidInput, match=f"^{re.escape(said)}$"):
        call()
