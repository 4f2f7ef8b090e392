"""Pairs that break a hard limit by themselves are in no allowed answer; without them no bound is too low."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Limit
from leadopt.problem.certify import certify
from leadopt.problem.fitting import fitting
from leadopt.problem.problem import Problem
from tests.oracles import brute_force
from tests.strategies import examples, general_problems


@given(general_problems(max_leads=4), st.data())
@examples(100)
def test_what_does_not_fit_is_in_no_answer_and_the_bound_holds_at_any_prices(problem, data):
    fits, truth = fitting(problem), brute_force(problem)
    assert fitting(fits) is fits
    gone = np.isfinite(problem.affinity.dense()) & ~np.isfinite(fits.affinity.dense())
    assert gone.any() == (fits is not problem)
    assert (problem.affinity.dense()[~gone] == fits.affinity.dense()[~gone]).all()
    for lead, rep in np.argwhere(gone).tolist():
        assert not (truth.answers[truth.allowed][:, lead] == rep).any()
    if not truth.feasible:
        return
    price = st.sampled_from([-1.0, 0.0, 0.0, 0.3, 2.0])
    prices = np.array(data.draw(st.lists(price, min_size=problem.n_reps, max_size=problem.n_reps)))
    limit_prices = data.draw(st.lists(price, min_size=len(problem.limits), max_size=len(problem.limits)))
    nobody = np.full(problem.n_leads, -1, dtype=np.int64)
    assert certify(problem, nobody, prices, limit_prices).bound >= truth.best - 1e-9


def test_leads_of_one_row_go_on_sharing_it_but_for_those_that_are_too_large():
    limit = Limit(reps=[0], usage=[1.0, 5.0, 1.0, 5.0], upper=3)
    problem = Problem(affinity=[[2.0, 1.0]] * 4, capacity=4, limits=[limit], pins={3: 0})
    fits = fitting(problem)
    assert np.isneginf(fits.affinity.dense()).tolist() == [[False, False], [True, False], [False] * 2, [False] * 2]
    assert fitting(problem) is fits
    assert fitting(problem.replace(limits=[])).limits == ()
