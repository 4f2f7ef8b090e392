"""Loops that numba compiles where it is installed, and that run as they are where it is not."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any


def has_numba() -> bool:
    """Return whether numba is installed; does not import it."""
    return find_spec("numba") is not None


def compiled(function: Callable[..., Any]) -> Any:
    """Return the function compiled, kept on disk where there is a place for it; as it is where numba is missing."""
    if not has_numba():
        return function
    import numba

    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # a read-only install without a home folder
        return numba.njit(nogil=True)(function)
