"""What answers better than a known one can afford: huge losses that none of them takes are no choices.

Losses that stand for "may not", -1e9 among gains of 1, or a pool that costs as much, leave few digits for what one
answer differs from another by: tolerances of searches are relative to them. Once an answer is known that takes none,
no better one does, and they are as good as ineligible.
"""

import numpy as np

from leadopt.arrays import Ints
from leadopt.problem.problem import Problem
from leadopt.solvers.drafts.drafts import worth

_HUGE = 10.0  # times all that best choices and the known answer come to: smaller losses leave digits enough


def affordable(problem: Problem, known: Ints) -> Problem | None:
    """Return the problem without choices that lose so much that no answer as good as an allowed one has them.

    With the best choice of every other lead, an answer with such a one is worth less than the known one: neither
    limits nor penalties add to that. None if no choice loses hugely: all are left.
    """
    gains, value = problem.affinity.dense(), worth(problem, known)
    best = np.maximum(gains.max(axis=1, initial=-np.inf), problem.reserve)
    size = float(np.abs(best).sum()) + abs(value)
    if not np.isfinite(size):
        return None
    spare = max(float(best.sum()) - value, 0.0) + _HUGE * size
    lost = gains < (best - spare)[:, None]
    lost &= np.isfinite(gains)
    pool = np.isfinite(problem.reserve) and bool((problem.reserve < best - spare).all())
    if not (pool or lost.any()):
        return None
    return problem.replace(
        affinity=np.where(lost, -np.inf, gains) if lost.any() else problem.affinity,
        reserve=-np.inf if pool else problem.reserve,
    )
