"""A function over the rows of a matrix, block by block, on every core.

A block and as much scratch fit a core's cache: memory is read once and no array of full size comes to be. NumPy lets go
of the interpreter's lock inside its loops, so that plain threads do.
"""

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from threading import Event
from typing import TypeVar

import numpy as np

from leadopt.arrays import Floats
from leadopt.progress import going_on

S = TypeVar("S")
T = TypeVar("T")

_BLOCK = 1 << 17  # cells: 1 MB of float64
_WORTH_THREADS = 1 << 20  # cells; fewer are done before threads have started
_MOST_THREADS = 8  # more share the memory's bandwidth without being faster
_RUNS_A_THREAD = 4  # so that a thread whose core is taken away holds up a quarter of its share


def over_blocks(n_rows: int, n_columns: int, work: Callable[[int, int, Floats], T]) -> list[T]:
    """Return what `work` returns for each block of rows, in order.

    Parameters
    ----------
    n_rows, n_columns
        shape of what is worked on; the columns decide how many rows make a block
    work
        takes the first row of a block, the one past its last, and scratch of the block's shape with arbitrary numbers,
        its own until it returns. Several run at a time where there is much to do

    Notes
    -----
    Blocks do not depend on the number of threads, so that sums of what is returned do not either. Each thread has one
    scratch for all its blocks: 1 MB, or one row where that is more. `np.errstate` of the caller does not reach `work`.

    Examples
    --------
    >>> over_blocks(3, 10, lambda start, stop, scratch: (start, stop, scratch.shape))
    [(0, 3, (3, 10))]
    """
    going_on()
    step = max(1, _BLOCK // max(1, n_columns))
    if 0 < n_rows <= step:
        return [work(0, n_rows, np.empty((n_rows, n_columns)))]

    left = Event()

    def run(starts: Sequence[int]) -> list[T]:
        scratch, found = np.empty((min(step, n_rows), n_columns)), []
        for start in starts:
            if left.is_set():
                break
            stop = min(start + step, n_rows)
            found.append(work(start, stop, scratch[: stop - start]))
        return found

    starts = range(0, n_rows, step)
    n_threads = min(cores(), len(starts)) if n_rows * n_columns > _WORTH_THREADS else 1
    if n_threads <= 1:
        return run(starts)
    parts = _on_threads(n_threads, left, run, _runs(starts, n_threads * _RUNS_A_THREAD))
    return [found for part in parts for found in part]


def in_parts(n_rows: int, n_columns: int, work: Callable[[int, int], None]) -> None:
    """Call `work` with the first row and the one past the last of a few parts, on every core if there is much to do.

    For compiled loops, which run without the GIL: each part is large.

    Examples
    --------
    >>> in_parts(3, 10, lambda start, stop: print(start, stop))
    0 3
    """
    n_threads = cores() if n_rows * n_columns > _WORTH_THREADS // 8 else 1
    if n_threads <= 1:
        work(0, n_rows)
        return
    n_parts = n_threads * _RUNS_A_THREAD
    cuts = [n_rows * k // n_parts for k in range(n_parts + 1)]
    _on_threads(n_threads, Event(), lambda cut: work(*cut), list(pairwise(cuts)))


def _on_threads(n_threads: int, left: Event, run: Callable[[S], T], parts: Sequence[S]) -> list[T]:
    """Return what `run` returns for each part; after Ctrl-C, only what was begun comes to an end, told by `left`."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(n_threads)
    try:
        return list(pool.map(run, parts))
    except BaseException:
        left.set()
        raise
    finally:
        pool.shutdown(wait=not left.is_set(), cancel_futures=left.is_set())


def cores() -> int:
    """Return how many threads are of use: the cores that this process may run on, 8 at most."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(found, _MOST_THREADS)


def _runs(starts: Sequence[int], n_runs: int) -> list[Sequence[int]]:
    cuts = [len(starts) * k // n_runs for k in range(n_runs + 1)]
    return [starts[low:high] for low, high in pairwise(cuts) if low < high]
