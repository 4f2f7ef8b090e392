"""The covariance by blocks, against plain inverses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.effects import crossed as linear
from leadopt.learning.effects import nested
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.families import Family, fit_chances
from leadopt.learning.effects.nested import Nest
from tests.strategies import examples

PAIRS = ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2))


def drawn(seed, n_reps, sizes, n_cells, pairs=PAIRS):
    """Cells of reps by two columns, and the families of these pairs; a rep's levels need not be all there."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(size, size=n_cells) for size in (n_reps, *sizes)]
    families = [Family.of(pair, codes, [n_reps, *sizes]) for pair in pairs]
    levels = np.array([family.find(codes) for family in families])
    return levels, tuple(len(family.keys) for family in families), rng, families


def covariance(crossed, weights, precisions):
    design = np.zeros((crossed.places.shape[1], crossed.n_effects))
    design[np.arange(len(design))[None, :], crossed.places] = 1.0
    return design, np.linalg.inv(design.T @ np.diag(weights) @ design + np.diag(precisions))


@examples(50)
@given(
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.tuples(st.integers(1, 4), st.integers(1, 3)),
    st.integers(1, 40),
    st.lists(st.sampled_from(PAIRS), min_size=1, max_size=6, unique=True),
    st.booleans(),
)
def test_blocks_are_the_inverse(seed, n_reps, sizes, n_cells, pairs, thin):
    levels, found, rng, _ = drawn(seed, n_reps, sizes, n_cells, pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "MOST_DENSE", 0)
        patch.setattr(nested, "_SPARSE", 0.0 if thin else np.inf)
        crossed = Crossed.of(levels, found)
        assert crossed.nest.is_thin == thin
        weights, precisions = rng.gamma(1.0, 3.0, n_cells), rng.gamma(2.0, 1.0, crossed.n_effects)
        solved = crossed.solved(weights, precisions)
    design, right = covariance(crossed, weights, precisions)
    target = rng.normal(size=crossed.n_effects)
    assert solved.times_inverse(target) == pytest.approx(right @ target, abs=1e-8)
    assert solved.variances() == pytest.approx(np.diagonal(right), abs=1e-8)
    assert solved.cell_variance() == pytest.approx(np.einsum("ij,jk,ik->i", design, right, design), abs=1e-8)
    for part, scatter in zip(crossed.slices, solved.scatter(), strict=True):
        assert scatter == pytest.approx(right[part, part], abs=1e-8)
    for family, part in enumerate(crossed.slices):
        known = right[0, 0] + 2.0 * right[0, part] + np.diagonal(right)[part]
        assert solved.with_base(family, 0.5) == pytest.approx([*known, right[0, 0] + 0.25], abs=1e-8)
    # Any level beside any other, seen together or not, and levels never seen.
    asked = [rng.integers(size + 1, size=30) for size in found]
    total = np.zeros((30, crossed.n_effects + 1))
    total[:, 0] = 1.0
    for start, size, level in zip(crossed.starts[1:], found, asked, strict=True):
        total[np.arange(30), np.where(level < size, start + level, crossed.n_effects)] += 1.0
    total = total[:, :-1]
    mean, variance = solved.sum_of(target, asked)
    assert mean == pytest.approx(total @ target)
    assert variance == pytest.approx(np.einsum("ij,jk,ik->i", total, right, total), abs=1e-8)


@pytest.mark.parametrize("thin", [True, False])
def test_what_only_draws_need_is_let_go_and_worked_out_anew_to_the_last_bit(thin, monkeypatch):
    levels, sizes, rng, _ = drawn(3, 40, (5, 4), 700)
    monkeypatch.setattr(linear, "MOST_DENSE", 0)
    monkeypatch.setattr(nested, "_SPARSE", 0.0 if thin else np.inf)
    crossed = Crossed.of(levels, sizes)
    solved = crossed.solved(rng.gamma(1.0, 3.0, 700), rng.gamma(2.0, 1.0, crossed.n_effects))
    light, target = solved.for_sums(), rng.normal(size=crossed.n_effects)
    asked = [rng.integers(size + 1, size=300) for size in sizes]  # levels of several reps among them
    assert light.blocks.known is None
    for one, other in (
        (solved.sum_of(target, asked)[1], light.sum_of(target, asked)[1]),
        (solved.cell_variance(), light.cell_variance()),
        (solved.times_inverse(target), light.times_inverse(target)),
        (solved.draw(5, np.random.default_rng(0)), light.draw(5, np.random.default_rng(0))),
        *zip(solved.scatter(), light.scatter(), strict=True),
    ):
        assert (one == other).all()


def test_a_mixture_and_a_fit_keep_one_covariance_of_rows_with_the_rest():
    """Of 1,000 reps by two columns each node of eight had two such tables, and a fit those of its last three steps."""
    rng = np.random.default_rng(0)
    codes = [rng.integers(size, size=4_000) for size in (90, 6, 5)]
    tried, fits = np.ones(4_000), list[Crossed]()
    solve = Crossed.solved

    def solved(crossed, weights, precisions):
        assert crossed.blocks is None  # that of the step before is let go first
        fits.append(crossed)
        return solve(crossed, weights, precisions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Crossed, "solved", solved)
        fitted = fit_chances(codes, (90, 6, 5), 1, tried, (rng.random(4_000) < 0.3).astype(float))
    assert len(fits) > 3
    cells = fitted.mixture
    cells.logits(fitted.levels([np.zeros(1, dtype=np.int64)] * 3), np.zeros(1, dtype=np.int64))
    nodes = [cells.given(number) for number in range(cells.n_nodes)]
    assert fitted.effects.crossed.blocks.known is None
    assert [node.crossed.blocks.known for node in nodes] == [None] * cells.n_nodes


def test_draws_scatter_as_the_covariance_says(monkeypatch):
    levels, sizes, rng, _ = drawn(1, 6, (4, 3), 60)
    monkeypatch.setattr(linear, "MOST_DENSE", 0)
    crossed = Crossed.of(levels, sizes)
    weights, precisions = rng.gamma(1.0, 3.0, 60), rng.gamma(2.0, 1.0, crossed.n_effects)
    _, right = covariance(crossed, weights, precisions)
    found = crossed.solved(weights, precisions).draw(40_000, np.random.default_rng(0))
    assert np.cov(found.T) == pytest.approx(right, abs=0.03)


def test_what_a_rep_does_with_each_column_is_nested_in_the_rep():
    levels, sizes, _, families = drawn(2, 30, (5, 4), 3_000)
    nest = Nest.of(levels, sizes)
    columns = [family.columns for family in families]
    assert columns[nest.hub] == (0,)
    assert [columns[family] for family in nest.nested] == [(0,), (0, 1), (0, 2)]
    assert [-1 if family < 0 else columns[family] for family in nest.twinned] == [-1, (1,), (2,)]
    assert [columns[family] for family in nest.lone] == [(1, 2)]


def test_the_largest_family_alone_is_nested_where_nothing_else_is():
    levels, sizes, _, _ = drawn(3, 40, (6, 5), 2_000, PAIRS[:3])
    nest = Nest.of(levels, sizes)
    assert (nest.hub, nest.nested) == (0, (0,))


def test_blocks_that_would_take_too_much_are_not_taken(monkeypatch):
    levels, sizes, _, _ = drawn(4, 30, (5, 4), 3_000)
    monkeypatch.setattr(nested, "MOST_TERMS", 1_000)
    assert Nest.of(levels, sizes) is None
    monkeypatch.setattr(nested, "MOST_TERMS", 10**9)
    monkeypatch.setattr(nested, "MOST_PRODUCTS", 1_000)
    assert Nest.of(levels, sizes) is None
