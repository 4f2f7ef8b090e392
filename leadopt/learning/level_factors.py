"""By how much amounts at each level miss what logarithms make expected of them, where levels differ in shape."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.posterior import Effects, effects_under, more_diverse
from leadopt.learning.effects.spreads import Spread, learn_spread
from leadopt.problem.linear_algebra import inner
from leadopt.tables.amounts import LEAST_AMOUNT, MOST_AMOUNT, Amounts

# Figures: on simulated histories whose log-normal spread differs by source: around .6, log-normally itself, with five
# sources of 60 won leads; one of four, of 75 each, that is .9 in place of .5; .3 to 1.2, of four of 12 each.
_SCALE = 0.5  # prior scale of standard deviations of factors; .25 and 1: the same within a standard error
_WORTH = 0.0
"""Log-likelihood ratio against no effect beyond which a family has factors: with .5, 90% intervals hold the truth in
.90, .86 and .82 of the cases, not .92, .91 and .91."""
_KIN = 40.0
"""Amounts that the scatter of all counts as, beside that of each level's own: with 3 and 10 the mean errors of the
logarithm are .157, .115, .262 and .157, .111, .261, with 30 and 60 .143, .099, .233 and .142, .087, .223."""
_LEAST_VARIANCE = 1e-6  # of amounts around what is expected of them: where they are all alike there is none
_MOST_RATIO = 1e100  # the square of what is more could overflow
_LOGS = float(np.log(LEAST_AMOUNT)), float(np.log(MOST_AMOUNT))
_DIGITS = 9  # sums of floats differ in their last digits with the order of the rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Means of cells, each with a variance that is known, as a likelihood of effects; see `Likelihood`.

    Parameters
    ----------
    mean, weight
        float64 (n_cells,), what was seen, near 1, and the reciprocal of its variance
    """

    mean: Floats
    weight: Floats

    is_normal: ClassVar[bool] = True
    base_deviation: ClassVar[float] = 1e3
    tolerance: ClassVar[float] = 0.01
    noise: ClassVar[float] = 1.0
    freedom: ClassVar[float] = float("inf")

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return len(self.mean)

    def first_base(self) -> float:
        """Return 1, near which means are."""
        return 1.0

    def slopes(self, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Return how far, in units of their variance, cells lie from their expectation, and what they weigh."""
        return self.weight * (self.mean - mean), self.weight

    def deviation(self, spread: Spread) -> float:
        """Return the median, as `Normal` does."""
        return float(np.median(spread.quantiles))

    def learned(self, crossed: Crossed, mean: Floats) -> "Seen":
        """Return the same: nothing is left to learn."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelFactors:
    r"""What expected amounts are multiplied by at the levels of some families; see `learn_factors`.

    Parameters
    ----------
    families
        numbers of the families that have factors
    effects, diverse
        of which the sums, in units of their base, are the factors; and the same for intervals
    least
        what no factor is below: a mean is no less than the geometric mean
    plain
        how many times as large the variance of a plain mean is as that of a factor, elsewhere and by the levels of each
        of these families, of which the last is one never seen
    """

    families: tuple[int, ...]
    effects: Effects
    diverse: Effects
    least: float
    plain: tuple[float, tuple[Floats, ...]]

    def log_factor(self, places: Sequence[Ints]) -> Floats:
        """Return the logarithm of the factor at these levels of all families."""
        return self._log_factor(self.effects, places)

    def _log_factor(self, effects: Effects, places: Sequence[Ints]) -> Floats:
        mean, _ = effects.known([places[family] for family in self.families])
        return np.asarray(np.log(np.maximum(mean / effects.mean[0], self.least)))

    def around(self, places: Sequence[Ints], known: Floats, of_any: Bools) -> tuple[Floats, Floats]:
        r"""Return the logarithm of the factor, and the variance of that of the expected amount, as intervals have it.

        With the part b of a factor that is its own, an expected amount is by so much a plain mean, of variance
        :math:`\phi`, and for the rest what logarithms say, of variance V: :math:`(1 - b) V + b \phi`.

        Parameters
        ----------
        places
            each family's level
        known
            float64, V
        of_any
            bool (n_families,), whether a level that is not known is any of those of the family, as reps are
        """
        own, sizes = [places[family] for family in self.families], self.diverse.crossed.sizes
        levels = list(zip(own, sizes, self.diverse.deviations**2, strict=True))
        _, variance = self.diverse.known(own)
        _, of_base = self.diverse.known([np.full(1, size) for size in sizes])
        before = of_base + sum((np.where(at < size, one, 0.0) for at, size, one in levels), start=np.zeros(()))
        share = 1.0 - np.minimum(1.0, variance / np.maximum(before, np.finfo(np.float64).tiny))
        for times, at in zip(self.plain[1], own, strict=True):
            variance = variance * times[at]
        unseen = sum(
            (
                np.where(at == size, one, 0.0)
                for (at, size, one), family in zip(levels, self.families, strict=True)
                if not of_any[family]
            ),
            start=np.zeros(()),
        )
        log_factor = self._log_factor(self.diverse, places)
        scale = self.diverse.mean[0] * np.exp(log_factor)
        return log_factor, (1.0 - share) * known + (self.plain[0] * variance + unseen) / scale**2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ratios:
    r"""Amounts by group in units of what is expected of one, at levels whose mean logarithms are met.

    Parameters
    ----------
    count, mean, square
        float64 (n_groups,): how many amounts r there are, their mean, and the mean of their squares
    off, within, tilt
        float64 (n_groups,): by how much logarithms exceed their expectation on average, their variance, and by how much
        more they do on average where amounts count as much as they are large
    """

    count: Floats
    mean: Floats
    square: Floats
    off: Floats
    within: Floats
    tilt: Floats

    @classmethod
    def of(
        cls,
        levels: Sequence[Ints],
        sizes: Sequence[int],
        expected: Floats,
        logs: Floats,
        amounts: Amounts,
        noise: float,
    ) -> "Ratios":
        r"""Return the ratios; parameters as of `learn_factors`.

        Where shrunk effects leave a level's logarithms off by d on average, what amounts are off is no matter of shape:
        they are divided by :math:`\exp(d - h \sigma^2 / 2)`, with h for what one amount contributes to its own
        expectation; log-normal amounts then have the mean 1 at every level, however few they are.

        With :math:`K(t) = \log E[e^{t (\log y - E \log y)}]` the tilt is :math:`K'(1)`. The quartic of K(1), K(2),
        :math:`K'(0) = 0` and :math:`K''(0)` makes :math:`2 K(1) + K(2) / 8 - K''(0) / 4` of it, so that it hardly
        matters which amounts are a group.
        """
        count = amounts.paid.astype(np.float64)
        mean, each = amounts.logs / count, amounts.total / count
        off, own = mean - logs, np.zeros(len(count))
        for at, size in zip(levels, sizes, strict=True):
            held = np.bincount(at, count, minlength=size)
            off = off - _by_level(at, size, count, off)[at]
            own += 1.0 / held[at]
        met = expected + mean - logs - off - 0.5 * noise * np.minimum(own, 1.0)
        unit = np.maximum(np.exp(np.clip(met, *_LOGS)), each / _MOST_RATIO)
        squares, within = amounts.squares / count, np.maximum(amounts.squared_logs / count - mean**2, 0.0)
        first, second = np.log(np.maximum(each, LEAST_AMOUNT)), np.log(np.maximum(squares, LEAST_AMOUNT**2))
        return cls(
            count=count,
            mean=each / unit,
            square=squares / unit / unit,  # squares of units could be too small or large
            off=off,
            within=within,
            tilt=np.clip(2.0 * (first - mean) + (second - 2.0 * mean) / 8.0 - within / 4.0, 0.0, 1.0),
        )

    def scatter(self, mean: Floats, off: Floats) -> tuple[Floats, Floats]:
        r"""Return sums of squares of ratios r around a mean m, and of what logarithms do not say of them already.

        That is :math:`r - m - m d`, with the logarithm's deviation d: an error of a mean logarithm is one of the
        expectation.
        """
        d = self.off - off
        plain = self.square - 2.0 * mean * self.mean + mean**2
        both = self.mean * (d + self.tilt) - mean * d
        beside = plain - 2.0 * mean * both + mean**2 * (self.within + d**2)
        return self.count * np.maximum(plain, 0.0), self.count * np.maximum(beside, 0.0)

    def variances(self, levels: Sequence[Ints], sizes: Sequence[int]) -> tuple[Floats, float, list[Floats]]:
        """Return each group's variance of what logarithms do not say, and `LevelFactors.plain` of all families.

        Variances are products over the families' levels, each of which is shrunk towards 1.
        """
        nothing = np.zeros(len(self.count), dtype=np.int64)
        sums = self.scatter(*(_by_level(nothing, 1, self.count, each) for each in (self.mean, self.off)))
        left = max(float(self.count.sum()) - sum(sizes), 1.0)  # levels' means are met
        overall = [max(float(each.sum()) / left, _LEAST_VARIANCE) for each in sums]
        logs = [np.full(len(self.count), np.round(np.log(each), _DIGITS)) for each in overall]
        plain = list[Floats]()
        for at, size in zip(levels, sizes, strict=True):
            freedom = np.maximum(np.bincount(at, self.count, minlength=size) - 1.0, 0.0) + _KIN
            sums = self.scatter(*(_by_level(at, size, self.count, each)[at] for each in (self.mean, self.off)))
            times = [
                np.round(np.log((np.bincount(at, each / np.exp(log), minlength=size) + _KIN) / freedom), _DIGITS)
                for each, log in zip(sums, logs, strict=True)
            ]
            logs = [log + each[at] for log, each in zip(logs, times, strict=True)]
            plain.append(np.append(np.exp(times[0] - times[1]), 1.0))
        return np.exp(logs[1]), round(overall[0] / overall[1], _DIGITS), plain


def learn_factors(
    levels: Sequence[Ints], sizes: Sequence[int], expected: Floats, logs: Floats, amounts: Amounts, noise: float
) -> LevelFactors | None:
    r"""Return by how much levels miss what logarithms make expected of amounts, as far as that is not chance.

    Logarithms whose spread or shape differs from level to level, as where one source brings deals of all sizes and
    another all alike, or where each has its own mix of list prices, make expected amounts wrong however many there are.
    The mean ratio of amounts to what is expected of them is 1 at every level if they do not; else it is

    .. math:: r_g = b + \sum_f u_{f, l} + \epsilon_g, \qquad u_f \sim N(0, \tau_f^2), \quad
        \epsilon_g \sim N(0, v_g / n_g)

    with the levels' own variances v, and the factor is :math:`1 + \sum_f u_{f, l} / b`. Families of which the levels
    are not told from chance have none.

    Parameters
    ----------
    levels
        int64 (n_groups,) of each family
    sizes
        how many levels each has
    expected, logs
        float64 (n_groups,), the logarithm of what is expected of an amount of each group, and what is of its logarithm
    amounts
        above 0, at least one in each group
    noise
        variance of a logarithm around its expectation

    References
    ----------
    Duan (1983), Smearing estimate: a nonparametric retransformation method, JASA 78(383),
    doi:10.1080/01621459.1983.10478017; Manning (1998), The logged dependent variable, heteroscedasticity, and the
    retransformation problem, Journal of Health Economics 17(3), doi:10.1016/S0167-6296(98)00025-3.
    """
    order = np.lexsort((amounts.paid, amounts.logs, *levels))  # engines have groups in any
    levels, amounts = [at[order] for at in levels], amounts.take(order)
    ratios = Ratios.of(levels, sizes, expected[order], logs[order], amounts, noise)
    variance, overall, plain = ratios.variances(levels, sizes)
    weight, mean = np.asarray(ratios.count / variance), np.round(ratios.mean, _DIGITS)
    spreads = _telling(levels, sizes, weight, mean)
    if not spreads:
        return None
    cells, cell = np.unique(np.stack([levels[family] for family in spreads]), axis=1, return_inverse=True)
    of_cell, total = (np.bincount(cell.reshape(-1), each).astype(np.float64) for each in (weight, weight * mean))
    seen = Seen(mean=total / of_cell, weight=of_cell)
    likely = np.array([seen.deviation(spread) for spread in spreads.values()])
    effects = effects_under(list(cells), tuple(sizes[family] for family in spreads), likely, seen, steps=1)
    return LevelFactors(
        families=tuple(spreads),
        effects=effects,
        diverse=more_diverse(replace(effects, spreads=tuple(spreads.values()))),
        least=float(np.exp(max(-0.5 * noise, _LOGS[0]))),
        plain=(overall, tuple(plain[family] for family in spreads)),
    )


def _telling(levels: Sequence[Ints], sizes: Sequence[int], weight: Floats, mean: Floats) -> dict[int, Spread]:
    """Return how much the levels of each family differ that is told from chance, given the families before it."""
    left, spreads = mean - inner(weight, mean) / weight.sum(), dict[int, Spread]()
    for family, (at, size) in enumerate(zip(levels, sizes, strict=True)):
        pull, information = (
            np.bincount(at, each, minlength=size).astype(np.float64) for each in (weight * left, weight)
        )
        # Around the mean of all a level is as far as 1 - its weight of the way from the mean of the others.
        spread = learn_spread(pull, information * (1.0 - information / information.sum()), _SCALE)
        if spread.evidence > _WORTH:
            spreads[family] = spread
            left = left - (pull / (information + np.median(spread.quantiles) ** -2))[at]
    return spreads


def _by_level(at: Ints, size: int, count: Floats, values: Floats) -> Floats:
    """Return the mean of each level, float64 (size,)."""
    return np.asarray(np.bincount(at, count * values, minlength=size) / np.bincount(at, count, minlength=size))
