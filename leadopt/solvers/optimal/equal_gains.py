"""Leads that gain the same with several reps, shared out by a flow under the limits that nest, whatever the prices."""

from dataclasses import replace

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import ROUNDING, Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.solvers.base import Answer
from leadopt.solvers.flow.equal_leads import grouped
from leadopt.solvers.flow.limit_tree import LimitTree, NotNested, countable, limit_tree
from leadopt.solvers.optimal.standing import LAST_DIGITS, Standing, missed
from leadopt.solvers.optimal.ties import Ties, rebalanced, shuffled
from leadopt.solvers.optimal.unevenness import Unevenness

_MOST_CHOICES = 30_000  # in one flow: it takes a quarter of a second
_MOST_GROUPS = 5_000  # of leads with the same choice; of more, so many are drawn, and the others stay
_MOST_CELLS = 50_000_000  # choices that are compared at once


def any_equal(problem: Problem, rep_of_lead: Ints) -> bool:
    """Return whether some free lead gains the same with two reps, or with its rep as in the pool."""
    free = problem.pins < 0
    tied = _tied_rows(problem)[problem.affinity.row]
    return bool((free & tied).any()) or bool(as_good_in_the_pool(problem, np.flatnonzero(free), rep_of_lead).any())


def shared_out(problem: Problem, answer: Answer, unevenness: Unevenness, rng: "np.random.Generator") -> Ints:
    """Return an answer with such leads shared out evenly, if that keeps all limits; else the one that is given."""
    tree = _nested(problem)
    ties = _ties(problem, answer.rep_of_lead, tree)
    if ties is None:
        return answer.rep_of_lead
    if len(ties.groups.size) > _MOST_GROUPS:
        ties = ties.only(rng.permutation(len(ties.groups.size))[:_MOST_GROUPS])
    unpriced = replace(answer, prices=np.zeros(problem.n_reps), limit_prices=np.zeros(tree.root - problem.n_reps))
    found = rebalanced(problem, unpriced, tree, shuffled(ties, rng), rng, unevenness.favour, _MOST_CHOICES)
    return found if _as_good(problem, answer.rep_of_lead, found) else answer.rep_of_lead


def _tied_rows(problem: Problem) -> Bools:
    """Return which rows of rates have two that are equal and not ruled out, bool (n_rows,)."""
    if problem.affinity.is_sparse:
        return _tied_pairs(problem.affinity.rows.pairs())
    rates = problem.affinity.full_rates()
    tied = np.zeros(len(rates), dtype=bool)

    def look(start: int, stop: int, scratch: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> None:
        scratch[:] = rates[start:stop]
        scratch.sort(axis=1)
        with np.errstate(invalid="ignore"):
            same = np.diff(scratch, axis=1) <= LAST_DIGITS * np.abs(scratch[:, 1:])
        tied[start:stop] = same.any(axis=1)

    over_blocks(len(rates), rates.shape[1], look)
    return tied


def _tied_pairs(rows: SparseRows) -> Bools:
    """Return the same of rows of which only the eligible pairs are held."""
    row = rows.row
    order = np.lexsort((rows.gain, row))
    row, gain = row[order], rows.gain[order]
    same = (np.diff(gain) <= LAST_DIGITS * np.abs(gain[1:])) & (row[1:] == row[:-1])
    tied = np.zeros(len(rows), dtype=bool)
    tied[row[1:][same]] = True
    return tied


def as_good_in_the_pool(problem: Problem, leads: Ints, rep_of_lead: Ints) -> Bools:
    """Return which of some leads have a rep, and would gain the same in the pool."""
    placed = rep_of_lead[leads] >= 0
    gains = problem.affinity.at(leads, np.maximum(rep_of_lead[leads], 0))
    return placed & (np.abs(gains - problem.reserve) <= LAST_DIGITS * np.abs(gains))


def _nested(problem: Problem) -> LimitTree:
    """Return the limits that count leads as a tree, if they nest; else the capacities alone."""
    counted = [limit for limit in problem.limits if countable(limit)]
    try:
        return limit_tree(problem.replace(limits=tuple(counted)))
    except NotNested:
        return limit_tree(problem.replace(limits=()))


def _ties(problem: Problem, rep_of_lead: Ints, tree: LimitTree) -> Ties | None:
    """Return who gains the same where, leads together that have the same choice and count in the same limits."""
    m, affinity = problem.n_reps, problem.affinity
    free = np.flatnonzero((problem.pins < 0) & (rep_of_lead >= 0))
    as_good = as_good_in_the_pool(problem, free, rep_of_lead)
    some = _tied_rows(problem)[affinity.row[free]] | as_good
    leads, as_good = free[some], as_good[some].astype(np.int64)
    key = (affinity.row[leads] * m + rep_of_lead[leads]) * 2 + as_good
    distinct, of_lead = np.unique(key, return_inverse=True)
    if not len(leads) or len(distinct) * (m + 1) > _MOST_CELLS:
        return None
    (row, rep), pooled = np.divmod(distinct // 2, m), distinct % 2 == 1
    rates = affinity.rates_of(row)
    here = rates[np.arange(len(rep)), rep][:, None]
    choice = np.column_stack([np.abs(rates - here) <= LAST_DIGITS * np.abs(here), pooled])
    choice[:, :-1] &= problem.capacity > 0
    choice[np.arange(len(rep)), rep] = True
    pattern = np.unique(np.packbits(choice, axis=1), axis=0, return_inverse=True)[1].reshape(-1)[of_lead.reshape(-1)]
    groups = grouped(pattern * len(tree.entry) + tree.class_of_lead[leads], leads)
    first = of_lead.reshape(-1)[np.searchsorted(leads, groups.example)]
    return Ties.of(groups, *np.nonzero(choice[first]))


def _as_good(problem: Problem, before: Ints, after: Ints) -> bool:
    """Return whether an answer keeps all limits that the one before keeps, and pays no more where they give way."""
    old, new = Standing.of(problem, before), Standing.of(problem, after)
    hard = np.isinf(new.penalty)
    over = (new.used > new.upper + ROUNDING * new.upper) & (new.used > old.used)
    short = (new.used < new.lower - ROUNDING * new.lower) & (new.used < old.used)
    if (hard & (over | short)).any():
        return False
    soft = ~hard
    paid = [missed(one.used, one.lower, one.upper)[soft] @ one.penalty[soft] for one in (old, new)]
    return bool(paid[1] <= paid[0] * (1.0 + LAST_DIGITS))
