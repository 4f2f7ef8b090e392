"""How good estimated chances were: log-loss, Brier, AUC, calibration, and paired differences with their errors."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.estimates import check_level
from leadopt.learning.rates.intervals import wilson
from leadopt.progress import loaded

_ALIKE = 0.05  # of the mean chance


def log_losses(chance: Floats, won: Floats) -> Floats:
    """Return each row's surprise in nats, ``-log(chance of what happened)``, float64 (n_rows,)."""
    return np.asarray(-np.log(np.where(won > 0.5, chance, 1.0 - chance)))


def brier_scores(chance: Floats, won: Floats) -> Floats:
    """Return each row's squared error, float64 (n_rows,)."""
    return np.asarray((chance - won) ** 2)


def auc(chance: Floats, won: Floats, fold: Ints) -> float:
    """Return how often a won row had a higher chance than a lost one of its fold, ties counting half; NaN without any.

    Rows of different folds are not compared: each fold has estimates of its own.

    References
    ----------
    Hanley & McNeil (1982), The meaning and use of the area under a ROC curve, Radiology 143(1).

    Examples
    --------
    >>> auc(np.array([0.9, 0.2, 0.2, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]), np.zeros(4, dtype=np.int64))
    0.875
    """
    above = pairs = 0.0
    for number in np.unique(fold):
        rows = fold == number
        wins, losses = np.sort(chance[rows & (won > 0.5)]), chance[rows & (won < 0.5)]
        below = np.searchsorted(wins, losses, side="left").sum()
        tied = np.searchsorted(wins, losses, side="right").sum() - below
        pairs += len(wins) * len(losses)
        above += len(wins) * len(losses) - below - 0.5 * tied
    return float(above / pairs) if pairs else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Rows with like chances, and how often they were really won.

    Parameters
    ----------
    n
        rows
    chance
        their mean estimated chance
    rate
        share of them that was won
    low, high
        Wilson's interval of that share
    """

    n: int
    chance: float
    rate: float
    low: float
    high: float


def calibration(chance: Floats, won: Floats, n_bins: int = 10, level: float = 0.9) -> tuple[Bin, ...]:
    """Return bins of about equally many rows, from the lowest chance to the highest; like chances share a bin.

    Two are alike if they differ by less than a twentieth of the mean chance.

    Raises
    ------
    InvalidInput
        the level is not between 0 and 1
    """
    check_level(level)
    if not len(chance):
        return ()
    order = np.sort(chance)
    edges = order[np.arange(1, n_bins) * len(order) // n_bins]
    step, kept = _ALIKE * float(chance.mean()), [float(order[0])]
    for edge in edges.tolist():
        if edge - kept[-1] >= step:
            kept.append(edge)
    place = np.searchsorted(np.array(kept), chance, side="right")
    return tuple(_bin(chance[place == number], won[place == number], level) for number in np.unique(place))


def _bin(chance: Floats, won: Floats, level: float) -> Bin:
    n, k = len(won), float(won.sum())
    low, high = wilson(k, n, level)
    return Bin(n=n, chance=float(chance.mean()), rate=k / n, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By how much one estimate is better than another on the same rows, in nats a row: positive is better.

    Parameters
    ----------
    method, over
        the two
    gain
        mean log-loss of `over` less that of `method`
    error
        its standard error, by cells of rep and segment
    low, high
        interval, by Student's t
    freedom
        degrees of freedom: how many equal cells the cells amount to, less 1
    """

    method: str
    over: str
    gain: float
    error: float
    low: float
    high: float
    freedom: float


def difference(
    method: str, over: str, losses: Floats, others: Floats, cluster: Ints, *, level: float, folds_by_lot: int = 0
) -> Difference:
    r"""Return the paired difference of two estimates' losses on the same rows.

    Rows of one rep and segment share one estimate, and so its error; they are taken for one observation. With d_i the
    difference of row i and D_g the sum of ``d_i - mean(d)`` over cluster g of G,

    .. math:: error^2 = \frac{G}{G - 1} \frac{1}{n^2} \sum_g D_g^2, \quad
              freedom = \frac{(\sum_g n_g)^2}{\sum_g n_g^2} - 1

    Where K folds were drawn by lot (`folds_by_lot`), each outcome is learned from in all folds but its own, so that
    estimates err together: the square of the error is 1 + K / (K - 1) times as large.

    References
    ----------
    Liang & Zeger (1986), Longitudinal data analysis using generalized linear models, Biometrika 73(1); Kish (1965),
    Survey Sampling, sec. 8.2, for the effective number of unequal clusters; Nadeau & Bengio (2003), Inference for the
    generalization error, Machine Learning 52, sec. 5, for folds. doi:10.1023/A:1024068626366
    """
    loaded("scipy.special")
    from scipy.special import stdtrit

    paired = others - losses
    gain = float(paired.mean()) if len(paired) else float("nan")
    size = np.bincount(cluster)
    n_clusters, freedom = int((size > 0).sum()), _freedom(size.astype(np.float64))
    error = reach = float("inf")
    if n_clusters > 1:
        total = np.bincount(cluster, paired - gain)
        shared = 1.0 + folds_by_lot / (folds_by_lot - 1.0) if folds_by_lot else 1.0
        error = float(np.sqrt(shared * n_clusters / (n_clusters - 1.0) * (total**2).sum()) / len(paired))
        reach = float(stdtrit(freedom, (1.0 + level) / 2.0)) * error
    return Difference(
        method=method, over=over, gain=gain, error=error, low=gain - reach, high=gain + reach, freedom=freedom
    )


def _freedom(size: Floats) -> float:
    return float(size.sum() ** 2 / (size**2).sum() - 1.0) if len(size) else 0.0
