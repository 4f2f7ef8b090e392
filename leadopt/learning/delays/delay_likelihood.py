"""How likely what settled and open leads show is under any delays: the posterior from which delays are drawn."""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.delays.delays import (
    LOST,
    WON,
    Ages,
    Delays,
    days_in_bins,
    distinct_codes,
    settled_in_bins,
    starts_of,
)
from leadopt.learning.effects.logistic import BASE_DEVIATION, sigmoid

# Prior of a bin's hazard: on the logarithm normal around that of all outcomes, and around that of the bin before. With
# the latter, shares of .2 and .4 that are never settled are found as .179 and .373, without as .174 and .368, with one
# half as wide as .186 and .382, where delays are exponential.
_FROM_ALL, _FROM_BEFORE = 2.0, 1.0
_NEVER = 0.5  # prior Beta of who is never settled: Jeffreys', which is flat in the angle
_FINE_DAYS, _COARSE = 20, 0.05  # ages are told apart by the day up to here, and by this part of them beyond
_PACE = 0.1  # on the logarithm: kinds of leads whose paces differ by less are counted together
_STEPS, _STILL, _REACH = 30, 1e-2, 1.0  # of Newton's method, on logarithms of hazards and the logit
_LEAST_CURVATURE = 0.1  # of the posterior, lest a step or a draw of what nothing tells goes anywhere


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DelayLikelihood:
    r"""The posterior of the share z of leads that nobody settles, of the base, and of hazards.

    An outcome y has bins of its own, of outcomes about equally many, with a hazard :math:`h_{yk}` a day in each, so
    that the part :math:`S_y(t) = e^{-\sum_k d_k(t) h_{yk}}` is open still after t days, of which :math:`d_k(t)` lie in
    bin k. A lead of chance p is open with probability

    .. math:: (1 - z) (p S_1(t) + (1 - p) S_0(t)) + z

    and p, the sigmoid of the base, is the chance of all. Which rep has a lead is left out: groups of several reps with
    the chance of each held to be known would look likelier without any z than they are (of ten reps with 200 leads in
    120 days, losses after 60 and a fifth never settled, 61% of the 90% intervals held the truth, now 92%). Leads that
    were assigned before history tells of any end are there only if they were open then: that chance divides.

    Parameters
    ----------
    places
        of each bin of `Delays`, the own bin of lost and of won leads in which it lies
    events, risks
        of lost and of won leads, float64 (n_bins_of_it,): how many were settled, and how many days they had waited
    usual
        logarithm of the hazard of all outcomes together
    won, lost, n_settled
        how many were, and how many of known delay
    count
        float64 (n_groups,), open leads by age; those of `early` count less than nothing
    days
        of lost and of won leads, float64 (n_groups, n_bins_of_it): for how many days they are open, times their pace
    """

    places: tuple[Ints, Ints]
    events: tuple[Floats, Floats]
    risks: tuple[Floats, Floats]
    usual: float
    won: float
    lost: float
    n_settled: float
    count: Floats
    days: tuple[Floats, Floats]

    @classmethod
    def of(cls, ages: Ages, delays: Delays) -> "DelayLikelihood":
        """Return what these leads tell, given paces."""
        starts = delays.starts
        happened, waited = settled_in_bins(replace(ages, entry=np.zeros_like(ages.entry)), starts)
        own = [starts_of(ages.days[ages.won == y], ages.count[ages.won == y]) for y in (LOST, WON)]
        first = [np.searchsorted(starts, each) for each in own]
        paces = np.pad(delays.paces, ((0, 0), (0, 1)), constant_values=1.0)
        won = float(ages.settled_count @ ages.settled_won)
        total, risk = float(happened.sum()), float(waited.sum())
        groups = _Groups.of(ages, starts, paces)
        return cls(
            places=(_places(first[LOST], len(starts)), _places(first[WON], len(starts))),
            events=(_summed(happened[LOST].sum(axis=0), first[LOST]), _summed(happened[WON].sum(axis=0), first[WON])),
            risks=(_summed(paces[LOST] @ waited[LOST], first[LOST]), _summed(paces[WON] @ waited[WON], first[WON])),
            usual=float(np.log(max(total, 0.5) / max(risk, 1.0))),
            won=won,
            lost=float(ages.settled_count.sum()) - won,
            n_settled=float(ages.count.sum()),
            count=groups.count,
            days=(_summed(groups.days[LOST], first[LOST]), _summed(groups.days[WON], first[WON])),
        )

    @property
    def n_hazards(self) -> tuple[int, int]:
        """How many bins lost and won leads have."""
        return len(self.events[LOST]), len(self.events[WON])

    def split(self, point: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
        """Return the base, and the logarithms of hazards of lost and of won leads; points may have a first axis."""
        end = 1 + self.n_hazards[LOST]
        return point[..., 0], (point[..., 1:end], point[..., end:])

    def start(self, base: float) -> Floats:
        """Return a point to begin from: this base, and hazards as if none were open."""
        hazards = [(self.events[y] + 0.5) / (self.risks[y] + 0.5 / np.exp(self.usual)) for y in (LOST, WON)]
        return np.concatenate([[base], np.log(hazards[LOST]), np.log(hazards[WON])])

    def hazards(self, points: Floats) -> Floats:
        """Return the hazards of points in the bins of `Delays`, as parts of a day, float64 (n_points, 2, n_bins)."""
        _, logs = self.split(points)
        return np.stack([-np.expm1(-np.exp(logs[y][:, self.places[y]])) for y in (LOST, WON)], axis=1)

    def log_posterior(self, angle: Floats, points: Floats) -> Floats:
        r"""Return the logarithm of the posterior density, (n_points,), of points and of the angle of z.

        :math:`z = \sin^2 \phi`, in which Jeffreys' prior of a share is flat.
        """
        base, logs = self.split(points)
        never = np.minimum(np.sin(angle) ** 2, 1.0 - 1e-12)
        chance = sigmoid(base)[:, None]
        still = [np.exp(-np.exp(logs[y]) @ self.days[y].T) for y in (LOST, WON)]
        settled = (1.0 - never)[:, None]
        still_open = settled * (chance * still[WON] + (1.0 - chance) * still[LOST]) + never[:, None]
        found = np.log(np.maximum(still_open, 1e-300)) @ self.count + self.n_settled * np.log1p(-never)
        found += -self.won * np.logaddexp(0.0, -base) - self.lost * np.logaddexp(0.0, base)
        found -= 0.5 * (base / BASE_DEVIATION) ** 2
        for y in (LOST, WON):
            hazard, before = np.exp(logs[y]), np.diff(logs[y], axis=1)
            after = self.risks[y] - self.events[y]
            found += (self.events[y] * np.log(-np.expm1(-hazard)) - after * hazard).sum(axis=1)
            found -= 0.5 * ((logs[y] - self.usual) ** 2).sum(axis=1) / _FROM_ALL**2
            found -= 0.5 * (before**2).sum(axis=1) / _FROM_BEFORE**2
        return np.asarray(found)

    def likeliest(self, never: float, start: Floats) -> tuple[Floats, Floats]:
        """Return the likeliest point given z, and a root of the inverse of the curvature there.

        By Newton's method, on which no direction bends upwards.
        """
        point = start
        for _ in range(_STEPS):
            gradient, root = self._slopes(never, point)
            step = root @ (root.T @ gradient)
            size = float(np.abs(step).max())
            point = point + step * min(1.0, _REACH / max(size, 1e-300))
            if size < _STILL:  # and so next to as curved as here
                break
        return point, root

    def _slopes(self, never: float, point: Floats) -> tuple[Floats, Floats]:
        """Return the gradient of the logarithm of the posterior, and a root of the inverse of less its second one."""
        base, logs = self.split(point)
        end = 1 + self.n_hazards[LOST]
        gradient, curvature = np.zeros(len(point)), np.zeros((len(point), len(point)))
        diagonal = np.einsum("ii->i", curvature)
        chance = np.full(len(self.count), sigmoid(base))
        parts = [
            (1.0 - never) * np.exp(-self.days[y] @ np.exp(logs[y])) * (chance if y == WON else 1.0 - chance)
            for y in (LOST, WON)
        ]
        total, mean = np.maximum(parts[LOST] + parts[WON] + never, 1e-300), np.zeros((len(chance), len(point)))
        for y, own in ((LOST, slice(1, end)), (WON, slice(end, len(point)))):
            hazard, share = np.exp(logs[y]), parts[y] / total
            score = np.zeros_like(mean)
            score[:, 0], score[:, own] = (1.0 - chance if y == WON else -chance), -self.days[y] * hazard
            weighted = (share * self.count)[:, None] * score
            curvature -= score.T @ weighted
            diagonal[0] += (share * self.count) @ (chance * (1.0 - chance))
            diagonal[own] -= weighted[:, own].sum(axis=0)
            mean += share[:, None] * score
            first, second = self._own_slopes(y, hazard)
            steps = np.diff(np.eye(len(hazard)), axis=0) / _FROM_BEFORE
            gradient[own] += first - (logs[y] - self.usual) / _FROM_ALL**2 - steps.T @ (steps @ logs[y])
            diagonal[own] += second + 1.0 / _FROM_ALL**2
            curvature[own, own] += steps.T @ steps
        gradient += self.count @ mean
        curvature += mean.T @ (self.count[:, None] * mean)
        rate = float(sigmoid(base))
        gradient[0] += self.won * (1.0 - rate) - self.lost * rate - float(base) / BASE_DEVIATION**2
        diagonal[0] += (self.won + self.lost) * rate * (1.0 - rate) + 1.0 / BASE_DEVIATION**2
        values, vectors = np.linalg.eigh(curvature)
        return gradient, vectors / np.sqrt(np.maximum(np.abs(values), _LEAST_CURVATURE))

    def _own_slopes(self, outcome: int, hazard: Floats) -> tuple[Floats, Floats]:
        """Return what settled leads pull at the logarithms of hazards, and less the derivative of that."""
        events, after = self.events[outcome], self.risks[outcome] - self.events[outcome]
        odds = np.expm1(hazard)
        first = hazard * (events / odds - after)
        return first, hazard**2 * events * (odds + 1.0) / odds**2 - first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """Open leads by age and pace, as of `DelayLikelihood`; days of each bin of `Delays`."""

    count: Floats
    days: tuple[Floats, Floats]

    @classmethod
    def of(cls, ages: Ages, starts: Ints, paces: Floats) -> "_Groups":
        # Counts come first and are whole, so that no last digit depends on the order of settled leads.
        (kind, entry), place = distinct_codes(ages.kind, ages.entry)
        n_early = np.bincount(place, ages.count, minlength=len(kind))
        kinds = np.concatenate([ages.open_kind, ages.open_kind, kind])
        days = np.concatenate([ages.open_days, ages.open_entry - 1, entry - 1])
        count = np.concatenate([ages.open_count, -ages.open_count, -n_early]).astype(np.float64)
        kept = (days >= 0) & (count != 0.0)
        kinds, days, count = kinds[kept], days[kept], count[kept]
        rough = np.round(np.log(paces) / _PACE).astype(np.int64)
        rough -= rough.min(initial=0)
        codes, group = distinct_codes(rough[LOST][kinds], rough[WON][kinds], _rough_ages(days), (count < 0).astype(int))
        total = np.asarray(np.bincount(group, count, minlength=len(codes[0])), dtype=np.float64)

        def mean(values: Floats) -> Floats:
            return np.asarray(np.bincount(group, count * values, minlength=len(total)) / total)

        in_bins = days_in_bins(starts, days)
        of_lost, of_won = (
            np.stack([mean(part) for part in (paces[y][kinds] * in_bins.T)], axis=1) for y in (LOST, WON)
        )
        return cls(count=total, days=(of_lost, of_won))


def _rough_ages(days: Ints) -> Ints:
    beyond = np.log(np.maximum(days, _FINE_DAYS) / _FINE_DAYS) / _COARSE
    return np.asarray(np.minimum(days, _FINE_DAYS) + np.floor(beyond).astype(np.int64))


def _places(first: Ints, n: int) -> Ints:
    return np.searchsorted(first, np.arange(n), side="right") - 1


def _summed(values: Floats, first: Ints) -> Floats:
    return np.asarray(np.add.reduceat(values, first, axis=-1), dtype=np.float64)
