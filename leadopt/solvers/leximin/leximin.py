"""Maximin fairness in full: the worst-off rep's share is raised first, then the next (leximin), as limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Floats, Ints
from leadopt.errors import Infeasible, InvalidInput, enumerate_some
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.together import contraction_of
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.leximin.counts import Levels, fair_counts, loads_are_convex
from leadopt.solvers.leximin.programs import BestFound, best_leximin, kinds_of, loads_of, relaxed_loads

EXACT_PAIRS, EXACT_REPS = 200, 10  # integer programmes beyond may take hours: 720 pairs did not end in 9 minutes
MOST_PAIRS = 250_000  # linear programmes take about 20 s there
KEPT = 0.99  # of the loads that divided leads would allow; leads are whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Leximin:
    """Limits under which the most gainful plan is leximin fair.

    Parameters
    ----------
    limits
        "fair share of ..." for each rep, and for reps that compete for the last leads
    least
        float64 (n_reps,), what each rep gets at least by them, in units of usage
    method
        "flow" is exact, "milp" where `note` is empty; "lp" divides leads, and asks for a little less than that allows
    note
        what a user should know about the method, in a sentence; "" where it is exact
    """

    limits: tuple[Limit, ...]
    least: Floats
    method: str
    note: str = ""


def leximin_limits(
    problem: Problem,
    *,
    entitlement: ArrayLike,
    names: Sequence[str],
    usage: "ArrayLike | Affinity" = 1.0,
    leads: ArrayLike | None = None,
) -> list[Limit]:
    """Return the limits of `leximin`."""
    return list(leximin(problem, entitlement=entitlement, names=names, usage=usage, leads=leads).limits)


def leximin(
    problem: Problem,
    *,
    entitlement: ArrayLike,
    names: Sequence[str],
    usage: "ArrayLike | Affinity" = 1.0,
    leads: ArrayLike | None = None,
    meter: Meter | None = None,
) -> Leximin:
    r"""Return limits that raise the least share first, then the second least, and so on.

    .. math:: \operatorname{lex\,max}\ \operatorname{sort}(s), \quad
       s_j = \frac{1}{e_j} \sum_{i \in leads} usage_{ij} x_{ij} \quad (e_j > 0)

    over all answers that meet capacities, eligibility, pins and hard limits. Fairness goes first: a lead counts
    whatever it gains, so one that is worth less than the reserve is placed where a share needs it. Soft limits bind
    nothing here. Under the limits returned, every answer is leximin fair, and the most gainful of the fair ones is
    allowed.

    Parameters
    ----------
    problem
        what is to be shared out, and what else must hold
    entitlement
        float64 (n_reps,), finite and not negative; reps with 0 are left out
    names
        (n_reps,), what the limits call the reps
    usage, leads
        what is shared, as in `Limit`: by default each lead counts 1; leads that stay together are had together
    meter
        knows when time is over; a flow is exact all the same

    Raises
    ------
    InvalidInput
        entitlements of a wrong shape, negative, or all 0; too many pairs for the method
    Infeasible
        no answer meets every hard limit
    OutOfTime
        the meter's time is over, and no programme has ended

    Notes
    -----
    Which method is taken depends on the problem alone, and the result names it.

    - "flow": leads are counted, every hard limit is of one rep and counts leads, and (if only some leads are shared)
      the others need no place. Exact at any size: some flows over kinds of leads x reps, where a kind is what may go to
      the same reps under the same limits. Reps that compete for the last leads get `least` or one more, with the sum
      held, so that gain decides who.
    - "milp": anything else up to 200 pairs and 10 entitled reps. Exact to a millionth of a typical share, unless the
      search gives up: `note` then says how far below the fairest the least share may be. The limits hold the loads of
      the most gainful fair answer, soft limits aside.
    - "lp": anything else, up to 250,000 pairs (of kinds, if all usages are numbers): leximin as if leads could be
      divided, but a lead counts no more than the share of its rep. The limits ask for that, less one lead where leads
      are counted, and for 99% of it where not. Whether whole leads reach them is for the solver to say; for nested
      limits that count leads they do.

    References
    ----------
    Frank & Murota (2022), Decreasing minimization on M-convex sets: algorithms and applications.
    doi:10.1007/s10107-021-01711-5

    Ogryczak & Sliwinski (2006), On direct methods for lexicographic min-max optimization. doi:10.1007/11751595_85

    Examples
    --------
    >>> ten = Problem(affinity=np.ones((10, 3)), capacity=10)
    >>> for limit in leximin_limits(ten, entitlement=[1, 1, 1], names=["ann", "bob", "cid"]):
    ...     print(limit)
    Limit('fair share of ann': 3 <= leads of 1 rep <= 4)
    Limit('fair share of bob': 3 <= leads of 1 rep <= 4)
    Limit('fair share of cid': 3 <= leads of 1 rep <= 4)
    Limit('fair share of ann, bob, cid': 10 <= leads of 3 reps <= inf)
    """
    share = _entitlement(entitlement, problem.n_reps)
    if len(names) != problem.n_reps:
        raise InvalidInput(f"names: must be one for each of {problem.n_reps} reps; found {len(names)}")
    if problem.together is not None:
        return _of_groups(problem, Limit(usage=usage, leads=leads), entitlement=share, names=names, meter=meter)
    measure = Limit(usage=usage, leads=leads, name="what is shared")
    hard = problem.replace(limits=(*(limit for limit in problem.limits if limit.penalty is None), measure))
    measure, hard = hard.limits[-1], hard.replace(limits=hard.limits[:-1])
    chosen = np.arange(hard.n_leads) if measure.leads is None else measure.leads
    unit = measure.usage if isinstance(measure.usage, float) else 1.0
    if unit > 0 and (isinstance(measure.usage, float) or measure.counts_leads) and loads_are_convex(hard, chosen):
        levels = fair_counts(hard, chosen, share)
        limits = tuple(_count_limits(levels, measure.leads, names))
        return Leximin(limits=limits, least=np.float64(unit) * levels.least, method="flow")
    eligible = hard.affinity.n_options[hard.affinity.row]
    if eligible[hard.pins < 0].sum() <= EXACT_PAIRS and np.count_nonzero(share) <= EXACT_REPS:
        try:
            if found := best_leximin(hard, measure, share, _half(meter)):
                return _whole(hard, measure, share, names, found)
        except OutOfTime:  # what divided leads allow is known sooner
            pass
    return _relaxed(hard, measure, share, names, meter)


def _of_groups(problem: Problem, measure: Limit, *, names: Sequence[str], **rules: Any) -> Leximin:
    """Return the limits for leads that stay together, given those for their groups."""
    hard = [limit for limit in problem.limits if limit.penalty is None]
    smaller = contraction_of(problem.replace(limits=(*hard, measure)))
    assert smaller is not None
    of_groups, unit = smaller.problem.limits[-1], float(smaller.units[-1])
    groups = smaller.problem.replace(limits=smaller.problem.limits[:-1])
    try:
        found = leximin(groups, names=names, usage=of_groups.usage, leads=of_groups.leads, **rules)
    except Infeasible as error:
        raise smaller.refusal(error) from None
    usage, slack = measure.usage, 0.0
    if found.method == "flow":  # it counts leads, whatever each of them takes
        each, usage = measure.usage if isinstance(measure.usage, float) else 1.0, 1.0
        unit /= each
    elif found.method == "lp":  # a group is whole, and a rep may miss the last one
        slack = float(np.max([of_groups.usage_of([g]).max() for g in range(groups.n_leads)], initial=0.0)) * unit
    limits = tuple(
        replace(
            limit,
            usage=usage,
            leads=measure.leads,
            lower=max(0.0, limit.lower * unit - slack),
            upper=limit.upper * unit,
        )
        for limit in found.limits
    )
    note = found.note and "fair shares were computed as if leads could be divided, and are met to one group of leads"
    return Leximin(limits=limits, least=np.maximum(found.least * unit - slack, 0.0), method=found.method, note=note)


def _half(meter: Meter | None) -> Meter | None:
    return meter if meter is None or meter.limit_s is None else Meter(meter.relay, 0.5 * max(meter.left_s, 0.0))


def _entitlement(entitlement: ArrayLike, n_reps: int) -> Floats:
    try:
        share = np.asarray(entitlement, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"entitlement: must be numbers, one for each of {n_reps} reps") from None
    if share.shape != (n_reps,):
        raise InvalidInput(f"entitlement: must be one number for each of {n_reps} reps; found shape {share.shape}")
    if bad := np.flatnonzero(~(np.isfinite(share) & (share >= 0)))[:1].tolist():
        raise InvalidInput(f"entitlement of rep {bad[0]}: must be finite, 0 or more; found {share[bad[0]]}")
    if not share.any():
        raise InvalidInput("entitlement: all are 0, so no rep has a share to raise; give at least one rep more than 0")
    # By a power of two, which is exact: levels that tie must go on to tie.
    return np.asarray(np.ldexp(share, -int(np.frexp(share.max())[1])))


def _count_limits(levels: Levels, leads: Ints | None, names: Sequence[str]) -> list[Limit]:
    """Return a minimum for each rep; for reps that compete, a band of one lead and their sum.

    Without the upper ends, one of the competing reps could have two of the last leads.
    """
    competing = np.zeros(len(levels.least), dtype=bool)
    for reps in levels.tied:
        competing[reps] = True
    limits = [
        Limit(
            reps=[rep],
            leads=leads,
            lower=least,
            upper=least + 1 if competing[rep] else np.inf,
            name=f"fair share of {names[rep]}",
            kind=LimitKind.FAIR_SHARE,
            of=rep,
        )
        for rep, least in enumerate(levels.least.tolist())
        if least > 0 or competing[rep]
    ]
    for reps, units in zip(levels.tied, levels.units, strict=True):
        who = enumerate_some(names[rep] for rep in reps)
        limits.append(
            Limit(
                reps=reps,
                leads=leads,
                lower=int(levels.least[reps].sum()) + units,
                name=f"fair share of {who}",
                kind=LimitKind.FAIR_SHARE,
            )
        )
    return limits


def _held(measure: Limit, loads: Floats, share: Floats, names: Sequence[str]) -> tuple[Limit, ...]:
    """Return the minimum of each entitled rep, less than what rounding could take off a sum."""
    return tuple(
        Limit(
            reps=[rep],
            leads=measure.leads,
            usage=measure.usage,
            lower=loads[rep] if measure.counts_leads else loads[rep] * (1.0 - 1e-12),
            name=f"fair share of {names[rep]}",
            kind=LimitKind.FAIR_SHARE,
            of=rep,
        )
        for rep in np.flatnonzero((share > 0) & (loads > 0)).tolist()
    )


def _whole(problem: Problem, measure: Limit, share: Floats, names: Sequence[str], found: BestFound) -> Leximin:
    """Return the limits that hold what an answer gives each rep, and how fair that is where it is not proven."""
    loads = loads_of(problem, measure, found.rep_of_lead)
    note = ""
    if not found.fair:
        least = _worst_off(loads, share)
        most = _worst_off(relaxed_loads(problem, measure, share, *kinds_of(problem, measure)), share)
        below = max(0.0, 1.0 - least / most) if most > 0 else 0.0
        told = f"at most {np.ceil(1e3 * below) / 10:g}% below the fairest"
        note = f"fair shares are the best that a search found before it gave up: the least of them is {told}"
    elif not found.gainful:
        note = "shares are fair; whether others as fair gain more was not settled by the search"
    limits = _held(measure, loads, share, names)
    return Leximin(limits=limits, least=np.where(share > 0, loads, 0.0), method="milp", note=note)


def _worst_off(loads: Floats, share: Floats) -> float:
    return float((loads[share > 0] / share[share > 0]).min())


def _relaxed(problem: Problem, measure: Limit, share: Floats, names: Sequence[str], meter: Meter | None) -> Leximin:
    kinds, size = kinds_of(problem, measure)
    n_pairs = int(problem.affinity.n_options[problem.affinity.row[kinds]].sum())
    if n_pairs > MOST_PAIRS:
        raise InvalidInput(
            f"leximin: linear programmes take at most {MOST_PAIRS:,} pairs; found {n_pairs:,}; share out leads by "
            "number, with limits of single reps, or give each rep a band"
        )
    loads = relaxed_loads(problem, measure, share, kinds, size, meter)
    if measure.counts_leads:
        note = "fair shares were computed as if leads could be divided, and are met to one lead"
        loads = np.floor(loads + 1e-3)
    else:
        note = f"fair shares were computed as if leads could be divided; {KEPT:.0%} of each is asked for"
        loads = loads * KEPT
    return Leximin(limits=_held(measure, loads, share, names), least=loads, method="lp", note=note)
