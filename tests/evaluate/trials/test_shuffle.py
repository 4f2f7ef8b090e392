"""`shuffle`: every allowed way is equally likely, where ways can be counted and where a chain is needed."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

import leadopt
from leadopt.evaluate import holdout
from leadopt.evaluate.trials import shuffle as shuffling
from leadopt.evaluate.trials.shuffle import shuffle, shuffled
from tests import many_seeds, seeds


def every_way(allowed, rep):
    """All ways to give each lead to a rep who may have it, at the loads of `rep`."""
    loads = np.bincount(rep, minlength=allowed.shape[1])
    ways = product(*(np.flatnonzero(row).tolist() for row in allowed))
    return [way for way in ways if (np.bincount(way, minlength=len(loads)) == loads).all()]


def plan_on(allowed, rep):
    """A plan that gives these leads to these reps, of whom each lead may go to some."""
    gains = np.where(allowed, 1.0, -np.inf)
    gains[np.arange(len(rep)), rep] = 2.0
    reps = [{"rep_id": f"r{j}", "capacity": int(n)} for j, n in enumerate(np.bincount(rep, minlength=allowed.shape[1]))]
    plan = leadopt.assign([{"lead_id": i} for i in range(len(rep))], reps, affinity=gains)
    assert plan.rep_of_lead.tolist() == list(rep)
    return plan


def unevenness(allowed, rep, n_draws, rng):
    """Chi-square of draws over all ways, and its degrees of freedom."""
    plan, ways = plan_on(allowed, rep), every_way(allowed, rep)
    found = Counter(
        tuple(shuffled(plan.case, plan.rep_of_lead, np.arange(len(rep)), rng).tolist()) for _ in range(n_draws)
    )
    assert set(found) <= set(ways)
    expected = n_draws / len(ways)
    return sum((found[way] - expected) ** 2 / expected for way in ways), len(ways) - 1


def random_pattern(rng, n_leads=None):
    """Leads with random reps, who may have them, and a few other pairs that are allowed."""
    n_reps, n_leads = int(rng.integers(2, 5)), n_leads or int(rng.integers(4, 8))
    rep = rng.integers(n_reps, size=n_leads)
    allowed = rng.random((n_leads, n_reps)) < rng.uniform(0.4, 0.9)
    allowed[np.arange(n_leads), rep] = True
    return allowed, rep


@many_seeds
@pytest.mark.parametrize("by_chain", [False, True])
def test_every_way_is_equally_likely_on_random_patterns(monkeypatch, by_chain):
    """Twenty-five patterns of eligibility, one joint test; by a chain alone as well, where ways could be counted."""
    if by_chain:
        monkeypatch.setattr(shuffling, "few_enough", lambda loads: False)
        monkeypatch.setattr(shuffling, "mixed", lambda chains, rounds: [chains[0].round() for _ in range(25)] and 1.0)
    rng, total, freedom, each = np.random.default_rng(1), 0.0, 0, len(seeds(4, 12))
    for _ in range(25):
        allowed, rep = random_pattern(rng)
        here, df = unevenness(allowed, rep, each * len(every_way(allowed, rep)), rng)
        total, freedom = total + here, freedom + df
    assert freedom > 200
    assert 0.0005 < chi2.sf(total, freedom) < 0.9995


def test_three_reps_who_can_only_change_in_a_circle_do():
    allowed = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=bool)
    plan, rng = plan_on(allowed, np.array([0, 1, 2])), np.random.default_rng(0)
    found = Counter(tuple(shuffled(plan.case, plan.rep_of_lead, np.arange(3), rng).tolist()) for _ in range(400))
    assert set(found) == {(0, 1, 2), (1, 2, 0)}
    assert abs(found[0, 1, 2] - 200) < 4 * 10


def test_circles_of_many_leads_mix_by_a_chain():
    """Classes AB, BC, CA of 60 leads each: no two reps can exchange, and 61 tables of counts are left."""
    allowed = np.repeat(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=bool), 60, axis=0)
    rep = np.repeat([0, 1, 2], 60)
    plan = plan_on(allowed, rep)
    drawn = [shuffle(plan.case, plan.rep_of_lead, np.arange(180), np.random.default_rng(seed)) for seed in range(24)]
    there = np.array([(answer[:60] == 0).sum() for answer, _ in drawn])
    # The number x of the first class that stays has weight C(60, x)^3: mean 30, variance close to 60 / 12.
    assert abs(there.mean() - 30) < 4 * np.sqrt(5 / 24)
    assert 2.0 < there.var() < 10.0
    assert all(mixing.n_by_chain == 180 and mixing.is_mixed for _, mixing in drawn)


@pytest.mark.parametrize("n_territories, reps_each", [(5, 5), (50, 3), (200, 2)])
def test_leads_of_a_territory_change_by_lot(n_territories, reps_each):
    """As many change as uniform has it: with m reps of two leads each, each keeps its own with the chance of 1 in m."""
    n_reps = n_territories * reps_each
    rep = np.repeat(np.arange(n_reps), 2)
    allowed = rep[:, None] // reps_each == np.arange(n_reps) // reps_each
    plan, rng = plan_on(allowed, rep), np.random.default_rng(2)
    kept = np.array(
        [(shuffled(plan.case, plan.rep_of_lead, np.arange(len(rep)), rng) == rep).mean() for _ in range(20)]
    )
    assert abs(kept.mean() - 1 / reps_each) < 4 * kept.std() / np.sqrt(20)
    assert shuffle(plan.case, plan.rep_of_lead, np.arange(len(rep)), rng)[1].n_exact == len(rep)


@given(st.integers(0, 10_000))
def test_loads_and_eligibility_are_kept_on_any_pattern(seed):
    rng = np.random.default_rng(seed)
    allowed, rep = random_pattern(rng, n_leads=int(rng.integers(2, 40)))
    plan = plan_on(allowed, rep)
    among = np.flatnonzero(rng.random(len(rep)) < 0.7)
    answer, mixing = shuffle(plan.case, plan.rep_of_lead, among, rng)
    assert allowed[np.arange(len(rep)), answer].all()
    assert (np.bincount(answer, minlength=4) == np.bincount(rep, minlength=4)).all()
    others = np.setdiff1d(np.arange(len(rep)), among)
    assert (answer[others] == rep[others]).all()
    assert mixing.n_fixed + mixing.n_exact + mixing.n_by_chain == len(among)


def test_leads_that_stay_together_change_together():
    """Three accounts of two leads and four leads alone, two reps: accounts change with accounts of as many leads."""
    leads = [{"lead_id": i, "account": f"a{i // 2}" if i < 6 else None} for i in range(10)]
    reps = [{"rep_id": r, "capacity": 5} for r in ("r0", "r1")]
    problem = leadopt.Policy(together="account")
    plan = leadopt.assign(leads, reps, affinity=np.ones((10, 2)), policy=problem)
    for seed in range(5):
        trial = holdout(leads, plan=plan, share=0.6, rng=seed)
        assert all(trial.rep_of_lead[i] == trial.rep_of_lead[i + 1] for i in (0, 2, 4))
        assert all(trial.group[i] == trial.group[i + 1] for i in (0, 2, 4))
