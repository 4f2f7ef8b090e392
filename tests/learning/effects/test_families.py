"""Which families of effects a model has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadopt.learning.effects import crossed as linear
from leadopt.learning.effects import families
from leadopt.learning.effects.families import Family, fit_chances


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_a_family_finds_what_history_holds_and_nothing_else(cells):
    codes = [np.array(column) for column in zip(*cells, strict=True)]
    family = Family.of((0, 1), codes, [4, 5])
    found = family.find(codes)
    held = sorted(set(cells))
    assert len(family.keys) == len(held)
    assert [held[level] for level in found] == cells
    # Codes of 4 and 5 are levels that no column has.
    every = [(one, other) for one in range(5) for other in range(6)]
    asked = family.find([np.array(column) for column in zip(*every, strict=True)])
    assert [(pair in held) for pair in every] == (asked < len(held)).tolist()


def world(seed, *, pair_sd):
    """Cells of 12 reps x 5 x 4 levels whose reps differ by the first column, all else the same for all."""
    rng = np.random.default_rng(seed)
    codes = [each.ravel() for each in np.meshgrid(np.arange(12), np.arange(5), np.arange(4), indexing="ij")]
    logit = -0.5 + rng.normal(0, 0.5, 12)[codes[0]] + rng.normal(0, pair_sd, (12, 5))[codes[0], codes[1]]
    tried = np.full(len(logit), 40.0)
    return codes, tried, rng.binomial(40, 1 / (1 + np.exp(-logit))).astype(float)


@pytest.mark.parametrize("affordable", [1e9, 1.0], ids=["all pairs", "those that earn it"])
def test_the_pair_that_matters_is_found(affordable, monkeypatch):
    monkeypatch.setattr(linear, "MOST_DENSE", 5)
    monkeypatch.setattr(families, "MOST_DENSE", 5)
    monkeypatch.setattr(families, "MOST_PRODUCTS", affordable)
    codes, tried, won = world(0, pair_sd=0.8)
    fitted = fit_chances(codes, [12, 5, 4], 1, tried, won)
    found = {family.columns: spread for family, spread in zip(fitted.families, fitted.effects.spreads, strict=True)}
    assert found[0, 1].is_telling
    assert 0.5 < fitted.effects.deviations[list(found).index((0, 1))] < 1.2
    assert all(not spread.is_telling for columns, spread in found.items() if columns not in {(0,), (0, 1)})
    # What a rep does with a column stays whatever the cells say of it, a pair of the lead's columns where it is cheap.
    assert (0, 2) in found
    assert ((1, 2) in found) == (affordable > 1.0)
    assert fitted.left_out == (() if affordable > 1.0 else ((1, 2),))


def test_a_pair_of_the_leads_columns_that_matters_stays_where_all_would_take_too_long(monkeypatch):
    monkeypatch.setattr(families, "MOST_DENSE", 0)
    monkeypatch.setattr(families, "MOST_PRODUCTS", 1.0)
    rng = np.random.default_rng(3)
    codes, tried, _ = world(1, pair_sd=0.0)
    logit = rng.normal(0.0, 1.0, (5, 4))[codes[1], codes[2]]
    won = rng.binomial(40, 1 / (1 + np.exp(-logit))).astype(float)
    fitted = fit_chances(codes, [12, 5, 4], 1, tried, won)
    assert [family.columns for family in fitted.families] == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    assert fitted.left_out == ()


@pytest.mark.parametrize("most_dense", [800, 0], ids=["in full", "by blocks"])
def test_what_a_rep_does_with_a_column_is_learned_at_any_size(most_dense, monkeypatch):
    """Each of these families alone is far from telling; together they say who fits which lead."""
    monkeypatch.setattr(linear, "MOST_DENSE", most_dense)
    monkeypatch.setattr(families, "MOST_DENSE", most_dense)
    rng = np.random.default_rng(4)
    sizes = [40, 4, 3, 3]
    codes = [rng.integers(size, size=2_400) for size in sizes]
    effects = [rng.normal(0.0, 0.4, (40, size)) for size in sizes[1:]]
    logit = -0.5 + sum(effect[codes[0], code] for effect, code in zip(effects, codes[1:], strict=True))
    tried = np.full(len(logit), 3.0)
    won = rng.binomial(3, 1 / (1 + np.exp(-logit))).astype(float)
    fitted = fit_chances(codes, sizes, 1, tried, won)
    mean, _ = fitted.logits(codes, np.full(len(logit), len(logit))).normal()
    assert {(0, 1), (0, 2), (0, 3)} <= {family.columns for family in fitted.families}
    assert np.corrcoef(mean, logit)[0, 1] > 0.7


def test_a_reps_own_columns_make_no_pair_with_the_rep():
    codes, tried, won = world(2, pair_sd=0.3)
    fitted = fit_chances(codes, [12, 5, 4], 2, tried, won)
    assert [family.columns for family in fitted.families] == [(0,), (1,), (2,), (0, 2), (1, 2)]


@pytest.mark.parametrize("seed", range(3))
def test_a_column_of_one_level_leaves_the_others_be_and_a_new_level_of_it_open(seed):
    """It counted as one more column, narrowed the others' priors, and moved ends of intervals by up to .05."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(size, size=2_000) for size in (5, 4, 3)]
    logit = -1.0 + sum(rng.normal(0.0, 0.5, size)[code] for size, code in zip((5, 4, 3), codes, strict=True))
    cells, cell = np.unique(np.stack(codes), axis=1, return_inverse=True)
    won = rng.random(2_000) < 1.0 / (1.0 + np.exp(-logit))
    tried, converted = (np.bincount(cell.reshape(-1), part).astype(float) for part in (np.ones(2_000), won))
    one = np.zeros(cells.shape[1], dtype=np.int64)
    plain = fit_chances(list(cells), [5, 4, 3], 1, tried, converted)
    more = fit_chances([*cells, one], [5, 4, 3, 1], 1, tried, converted)
    spread = {family.columns: each for family, each in zip(more.families, more.effects.spreads, strict=True)}
    for family, known in zip(plain.families, plain.effects.spreads, strict=True):
        assert spread[family.columns].deviation == pytest.approx(known.deviation, rel=0.01)
    assert spread[3,].evidence == 0.0 and not spread[3,].is_telling
    rates = [
        found.logits(asked, np.arange(len(one))).rate()
        for found, asked in ((plain, list(cells)), (more, [*cells, one]), (more, [*cells, one + 1]))
    ]
    ends = [
        found.logits(asked, np.arange(len(one))).normal()[1]
        for found, asked in ((plain, list(cells)), (more, [*cells, one]), (more, [*cells, one + 1]))
    ]
    assert np.abs(rates[1] - rates[0]).max() < 0.01
    assert np.abs(np.sqrt(ends[1]) / np.sqrt(ends[0]) - 1.0).max() < 0.1
    assert (ends[2] > ends[0] + 0.5).all()
