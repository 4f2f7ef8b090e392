"""What a lead is worth with whom as it arrives is what a plan would say, without a fit."""

from typing import Any

import numpy as np
import pytest

from leadopt import Fairness, NewcomerQuota, Policy
from leadopt.desk.planning import learned as learning
from leadopt.desk.planning.worths import Excluding
from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.draft import Offer
from leadopt.lifecycle.records import Lead, Rep
from leadopt.policy import exclude, match, skills
from tests.desk.planning.floors import DAY, MONDAY, Floor, called, end_some

INDUSTRIES, SKILLS = ("steel", "wood", "glass"), ("en", "de", "en;de")


def floor_with_past(policy: Policy, seed: int = 0, n_leads: int = 60) -> tuple[Floor, np.random.Generator]:
    rng, floor = np.random.default_rng(seed), Floor(policy=policy)
    for rep in ("R-a", "R-b", "R-c"):
        hired = MONDAY - 10 * DAY * len(floor.book.find(Rep, Where()))
        floor.rep(rep, max_open=99, hired_on=hired, columns=of_rep(rng))
    for number in range(n_leads):
        floor.receive(f"L-{number}", **of_lead(rng))
    floor.apply(floor.plan())
    end_some(floor, rng, 0.8)
    floor.now += DAY
    return floor, rng


def of_lead(rng: np.random.Generator) -> dict[str, Any]:
    value = float(rng.integers(10, 99))
    known: dict[str, Any] = {"industry": str(rng.choice(INDUSTRIES)), "skills": str(rng.choice(SKILLS))}
    known |= {"not_to": "R-a;R-c"} if rng.random() < 0.4 else {}
    known |= {"key": bool(rng.random() < 0.2), "team": str(rng.choice(["x", "y"]))}
    return known | ({"value": value} if rng.random() < 0.8 else {})


def of_rep(rng: np.random.Generator) -> dict[str, Any]:
    return {"team": str(rng.choice(["x", "y"])), "skills": "en;de" if rng.random() < 0.7 else "en"}


POLICIES = {
    "plain": Policy(segment_by=("industry",)),
    "by rep alone": Policy(segment_by=()),
    "found by itself": Policy(),
    "eligibility": Policy(segment_by=("industry",), eligibility=(match("team"), skills())),
    "key accounts": Policy(segment_by=("industry",), newcomers=NewcomerQuota(protect="key", tenure_days=15)),
    "zero is missing": Policy(segment_by=("industry",), value_zero="missing"),
    "not to": Policy(segment_by=("industry",), eligibility=(exclude(column="not_to"),)),
    "currencies": Policy(segment_by=("industry",), currencies={"USD": 1.0, "EUR": 1.5}),
}


@pytest.mark.parametrize("name", POLICIES)
def test_offers_are_the_gains_of_a_plan(name: str) -> None:
    floor, rng = floor_with_past(POLICIES[name])
    for number in range(12):
        floor.receive(f"L-new-{number}", **of_lead(rng), **({"currency": "EUR"} if name == "currencies" else {}))
    floor.learn()
    plan = floor.plan()
    found = floor.worths.offers(plan.leads, plan.reps)
    gains = plan.case.gains.of(np.arange(len(plan.leads)))
    known = plan.case.evidence
    assert known is not None
    chances = known.estimates.probability[known.segment_of_lead]
    for place, lead in enumerate(plan.leads):
        assert set(found[lead.id]) == {plan.reps[rep].id for rep in np.flatnonzero(np.isfinite(gains[place]))}
        for rep, one in enumerate(plan.reps):
            if one.id in found[lead.id]:
                assert found[lead.id][one.id].gain == pytest.approx(gains[place, rep], rel=1e-12)
                assert found[lead.id][one.id].chance == pytest.approx(chances[place, rep], rel=1e-12)
    alone = floor.worths.offers(plan.leads[:1], plan.reps[1:2])
    assert alone[plan.leads[0].id].items() <= found[plan.leads[0].id].items()


def test_a_lead_that_arrives_fits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    floor, rng = floor_with_past(POLICIES["plain"])
    floor.learn()
    worths = floor.worths
    monkeypatch.setattr(learning, "learn", None)
    reps = floor.book.find(Rep, Where())
    worths.offers([Lead(id="L-x", columns=of_lead(rng))], reps)
    monkeypatch.setattr(worths._bench, "_chances", None)  # nor is the model asked twice for a kind of lead
    found = worths.offers([Lead(id="L-y", columns={"industry": "steel", "value": 7.0})], reps)
    assert all(offer.gain == pytest.approx(7.0 * (offer.chance or 0)) for offer in found["L-y"].values())


def test_with_nothing_learned_all_count_alike() -> None:
    floor = Floor()
    floor.reps(**{"R-a": 1, "R-b": 2})
    found = floor.worths.offers([Lead(id="L-0", columns={"value": 5.0})], floor.book.find(Rep, Where()))
    assert found == {"L-0": {"R-a": Offer(gain=5.0), "R-b": Offer(gain=5.0)}}


def test_a_rep_who_joins_or_changes_is_known_at_once() -> None:
    floor, _ = floor_with_past(POLICIES["eligibility"])
    floor.learn()
    lead, worths = Lead(id="L-x", columns={"team": "z", "skills": "en", "industry": "wood"}), floor.worths
    assert worths.offers([lead], floor.book.find(Rep, Where())) == {"L-x": {}}
    floor.rep("R-new", columns={"team": "z", "skills": "en"})
    assert set(worths.offers([lead], floor.book.find(Rep, Where()))["L-x"]) == {"R-new"}
    floor.rep("R-a", columns={"team": "z", "skills": "en"})
    assert set(worths.offers([lead], floor.book.find(Rep, Where()))["L-x"]) == {"R-a", "R-new"}


def test_shares_are_those_that_fairness_names() -> None:
    fairness = tuple(Fairness(of=of) for of in ("leads", "value", "hot"))
    floor, _ = floor_with_past(Policy(segment_by=("industry",), fairness=fairness))
    floor.learn()
    worths, reps = floor.worths, floor.book.find(Rep, Where())
    dear, cheap = (Lead(id="L", columns={"industry": "wood", "value": value}) for value in (1e6, 0.01))
    best = max(offer.gain for offer in worths.offers([dear], reps)["L"].values())
    assert worths.shared(dear) == {"leads": 1.0, "value": best, "hot": 1.0}
    assert worths.shared(cheap)["hot"] == 0.0
    assert Floor().worths.shared(dear) == {"leads": 1.0}


@pytest.mark.parametrize(
    ("entitlement", "expected"),
    [("equal", {"R-a": 1, "R-b": 1}), ("capacity", {"R-a": 3, "R-b": 1}), ("weight", {"R-a": 2})],
)
def test_weights_are_those_of_the_policys_entitlement(entitlement: str, expected: dict[str, float]) -> None:
    floor = Floor(policy=Policy(fairness=Fairness(entitlement=entitlement)))
    floor.rep("R-a", max_open=3, columns={"weight": 2.0})
    floor.rep("R-b", max_open=1, columns={"weight": 0.0})
    floor.rep("R-out", max_open=5, columns={"weight": 4.0, "in_fairness": False})
    assert floor.worths.weights(floor.book.find(Rep, Where())) == expected


def test_performance_is_the_mean_chance_over_leads_that_came_lately() -> None:
    floor, _ = floor_with_past(Policy(segment_by=("industry",), fairness=Fairness(entitlement="performance")))
    floor.learn()
    reps = floor.book.find(Rep, Where())
    lately = [Lead(id=str(place), columns=one) for place, one in enumerate(floor.learned.sample)]
    offers = floor.worths.offers(lately, reps)
    mean = {rep.id: np.mean([offers[lead.id][rep.id].chance for lead in lately]) for rep in reps}
    assert floor.worths.weights(reps) == pytest.approx(mean)


def test_who_is_placed_books_the_gain_with_its_own_rep() -> None:
    floor, _ = floor_with_past(Policy(segment_by=("industry",), fairness=Fairness(of="value", entitlement="equal")))
    floor.learn()
    before = floor.owed("value")
    floor.receive("L-x", industry="wood", value=80.0)
    floor.act(commands.Place, leads=("L-x",))
    [had] = floor.ownerships("L-x")
    gain = floor.worths.offers([floor.lead("L-x")], floor.book.find(Rep, Where()))["L-x"][had.rep].gain
    assert had.received == {"value": pytest.approx(gain)}
    assert floor.owed("value")[had.rep] == pytest.approx(before[had.rep] - gain * 2 / 3)


def test_who_stays_out_of_fairness_books_nothing() -> None:
    floor = Floor(policy=Policy(fairness=Fairness(entitlement="equal")))
    floor.rep("R-a", max_open=3)
    floor.rep("R-out", max_open=3, columns={"in_fairness": False})
    floor.receive("L-x", value=80.0)
    floor.act(commands.AssignTo, lead="L-x", to="R-out")
    assert floor.owed() == {"R-a": 0.0, "R-out": 0.0}


def test_pairs_excluded_by_the_users_own_ids_are_no_offers() -> None:
    floor = Floor(policy=Policy(eligibility=(exclude([(called("L-x"), called("R-a"))]),)))
    floor.reps(**{"R-a": 1, "R-b": 1})
    leads, reps = [Lead(id="L-x"), Lead(id="L-y")], floor.book.find(Rep, Where())
    found = Excluding(floor.worths, called).offers(leads, reps)
    assert {lead: set(offers) for lead, offers in found.items()} == {"L-x": {"R-b"}, "L-y": {"R-a", "R-b"}}


def test_the_digest_is_of_what_was_learned() -> None:
    floor, rng = floor_with_past(POLICIES["plain"])
    floor.learn()
    first = floor.learned.digest
    floor.learn()
    assert len(first) == 64
    assert floor.learned.digest == first
    end_some(floor, rng, 1.0)
    floor.learn()
    assert floor.learned.digest != first
    assert Floor().learned.digest == ""
