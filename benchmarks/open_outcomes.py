"""Newcomers whose leads are mostly open still, where wins take longer than losses or the other way round."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.affinity_lift import standard_error
from benchmarks.harness import Line, verdict

SEEDS, DAYS, TRUE = 200, 365, 0.25
BIAS, COVERAGE = 0.01, (0.85, 0.95)
_DAY = np.datetime64("2025-01-01")
DELAYS = (
    *((45, 15, "exponential"), (15, 45, "exponential"), (30, 30, "exponential")),
    *((45, 15, "gamma"), (15, 45, "gamma"), (45, 15, "lognormal"), (15, 45, "lognormal")),
    *((45, 15, "exponential, a tenth never settled"), (15, 45, "exponential, a tenth never settled")),
    (60, 10, "exponential, a fifth never settled"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What was estimated of two newcomers, float64 (n_seeds, 2); `inside` is bool, `left_out` without dates."""

    TITLE: ClassVar[str] = "Leads that are open still"
    INTRO: ClassVar[str] = (
        f"{SEEDS} simulated years of 3,000 leads of ten reps, of whom two came in the last 40 days; their true chance\n"
        f"is {TRUE}, that of the others differs by 0.4 on the logit. Wins and losses take as many days as is said, on\n"
        "average. Bias is the mean estimate of the newcomers less the truth (goal: below .01), with its standard\n"
        "error; `left out` is the bias where the history has no dates, and open leads are left out; `holds` is how\n"
        "often the 90% interval of a newcomer holds the truth (goal: 85 to 95%)."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        "wins, losses, how they scatter",
        "open:",
        "left out:",
        "bias:",
        "holds:",
        "met?",
    )

    name: str
    n_open: float
    left_out: Any
    found: Any
    inside: Any

    @property
    def cells(self) -> tuple[str, ...]:
        bias, held = float(self.found.mean() - TRUE), float(self.inside.mean())
        return (
            self.name,
            f"{self.n_open:.0%}",
            f"{self.left_out.mean() - TRUE:+.3f}",
            f"{bias:+.4f} +- {standard_error(self.found.mean(axis=1)):.4f}",
            f"{held:.1%}",
            verdict(abs(bias) < BIAS and COVERAGE[0] <= held <= COVERAGE[1]),
        )


def rows(n_seeds: int = SEEDS) -> Iterator[Line]:
    """Return a line for each pair of delays."""
    for wins, losses, how in DELAYS:
        seen = [_year(seed, wins, losses, how) for seed in range(n_seeds)]
        n_open, left_out, found, inside = (np.array(part) for part in zip(*seen, strict=True))
        name = f"{wins} and {losses} days, {how}"
        yield Waited(name=name, n_open=float(n_open.mean()), left_out=left_out, found=found, inside=inside)


def quick_rows() -> Iterator[Line]:
    """Return the same of a few years."""
    return rows(6)


def _year(seed: int, wins: float, losses: float, how: str) -> tuple[float, Any, Any, Any]:
    """Return which part of newcomers' leads is open, estimates without and with dates, and what intervals hold."""
    from leadopt import AffinityModel

    history, n_open = _history(np.random.default_rng(seed), wins, losses, how)
    newcomers = {"rep_id": ["r8", "r9"]}
    plain = AffinityModel().fit({name: cells for name, cells in history.items() if name != "assigned_at"})
    model = AffinityModel().fit(history)
    interval = model.interval(newcomers)
    inside = (interval[:, 0] <= TRUE) & (interval[:, 1] >= TRUE)
    return n_open, plain.probability(newcomers), model.probability(newcomers), inside


def _history(rng: np.random.Generator, wins: float, losses: float, how: str) -> tuple[dict[str, list[Any]], float]:
    n, n_reps = 3000, 10
    rep = rng.integers(n_reps, size=n)
    begun = np.where(rep >= 8, rng.uniform(DAYS - 40, DAYS, n), rng.uniform(0, DAYS, n))
    logit = np.log(TRUE / (1 - TRUE)) + np.append(rng.normal(0, 0.4, 8), [0.0, 0.0])
    won = rng.random(n) < 1 / (1 + np.exp(-logit[rep]))
    mean = np.where(won, wins, losses)
    never = 0.1 if "a tenth never" in how else 0.2 if "a fifth never" in how else 0.0
    if how == "gamma":
        took = rng.gamma(3.0, mean / 3.0)
    elif how == "lognormal":
        took = mean * np.exp(0.8 * rng.standard_normal(n) - 0.32)
    else:
        took = rng.exponential(mean)
    end = begun + np.where(rng.random(n) < never, np.inf, took)
    settled = end <= DAYS
    last = np.where(settled, end, 0.0).astype(int)
    return {
        "rep_id": [f"r{one}" for one in rep],
        "assigned_at": [str(_DAY + int(day)) for day in begun],
        "at": [str(_DAY + int(day)) if there else None for day, there in zip(last, settled, strict=True)],
        "converted": [int(one) if there else None for one, there in zip(won, settled, strict=True)],
    }, float((~settled[rep >= 8]).mean())
