"""Large neighbourhood search: a few leads drawn at random choose anew while all others stay, again and again.

Where branch and bound over all leads ends without a proof, its answers are seldom the best ones that it could have
reached; over twenty leads at a time it is quick and complete. They are drawn in turn by what they lose, and from reps
drawn by lot: where every rep's time is full, leads can only go where others leave.

References
----------
Shaw (1998), Using constraint programming and local search methods to solve vehicle routing problems.
doi:10.1007/3-540-49481-2_30
"""

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.progress import Meter
from leadopt.solvers.lagrangian.ejection_chains import losses
from leadopt.solvers.lagrangian.program import Core

# What half and twice come to on one problem of generalised assignment, 80 x 8 of type D, that ends at -4,931 under a
# bound of -4,910 in 8.6 s of a core. Other leads are drawn then, too. (Taken when all were drawn by what they lose.)
# Leads that choose at a time, as a search among so many ends in hundredths of a second: -4,930 and -4,934, and then
# the same and -4,930.
_FIRST, _FEWEST = 20, 10
# More of them after a search that ended, twice: -4,936; fewer after one that did not: -4,928 in 10.3 s, and -4,937.
_FASTER, _SLOWER = 1, 4
_WORK = 0.03  # effort of one search, as the backend counts it in seconds: -4,938, and -4,929 in 9.6 s
_PATIENCE = 60  # searches in a row that find nothing: the same
# Where time is limited, it is used: the next searches may take twice the effort, so many times over.
_DOUBLED = 5
_MOST = 100  # searches where time is not limited: -4,933 in 6.7 s, and the same, as patience ends before
# Options a lead, of those that lose least, that are looked at. At generalised assignment of types D and E, 3, 4 and 8
# come to 6,231, 6,221 and 6,227 at D 100 x 20 and to 21,637, 21,636 and 21,643 at E 200 x 20, in 2.5 s of a core each;
# all that lose 1.25 times what the worst one in use does, to 6,242 and 21,843. Of these, too, none that loses more
# than that: at D 120 x 6, a hundred searches come to 7,806 with both, to 7,814 with the first alone.
_NEAREST = 4
_WIDTH = 1.25
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
    loss, worth, idle = losses(core, y), core.worth(at), 0
    near = nearest(loss, _NEAREST * n)
    draws, sizes = (_by_loss, _of_few_reps), [_FIRST, _FIRST]
    tried, work = 0, _WORK
    most, most_work = (_MOST, _WORK) if meter.ends_by_itself else (np.inf, _WORK * 2**_DOUBLED)
    while tried < most and meter.left_s > until_s and loss[at].any():
        turn = tried % len(draws)
        tried += 1
        meter.still()
        free = np.zeros(n, dtype=bool)
        free[draws[turn](core, loss[at], at, min(sizes[turn], n), rng)] = True
        open_ = free[core.lead] & near & (loss <= _WIDTH * loss[at].max())
        open_[at] = True
        found = core.whole(open_, at, work, meter.left_s - until_s)
        sizes[turn] = sizes[turn] + _FASTER if found.complete else max(_FEWEST, sizes[turn] - _SLOWER)
        idle += 1
        if found.at is not None and core.allows(found.at) and core.worth(found.at) > worth:
            at, worth, idle = found.at, core.worth(found.at), 0
        if idle == _PATIENCE:
            work, idle = 2 * work, 0
            if work > most_work:
                break
    return at


def nearest(loss: Floats, number: int) -> Bools:
    """Return which options are the given number that lose least, or as little as the last of these."""
    return loss <= np.partition(loss, number)[number] if number < len(loss) else np.ones(len(loss), dtype=bool)


def _by_loss(core: Core, lost: Floats, at: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Return leads, those that lose much more often."""
    weight = lost + _USUAL * lost.mean()
    return np.asarray(rng.choice(len(at), size=size, replace=False, p=weight / weight.sum()))


def _of_few_reps(core: Core, lost: Floats, at: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Return leads of as few reps as have so many, two at least; the pool counts as a rep."""
    rep = core.rep[at]
    order = rng.permutation(int(rep.max()) + 1)
    n_leads = np.cumsum(np.bincount(rep, minlength=len(order))[order])
    drawn = order[: max(2, int(np.searchsorted(n_leads, size)) + 1)]
    return np.asarray(rng.permutation(np.flatnonzero(np.isin(rep, drawn)))[:size])
