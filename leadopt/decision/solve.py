"""Solving a case, and saying no in the user's names where nothing meets every limit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from leadopt.arrays import Ints
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.decision.loosen import loosened
from leadopt.errors import Infeasible, NoPlanFound, SolverFailed, Witness, enumerate_some
from leadopt.matching import Match
from leadopt.problem.problem import Problem
from leadopt.solvers import Near
from leadopt.tables.text import count, number

_MOST = 2_000_000  # pairs times limits
_SEARCH = 0.9  # of the time left: the rest is for why there is no plan
REFUSAL = "no plan meets every limit: "  # how every refusal begins


def solved(
    case: Case,
    *,
    rng: "int | np.random.Generator" = 0,
    near: Near | None = None,
    clock: Clock | None = None,
) -> Match:
    """Return the best match of a case, sooner where the prices or the answer of a similar one are known.

    Who had the leads before is such an answer, too.

    Raises
    ------
    Infeasible
        the hard limits contradict each other; says which ones, in the user's names, and what would mend it
    NoPlanFound
        the search ended without a plan that meets them; says which ones to loosen
    """
    clock = clock or Clock()
    try:
        return clock.solve(case.problem, part=_SEARCH, rng=rng, near=_known(case, near or Near()))
    except Infeasible as error:
        refuse(case, _smaller(case, error.witness, clock), apart=_fits_apart(case, clock))
    except SolverFailed as error:
        if not case.problem.limits:
            raise
        raise NoPlanFound(f"{_none_found(clock)}. {loosened(case, clock)}") from error


def _none_found(clock: Clock) -> str:
    within = f" in {number(clock.limit_s)} s" if clock.is_over or np.isfinite(clock.limit_s) else ""
    return f"no plan that meets every limit was found{within}, though there may be one"


def _known(case: Case, near: Near) -> Near:
    """Return what is known of a case: prices of other limits than its own are not."""
    if near.limit_prices is not None and len(near.limit_prices) != len(case.problem.limits):
        near = replace(near, limit_prices=None)
    if near.rep_of_lead is None and case.kept is not None:
        near = replace(near, rep_of_lead=case.kept.previous)
    return near


def _smaller(case: Case, witness: Witness, clock: Clock) -> Witness:
    """Return a witness of which no limit can be left out, by leaving out one after the other.

    What a solver proves may name every minimum where two conflict. Each limit costs a solve: beyond two million pairs
    times limits, and once time is over, the witness stays as it is.

    References
    ----------
    Chinneck & Dravnieks (1991), Locating minimal infeasible constraint sets in linear programs, the deletion filter.
    doi:10.1287/ijoc.3.2.157
    """
    problem = case.problem
    core = [row - problem.n_reps for row in sorted(witness.rows) if row >= problem.n_reps]
    if witness.leads or len(core) < 2 or len(core) * problem.n_leads * problem.n_reps > _MOST:
        return witness
    for k in tuple(core):
        rest = [other for other in core if other != k]
        found = _conflict(problem, rest, clock) if k in core and not clock.is_over else None
        if found is not None and not found.leads:
            core, witness = [other for other in rest if problem.n_reps + other in found.rows], found
    return witness


def _conflict(problem: Problem, chosen: Sequence[int], clock: Clock) -> Witness | None:
    """Return why some limits cannot be met without the others, None if they can, or nobody knows in time."""
    # Limits that have no name are told apart by their number.
    named = [replace(problem.limits[k], name=problem.limits[k].name or f"limit {k}") for k in chosen]
    try:
        clock.solve(problem.replace(limits=tuple(named)), "what contradicts what", capped=True)
    except Infeasible as error:
        m = problem.n_reps
        rows = tuple(row if row < m else m + chosen[row - m] for row in error.witness.rows)
        return replace(error.witness, rows=rows)
    except SolverFailed:
        pass
    return None


def _fits_apart(case: Case, clock: Clock) -> bool:
    """Return whether there is a plan if leads of one account may have several reps, as far as that is known in time."""
    if case.problem.together is None:
        return False
    try:
        clock.solve(case.problem.replace(together=None), "a plan with accounts divided", capped=True)
    except (Infeasible, SolverFailed):
        return False
    return True


def refuse(case: Case, witness: Witness, *, apart: bool = False) -> NoReturn:
    """Raise `Infeasible` in the user's names, with what would mend it."""
    text, mend = _pins(case, witness) or _leads(case, witness) or _limits(case, witness)
    if apart:
        text += ", as leads of one account stay together (policy.together)"
        mend += " Or let leads of one account go to several reps."
    raise Infeasible(f"{REFUSAL}{text}. {mend}", witness) from None


def _pins(case: Case, witness: Witness) -> tuple[str, str] | None:
    pinned = case.problem.pins[list(witness.leads)] >= 0 if witness.leads else np.zeros(0, dtype=bool)
    by_one_row = pinned.all() and len(witness.rows) == 1  # room may be in hours then
    if not witness.leads or not (by_one_row or witness.room < pinned.sum()):
        return None
    # Where accounts stay together, a witness may count them instead of their leads: the row itself knows better.
    row = witness.rows[0] if len(witness.rows) == 1 else None
    leads = np.flatnonzero(pinned) if row is None else _pinned_in(case.problem, row)
    leads = np.array(witness.leads)[leads] if row is None else leads
    reps = np.unique(case.problem.pins[leads]).tolist()
    witness = replace(witness, reps=tuple(reps), need=len(leads))
    named = enumerate_some(case.lead_ids[lead] for lead in leads.tolist())
    text = f"{count(len(leads), 'lead')} ({named}) {_are(witness)} pinned to {_reps(case, witness)}"
    if case.problem.together is not None and any(len(case.members(lead)) > 1 for lead in leads.tolist()):
        text += ", by themselves or with their account (policy.together)"
    if case.away[reps].all() and reps:
        return text, f"Remove {'the pin' if len(leads) == 1 else 'these pins'}, or wait for {_ids(case, witness)}."
    text += f", with room for {witness.room}" if row is None else _taken(case.problem, row, leads)
    return f"{text}{_under(case, witness)}", "Remove a pin, or raise that limit."


def _pinned_in(problem: Problem, row: int) -> Ints:
    """Return the leads whose pins count in a capacity or a limit."""
    if row < problem.n_reps:
        return np.flatnonzero(problem.pins == row)
    limit = problem.limits[row - problem.n_reps]
    inside = np.arange(problem.n_leads) if limit.leads is None else limit.leads
    inside = inside[problem.pins[inside] >= 0]
    inside = inside if limit.reps is None else inside[np.isin(problem.pins[inside], limit.reps)]
    return inside if isinstance(limit.usage, float) else inside[limit.usage_at(inside, problem.pins[inside]) > 0]


def _taken(problem: Problem, row: int, leads: Ints) -> str:
    """Return what there is room for, in leads or, where leads take several amounts, in these."""
    if row < problem.n_reps:
        return f", with room for {problem.capacity[row]}"
    limit = problem.limits[row - problem.n_reps]
    if limit.counts_leads:
        return f", with room for {number(np.floor(limit.upper))}"
    takes = limit.usage * len(leads) if isinstance(limit.usage, float) else None
    takes = float(limit.usage_at(leads, problem.pins[leads]).sum()) if takes is None else takes
    return f" and take {number(takes)}, with room for {number(limit.upper)}"


def _leads(case: Case, witness: Witness) -> tuple[str, str] | None:
    if not witness.leads:
        return None
    leads = enumerate_some(case.lead_ids[lead] for lead in witness.leads)
    room = "" if case.away[list(witness.reps)].all() else f", with room for {witness.room}"
    where = f"can only go to {_reps(case, witness)}{room}{_under(case, witness)}"
    text = f"every lead must be placed (reserve = -inf), but {count(witness.need, 'lead')} ({leads}) "
    text += where if witness.reps else f"{_are(witness)} eligible for no rep"
    return text, "Raise a capacity, let other reps take these leads, or set a finite reserve."


def _limits(case: Case, witness: Witness) -> tuple[str, str]:
    names = enumerate_some(_names(case, witness))
    if (between := _between(case, witness)) is not None:
        return f"{names} cannot be met: {between}", "Widen its bounds."
    if witness.reps and witness.need > witness.room:
        text = (
            f"{names} cannot be met: {_reps(case, witness)} must get {count(witness.need, 'lead')} or more, "
            f"and can get {witness.room}"
        )
        return text, _more_for(case, witness)
    bounds = (_bounds(case, row) for row in witness.rows)
    bounded = enumerate_some(f"{name}{bound}" for name, bound in zip(_names(case, witness), bounds, strict=True))
    if len(witness.rows) <= 1:
        return f"{bounded or 'a limit'} cannot be met", "Widen its bounds, or give it a penalty."
    return f"{bounded} cannot be met together", "Widen one of them, or give one a penalty."


def _between(case: Case, witness: Witness) -> str | None:
    """Return that no whole number of leads lies between the bounds of a limit, None where one does."""
    if len(witness.rows) != 1 or witness.rows[0] < case.problem.n_reps:
        return None
    limit = case.problem.limits[witness.rows[0] - case.problem.n_reps]
    lower, upper = limit.reachable
    if lower <= upper:
        return None
    size = limit.usage if isinstance(limit.usage, float) else 1.0
    each = "" if size == 1.0 else f" that take {number(size)} each"
    return f"no whole number of leads{each} lies from {number(limit.lower)} to {number(limit.upper)}"


def _more_for(case: Case, witness: Witness) -> str:
    """Return what would let reps meet their minimums: more slots only where these are what they lack."""
    problem, ways = case.problem, ["Lower these minimums"]
    if int(problem.capacity[list(witness.reps)].sum()) < witness.need:
        ways.append("raise these reps' capacity")
    if any(row >= problem.n_reps and problem.limits[row - problem.n_reps].lower <= 0 for row in witness.rows):
        ways.append("widen the limits that are named with them")
    if problem.n_leads < witness.need:
        return f"{' or '.join(filter(None, [', '.join(ways[:-1]), ways[-1]]))}: there {_are_leads(problem.n_leads)}."
    return f"{', '.join(ways)}, or let them take more kinds of leads."


def _are_leads(n: int) -> str:
    return f"{'is' if n == 1 else 'are'} only {count(n, 'lead')}"


def _are(witness: Witness) -> str:
    return "is" if witness.need == 1 else "are"


def _under(case: Case, witness: Witness) -> str:
    rows = zip(_names(case, witness), witness.rows, strict=True)
    named = [name for name, row in rows if row >= case.problem.n_reps]
    return f" under {enumerate_some(named)}" if named else ""


def _ids(case: Case, witness: Witness) -> str:
    return enumerate_some(case.rep_ids[rep] for rep in witness.reps)


def _reps(case: Case, witness: Witness) -> str:
    """Return who cannot take more, and that they are away where that is why."""
    away = [rep for rep in witness.reps if case.away[rep]]
    if len(away) == len(witness.reps) > 0:
        return f"{_ids(case, witness)}, who {'is' if len(away) == 1 else 'are'} away"
    return enumerate_some(f"{case.rep_ids[rep]}{' (away)' * bool(case.away[rep])}" for rep in witness.reps)


def _bounds(case: Case, row: int) -> str:
    """Return the bounds of a capacity or a limit in parentheses."""
    problem = case.problem
    if row < problem.n_reps:
        lower, upper = 0.0, float(problem.capacity[row])
    else:
        lower, upper = problem.limits[row - problem.n_reps].lower, problem.limits[row - problem.n_reps].upper
    if np.isinf(upper):
        return f" (at least {number(lower)})"
    return f" ({number(lower)} to {number(upper)})" if lower > 0 else f" (at most {number(upper)})"


def _names(case: Case, witness: Witness) -> list[str]:
    """Return the limits' names, with capacities under the names of their reps."""
    names = [*(f"capacity of {rep}" for rep in case.rep_ids), *case.limit_names()]
    return [names[row] for row in witness.rows]
