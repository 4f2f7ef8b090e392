"""OR-Tools behind two functions: flows, cuts, and every status by its name."""

import networkx as nx
import numpy as np
import pytest

from leadopt.solvers.flow.backend import Arcs, CostsTooLarge, min_cost_flow, stuck_side


def arcs(*rows):
    tail, head, capacity, cost = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Arcs(tail=tail, head=head, capacity=capacity, cost=cost)


def test_parts_are_spread_and_joined_in_order():
    joined = Arcs.of(([0, 1], 2, 5, [7, 8]), (3, 4, [1, 2], 0))
    assert joined.tail.tolist() == [0, 1, 3, 3]
    assert joined.head.tolist() == [2, 2, 4, 4]
    assert joined.capacity.tolist() == [5, 5, 1, 2]
    assert joined.cost.tolist() == [7, 8, 0, 0]
    assert joined.cost.dtype == np.int64


def test_the_cheapest_flow_uses_the_cheap_arc_first():
    flow = min_cost_flow(arcs((0, 1, 2, 1), (0, 1, 5, 3)), np.array([4, -4]))
    assert flow.tolist() == [2, 2]


def test_a_supply_that_fits_nowhere_has_no_flow():
    assert min_cost_flow(arcs((0, 1, 2, 1)), np.array([4, -4])) is None


def test_costs_that_overflow_are_named():
    with pytest.raises(CostsTooLarge):
        min_cost_flow(arcs((0, 1, 2, 2**62)), np.array([1, -1]))


def test_the_stuck_side_holds_the_supply_before_the_full_arc():
    side, missing = stuck_side(arcs((0, 1, 9, 0), (1, 2, 2, 0)), np.array([5, 0, -5]))
    assert side.tolist() == [True, True, False]
    assert missing == 3


@pytest.mark.parametrize("seed", range(10))
def test_random_networks_cost_what_networkx_says(seed):
    rng = np.random.default_rng(seed)
    rows = [(i, j, int(rng.integers(1, 6)), int(rng.integers(-3, 10))) for i in range(5) for j in range(i + 1, 6)]
    supply = np.array([4, 2, 0, 0, -1, -5])
    network = nx.DiGraph()
    network.add_nodes_from((node, {"demand": -int(amount)}) for node, amount in enumerate(supply))
    network.add_edges_from((a, b, {"capacity": u, "weight": c}) for a, b, u, c in rows)
    flow = min_cost_flow(arcs(*rows), supply)
    try:
        cost = nx.min_cost_flow_cost(network)
    except nx.NetworkXUnfeasible:
        assert flow is None
    else:
        assert int(flow @ arcs(*rows).cost) == cost
