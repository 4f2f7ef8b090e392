"""Leads that are open still, as evidence: how likely it is that they would be, if they are to be won and if not."""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherDelays:
    """What else the chances of being open may be: the same groups under each of some equally likely delays.

    Parameters
    ----------
    if_won, if_lost, never
        float64 (n_others, n_groups) and (n_others,), as of `Waiting`
    raised
        float64 (n_others,), ascending: by how much logits are higher under these delays, about
    """

    if_won: Floats
    if_lost: Floats
    never: Floats
    raised: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waiting:
    r"""Groups of open leads of one cell and one age; arrays (n_groups,).

    With the chance :math:`p = \operatorname{sigmoid}(x)` of the cell, a lead is open still with probability

    .. math:: p\,a + (1 - p)\,b + c

    Parameters
    ----------
    cell
        int64, which cell they are of
    count
        float64, how many they count as
    if_won, if_lost
        float64, a and b: the chance that such a lead would be open still if it is to be won, and if it is to be lost
    never
        c: the chance that nobody ever says which; such leads tell nothing
    others
        what a, b and c may be besides; None = they are known
    """

    cell: Ints
    count: Floats
    if_won: Floats
    if_lost: Floats
    never: float
    others: OtherDelays | None = None

    def under(self, other: int) -> "Waiting":
        """Return the same under one of the other delays."""
        if self.others is None:
            return self
        a, b, c = (each[other] for each in (self.others.if_won, self.others.if_lost, self.others.never))
        return replace(self, if_won=a, if_lost=b, never=float(c), others=None)

    def shares(self, rate: Floats) -> tuple[Floats, Floats]:
        """Return the chances that the leads of each group will be won and lost, given the rate of each group's cell."""
        won, lost = rate * self.if_won, (1.0 - rate) * self.if_lost
        total = np.maximum(won + lost + self.never, 1e-300)
        return won / total, lost / total

    def log_likelihood(self, rate: Floats) -> float:
        """Return the logarithm of the chance that all of them are open, given the rate of each cell."""
        p = rate[self.cell]
        still = p * self.if_won + (1.0 - p) * self.if_lost + self.never
        return float(self.count @ np.log(np.maximum(still, 1e-300)))

    def slopes(self, rate: Floats) -> tuple[Floats, Floats]:
        """Return the first derivative of the log-likelihood in the logit of each cell, and less the second.

        With r and s, the chances that a lead will be won and lost, the pull is what is expected of its score,
        ``r (1 - p) - s p``, and the information is that of the outcome less what of it is missing,
        ``(r + s) p (1 - p) - var(score)``: nothing where open leads are as likely won as any other. It may be negative,
        where an open lead makes the cell's logit less certain.

        References
        ----------
        Louis (1982), Finding the observed information matrix when using the EM algorithm, JRSS B 44(2),
        doi:10.1111/j.2517-6161.1982.tb01203.x, eq. 3.2.
        """
        p = rate[self.cell]
        q, (won, lost) = 1.0 - p, self.shares(p)
        pull = won * q - lost * p
        information = (won + lost) * p * q - (won * q**2 + lost * p**2 - pull**2)
        found = (np.bincount(self.cell, part * self.count, minlength=len(rate)) for part in (pull, information))
        first, second = found
        return np.asarray(first), np.asarray(second)
