"""Where nobody names a capacity: at most an even share each, as far as what is said leaves it possible.

An assumption gives way. Rules, pins, minimums, quotas, limits and what is kept come first, no lead stays in the pool
for its sake, and where reps are given fair shares of leads or value, nothing is assumed beside these.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.case import Case, Kept
from leadopt.decision.clock import Clock
from leadopt.decision.keep import with_stay_bonus
from leadopt.decision.shares import best_gains
from leadopt.errors import Infeasible, SolverFailed, enumerate_some
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.groups import Groups
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Limit, Problem

_BANDS = (LimitKind.FAIRNESS_BAND, LimitKind.VALUE_BAND)
_PART = 0.25  # of the time left, for each of two searches at most
_MOST_KINDS = 20_000_000  # kinds of leads times reps that are looked at for gains above a reserve
_SHOWN = 3


def shares_are_said(problem: Problem, policy: Policy) -> bool:
    """Return whether limits say how leads, or their value, are shared out, so that nothing has to be assumed."""
    raised = any(one.maximin and one.of != "hot" for one in policy.fairnesses)
    kinds = (*_BANDS, LimitKind.FAIR_SHARE) if raised else _BANDS
    return any(limit.kind in kinds for limit in problem.limits)


def evenly_shared(case: Case, clock: Clock | None = None, away: Sequence[int] = ()) -> Case:
    """Return a case without capacities in which reps get at most an even share, as far as that is possible.

    Others come back as they are. Whoever changes a case calls it again: it begins anew. `away` are reps who are not
    there any more.
    """
    if case.assumed is None:
        return case
    before, weight = _note(case.policy, case.assumed, case.problem, case.rep_ids), case.assumed.copy()
    weight[list(away)] = 0.0
    problem = unshared(case.problem, weight)
    if not shares_are_said(problem, case.policy):
        problem = even_share(problem, weight, clock, case.kept)
    notes = [note for note in case.notes if note != before]
    note = _note(case.policy, weight, problem, case.rep_ids)
    return replace(case, problem=problem, assumed=weight, notes=(*notes, note))


def unshared(problem: Problem, weight: Floats) -> Problem:
    """Return the problem without the assumption: no ceiling for whoever is there."""
    said = tuple(limit for limit in problem.limits if limit.kind is not LimitKind.EVEN_SHARE)
    return problem.replace(limits=said, capacity=np.where(weight > 0, problem.n_leads, 0).astype(np.int64))


def _note(policy: Policy, weight: Floats, problem: Problem, rep_ids: Sequence[object]) -> str:
    """Return what is assumed, in words, and how to say otherwise."""
    column = policy.columns.capacity
    lacks = f'no column "{column}" in reps: '
    if shares_are_said(problem, policy):
        return f"{lacks}nobody has a ceiling, and fairness alone says how leads are shared"
    most = _even(weight, _Able.of(problem).leads(weight > 0))
    more = [
        f"{rep} {slots}"
        for rep, slots, usual in zip(rep_ids, problem.capacity.tolist(), most.tolist(), strict=True)
        if slots > usual
    ]
    bent = f"; more for who may need it by what is said: {enumerate_some(more, _SHOWN)}" if more else ""
    return f"{lacks}leads are shared evenly by availability, at most {most.max(initial=0)} each{bent}"


def even_share(problem: Problem, weight: Floats, clock: Clock | None = None, kept: Kept | None = None) -> Problem:
    r"""Return the problem with slots for an even share each, and for more where there is no other way.

    .. math:: slots_j = \max(\lceil n w_j / \textstyle\sum w \rceil,\; most\_even_j)

    with *most even* the loads of the answer that places as many leads, has the most even loads and, of all such
    answers, gains the most. The leads that are
    placed without the assumption are placed with it: that is one more limit, unless everybody may have every lead.

    Parameters
    ----------
    problem
        all that is said; whoever is there has slots for all leads
    weight
        what shares are in proportion to, 0 of who is away
    kept
        who had the leads; where taking one away costs something, that is said, too
    """
    clock, able, there = clock or Clock(), _Able.of(problem), weight > 0
    placed = able.leads(there)
    slots = _even(weight, placed)
    pinned = np.bincount(problem.pins[problem.pins >= 0], minlength=problem.n_reps)
    stays = kept is not None and kept.move_cost > 0
    apart = problem.together is None
    if (
        apart
        and not (problem.limits or stays)
        and able.all_alike(there, placed & (problem.pins < 0))
        and (pinned <= slots).all()
    ):
        return problem.replace(capacity=slots, even_by=weight)
    found = _most_even(problem, able, weight, placed, clock, kept if stays else None)
    if found is None:  # what contradicts what says the plan's own solve
        return problem
    reps, placed = found
    limits = (*problem.limits, *_placing(problem, able, placed))
    loads = _loads(reps, problem.n_reps)
    if (loads > slots).any():
        loads = _best_of_even(problem.replace(limits=limits), reps, slots, weight, clock, kept if stays else None)
    return problem.replace(capacity=np.maximum(slots, loads), limits=limits, even_by=weight)


def _even(weight: Floats, able: Bools) -> Ints:
    """Return an even share of the leads that can be placed at all, rounded up, int64 (n_reps,)."""
    total = weight.sum()
    share = able.sum() * weight / total if total > 0 else np.zeros_like(weight)
    return np.ceil(share - 1e-9).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Able:
    """Which leads are better with which reps than in the pool, by kind of lead; of a pinned one, its rep alone."""

    of_kind: Bools  # (n_kinds, n_reps)
    may: Bools  # the same, also where the pool gains no less: a minimum may ask for that
    kind: Ints  # (n_leads,)

    @classmethod
    def of(cls, problem: Problem) -> "_Able":
        of_kind, may, kind = _above_reserve(problem) if problem.together is None else _together_above_reserve(problem)
        if (pinned := problem.pins >= 0).any():
            kind = np.where(pinned, len(of_kind) + problem.pins, kind)
            alone = np.eye(problem.n_reps, dtype=bool)
            of_kind, may = np.vstack([of_kind, alone]), np.vstack([may, alone])
        return cls(of_kind=of_kind, may=may, kind=kind)

    def leads(self, there: Bools) -> Bools:
        """Return which leads can be placed with whoever is there, bool (n_leads,)."""
        return np.asarray((self.of_kind & there).any(axis=1))[self.kind]

    def all_alike(self, there: Bools, placed: Bools) -> bool:
        """Return whether each of some leads can go to whoever is there."""
        return bool(self.of_kind[np.unique(self.kind[placed])][:, there].all())


def _above_reserve(problem: Problem) -> tuple[Bools, Bools, Ints]:
    affinity, reserve = problem.affinity, problem.reserve
    if np.isneginf(reserve):
        return affinity.eligible, affinity.eligible, affinity.row
    if reserve == 0:
        worthless = affinity.scale <= 0
        of_kind = np.vstack([affinity.full_rates() > 0, np.zeros_like(affinity.eligible)])
        kind = affinity.row + affinity.n_rows * worthless
        return of_kind, np.vstack([affinity.eligible, affinity.eligible]), kind
    sizes = np.column_stack([affinity.row, affinity.scale.view(np.int64)])
    _, example, kind = np.unique(sizes, axis=0, return_index=True, return_inverse=True)
    if len(example) * affinity.n_reps > _MOST_KINDS:
        return affinity.eligible, affinity.eligible, affinity.row
    return affinity.of(example) > reserve, affinity.may(affinity.row[example]), kind.reshape(-1)


def _together_above_reserve(problem: Problem) -> tuple[Bools, Bools, Ints]:
    """Return the same for leads that stay together: all of them, or none."""
    groups = Groups.of(problem.together if problem.together is not None else np.arange(problem.n_leads))
    reserve = 0.0 if np.isneginf(problem.reserve) else problem.reserve
    gains = groups.summed(problem.affinity).dense()
    lowest = -np.inf if np.isneginf(problem.reserve) else reserve * groups.size[:, None]
    return gains > lowest, gains > -np.inf, groups.of_lead


def _most_even(
    problem: Problem, able: _Able, weight: Floats, placed: Bools, clock: Clock, kept: Kept | None
) -> tuple[Ints, Bools] | None:
    """Return the reps of an answer with the most even loads that what is said allows, and who is placed well there.

    None where nothing is found.
    """
    try:
        if problem.together is not None or any(np.isfinite(limit.upper) for limit in problem.limits):
            # Ceilings leave leads in the pool: which ones is a matter of what they gain.
            placed = clock.solve(problem, "who can be placed", part=_PART, capped=True).rep_of_lead >= 0
        flat = _flat(problem, able, weight, placed)
        if kept is not None:
            flat = with_stay_bonus(flat, np.where(placed, kept.previous, -1), kept.move_cost)
        answer = clock.solve(flat, "even shares", part=_PART, capped=True)
    except (Infeasible, SolverFailed):
        return None
    leads = np.flatnonzero(answer.rep_of_lead >= 0)
    reps = answer.rep_of_lead[leads]
    well = np.zeros(problem.n_leads, dtype=bool)
    well[leads] = able.of_kind[able.kind[leads], reps]
    return answer.rep_of_lead, well


def _loads(rep_of_lead: Ints, n_reps: int) -> Ints:
    return np.bincount(rep_of_lead[rep_of_lead >= 0], minlength=n_reps).astype(np.int64)


def _best_of_even(problem: Problem, even: Ints, slots: Ints, weight: Floats, clock: Clock, kept: Kept | None) -> Ints:
    r"""Return the loads of the answer that gains the most of all that are as even as the one that is given.

    With x_j the leads of rep j beyond an even share, answers are as even as each other where all sums
    :math:`\sum_j \max(0, x_j - v)` are the same; they are piecewise linear in v, so that those v that occur tell.
    Each lead there costs more than any exchange of leads could gain. Who stays with a rep in the even answer stays.
    """
    there, loads = weight > 0, _loads(even, problem.n_reps)
    beyond = np.maximum(loads - slots, 0)
    gains = best_gains(problem.affinity, there), -best_gains(_negative(problem.affinity), there)
    size = [float(part[np.isfinite(part)].max(initial=0.0)) for part in (np.abs(gains[0]), np.abs(gains[1]))]
    penalty = 2.0 * (problem.n_reps + 1) * (sum(size) or 1.0)
    steps = [
        Limit(reps=[rep], upper=float(slots[rep] + step), penalty=penalty)
        for step in np.unique(np.append(beyond, 0))[:-1].tolist()
        for rep in np.flatnonzero(there).tolist()
    ]
    most = np.where(there, np.minimum(slots + beyond.max(), problem.n_leads), 0)
    pins = problem.pins
    if kept is not None:
        pins = np.where((kept.previous >= 0) & (kept.previous == even), even, pins)
    asked = problem.replace(capacity=most, limits=(*problem.limits, *steps), pins=pins, even_by=weight)
    try:
        answer = clock.solve(asked, "who gains most beyond an even share", part=_PART, capped=True)
    except (Infeasible, SolverFailed):
        return loads
    found = _loads(answer.rep_of_lead, problem.n_reps)
    as_even = np.array_equal(np.sort(np.maximum(found - slots, 0)), np.sort(beyond))
    return found if as_even else loads


def _negative(affinity: Affinity) -> Affinity:
    """Return what is gained with the signs turned, -inf where it is not allowed."""
    return affinity.mapped(np.negative)


def _flat(problem: Problem, able: _Able, weight: Floats, placed: Bools) -> Problem:
    """Return the problem in which all places are equally good, so that ties alone decide: the most even loads."""
    best = best_gains(problem.affinity, weight > 0)[placed]
    reserve = 0.0 if np.isneginf(problem.reserve) else problem.reserve
    usual = float(np.mean(best - reserve)) if len(best) and np.isfinite(best).all() else 1.0
    usual = usual if usual > 0 else 1.0
    # What is no better than the pool is for who must: a minimum, or an owner, may ask for it.
    rates = np.where(able.of_kind, usual, np.where(able.may, -usual, -np.inf))
    everyone = bool(placed.all())
    stay = Limit(leads=np.flatnonzero(placed), lower=int(placed.sum()))
    ceilings = any(np.isfinite(limit.upper) for limit in problem.limits)
    beyond = [] if problem.together is None else _beyond_share(problem, weight, placed, usual)
    return problem.replace(
        affinity=Affinity(rates=rates, row=able.kind, scale=np.ones(problem.n_leads)),
        even_by=weight,
        reserve=-np.inf if everyone else 0.0,
        limits=(*problem.limits, *([stay] if ceilings and not everyone else []), *beyond),
    )


def _beyond_share(problem: Problem, weight: Floats, placed: Bools, usual: float) -> list[Limit]:
    """Return what is lost for each lead beyond an even share: accounts are not divided, so ties alone are not even."""
    share = _even(weight, placed)
    # All leads beyond a share together lose less than one more lead in the pool would.
    penalty = usual / (2.0 * problem.n_leads)
    return [Limit(reps=[rep], upper=float(share[rep]), penalty=penalty) for rep in np.flatnonzero(weight > 0).tolist()]


def _placing(problem: Problem, able: _Able, placed: Bools) -> list[Limit]:
    """Return the limit that leads are placed: as many of these as there are, each where it is better than nowhere."""
    if not placed.any():
        return []
    counted = np.flatnonzero(placed)
    kinds, example = np.unique(able.kind[counted], return_index=True)
    eligible = problem.affinity.may(problem.affinity.row[counted[example]])
    pinned = problem.pins[counted[example]] >= 0
    alike = (able.of_kind[kinds] == eligible).all(axis=1) | pinned
    row = Affinity(rates=able.of_kind.astype(np.float64), row=able.kind, scale=np.ones(problem.n_leads))
    return [
        Limit(
            leads=None if placed.all() else counted,
            usage=1.0 if alike.all() else row,
            lower=len(counted),
            name="placing every lead",
            kind=LimitKind.EVEN_SHARE,
        )
    ]
