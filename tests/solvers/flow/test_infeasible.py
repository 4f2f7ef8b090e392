"""Why nothing fits: every claim of a witness is checked by brute force."""

import pickle

import numpy as np
import pytest
from hypothesis import assume, given

from leadopt.errors import Infeasible
from leadopt.matching import solve
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers import Hungarian, MinCostFlow
from tests import instances
from tests.oracles import brute_force
from tests.strategies import examples, problems


def refusal(problem, solver=None):
    with pytest.raises(Infeasible) as caught:
        solve(problem, solver)
    return caught.value


def most_placed(problem, leads, limits=()):
    """How many of these leads find a rep together, under capacities, pins and the given limits."""
    oracle = brute_force(problem, limits=limits, must_place=())
    return int((oracle.answers[oracle.allowed][:, list(leads)] >= 0).sum(axis=1).max())


@given(problem=problems())
@examples(20)
def test_the_limits_and_leads_of_a_witness_are_infeasible_on_their_own(problem):
    assume(not brute_force(problem).feasible)
    witness = refusal(problem).witness
    assert witness.need > witness.room >= 0
    named = [limit for limit in problem.limits if limit.name in witness.limits]
    must_place = witness.leads if np.isneginf(problem.reserve) else ()
    assert not brute_force(problem, limits=named, must_place=must_place).feasible


@given(problem=problems(limits=False, pins=False, reserves=(-np.inf,)))
@examples(40)
def test_leads_that_must_be_placed_violate_halls_condition(problem):
    assume(not brute_force(problem).feasible)
    for solver in (Hungarian(), MinCostFlow()):
        witness = refusal(problem, solver).witness
        gains = problem.affinity.dense()
        reps = set(np.flatnonzero(np.isfinite(gains[list(witness.leads)]).any(axis=0)).tolist())
        assert set(witness.reps) == reps
        assert witness.need == len(witness.leads)
        assert witness.room == problem.capacity[list(witness.reps)].sum()
        assert witness.room == most_placed(problem, witness.leads)


@given(problem=problems(limits=False, reserves=(-np.inf,)))
@examples(30)
def test_room_beside_pins_is_what_free_leads_can_get(problem):
    pins_only = brute_force(problem, must_place=())
    assume(pins_only.feasible and not brute_force(problem).feasible)
    witness = refusal(problem).witness
    assert (problem.pins[list(witness.leads)] < 0).all()
    assert (witness.need, witness.room) == (len(witness.leads), most_placed(problem, witness.leads))


@given(problem=problems(limits=False, most_capacity=1))
@examples(20)
def test_pins_beyond_a_capacity_are_counted(problem):
    loads = np.bincount(problem.pins[problem.pins >= 0], minlength=problem.n_reps)
    assume((loads > problem.capacity).any())
    witness = refusal(problem).witness
    (rep,) = witness.reps
    assert witness.leads == tuple(np.flatnonzero(problem.pins == rep))
    assert (witness.need, witness.room) == (loads[rep], problem.capacity[rep])


def test_two_leads_with_one_slot():
    error = refusal(instances.two_leads_one_slot())
    assert str(error) == "every lead must be placed, but 2 leads (0, 1) can only go to rep 0, with room for 1"
    assert error.witness.leads == (0, 1)
    assert error.witness.reps == (0,)
    assert error.witness.limits == ()


def test_a_lead_that_nobody_may_have():
    error = refusal(Problem(affinity=[[1.0], [-np.inf]], capacity=5, reserve=-np.inf))
    assert str(error) == "every lead must be placed, but 1 leads (1) are eligible for no rep"


def test_more_pins_than_capacity():
    error = refusal(Problem(affinity=np.ones((3, 2)), capacity=1, pins=[1, -1, 1]))
    assert str(error) == "2 leads are pinned to rep 1, and capacity of rep 1 allows 1"
    assert error.witness.leads == (0, 2)


def test_pins_outside_a_quotas_leads_are_not_blamed():
    quota = Limit(reps=[0], leads=[0, 1], upper=1, name="tier A of rep 0")
    error = refusal(Problem(affinity=np.ones((4, 1)), capacity=4, limits=[quota], pins=[0, 0, 0, -1]))
    assert str(error) == "2 leads are pinned to rep 0, and tier A of rep 0 allows 1"
    assert error.witness.leads == (0, 1)


def test_a_minimum_that_starves_a_lead_is_to_blame_not_the_leads_slots():
    error = refusal(instances.minimum_starves_a_lead())
    assert str(error) == (
        "minimum of rep 1 asks for at least 2 leads and can get 1: there are 2 slots of rep 1 and 1 leads for them"
    )
    assert error.witness.leads == ()


def test_leads_squeezed_out_by_a_minimum_under_a_team_cap():
    error = refusal(instances.quota_under_a_team_cap())
    assert error.witness.leads == (0, 1)
    assert (error.witness.need, error.witness.room) == (2, 1)
    assert set(error.witness.limits) == {"team cap", "minimum of rep 1"}
    assert str(error) == (
        "every lead must be placed, but 2 leads (0, 1) can only go to rep 0, "
        "with room for 1 under team cap, minimum of rep 1"
    )


def test_room_that_a_minimum_overdraws_is_none():
    limits = [Limit(reps=[0, 1], upper=1, name="team cap"), Limit(reps=[1], lower=3, name="minimum of rep 1")]
    error = refusal(Problem(affinity=[[1.0, -np.inf]] * 2, capacity=9, limits=limits, reserve=-np.inf))
    assert (error.witness.need, error.witness.room) == (2, 0)
    assert set(error.witness.limits) == {"team cap", "minimum of rep 1"}


def test_a_minimum_above_its_teams_cap():
    error = refusal(instances.minimum_above_its_team_cap())
    assert str(error) == (
        "minimum of rep 0 asks for at least 2 leads and can get 1 under team cap: "
        "there are 4 slots of rep 0 and 4 leads for them"
    )
    assert set(error.witness.limits) == {"team cap", "minimum of rep 0"}


def test_a_minimum_that_pins_met_is_not_to_blame():
    witness = refusal(instances.pins_met_one_minimum()).witness
    assert witness.limits == ("minimum of rep 1",)
    assert (witness.need, witness.room) == (3, 2)


def test_a_soft_minimum_is_not_to_blame():
    witness = refusal(instances.soft_minimum_beside_a_hard_one()).witness
    assert witness.limits == ("hard minimum of rep 1",)
    assert (witness.need, witness.room) == (3, 2)


def test_a_minimum_inside_another_is_counted_once():
    witness = refusal(instances.nested_minimums()).witness
    assert (witness.need, witness.room) in {(4, 2), (3, 2)}


def test_limits_without_a_name_go_by_their_number():
    error = refusal(Problem(affinity=np.ones((1, 2)), capacity=3, limits=[Limit(), Limit(reps=[1], lower=2)]))
    assert error.witness.limits == ("limit 1",)
    assert str(error).startswith("limit 1 asks for at least 2 leads and can get 1: ")


def test_bounds_without_a_whole_number_between_them():
    error = refusal(Problem(affinity=np.ones((3, 1)), capacity=3, limits=[Limit(lower=0.5, upper=0.7, name="band")]))
    assert str(error) == "no whole number of leads lies from 0.5 to 0.7, as band asks"
    assert (error.witness.limits, error.witness.need, error.witness.room) == (("band",), 1, 0)


def test_several_minimums_ask_together():
    limits = [Limit(reps=[0], lower=2, name="a"), Limit(reps=[1], lower=2, name="b")]
    error = refusal(Problem(affinity=np.ones((3, 2)), capacity=3, limits=limits))
    assert str(error) == (
        "a, b ask for at least 4 leads and can get 3: there are 6 slots of reps 0, 1 and 3 leads for them"
    )


def test_the_witness_survives_a_process_border():
    error = refusal(instances.two_leads_one_slot())
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.witness) == (str(error), error.witness)
