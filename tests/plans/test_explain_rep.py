"""Why a rep got these leads: counts and amounts, recomputed; and its words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, InvalidInput, Limit, Policy, assign
from leadopt.policy import match
from tests.strategies import examples
from tests.test_assign import HISTORY, leads_of, reps_of


@given(st.integers(1, 6), st.integers(1, 3), st.data())
@examples(25)
def test_counts_are_those_of_the_matrix(n_leads, n_reps, data):
    cells = data.draw(st.lists(st.integers(-1, 5), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    capacity = data.draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    gains = np.array(cells, dtype=float).reshape(n_leads, n_reps)
    band = data.draw(st.sampled_from([None, Fairness(low=0, high=1.2, entitlement="equal")]))
    plan = assign(leads_of(n_leads), reps_of(*capacity), affinity=gains, fairness=band)
    has = np.where(plan.rep_of_lead >= 0, gains[np.arange(n_leads), plan.rep_of_lead], 0.0)
    best = gains.max(axis=1)
    total = 0
    for rep, name in enumerate(plan.case.rep_ids):
        found = plan.explain_rep(name)
        mine = plan.rep_of_lead == rep
        total += found.n_leads
        assert (found.n_leads, found.gain) == (mine.sum(), pytest.approx(has[mine].sum()))
        assert found.n_best == (mine & (gains[:, rep] == best)).sum()
        assert found.n_best + sum(n for _, n in found.from_others) == found.n_leads
        lost = ~mine & (gains[:, rep] == best) & (gains[:, rep] > has) & (gains[:, rep] > 0)
        assert found.n_lost == lost.sum()
        assert all(lead.by >= 0 and lead.gain_here > lead.gain_there for lead in found.lost)
        assert [lead.by for lead in found.lost] == sorted(lead.by for lead in found.lost)
        assert found.one_more_slot <= plan.prices[name] + 1e-9
        assert found.one_more_slot == pytest.approx(plan.what_if(capacity={name: 1}).change)
        assert found.leads["lead_id"] == np.flatnonzero(mine).tolist()
        for bound in found.bounds:
            assert bound.slack >= 0
            assert bound.price <= 0 or bound.slack == 0  # complementary slackness
    assert total == (plan.rep_of_lead >= 0).sum()


@given(st.integers(1, 6), st.data())
@examples(25)
def test_a_lost_lead_could_be_had_for_what_it_was_lost_by_or_more(n_leads, data):
    cells = data.draw(st.lists(st.integers(0, 9), min_size=n_leads * 2, max_size=n_leads * 2))
    gains = np.array(cells, dtype=float).reshape(n_leads, 2)
    plan = assign(leads_of(n_leads), reps_of(1, 2), affinity=gains)
    for rep in ("Ann", "Bo"):
        for lead in plan.explain_rep(rep).lost:
            pinned = plan.what_if(pins={lead.lead_id: rep})
            assert -pinned.change >= lead.by - 1e-9


def test_the_words_say_what_is_full_whose_leads_came_and_what_was_lost():
    gains = [[5.0, 1.0, 2.0], [4.0, 2.95, 1.0], [3.0, 2.9, 2.8], [2.0, 1.0, 0.5], [1.0, 0.9, 0.8]]
    plan = assign(leads_of(5), reps_of(2, 1, 1), affinity=gains)
    assert str(plan.explain_rep("Bo")) == (
        "Bo: 1 lead, expected gain 1.\n"
        "  None of them is where it would gain most.\n"
        "  1 came because their best rep has no room: 1 of Ann.\n"
        "  capacity of Bo: 1 of 1, full; one more unit adds 0.9.\n"
        "  One more slot would add 0.9.\n"
        "  No lead that would gain most here went elsewhere."
    )
    assert repr(plan.explain_rep("Bo")) == "<RepExplanation: Bo: 1 lead, expected gain 1.>"
    ann = plan.explain_rep("Ann")
    assert ann.lines[-1] == (
        "3 leads would gain most here and went elsewhere, "
        "closest 3 to Bo, by 0; 2 to Cy, by 0.9; 4 to the pool, by 0.9."
    )
    assert "<table>" in ann._repr_html_()


def test_bands_minimums_pins_and_shared_limits_are_told():
    reps = reps_of(4, 4, is_newcomer=[0, 1], min_leads=[0, 2])
    plan = assign(leads_of(4), reps, affinity=[[3.0, 1.0]] * 4, fairness=Fairness(low=0, high=1), pins={0: "Bo"})
    bo = plan.explain_rep("Bo")
    assert bo.lines[0] == "Bo, new: 2 leads, expected gain 2."
    assert "1 pinned by a person." in bo.lines
    assert any(line.startswith("minimum of Bo: 2, at least 2") for line in bo.lines)
    team = plan.what_if(limits={"team cap": Limit(upper=3)}, without=["minimum"]).plan.explain_rep("Bo")
    (shared,) = [bound for bound in team.bounds if bound.name == "team cap"]
    assert (shared.load, shared.mine, shared.state) == (3, 1, "full")
    assert "team cap: 3 of 3 (1 of them here), full" in str(team)


def test_a_soft_limit_tells_by_how_much_it_gives_way():
    plan = assign(leads_of(3), reps_of(3), affinity=[[5.0]] * 3)
    found = plan.what_if(limits={"soft cap": Limit(upper=1, penalty=1)}).plan.explain_rep("Ann")
    assert found.bounds[1].state == "2 beyond"
    assert found.bounds[1].price == 1
    short = plan.what_if(limits={"soft least": Limit(reps=[0], lower=9, penalty=1)}).plan.explain_rep("Ann")
    assert short.bounds[1].state == "6 short"


def test_who_is_away_or_has_nothing_is_told():
    leads, reps = leads_of(1, zone=["N"]), reps_of(1, 1, zone=["N", "S"], available=[1, 0])
    plan = assign(leads, reps, HISTORY | {"zone": ["N"] * len(HISTORY["rep_id"])},
                  policy=Policy(eligibility=[match("zone")]))  # fmt: skip
    assert plan.explain_rep("Bo").lines[0] == "Bo, away: 0 leads, expected deals 0."


def test_an_unknown_rep_is_refused_with_the_nearest():
    with pytest.raises(InvalidInput, match=r"rep 'An' is not in this plan; did you mean \"Ann\"\?"):
        assign(leads_of(1), reps_of(1)).explain_rep("An")


def test_html_is_escaped():
    plan = assign(leads_of(1), {"rep_id": ["<script>"], "capacity": [1]})
    assert "<script>" not in plan.explain_rep("<script>")._repr_html_()
