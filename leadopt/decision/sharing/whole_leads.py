"""Fair shares that were found as if leads could be divided, as far as whole leads reach them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leadopt.arrays import Floats
from leadopt.decision.clock import Clock
from leadopt.errors import Infeasible, SolverFailed
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.leximin.leximin import KEPT, Leximin
from leadopt.tables.text import percent

_COARSE = 1.0 - KEPT  # of a share: leads that take more may keep whole ones from what is asked for
_PARTS = (1.0, 0.95, 0.9, 0.8, 0.65, 0.5, 0.3)  # of what is asked for, tried in turn
_FOR_EACH = 1 / 4  # of the time left


def of_whole_leads(
    problem: Problem, found: Leximin, usage: "float | Floats | Affinity", clock: Clock
) -> tuple[Sequence[Limit], str]:
    """Return the limits and the note of fair shares; where leads are large, as much of each as a plan is found for.

    Parameters
    ----------
    problem
        what must hold beside them
    usage
        what is shared, as in `Limit`

    Notes
    -----
    One solve where leads take more than a hundredth of a share, and one for each part that no plan reaches.
    """
    least = min((limit.lower for limit in found.limits), default=np.inf)
    if found.method != "lp" or _largest(usage) <= _COARSE * least:
        return found.limits, found.note
    for part in _PARTS:
        asked = [replace(limit, lower=part * limit.lower) for limit in found.limits]
        whole = problem.replace(limits=(*problem.limits, *asked))
        try:
            clock.solve(whole, "fair shares of whole leads", part=_FOR_EACH, capped=True)
        except (Infeasible, SolverFailed):
            continue
        told = f"fair shares were computed as if leads could be divided; of whole ones {percent(part * KEPT)} of each"
        return asked, found.note if part == 1.0 else f"{told} is asked for"
    return (), "no fair shares of whole leads were found, and none is asked for"


def _largest(usage: "float | Floats | Affinity") -> float:
    """Return the most that one lead takes; 0 where each takes the same, which is met to one lead."""
    if isinstance(usage, float):
        return 0.0
    if isinstance(usage, Affinity):
        return float((usage.largest_of_rows()[usage.row] * usage.scale).max(initial=0.0))
    return float(np.max(usage, initial=0.0))
