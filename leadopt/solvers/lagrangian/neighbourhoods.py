"""Large neighbourhood search: a few leads drawn at random choose anew while all others stay, again and again.

Where branch and bound over all leads ends without a proof, its answers are seldom the best ones that it could have
reached; over twenty leads at a time it is quick and complete.

References
----------
Shaw (1998), Using constraint programming and local search methods to solve vehicle routing problems.
doi:10.1007/3-540-49481-2_30
"""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import Meter
from leadopt.solvers.lagrangian.ejection_chains import losses
from leadopt.solvers.lagrangian.program import Core

# What half and twice come to on one problem of generalised assignment, 80 x 8 of type D, that ends at -4,931 under a
# bound of -4,910 in 8.6 s of a core. Other leads are drawn then, too.
# Leads that choose at a time, as a search among so many ends in hundredths of a second: -4,930 and -4,934, and then
# the same and -4,930.
_FIRST, _FEWEST = 20, 10
# More of them after a search that ended, twice: -4,936; fewer after one that did not: -4,928 in 10.3 s, and -4,937.
_FASTER, _SLOWER = 1, 4
_WORK = 0.03  # effort of one search, as the backend counts it in seconds: -4,938, and -4,929 in 9.6 s
_PATIENCE = 60  # searches in a row that find nothing: the same
_MOST = 100  # searches where time is not limited: -4,933 in 6.7 s, and the same, as patience ends before
_WIDTH = 1.25  # options that lose so many times what the worst one in use does are looked at: -4,937 and -4,933
_USUAL = 0.3  # of the mean loss: what a lead without any counts for in the draw: -4,933 and the same
_SEED = 20_260_101  # any: the same problem has the same answer every time


def searched_around(core: Core, y: Floats, at: Ints, meter: Meter, until_s: float) -> Ints:
    """Return options of a core's leads that are worth at least as much.

    Parameters
    ----------
    y
        (n_rows,), prices
    at
        (n_leads,), the option of each lead to begin with, which keep every hard bound
    until_s
        the search ends when the meter has no more seconds left
    """
    rng, n = np.random.default_rng(_SEED), len(core.leads)
    loss, worth, size, idle = losses(core, y), core.worth(at), _FIRST, 0
    tried, most = 0, _MOST if meter.ends_by_itself else np.inf
    while idle < _PATIENCE and tried < most and meter.left_s > until_s:
        tried += 1
        meter.still()
        lost = loss[at]
        if not lost.any():
            break
        weight = lost + _USUAL * lost.mean()
        free = np.zeros(n, dtype=bool)
        free[rng.choice(n, size=min(size, n), replace=False, p=weight / weight.sum())] = True
        open_ = free[core.lead] & (loss <= _WIDTH * lost.max())
        open_[at] = True
        found = core.whole(open_, at, _WORK, meter.left_s - until_s)
        size = size + _FASTER if found.complete else max(_FEWEST, size - _SLOWER)
        idle += 1
        if found.at is not None and core.allows(found.at) and core.worth(found.at) > worth:
            at, worth, idle = found.at, core.worth(found.at), 0
    return at
