"""Equal inputs give equal plans to the last byte, in any thread, and no setting of the process is touched."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from leadopt import Fairness, Infeasible, InvalidInput, Policy, assign, match
from leadopt.problem.certify import Bound
from leadopt.problem.problem import Problem


def floor(seed: int = 0, n_leads: int = 60, n_reps: int = 12, n_past: int = 3_000, n_levels: int = 90):
    """Return tables whose chances rest on 90 and more effects: enough for linear algebra to take several threads."""
    rng = np.random.default_rng(seed)
    sources = [f"s{k}" for k in range(n_levels)]
    reps = {
        "rep_id": [f"r{k}" for k in range(n_reps)],
        "capacity": [6] * n_reps,
        "team": ["a", "b", "c"] * (n_reps // 3),
    }
    leads = {
        "lead_id": list(range(n_leads)),
        "source": rng.choice(sources, n_leads).tolist(),
        "value": rng.integers(1, 99, n_leads).tolist(),
    }
    history = {
        "rep_id": rng.choice(reps["rep_id"], n_past).tolist(),
        "source": rng.choice(sources, n_past).tolist(),
        "converted": (rng.random(n_past) < 0.3).tolist(),
    }
    return leads, reps, history


POLICIES = {
    "plain": Policy(segment_by=["source"]),
    "values": Policy(segment_by=["source"], fairness=Fairness(low=0.2, of="value")),
    "explore": Policy(segment_by=["source"], explore=0.5),
}


def blas() -> list[tuple[str, int]]:
    return sorted((one["filepath"], one["num_threads"]) for one in threadpool_info() if one["user_api"] == "blas")


def text(seed: int, policy: str) -> str:
    plan = assign(*floor(seed, n_leads=20 if policy == "values" else 60), policy=POLICIES[policy])
    return plan.to_json() + plan.report()


@pytest.mark.parametrize("policy", POLICIES)
def test_equal_inputs_give_equal_bytes_in_any_overlap_at_any_number_of_threads(policy):
    wanted = [text(seed, policy) for seed in (0, 1)]
    for n_threads in (1, 3):
        with threadpool_limits(n_threads, user_api="blas"), ThreadPoolExecutor(4) as pool:
            before = blas()
            assert list(pool.map(text, (0, 1, 0, 1), [policy] * 4)) == wanted * 2
            assert blas() == before


def test_calls_that_raise_leave_the_settings_of_the_process_alone():
    leads, reps, history = floor()
    before, errors, filters = blas(), np.geterr(), list(warnings.filters)

    def stop(progress):
        if progress.stage == "certify":
            raise KeyError(progress.stage)

    def work(k: int) -> type:
        try:
            if k % 3 == 0:
                assign(leads, reps, history, policy=POLICIES["plain"], on_progress=stop)
            elif k % 3 == 1:
                assign(leads, {**reps, "min_leads": [9] * 12}, history, policy=POLICIES["plain"])
            else:
                match(np.full((3, 2), np.nan), 1)
        except (KeyError, Infeasible, InvalidInput) as error:
            return type(error)
        return type(None)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(work, range(9)))
    assert found == [KeyError, Infeasible, InvalidInput] * 3
    assert (blas(), np.geterr(), list(warnings.filters)) == (before, errors, filters)


def test_a_call_within_a_call_changes_neither():
    leads, reps, history = floor()
    wanted, inside = text(0, "plain"), []

    def again(progress):
        if progress.stage == "solve" and not inside:
            inside.append(None)
            inside[0] = text(0, "plain")

    plan = assign(leads, reps, history, policy=POLICIES["plain"], on_progress=again)
    assert plan.to_json() + plan.report() == inside[0] == wanted


def test_a_bound_over_many_reps_is_the_same_at_any_number_of_threads():
    """From ten thousand reps on, BLAS would add up what they are paid on several threads, and wait for these.

    The bound itself is asked for: what is certified is added up anew, to the last digit, where rounding would show.
    """
    rng = np.random.default_rng(0)
    n_reps = 200_001
    problem, prices = Problem(affinity=rng.random((1, n_reps)), capacity=rng.integers(1, 9, n_reps)), rng.random(n_reps)

    def found(n_threads: int) -> tuple[float, float]:
        with threadpool_limits(n_threads, user_api="blas"):
            bound = Bound.at(problem, prices)
        return bound.value, bound.charged

    assert len({found(n_threads) for n_threads in (1, 2, 3, 4)}) == 1
