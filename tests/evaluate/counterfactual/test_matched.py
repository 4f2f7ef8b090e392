"""What matching would have brought is what it brings in truth, as far as outcomes bear it out."""

import numpy as np
import pytest

from leadopt import Affinity, AffinityModel, match
from leadopt.evaluate import backtest
from leadopt.evaluate.counterfactual.matched import Matched, Sought, _slope, beyond, mean_worth
from leadopt.learning.effects.logistic import sigmoid
from leadopt.tables import Table
from tests import many_seeds, seeds

N_REPS, N_SEGMENTS = 10, 5


def floor(seed, n, pair_sd):
    """A history whose segments are alike, and what matching with equal loads is worth in truth."""
    rng = np.random.default_rng(seed)
    rep, segment = rng.integers(N_REPS, size=n), rng.integers(N_SEGMENTS, size=n)
    rate = sigmoid(-1.0 + 0.2 * rng.normal(size=N_REPS) + pair_sd * rng.normal(size=(N_SEGMENTS, N_REPS)))
    table = {
        "rep_id": [f"r{one}" for one in rep],
        "source": [f"s{one}" for one in segment],
        "converted": (rng.random(n) < rate[segment, rep]).astype(int).tolist(),
        "at": np.datetime_as_string(np.datetime64("2025-01-01") + np.arange(n) * 300 // n).tolist(),
    }
    new = rng.integers(N_SEGMENTS, size=1000)
    best = match(Affinity(rates=rate, row=new), 100).rep_of_lead
    return table, float(rate[new, best].sum() / rate[new].mean(axis=1).sum() - 1.0)


def test_matching_keeps_the_loads_and_takes_the_best_pairs():
    table, _ = floor(0, 600, 0.8)
    history = Table(table, "history")
    model = AffinityModel(segment_by="source").fit(table)
    rep, rows = np.array([int(one[1:]) for one in table["rep_id"]]), np.arange(100, 300)
    sought = Sought.none(600)
    sought.match(model, history.take(rows), [f"r{k}" for k in range(N_REPS)], rep, rows)
    assert np.bincount(sought.rep[rows]).tolist() == np.bincount(rep[rows]).tolist()
    assert (np.delete(sought.rep, rows) == -1).all()
    leads = {"rep_id": [f"r{k}" for k in sought.rep[rows]], "source": [table["source"][k] for k in rows]}
    assert sought.chance[rows] == pytest.approx(model.probability(leads))
    assert sought.chance[rows].sum() >= model.probability(history.take(rows)).sum()


@many_seeds
def test_what_came_true_is_all_of_what_chances_promise_where_pairs_differ():
    """Four slopes of error .15 to .2 average 1 but for .25 (3 errors)."""
    true, told = [], []
    for seed in seeds(4, 30):
        table, gain = floor(seed, 3000, 0.5)
        found = backtest(table, segment_by="source").matched
        true.append(gain)
        told.append(found.came_true)
        assert 0.3 * gain < found.share < 1.3 * gain
        assert found.interval[0] <= found.share <= min(found.interval[1], max(found.promised, 0.0))
        assert not found.disagree
    assert np.mean(told) == pytest.approx(1.0, abs=0.25)
    assert np.mean(true) > 0.1


@pytest.mark.parametrize("came_true", [-2.0, 0.0, 0.6, 1.0, 3.5])
def test_an_interval_has_a_width_where_outcomes_show_more_than_was_promised(came_true):
    """Cut off at what was promised on both sides, 3.5 +- 1.5 times as much was told as a number that is sure."""
    told = {"n_leads": 350, "n_moved": 286, "deals": 127, "robust": 17.0, "robust_error": 20.7, "refusal": None}
    found = Matched(promised=0.034, came_true=came_true, error=1.48, level=0.9, **told)
    low, high = found.interval
    assert 0.0 <= low <= found.share <= 0.034
    assert high == pytest.approx(0.034 * min(max(1.0, came_true), max(0.0, came_true + 1.645 * 1.48)), rel=1e-3)
    assert low < high
    assert found.share == 0.034 * min(1.0, max(0.0, came_true))


@many_seeds
def test_later_blocks_that_were_learned_from_earlier_ones_do_not_make_chances_look_wrong():
    """With one projection for all blocks the slope was 1.7 too low."""
    slopes = [backtest(floor(seed, 3000, 0.15)[0], segment_by="source").matched for seed in seeds(3, 30)]
    weights = np.array([one.error**-2.0 for one in slopes])
    assert abs(np.average([one.came_true for one in slopes], weights=weights) - 1.0) < 3.0 / np.sqrt(weights.sum())


def test_sums_over_groups_are_taken_away():
    rng = np.random.default_rng(0)
    rep, kind = rng.integers(6, size=300), rng.integers(4, size=300)
    added, more = rng.normal(size=6)[rep] + rng.normal(size=4)[kind], rng.normal(size=300)
    assert beyond(added, (rep, kind)) == pytest.approx(np.zeros(300), abs=1e-7)
    assert beyond(added + more, (rep, kind)) == pytest.approx(beyond(more, (rep, kind)), abs=1e-7)
    design = np.column_stack([np.eye(6)[rep], np.eye(4)[kind]])
    assert beyond(more, (rep, kind)) == pytest.approx(more - design @ np.linalg.lstsq(design, more)[0], abs=1e-7)
    slope, error = _slope(more, 0.5 * more)
    assert (slope, error) == (pytest.approx(1.5), pytest.approx(0.5 * np.sqrt((more**4).sum()) / (more**2).sum()))
    assert np.isnan(_slope(np.zeros(5), np.ones(5))[0])


def found(**changes):
    return Matched(
        **{
            **{"n_leads": 1500, "n_moved": 900, "deals": 400, "promised": 0.1, "came_true": 0.75, "error": 0.1},
            **{"robust": 25.0, "robust_error": 20.0, "refusal": None, "level": 0.9, "worth": None},
            **changes,
        }
    )


def test_it_is_said_in_deals_and_money():
    assert found().in_words == "30 deals more than 400 (7.5%, between 5.9% and 9.1%)"
    assert found(worth=1000.0).in_words.endswith("9.1%), worth 30,000")
    assert found(came_true=-1.0, worth=1000.0).in_words == "no deal more than 400 (0.0%, between 0.0% and 0.0%)"
    assert found(came_true=float("nan"), error=float("inf")).share == 0.0
    assert "which agrees" in found().note()
    against = found(robust=-60.0)
    assert against.disagree and "which contradicts that: do not count on it before a trial" in against.note()
    unknown = found(robust=-60.0, refusal="the two agree too seldom")
    assert not unknown.disagree and unknown.note().endswith("cannot check that: the two agree too seldom.")


def test_a_won_lead_is_worth_the_mean_of_what_history_says():
    won = np.array([1.0, 0.0, 1.0, 1.0])
    assert mean_worth(Table({"value": [10, 999, None, 30]}, "history"), "value", won) == (20.0, [])
    assert mean_worth(Table({"other": [1] * 4}, "history"), "value", won) == (None, [])
    mixed = Table({"value": [1] * 4, "currency": ["EUR", "USD", "EUR", "EUR"]}, "history")
    assert mean_worth(mixed, "value", won)[1] == ["Values are in several currencies, so nothing is said of value."]
    worth, said = mean_worth(Table({"value": [-1, 2, 3, 4]}, "history"), "value", won)
    assert worth is None and said[0].startswith("Nothing is said of value: history.value, row 1: ")
