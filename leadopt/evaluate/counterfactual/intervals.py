"""Intervals of means of weighted outcomes: bootstraps of rows, and wider where few conversions carry the weight."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats
from leadopt.progress import loaded

FEW = 10.0
"""Conversions that the weighted ones must be worth, ``sum(w r)**2 / sum((w r)**2)``: below, bootstraps see too little
of what else could have come. Where rates are 5% and logs are worth 50 to 100 outcomes, percentiles of a 90% interval
hold the truth in 81 to 83% of logs, and intervals as here in 90% (`benchmarks/off_policy_coverage.py`)."""
_BLOCK = 2**22  # cells of resampled rows held at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Standard error and ends of the interval of an estimate."""

    error: float
    low: float
    high: float


def spreads(
    parts: Mapping[str, Floats],
    found: Mapping[str, float],
    dearest: float,
    level: float,
    replicates: int,
    rng: np.random.Generator,
) -> dict[str, Spread]:
    r"""Return how far each estimate may be off, by rows drawn with replacement.

    The interval is as wide as two: that of the percentiles, and for means the studentised one,

    .. math:: (\hat\mu - t_{(1 + level)/2} s, \hat\mu - t_{(1 - level)/2} s), \quad t^* = (\mu^* - \hat\mu) / s^*,

    which knows that samples of few heavy weights have small errors as well as small means. Where the weighted
    conversions are worth fewer than `FEW`, it reaches as far as the gamma interval of their weighted sum, too, whose
    upper end counts one conversion more of the heaviest weight; and likewise where hardly a lead was lost.

    Parameters
    ----------
    parts
        float64 (n_rows,) each: "reward", "weighted", "weight", "placed", "robust"; and "missed", the weight of leads
        that were lost, where every conversion counts 1
    found
        the estimates that are made of their means: "DR", "SNIPS", "IPS", "log", "lift"
    dearest
        what a conversion may be worth

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, sec. 12.5 and 13.3; Fay & Feuer (1997), Confidence
    intervals for directly standardized rates: a method based on the gamma distribution, Statistics in Medicine 16(7)
    """
    rows = {"DR": parts["robust"], "IPS": parts["weighted"], "log": parts["reward"]}
    rows["lift"] = parts["robust"] - parts["reward"]
    squares = {f"{name} squared": row**2 for name, row in rows.items()}
    mean = _resampled_means({**parts, **rows, **squares}, replicates, rng)
    drawn = {name: mean[name] for name in rows}
    drawn["SNIPS"] = mean["placed"] * mean["weighted"] / np.maximum(mean["weight"], 1e-300)
    tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    below, above = _of_few(parts["weighted"], parts["weight"], dearest, level)
    up, down = _of_few(parts["missed"], parts["weight"], 1.0, level) if "missed" in parts else (0.0, 0.0)
    most = float(parts["placed"].mean()) if "missed" in parts else np.inf
    ends = {}
    for name, value in found.items():
        low, high = (float(end) for end in np.quantile(drawn[name], tails))
        if name in rows:
            spread = np.sqrt(np.maximum(mean[f"{name} squared"] - mean[name] ** 2, 0.0))
            scaled = np.divide(mean[name] - value, spread, out=np.zeros_like(spread), where=spread > 0.0)
            t_low, t_high = np.quantile(scaled, tails) * float(rows[name].std())
            low, high = min(low, value - float(t_high)), max(high, value - float(t_low))
        if name != "log":
            low, high = min(low, value - max(below, down)), max(high, value + max(above, up))
        if name != "lift":  # nothing earns less than nothing, and no lead converts twice
            low, high = max(low, min(0.0, value)), min(high, max(most, value))
        ends[name] = Spread(error=float(drawn[name].std(ddof=1)), low=low, high=high)
    return ends


def _of_few(weighted: Floats, weight: Floats, worth: float, level: float) -> tuple[float, float]:
    """Return how far the mean of weighted conversions may be off below and above: not at all where there are enough.

    `worth` is that of the dearest conversion.
    """
    n = len(weighted)
    mean, variance = float(weighted.sum()) / n, float((weighted**2).sum()) / n**2
    if mean > 0.0 and mean**2 / variance >= FEW:
        return 0.0, 0.0
    loaded("scipy.special")
    from scipy.special import gammaincinv

    tail = (1.0 - level) / 2.0
    most = float(weight.max(initial=0.0)) * worth / n
    low = variance / mean * float(gammaincinv(mean**2 / variance, tail)) if mean > 0.0 else 0.0
    more, spread = mean + most, variance + most**2
    high = spread / more * float(gammaincinv(more**2 / spread, 1.0 - tail)) if more > 0.0 else 0.0
    return mean - low, max(0.0, high - mean)


def _resampled_means(parts: Mapping[str, Floats], replicates: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Return the means of rows drawn with replacement, float64 (replicates,) for each part, in blocks of replicates."""
    n = len(parts["reward"])
    step = max(1, _BLOCK // n)
    means: dict[str, list[Floats]] = {name: [] for name in parts}
    for start in range(0, replicates, step):
        rows = rng.integers(n, size=(min(step, replicates - start), n))
        for name, part in parts.items():
            means[name].append(part[rows].mean(axis=1))
    return {name: np.concatenate(blocks) for name, blocks in means.items()}
