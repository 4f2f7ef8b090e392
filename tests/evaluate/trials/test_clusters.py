"""Trials of whole clusters: intervals are those that no draw rejects, and luck is not taken for lift."""

import numpy as np
import pytest

from leadopt.evaluate import measure_lift
from leadopt.evaluate.trials.clusters import Clusters, _apart, _lots, by_lot, leaving_one_out


def clusters_of(rng, planned, n_strata=1, rate=None):
    n = rng.integers(1, 20, (len(planned), n_strata)).astype(float)
    own = rng.beta(3, 6, (len(planned), 1)) if rate is None else np.full((len(planned), 1), rate)
    k = rng.binomial(n.astype(int), own).astype(float)
    whose = np.asarray(planned)[:, None]
    return Clusters(n1=n * whose, n0=n * ~whose, k1=k * whose, k0=k * ~whose)


@pytest.mark.parametrize("seed", range(6))
def test_ends_are_where_the_test_over_all_draws_begins_to_reject(seed):
    rng = np.random.default_rng(seed)
    planned = np.isin(np.arange(8), rng.choice(8, int(rng.integers(3, 6)), replace=False))
    trial = clusters_of(rng, planned, int(rng.integers(1, 3)))
    n, own = trial.n1 + trial.n0, planned[:, None] * 1.0
    lots = np.array(list(_lots(planned, n, rng)))

    def rejected(values):
        apart = _apart(lots, n, values)
        return min((apart >= apart[0] - 1e-12).mean(), (apart <= apart[0] + 1e-12).mean()) <= 0.05 + 1e-12

    (low, high), (ratio_low, ratio_high) = by_lot(trial, 0.9, rng)
    for apart in np.linspace(-1, 1, 81):
        if min(abs(apart - low), abs(apart - high)) > 1e-6:
            assert rejected(trial.k1 + trial.k0 - apart * n * own) == (not low < apart < high)
    for ratio in np.exp(np.linspace(-3, 3, 61)):
        if not rejected(trial.k0 + trial.k1 / ratio):
            assert ratio_low <= ratio + 1e-9 and ratio - 1e-9 <= ratio_high


def test_too_few_clusters_show_nothing():
    trial = clusters_of(np.random.default_rng(0), np.array([True] * 3 + [False] * 3))
    assert by_lot(trial, 0.95, np.random.default_rng(0)) == ((-1.0, 1.0), (0.0, np.inf))


def test_reps_who_differ_are_not_taken_for_lift():
    """Null trials of twelve reps of 50 leads whose rates differ widely: lead by lead one in eight says "helps"."""
    rng, by_lead, by_rep = np.random.default_rng(3), 0, 0
    for _ in range(200):
        rep = np.repeat(np.arange(12), 50)
        at_random = np.isin(rep, rng.choice(12, 6, replace=False))
        won = rng.random(600) < rng.beta(2, 6, 12)[rep]
        rows = {"group": np.where(at_random, "random", "plan").tolist(), "converted": won.tolist(), "rep": rep.tolist()}
        by_lead += measure_lift(rows).low > 0
        by_rep += measure_lift(rows, cluster_by="rep").low > 0
    assert by_lead > 0.08 * 200
    assert by_rep <= 200 * 0.025 + 3 * np.sqrt(200 * 0.025 * 0.975)


def test_leaving_one_out_is_the_jackknife():
    rng = np.random.default_rng(4)
    n1, n0 = (rng.integers(5, 30, (10, 1)).astype(float) for _ in range(2))
    k1, k0 = np.floor(n1 * 0.4), np.floor(n0 * 0.3)
    trial = Clusters(n1=n1, n0=n0, k1=k1, k0=k0)
    whole = k1.sum() / n1.sum() - k0.sum() / n0.sum()
    others = [
        (k1.sum() - k1[g, 0]) / (n1.sum() - n1[g, 0]) - (k0.sum() - k0[g, 0]) / (n0.sum() - n0[g, 0]) for g in range(10)
    ]
    reach = 2.262157 * np.sqrt(0.9 * ((np.array(others) - whole) ** 2).sum())
    assert leaving_one_out(trial, 0.95)[0] == pytest.approx((whole - reach, whole + reach), abs=1e-6)


def test_clusters_count_whatever_the_order_of_rows():
    rng = np.random.default_rng(5)
    rows = [
        {"group": "plan" if rep < 6 else "random", "converted": bool(rng.random() < 0.3), "rep": rep}
        for rep in range(12)
        for _ in range(10)
    ]
    found = measure_lift(rows, cluster_by="rep")
    assert found == measure_lift(rows[::-1], cluster_by="rep")
    assert found.n_clusters == 12 and ", reckoned by 12 clusters" in found.summary()
