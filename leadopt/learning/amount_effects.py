"""What amounts of won leads depend on: effects on their logarithms, on whether there is any, and back to amounts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.effects.families import SCALES as OF_CHANCES
from leadopt.learning.effects.families import FamilyEffects, Scales, fit_families
from leadopt.learning.effects.logistic import Binomial, sigmoid
from leadopt.learning.effects.normal import Normal
from leadopt.learning.effects.posterior import Effects, more_diverse
from leadopt.learning.effects.smearing import Correction, learn_correction
from leadopt.learning.history.odd import odd_ones
from leadopt.learning.level_factors import LevelFactors, learn_factors
from leadopt.problem.linear_algebra import applied, inner
from leadopt.tables.amounts import LEAST_AMOUNT, MOST_AMOUNT, Amounts

SCALES = Scales(column=1.0, pair=0.5)
"""Of the logarithm: values within a factor of e are usual. At half and twice, mean errors of the logarithm on simulated
histories (see `effects.normal`) are .258 and .262 in place of .259 for columns, and the same for pairs."""
LEAST_LOG, MOST_LOG = float(np.log(LEAST_AMOUNT)), float(np.log(MOST_AMOUNT))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AmountEffects:
    """What an amount above 0 is expected to be, by the levels of some columns; see `ValueModel` for the mathematics.

    Parameters
    ----------
    centre
        mean logarithm, around which effects are
    fitted
        effects on the logarithm
    diverse
        the same for intervals
    of_rep
        bool (n_families,), whether a family is of reps, of whom any may be the next
    factors
        by how much they miss what is expected of them at some levels; None = no more than by chance
    correction
        by how much they all do
    most_log
        logarithm of the largest amount: on average nothing is worth more
    """

    centre: float
    fitted: FamilyEffects
    diverse: Effects
    of_rep: Bools
    factors: LevelFactors | None
    correction: Correction
    most_log: float

    @property
    def noise(self) -> float:
        """Variance of a logarithm around what is known of it."""
        return self.fitted.effects.likelihood.noise

    def places(self, codes: Sequence[Ints], n_combinations: int) -> list[Ints]:
        """Return the level of each family for these codes of the lead's columns; of reps none is known."""
        nobody = np.full(n_combinations, -1, dtype=np.int64)
        return [
            np.full(n_combinations, len(family.keys)) if by_rep else family.find([*codes, nobody])
            for family, by_rep in zip(self.fitted.families, self.of_rep, strict=True)
        ]

    def log_expected(self, places: Sequence[Ints], n: int) -> Floats:
        """Return the logarithm of what is expected at some levels, but for the correction, float64 (n,)."""
        effects = self.fitted.effects
        unseen = _unseen(self.fitted, places, n)
        factors = np.array([_mean_factor(effects, part) for part in effects.crossed.slices])
        mean, variance = effects.known(places)
        allowed = 0.5 * (variance + self.noise) - effects.with_base(places)
        found = np.asarray(self.centre + mean + allowed + applied(unseen.T, factors))
        found = found if self.factors is None else found + self.factors.log_factor(places)
        return np.clip(found, LEAST_LOG, self.most_log)

    def expected(self, codes: Sequence[Ints], n: int) -> Floats:
        """Return the logarithm of what is expected of each combination of codes, float64 (n,)."""
        found = self.log_expected(self.places(codes, n), n) + self.correction.log_factor
        return np.clip(found, LEAST_LOG, self.most_log)

    def around(self, codes: Sequence[Ints], n: int) -> tuple[Floats, Floats]:
        """Return mean and variance of the logarithm of what is expected, as intervals have it.

        Whoever follows a lead up is one of the reps, whose mean is known better than the mean of all there could be.
        """
        places, effects = self.places(codes, n), self.diverse
        mean, variance = effects.known(places)
        for family in np.flatnonzero(self.of_rep):
            among, share = self._among(int(family))
            spread = effects.crossed.times_inverse(share)
            together = effects.crossed.sum_of(spread, places)[0]
            mean, variance = mean + among, np.maximum(variance + 2.0 * together + inner(share, spread), 0.0)
        unseen = _unseen(self.fitted, places, n)[~self.of_rep]
        spreads = applied(unseen.T, effects.deviations[~self.of_rep] ** 2)
        of_noise = self.noise**2 / (2.0 * max(1.0, effects.likelihood.freedom)) + self.correction.variance
        if self.factors is not None:
            factor, variance = self.factors.around(places, variance, self.of_rep)
            mean = mean + factor
        middle = np.clip(self.centre + 0.5 * self.noise + mean, LEAST_LOG, self.most_log)
        return middle + self.correction.log_factor, variance + spreads + of_noise

    def _among(self, family: int) -> tuple[Floats, Floats]:
        """Return the logarithm of what reps multiply amounts by on average, and what share of that each has."""
        effects, (part, size) = self.diverse, (self.diverse.crossed.slices[family], self.diverse.crossed.sizes[family])
        nowhere = [np.full(size, levels) for levels in effects.crossed.sizes]
        each = [np.arange(size) if other == family else level for other, level in enumerate(nowhere)]
        share = np.zeros(effects.crossed.n_effects)
        share[part] = 1.0 / size
        spread = effects.crossed.times_inverse(share)
        of_all = effects.known([level[:1] for level in nowhere])[1] + 2.0 * spread[0] + inner(share, spread)
        exponent = effects.mean[part] + 0.5 * (effects.known(each)[1] - of_all)
        among = np.logaddexp.reduce(exponent)
        share[part] = np.exp(exponent - among)
        return among - np.log(size), share


def fit_amounts(
    codes: Sequence[Ints], sizes: Sequence[int], n_columns: int, amounts: Amounts
) -> tuple[AmountEffects, Bools]:
    """Return what groups of amounts above 0 depend on, and which groups are odd (`odd_ones`).

    Odd amounts teach nothing about logarithms, of which the mean is easily led, nor about single levels. All amounts
    count for the correction, and so as far as many of them say that the form of the others is not the whole of it.

    Parameters
    ----------
    codes
        int64 (n_groups,) for each column of leads, then perhaps the rep
    sizes
        how many levels each has
    n_columns
        how many of them are of leads
    amounts
        with at least one above 0 in each group
    """
    count = amounts.paid.astype(np.float64)
    means = amounts.logs / count
    known: dict[bytes, tuple[float, FamilyEffects]] = {}

    def learned(kept: Bools) -> tuple[float, FamilyEffects]:
        key = kept.tobytes()
        if key not in known:
            known[key] = _fit_logs([code[kept] for code in codes], sizes, n_columns, amounts.take(np.flatnonzero(kept)))
        return known[key]

    def expects(kept: Bools) -> tuple[Floats, Floats, Floats]:
        centre, fitted = learned(kept)
        places, effects = fitted.levels(codes), fitted.effects
        mean, variance = effects.known(places)
        unseen = _unseen(fitted, places, len(count))
        return (
            np.broadcast_to(centre + mean, count.shape),
            np.broadcast_to(variance / effects.likelihood.noise, count.shape),
            applied(unseen.T, effects.deviations**2),
        )

    odd = odd_ones(means, count, expects)
    centre, fitted = learned(~odd)
    found = AmountEffects(
        centre=centre,
        fitted=fitted,
        diverse=more_diverse(fitted.effects),
        of_rep=np.array([family.columns[-1] >= n_columns for family in fitted.families], dtype=bool),
        factors=None,
        correction=Correction(log_factor=0.0, variance=0.0),
        most_log=float(np.clip(means + (count > 1.0), LEAST_LOG, MOST_LOG).max()),  # a group is of one magnitude
    )
    places = [np.broadcast_to(at, count.shape) for at in fitted.levels(codes)]
    found = replace(found, factors=_level_factors(found, places, amounts, ~odd))
    foreseen = found.log_expected(places, len(count))
    correction = learn_correction(np.exp(foreseen), count, amounts.total, amounts.squares)
    return replace(found, correction=correction), odd


def _level_factors(found: AmountEffects, places: Sequence[Ints], amounts: Amounts, kept: Bools) -> LevelFactors | None:
    """Return by how much levels miss what is expected; odd amounts, one of which would be all of it, say nothing."""
    at, rest = [level[kept] for level in places], amounts.take(np.flatnonzero(kept))
    known, _ = found.fitted.effects.known(at)
    return learn_factors(
        at,
        found.fitted.effects.crossed.sizes,
        found.log_expected(at, len(rest.rows)),
        np.broadcast_to(found.centre + known, rest.rows.shape),
        rest,
        found.noise,
    )


def _fit_logs(
    codes: Sequence[Ints], sizes: Sequence[int], n_columns: int, amounts: Amounts
) -> tuple[float, FamilyEffects]:
    """Return the mean logarithm, and effects around it."""
    cell, cells = cells_of(codes, len(amounts.rows))
    count, logs, squared_logs = (
        np.bincount(cell, part).astype(np.float64) for part in (amounts.paid, amounts.logs, amounts.squared_logs)
    )
    centre = float(logs.sum() / count.sum())
    squared_logs += count * centre**2 - 2.0 * centre * logs
    logs -= count * centre
    # Who has a lead is no reason for its value, so pairs are of the lead's own columns.
    pairs = combinations(range(n_columns), 2)
    return centre, fit_families(cells, sizes, pairs, Normal.of(count, logs, squared_logs), SCALES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaidShare:
    """The chance that a won lead is worth anything, by the levels of the lead's columns."""

    fitted: FamilyEffects

    @classmethod
    def of(cls, codes: Sequence[Ints], sizes: Sequence[int], won: Ints, paid: Ints) -> "PaidShare":
        """Return what is learned of groups of won leads, and how many of each are worth anything.

        Parameters
        ----------
        codes, sizes
            as of `fit_amounts`, of the lead's columns alone
        won, paid
            int64 (n_groups,)
        """
        cell, cells = cells_of(codes, len(won))
        tried, converted = (np.bincount(cell, part).astype(np.float64) for part in (won, paid))
        pairs = combinations(range(len(codes)), 2)
        outcomes = Binomial(tried=tried, converted=converted)
        return cls(fitted=fit_families(cells, sizes, pairs, outcomes, OF_CHANCES))

    def of_codes(self, codes: Sequence[Ints], n: int) -> tuple[Floats, Floats]:
        """Return the share of each combination of codes, and the variance of its logarithm, float64 (n,)."""
        nowhere = np.full(n, len(self.fitted.effects.own_mean))
        known = self.fitted.logits(codes, nowhere)
        mean, variance = known.normal()
        return known.rate(), (1.0 - sigmoid(mean)) ** 2 * variance


def cells_of(codes: Sequence[Ints], n_groups: int) -> tuple[Ints, list[Ints]]:
    """Return each group's cell, and the codes of each cell: groups that differ in a currency or a magnitude are one."""
    if not codes:
        return np.zeros(n_groups, dtype=np.int64), []
    cells, cell = np.unique(np.stack(codes), axis=1, return_inverse=True)
    return cell.reshape(-1), list(cells)


def _unseen(fitted: FamilyEffects, places: Sequence[Ints], n: int) -> Floats:
    """Return whether each of some combinations is of a level that a family does not know, float64 (n_families, n)."""
    unseen = [np.broadcast_to(at == len(one.keys), n) for one, at in zip(fitted.families, places, strict=True)]
    return np.array(unseen, dtype=np.float64).reshape(len(fitted.families), n)


def _mean_factor(effects: Effects, part: slice) -> float:
    """Return the logarithm of what the levels of a family multiply values by, on average over the levels."""
    exponent = effects.mean[part] + 0.5 * effects.crossed.variances()[part]
    return float(np.logaddexp.reduce(exponent) - np.log(len(exponent)))
