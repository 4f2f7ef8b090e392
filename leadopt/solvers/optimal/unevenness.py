"""How uneven loads are, and who is favoured among loads that are equally even: one measure for all sharing out."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem

_SAME = 1e-12  # relative: steps that differ by less are equally good


@dataclass(frozen=True, slots=True, kw_only=True)
class Unevenness:
    r"""The sum of load^2 / capacity over reps; of loads with the same sum, `favour` says which to take.

    Parameters
    ----------
    capacity
        float64 (n_reps,), at least 1
    favour
        int64 (n_reps,), who has a large number gets less: a random order of the reps, unless an answer is known
    """

    capacity: Floats
    favour: Ints

    @classmethod
    def of(cls, problem: Problem, rng: "np.random.Generator") -> "Unevenness":
        """Return the measure for a problem's reps, with a favour that is drawn."""
        return cls(capacity=_shares(problem), favour=rng.permutation(problem.n_reps))

    @classmethod
    def near(cls, problem: Problem, rep_of_lead: Ints) -> "Unevenness":
        """Return the same with a favour for those who have more in an answer that is known."""
        loads = np.bincount(rep_of_lead + 1, minlength=problem.n_reps + 1)[1:]
        return cls(capacity=_shares(problem), favour=loads.max(initial=0) - loads)

    def total(self, loads: Ints) -> Floats:
        """Return the sum for loads int64 (.., n_reps)."""
        return np.asarray((loads.astype(np.float64) ** 2 / self.capacity).sum(axis=-1))

    def lots(self, loads: Ints) -> Ints:
        """Return what loads cost by lot, for those whose sums are equal."""
        return np.asarray((loads * self.favour).sum(axis=-1))

    def saved(self, loads: Ints) -> Floats:
        """Return by how much each rep's sum falls if it has one lead less, float64 (n_reps,)."""
        return np.asarray((2.0 * loads - 1.0) / self.capacity)

    def added(self, loads: Ints) -> Floats:
        """Return by how much each rep's sum rises if it has one lead more, float64 (n_reps,)."""
        return np.asarray((2.0 * loads + 1.0) / self.capacity)

    def passes(self, loads: Ints, lots: bool) -> Floats:
        """Return how much one lead less of each rep a and one more of each rep b saves, float64 (n_reps, n_reps + 1).

        The last column is the pool. What is 0 or less saves nothing. With `lots`, where the sum stays the same and the
        lot is better, that is told by a number close to 0.
        """
        saved, added = self.saved(loads), np.append(self.added(loads), 0.0)
        difference = saved[:, None] - added
        scale = _SAME * np.maximum(np.abs(saved[:, None]), np.abs(added))
        same = np.abs(difference) <= scale
        better = self.favour[:, None] > np.append(self.favour, -1)
        found = np.where(same, np.where(better & lots, scale, 0.0), difference)
        found[loads <= 0] = 0.0
        return found

    def most_passed(self, load_a: int, load_b: int, a: int, b: int) -> int:
        """Return how many leads rep a can pass to rep b (or to the pool, n_reps) while each saves something."""
        if b == len(self.capacity):
            return load_a
        each = 2.0 / self.capacity[a] + 2.0 / self.capacity[b]
        gap = (2.0 * load_a + 1.0) / self.capacity[a] - (2.0 * load_b - 1.0) / self.capacity[b]
        return max(1, int(np.ceil(gap / each - 1e-9)) - 1)

    def least(self, held: Ints, more: int, capacity: Ints) -> float:
        """Return what no loads can be below that are at least `held`, with so many leads beside them."""
        loads = np.maximum(held, self._poured(held, more, capacity))
        for _ in range(int(held.sum()) + more - int(loads.sum())):
            added = np.where(loads < capacity, self.added(loads), np.inf)
            loads[int(np.argmin(added))] += 1
        return float(self.total(loads))

    def _poured(self, held: Ints, more: int, capacity: Ints) -> Ints:
        """Return loads a little below those that leads are poured to, all reps to one level."""
        low, high, total = 0.0, float((held.sum() + more + 1) / self.capacity.min(initial=1.0)), held.sum() + more
        for _ in range(60):
            level = 0.5 * (low + high)
            poured = np.minimum(np.maximum(held, np.floor(level * self.capacity)), np.maximum(held, capacity)).sum()
            low, high = (level, high) if poured <= total else (low, level)
        return np.minimum(np.floor(low * self.capacity).astype(np.int64) - 1, capacity)


def _shares(problem: Problem) -> Floats:
    return problem.shares
