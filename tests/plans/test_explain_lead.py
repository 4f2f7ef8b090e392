"""An explanation's numbers, recomputed without it; and its words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, InvalidInput, Policy, assign
from leadopt.policy import match
from tests.strategies import examples
from tests.test_assign import HISTORY, leads_of, reps_of


def plan_of(**more):
    leads = leads_of(6, kind=["a", "a", "a", "b", "b", "b"])
    return assign(leads, reps_of(2, 3), HISTORY, policy=Policy(segment_by="kind"), **more)


def test_evidence_counts_the_rows_of_the_history():
    plan = plan_of()
    rows = list(zip(HISTORY["rep_id"], HISTORY["kind"], HISTORY["converted"], strict=True))
    for lead in range(6):
        found = plan.explain(lead)
        for rep, record in [(found.rep_id, found.evidence), *((o.rep_id, o.evidence) for o in found.alternatives)]:
            if record is None:
                assert found.rep_id is None
                continue
            won = [c for r, k, c in rows if (r, k) == (rep, "aaabbb"[lead])]
            assert (record.tried, record.converted) == (len(won), sum(won))
            assert 0 <= record.low <= record.probability <= record.high <= 1
            assert 0 <= record.borrowed <= 1
            raw = record.converted / record.tried
            low, high = sorted((raw, record.expected))
            assert low - 0.01 <= record.probability <= high + 0.01


def test_gains_and_prices_are_those_of_the_plan():
    plan = plan_of()
    dense = plan.case.problem.affinity.dense()
    for lead in np.flatnonzero(plan.rep_of_lead >= 0).tolist():
        found = plan.explain(lead)
        rep = plan.case.rep(found.rep_id)
        assert found.gain == dense[lead, rep]
        assert not found.pinned
        for other in found.alternatives:
            column = plan.case.rep(other.rep_id)
            assert other.gain == dense[lead, column]
            assert other.slot_price == pytest.approx(plan.prices[other.rep_id])


@given(st.data(), st.integers(1, 5), st.integers(2, 3))
@examples(20)
def test_a_move_costs_exactly_what_it_says(data, n_leads, n_reps):
    cells = data.draw(st.lists(st.integers(0, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    capacity = data.draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    band = data.draw(st.sampled_from([None, Fairness(low=0.5, high=1.5)]))
    call = {"affinity": np.array(cells, dtype=float).reshape(n_leads, n_reps), "fairness": band}
    plan = assign(leads_of(n_leads), reps_of(*capacity), **call)
    for lead in range(n_leads):
        for other in plan.explain(lead).alternatives:
            try:
                moved = assign(leads_of(n_leads), reps_of(*capacity), pins={lead: other.rep_id}, **call)
            except Infeasible:
                assert other.move_cost == np.inf
            else:
                assert plan.objective - moved.objective == pytest.approx(other.move_cost)


def test_the_words_say_who_why_and_what_else():
    gains = [[5.0, 1.0], [4.0, 3.0]]
    plan = assign(leads_of(2), reps_of(1, 1), affinity=gains)
    assert str(plan.explain(1)) == (
        "1 -> Bo: expected gain 3.\n"
        "  Ann would gain 4 (1 more) but is full (one more slot adds 1); moving it there costs 3."
    )
    assert plan.explain(0).lines[1] == "Bo would gain 1 (4 less); moving it there costs 3."


def test_who_is_away_and_what_no_plan_allows_is_said():
    plan = assign(leads_of(1), reps_of(1, 1, available=[1, 0]))
    assert plan.explain(0).lines[1] == "Bo would gain 1 (about the same) but is away; no plan allows it there."


def test_a_lead_that_one_rep_alone_may_have_says_so():
    leads, reps = leads_of(1, zone=["N"]), reps_of(1, 1, zone=["N", "S"])
    plan = assign(leads, reps, policy=Policy(eligibility=[match("zone")]))
    assert plan.explain(0).lines == ["0 -> Ann: expected leads 1.", "No other rep is eligible."]


def test_a_pinned_lead_says_that_a_person_decided():
    found = plan_of(pins={0: "Bo"}).explain(0)
    assert found.pinned
    assert found.lines[0].endswith(", pinned by a person.")


def test_a_lead_in_the_pool_gives_reason_and_remedy():
    plan = assign(leads_of(2), reps_of(1), affinity=[[2.0], [1.0]])
    found = plan.explain(1)
    assert (found.rep_id, found.evidence, found.alternatives) == (None, None, ())
    assert (
        str(found)
        == "1 stays in the pool (all_full): all eligible reps are full: Ann.\n  Remedy: one more slot for Ann."
    )


def test_at_most_as_many_alternatives_as_asked_for():
    plan = assign(leads_of(1), reps_of(1, 1, 1, 1), affinity=[[4.0, 3.0, 2.0, 1.0]])
    assert [other.rep_id for other in plan.explain(0).alternatives] == ["Bo", "Cy", "Di"]
    assert [other.rep_id for other in plan.explain(0, most=1).alternatives] == ["Bo"]


def test_a_fairness_band_that_holds_a_rep_back_is_named():
    gains = [[3.0, 1.0]] * 4
    plan = assign(leads_of(4), reps_of(4, 4), affinity=gains, fairness=Fairness(low=1, high=1))
    held = [name for lead in range(4) for other in plan.explain(lead).alternatives for name, _, _ in other.held_by]
    assert any("fairness band" in name for name in held)


def test_html_is_escaped():
    plan = assign(leads_of(1), {"rep_id": ["<script>", "b"], "capacity": [1, 1]}, affinity=[[2.0, 1.0]])
    assert "<script>" not in plan.explain(0)._repr_html_()
    assert "&lt;script&gt;" in plan.explain(0)._repr_html_()
    assert repr(plan.explain(0)) == f"<Explanation: {plan.explain(0).lines[0]}>"


def test_an_unknown_lead_is_refused_with_the_nearest_id():
    plan = assign({"lead_id": ["L-17", "L-2"]}, reps_of(9))
    with pytest.raises(InvalidInput) as caught:
        plan.explain("L17")
    assert str(caught.value) == "lead 'L17' is not in this plan; did you mean \"L-17\"?"


def test_the_best_rep_is_always_among_the_alternatives_with_what_keeps_the_lead_from_it():
    gains = [[9.0, 2.0, 2.1, 2.2]] * 2 + [[1.0, 2.0, 2.1, 2.2]]
    plan = assign(leads_of(3), reps_of(1, 1, 1, 1), affinity=gains)
    lead = next(lead for lead in (0, 1) if plan.rep_of_lead[lead] != 0)
    found = plan.explain(lead, most=1)
    assert found.best.rep_id == "Ann"
    assert [held.name for held in found.best.held_by] == ["capacity of Ann"]
    # What the limits there cost is at least what the lead would gain by going.
    assert found.best.slot_price >= found.best.gain - found.gain
    assert plan.explain(2).best is None or plan.explain(2).best.gain > plan.explain(2).gain


def test_a_minimum_that_asked_for_a_lead_is_named_with_what_it_costs():
    gains = [[3.0, 1.0], [3.0, 2.5], [3.0, 1.5]]
    plan = assign(leads_of(3), reps_of(3, 3, min_leads=[0, 2]), affinity=gains)
    found = plan.explain(2)
    assert (found.rep_id, found.asked_by) == ("Bo", (("minimum of Bo", 2.0, False),))
    assert "Bo gets it because of minimum of Bo: counting towards that minimum is worth 2." in found.lines
    assert plan.what_if(without=["minimum of Bo"]).change == pytest.approx(2.0)
    assert plan.what_if(limits={"minimum of Bo": {"lower": 1}}).change == pytest.approx(1.5)
    assert plan.what_if(limits={"minimum of Bo": {"lower": 3}}).change == pytest.approx(-2.0)


def test_bands_quotas_and_shared_limits_that_hold_a_lead_back_say_what_room_is_worth():
    plan = assign(leads_of(4), reps_of(4, 4), affinity=[[3.0, 1.0]] * 4, fairness=Fairness(low=0, high=1))
    told = [line for lead in range(4) for line in plan.explain(lead).lines]
    assert (
        "Ann would gain 3 (2 more) but is held by fairness band of Ann (room for this lead adds 2 at most); "
        "moving it there costs nothing." in told
    )


@pytest.mark.parametrize("most", [0, -1, "x", 1.5, True, None])
def test_how_many_are_shown_is_a_whole_number(most):
    """With none shown, who is eligible was said not to be."""
    plan = assign(leads_of(2), reps_of(1, 1), affinity=[[1.0, 2.0], [3.0, 4.0]])
    for explain in (lambda: plan.explain(0, most=most), lambda: plan.explain_rep("Ann", most=most)):
        with pytest.raises(InvalidInput) as caught:
            explain()
        assert str(caught.value) == f"most: must be a whole number, 1 or more; found {most!r}"
