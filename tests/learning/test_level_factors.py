"""Expected amounts are right where their spread or shape differs by segment, and no worse where it does not."""

import numpy as np
import pytest

from leadopt.learning import amount_effects
from leadopt.learning.level_factors import Ratios, learn_factors
from leadopt.learning.value_model import ValueModel
from leadopt.tables.amounts import Amounts
from tests import many_seeds, seeds


def price_list(rng, at):
    prices, share = np.array([99.0, 299.0, 999.0]), rng.dirichlet([1.0, 1.0, 1.0], 5)
    return np.array([rng.choice(prices, p=share[level]) for level in at]), share @ prices


def mixture(rng, at):
    share = np.array([0.05, 0.2, 0.4, 0.6, 0.3])
    large = rng.random(len(at)) < share[at]
    value = np.exp(np.where(large, 9.0, 6.0) + rng.normal(0.0, 0.3, len(at)))
    return value, (share * np.exp(9.0) + (1.0 - share) * np.exp(6.0)) * np.exp(0.045)


def gamma(rng, at):
    mean, shape = np.exp(rng.normal(7.0, 0.5, 5)), np.exp(rng.normal(0.5, 0.6, 5))
    return mean[at] * rng.gamma(shape[at], 1.0 / shape[at]), mean


def log_normal(spreads):
    def drawn(rng, at):
        mean, spread = rng.normal(7.0, 0.3, 5), np.array(spreads)
        return np.exp(mean[at] + spread[at] * rng.normal(0.0, 1.0, len(at))), np.exp(mean + spread**2 / 2.0)

    return drawn


WIDER, EQUAL = log_normal([0.3, 0.5, 0.7, 0.9, 1.2]), log_normal([0.9] * 5)
ONE_WIDER = log_normal([0.5, 0.5, 0.5, 0.5, 0.9])
LEADS = [{"source": f"s{k}"} for k in range(5)]


def history(world, seed, n, unit=1.0):
    """Won leads of five sources, and what each is truly worth on average."""
    rng = np.random.default_rng([seed, n])
    at = rng.permutation(np.arange(n) % 5)
    value, truth = world(rng, at)
    return {"source": [f"s{k}" for k in at], "value": (value * unit).tolist(), "converted": [1] * n}, truth


def means(past):
    value, source = np.array(past["value"]), np.array(past["source"])
    return np.array([value[source == lead["source"]].mean() for lead in LEADS])


def held_and_errors(world, n, few=12, many=100):
    """Return how many 90% intervals hold the truth, and root mean squared errors, of the model and of plain means."""
    held, errors = [], []
    for seed in seeds(few, many):
        past, truth = history(world, seed, n)
        model = ValueModel(columns="source").fit(past)
        low, high = model.interval(LEADS).T
        held.append(np.mean((low <= truth) & (truth <= high)))
        errors.append([np.log(each / truth) for each in (model.expected(LEADS), means(past))])
    return np.mean(held), np.sqrt(np.square(errors).mean(axis=(0, 2)))


@many_seeds
@pytest.mark.parametrize("n", [300, 1_500])
@pytest.mark.parametrize("world", [price_list, mixture, gamma, WIDER, ONE_WIDER, EQUAL])
def test_intervals_hold_the_truth_and_estimates_are_as_close_as_means_whatever_differs(world, n):
    """Spreads of .3 to 1.2 were expected to be worth the same, and a tenth of the intervals held the truth."""
    held, (error, plain) = held_and_errors(world, n)
    assert held > 0.78
    assert error < 1.35 * plain


@many_seeds
@pytest.mark.parametrize("n", [20, 50, 300])
def test_nothing_is_lost_where_spreads_are_equal(n, monkeypatch):
    _, (error, _) = held_and_errors(EQUAL, n, 30)
    monkeypatch.setattr(amount_effects, "learn_factors", lambda *_: None)
    _, (without, _) = held_and_errors(EQUAL, n, 30)
    assert error < 1.05 * without


@pytest.mark.parametrize("unit", [100.0, 1e-9, 1e60, 1e-140])
@pytest.mark.parametrize("world", [price_list, mixture, ONE_WIDER])
def test_the_unit_of_amounts_makes_no_difference(world, unit):
    one, other = (ValueModel(columns="source").fit(history(world, 3, 300, each)[0]) for each in (1.0, unit))
    assert one._amounts.factors is not None
    np.testing.assert_allclose(other.expected(LEADS), unit * one.expected(LEADS), rtol=1e-4)
    np.testing.assert_allclose(other.interval(LEADS), unit * one.interval(LEADS), rtol=1e-4)


@pytest.mark.parametrize("odd", [1e6, 1e9])
def test_one_odd_amount_makes_no_factor(odd):
    past, _ = history(EQUAL, 1, 300)
    before = ValueModel(columns="source").fit(past).expected(LEADS)
    past["value"][7] = odd
    after = ValueModel(columns="source").fit(past).expected(LEADS)
    np.testing.assert_allclose(after, before, rtol=0.1)


def test_two_columns_of_which_one_has_the_spread_and_the_other_the_mean():
    rng = np.random.default_rng(0)
    a, b, rep = rng.integers(0, 4, 4_000), rng.integers(0, 3, 4_000), rng.integers(0, 8, 4_000)
    spread, mean = np.array([0.3, 0.6, 0.9, 1.2]), np.array([6.0, 7.0, 8.0])
    value = np.exp(mean[b] + spread[a] * rng.normal(0.0, 1.0, 4_000))
    past = {"a": a, "b": b, "rep_id": rep, "value": value, "converted": np.ones(4_000, dtype=int)}
    model = ValueModel(columns=["a", "b"]).fit({name: cells.tolist() for name, cells in past.items()})
    leads = [{"a": k, "b": m} for k in range(4) for m in range(3)]
    truth = np.exp(mean + spread[:, None] ** 2 / 2.0).ravel()
    low, high = model.interval(leads).T
    np.testing.assert_allclose(model.expected(leads), truth, rtol=0.15)
    assert np.mean((low <= truth) & (truth <= high)) > 0.7


def test_log_normal_ratios_are_1_on_average_however_few_a_level_has():
    rng, n_levels = np.random.default_rng(0), 20_000
    at = np.repeat(np.arange(n_levels), 2)
    y = np.exp(rng.normal(0.0, 0.7, n_levels)[at] + rng.normal(0.0, 0.8, len(at)))  # effects that nobody has learned
    amounts = Amounts.of_rows(np.arange(len(y)), y, np.ones(len(y), dtype=bool))
    nothing = np.zeros(len(y))
    found = Ratios.of([at], [n_levels], nothing + 0.32, nothing, amounts, 0.64)
    assert found.mean.mean() == pytest.approx(1.0, abs=0.02)
    assert learn_factors([at], [n_levels], nothing + 0.32, nothing, amounts, 0.64) is None
