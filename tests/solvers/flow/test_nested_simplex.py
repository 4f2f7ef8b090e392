"""The network simplex over a tree of limits against OR-Tools' flow, from any prices, and going on with more pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import limits, matrices
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.flow import nested_simplex
from leadopt.solvers.flow.backend import min_cost_flow
from leadopt.solvers.flow.core import core_costs
from leadopt.solvers.flow.costs import FREE, Pairs, every_pair
from leadopt.solvers.flow.equal_leads import group_leads
from leadopt.solvers.flow.limit_tree import limit_tree, room_beside_pins
from leadopt.solvers.flow.nested_simplex import nested_flow
from leadopt.solvers.flow.network import needed, network, supplies
from tests import strategies


class Core:
    """A problem of nested limits, in groups and whole costs."""

    def __init__(self, problem):
        self.problem, self.tree = problem, limit_tree(problem)
        self.room = room_beside_pins(problem, self.tree)
        self.groups = group_leads(problem.affinity, self.tree.class_of_lead, np.flatnonzero(problem.pins < 0))
        self.pairs = every_pair(problem, self.groups, self.tree, self.room)
        self.costs = core_costs(problem, self.groups, self.tree, self.pairs, 0.0)

    def flow(self, near=None, before=None, costs=None):
        return nested_flow(self.costs if costs is None else costs, self.groups, self.tree, self.room, near, before)

    def some(self, wanted):
        """Return the costs of some of the pairs."""
        pairs = Pairs(group=self.pairs.group[wanted], rep=self.pairs.rep[wanted], gain=self.pairs.gain[wanted])
        return core_costs(self.problem, self.groups, self.tree, pairs, 0.0)

    def loads(self, flows):
        group, rep, amount = flows
        placed, entered = rep >= 0, np.zeros(self.tree.root, dtype=np.int64)
        np.add.at(entered, self.tree.entry[self.costs.kind[group[placed]], rep[placed]], amount[placed])
        return self.tree.loads(entered)

    def cost(self, flows):
        """Return what a flow costs with its penalties, exactly, and check that it keeps every hard bound."""
        group, rep, amount = flows
        assert (amount > 0).all()
        assert np.array_equal(np.bincount(group, amount, len(self.groups.size)), self.groups.size)
        loads, hard = self.loads(flows), self.costs.penalty == FREE
        upper = np.maximum(self.room.upper, 0)
        beyond = np.maximum(loads - upper, 0) + np.maximum(np.minimum(self.room.lower, upper) - loads, 0)
        assert not beyond[hard].any()
        paid = sum(int(a) * int(c) for a, c in zip(amount, self.costs.paid(group, rep), strict=True))
        return paid + sum(int(b) * int(p) for b, p in zip(beyond[~hard], self.costs.penalty[~hard], strict=True))

    def least_cost(self):
        """Return the same by OR-Tools, None if there is no flow: it counts what is below a lower bound as a loss."""
        arcs = network(self.groups, self.tree, self.room, self.costs)
        flow = min_cost_flow(arcs, supplies(self.groups, self.tree, needed(self.tree, self.room)))
        if flow is None:
            return None
        soft = np.flatnonzero(self.costs.penalty != FREE)
        lower = np.minimum(self.room.lower, np.maximum(self.room.upper, 0))
        owed = sum(int(lower[k]) * int(self.costs.penalty[k]) for k in soft)
        return owed + sum(int(x) * int(c) for x, c in zip(flow, arcs.cost, strict=True))


def is_refused_before(core):
    hard = np.isinf(core.tree.penalty)
    return bool((core.room.upper < core.room.lower)[hard].any() or (core.room.upper < 0).any())


@given(problem=strategies.problems(max_leads=9, max_reps=5), data=st.data())
@strategies.examples(150)
def test_any_tree_of_limits_is_as_cheap_as_the_cheapest_flow_from_any_prices(problem, data):
    core = Core(problem)
    if is_refused_before(core):
        return
    best = core.least_cost()
    prices = st.one_of(st.just(0.0), st.floats(-1e3, 1e3), st.sampled_from([-1e300, 1e300]))
    near = np.array(data.draw(st.lists(prices, min_size=core.tree.root, max_size=core.tree.root)))
    found = core.flow(near)
    assert (found is None) == (best is None)
    if found is None:
        return
    assert core.cost(found.flows) == best
    again = core.flow(found.prices)
    assert core.cost(again.flows) == best


@given(problem=strategies.problems(max_leads=9, max_reps=5), data=st.data())
@strategies.examples(100)
def test_it_goes_on_with_more_pairs_where_it_ended(problem, data):
    core = Core(problem)
    if is_refused_before(core):
        return
    n = len(core.pairs.group)
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    before = core.flow(costs=core.some(wanted))
    if before is None:
        return
    after = core.flow(before=before)
    best = core.least_cost()
    assert after is not None
    assert core.cost(after.flows) == best


@pytest.mark.parametrize("kind", ["dense", "factored", "whole"])
def test_the_prices_that_it_ends_at_prove_the_flow(kind):
    """No lead gains more elsewhere, and no limit has a price without being at its bound."""
    if kind == "whole":
        gains, capacity = np.random.default_rng(0).integers(0, 4, (300, 12)).astype(float), np.full(12, 22)
        made = [Limit(reps=range(6), upper=100), Limit(reps=[0, 1], lower=40), Limit(reps=[7], upper=15, penalty=0.5)]
    else:
        instance = matrices.MAKERS[kind](300, 12)
        gains, capacity, made = instance.affinity(), instance.capacity, limits.nested(instance)
    core = Core(Problem(affinity=gains, capacity=capacity, limits=made))
    found = core.flow()
    assert core.cost(found.flows) == core.least_cost()
    toll = np.append(found.prices, 0.0)
    for node in core.tree.outward[::-1]:
        toll[node] += toll[core.tree.parent[node]]
    group, rep, _ = found.flows
    kept = core.problem.affinity.of(core.groups.example) - toll[core.tree.entry[core.costs.kind]]
    best = np.maximum(kept.max(axis=1), 0.0)
    own = np.where(rep >= 0, kept[group, rep], 0.0)
    slack = 1e-9 * np.abs(kept).max()
    assert (own >= best[group] - slack).all()
    loads = core.loads(found.flows)
    hard = np.isinf(core.tree.penalty)
    assert (found.prices[hard & (loads > core.room.lower)] >= -slack).all()
    assert (found.prices[hard & (loads < core.room.upper)] <= slack).all()


def test_prices_that_are_good_leave_little_to_do(monkeypatch):
    instance = matrices.dense(1_500, 40)
    made = limits.nested(instance)
    core = Core(Problem(affinity=instance.affinity(), capacity=instance.capacity, limits=made))
    pivots = []
    simplex = nested_simplex.simplex
    monkeypatch.setattr(nested_simplex, "simplex", lambda *args: pivots.append(simplex(*args)) or pivots[-1])
    found = core.flow()
    core.flow(found.prices)
    core.flow(before=found)
    assert pivots[1] < 0.5 * pivots[0]
    assert pivots[2] == 0


def test_a_simplex_without_an_end_leaves_it_to_another_solver(monkeypatch):
    core = Core(
        Problem(affinity=np.random.default_rng(0).random((30, 4)), capacity=5, limits=[Limit(lower=3, reps=[0])])
    )
    monkeypatch.setattr(nested_simplex, "_PIVOTS", 0)
    assert core.flow() is None
