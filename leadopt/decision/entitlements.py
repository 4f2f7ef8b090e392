"""From settings of fairness and newcomers to limits: what is shared, who is entitled to how much, and the bounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.capacity import Slots, placeable_in_time
from leadopt.decision.clock import Clock, allow_more
from leadopt.decision.shares import (
    Shared,
    best_gains,
    eligible_counts,
    most_worth,
    with_credit,
    worth,
)
from leadopt.decision.sharing.even_share import even_share
from leadopt.decision.sharing.open_work import (
    balance_note,
    less_open_work,
    open_work,
    with_open_leads,
    with_open_work,
)
from leadopt.decision.sharing.whole_leads import of_whole_leads
from leadopt.errors import Infeasible, InvalidInput, SolverFailed, Witness, enumerate_some
from leadopt.fairness import ENTITLEMENT_WORDS, Fairness, NewcomerQuota, band_limits, entitlement_weights, quota_limits
from leadopt.learning.scoring import noted_score, top
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import ROUNDING, Limit, Problem
from leadopt.progress import OutOfTime
from leadopt.solvers.leximin.leximin import leximin
from leadopt.tables import Table
from leadopt.tables.text import count, number, percent

# Parts of the time left. The plan's search comes last; fair shares may leave it less, as without them it would not be
# what was asked for.
_FOR_TOTAL, _FOR_SHARES = 1 / 3, 2 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What fairness and quotas are applied to.

    Parameters
    ----------
    problem
        all else: eligibility, slots, minimums, hours, pins
    policy, leads, reps
        the settings, and the tables
    slots
        what each rep can take
    newcomer
        bool (n_reps,)
    names
        of the reps
    performance
        returns the weights of "performance", float64 (n_reps,)
    unit
        what a gain of 1 is
    total_value
        the expected gain of the best plan of `problem`, if it is known already
    lacks
        how far that is from the best at most, relative, where time ended its search
    clock
        the time that searches have
    factors
        what each rep's weight is multiplied by, float64 (n_reps,); None = 1
    """

    problem: Problem
    policy: Policy
    leads: Table
    reps: Table
    slots: Slots
    newcomer: Bools
    names: tuple[str, ...]
    performance: Callable[[], Floats]
    unit: str
    total_value: float | None
    lacks: float = 0.0
    clock: Clock = field(default_factory=Clock)
    factors: Floats | None = None


def best_value(problem: Problem, clock: Clock | None = None) -> float | None:
    """Return the expected gain of the best plan, negative gains counted 0; None where none is found."""
    return _best_value(problem, clock or Clock())[0]


def _best_value(problem: Problem, clock: Clock) -> tuple[float | None, float]:
    """Return the same, and how far it is from the best at most where time ended the search."""
    try:
        best = clock.solve(problem, "what is shared out", part=_FOR_TOTAL, capped=True)
    except (Infeasible, SolverFailed):  # the plan's own solve will say so, in the user's names
        return None, 0.0
    placed = np.flatnonzero(best.rep_of_lead >= 0)
    return float(worth(problem.affinity).at(placed, best.rep_of_lead[placed]).sum()), best.gap if clock.ended else 0.0


def appraise(ground: Ground) -> Ground:
    """Return the ground with its total value, if a setting asks for it: one solve without fairness and quotas."""
    quota, shared = ground.policy.newcomers, {fairness.of for fairness in ground.policy.fairnesses}
    asked = "value" in shared or (quota is not None and quota.value_share and ground.newcomer.any())
    if not asked or ground.total_value is not None:
        return ground
    assumed, problem = ground.slots.assumed, ground.problem
    evenly = problem if assumed is None else even_share(problem, assumed, ground.clock)
    total, lacks = _best_value(evenly, ground.clock)
    return replace(ground, total_value=total, lacks=lacks)


def entitle(ground: Ground) -> tuple[tuple[Shared, ...], list[str]]:
    """Return what each setting of fairness shares and who is entitled to how much, and notes.

    Raises
    ------
    InvalidInput
        an entitlement that no column has, weights that are all 0, a credit that could mean several things
    """
    settings, best = ground.policy.fairnesses, _Best(ground)
    kinds = dict.fromkeys(_kind(fairness) for fairness in settings)
    pools = {kind: _pool(ground, kind) for kind in kinds}
    shared = [_entitled(ground, fairness, pools[_kind(fairness)], best) for fairness in settings]
    words = [one.words for one in shared]
    named = [
        replace(one, words=f"{one.words} {words[:k].count(one.words) + 1}") if one.words in words[:k] else one
        for k, one in enumerate(shared)
    ]
    notes = [note for kind, pool in pools.items() for note in _notes(ground, kind, pool)]
    notes += dict.fromkeys(_outside_note(ground, *both) for both in zip(settings, named, strict=True))
    balance = [balance_note(ground.policy)] if ground.policy.balance_open else []
    return tuple(named), [*filter(None, notes), *balance]


def with_limits(ground: Ground, shared: Sequence[Shared]) -> tuple[Problem, list[str]]:
    """Return the problem with the limits of fairness and of the newcomer quota, and notes.

    Leximin comes last, so that it raises the worst-off within all other limits.

    Raises
    ------
    Infeasible
        a share of value for newcomers that their slots cannot hold
    """
    problem, quota, notes = ground.problem, ground.policy.newcomers, list[str]()
    settings = [(fairness, one) for fairness, one in zip(ground.policy.fairnesses, shared, strict=True) if one.usable]
    for fairness, one in settings:
        if not fairness.maximin:
            problem = _bounded(problem, _bands(ground, fairness, one))
    if quota is not None:
        problem = _bounded(problem, _quotas(ground, quota))
    for fairness, one in settings:
        if fairness.maximin:
            limits, note = _raised(ground, problem, one)
            problem = _bounded(problem, limits)
            notes += [note] if note else []
    return problem, notes


def even_by(ground: Ground, shared: Sequence[Shared]) -> Floats | None:
    """Return what loads are even in proportion to where plans are equally good; None = to the reps' slots.

    Where reps have hours, slots that these hold no lead for count for nothing.
    """
    for fairness, one in zip(ground.policy.fairnesses, shared, strict=True):
        by_slots = fairness.entitlement == "capacity" and ground.slots.assumed is None and not one.credit.any()
        if fairness.of == "leads" and one.usable and not (by_slots and one.outside is None and one.held is None):
            usual = one.entitlement[one.entitlement > 0].mean()
            return one.entitlement if one.outside is None else np.where(one.outside, usual, one.entitlement)
    slots = ground.slots
    return slots.most.astype(np.float64) if (slots.most < slots.slots).any() else None


def placeable(ground: Ground) -> int:
    """Return how many leads can be placed at most: those with an eligible rep, what slots hold, and what hours hold."""
    reachable = ground.problem.affinity.reaches(ground.slots.most > 0)
    n_reachable = reachable[ground.problem.affinity.row].sum()
    in_time = placeable_in_time(ground.slots.hours)
    return int(min(n_reachable, ground.slots.most.sum(dtype=np.float64), in_time))


def hot_leads(ground: Ground, share: float) -> Ints:
    """Return the hot leads that can be placed: the best by the policy's score, or without one by their best gain."""
    best = best_gains(ground.problem.affinity, ground.slots.most > 0)
    scored = ground.policy.score is not None
    hot = top(noted_score(ground.leads, ground.policy.score)[0] if scored else best, share)  # type: ignore[arg-type]
    return hot[best[hot] > -np.inf]


class _Pool(NamedTuple):
    """Something to be shared out, and the most that each rep can get of it."""

    leads: Ints | None
    usage: float | Affinity
    total: float
    most: Floats


_Kind = tuple[str, float]


def _kind(fairness: Fairness) -> _Kind:
    return fairness.of, fairness.hot_share if fairness.of == "hot" else 0.0


def _pool(ground: Ground, kind: _Kind) -> _Pool:
    of, hot_share = kind
    slots = ground.slots.most
    if of == "leads":
        return _pool_of_leads(ground)
    if of == "value":
        usage = worth(ground.problem.affinity)
        return _Pool(None, usage, ground.total_value or 0.0, most_worth(usage, slots))
    hot = hot_leads(ground, hot_share)
    return _Pool(hot, 1.0, len(hot), np.minimum(slots, eligible_counts(ground.problem.affinity, hot)))


def _pool_of_leads(ground: Ground) -> _Pool:
    """Return all leads; where open work is levelled, without those that gain no more than in the pool."""
    slots = ground.slots.most.astype(np.float64)
    if not ground.policy.balance_open:
        return _Pool(None, 1.0, placeable(ground), slots)
    best = best_gains(ground.problem.affinity, ground.slots.most > 0)
    able = (best > ground.problem.reserve) | (ground.problem.pins >= 0)
    if able.all():
        return _Pool(None, 1.0, placeable(ground), slots)
    leads = np.flatnonzero(able)
    most = np.minimum(slots, eligible_counts(ground.problem.affinity, leads))
    return _Pool(leads, 1.0, min(placeable(ground), len(leads)), most)


class _Best:
    """The best plan without fairness and quota, found when it is first asked for."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    @cached_property
    def rep_of_lead(self) -> Ints:
        ground = self._ground
        problem = ground.problem
        if ground.slots.assumed is not None:
            problem = even_share(problem, ground.slots.assumed, ground.clock)
        try:
            return ground.clock.solve(problem, "what is shared out", part=_FOR_TOTAL, capped=True).rep_of_lead
        except (Infeasible, SolverFailed):  # the plan's own solve will say so, in the user's names
            return np.full(problem.n_leads, -1)


def _entitled(ground: Ground, fairness: Fairness, pool: _Pool, best: _Best) -> Shared:
    performance = ground.performance() if fairness.entitlement == "performance" else None
    held = open_work(ground.policy, ground.reps) if fairness.of == "leads" else None
    slots = ground.slots.weight if held is None else ground.slots.whole
    weight = entitlement_weights(fairness, ground.reps, slots, performance)
    outside = _outside(ground, fairness, weight)
    weight = np.where(outside, 0.0, weight if ground.factors is None else weight * ground.factors)
    if outside[pool.most > 0].all() and (pool.most > 0).any() and fairness.entitlement in ENTITLEMENT_WORDS:
        column = f"{ground.reps.name}.{ground.policy.columns.in_fairness}"
        raise InvalidInput(
            f"{column}: false for every rep who can get leads, so that nobody shares anything; let somebody in, or "
            "leave fairness out"
        )
    if pool.total > 0 and pool.most.any() and not weight[pool.most > 0].any():
        raise InvalidInput(
            f'fairness.entitlement: "{fairness.entitlement}" gives a weight of 0 to every rep who can get '
            f"leads, so that nobody is entitled to anything; give somebody a weight"
        )
    credit = np.where(outside, 0.0, _credit(ground, fairness.of))
    shared = Shared(
        of=fairness.of,
        words=fairness.words,
        leads=pool.leads,
        usage=pool.usage,
        weight=weight,
        most=pool.most,
        credit=credit,
        entitlement=credit,
        outside=outside if outside.any() else None,
        held=held,
    )
    # Who stays out leaves to the others what these have without fairness.
    total = float(shared.received(best.rep_of_lead)[~outside].sum()) if outside.any() else pool.total
    return replace(shared, entitlement=with_credit(weight, pool.most, total, credit, held))


def _outside(ground: Ground, fairness: Fairness, weight: Floats) -> Bools:
    """Return who stays out of fairness: who has no weight in a column of one's own, or is said to be out."""
    column = ground.policy.columns.in_fairness
    out = np.zeros(len(weight), dtype=bool)
    if column in ground.reps:
        out = ground.reps.fractions(column) == 0
    return out | (weight == 0) if fairness.entitlement not in ENTITLEMENT_WORDS else out


def _outside_note(ground: Ground, fairness: Fairness, one: Shared) -> str:
    if one.outside is None:
        return ""
    who = np.flatnonzero(one.outside)
    what = {"leads": "leads", "value": f"expected {ground.unit}", "hot": "hot leads"}[one.of]
    stay, get = ("stays", "gets") if len(who) == 1 else ("stay", "get")
    return (
        f"{count(len(who), 'rep')} {stay} out of fairness and {get} what the plan gives: "
        f"{enumerate_some(ground.names[rep] for rep in who)}; the others share the "
        f"{number(float(one.entitlement.sum()))} {what} that they have in the best plan without it"
    )


def _credit(ground: Ground, of: str) -> Floats:
    """Return what each rep is owed, from the column of this kind, or the only column."""
    reps, column = ground.reps, ground.policy.columns.credit
    kinds = {fairness.of for fairness in ground.policy.fairnesses}
    if f"{column}_{of}" in reps:
        return reps.numbers(f"{column}_{of}", missing=0.0)
    if column not in reps:
        return np.zeros(reps.n_rows)
    if len(kinds) > 1:
        raise InvalidInput(
            f"{reps.name}.{column}: could be owed of {' or '.join(sorted(kinds))}, as fairness shares each of them; "
            f"call the column {' or '.join(f'{column}_{kind}' for kind in sorted(kinds))}"
        )
    return reps.numbers(column, missing=0.0)


def _bands(ground: Ground, fairness: Fairness, one: Shared) -> list[Limit]:
    return band_limits(
        fairness,
        one.entitlement,
        ground.slots.most if one.outside is None else np.where(one.outside, 0, ground.slots.most),
        ground.names,
        leads=one.leads,
        usage=one.usage,
        words=one.words,
    )


def _quotas(ground: Ground, quota: NewcomerQuota) -> list[Limit]:
    usage = worth(ground.problem.affinity) if quota.value_share and ground.total_value else None
    limits = quota_limits(
        quota,
        ground.newcomer,
        ground.slots.available * ground.slots.grown,
        placeable(ground),
        ground.names,
        value=None if usage is None else (usage, ground.total_value or 0.0),
        hot=None if quota.max_hot_share is None else hot_leads(ground, quota.hot_share),
    )
    for limit in limits:
        if isinstance(limit.usage, Affinity):
            _check_reach(ground, limit, limit.usage)
    return limits


def _check_reach(ground: Ground, limit: Limit, usage: Affinity) -> None:
    """Raise `Infeasible` if a minimum of value is more than the best leads in these reps' slots are worth."""
    reps = np.flatnonzero(ground.newcomer)
    reach = float(most_worth(usage, np.where(ground.newcomer, ground.slots.most, 0)).sum())
    if reach < limit.lower * (1 - 1e-9):
        who = enumerate_some(ground.names[rep] for rep in reps)
        raise Infeasible(
            f"no plan meets every limit: {limit.name} cannot be met: {who} must get {number(limit.lower)} "
            f"{ground.unit} or more, and the best leads in their slots are worth {number(reach)}. Lower value_share "
            "or raise these reps' capacity.",
            Witness(reps=tuple(reps.tolist()), limits=(limit.name or "",), need=ceil(limit.lower), room=floor(reach)),
        )


def _raised(ground: Ground, problem: Problem, one: Shared) -> tuple[Sequence[Limit], str]:
    """Return the limits that raise the worst-off share first, and a note."""
    meter = ground.clock.searching("fair shares", _FOR_SHARES * ground.clock.left_s)
    share = one.entitlement
    if one.outside is not None:  # the worst-off of the others is raised by what these have
        inside = np.flatnonzero(~one.outside)
        most = Limit(reps=inside, leads=one.leads, usage=one.usage, upper=float(share.sum()) * (1.0 + ROUNDING))
        problem = problem.replace(limits=(*problem.limits, most))
    leads = one.leads
    if one.held is not None:
        leads = with_open_leads(leads, problem.n_leads, one.held)
        problem, share = with_open_work(problem, one.held), np.where(ground.slots.most > 0, one.weight, 0.0)
    try:
        found = leximin(problem, entitlement=share, names=ground.names, usage=one.usage, leads=leads, meter=meter)
    except Infeasible:  # the plan's own solve will say so, in the user's names
        return (), ""
    except OutOfTime:
        return (), f"fair shares were not found in time, and none is asked for; {allow_more(ground.clock.limit_s)}"
    limits, note = of_whole_leads(problem, found, one.usage, ground.clock)
    return limits if one.held is None else less_open_work(limits, one.held, one.leads), note


def _bounded(problem: Problem, limits: Sequence[Limit]) -> Problem:
    return problem.replace(limits=(*problem.limits, *limits)) if limits else problem


def _notes(ground: Ground, kind: _Kind, pool: _Pool) -> list[str]:
    of, hot_share = kind
    if of == "value":
        negative = ground.problem.affinity.n_negative
        below = ["negative gains count 0 where value is shared"] if negative else []
        return [
            f"entitlements divide the {number(pool.total)} {ground.unit} of the best plan without fairness and quota"
            + (f" that was found in time, at most {percent(ground.lacks, 2)} below the best" if ground.lacks else ""),
            *below,
        ]
    if of == "hot":
        by = "score" if ground.policy.score is not None else "best gain"
        return [f"{count(int(pool.total), 'lead')} hot: the best {percent(hot_share)} by {by} that can be placed"]
    return []
