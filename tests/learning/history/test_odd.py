"""Single amounts far from the others are found, wherever they hide, and ordinary ones never are."""

import numpy as np
import pytest

from leadopt.learning.value_model import ValueModel
from tests import many_seeds, seeds

FOUR = [{"source": f"s{k}"} for k in range(4)]


def floor(seed, n, noise=0.6):
    rng = np.random.default_rng([7, seed])
    source, of_source = rng.integers(0, 4, n), rng.normal(0.0, 0.6, 4)
    value = np.exp(7.0 + of_source[source] + rng.normal(0.0, noise, n))
    rows = {"source": [f"s{k}" for k in source], "rep_id": rng.integers(0, 5, n).tolist(), "converted": [1] * n}
    return rows, value, np.exp(7.0 + of_source + noise**2 / 2.0)


def error(model, truth):
    return float(np.sqrt(np.mean(np.log(model.expected(FOUR) / truth) ** 2)))


@many_seeds
@pytest.mark.parametrize("n", [3, 20, 300])
@pytest.mark.parametrize("noise", [0.05, 0.6, 2.0])
def test_ordinary_amounts_are_never_odd(n, noise):
    for seed in seeds(12, 200):
        rows, value, _ = floor(seed, n, noise)
        model = ValueModel(columns="source").fit(rows | {"value": value.tolist()})
        assert (model.n_odd_, model.notes_) == (0, [])


@many_seeds
@pytest.mark.parametrize("factor", [1e-6, 1e6, 1e-250])
@pytest.mark.parametrize("n", [20, 60, 400])
def test_odd_amounts_are_found_and_hardly_change_what_is_expected(n, factor):
    plain, robust = [], []
    for seed in seeds(8, 60):
        rows, value, truth = floor(seed, n)
        plain.append(error(ValueModel(columns="source").fit(rows | {"value": value.tolist()}), truth))
        value[:: max(1, n // 2)] *= factor  # two of them, in two places
        model = ValueModel(columns="source").fit(rows | {"value": value.tolist()})
        robust.append(error(model, truth))
        assert model.n_odd_ == 2
    assert np.mean(robust) < np.mean(plain) + (0.15 if n == 20 else 0.05)


def test_one_of_few_is_found_though_it_makes_most_of_the_scatter():
    for rest in ([5000.0, 6000.0], [4000.0, 5000.0, 6000.0]):
        model = ValueModel().fit({"value": [*rest, 0.01], "converted": [1] * (len(rest) + 1)})
        assert model.n_odd_ == 1
        assert 4000.0 < model.expected([{"x": 1}])[0] < 7000.0
    of_two = ValueModel().fit({"value": [5000.0, 0.01], "converted": [1, 1]})  # which of them is odd nobody can say
    assert of_two.n_odd_ == 0
    assert of_two.expected([{"x": 1}])[0] < 5001.0


def test_a_segment_far_from_all_others_is_none_if_two_of_its_deals_agree():
    rng = np.random.default_rng(1)
    value = np.append(np.exp(rng.normal(7.0, 0.3, 57)), [1e6, 1.1e6])
    rows = {"source": ["web"] * 30 + ["fair"] * 27 + ["key account"] * 2, "converted": [1] * 59}
    model = ValueModel(columns="source").fit(rows | {"value": value.tolist()})
    assert model.n_odd_ == 0
    assert model.expected([{"source": "key account"}])[0] > 3e5
    assert model.expected([{"source": "web"}])[0] == pytest.approx(1150.0, rel=0.15)
    alone = {name: cells[:-1] for name, cells in (rows | {"value": value.tolist()}).items()}
    assert ValueModel(columns="source").fit(alone).n_odd_ == 1


def test_what_is_frequent_is_no_slip_and_is_met_on_average():
    value = [5000.0] * 400 + [0.01] * 100
    model = ValueModel().fit({"value": value, "converted": [1] * 500})
    assert model.n_odd_ == 0
    assert model.expected([{"x": 1}])[0] == pytest.approx(np.mean(value), rel=0.05)


def test_an_odd_amount_is_told():
    value = [4000.0, 5000.0, 6000.0, 7000.0, 8000.0] * 4
    model = ValueModel().fit({"value": [*value, 0.01], "converted": [1] * 21})
    assert model.notes_ == [
        "1 won lead of history has an amount far from all that the others suggest (0.01; usual is about 5,827), and "
        "hardly counts: correct it, or leave it empty where not known"
    ]
    assert model.expected([{"x": 1}])[0] == pytest.approx(6000.0, rel=0.03)
    two = ValueModel().fit({"value": [*value * 2, 1e-9, 9e9], "converted": [1] * 42})
    assert two.notes_[0].startswith("2 won leads of history have amounts far from all that the others suggest (1e-09,")
