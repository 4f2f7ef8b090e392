"""Whether a trial says that the plan helps where it does nothing, and whether its intervals hold the truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from leadopt.arrays import Bools, Ints
from leadopt.evaluate.trials.holdout import drawn

TRIALS, RATES, SHARES = 1_000, (0.02, 0.1, 0.4), (0.05, 0.1, 0.25, 0.5)
LIFT = 0.3
NOMINAL, NOISE = 0.025, 3.0 * (0.025 * 0.975 / TRIALS) ** 0.5
COVERAGE = (0.94, 0.97)
ENOUGH = 20  # deals that both groups expect, from which intervals must not be wider than need be
LEADS_A_REP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """How often trials of one kind say "helps", and how often their intervals hold the truth."""

    TITLE: ClassVar[str] = "What a trial says where the plan does nothing"
    INTRO: ClassVar[str] = (
        f"{TRIALS:,} trials of each kind, rates of 2, 10 and 40% and shares of .05, .1, .25 and .5 at random by\n"
        "turns, strata of unequal sizes and rates (sd .3 of the logarithm). Drawn by reps: whole reps of 20 leads,\n"
        "whose own rates differ as much (`cluster_by`). How often `measure_lift` says that the plan helps where it\n"
        f"does nothing (goal: 2.5% and three standard errors, {NOMINAL + NOISE:.1%}), and how often its 95% intervals\n"
        f"hold the truth, there and where the plan adds {LIFT:.0%} to every rate (goal: 94% or more, to within three\n"
        f"standard errors; at most 97%, likewise, where both groups expect {ENOUGH} deals or more and leads stand for\n"
        "themselves: few reps can be drawn in few ways, which leaves intervals as wide as all that is possible)."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("leads:", "strata:", "drawn by", '"helps" by luck:', '"harms" by luck:', "holds 0:", "holds a lift:"),
        *("holds, 20 deals:", "met?"),
    )

    n_leads: int
    n_strata: int
    clustered: bool
    helps: float
    harms: float
    holds: float
    holds_lift: float
    holds_enough: float
    n_enough: int

    @property
    def cells(self) -> tuple[str, ...]:
        def error(of: int) -> float:
            return float(3.0 * (0.05 * 0.95 / max(1, of)) ** 0.5)

        met = max(self.helps, self.harms) <= NOMINAL + NOISE
        met &= min(self.holds, self.holds_lift) >= COVERAGE[0] - error(TRIALS)
        if not self.clustered and self.n_enough:
            met &= self.holds_enough <= COVERAGE[1] + error(self.n_enough)
        return (
            f"{self.n_leads:,}",
            str(self.n_strata),
            "reps" if self.clustered else "leads",
            *(f"{part:.1%}" for part in (self.helps, self.harms, self.holds, self.holds_lift)),
            f"{self.holds_enough:.1%} of {self.n_enough:,}" if self.n_enough else "",
            verdict(met),
        )


def rows() -> Iterator[Line]:
    """Return a line for each size, number of strata and way to draw."""
    yield from _rows((60, 240, 2000), TRIALS)


def quick_rows() -> Iterator[Line]:
    """Return as much of small trials, a twentieth of the number."""
    yield from _rows((60,), TRIALS // 20)


def _rows(sizes: tuple[int, ...], n_trials: int) -> Iterator[Line]:
    for n_leads in sizes:
        for n_strata in (1, 4, 20):
            yield measured(n_leads, n_strata, False, n_trials)
        yield measured(n_leads, 1, True, n_trials)


def measured(n_leads: int, n_strata: int, clustered: bool, n_trials: int) -> Trials:
    """Return what trials of one kind say.

    Raises
    ------
    AssertionError
        "helps" or "harms" is said in more than twice its nominal share of at least 500 trials
    """
    said: dict[float, list[tuple[bool, bool, bool, bool]]] = {0.0: [], LIFT: []}
    for lift, found in said.items():
        for number in range(n_trials):
            seed = [n_leads, n_strata, clustered, round(100 * lift), number]
            found.append(one_trial(np.random.default_rng(seed), n_leads, n_strata, clustered, lift, number))
    null, real = (np.array(found, dtype=bool) for found in said.values())
    both = np.concatenate([null, real])
    line = Trials(
        n_leads=n_leads,
        n_strata=n_strata,
        clustered=clustered,
        helps=float(null[:, 0].mean()),
        harms=float(null[:, 1].mean()),
        holds=float(null[:, 2].mean()),
        holds_lift=float(real[:, 2].mean()),
        holds_enough=float(both[both[:, 3], 2].mean()) if both[:, 3].any() else 1.0,
        n_enough=int(both[:, 3].sum()),
    )
    if n_trials >= 500 and max(line.helps, line.harms) > 2.0 * NOMINAL:
        raise AssertionError(f"by luck alone a trial says too much: {line}")
    return line


def one_trial(
    rng: np.random.Generator, n_leads: int, n_strata: int, clustered: bool, lift: float, number: int
) -> tuple[bool, bool, bool, bool]:
    """Return whether a trial says "helps", "harms", holds the truth, and expects enough deals in both groups."""
    from leadopt.errors import InvalidInput
    from leadopt.evaluate import measure_lift

    rate = RATES[number % len(RATES)]
    share = SHARES[number // len(RATES) % len(SHARES)]
    stratum = rng.choice(n_strata, size=n_leads, p=rng.dirichlet(np.full(n_strata, 5.0)))
    rep = np.arange(n_leads) // LEADS_A_REP
    unit = rep if clustered else stratum
    base = rate * np.exp(rng.normal(0.0, 0.3, int(unit.max()) + 1))[unit]
    base = np.minimum(base * rate / base.mean(), 0.7)
    at_random = _groups(rng, rep, stratum, clustered, share)
    if at_random.all() or not at_random.any():  # no trial: nothing is said
        return False, False, True, False
    won = rng.random(n_leads) < base + np.where(at_random, 0.0, lift * rate)
    results: dict[str, Any] = {
        "group": np.where(at_random, "random", "plan").tolist(),
        "converted": won.astype(int).tolist(),
        "stratum": stratum.tolist(),
        "rep": rep.tolist(),
    }
    settings: dict[str, Any] = {"cluster_by": "rep"} if clustered else {"stratify_by": "stratum"}
    expected = [float((base + extra)[group].sum()) for group, extra in ((at_random, 0.0), (~at_random, lift * rate))]
    try:
        found = measure_lift(results, **settings, rng=number)
    except InvalidInput:  # no stratum has both groups
        return False, False, True, False
    return found.low > 0, found.high < 0, found.low <= lift * rate <= found.high, min(expected) >= ENOUGH


def _groups(rng: np.random.Generator, rep: Ints, stratum: Ints, clustered: bool, share: float) -> Bools:
    if not clustered:
        return drawn(stratum.tolist(), share, rng)
    return drawn([()] * (int(rep.max()) + 1), share, rng)[rep]
