"""Bins hold about equally much, values that are frequent by themselves, and their names tell them apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import AffinityModel
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import binned, quantile_edges
from tests.strategies import examples


@pytest.mark.parametrize("bins", [None, {"visits": 2}, {"visits": 8}])
def test_a_column_that_is_mostly_0_has_an_edge_above_0(bins):
    rows = [
        {"rep_id": "ab"[i // 20 % 2], "visits": 0 if i % 10 else i / 7 + 1, "converted": i % 20 in (0, 3)}
        for i in range(4_000)
    ]
    model = AffinityModel(segment_by="visits", bins=bins).fit(rows)
    assert model.bins_["visits"][0] == 1.0
    chance = model.probability([{"rep_id": "a", "visits": value} for value in (0, 9)])
    assert chance == pytest.approx([1 / 18, 0.5], abs=0.02)


def test_a_frequent_value_has_a_bin_of_its_own_wherever_it_is():
    weights = np.array([10.0, 70.0, 10.0, 10.0])
    assert quantile_edges(np.array([-1.0, 5.0, 7.0, 9.0]), weights, 4) == (5.0, 7.0, 9.0)
    assert quantile_edges(np.array([1.0, 2.0, 3.0, 5.0]), weights[[0, 2, 3, 1]], 4) == (2.0, 3.0, 5.0)
    assert quantile_edges(np.array([5.0, 6.0, 7.0, 8.0]), weights[[1, 0, 2, 3]], 4) == (6.0, 7.0, 8.0)
    assert len(quantile_edges(np.array([-1.0, 5.0, 7.0, 9.0]), weights, 2)) == 1


@given(st.data())
@examples(120)
def test_bins_are_as_many_as_asked_for_at_most_and_each_holds_something(data):
    values = np.array(data.draw(st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 9.0, np.inf, np.nan]), max_size=30)))
    weights = np.array(data.draw(st.lists(st.integers(0, 5).map(float), min_size=len(values), max_size=len(values))))
    n_bins = data.draw(st.integers(2, 9))
    edges, known = quantile_edges(values, weights, n_bins), values[np.isfinite(values) & (weights > 0)]
    assert len(edges) < n_bins
    assert list(edges) == sorted(set(edges))
    held = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    assert (held > 0).all() or not len(known)
    assert (len(edges) > 0) == (len(set(known)) > 1)
    order = np.random.default_rng(0).permutation(len(values))
    assert quantile_edges(values[order], weights[order], n_bins) == edges


def test_one_number_without_end_is_a_measurement_too_and_is_told():
    sizes = [k + 0.5 for k in range(39)]
    found = read_attributes("history", {"size": [*sizes, np.inf]}, np.ones(40, dtype=np.int64))
    assert len(found.edges["size"]) == 7
    assert found.levels["size"][-1] == found.levels["size"][-2]
    assert found.notes == ["size is infinite in 1 outcome, which counts as beyond all other numbers"]
    assert binned("leads.size", [-np.inf, np.inf], (1.0, 2.0)) == ["below 1", "2 or more"]


def test_nothing_to_bin_is_told():
    found = read_attributes("history", {"size": [3.0, 3.0, None]}, np.full(3, 9), bins={"size": 4})
    assert (found.edges, found.levels["size"]) == ({"size": ()}, ["any", "any", None])
    assert found.notes == ["size holds no number but 3: there is nothing to bin"]


@pytest.mark.parametrize("n_bins", [3, 8, 20])
@pytest.mark.parametrize("often", [[0.0], [0.0, 5.0], [7.5, 0.0, 100.0]])
def test_what_is_frequent_takes_one_bin_each_and_the_rest_share_the_others(often, n_bins):
    rng = np.random.default_rng(0)
    rest = np.setdiff1d(rng.uniform(1.0, 10.0, 3_000).round(3), often)
    values = np.concatenate([rest, np.repeat(often, 12_000)])
    edges = quantile_edges(values, np.ones(len(values)), n_bins)
    assert len(edges) == n_bins - 1 or n_bins <= 2 * len(often)
    held = np.bincount(np.searchsorted(edges, rest, side="right"), minlength=len(edges) + 1)
    fair = len(rest) / (n_bins - len(often)) if n_bins > len(often) else len(rest)
    assert held.max() <= 2.1 * fair


@pytest.mark.parametrize("n_bins", [None, 8])
def test_what_bends_above_0_is_learned_though_most_are_0(n_bins):
    rng = np.random.default_rng(0)
    n = 8_000
    high = rng.random(n) < 0.5
    size = np.where(rng.random(n) < 0.9, 0.0, np.where(high, rng.uniform(100, 1_000, n), rng.uniform(1, 10, n))).round(
        2
    )
    won = rng.random(n) < np.where(size > 50, 0.8, np.where(size > 0, 0.15, 0.25))
    bins = None if n_bins is None else {"size": n_bins}
    rows = {"rep_id": ["a"] * n, "size": size.tolist(), "converted": won.astype(int).tolist()}
    model = AffinityModel(segment_by="size", bins=bins).fit(rows)
    found = model.probability([{"rep_id": "a", "size": each} for each in (0.0, 5.0, 500.0)])
    assert found.ravel() == pytest.approx([0.25, 0.15, 0.8], abs=0.1)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (3.7, '"3.7"'),
        (3, '"3"'),
        ("web", '"web"'),
        (np.inf, '"inf"'),
        (None, "empty"),
        (np.nan, "empty"),
    ],
)
def test_a_column_that_is_the_same_everywhere_is_told(cell, said):
    rows = {"rep_id": ["a", "b"] * 9, "x": [cell] * 18, "converted": [0, 0, 1] * 6}
    model = AffinityModel(segment_by="x").fit(rows)
    assert model.notes_ == [f"x is {said} in all 18 outcomes: it tells none from another"]


def test_numbers_without_an_end_alone_are_told_where_they_are_to_be_binned():
    found = read_attributes("history", {"x": [np.inf, np.inf]}, np.full(2, 9), bins={"x": 4})
    assert found.notes[0] == "x holds no finite number: there is nothing to bin"


def test_names_of_bins_have_as_many_digits_as_tell_them_apart():
    days = [20250101, 20250108, 20250115, 20250122]
    names = binned("leads.day", days, (20250108.0, 20250115.0, 20250122.0))
    assert names == ["below 20250108", "20250108 to 20250115", "20250115 to 20250122", "20250122 or more"]
    close = (1.0, 1.0 + 2**-52)
    assert len(set(binned("leads.x", [0.0, *close], close))) == 3
