"""Where leads may go in any answer that is as good, by the prices of one that may be the best."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.linear_algebra import inner
from leadopt.problem.reduced_gains import paid_for_bounds, reduced_gains
from leadopt.solvers.optimal.standing import Standing, missed

_NOTHING = 1e-12  # of all gains: lacking less is lacking nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is open to every free lead.

    By weak duality, what an answer is worth less than the bound of the prices is what its leads lose against their best
    options after prices, and what priced limits lose against being at their bounds. No lead of an answer that is as
    good loses more than `lacking` alone.

    Parameters
    ----------
    n_leads
        how many there are, with those
    leads
        (n_free,), those without a pin
    losses
        float64 (n_free, n_reps + 1), what each loses with each rep and in the pool; inf where it may not be
    open
        bool of the same shape, which of them are no larger than `lacking`
    lacking
        what all may lose together
    """

    n_leads: int
    leads: Ints
    losses: Floats
    open: Bools
    lacking: float

    @classmethod
    def of(cls, standing: Standing, prices: Floats, limit_prices: Floats) -> "Options":
        """Return the options that an answer and its prices leave open: O(pairs)."""
        problem, leads = standing.problem, np.flatnonzero(standing.problem.pins < 0)
        p, q = np.maximum(prices, 0.0), _in_range(standing, limit_prices)
        losses = np.column_stack([reduced_gains(problem, leads, p, q), np.full(len(leads), problem.reserve)])
        best = losses.max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            np.subtract(best, losses, out=losses)
        losses[~np.isfinite(losses)] = np.inf
        mine = losses[np.arange(len(leads)), standing.rep_of_lead[leads]]
        size = float(np.abs(best[np.isfinite(best)]).sum() + np.abs(q * standing.used).sum())
        lacking = float(mine.sum()) + _slack(standing, p, q) + _NOTHING * size
        return cls(n_leads=problem.n_leads, leads=leads, losses=losses, open=losses <= lacking, lacking=lacking)

    @property
    def of_every_lead(self) -> Bools:
        """What is open to each lead, bool (n_leads, n_reps + 1); nothing to those with a pin."""
        found = np.zeros((self.n_leads, self.open.shape[1]), dtype=bool)
        found[self.leads] = self.open
        return found


def _in_range(standing: Standing, limit_prices: Floats) -> Floats:
    """Return prices of limits at which the dual is finite, as the certificate takes them."""
    most = np.where(np.isfinite(standing.upper), standing.penalty, 0.0)
    return np.clip(limit_prices, -standing.penalty, most)


def _slack(standing: Standing, p: Floats, q: Floats) -> float:
    """Return what capacities and limits with a price lose against being at their bounds."""
    slots = inner(p, standing.problem.capacity - standing.n_leads_of_rep[:-1])
    at_bound = paid_for_bounds(q, standing.lower, standing.upper)
    paid = np.where(np.isfinite(standing.penalty), standing.penalty, 0.0)
    paid = paid * missed(standing.used, standing.lower, standing.upper)
    return max(0.0, float(slots + (at_bound - q * standing.used + paid).sum()))
