"""Leads that stay together, as groups: a group goes to one rep, or to the pool, as a whole."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.problem.gains import Affinity
from leadopt.problem.inputs import frozen
from leadopt.problem.rates.given import array_of
from leadopt.problem.rates.sparse_rows import SparseRows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Who belongs together.

    Parameters
    ----------
    of_lead
        int64 (n_leads,), number of the group of each lead; a lead alone is a group, too
    order
        int64 (n_leads,), the leads group by group, each group's in ascending order
    start
        int64 (n_groups,), where each group begins among them
    size
        int64 (n_groups,), how many leads each has
    """

    of_lead: Ints
    order: Ints
    start: Ints
    size: Ints

    @classmethod
    def of(cls, together: Ints) -> Self:
        """Return the groups of leads that have the same number."""
        size = np.bincount(together)
        return cls(
            of_lead=together,
            order=np.argsort(together, kind="stable"),
            start=np.concatenate([[0], size.cumsum()[:-1]]).astype(np.int64),
            size=size,
        )

    def members(self, group: int) -> Ints:
        """Return the leads of a group, ascending."""
        return self.order[self.start[group] : self.start[group] + self.size[group]]

    def summed(self, affinity: Affinity) -> Affinity:
        """Return the gains of whole groups: what all leads of each gain together, -inf where one is ineligible.

        Groups whose leads share a row of rates go on sharing it; each other one gets a row of its own.
        """
        row = affinity.row[self.order][self.start]
        alike = np.logical_and.reduceat(affinity.row[self.order] == np.repeat(row, self.size), self.start)
        scale = np.add.reduceat(affinity.scale[self.order], self.start)
        if affinity.is_sparse:
            return self._summed_pairs(affinity)
        if (mixed := np.flatnonzero(~alike)).size == 0:
            return Affinity(rates=affinity.rates, row=row, scale=scale)
        size = self.size[mixed]
        first = np.concatenate([[0], size.cumsum()[:-1]])
        leads = self.order[np.arange(size.sum()) - np.repeat(first - self.start[mixed], size)]
        own = np.add.reduceat(affinity.of(leads), first, axis=0)
        row[mixed], scale[mixed] = affinity.n_rows + np.arange(len(mixed)), 1.0
        return affinity.extended(own, row, scale)

    def _summed_pairs(self, affinity: Affinity) -> Affinity:
        """Return the same from eligible pairs alone: of a group, those that all its leads have."""
        pairs = affinity.pairs(self.order)
        key = np.repeat(np.repeat(np.arange(len(self.size)), self.size), pairs.n_of_row) * affinity.n_reps + pairs.rep
        order = np.argsort(key, kind="stable")
        key, gain = key[order], pairs.gain[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        group, rep = np.divmod(key[first], affinity.n_reps) if len(first) else (key, key)
        total = np.add.reduceat(gain, first) if len(first) else gain
        by_all = np.diff(first, append=len(key)) == self.size[group]
        group, rep, total = group[by_all], rep[by_all], total[by_all]
        start = np.searchsorted(group, np.arange(len(self.size) + 1)).astype(np.int64)
        return Affinity(rates=SparseRows(first=start, rep=rep, gain=total, n_reps=affinity.n_reps))

    def totals(self, amounts: Floats) -> Floats:
        """Return the sum of each group's amounts, along the first axis."""
        return np.add.reduceat(amounts[self.order], self.start, axis=0)

    def check_whole(self, answer: Ints) -> tuple[str, ...]:
        """Return each group that an answer divides, in words."""
        first = answer[self.order][self.start]
        divided = np.flatnonzero(np.logical_or.reduceat(answer[self.order] != np.repeat(first, self.size), self.start))
        return tuple(
            f"leads {enumerate_some(self.members(group))} stay together, but are divided" for group in divided.tolist()
        )

    def pinned(self, pins: Ints) -> Ints:
        """Return pins in which whoever stays with a pinned lead is pinned too.

        Raises
        ------
        InvalidInput
            leads that stay together are pinned to several reps
        """
        rep_of_group = np.full(len(self.size), -1, dtype=np.int64)
        leads = np.flatnonzero(pins >= 0)
        rep_of_group[self.of_lead[leads]] = pins[leads]
        if len(torn := leads[rep_of_group[self.of_lead[leads]] != pins[leads]]):
            one = int(torn[0])
            other = int(leads[(self.of_lead[leads] == self.of_lead[one]) & (pins[leads] != pins[one])][0])
            raise InvalidInput(
                f"pins: leads {one} and {other} stay together, but are pinned to reps {pins[one]} and {pins[other]}; "
                "remove one of the pins"
            )
        return frozen(rep_of_group[self.of_lead])


def together_of(together: ArrayLike | None, n_leads: int) -> Ints | None:
    """Return the number of each lead's group, int64 (n_leads,), counted from 0; None where all are alone.

    Raises
    ------
    InvalidInput
        it is not one whole number for each lead
    """
    if together is None:
        return None
    rule = "one whole number for each lead, the same for leads that stay together, -1 = alone"
    given = array_of(together, "together", rule)
    if given.shape != (n_leads,) or (given.size and given.dtype.kind not in "iu"):
        raise InvalidInput(f"together: must be {rule}; found {given.dtype} of shape {given.shape}")
    if bad := np.flatnonzero(given < -1)[:1].tolist():
        raise InvalidInput(f"together: must be {rule}; found {given[bad[0]]} of lead {bad[0]}")
    _, number = np.unique(given, return_inverse=True)
    alone = np.flatnonzero(given < 0)
    number = number.reshape(-1).astype(np.int64)
    number[alone] = n_leads + np.arange(len(alone))
    distinct, found = np.unique(number, return_inverse=True)
    return None if len(distinct) == n_leads else frozen(found.reshape(-1).astype(np.int64))
