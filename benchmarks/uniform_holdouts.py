"""Whether `holdout` sends leads any allowed way with the same chance: one test over all ways of many small patterns."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from leadopt.arrays import Bools, Ints

PATTERNS, DRAWS_A_WAY = 100, 30
MOST_WAYS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """How far draws are from uniform over all ways."""

    TITLE: ClassVar[str] = "What a holdout draws"
    INTRO: ClassVar[str] = (
        "Plans whose allowed ways of sending some leads, at the same loads, are counted one by one; 30 draws a way.\n"
        "Beyond: ways whose share is more than three standard errors from uniform, and how many luck gives; p: of\n"
        "one chi-square test over all ways of all patterns (goal: between .001 and .999). Changed: share of leads\n"
        "that go to another rep than planned, and what uniform has it to be. Territories are too many to count: there\n"
        "it is a test of how many leads keep their rep in each, of 60 draws."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("patterns", "number:", "ways:", "beyond:", "by luck:", "p:", "changed:", "uniform:", "met?"),
    )

    patterns: str
    number: int
    ways: int
    beyond: int
    luck: float
    p: float
    changed: float
    uniform: float

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.patterns,
            str(self.number),
            f"{self.ways:,}",
            str(self.beyond),
            f"{self.luck:.1f}",
            f"{self.p:.3f}",
            f"{self.changed:.3f}",
            f"{self.uniform:.3f}",
            verdict(0.001 < self.p < 0.999),
        )


def rows() -> Iterator[Line]:
    """Return a line for random patterns, for skills, and for territories."""
    rng = np.random.default_rng(0)
    yield measured("random", [random_pattern(rng) for _ in range(PATTERNS)], rng)
    yield measured("skills", [skills(rng) for _ in range(PATTERNS // 4)], rng)
    yield measured("circles", [circle(n) for n in (3, 4, 5)], rng)
    for n_territories, reps_each in ((5, 2), (5, 5), (50, 3), (200, 2), (200, 5)):
        yield territories(n_territories, reps_each, rng)


def quick_rows() -> Iterator[Line]:
    """Return a line for a tenth of the random patterns."""
    rng = np.random.default_rng(0)
    yield measured("random", [random_pattern(rng) for _ in range(PATTERNS // 10)], rng)


Pattern = tuple[Bools, Ints]


def random_pattern(rng: np.random.Generator) -> Pattern:
    """Return leads with random reps, who may have them, and some other pairs that are allowed."""
    while True:
        n_reps, n_leads = int(rng.integers(2, 5)), int(rng.integers(3, 8))
        rep = rng.integers(n_reps, size=n_leads)
        allowed = rng.random((n_leads, n_reps)) < rng.uniform(0.3, 0.9)
        allowed[np.arange(n_leads), rep] = True
        if 2 <= len(every_way(allowed, rep)) <= MOST_WAYS:
            return allowed, rep


def skills(rng: np.random.Generator) -> Pattern:
    """Return leads that ask for one of three skills each, and four reps who have two of them."""
    while True:
        has = np.array([rng.permutation(3) < 2 for _ in range(4)])
        needs = rng.integers(3, size=7)
        allowed = has[:, needs].T
        if not allowed.any(axis=1).all():
            continue
        rep = np.array([rng.choice(np.flatnonzero(row)) for row in allowed])
        if 2 <= len(every_way(allowed, rep)) <= MOST_WAYS:
            return allowed, rep


def circle(n: int) -> Pattern:
    """Return leads each of which its own rep and the next one may have: they change in a circle or not at all."""
    own = np.eye(n, dtype=bool)
    return own | np.roll(own, 1, axis=1), np.arange(n)


def every_way(allowed: Bools, rep: Ints) -> list[tuple[int, ...]]:
    """Return all ways to give each lead to a rep who may have it, at the loads of `rep`."""
    loads = np.bincount(rep, minlength=allowed.shape[1])
    ways = product(*(np.flatnonzero(row).tolist() for row in allowed))
    return [way for way in ways if (np.bincount(way, minlength=len(loads)) == loads).all()]


def drawn(allowed: Bools, rep: Ints, n_draws: int, rng: np.random.Generator) -> list[Ints]:
    """Return where holdouts send all leads of a plan that gives them to `rep`."""
    import leadopt
    from leadopt.evaluate.trials.shuffle import shuffled

    gains = np.where(allowed, 1.0, -np.inf)
    gains[np.arange(len(rep)), rep] = 2.0
    reps = [{"rep_id": f"r{j}", "capacity": int(n)} for j, n in enumerate(np.bincount(rep, minlength=allowed.shape[1]))]
    plan = leadopt.assign([{"lead_id": lead} for lead in range(len(rep))], reps, affinity=gains)
    return [shuffled(plan.case, plan.rep_of_lead, np.arange(len(rep)), rng) for _ in range(n_draws)]


def measured(name: str, patterns: list[Pattern], rng: np.random.Generator) -> Uniform:
    """Return how far draws are from uniform over all ways of some patterns.

    Raises
    ------
    AssertionError
        a draw is no allowed way
    """
    from scipy.stats import binom, chi2

    total, freedom, beyond, luck, ways = 0.0, 0, 0, 0.0, 0
    changed, uniform = [], []
    for allowed, rep in patterns:
        all_ways = every_way(allowed, rep)
        n, p = DRAWS_A_WAY * len(all_ways), 1.0 / len(all_ways)
        answers = drawn(allowed, rep, n, rng)
        found = Counter(tuple(answer.tolist()) for answer in answers)
        if not set(found) <= set(all_ways):
            raise AssertionError(f"{set(found) - set(all_ways)} is no allowed way of {allowed.tolist()}")
        seen = np.array([found[way] for way in all_ways])
        total, freedom = total + float(((seen - n * p) ** 2 / (n * p)).sum()), freedom + len(all_ways) - 1
        reach = 3.0 * (n * p * (1.0 - p)) ** 0.5
        beyond += int((np.abs(seen - n * p) > reach).sum())
        luck += len(all_ways) * float(
            binom.cdf(np.ceil(n * p - reach) - 1, n, p) + binom.sf(np.floor(n * p + reach), n, p)
        )
        ways += len(all_ways)
        changed.append(np.mean([(answer != rep).mean() for answer in answers]))
        uniform.append(np.mean([(np.array(way) != rep).mean() for way in all_ways]))
    return Uniform(
        patterns=name,
        number=len(patterns),
        ways=ways,
        beyond=beyond,
        luck=luck,
        p=float(chi2.sf(total, freedom)),
        changed=float(np.mean(changed)),
        uniform=float(np.mean(uniform)),
    )


def territories(n_territories: int, reps_each: int, rng: np.random.Generator) -> Uniform:
    """Return how far holdouts of territories of two leads a rep are from uniform: by how many leads keep their rep."""
    from scipy.stats import chi2

    n_reps, draws = n_territories * reps_each, 60
    rep = np.repeat(np.arange(n_reps), 2)
    allowed = rep[:, None] // reps_each == np.arange(n_reps) // reps_each
    kept = np.array(
        [(answer == rep).reshape(n_territories, -1).sum(axis=1) for answer in drawn(allowed, rep, draws, rng)]
    )
    # Of m reps with two leads each, in one territory: 2 m leads, each kept with 1 in m; the variance as for matchings.
    m = reps_each
    mean = 2.0
    second = (
        2 * m * (1 / m) + 2 * m * (1 / m) * (1 / (2 * m - 1)) + 2 * m * (2 * m - 2) * (2 / (2 * m)) * (2 / (2 * m - 1))
    )
    variance = second - mean**2
    square = float(((kept.mean(axis=0) - mean) ** 2 * draws / variance).sum())
    beyond = int((np.abs(kept.mean(axis=0) - mean) > 3.0 * (variance / draws) ** 0.5).sum())
    return Uniform(
        patterns=f"{n_territories} territories of {reps_each} reps",
        number=1,
        ways=n_territories,
        beyond=beyond,
        luck=0.0027 * n_territories,
        p=float(chi2.sf(square, n_territories)),
        changed=1.0 - float(kept.mean()) / (2 * m),
        uniform=1.0 - 1.0 / m,
    )
