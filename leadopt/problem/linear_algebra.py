"""Linear algebra whose last digits do not depend on threads, and that touches no setting of the process.

A library for linear algebra (BLAS) adds up in as many parts as it has threads, which is a setting of the whole process
that anybody may change at any time. Here it is only given pieces so small that it takes one thread for each: OpenBLAS
does so for products of up to 64 x 64 x 64, and for factors of 64 rows. Longer sums are NumPy's own, which
knows no threads.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats
from leadopt.progress import going_on, loaded

_STRIP = 1_024  # rows and terms of a product whose tiles are at hand at once, a multiple of `_SIDE`
_SIDE = 64  # of the tiles of a product, and of what is factored as it is
# Rows up to which LAPACK finds axes one by one; from there on it divides and conquers with all threads, for 30 ms and
# more where these wait for each other on a busy machine, in place of 0.1.
_PLAIN_AXES = 25
_SHORT = 1_000  # numbers whose products BLAS adds up on one thread, and sooner than NumPy does


def inner(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the inner product of two vectors.

    >>> inner(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float(a @ b if len(a) <= _SHORT else np.einsum("i,i->", a, b))


def applied(matrix: NDArray[Any], vector: NDArray[Any]) -> Floats:
    """Return a matrix times a vector.

    >>> applied(np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    return np.asarray(np.einsum("ij,j->i", matrix, vector))


def product(a: Floats, b: Floats) -> Floats:
    """Return the product of two matrices, tile by tile where it is large.

    >>> product(np.eye(2), np.array([[1.0], [2.0]]))
    array([[1.],
           [2.]])
    """
    if max(*a.shape, b.shape[1]) <= _SIDE:
        # A product with its own transpose would go to another routine, with limits of its own.
        return np.asarray(a @ (b.copy() if np.shares_memory(a, b) else b))
    going_on()
    found = np.empty((a.shape[0], b.shape[1]))
    for top in range(0, len(a), _STRIP):
        strip = a[top : top + _STRIP]
        total = np.zeros((-(-len(strip) // _SIDE), -(-b.shape[1] // _SIDE), _SIDE, _SIDE))
        for left in range(0, len(b), _STRIP):
            rows, columns = _tiles(strip[:, left : left + _STRIP]), _tiles(b[left : left + _STRIP])
            for k in range(len(columns)):
                total += rows[:, k, None] @ columns[None, k]
        whole = total.swapaxes(1, 2).reshape(total.shape[0] * _SIDE, total.shape[1] * _SIDE)
        found[top : top + _STRIP] = whole[: len(strip), : b.shape[1]]
    return found


def _tiles(matrix: Floats) -> Floats:
    """Return a matrix as tiles, (n_down, n_across, side, side), filled up with 0."""
    down, across = (-(-size // _SIDE) for size in matrix.shape)
    padded = np.zeros((down * _SIDE, across * _SIDE))
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    return padded.reshape(down, _SIDE, across, _SIDE).swapaxes(1, 2)


def inverse(matrix: Floats) -> Floats:
    r"""Return the inverse of a matrix that is symmetric and positive definite, by halves.

    .. math:: \begin{pmatrix} A & B \\ B' & C \end{pmatrix}^{-1} =
       \begin{pmatrix} A^{-1} + T S^{-1} T' & -T S^{-1} \\ -S^{-1} T' & S^{-1} \end{pmatrix}, \quad
       T = A^{-1} B, \quad S = C - B' T

    >>> inverse(np.diag([2.0, 4.0]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    n, half = len(matrix), len(matrix) // 2
    if n <= _SIDE:
        return np.asarray(np.linalg.inv(matrix))
    across = matrix[:half, half:]
    first = inverse(matrix[:half, :half])
    carried = product(first, across)
    last = inverse(matrix[half:, half:] - product(across.T, carried))
    mixed = product(carried, last)
    found = np.empty((n, n))
    found[:half, :half] = first + product(mixed, carried.T)
    found[:half, half:] = -mixed
    found[half:, :half] = -mixed.T
    found[half:, half:] = last
    return found


def cholesky(matrix: Floats) -> Floats:
    """Return the lower triangular L with ``L L' = matrix``, which is symmetric and positive definite.

    >>> cholesky(np.array([[4.0, 2.0], [2.0, 2.0]]))
    array([[2., 0.],
           [1., 1.]])
    """
    lower = np.zeros(matrix.shape)
    for start, stop in _panels(len(matrix)):
        panel = matrix[start:, start:stop] - product(lower[start:, :start], lower[start:stop, :start].T)
        corner = np.linalg.cholesky(panel[: stop - start])
        lower[start:stop, start:stop] = corner
        lower[stop:, start:stop] = product(panel[stop - start :], np.linalg.inv(corner).T)
    return lower


def choleskies(matrices: Floats) -> Floats:
    """Return `cholesky` of each of several matrices, (n_matrices, n, n).

    >>> choleskies(np.array([[[4.0]], [[9.0]]])).tolist()
    [[[2.0]], [[3.0]]]
    """
    if matrices.shape[1] <= _SIDE:
        return np.asarray(np.linalg.cholesky(matrices))
    return np.stack([cholesky(matrix) for matrix in matrices])


def solved(matrix: Floats, target: Floats) -> Floats:
    """Return x with ``matrix x = target``, of a matrix that is symmetric and positive definite.

    >>> solved(np.diag([2.0, 4.0]), np.array([2.0, 2.0]))
    array([1. , 0.5])
    """
    lower, found = cholesky(matrix), target.astype(np.float64)
    panels = [(start, stop, np.linalg.inv(lower[start:stop, start:stop])) for start, stop in _panels(len(matrix))]
    for start, stop, corner in panels:
        found[start:stop] = applied(corner, found[start:stop] - applied(lower[start:stop, :start], found[:start]))
    for start, stop, corner in reversed(panels):
        rest = found[start:stop] - applied(lower[stop:, start:stop].T, found[stop:])
        found[start:stop] = applied(corner.T, rest)
    return found


def rooted(matrices: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Return of several matrices, (n_matrices, n, n), the lower triangular L as of `cholesky`, and L^-1 times a target.

    >>> roots, found = rooted(np.array([[[4.0, 2.0], [2.0, 2.0]]]), np.array([[2.0, 3.0]]))
    >>> roots[0].tolist(), found[0].tolist()
    ([[2.0, 0.0], [1.0, 1.0]], [1.0, 2.0])
    """
    going_on()
    if matrices.shape[1] <= _SIDE:
        roots = np.linalg.cholesky(matrices)
        return np.asarray(roots), np.asarray(np.linalg.solve(roots, targets[:, :, None])[:, :, 0])
    roots, found = np.empty(matrices.shape), targets.astype(np.float64)
    for root, matrix, each in zip(roots, matrices, found, strict=True):
        root[:] = cholesky(matrix)
        for start, stop in _panels(len(root)):
            rest = each[start:stop] - applied(root[start:stop, :start], each[:start])
            each[start:stop] = np.linalg.solve(root[start:stop, start:stop], rest)
    return roots, found


def _panels(n: int) -> list[tuple[int, int]]:
    return [(start, min(start + _SIDE, n)) for start in range(0, n, _SIDE)]


def along_axes(matrix: Floats, vector: Floats) -> tuple[Floats, Floats]:
    """Return the eigenvalues of a symmetric matrix, and a vector's coordinates along its axes, but for their signs.

    A large matrix is first made tridiagonal by reflections.

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, 4th ed., algorithm 8.3.1.

    >>> along_axes(np.diag([1.0, 4.0]), np.array([3.0, 5.0]))
    (array([1., 4.]), array([3., 5.]))
    """
    if len(matrix) <= _PLAIN_AXES:
        values, axes = np.linalg.eigh(matrix)
        return values, applied(axes.T, vector)
    loaded("scipy.linalg")
    from scipy.linalg import eigh_tridiagonal

    rest, turned = matrix.copy(), vector.copy()
    off = np.zeros(len(matrix) - 1)
    for k in range(len(matrix) - 2):
        normal = rest[k + 1 :, k].copy()
        size = np.sqrt(inner(normal, normal))
        off[k] = -np.copysign(size, normal[0])
        normal[0] -= off[k]
        square = inner(normal, normal)
        if square == 0.0:
            continue
        image = applied(rest[k + 1 :, k + 1 :], normal) * (2.0 / square)
        image -= normal * (inner(image, normal) / square)
        rest[k + 1 :, k + 1 :] -= np.multiply.outer(normal, image) + np.multiply.outer(image, normal)
        turned[k + 1 :] -= normal * (2.0 * inner(normal, turned[k + 1 :]) / square)
    off[-1] = rest[-1, -2]
    values, axes = eigh_tridiagonal(np.diagonal(rest).copy(), off, lapack_driver="stemr")
    return np.asarray(values, dtype=np.float64), applied(axes.T, turned)
