"""Loops as Python where they are compiled, and both side by side."""

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from unittest import mock

import numpy as np
import pytest

from leadopt.solvers import compiled

needs_loops = pytest.mark.skipif(not compiled.compiled(), reason="loops are not compiled here")


@contextmanager
def plain() -> Iterator[None]:
    """Run loops as Python."""
    with mock.patch.object(compiled, "loops", lambda: None):
        yield


def either(loops: bool):
    """Run loops as C or as Python; skip what would run as C where they are not compiled."""
    if loops and not compiled.compiled():
        pytest.skip("loops are not compiled here")
    return nullcontext() if loops else plain()


def entries():
    """Return every loop that is called from outside, by its name in the library."""
    modules = [import_module(name) for name in compiled.kernels()]
    found = [value for module in modules for value in vars(module).values() if hasattr(value, "plain")]
    return {compiled.kernel_name(value): value for value in found}


@contextmanager
def both() -> Iterator[Counter]:
    """Run every loop as C and as Python, and compare all that they return and write, to the bit; count the calls."""
    loops, counts = compiled.loops(), Counter()

    def run(name, function):
        def twice(arguments):
            counts[name] += 1
            kept = copy.deepcopy(arguments)
            with np.errstate(all="ignore"):
                wanted = function.plain(*kept)
            found = loops[name](arguments)
            assert bits(found) == bits(wanted), name
            assert bits(arguments) == bits(kept), name
            return found

        return twice

    shims = {name: run(name, function) for name, function in entries().items()}
    with mock.patch.object(compiled, "loops", lambda: shims):
        yield counts


def bits(value) -> object:
    """Return what tells values apart to the bit."""
    if isinstance(value, tuple):
        return tuple(bits(one) for one in value)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return value.hex()
    return None if value is None else int(value)
