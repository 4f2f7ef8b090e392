"""Policies that make limits on more than 63 different sets of leads."""

import numpy as np

from leadopt import Affinity, Fairness, assign
from leadopt.matching import Status
from leadopt.problem.certify import certify
from tests.test_assign import leads_of, reps_of


def test_seventy_shares_of_hot_leads_are_seventy_sets():
    rng = np.random.default_rng(0)
    affinity = Affinity(rates=rng.random((140, 3)))
    shares = [(k + 1) / 140 for k in range(70)]
    bands = [Fairness(of="hot", hot_share=share, low=0.0, high=2.5) for share in shares]
    plan = assign(
        leads_of(140),
        reps_of(60, 60, 60),
        affinity=affinity,
        fairness=[Fairness(of="value", low=0.5, high=2.0), *bands],
    )
    assert len(plan.case.problem.counted.sets) == 71
    assert plan.status is not Status.FEASIBLE or plan.gap < 0.01
    proof = certify(plan.case.problem, plan.rep_of_lead)
    assert not proof.violations
