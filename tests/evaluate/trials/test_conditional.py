"""`exact_tails`: Fisher's test for one stratum, the sum over all tables of several, no overflow in large ones."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import fisher_exact, hypergeom, norm

from leadopt.evaluate.trials.conditional import exact_tails
from leadopt.evaluate.trials.counts import Counts


def counts(*strata):
    n1, n0, k1, k0 = np.array(strata, dtype=float).T
    return Counts(n1=n1, n0=n0, k1=k1, k0=k0)


@pytest.mark.parametrize(
    "n1, n0, k1, k0", [(216, 24, 22, 0), (7, 3, 2, 2), (5, 5, 0, 0), (4, 6, 4, 6), (300, 80, 40, 3)]
)
def test_one_stratum_is_fishers_test(n1, n0, k1, k0):
    table = [[k1, n1 - k1], [k0, n0 - k0]]
    expected = [fisher_exact(table, alternative=side).pvalue for side in ("greater", "less")]
    assert exact_tails(counts((n1, n0, k1, k0))) == pytest.approx(expected)


def test_several_strata_are_the_sum_over_all_tables():
    strata = [(4, 3, 2, 1), (5, 2, 4, 0), (3, 3, 1, 1)]
    ranges = [range(max(0, k1 + k0 - n0), min(n1, k1 + k0) + 1) for n1, n0, k1, k0 in strata]
    upper = sum(
        np.prod([hypergeom.pmf(a, n1 + n0, n1, k1 + k0) for a, (n1, n0, k1, k0) in zip(ways, strata, strict=True)])
        for ways in product(*ranges)
        if sum(ways) >= 7
    )
    assert exact_tails(counts(*strata))[0] == pytest.approx(upper)


def test_large_trials_are_as_the_normal_approximation():
    n1, n0, k1, k0 = 900_000, 100_000, 181_000, 20_000
    mean = n1 * (k1 + k0) / (n1 + n0)
    spread = np.sqrt(mean * (n0 / (n1 + n0)) * (1 - (k1 + k0) / (n1 + n0)))
    assert exact_tails(counts((n1, n0, k1, k0)))[0] == pytest.approx(norm.sf((k1 - 0.5 - mean) / spread), rel=0.02)
