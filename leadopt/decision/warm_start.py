"""Solving once more after a small change: on the pairs that the last prices leave open, proved on all of them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leadopt.errors import Infeasible
from leadopt.matching import Match, Status, solve
from leadopt.problem.blocks import over_blocks
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.problem.reduced_gains import reduced_gains
from leadopt.progress import OnProgress
from leadopt.solvers import MinCostFlow
from leadopt.solvers.flow.equal_leads import few_kinds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_OPTIONS = (6, 18)  # reps that each lead keeps, by reduced gain: at first, and where that was too few
_FEW_PAIRS, _MANY_PAIRS = 50_000, 20_000_000  # below, there is little to save; above, a pruned copy is too large


def solve_again(
    problem: Problem,
    prices: Floats,
    limit_prices: Floats,
    *,
    rng: "int | np.random.Generator" = 0,
    on_progress: OnProgress | None = None,
) -> Match:
    r"""Return what `solve` does, sooner where the prices are about right.

    Each lead keeps the few reps with the greatest reduced gain

    .. math:: gain_{ij} - p_j - \sum_{k \ni ij} usage_{kij} q_k

    and the flow over these pairs alone gives an answer and new prices. If they certify the answer as the best of the
    whole problem, that is the proof, as in any other solve; else each lead keeps more, and in the end all.

    Parameters
    ----------
    prices, limit_prices
        of a similar problem with as many reps and limits; they may save time and never change what is proved

    Notes
    -----
    Only nested limits over many distinct leads gain by it: capacities alone have `Auction`, which takes prices itself.
    """
    if _is_worth_it(problem) and len(limit_prices) == len(problem.limits):
        for n_options in _OPTIONS:
            if 2 * n_options >= problem.n_reps:
                break
            found = _solve_pruned(problem, prices, limit_prices, n_options, rng, on_progress)
            if isinstance(found, Match):
                return found
            prices, limit_prices = found
    return solve(problem, rng=rng, prices=prices, on_progress=on_progress)


def _is_worth_it(problem: Problem) -> bool:
    n_pairs = problem.n_leads * problem.n_reps
    if not problem.limits or not _FEW_PAIRS <= n_pairs <= _MANY_PAIRS:
        return False
    return MinCostFlow().refuses(problem) is None and not few_kinds(problem.affinity)


def _solve_pruned(
    problem: Problem,
    prices: Floats,
    limit_prices: Floats,
    n_options: int,
    rng: "int | np.random.Generator",
    on_progress: OnProgress | None,
) -> Match | tuple[Floats, Floats]:
    """Return the best match of the whole problem if a few options of each lead suffice, else better prices."""
    try:
        found = solve(_pruned(problem, prices, limit_prices, n_options), rng=rng, on_progress=on_progress)
    except Infeasible:
        return prices, limit_prices
    proof = certify(problem, found.rep_of_lead, found.prices, found.limit_prices)
    if not proof.optimal:
        return found.prices, found.limit_prices
    return replace(
        found,
        problem=problem,
        objective=proof.objective,
        bound=proof.bound,
        gap=proof.gap,
        status=Status.OPTIMAL,
        stats=found.stats | {"options": n_options},
    )


def _pruned(problem: Problem, prices: Floats, limit_prices: Floats, n_options: int) -> Problem:
    """Return the problem with the few best pairs of each lead alone, its pin, and those of reps without a slot."""
    rest = problem.n_reps - n_options
    closed = problem.capacity == 0  # they take part in no answer, and their price rests on all their pairs

    def prune(start: int, stop: int, scratch: Floats) -> Floats:
        leads = np.arange(start, stop)
        reduced = reduced_gains(problem, leads, prices, limit_prices)
        rates = problem.affinity.of(leads)
        worst = np.argpartition(reduced, rest, axis=1)[:, :rest]
        out = np.zeros(rates.shape, dtype=np.bool_)
        np.put_along_axis(out, worst, values=True, axis=1)
        out[:, closed] = False
        pinned = np.flatnonzero(problem.pins[start:stop] >= 0)
        out[pinned, problem.pins[start:stop][pinned]] = False
        rates[out] = -np.inf
        return rates

    rates = np.concatenate(over_blocks(problem.n_leads, problem.n_reps, prune))
    return problem.replace(affinity=Affinity(rates=rates))
