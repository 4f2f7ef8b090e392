"""Blocks cover every row once and in order, whoever works on them."""

import threading

import numpy as np
import pytest

from leadopt.problem import blocks
from leadopt.problem.blocks import cores, over_blocks

SHAPES = [(0, 3), (1, 1), (5, 0), (7, 3), (1000, 1), (3, 10**6), (40_000, 100)]


@pytest.fixture(params=[1, 2, 5])
def n_threads(request, monkeypatch):
    monkeypatch.setattr(blocks, "cores", lambda: request.param)
    return request.param


@pytest.mark.parametrize(("n_rows", "n_columns"), SHAPES)
def test_blocks_cover_every_row_once_and_in_order(n_rows, n_columns, n_threads):
    found = over_blocks(n_rows, n_columns, lambda start, stop, _: list(range(start, stop)))
    assert [row for part in found for row in part] == list(range(n_rows))
    assert all(found)


def test_sums_do_not_depend_on_the_number_of_threads(monkeypatch):
    values = np.random.default_rng(0).lognormal(size=(30_000, 50))
    sums = set()
    for n in (1, 2, 3, 8):
        monkeypatch.setattr(blocks, "cores", lambda n=n: n)
        sums.add(tuple(over_blocks(*values.shape, lambda start, stop, _: values[start:stop].sum())))
    assert len(sums) == 1


@pytest.mark.parametrize(("n_rows", "n_columns"), SHAPES)
def test_scratch_has_the_shape_of_its_block(n_rows, n_columns, n_threads):
    def fits(start, stop, scratch):
        return scratch.shape == (stop - start, n_columns) and scratch.dtype == np.float64

    assert all(over_blocks(n_rows, n_columns, fits))


def test_scratch_is_its_blocks_own(n_threads):
    def keeps(start, stop, scratch):
        scratch[:] = start
        threading.Event().wait(0.001)  # another thread's turn
        return bool((scratch == start).all())

    assert all(over_blocks(20_000, 100, keeps))


@pytest.mark.parametrize("n_rows", [10, 40_000])
def test_errors_reach_the_caller(n_rows, n_threads):
    def fail(start, stop, _):
        if stop == n_rows:
            raise ValueError("the last block")
        return start

    with pytest.raises(ValueError, match="the last block"):
        over_blocks(n_rows, 100, fail)


def test_little_work_stays_in_the_callers_thread(n_threads):
    assert set(over_blocks(1000, 10, lambda start, stop, _: threading.get_ident())) == {threading.get_ident()}


def test_much_work_leaves_the_callers_thread_where_there_are_cores(n_threads):
    found = set(over_blocks(40_000, 100, lambda start, stop, _: threading.get_ident()))
    assert (found == {threading.get_ident()}) == (n_threads == 1)


def test_there_are_one_to_eight_cores(monkeypatch):
    assert 1 <= cores() <= 8
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    for n, expected in ((None, 1), (3, 3), (64, 8)):
        monkeypatch.setattr("os.cpu_count", lambda n=n: n)
        assert cores() == expected
