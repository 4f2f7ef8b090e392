"""Why nothing fits: from a minimum cut to a set of leads, reps and limits that a person can act on."""

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Ints
from leadopt.errors import Infeasible, Witness, enumerate_some
from leadopt.problem.problem import Problem
from leadopt.solvers.flow.backend import Arcs, stuck_side
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.limit_tree import LimitTree, Room, room_beside_pins
from leadopt.solvers.flow.network import needed


def refuse_pins(problem: Problem, tree: LimitTree, room: Room) -> None:
    """Raise `Infeasible` if pinned leads alone exceed a hard limit."""
    for node in np.flatnonzero((room.upper < 0) & np.isinf(tree.penalty)):
        most, taken = int(tree.upper[node]), int(tree.upper[node] - room.upper[node])
        reps = _reps_of(problem, int(node))
        pinned = np.flatnonzero(np.isin(problem.pins, reps) & _leads_of(problem, int(node)))
        name = _name(problem, int(node))
        rows = (int(node),)
        witness = Witness(leads=_tuple(pinned), reps=_tuple(reps), limits=(name,), rows=rows, need=taken, room=most)
        raise Infeasible(f"{taken} leads are pinned to {_reps(reps)}, and {name} allows {most}", witness)


def refuse_few_slots(problem: Problem, room: Room, leads: Ints) -> None:
    """Raise `Infeasible` if some leads must all be placed, and capacities leave fewer slots than there are of them.

    A search for who is stuck would look at every pair to say no more. Where there are none at all, it has nothing to
    look at.
    """
    left = int(np.minimum(np.maximum(room.upper[: problem.n_reps], 0), len(leads)).sum())
    if problem.reserve > -np.inf or left == 0 or left >= len(leads):
        return
    reps = np.flatnonzero(room.upper[: problem.n_reps] > 0)
    witness = Witness(leads=_tuple(leads), reps=_tuple(reps), need=len(leads), room=left)
    there = f"{len(leads)} leads ({enumerate_some(leads)}) and {left} slots in all ({_reps(reps)})"
    raise Infeasible(f"every lead must be placed, but there are {there}", witness)


_MANY = 2**62  # leads: more than any


def refuse_empty_bounds(problem: Problem) -> None:
    """Raise `Infeasible` if no whole number of leads, each taking the same, lies between the bounds of a hard limit."""
    for k, limit in enumerate(problem.limits):
        lower, upper = limit.reachable
        if lower > upper:
            node = problem.n_reps + k
            name, reps = _name(problem, node), _reps_of(problem, node)
            each = limit.usage if isinstance(limit.usage, float) else 1.0
            need, room = (round(min(bound / each, _MANY)) for bound in (lower, upper))
            witness = Witness(reps=_tuple(reps), limits=(name,), rows=(node,), need=need, room=room)
            leads = "number of leads lies" if each == 1.0 else f"number of leads that take {each:g} each lies"
            raise Infeasible(f"no whole {leads} from {limit.lower:g} to {limit.upper:g}, as {name} asks", witness)


def refuse_infeasible(problem: Problem, groups: Groups, tree: LimitTree, arcs: Arcs, supply: Ints) -> NoReturn:
    """Raise `Infeasible` with the leads, or the limits, that a minimum cut shows to be stuck."""
    side, missing = stuck_side(arcs, supply)
    n_groups = len(groups.size)
    stuck, inside = np.flatnonzero(side[:n_groups]), side[n_groups:]
    asked = needed(tree, room_beside_pins(problem, tree))
    leaves = inside[:-1] & ~inside[tree.parent]  # where an upper bound is met
    enters = ~inside[:-1] & inside[tree.parent] & (asked > 0)  # where a lower one is not
    # Leads that reach the root are not stuck themselves: somebody else asks for more than there is.
    if len(stuck) and not inside[-1]:
        raise _too_few_slots(problem, groups, stuck, np.flatnonzero(leaves | enters), missing)
    raise _minimums_too_high(problem, tree, np.flatnonzero(enters), np.flatnonzero(leaves), missing)


def _too_few_slots(problem: Problem, groups: Groups, stuck: Ints, nodes: Ints, missing: int) -> Infeasible:
    leads = np.sort(np.concatenate([groups.members[groups.start[g] : groups.start[g + 1]] for g in stuck]))
    reps = np.unique(problem.affinity.pairs(groups.example[stuck]).rep)
    room = max(0, len(leads) - missing)  # minimums of others may ask for more than there is, and leave nothing
    rows = _limits(problem, nodes)
    names = _names(problem, rows)
    witness = Witness(leads=_tuple(leads), reps=_tuple(reps), limits=names, rows=rows, need=len(leads), room=room)
    under = f" under {enumerate_some(names)}" if names else ""
    where = f"can only go to {_reps(reps)}, with room for {room}{under}" if len(reps) else "are eligible for no rep"
    return Infeasible(f"every lead must be placed, but {len(leads)} leads ({enumerate_some(leads)}) {where}", witness)


def _minimums_too_high(problem: Problem, tree: LimitTree, asking: Ints, full: Ints, missing: int) -> Infeasible:
    need = int(tree.lower[asking].sum())
    reps = np.unique(np.concatenate([_reps_of(problem, int(node)) for node in asking]))
    leads = np.logical_or.reduce([_leads_of(problem, int(node)) for node in asking])
    eligible = leads & problem.affinity.reaches(reps)[problem.affinity.row]
    rows, held = _limits(problem, asking), _limits(problem, full)
    names, blocking = _names(problem, rows), _names(problem, held)
    witness = Witness(reps=_tuple(reps), limits=names + blocking, rows=rows + held, need=need, room=need - missing)
    under = f" under {enumerate_some(blocking)}" if blocking else ""
    return Infeasible(
        f"{enumerate_some(names)} ask{'s' * (len(names) == 1)} for at least {need} leads and can get "
        f"{need - missing}{under}: there are {int(problem.capacity[reps].sum())} slots of {_reps(reps)} and "
        f"{int(eligible.sum())} leads for them",
        witness,
    )


def _reps_of(problem: Problem, node: int) -> Ints:
    if node < problem.n_reps:
        return np.array([node], dtype=np.int64)
    chosen = problem.limits[node - problem.n_reps].reps
    return np.arange(problem.n_reps) if chosen is None else chosen


def _leads_of(problem: Problem, node: int) -> NDArray[np.bool_]:
    chosen = None if node < problem.n_reps else problem.limits[node - problem.n_reps].leads
    inside = np.full(problem.n_leads, chosen is None)
    inside[slice(0) if chosen is None else chosen] = True
    return inside


def _limits(problem: Problem, nodes: Ints) -> tuple[int, ...]:
    return tuple(int(node) for node in nodes if node >= problem.n_reps)


def _names(problem: Problem, nodes: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(_name(problem, node) for node in nodes)


def _name(problem: Problem, node: int) -> str:
    if node < problem.n_reps:
        return f"capacity of rep {node}"
    return problem.limits[node - problem.n_reps].name or f"limit {node - problem.n_reps}"


def _reps(reps: Ints) -> str:
    return f"rep{'s' * (len(reps) != 1)} {enumerate_some(reps)}" if len(reps) else "no rep"


def _tuple(indices: Ints) -> tuple[int, ...]:
    return tuple(int(index) for index in indices)
