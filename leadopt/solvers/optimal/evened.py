"""An answer under limits of any kind, searched or proven, with its loads as even as its worth and its limits allow.

Where leads gain the same with several reps, a flow over these shares them out, under the limits that nest: that is as
even as can be if the others, such as hours, happen to be kept (`equal_gains`). If they are not, and beside that,
exchanges of a few leads go on from what is there (`exchanges`); where few leads have a choice, every answer that
is as good is looked at (`every_count`). In the end, leads that are alike change places by lot.
"""

from collections.abc import Callable

import numpy as np

from leadopt.arrays import Ints
from leadopt.problem.problem import Problem
from leadopt.solvers.base import Answer
from leadopt.solvers.optimal.alike import drawn, kinds, settled_in
from leadopt.solvers.optimal.equal_gains import any_equal, as_good_in_the_pool, shared_out
from leadopt.solvers.optimal.every_count import most_even
from leadopt.solvers.optimal.exchanges import Exchanges
from leadopt.solvers.optimal.options import Options
from leadopt.solvers.optimal.standing import Standing
from leadopt.solvers.optimal.unevenness import Unevenness

_WHOLE = 20_000  # pairs up to which gains that are equal by pairs of leads alone are looked for
_LOOKED_AT = 20_000_000  # pairs up to which it is found out where each lead may go
_FEW = 3_000  # pairs up to which every answer may be looked at
_WORK, _WORK_A_PAIR, _MOST_WORK = 100_000, 30, 1_500_000  # changes that may be looked at


def evened(
    problem: Problem, answer: Answer, rng: "np.random.Generator", near: Ints | None, in_time: Callable[[], bool]
) -> Ints:
    """Return an answer of the same worth with loads as even as found, int64 (n_leads,), -1 = pool.

    Parameters
    ----------
    problem, answer
        an allowed answer; its prices need not prove it
    rng
        decides what is left: who of equal reps gets less, and which of equal leads go where
    near
        an answer whose leads stay where they can; None = leads that are alike change places by lot
    in_time
        whether there is time left
    """
    n_pairs = problem.n_leads * problem.n_reps
    free = np.flatnonzero(problem.pins < 0)
    if not len(free) or not in_time() or (n_pairs > _WHOLE and not any_equal(problem, answer.rep_of_lead)):
        return answer.rep_of_lead
    unevenness = Unevenness.of(problem, rng) if near is None else Unevenness.near(problem, near)
    kind = np.full(problem.n_leads, -1)
    kind[free] = kinds(problem, free)
    begun = answer.rep_of_lead if near is not None else shared_out(problem, answer, unevenness, rng)
    standing = Standing.of(problem, begun)
    options = Options.of(standing, answer.prices, answer.limit_prices) if n_pairs <= _LOOKED_AT else None
    exchanges = Exchanges(
        standing=standing,
        unevenness=unevenness,
        kind_of_lead=kind,
        open=None if options is None else options.of_every_lead,
        may_pool=_may_pool(problem, answer, options),
        least=_least(standing, unevenness, options),
        rng=rng,
        work=min(_WORK + _WORK_A_PAIR * n_pairs, _MOST_WORK),
        in_time=in_time,
    )
    exchanges.run()
    found = standing.answer
    if options is not None and n_pairs <= _FEW and exchanges.may_fall and in_time():
        better = most_even(standing, unevenness, options)
        found = found if better is None else np.where(better == problem.n_reps, -1, better)
    found[free] = (
        drawn(kind[free], found[free], rng) if near is None else settled_in(kind[free], found[free], near[free])
    )
    return found


def _may_pool(problem: Problem, answer: Answer, options: Options | None) -> bool:
    if options is not None:
        return bool(options.open[:, -1].any())
    return bool(as_good_in_the_pool(problem, np.flatnonzero(problem.pins < 0), answer.rep_of_lead).any())


def _least(standing: Standing, unevenness: Unevenness, options: Options | None) -> float:
    """Return what no answer's unevenness can be below, as far as that is plain: all poured to one level."""
    problem = standing.problem
    if options is None:
        return 0.0
    fixed = np.bincount(problem.pins + 1, minlength=problem.n_reps + 1)[1:]
    return unevenness.least(fixed, int((~options.open[:, -1]).sum()), problem.capacity)
