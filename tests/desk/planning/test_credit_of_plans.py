"""Credit that is booked lead by lead is what `Plan.carry` says of the whole plan."""

from dataclasses import replace

import numpy as np
import pytest

from leadopt import Fairness, Policy
from leadopt.lifecycle import commands
from leadopt.plans.credit import due
from tests.desk.planning.floors import DAY, Floor, called, end_some

KINDS = ("leads", "value", "hot")
EVERYTHING = tuple(Fairness(of=of, low=0.7, high=1.4, weight=1.0, hot_share=0.3) for of in KINDS)


def arrive(floor: Floor, rng: np.random.Generator, day: int, n_leads: int) -> None:
    for number in range(n_leads):
        industry, value = str(rng.choice(["steel", "wood", "glass"])), float(rng.integers(10, 100))
        floor.receive(f"L-{day}-{number}", industry=industry, value=value)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("entitlement", ["capacity", "equal", "weight"])
def test_batches_alone_leave_the_credit_that_carry_says(seed: int, entitlement: str) -> None:
    rng = np.random.default_rng(seed)
    fairness = tuple(replace(one, entitlement=entitlement) for one in EVERYTHING)
    floor = Floor(policy=Policy(segment_by=("industry",), fairness=fairness))
    for rep in ("R-a", "R-b", "R-c", "R-d"):
        floor.rep(rep, max_open=int(rng.integers(6, 14)), columns={"weight": float(rng.integers(1, 4))})
    n_owed = 0
    for day in range(8):
        arrive(floor, rng, day, int(rng.integers(3, 16)))
        floor.learn()
        plan = floor.plan()
        assert floor.apply(plan) == {}
        for of in KINDS:
            carried = plan.carry(of=of)
            found = floor.owed(of)
            assert {called(rep): amount for rep, amount in found.items()} == pytest.approx(carried, abs=1e-9)
            n_owed += sum(abs(amount) > 0.01 for amount in found.values())
        end_some(floor, rng, 0.6)
        floor.now += DAY
    assert n_owed > 20  # else nothing was shared unevenly, and nothing was tested


@pytest.mark.parametrize("seed", range(3))
def test_bad_leads_that_managers_close_count_as_carry_counts_those_given_back(seed: int) -> None:
    rng, n_compared = np.random.default_rng(seed), 0
    floor = Floor(policy=Policy(segment_by=("industry",), fairness=EVERYTHING))
    floor.reps(**{"R-a": 60, "R-b": 40, "R-c": 20})
    for day in range(4):
        arrive(floor, rng, day, 12)
        floor.learn()
        plan = floor.plan()
        floor.apply(plan)
        back = [lead.id for lead in plan.leads if rng.random() < 0.3]
        for lead in back:
            floor.act(commands.Refuse, lead=lead, by=floor.lead(lead).owner, reason="spam")
            floor.act(commands.Close, lead=lead, reason="spam")
        for shared in plan.case.shared:
            # Where somebody is entitled to all that a rep can get at most, parts of a plan are not in proportion.
            entitled = due(plan.case, shared, float(shared.received(plan.rep_of_lead).sum()))
            if (entitled < shared.most * (1 - 1e-9)).all():
                carried = plan.carry(of=shared.of, given_back=[called(lead) for lead in back])
                found = {called(rep): amount for rep, amount in floor.owed(shared.of).items()}
                assert found == pytest.approx(carried, abs=1e-9)
                n_compared += 1
        end_some(floor, rng, 0.9)
        floor.now += DAY
    assert n_compared >= 8


def test_without_fairness_credit_goes_on_in_proportion_to_room() -> None:
    floor = Floor()
    floor.reps(**{"R-a": 3, "R-b": 1})
    for number in range(4):
        floor.receive(f"L-{number}", value=1.0)
    floor.apply(floor.plan())
    assert floor.owed() == pytest.approx({"R-a": 0.0, "R-b": 0.0})


def test_who_stays_out_of_fairness_is_owed_nothing() -> None:
    floor = Floor(policy=Policy(fairness=Fairness(entitlement="weight")))
    floor.rep("R-a", max_open=9, columns={"weight": 1.0})
    floor.rep("R-b", max_open=9, columns={"weight": 1.0})
    floor.rep("R-out", max_open=9, columns={"weight": 0.0})
    for number in range(12):
        floor.receive(f"L-{number}", value=1.0)
    plan = floor.plan()
    floor.apply(plan)
    assert floor.owed()["R-out"] == 0.0
    assert {called(rep): floor.owed()[rep] for rep in ("R-a", "R-b")} == pytest.approx(plan.carry())
