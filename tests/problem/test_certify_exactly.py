"""The bound in fractions is the one that floating-point numbers come near to, and holds where these do not."""

import numpy as np
import pytest
from hypothesis import given

from leadopt.problem.certify import certify
from leadopt.problem.certify_exactly import exact_bound
from leadopt.problem.problem import Limit, Problem
from tests.strategies import examples, general_problems


@given(general_problems())
@examples(40)
def test_the_bound_in_fractions_is_that_of_the_certificate(problem):
    rng = np.random.default_rng(0)
    prices = rng.random(problem.n_reps)
    limit_prices = [
        np.clip(price, -np.inf if limit.penalty is None else -limit.penalty, limit.penalty) if np.isfinite(limit.upper)
        else min(price, 0.0) if limit.penalty is None else np.clip(price, -limit.penalty, 0.0)
        for limit, price in zip(problem.limits, rng.normal(size=len(problem.limits)).tolist(), strict=True)
    ]  # fmt: skip
    found = certify(problem, np.full(problem.n_leads, -1), prices, limit_prices).bound
    assert exact_bound(problem, prices, np.array(limit_prices, dtype=float)) == pytest.approx(found, rel=1e-9, abs=1e-9)


def test_a_bound_holds_where_prices_dwarf_what_is_gained():
    """One lead is worth 1e12 and may not be had: what is charged for it hides the gains of all others in rounding."""
    gains = np.array([[1e12, 1e12], [1e-5, 2e-5], [3e-5, 1e-5]])
    limit = Limit(leads=[0], upper=0)
    problem = Problem(affinity=gains, capacity=[2, 2], limits=[limit])
    answer = np.array([-1, 1, 0])
    found = certify(problem, answer, [0.0, 0.0], [1e12])
    assert found.bound >= found.objective == pytest.approx(5e-5)
    assert found.optimal
