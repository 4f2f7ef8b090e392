"""Ties, shared out: among equally good answers the one whose loads are most even, drawn without favour.

An answer is optimal exactly if every lead sits where its gain less the prices is greatest, and every limit with a
price is at its bound. So all optimal answers live in the network of these tight pairs, and a second flow over the
leads that have a choice picks the one with the smallest sum of load^2 / capacity. Names and order of leads and reps
are shuffled first: nobody profits from standing at the top of the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.problem.reduced_gains import largest_gain, reduced_gains, reduced_pairs
from leadopt.solvers.assignment.assign_kernels import find_tied, write_choices
from leadopt.solvers.base import Answer
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.backend import Arcs, min_cost_flow
from leadopt.solvers.flow.equal_leads import Groups, group_leads
from leadopt.solvers.flow.limit_tree import LimitTree, NotNested, Room, limit_tree
from leadopt.solvers.flow.network import supplies
from leadopt.solvers.flow.network_simplex import NEVER, transport
from leadopt.solvers.optimal.sharing import shared_one_by_one
from leadopt.solvers.oracles.envelopes import EnvelopeOracle

_TIGHT = 1e-12  # relative to the largest gain: what rounding in the prices can hide
_SAME = 1e-9  # of a penalty: how far a price may be from it that is the same
_STEPS = 256  # arcs by which a rep's load is priced; a coarse grid is refined around the load it led to
_MOST = 2.0**58  # as in min_cost_flow
_FINE = 2.0**16  # costs per lead of the largest rep
_LOTS = 2**20
_CHUNK = 1 << 20
_MANY_PAIRS = 2_000_000  # below, a look at each pair is quick enough
_PER_ROW = 32  # leads per row of rates from which on envelopes are quicker than a look at each
_MANY = 100_000  # choices that are too many to keep for a mere draw; twice as many, for even loads
_DRAWN = 8  # choices that a lead keeps then
_LOT = 1 << 16  # in so many parts chances are cut: of two bytes, a fifth of the time of a float64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """Groups of leads with several best choices.

    Those of group g are ``option[first[g] : first[g + 1]]``, ascending; n_reps is the pool.
    """

    groups: Groups
    first: Ints
    option: Ints

    @classmethod
    def of(cls, groups: Groups, group: Ints, option: Ints) -> "Ties":
        """Return the ties of groups from all their choices, by group and then by option."""
        first = np.searchsorted(group, np.arange(len(groups.size) + 1))
        return cls(groups=groups, first=first.astype(np.int64), option=option)

    @property
    def group(self) -> Ints:
        """The group of each choice."""
        return np.repeat(np.arange(len(self.groups.size)), np.diff(self.first))

    def only(self, chosen: Ints) -> "Ties":
        """Return some of the groups, in the order given."""
        size = np.diff(self.first)[chosen]
        first = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        place = np.repeat(self.first[chosen] - first[:-1], size) + np.arange(first[-1])
        return Ties(groups=_subset(self.groups, chosen), first=first, option=self.option[place])


def spread_ties(problem: Problem, answer: Answer, rng: "np.random.Generator") -> Ints:
    """Return an answer of the same worth, with ties shared out evenly by capacity, int64 (n_leads,).

    Leads without a choice stay. An answer whose limits are not nested comes back as it is.
    """
    if answer.is_decided:
        return answer.rep_of_lead
    tolerance = _tolerance(problem, answer)
    leads = answer.undecided
    if leads is None:
        leads = _perhaps_tied(problem, answer, np.flatnonzero(problem.pins < 0), tolerance)
    if (shared := shared_one_by_one(problem, answer, leads, tolerance, rng)) is not None:
        return shared
    try:
        tree = limit_tree(problem)
    except NotNested:
        return answer.rep_of_lead
    ties = _find_ties(problem, answer, group_leads(problem.affinity, tree.class_of_lead, leads), tolerance)
    if not len(ties.groups.size):
        return answer.rep_of_lead
    return rebalanced(problem, answer, tree, shuffled(ties, rng), rng)


def _tolerance(problem: Problem, answer: Answer) -> float:
    # Prices are whole costs over a scale: no tie is finer than their rounding.
    rounding = 4.0 * answer.rounding / max(1, problem.n_leads)
    dearest = float(np.abs(answer.prices).max(initial=0.0, where=problem.capacity > 0))
    return max(_TIGHT * max(largest_gain(problem), dearest), rounding)


def _perhaps_tied(problem: Problem, answer: Answer, leads: Ints, tolerance: float) -> Ints:
    """Return the leads whose second-best option is about as good as their best, by a quick look where there is one."""
    if answer.limit_prices.any() or problem.n_reps == 0:
        return leads
    many = problem.n_leads * problem.n_reps > _MANY_PAIRS and problem.n_leads > _PER_ROW * problem.affinity.n_rows
    if many and not (problem.affinity.is_dense or problem.affinity.is_sparse):
        # The pool is made a little better than it is, so that leads that are tied with it are found too.
        oracle = EnvelopeOracle.of(problem.affinity, leads, problem.reserve + tolerance)
        return np.asarray(leads[oracle.open(answer.prices - 2 * tolerance, answer.prices).lead])

    def look(start: int, stop: int, after: Floats) -> Ints:
        gains = affinity.between(start, stop, after) if everybody else affinity.of(leads[start:stop])
        np.subtract(gains, answer.prices, out=after)
        best = np.maximum(after.max(axis=1), problem.reserve)
        near = np.count_nonzero(after >= best[:, None] - tolerance, axis=1) + (problem.reserve >= best - tolerance)
        return start + np.flatnonzero(near > 1)

    def look_at_pairs(start: int, pairs: SparseRows) -> Ints:
        after = pairs.gain - answer.prices[pairs.rep]
        best = pairs.mapped(lambda _: after).best(problem.reserve)
        near = pairs.only(after >= np.repeat(best - tolerance, pairs.n_of_row)).n_of_row
        return start + np.flatnonzero(near + (problem.reserve >= best - tolerance) > 1)

    affinity, everybody = problem.affinity, len(leads) == problem.n_leads
    if compiled() and everybody and affinity.is_dense and not affinity.is_sparse:
        tied = np.empty(len(leads) + 1, dtype=np.int64)
        return tied[: find_tied(affinity.full_rates(), answer.prices, problem.reserve, tolerance, tied)]
    if affinity.is_sparse:
        some = affinity.over_pairs(None if everybody else leads, look_at_pairs)
        return np.asarray(leads[np.concatenate([np.zeros(0, dtype=np.int64), *some])])
    found = over_blocks(len(leads), problem.n_reps, look)
    return np.asarray(leads[np.concatenate([np.zeros(0, dtype=np.int64), *found])])


def _find_ties(problem: Problem, answer: Answer, groups: Groups, tolerance: float) -> Ties:
    if problem.affinity.is_sparse:
        look = partial(_choices_of_pairs, problem, answer, groups, tolerance)
        parts = problem.affinity.over_pairs(groups.example, look)
    else:
        parts = _choices(problem, answer, groups, tolerance)
    nothing = np.zeros(0, dtype=np.int64)
    group, option = (np.concatenate([nothing, *(part[k] for part in parts)]) for k in range(2))
    ties = Ties.of(groups, group, option)
    return ties.only(np.flatnonzero(np.diff(ties.first) > 1))


def _choices(problem: Problem, answer: Answer, groups: Groups, tolerance: float) -> list[tuple[Ints, Ints]]:
    """Return every best choice of groups that have several, (group, option), in blocks."""
    found = []
    step = max(1, _CHUNK // (problem.n_reps + 1))
    for start in range(0, len(groups.size), step):
        leads = groups.example[start : start + step]
        choice = _choice(problem, leads, answer, tolerance)
        # Where leads sit is a choice even if rounding hides it, so that the answer itself always fits its network.
        members = groups.members[groups.start[start] : groups.start[start + len(leads)]]
        choice[np.repeat(np.arange(len(leads)), groups.size[start : start + step]), answer.rep_of_lead[members]] = True
        tied = np.flatnonzero(np.count_nonzero(choice, axis=1) > 1)
        group, option = np.nonzero(choice[tied])
        found.append((tied[group] + start, option))
    return found


def _choices_of_pairs(
    problem: Problem, answer: Answer, groups: Groups, tolerance: float, start: int, pairs: SparseRows
) -> tuple[Ints, Ints]:
    """Return the same of some groups, from the eligible pairs of their leads alone."""
    n, m = len(pairs), problem.n_reps
    reduced = reduced_pairs(problem, groups.example[start : start + n], pairs, answer.prices, answer.limit_prices)
    best = reduced.best(problem.reserve)
    good = reduced.only(reduced.gain >= np.repeat(best - tolerance, reduced.n_of_row))
    pooled = np.flatnonzero((problem.reserve >= best - tolerance) & np.isfinite(problem.reserve))
    group = np.repeat(np.arange(n), groups.size[start : start + n])
    sits = answer.rep_of_lead[groups.members[groups.start[start] : groups.start[start + n]]]
    key = [good.row * (m + 1) + good.rep, pooled * (m + 1) + m, group * (m + 1) + np.where(sits < 0, m, sits)]
    of, option = np.divmod(np.unique(np.concatenate(key)), m + 1)
    several = np.bincount(of, minlength=n)[of] > 1
    return of[several] + start, option[several]


def _choice(problem: Problem, leads: Ints, answer: Answer, tolerance: float) -> Bools:
    """Return which reps, and last the pool, are as good for some leads as their best one."""
    n_options = problem.n_reps + 1
    if compiled() and not problem.limits:
        found = np.empty(len(leads) * n_options, dtype=bool)
        write_choices(problem.affinity.of(leads), answer.prices, problem.reserve, tolerance, found)
        return found.reshape(-1, n_options)
    options = np.empty((len(leads), n_options))
    options[:, :-1] = reduced_gains(problem, leads, answer.prices, answer.limit_prices)
    options[:, -1] = problem.reserve
    with np.errstate(invalid="ignore"):  # -inf less -inf: a lead that nobody may have
        choice = options >= options.max(axis=1, keepdims=True) - tolerance
    return np.asarray(choice & np.isfinite(options))


def _subset(groups: Groups, chosen: Ints) -> Groups:
    size = groups.size[chosen]
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    place = np.repeat(groups.start[chosen] - start[:-1], size) + np.arange(start[-1])
    return Groups(example=groups.example[chosen], size=size, members=groups.members[place], start=start)


def shuffled(ties: Ties, rng: "np.random.Generator") -> Ties:
    """Return the same ties with groups, and the leads within each, in random order."""
    order = rng.permutation(len(ties.groups.size))
    ties = ties.only(order)
    groups = ties.groups
    group_of_member = np.repeat(np.arange(len(order)), groups.size)
    shuffle = np.lexsort((rng.random(len(groups.members)), group_of_member))
    return Ties(
        groups=Groups(example=groups.example, size=groups.size, members=groups.members[shuffle], start=groups.start),
        first=ties.first,
        option=ties.option,
    )


def rebalanced(
    problem: Problem,
    answer: Answer,
    tree: LimitTree,
    ties: Ties,
    rng: "np.random.Generator",
    favour: Ints | None = None,
    most: int = 2**40,
) -> Ints:
    """Return the answer with the tied leads dealt out anew, so that loads are even.

    `favour` is a random order of the reps, None = by lot; at most about so many choices are kept where they are many.
    """
    groups = ties.groups
    result = answer.rep_of_lead.copy()
    result[groups.members] = -1
    room = _room(problem, answer, tree, result)
    fixed = bool((room.lower == room.upper)[: problem.n_reps].all())
    group, option = ties.group, ties.option
    if len(option) > (_MANY if fixed else 2 * _MANY):
        kept = min(_DRAWN if fixed else 2 * _DRAWN, most // max(1, len(groups.size)))
        drawn = _drawn(ties, answer.rep_of_lead, max(1, kept), problem.n_reps, rng)
        group, option = group[drawn], option[drawn]
    share = partial(_by_simplex, rng=rng) if compiled() and not problem.limits else _by_flow
    favour = rng.permutation(problem.n_reps) if favour is None else favour
    taken = _most_even(problem, tree, room, groups, group, option, result, favour, share)
    if taken is None:  # rounding of the prices made a pair of the answer look worse than tied
        return answer.rep_of_lead
    used = np.flatnonzero(taken)
    rep = np.where(option == problem.n_reps, -1, option)
    groups.deal_out(group[used], rep[used], taken[used], result)
    return result


def _drawn(ties: Ties, rep_of_lead: Ints, kept: int, n_reps: int, rng: "np.random.Generator") -> Bools:
    """Return which choices are kept, drawn by lot, beside what each group has.

    Among a hundred thousand ties, a dozen a lead are enough to pass leads on from any rep to any other: where no load
    can change nothing is lost but time, and elsewhere loads come out as even as they get but for chance.
    """
    groups, size, group = ties.groups, np.diff(ties.first), ties.group
    chance = np.ceil(_LOT * np.minimum(kept / size, 1.0)).astype(np.int64)
    stays = rng.integers(0, _LOT, len(group), dtype=np.uint16) < chance[group]
    stays |= ~((size > kept) & (groups.size <= 2))[group]
    sits = rep_of_lead[groups.members]
    has = np.repeat(np.arange(len(groups.size)), groups.size) * (n_reps + 1) + np.where(sits < 0, n_reps, sits)
    stays[np.searchsorted(group * (n_reps + 1) + ties.option, has)] = True
    return np.asarray(stays)


def _most_even(
    problem: Problem,
    tree: LimitTree,
    room: Room,
    groups: Groups,
    group: Ints,
    option: Ints,
    fixed: Ints,
    favour: Ints,
    share: "Callable[[Sharing], Ints | None]",
) -> Ints | None:
    """Return how many leads of each group take each option for the most even loads, None if no such flow exists."""
    n_reps = problem.n_reps
    wanted = np.bincount(option, weights=groups.size[group], minlength=n_reps + 1)[:n_reps].astype(np.int64)
    most = np.minimum(wanted, (room.upper - room.lower)[:n_reps])
    held = np.bincount(fixed[fixed >= 0], minlength=n_reps)
    load, taken = np.zeros(n_reps, dtype=np.int64), None
    for width in _widths(int(most.max(initial=0))):
        steps = _steps(problem, len(groups.size) + tree.root + 1, *_intervals(most, load, width), held, favour)
        taken = share(Sharing(tree=tree, room=room, groups=groups, group=group, option=option, steps=steps))
        if taken is None:
            return None
        load = np.bincount(option, weights=taken, minlength=n_reps + 1)[:n_reps].astype(np.int64)
    return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Groups with their options, and what the load of every rep costs: (rep, how many leads, cost of each) by step."""

    tree: LimitTree
    room: Room
    groups: Groups
    group: Ints
    option: Ints
    steps: tuple[Ints, Ints, Ints]


def _by_flow(sharing: Sharing) -> Ints | None:
    """Return how many leads take each option at the least cost, by OR-Tools; None if the bounds allow no answer."""
    tree, room, groups, group, option = sharing.tree, sharing.room, sharing.groups, sharing.group, sharing.option
    n_groups, n_reps = len(groups.size), tree.entry.shape[1]
    pooled = option == n_reps
    entry = tree.entry[tree.class_of_lead[groups.example[group]], np.where(pooled, 0, option)]
    pairs = (group, n_groups + np.where(pooled, tree.root, entry), groups.size[group], 0)
    rep, width, cost = sharing.steps
    fills = (n_groups + rep, n_groups + tree.parent[rep], width, cost)
    # From the limits that are no capacities to those around them.
    node = np.arange(n_reps, tree.root)
    others = (n_groups + node, n_groups + tree.parent[node], (room.upper - room.lower)[node], 0)
    flow = min_cost_flow(Arcs.of(pairs, fills, others), supplies(groups, tree, room.lower))
    return None if flow is None else flow[: len(group)]


def _by_simplex(sharing: Sharing, rng: "np.random.Generator") -> Ints | None:
    """Return the same under capacities alone, by a simplex that begins with a choice by lot.

    Every step of a rep's load is a row that fills the rep unless leads do, and pays its cost if it is put aside.
    """
    room, groups, group, option = sharing.room, sharing.groups, sharing.group, sharing.option
    n_reps, (rep, width, cost) = sharing.tree.root, sharing.steps
    n_steps, placed = len(rep), np.flatnonzero(option < n_reps)
    aside = np.full(len(groups.size), NEVER)
    aside[group[option == n_reps]] = 0
    # First, the cheapest steps make room for the leads, as if everybody could go anywhere.
    order = np.argsort(cost, kind="stable")
    needed = groups.size[aside > 0].sum() - room.lower[:n_reps].sum()
    gives_way = np.zeros(n_steps, dtype=bool)
    gives_way[order] = np.cumsum(width[order]) - width[order] < needed
    flows = transport(
        np.append(np.arange(n_steps), n_steps + group[placed]),
        np.append(rep, option[placed]),
        np.zeros(n_steps + len(placed), dtype=np.int64),
        np.append(width, groups.size),
        room.lower[:n_reps] + np.bincount(rep, width, n_reps).astype(np.int64),
        aside=np.append(cost, aside),
        idle=NEVER,
        first_cost=np.append(np.ones(n_steps, dtype=np.int64), rng.integers(0, _LOTS, len(placed))),
        first_aside=np.append(np.where(gives_way, 0, NEVER), aside),
    )
    if flows is None:
        return _by_flow(sharing)
    row, column, amount, _ = flows
    lead = row >= n_steps
    key = (row[lead] - n_steps) * (n_reps + 1) + np.where(column[lead] < 0, n_reps, column[lead])
    taken = np.zeros(len(group), dtype=np.int64)
    taken[np.searchsorted(group * (n_reps + 1) + option, key)] = amount[lead]
    return taken


def _room(problem: Problem, answer: Answer, tree: LimitTree, fixed: Ints) -> Room:
    """Return what tied leads may and must add to each node; where a price holds the load, it stays as it is."""
    now, kept = tree.loads_of(answer.rep_of_lead), tree.loads_of(fixed)
    price = np.concatenate([answer.prices, answer.limit_prices])
    held = (np.abs(price) > 0) & np.isinf(tree.penalty)
    least, most = _where_it_pays(tree, price, len(fixed))
    lower = np.where(held, now, np.maximum(np.minimum(least, now), kept)) - kept
    upper = np.where(held, now, np.maximum(most, now)) - kept
    return Room(lower=lower, upper=upper)


def _where_it_pays(tree: LimitTree, price: Floats, n_leads: int) -> tuple[Ints, Ints]:
    """Return the bounds of each node; of a soft limit, those of the loads that are best at its price.

    At a price between 0 and the penalty that is its bound alone; at the penalty, any load beyond is as good.
    """
    soft = np.isfinite(tree.penalty)
    near = _SAME * np.where(soft, tree.penalty, 0.0)
    dear, cheap = soft & (price >= tree.penalty - near), soft & (price <= near - tree.penalty)
    least = np.where(cheap, 0, np.where(soft & (price > near), tree.upper, tree.lower))
    most = np.where(dear, n_leads, np.where(soft & (price < -near), tree.lower, tree.upper))
    return least, most


def _steps(
    problem: Problem, nodes: int, rep: Ints, start: Ints, end: Ints, held: Ints, favour: Ints
) -> tuple[Ints, Ints, Ints]:
    """Return each rep's load in steps, each step at the fill it leads to: convex, so that the emptiest rep comes first.

    Equal fills are told apart by `favour`, a random order of the reps; costs are small enough for so many `nodes`.
    """
    capacity = problem.shares
    fill = (held[rep] + (start + end) / 2) / capacity[rep]
    unit = min(_FINE * float(capacity.max()), _MOST / nodes / problem.n_reps / fill.max()) if len(fill) else 1.0
    return rep, end - start, np.floor(fill * unit).astype(np.int64) * problem.n_reps + favour[rep]


def _widths(most: int) -> list[int]:
    """Return how far around the last load each round looks closely: everywhere, then ever closer if not exact yet."""
    widths = [most]
    while most > _STEPS and widths[-1] > _STEPS // 2:
        widths.append(max(_STEPS // 2, widths[-1] // 32))
    return widths


def _intervals(most: Ints, load: Ints, width: int) -> tuple[Ints, Ints, Ints]:
    """Return the steps of every rep's load: whose each is, where it starts and where it ends."""
    some = np.flatnonzero(most)
    if most.max(initial=0) <= _STEPS:  # one by one: no rep has a grid of its own
        rep = np.repeat(np.arange(len(most)), most)
        start = np.arange(len(rep)) - np.repeat(np.cumsum(most) - most, most)
        return rep, start, start + 1
    grids = [_grid(int(m), int(x), width) for m, x in zip(most[some], load[some], strict=True)]
    rep = np.repeat(some, [len(grid) - 1 for grid in grids])
    return rep, np.concatenate([grid[:-1] for grid in grids]), np.concatenate([grid[1:] for grid in grids])


def _grid(most: int, load: int, width: int) -> Ints:
    """Return loads from 0 to `most` at which the fill is priced: a coarse grid, and a fine one around `load`."""
    if most <= _STEPS:
        return np.arange(most + 1)
    coarse = np.linspace(0, most, _STEPS // 2).astype(np.int64)
    fine = np.linspace(load - width, load + width, _STEPS + 1).astype(np.int64)
    return np.unique(np.concatenate([coarse, fine[(fine > 0) & (fine < most)]]))
