"""Teams of reps who have their leads at different times: one for early shifts, and one for late ones."""

from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.progress import loaded

_LEAST_MET = 0.25
"""Part of what leads tell of a contrast between reps that must be left within periods. Shifts that change in the middle
of a period leave some, and that part is the season's: where six of twelve reps work in every other 30 days, a seventh
is left within weeks. By lot, reps with 10 leads each keep a third within days of 5."""
_FEWEST = 10  # leads of a rep, below which nobody knows whom he meets
_ROUNDS = 200
_NOTHING = 1e-12  # of a direction of length 1: what rounding leaves


def teams(rep: Ints, period: Ints) -> Ints:
    r"""Return the team of each rep, int64 (n_reps,), from 0 for the one with most leads; all 0 where all meet.

    With N the leads by rep and period, a contrast x between reps keeps of what its leads tell the part

    .. math:: 1 - \frac{x' N \operatorname{diag}(m)^{-1} N' x}{x' \operatorname{diag}(n) x}

    of leads n by rep and m by period. If that is less than a quarter for some contrast, its signs part the reps, and
    each side is looked at in turn (spectral clustering). Reps with fewer than 10 leads are in team 0.

    Parameters
    ----------
    rep, period
        int64 (n_rows,), from 0

    References
    ----------
    Shi & Malik (2000), Normalized cuts and image segmentation, IEEE PAMI 22(8), eq. 10-11, sec. 3.
    doi:10.1109/34.868688

    Examples
    --------
    >>> shift = np.arange(40) // 10  # of two reps each, in turn
    >>> teams(np.arange(40) % 2 + 2 * (shift % 2), shift)
    array([0, 0, 1, 1])
    >>> teams(np.arange(40) % 4, shift)
    array([0, 0, 0, 0])
    """
    leads = np.bincount(rep)
    apart, whole = list[Ints](), [np.flatnonzero(leads >= _FEWEST)]
    while whole:
        team = whole.pop()
        rows = np.isin(rep, team)
        side = _meets_least(rep[rows], period[rows])
        if len(side):
            whole += [side, np.setdiff1d(team, side)]
        else:
            apart.append(team)
    found = np.zeros(len(leads), dtype=np.int64)
    for place, team in enumerate(sorted(apart, key=lambda team: (-leads[team].sum(), int(team[:1].sum())))):
        found[team] = place
    return found


def _meets_least(rep: Ints, period: Ints) -> Ints:
    """Return one side of the reps who meet the others least, none where all meet enough; by power iteration."""
    loaded("scipy.sparse")
    from scipy.sparse import csr_matrix

    (codes, who), when = np.unique(rep, return_inverse=True), np.unique(period, return_inverse=True)[1].reshape(-1)
    if len(codes) < 2:
        return np.zeros(0, dtype=np.int64)
    who = who.reshape(-1)
    n, m = np.bincount(who), np.bincount(when)
    shares: Any = csr_matrix((1.0 / np.sqrt(n[who] * m[when]), (who, when)))
    flat = np.sqrt(n / n.sum())  # all reps alike, which every period shares
    x = np.sin(np.arange(len(n)) + 1.0)  # any start that is no eigenvector
    for _ in range(_ROUNDS):
        x = x - flat * (flat @ x)
        length = float(np.linalg.norm(x))
        if length < _NOTHING:  # all share one period: nothing but what they share is left
            return np.zeros(0, dtype=np.int64)
        x = shares @ (shares.T @ (x / length))
    x = x - flat * (flat @ x)
    met = 1.0 - float(np.linalg.norm(x))
    return codes[x > 0.0] if met < _LEAST_MET else np.zeros(0, dtype=np.int64)
