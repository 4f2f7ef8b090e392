"""Products, inverses and factors are right, and the same to the last bit at any number of threads."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from leadopt.problem import linear_algebra
from leadopt.problem.linear_algebra import along_axes, applied, cholesky, inner, inverse, product, solved
from tests.strategies import examples

SIZES = [1, 25, 26, 64, 65, 300]


def random(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def definite(n: int, seed: int = 0) -> np.ndarray:
    x = random(seed, n, n)
    return x @ x.T + np.eye(n)


@examples(35)
@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 200), st.integers(0, 99))
def test_products_are_those_of_numpy(m, k, n, seed):
    a, b = random(seed, m, k), random(seed + 1, k, n)
    assert product(a, b).shape == (m, n)
    np.testing.assert_allclose(product(a, b), a @ b, atol=1e-12 * k)
    np.testing.assert_allclose(product(a, a.T), a @ a.T, atol=1e-12 * k)


@pytest.mark.parametrize(("m", "k", "n"), [(1_300, 77, 70), (70, 1_300, 77), (1_024, 1_025, 65)])
def test_a_product_by_strips_is_that_of_all_tiles_to_the_last_bit(m, k, n, monkeypatch):
    a, b = random(0, m, k), random(1, k, n)
    in_strips = product(a, b)
    monkeypatch.setattr(linear_algebra, "_STRIP", 10_048)
    assert (in_strips == product(a, b)).all()
    np.testing.assert_allclose(in_strips, a @ b, atol=1e-12 * k)


def test_a_product_of_many_rows_needs_no_more_room_than_its_result():
    a, b = random(0, 20_000, 77), random(1, 77, 77)
    tracemalloc.start()
    found = product(a, b)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1.5 * found.nbytes


@examples(30)
@given(st.integers(1, 200), st.integers(0, 99))
def test_inverse_factor_and_solution_are_those_of_numpy(n, seed):
    matrix, target = definite(n, seed), random(seed, n)
    np.testing.assert_allclose(inverse(matrix) @ matrix, np.eye(n), atol=1e-8)
    lower = cholesky(matrix)
    assert not np.triu(lower, 1).any()
    np.testing.assert_allclose(lower @ lower.T, matrix, atol=1e-10 * n)
    np.testing.assert_allclose(solved(matrix, target), np.linalg.solve(matrix, target), atol=1e-8)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("rank", [0, 1, 5, 1000])
def test_axes_have_the_eigenvalues_and_coordinates_of_numpy(n, rank):
    x, vector = random(n, n, min(n, rank)), random(n + 1, n)
    matrix = x @ x.T
    values, coordinates = along_axes(matrix, vector)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix), atol=1e-10 * n)
    # What holds of the coordinates whatever the axes of equal eigenvalues: the form of every power of the matrix.
    for power in (0, 1, 2):
        form = vector @ np.linalg.matrix_power(matrix, power) @ vector
        assert coordinates**2 @ values**power == pytest.approx(form, rel=1e-9, abs=1e-9)


def test_a_matrix_that_is_not_definite_has_no_factor():
    matrix = definite(100)
    matrix[80, 80] = -1.0
    with pytest.raises(np.linalg.LinAlgError):
        cholesky(matrix)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    "figures",
    [
        lambda matrix, wide: inverse(matrix),
        lambda matrix, wide: cholesky(matrix),
        lambda matrix, wide: solved(matrix, wide[:, 0]),
        lambda matrix, wide: product(wide, wide[:40].T),
        lambda matrix, wide: product(matrix, matrix.T),
        lambda matrix, wide: np.concatenate(along_axes(matrix, wide[:, 0])),
        lambda matrix, wide: applied(wide, np.arange(12_000.0)),
        lambda matrix, wide: np.array(inner(wide.ravel(), wide.ravel())),
    ],
)
def test_the_last_digits_do_not_depend_on_threads(figures, n):
    matrix, wide, found = definite(n), random(1, n, 12_000), set()
    for threads in (1, 2, 5):
        with threadpool_limits(threads, user_api="blas"):
            found.add(figures(matrix, wide).tobytes())
    assert len(found) == 1
