"""Small problems over many orders of magnitude, and every answer there is to them, in fractions."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem

ALLOWED = Fraction(1, 10**9)  # of a bound: what an answer may exceed a hard limit by


@dataclass(frozen=True)
class Every:
    """All answers that break no hard limit by more than `ALLOWED`: what each is worth, turns over, and is exactly so.

    `turnover` adds up the sizes of gains and reserves, `whole` those and penalties.
    """

    answers: list
    worth: list
    turnover: list
    whole: list
    exactly: list

    @property
    def best(self):
        """The place of the best answer that breaks nothing at all, None if there is none."""
        places = [place for place, exactly in enumerate(self.exactly) if exactly]
        return max(places, key=lambda place: self.worth[place], default=None)


def every(problem):
    """Look at every answer of a problem, in fractions."""
    n, m = problem.n_leads, problem.n_reps
    dense = problem.affinity.dense()
    gains = [[None if gain == -np.inf else Fraction(gain) for gain in row] for row in dense.tolist()]
    pool = None if np.isneginf(problem.reserve) else Fraction(problem.reserve)
    amounts_of = [used(problem, limit) for limit in problem.limits]
    found = Every([], [], [], [], [])
    for answer in product(range(-1, m), repeat=n):
        if any(pin not in (-1, rep) for pin, rep in zip(problem.pins.tolist(), answer, strict=True)):
            continue
        parts = [pool if rep < 0 else gains[lead][rep] for lead, rep in enumerate(answer)]
        if None in parts or any(answer.count(rep) > most for rep, most in enumerate(problem.capacity.tolist())):
            continue
        worth, penalties, near, exactly = sum(parts, Fraction(0)), Fraction(0), True, True
        for limit, amounts in zip(problem.limits, amounts_of, strict=True):
            load = sum((amounts[lead][rep] for lead, rep in enumerate(answer) if rep >= 0), Fraction(0))
            lower, upper = Fraction(limit.lower), None if np.isinf(limit.upper) else Fraction(limit.upper)
            if limit.penalty is not None:
                beyond = max(lower - load, Fraction(0) if upper is None else load - upper, Fraction(0))
                penalties += Fraction(limit.penalty) * beyond
                continue
            exactly &= lower <= load and (upper is None or load <= upper)
            near &= lower * (1 - ALLOWED) <= load and (upper is None or load <= upper * (1 + ALLOWED))
        if near:
            turnover = sum(map(abs, parts), Fraction(0))
            for values, value in zip(
                (found.answers, found.worth, found.turnover, found.whole, found.exactly),
                (answer, worth - penalties, turnover, turnover + penalties, exactly),
                strict=True,
            ):
                values.append(value)
    return found


def used(problem, limit):
    n, m = problem.n_leads, problem.n_reps
    amount = limit.usage.dense() if isinstance(limit.usage, Affinity) else np.asarray(limit.usage, dtype=float)
    full = np.broadcast_to(amount[:, None] if amount.ndim == 1 else amount, (n, m)).copy()
    for outside, chosen, axis in ((n, limit.leads, 0), (m, limit.reps, 1)):
        if chosen is not None:
            rest = np.setdiff1d(np.arange(outside), chosen)
            full[(rest,) if axis == 0 else (slice(None), rest)] = 0.0
    return [[Fraction(value) for value in row] for row in full.tolist()]


MISSED = (1.0, 1.0, 1.0, 1 + 1e-8, 1 - 1e-8, 1 + 1e-7, 1 - 1e-7, 1 + 5e-7, 1 - 5e-7, 1.2, 0.8, 0.99)
UNITS = (1.0, 1.0, 1.0, 1e7, 1e-6, 1e-10, 1e12, 1e-12)


def numbers(rng, shape):
    """Numbers of one of many kinds: whole, tenths, anything, over twelve orders of magnitude, nearly equal."""
    kind = rng.integers(0, 6)
    if kind == 0:
        return rng.integers(0, 10, shape).astype(float)
    if kind == 1:
        return rng.random(shape) * 10
    if kind == 2:
        return 10.0 ** rng.uniform(-6, 6, shape)
    if kind == 3:
        return np.round(rng.random(shape) * 10, 1)
    if kind == 4:
        return rng.choice([0.0, 1.0, 2.0000001, 1e-6, 5.0], size=shape)
    return rng.choice([1.0, 3.0, 7.0], size=shape) * 10.0 ** rng.choice([-6, 0, 6], size=shape)


def mixed_problem(rng, *, n_leads=None, n_reps=None, pins=True):
    """A problem with gains and usages of any size, limits that are met, missed by little or by much, and penalties."""
    n, m = rng.integers(1, 6) if n_leads is None else n_leads, rng.integers(1, 4) if n_reps is None else n_reps
    gains = numbers(rng, (n, m)) * rng.choice(UNITS)
    if rng.random() < 0.4:
        gains = gains * rng.choice([-1, 1], size=gains.shape)
    if rng.random() < 0.3:
        gains = np.where(rng.random(gains.shape) < 0.25, -np.inf, gains)
    able = gains[np.isfinite(gains)]
    usual = float(np.abs(able).mean()) if len(able) else 1.0
    reserve = rng.choice([0.0, 0.0, -np.inf, usual])
    pinned = np.full(n, -1)
    if pins and rng.random() < 0.3 and np.isfinite(gains[0]).any():
        pinned[0] = rng.choice(np.flatnonzero(np.isfinite(gains[0])))
    limits = [_limit(rng, gains, usual) for _ in range(rng.integers(0, 5))]
    capacity = rng.integers(0, n + 1, m)
    return Problem(affinity=gains, capacity=capacity, limits=limits, reserve=float(reserve), pins=pinned)


def _limit(rng, gains, usual):
    n, m = gains.shape
    usage = numbers(rng, [(), (n,), (n, m)][rng.integers(0, 3)]) * rng.choice(UNITS)
    if rng.random() < 0.2:
        usage = np.where(np.isfinite(gains), np.maximum(gains, 0.0), 0.0)
    reps, leads = _some(rng, m, 0.7), _some(rng, n, 0.3)
    full = np.broadcast_to(usage[:, None] if np.ndim(usage) == 1 else usage, (n, m))
    answer = rng.integers(-1, m, n)
    counted = (answer >= 0) & np.isin(np.arange(n), leads) & np.isin(answer, reps)
    load = float(full[np.flatnonzero(counted), answer[counted]].sum())
    form, missed = rng.random(), rng.choice(MISSED)
    lower, upper = 0.0, np.inf
    if form < 0.45:
        upper = load * missed
    elif form < 0.7:
        lower = load * missed
    elif form < 0.85:
        lower, upper = load * 0.8, load * max(missed, 0.8)
    else:
        lower = upper = load * missed
    mean = float(np.mean(usage))
    penalty = 10.0 ** rng.uniform(-3, 3) * usual / mean if mean > 0 and rng.random() < 0.25 else None
    return Limit(
        usage=usage,
        reps=None if len(reps) == m else reps,
        leads=None if len(leads) == n else leads,
        lower=lower,
        upper=upper,
        penalty=penalty,
    )


def _some(rng, size, often):
    """Return some indices, all of them as seldom as `often` says."""
    if rng.random() > often:
        return np.arange(size)
    chosen = np.flatnonzero(rng.random(size) < 0.6)
    return chosen if len(chosen) else np.arange(size)


def in_units(problem, gain, usage):
    """The same problem with gains and usages times a factor each."""
    limits = [
        Limit(
            usage=limit.usage * usage,
            reps=limit.reps,
            leads=limit.leads,
            lower=limit.lower * usage,
            upper=limit.upper * usage,
            penalty=None if limit.penalty is None else limit.penalty * gain / usage,
        )
        for limit in problem.limits
    ]
    return problem.replace(
        affinity=problem.affinity.dense() * gain, reserve=problem.reserve * gain, limits=tuple(limits)
    )
