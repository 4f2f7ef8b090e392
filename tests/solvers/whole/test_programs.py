"""Programs in whole numbers: both searches against every answer there is."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from leadopt.problem.problem import ROUNDING
from leadopt.solvers.whole.branch_and_bound import branched
from leadopt.solvers.whole.exact import WholeProgram
from tests.strategies import examples


def made(seed, unit=1.0):
    """A program of two to five leads with one to four options each, hard and soft rows, in some unit."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 5, rng.integers(2, 6))
    first = np.concatenate([[0], np.cumsum(counts)])
    n, k = int(first[-1]), int(rng.integers(1, 4))
    used = rng.integers(0, 6, (k, n)) * unit
    loads = used[:, first[:-1] + rng.integers(0, counts)].sum(axis=1)
    lower = np.where(rng.random(k) < 0.5, loads * rng.choice([0.5, 1.0], k), 0.0)
    upper = np.where(rng.random(k) < 0.7, loads * rng.choice([1.0, 1.2], k), np.inf)
    penalty = np.where(rng.random(k) < 0.6, np.inf, rng.integers(1, 4, k) / unit)
    gain = rng.integers(-5, 10, n).astype(float)
    wider = np.isinf(penalty) * ROUNDING
    return WholeProgram(
        first=first,
        gain=gain,
        used=csr_array(used),
        lower=lower * (1 - wider),
        upper=upper * (1 + wider),
        penalty=penalty,
    )


def worth(program, at):
    load = program.used[:, np.array(at)].sum(axis=1)
    beyond = np.maximum(np.maximum(load - program.upper, program.lower - load), 0.0)
    hard = np.isinf(program.penalty)
    if (beyond[hard] > 0).any():
        return -np.inf
    return float(program.gain[list(at)].sum() - (program.penalty[~hard] * beyond[~hard]).sum())


def best(program):
    spans = [range(a, b) for a, b in zip(program.first[:-1], program.first[1:], strict=True)]
    return max(worth(program, at) for at in product(*spans))


@given(st.integers(0, 2**32), st.sampled_from([1.0, 1e-9, 1 / 3, 1e11]))
@examples(40)
def test_the_exact_search_finds_what_is_best_in_any_unit(seed, unit):
    program = made(seed, unit)
    found = program.solved(program.first[:-1], most_work=5.0, left_s=np.inf)
    assert found.complete
    if found.at is None:
        assert best(program) == -np.inf
    else:
        assert worth(program, found.at) == pytest.approx(best(program), rel=1e-9, abs=1e-9)


def exact_worth(program, at):
    """What an answer is worth, in fractions; None if it breaks a hard row."""
    total = sum((Fraction(float(program.gain[option])) for option in at), Fraction(0))
    for used, lower, upper, penalty in zip(
        program.used.toarray(), program.lower, program.upper, program.penalty, strict=True
    ):
        load = sum((Fraction(float(used[option])) for option in at), Fraction(0))
        over = load - Fraction(float(upper)) if np.isfinite(upper) else Fraction(0)
        beyond = max(over, Fraction(float(lower)) - load, Fraction(0))
        if np.isinf(penalty) and beyond:
            return None
        total -= 0 if np.isinf(penalty) else Fraction(float(penalty)) * beyond
    return total


@given(st.integers(0, 2**32))
@example(52)  # what CP-SAT calls best is 1.5e15 worse, unless a step of its presolve is off
@example(654)
@examples(30)
def test_gains_and_penalties_forty_orders_apart_are_told_from_each_other(seed):
    """Half of the gains, amounts and penalties are huge, as big as each other or not, and seldom count in the end."""
    rng = np.random.default_rng(seed)
    plain = made(seed)
    n, k = len(plain.gain), plain.used.shape[0]
    sizes = [1.0, 1e-6, 1e-12, 1e12] if rng.random() < 0.5 else [1.0, 1.0, 1e9]
    used = plain.used.toarray() * rng.choice(sizes, (k, 1)) * rng.choice([1.0, 1.0, 1e6, 0.1], (k, n))
    at = plain.first[:-1] + rng.integers(0, np.diff(plain.first))
    loads = used[:, at].sum(axis=1)
    penalty = rng.integers(1, 4, k) * rng.choice(sizes, k) * rng.choice([1.0, 1 / 7, np.inf], k)
    wider = np.isinf(penalty) * ROUNDING
    program = WholeProgram(
        first=plain.first,
        gain=plain.gain * rng.choice(sizes, n) * rng.choice([1.0, 1 / 3], n),
        used=csr_array(used),
        lower=np.where(plain.lower > 0, loads * rng.choice([0.5, 1.0], k), 0.0) * (1 - wider),
        upper=np.where(np.isfinite(plain.upper), loads * rng.choice([1.0, 1.2], k), np.inf) * (1 + wider),
        penalty=penalty,
    )
    spans = [range(a, b) for a, b in zip(program.first[:-1], program.first[1:], strict=True)]
    worths = {at: exact_worth(program, at) for at in product(*spans)}
    # The bounds are wider by what rounding may move a load: an answer in between may be found or not.
    strict = replace(program, lower=program.lower * (1 + wider), upper=program.upper * (1 - wider))
    known = [value for at in worths if (value := exact_worth(strict, at)) is not None]
    found = program.solved(None, most_work=5.0, left_s=np.inf)
    if not found.complete:
        soft, most_used = np.isfinite(program.penalty), program.used.max(axis=1).toarray().reshape(-1)
        most = np.abs(program.gain).sum() + (program.penalty[soft] * most_used[soft]).sum()
        assert most > 2.0**70 * np.abs(program.gain[found.at]).sum()
        return
    if found.at is None or worths[tuple(found.at.tolist())] is None:
        assert not known or found.at is not None  # a hard row may be missed by a rounding
        return
    mine = worths[tuple(found.at.tolist())]
    best = max(known, default=mine)
    size = sum(abs(Fraction(float(program.gain[option]))) for option in found.at)
    assert best - mine <= Fraction(1, 10**9) * (size + abs(best))


@given(st.integers(0, 2**32), st.sampled_from([1.0, 1e-9, 1e11]))
@examples(40)
def test_branch_and_bound_does_too_where_numbers_are_near(seed, unit):
    program = made(seed, unit)
    found = branched(program, program.first[:-1], most_nodes=1_000, left_s=10.0)
    if found.at is None:
        assert best(program) == -np.inf
        assert not found.complete  # which an exact search has to say
    elif found.complete:
        assert worth(program, found.at) == pytest.approx(best(program), rel=1e-6, abs=1e-6)


@given(st.integers(0, 2**32))
@examples(30)
def test_a_row_that_no_option_takes_anything_of_changes_nothing(seed):
    """Hard or soft; without a warning that nothing times an infinite penalty is no number."""
    program = made(seed)
    idle = replace(
        program,
        used=csr_array(np.vstack([program.used.toarray(), np.zeros((2, len(program.gain)))])),
        lower=np.append(program.lower, [0.0, 0.0]),
        upper=np.append(program.upper, [1.0, 0.0]),
        penalty=np.append(program.penalty, [np.inf, 1.0]),
    )
    found, same = (branched(one, program.first[:-1], most_nodes=1_000, left_s=10.0) for one in (program, idle))
    assert (found.at is None) == (same.at is None)
    if found.at is not None and found.complete and same.complete:
        assert worth(idle, same.at) == pytest.approx(worth(program, found.at), rel=1e-6, abs=1e-6)


def test_branch_and_bound_claims_nothing_where_numbers_are_far_apart():
    used = csr_array(np.array([[1e9, 0.0, 1.0, 0.0]]))
    program = WholeProgram(
        first=np.array([0, 2, 4]),
        gain=np.array([5.0, 0.0, 1.0, 0.0]),
        used=used,
        lower=np.zeros(1),
        upper=np.array([1e9]),
        penalty=np.array([np.inf]),
    )
    assert not branched(program, np.array([1, 3]), most_nodes=100, left_s=10.0).complete
    assert program.solved(None, most_work=1.0, left_s=10.0) == (pytest.approx([0, 3]), True)


@pytest.mark.parametrize(("most_work", "left_s"), [(5.0, -0.001), (-1.0, 5.0), (0.0, 0.0)])
def test_time_that_has_run_out_meanwhile_ends_a_search_and_is_no_fault(most_work, left_s):
    rng = np.random.default_rng(0)
    first = np.arange(0, 61, 3)
    program = WholeProgram(
        first=first,
        gain=rng.random(60),
        used=csr_array(rng.random((2, 60))),
        lower=np.zeros(2),
        upper=np.full(2, 6.0),
        penalty=np.full(2, np.inf),
    )
    assert not program.solved(None, most_work=most_work, left_s=left_s).complete


@pytest.mark.parametrize("lower", [0.5, 0.7, 2.0, 3.0])
@pytest.mark.parametrize("n_leads", [1, 3, 5, 13])
def test_one_lead_that_takes_more_than_a_minimum_is_enough_for_it(n_leads, lower):
    # It counts as the minimum itself, and rounding to steps must not leave that a step short.
    gain, used = np.zeros(2 * n_leads), np.zeros((1, 2 * n_leads))
    gain[::2], used[0, ::2] = -np.arange(1.0, n_leads + 1), 1.7 * lower
    program = WholeProgram(
        first=np.arange(0, 2 * n_leads + 1, 2),
        gain=gain,
        used=csr_array(used),
        lower=np.array([lower * (1 - ROUNDING)]),
        upper=np.array([np.inf]),
        penalty=np.array([np.inf]),
    )
    found = program.solved(None, most_work=5.0, left_s=np.inf)
    assert found.complete
    assert gain[found.at].tolist() == [-1.0, *[0.0] * (n_leads - 1)]


@pytest.mark.parametrize("gains_differ", [0.0, 1e-13], ids=["coarse steps", "fine steps"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("n_options", [2, 15, 40, 400])
def test_leads_may_have_any_number_of_options(n_options, sign, gains_differ):
    # One of each lead's counts, but the backend adds all of them up: 32 options of about the same gain were too many.
    n_leads = 3
    gain = sign * np.tile(1 / 3 + np.arange(n_options) * (gains_differ or 1e-3), n_leads)
    used = np.zeros((1, len(gain)))
    used[0, n_options - 1 :: n_options] = 1.0
    program = WholeProgram(
        first=n_options * np.arange(n_leads + 1),
        gain=gain,
        used=csr_array(used),
        lower=np.zeros(1),
        upper=np.ones(1),
        penalty=np.array([np.inf]),
    )
    found = program.solved(None, most_work=5.0, left_s=np.inf)
    assert found.complete
    assert sorted(found.at % n_options) == ([n_options - 2, n_options - 2, n_options - 1] if sign == 1 else [0, 0, 0])
