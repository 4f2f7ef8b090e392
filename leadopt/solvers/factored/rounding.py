"""Whole leads from the shares of `annealing`: large leads first, and what that changes is made up for by smaller ones.

Among leads of about one scale, each goes to the rep that is owed most by its shares, in leads and in amounts. A large
lead cannot be made up for by one more of its kind; so the shares of all smaller leads are found again beside it
(`sharpening`), which takes a few steps as they change by little. What is left need not be able to keep every bound:
bounds give way where prices would have to move far. In the end they are missed by about what the smallest leads take:
bounds on amounts are kept narrower by a part of that.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.progress import Meter
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.factored.annealing import Soft, options_near, shares
from leadopt.solvers.factored.annealing_kernels import Bins, Limits, Lines, Options, deal
from leadopt.solvers.factored.line_oracle import LineOracle
from leadopt.solvers.factored.newton import Sharp, sharpened

# Gaps at half and twice, factored 10,000 x 50 as in `newton` (7.6e-5) and then at 20,000 x 100 (8.1e-5); all take as
# long. No other value is better in both.
# Mean scales from which on leads are given away in each stage: 1.5e-4 and 8.5e-5, 2.1e-4 and 1.3e-4.
_CUTS = (3.0, 1.0, 0.2, 0.0)
# Usual amounts that matter as much as a lead, among the largest leads and then: 8.9e-5 and 1.0e-4, 1.8e-4 and
# 1.1e-4.
_AS_ONE_LEAD = (1.0, 4.0)
# For shares in a stage, which may break bounds by so many leads together, by row: the same, but 8.0e-5 for twice _NEAR.
_STEPS, _NEAR = 20, 0.02
# Times as warm are shares that are found again, as they move by more than while sharpened: 9.5e-5 and 5.9e-5,
# 9.0e-5 and 2.0e-4.
_WARMER = 3.0
_AROUND = 80.0  # temperatures that an option may lose to be asked about: the same and 8.7e-5
# Usual leads by which a bound gives way where its price would have to move by a usual one: 8.3e-5 and 1.6e-4,
# 1.1e-4 and 7.7e-5.
_GIVES = 100.0
# Usual leads by which bounds on amounts are narrower: 9.5e-5 and 9.7e-5, 1.3e-4 and 1.6e-4.
_MARGIN = 0.1
_ROUND = 1e-6  # leads
_OPEN = -2  # not given away yet; -1 is the pool


def dealt(soft: Soft, y: Floats, rows: Rows, unit: Floats, gain: float, meter: Meter) -> Ints:
    """Return a rep for each lead of the oracle, -1 = pool, so that reps get what their shares come to but for little.

    Parameters
    ----------
    y, unit
        (n_rows,), prices at which leads choose, and a usual price
    gain
        a usual gain
    """
    oracle, bins = soft.oracle, soft.bins
    rows = _narrowed(rows, oracle, gain / unit)
    scale = np.concatenate([envelope.scales for envelope in oracle.envelopes])
    number, place = _numbers(oracle), np.full(len(scale), _OPEN)
    left = np.arange(len(bins.kind))
    for stage, cut in enumerate(_CUTS):
        part = _only(soft, left, y, _WARMER if stage > 0 else 1.0)
        beside = _beside(part, rows, number, place)
        if stage > 0:
            sharp = Sharp(soft=part, rows=beside, unit=unit, gain=gain, anchor=y, gives=_GIVES)
            y = sharpened(sharp, y, _STEPS, _NEAR, meter)
        now = part.bins.scale >= cut * scale.mean()
        _deal(part, y, now, beside, unit / gain * (1.0 / _AS_ONE_LEAD[min(stage, 1)]), scale, place)
        left = left[~now]
        if not len(left):
            break
    return _of_leads(number, place)


def _narrowed(rows: Rows, oracle: LineOracle, usual: Floats) -> Rows:
    """Return bounds on amounts narrowed by a part of a usual lead, so that what the last leads miss keeps to them."""
    kinds, _ = oracle.quantities()
    lower, upper = rows.lower.copy(), rows.upper.copy()
    for (family, _, _), kind in zip(oracle.families, kinds, strict=True):
        if kind > 0:
            member = family.member
            room = np.minimum(_MARGIN * usual[member], (upper[member] - lower[member]) / 4)
            upper[member] -= room
            lower[member] += np.where(lower[member] > 0, room, 0.0)
    return replace(rows, lower=lower, upper=upper)


def _numbers(oracle: LineOracle) -> Ints:
    """Return which of the oracle's leads is at each place in order of class, row and scale."""
    found, n = [], 0
    for envelope in oracle.envelopes:
        found.append(n + envelope.order)
        n += len(envelope.order)
    return np.concatenate(found)


def _of_leads(number: Ints, place: Ints) -> Ints:
    found = np.empty_like(place)
    found[number] = np.maximum(place, -1)
    return found


def _only(soft: Soft, left: Ints, y: Floats, warmer: float) -> Soft:
    """Return what some bins choose, so many times as warm, of the options that are near at some prices."""
    bins, temperature = soft.bins, warmer * soft.temperature
    kept = Bins(bins.kind[left], bins.first[left], bins.size[left], bins.scale[left], bins.warmth[left])
    options = options_near(soft.oracle, kept, y, _AROUND * temperature)
    return Soft(oracle=soft.oracle, bins=kept, options=options, temperature=temperature)


def _beside(soft: Soft, rows: Rows, number: Ints, place: Ints) -> Rows:
    """Return what is left of the bounds beside the leads that were given away: 0 where no lead counts any more."""
    oracle, classes = soft.oracle, np.unique(soft.bins.kind // soft.oracle.n_rows)
    load = oracle.pairs.taken(_of_leads(number, place))
    lower, upper = rows.lower - load, rows.upper - load
    for family, _, counted in oracle.families:
        if not np.isin(counted, classes).any():
            lower[family.member] = upper[family.member] = 0.0
    return replace(rows, lower=lower, upper=upper)


def _deal(
    soft: Soft, y: Floats, now: NDArray[np.bool_], rows: Rows, weight: Floats, scale: Floats, place: Ints
) -> None:
    """Write who gets the leads of some bins."""
    oracle, bins = soft.oracle, soft.bins
    slopes, paid = oracle.lines(y)
    n_rows, m, reserve = oracle.n_rows, slopes.shape[1], oracle.pairs.problem.reserve
    lines = Lines(slopes, paid, reserve)
    _, share, bin_ = shares(lines, bins, soft.options, soft.temperature, 0, len(bins.kind))
    options, share = _with_pool(bins, soft.options, share, bin_, m, bool(np.isfinite(reserve)))
    kinds, amounts = oracle.quantities()
    counts = np.zeros((len(kinds), len(paid)), dtype=np.int64)
    rates, usual = np.zeros((len(kinds), n_rows if amounts else 0, m)), np.ones(len(kinds))
    for f, (family, _, classes) in enumerate(oracle.families):
        counts[f, classes] = 1 if kinds[f] == 0 else 2
        if kinds[f] > 0:
            rates[f], usual[f] = amounts[kinds[f] - 1].full_rates(), 1.0 / weight[family.member[0]]
    owed, order = np.zeros((len(kinds), m + 1)), np.flatnonzero(now)
    order = order[np.argsort(-bins.scale[order], kind="stable")]
    limits = Limits(counts, rates, usual, n_rows)
    deal(order, bins, options, share, scale, limits, owed, _room(rows, m), place)
    place[place == m] = -1


def _with_pool(
    bins: Bins, options: Options, share: Floats, bin_: Ints, m: int, may_stay: bool
) -> tuple[Options, Floats]:
    """Return options and shares with those of the pool, as rep m."""
    n = len(bins.kind)
    if not may_stay:
        return options, share
    pooled = np.maximum(bins.size - np.bincount(bin_, share, minlength=n), 0.0)
    order = np.argsort(np.concatenate([bin_, np.arange(n)]), kind="stable")
    rep, share = np.append(options.rep, np.full(n, m))[order], np.append(share, pooled)[order]
    return Options(options.first + np.arange(n + 1), rep), share


def _room(rows: Rows, m: int) -> Floats:
    """Return how many leads more each rep may have, by family, as far as rows of that rep alone say."""
    room = np.full((len(rows.families), m + 1), np.inf)
    for f, family in enumerate(rows.families):
        if not family.counts_leads:
            continue
        alone = np.flatnonzero(((family.reps > 0).sum(axis=1) == 1) & np.isinf(rows.penalty[family.member]))
        rep = family.reps[alone].argmax(axis=1)
        most = np.floor(rows.upper[family.member[alone]] / family.reps[alone, rep] + _ROUND)
        np.minimum.at(room[f], rep, most)
    return room
