"""Floors of three to five columns and few to many reps: what a plan obtains, beside the same model told the spreads."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from benchmarks.affinity_lift import points
from benchmarks.harness import Line, verdict
from leadopt.learning.effects.families import Family
from leadopt.learning.effects.logistic import Binomial, expected_rate, sigmoid
from leadopt.learning.effects.posterior import effects_under

SEEDS = {10: 30, 34: 8, 36: 8, 100: 3, 500: 2}  # by reps: of few, floors differ much; of many, a fit takes ten seconds
MARGIN = 0.03  # below the model that is told the spreads
COLUMN_SD, REP_SD, PAIR_SD = 0.5, 0.3, 0.25
PAST_LEADS, LEADS = 200, 20  # of each rep
FLOORS = tuple((n_reps, sizes) for sizes in ((6, 5, 4), (6, 5, 4, 3), (6, 5, 4, 3, 3)) for n_reps in SEEDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCliff:
    """Shares of the oracle's lift over an even deal, each float64 (n_seeds,)."""

    TITLE: ClassVar[str] = "Many columns, few reps to many"
    INTRO: ClassVar[str] = (
        f"Simulated floors, mean of {', '.join(f'{k} seeds of {n} reps' for n, k in SEEDS.items())}\n"
        "+- standard error. On the logit, the levels of a column differ by 0.5, reps by 0.3, and what a rep does with\n"
        "each column's levels by 0.25. 200 past leads a rep, dealt at random; 20 coming leads and as many slots.\n"
        "`told` is the same model given these standard deviations. Goal: no more than 3 points below it, at every\n"
        "number of reps (a difference within two standard errors is none).\n"
        "In brackets: seconds of a fit."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("columns", "reps:", "told:", "leadopt:", "below:", "met?")

    sizes: tuple[int, ...]
    n_reps: int
    told: Any
    leadopt: Any
    seconds: float

    @property
    def cells(self) -> tuple[str, ...]:
        below = self.told - self.leadopt
        met = below.mean() <= MARGIN + 2.0 * np.std(below, ddof=1) / np.sqrt(len(below))
        shares = (points(self.told), f"{points(self.leadopt)} ({self.seconds:.2f})", points(below))
        return (", ".join(map(str, self.sizes)), str(self.n_reps), *shares, verdict(bool(met)))


def rows() -> Iterator[Line]:
    """Return a line for each floor."""
    for n_reps, sizes in FLOORS:
        found = np.array([measure(n_reps, sizes, seed) for seed in range(SEEDS[n_reps])])
        yield NoCliff(
            sizes=sizes, n_reps=n_reps, told=found[:, 0], leadopt=found[:, 1], seconds=float(found[:, 2].mean())
        )


def measure(n_reps: int, sizes: tuple[int, ...], seed: int) -> tuple[float, float, float]:
    """Return the share of the model that is told the spreads, that of leadopt, and the seconds of its fit."""
    from leadopt import AffinityModel

    rng, n = np.random.default_rng([seed, n_reps, *sizes]), PAST_LEADS * n_reps
    columns = [rng.normal(0.0, COLUMN_SD, size) for size in sizes]
    of_rep = rng.normal(0.0, REP_SD, n_reps)
    pairs = [rng.normal(0.0, PAIR_SD, (size, n_reps)) for size in sizes]
    past, rep = [rng.integers(size, size=n) for size in sizes], rng.integers(n_reps, size=n)
    leads = [rng.integers(size, size=LEADS * n_reps) for size in sizes]

    def logits(level: list[Any], of: Any) -> Any:
        parts = zip(columns, pairs, level, strict=True)
        return -1.6 + of_rep[of] + sum(column[code] + pair[code, of] for column, pair, code in parts)

    won = rng.random(n) < sigmoid(logits(past, rep))
    every = [code[:, None] for code in leads]
    truth = sigmoid(logits(every, np.arange(n_reps)[None, :]))
    history = {"rep_id": rep.tolist(), **_text(past), "converted": won.astype(int).tolist()}
    start = perf_counter()
    model = AffinityModel(segment_by=list(_text(leads))).fit(history)
    seconds = perf_counter() - start
    affinity = model.affinity(_text(leads), {"rep_id": list(range(n_reps))})
    told = told_rates([rep, *past], [n_reps, *sizes], won, [np.arange(n_reps)[None, :], *every])
    return _share(truth, told), _share(truth, affinity.rates[affinity.row]), seconds


def told_rates(codes: list[Any], sizes: list[int], won: Any, asked: list[Any]) -> Any:
    """Return the chances of pairs by the model whose families and standard deviations are the true ones."""
    key, cell = np.unique(np.ravel_multi_index(codes, sizes), return_inverse=True)
    of_cell = list(np.unravel_index(key, sizes))
    families = [Family.of((column,), of_cell, sizes) for column in range(len(sizes))]
    families += [Family.of((0, column), of_cell, sizes) for column in range(1, len(sizes))]
    outcomes = Binomial(tried=np.bincount(cell).astype(float), converted=np.bincount(cell, won).astype(float))
    deviations = [REP_SD, *[COLUMN_SD] * (len(sizes) - 1), *[PAIR_SD] * (len(sizes) - 1)]
    effects = effects_under(
        [family.find(of_cell) for family in families],
        tuple(len(family.keys) for family in families),
        np.array(deviations),
        outcomes,
    )
    levels = [family.find(asked) for family in families]
    return expected_rate(*effects.total(levels, np.full(np.broadcast_shapes(*map(np.shape, asked)), len(key))))


def _text(codes: list[Any]) -> dict[str, list[str]]:
    return {f"column {k}": [f"level {code}" for code in column] for k, column in enumerate(codes)}


def _share(truth: Any, rates: Any) -> float:
    """Return the share of the oracle's lift over an even deal that the best plan by these rates obtains."""
    import leadopt

    slots = np.full(truth.shape[1], LEADS)
    ours, best = (leadopt.match(each, slots).rep_of_lead for each in (rates, truth))
    every, even = np.arange(len(truth)), truth.mean(axis=1).sum()
    return float((truth[every, ours].sum() - even) / (truth[every, best].sum() - even))
