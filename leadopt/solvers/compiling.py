"""Loops that numba compiles where it is installed, and that run as they are where it is not."""

from collections.abc import Callable
from typing import Any

from leadopt.solvers.sampling import has_numba


def _as_given(function: Callable[..., Any]) -> Any:
    return function


if has_numba():
    from leadopt.solvers.kernels import compiled
else:
    compiled = _as_given

__all__ = ["compiled"]
