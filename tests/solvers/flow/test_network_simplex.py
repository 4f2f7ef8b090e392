"""The network simplex against OR-Tools' flow, and where a simplex may go round in circles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.problem.problem import Problem
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.flow import core, network_simplex
from leadopt.solvers.flow.backend import Arcs, min_cost_flow
from leadopt.solvers.flow.core import CoreTooSmall, solve_core
from leadopt.solvers.flow.costs import every_pair
from tests.strategies import examples


@st.composite
def networks(draw):
    """Some pairs of rows and columns, with ties or without, enough room or not."""
    n_rows, n_columns = draw(st.integers(0, 7)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    row, column = np.nonzero(rng.random((n_rows, n_columns)) < draw(st.sampled_from([0.3, 0.7, 1.0])))
    most = draw(st.sampled_from([0, 1, 3, 1000, 2**50]))
    return {
        "row": row,
        "column": column,
        "cost": rng.integers(0, most + 1, len(row)),
        "supply": rng.integers(1, draw(st.sampled_from([2, 4, 100])), n_rows),
        "room": rng.integers(0, draw(st.sampled_from([2, 5, 200])), n_columns),
        "aside": draw(st.sampled_from([network_simplex.NEVER, 0, most, 2 * most])),
        "idle": rng.choice([0, most, network_simplex.NEVER], n_columns) if draw(st.booleans()) else 0,
        "prices": rng.integers(0, 2 * most + 2, n_columns) if draw(st.booleans()) else None,
        "first_cost": rng.integers(0, most + 2, len(row)) if draw(st.booleans()) else None,
    }


def by_flow(row, column, cost, supply, room, aside, idle, **_):
    """Return the least cost by OR-Tools, None if none is allowed; the rows, the columns, nobody, the root."""
    n, m = len(supply), len(room)
    nobody, root, total = n + m, n + m + 1, int(room.sum())
    costs = np.broadcast_to(idle, m)
    idles, asides = np.flatnonzero(costs < network_simplex.NEVER), np.arange(n if aside < network_simplex.NEVER else 0)
    arcs = Arcs.of(
        (row, n + column, supply[row], cost),
        (asides, root, supply[asides], aside),
        (nobody, n + idles, room[idles], costs[idles]),
        (nobody, root, total, 0),
    )
    flow = min_cost_flow(arcs, np.concatenate([supply, -room, [total, -supply.sum()]]))
    return None if flow is None else sum(int(x) * int(c) for x, c in zip(flow, arcs.cost, strict=True))


def check_proof(network, row, column, price):
    """At the prices, what a row takes is no dearer than any other column with room, nor than none."""
    charged = network["cost"] + price[network["column"]]
    least = np.full(len(network["supply"]), network["aside"])
    open_ = network["room"][network["column"]] > 0
    np.minimum.at(least, network["row"][open_], charged[open_])
    paid = {(r, c): x for r, c, x in zip(network["row"], network["column"], charged, strict=True)}
    assert all(paid.get((r, c), network["aside"]) == least[r] for r, c in zip(row, column, strict=True))


@given(network=networks())
@examples(75)
def test_a_transport_is_as_cheap_as_the_cheapest_flow(network):
    found, best = network_simplex.transport(**network), by_flow(**network)
    if found is None:
        assert best is None
        return
    row, column, amount, price = found
    check_proof(network, row, column, price)
    assert (amount > 0).all()
    assert np.array_equal(np.bincount(row, amount, len(network["supply"])), network["supply"])
    placed = column >= 0
    loads = np.bincount(column[placed], amount[placed], len(network["room"])).astype(int)
    assert (loads <= network["room"]).all()
    price = {(r, c): int(x) for r, c, x in zip(network["row"], network["column"], network["cost"], strict=True)}
    cost = sum(
        int(x) * (price[r, c] if c >= 0 else network["aside"]) for r, c, x in zip(row, column, amount, strict=True)
    )
    empty = (network["room"] - loads).tolist()
    idle = np.broadcast_to(network["idle"], len(loads)).tolist()
    assert cost + sum(e * i for e, i in zip(empty, idle, strict=True)) == best


@pytest.mark.parametrize("most", [0, 1, 9])
@pytest.mark.parametrize("slots", [1.1, 1.0, 0.6])
def test_ties_everywhere_do_not_make_it_go_round_in_circles(most, slots):
    rng = np.random.default_rng(0)
    n, m = 400, 20
    row, column = np.divmod(np.arange(n * m), m)
    network = {
        "row": row,
        "column": column,
        "cost": rng.integers(0, most + 1, n * m),
        "supply": np.ones(n, dtype=np.int64),
        "room": np.full(m, int(slots * n / m)),
        "aside": 5,
        "idle": 0,
    }
    row, column, amount, _ = network_simplex.transport(**network)
    cost = np.append(network["cost"], 5)[np.where(column < 0, n * m, row * m + column)]
    assert int(cost @ amount) == by_flow(**network)


@pytest.mark.parametrize("pivots", [0, 50])
def test_a_simplex_without_an_end_leaves_the_core_to_another_solver(pivots, monkeypatch):
    monkeypatch.setattr(network_simplex, "_PIVOTS", pivots)
    rest = Remainder.of(Problem(affinity=np.random.default_rng(0).random((30, 4)), capacity=5))
    groups = rest.groups(np.arange(30))
    pairs = every_pair(rest.problem, groups, rest.tree, rest.room)
    found = [
        costs.paid(*flows[:2]) @ flows[2]
        for near in (None, np.full(4, 0.5))
        for costs, flows, _ in [solve_core(rest.problem, groups, rest.tree, rest.room, pairs, pruned=True, near=near)]
    ]
    assert found[0] == found[1]


def test_a_core_too_small_is_told_from_one_that_fits():
    rest = Remainder.of(Problem(affinity=np.ones((3, 2)), capacity=1, reserve=-np.inf))
    groups = rest.groups(np.arange(3))
    pairs = every_pair(rest.problem, groups, rest.tree, rest.room)
    with pytest.raises(CoreTooSmall):
        core.solve_core(rest.problem, groups, rest.tree, rest.room, pairs, pruned=True, near=np.zeros(2))
