r"""Ejection chains: from a nearly allowed answer to an allowed one that is nearly best.

With prices y that give a bound, what an answer lacks to it is

.. math:: \sum_i loss_i + \sum_k y_k^+ (upper_k - load_k) + y_k^- (load_k - lower_k)

where loss is what a lead is worth less after prices than with its best option. Beyond a hard bound a slope takes the
place of the price, so that one sum measures both what is broken and what is lost. A chain moves a lead, then one of
those at the rep where it went, and so on, always the cheapest next; its best beginning is kept if that pays.

References
----------
Glover (1996), Ejection chains, reference structures and alternating path methods for traveling salesman problems.
doi:10.1016/0166-218X(94)00037-E. Lin and Kernighan (1973), doi:10.1287/opre.21.2.498
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadopt.progress import Meter
from leadopt.solvers.program import Core
from leadopt.solvers.sampling import has_numba

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHEAPER = 0.5  # share of the dearest move, from stage to stage: a dear one that is made early stays
_WORTHWHILE = 1e-3  # of what is lacking: a round that wins less is the last of its stage
_LEAST = 1e-9  # of what is lacking: less is rounding
_BROKEN = 30.0  # usual prices that a unit beyond a hard bound counts
_A_SECOND = 5e6  # looks, where time is limited; an allowed answer is worth one second more
_FAR = 1e300  # stands for no bound


class _Effort(NamedTuple):
    """Moves in a chain, stages of dearer and dearer moves, rounds of a stage, and looks at options in all of them."""

    depth: int
    stages: int
    rounds: int
    looks: int


_COMPILED = _Effort(depth=8, stages=5, rounds=3, looks=60_000_000)
_PLAIN = _Effort(depth=4, stages=2, rounds=2, looks=200_000)  # plain loops are some hundred times as slow


def improved(core: Core, y: Floats, at: Ints, unit: Floats, meter: Meter) -> tuple[Ints, float]:
    """Return options of a core's leads that lack less to the bound, and how much they still do.

    Parameters
    ----------
    y
        (n_rows,), prices
    at
        (n_leads,), the option of each lead to begin with
    unit
        (n_rows,), a usual price: several times as much is what breaking a hard bound counts
    """
    if not len(at):
        return at, 0.0
    from leadopt.solvers.chain_kernels import chains

    loss = losses(core, y)
    lower, upper = np.maximum(core.lower, -_FAR), np.minimum(core.upper, _FAR)
    within, below = np.maximum(y, 0.0), np.maximum(-y, 0.0)
    broken = np.maximum(_BROKEN * np.abs(y), _BROKEN * unit)
    slopes = np.column_stack(
        [within, np.minimum(core.penalty - within, broken), below, np.minimum(core.penalty - below, broken)]
    )
    fixed = (
        core.lead,
        core.first,
        core.rep,
        loss,
        core.used.indptr.astype(np.int64),
        core.used.indices.astype(np.int64),
    )
    effort = _COMPILED if has_numba() else _PLAIN
    n_reps, at = int(core.rep.max(initial=0)) + 1, at.copy()
    starts, looks = np.argsort(loss, kind="stable"), int(min(effort.looks, (1.0 + max(meter.left_s, 0.0)) * _A_SECOND))
    for stage in range(effort.stages):
        dearest = float(loss.max(initial=0.0)) * _CHEAPER ** (effort.stages - 1 - stage)
        for _ in range(effort.rounds):
            rows = (core.loads(at), lower, upper)
            before = _lacking(loss, at, rows, slopes)
            least = _LEAST * before
            won, looks = chains(
                starts, *fixed, core.used.data, rows, slopes, at, n_reps, effort.depth, dearest, least, looks
            )
            if won <= _WORTHWHILE * before or meter.left_s <= 0:
                break
    return at, _lacking(loss, at, (core.loads(at), lower, upper), slopes)


def losses(core: Core, y: Floats) -> Floats:
    """Return what each option is worth less after prices than the best one of its lead, float64 (n_options,)."""
    worth = core.gain - core.used.T @ y
    best = np.maximum.reduceat(worth, core.first[:-1]) if len(worth) else worth
    return np.asarray(best[core.lead] - worth)


def _lacking(loss: Floats, at: Ints, rows: tuple[Floats, Floats, Floats], slopes: Floats) -> float:
    load, lower, upper = rows
    above = slopes[:, 0] * np.maximum(upper - load, 0.0) + slopes[:, 1] * np.maximum(load - upper, 0.0)
    below = slopes[:, 2] * np.maximum(load - lower, 0.0) + slopes[:, 3] * np.maximum(lower - load, 0.0)
    return float(loss[at].sum() + above.sum() + below.sum())
