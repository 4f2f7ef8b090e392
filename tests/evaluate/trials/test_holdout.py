"""`holdout`: every lead has the same chance, strata are kept, reps change at random within every rule."""

import json
import re
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

import leadopt
from leadopt.evaluate import Holdout, holdout
from leadopt.evaluate.seasons.floor import sales_floor
from leadopt.evaluate.trials.holdout import drawn
from leadopt.evaluate.trials.shuffle import shuffled
from leadopt.problem.certify import certify


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.floats(0.05, 0.95), st.integers(0, 9))
def test_each_stratum_gives_its_share_but_for_one(strata, share, seed):
    chosen = drawn(strata, share, np.random.default_rng(seed))
    for stratum, size in Counter(strata).items():
        assert abs(sum(chosen[[one == stratum for one in strata]]) - share * size) < 1 + 1e-9
    assert abs(chosen.sum() - share * len(strata)) < 1 + 1e-9


def test_every_lead_has_the_same_chance_to_be_drawn():
    strata = ["a"] * 7 + ["b"] * 3
    times = sum(drawn(strata, 0.3, np.random.default_rng(seed)).astype(int) for seed in range(3000))
    assert times == pytest.approx(np.full(10, 900), abs=4 * np.sqrt(3000 * 0.3 * 0.7))


def plan_of(gains, capacity, **more):
    leads = [{"lead_id": k} for k in range(len(gains))]
    reps = [{"rep_id": f"r{k}", "capacity": slots} for k, slots in enumerate(capacity)]
    return leads, leadopt.assign(leads, reps, affinity=np.array(gains, dtype=float), **more)


def test_reps_change_uniformly_over_all_that_is_allowed():
    """Four leads, two reps of two slots, and lead 0 may not go to r1: 3 of the 6 answers are left."""
    gains = [[1.0, -np.inf], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    _, plan = plan_of(gains, [2, 2])
    found = Counter(
        tuple(shuffled(plan.case, plan.rep_of_lead, np.arange(4), np.random.default_rng(seed)).tolist())
        for seed in range(900)
    )
    assert set(found) == {(0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0)}
    assert chisquare(list(found.values())).pvalue > 0.001


@pytest.fixture(scope="module")
def floor_plan():
    floor = sales_floor(n_leads=120, n_reps=8, n_history=600)
    policy = leadopt.Policy(
        segment_by=["industry", "source"],
        fairness=[leadopt.Fairness(of="value", low=0.5, high=1.5)],
        newcomers=leadopt.NewcomerQuota(share=0.05, max_hot_share=0.2),
    )
    leads = pl.DataFrame(floor.leads)
    plan = leadopt.assign(leads, floor.reps, floor.history, policy=policy, now=floor.now, pins={"L003": "Ana"})
    return leads, plan


@pytest.mark.parametrize("seed", range(3))
def test_loads_eligibility_limits_and_pins_are_kept(floor_plan, seed):
    leads, plan = floor_plan
    trial = holdout(leads, plan=plan, share=0.5, rng=seed)
    answer = plan.case.answer(
        {lead: rep for lead, rep in zip(trial.lead_ids, trial.rep_of_lead, strict=True) if rep is not None}
    )
    before, after = (np.bincount(one[one >= 0], minlength=8) for one in (plan.rep_of_lead, answer))
    assert (before == after).all()
    assert (answer != plan.rep_of_lead).sum() > 10
    proof = certify(plan.case.problem, answer, plan.capacity_prices, plan.limit_prices_of_problem)
    assert proof.violations == plan.certificate.violations == ()
    for lead, group, rep, planned in zip(trial.lead_ids, trial.group, trial.rep_of_lead, trial.planned, strict=True):
        assert group == "random" or rep == planned, lead
    assert trial.group[trial.lead_ids.index("L003")] == "outside"
    assert all(group == "outside" for group, rep in zip(trial.group, trial.planned, strict=True) if rep is None)


def test_random_leads_lose_what_the_plan_gains(floor_plan):
    leads, plan = floor_plan
    trial = holdout(leads, plan=plan, share=0.5)
    rep = {one: k for k, one in enumerate(plan.case.rep_ids)}
    at_random = [k for k, group in enumerate(trial.group) if group == "random"]
    drawn_to = np.array([rep[trial.rep_of_lead[k]] for k in at_random])
    gains = plan.case.gains
    assert gains.at(at_random, drawn_to).sum() < gains.at(at_random, plan.rep_of_lead[at_random]).sum()


def test_the_table_is_what_a_team_needs(floor_plan):
    leads, plan = floor_plan
    trial = holdout(leads, plan=plan, share=0.2, stratify_by=["industry"])
    assert isinstance(trial, Holdout) and isinstance(trial.frame(), pl.DataFrame)
    assert trial.frame().columns == ["lead_id", "group", "rep_id", "planned"]
    assert trial.frame()["lead_id"].to_list() == leads["lead_id"].to_list()
    assert (trial.frame()["group"] == "random").sum() == trial.n_random
    assert re.fullmatch(
        r"\d+ leads at random, \d+ as planned, \d+ outside the trial; at a base rate of \d+% one such batch shows a "
        r"lift of \d+%, and [\d,]+ show 10%",
        trial.summary(),
    )
    assert trial.summary() in trial._repr_html_() and trial.summary() in repr(trial)
    assert json.loads(trial.to_json())["group"] == list(trial.group)


def test_leads_in_another_order_are_found_in_the_plan(floor_plan):
    leads, plan = floor_plan
    trial = holdout(leads.reverse(), plan=plan, share=0.3)
    planned = dict(zip(plan.case.lead_ids, plan.rep_of_lead.tolist(), strict=True))
    for lead, rep in zip(trial.lead_ids, trial.planned, strict=True):
        assert rep == (None if planned[lead] < 0 else plan.case.rep_ids[planned[lead]])


def test_without_a_plan_there_are_groups_alone():
    trial = holdout({"id": [1, 2, 3, 4]}, share=0.5, lead_id="id")
    assert trial.frame() == [{"id": k, "group": trial.group[k - 1]} for k in (1, 2, 3, 4)]
    assert trial.n_random == trial.n_planned == 2
    assert trial.summary() == "2 leads at random, 2 as planned"


def test_batches_and_lift_are_those_of_the_power():
    trial = holdout({"lead_id": list(range(500))}, share=0.2, base_rate=0.2)
    assert trial.detectable_lift() == leadopt.evaluate.detectable_lift(500, 0.2, share=0.2)
    assert trial.detectable_lift(0.4, batches=3) == leadopt.evaluate.detectable_lift(1500, 0.4, share=0.2)
    assert trial.batches_needed(0.1) == -(-leadopt.evaluate.leads_needed(0.2, 0.1, share=0.2) // 500)


def test_the_same_seed_draws_the_same_leads(floor_plan):
    leads, plan = floor_plan
    one, other, third = (holdout(leads, plan=plan, rng=seed).to_json() for seed in (4, 4, 5))
    assert one == other != third


def test_whole_reps_are_drawn_and_their_leads_change_among_them():
    leads, plan = plan_of(np.ones((60, 12)), [5] * 12)
    trial = holdout(leads, plan=plan, cluster_by="rep_id", share=0.5, rng=3)
    group = dict(zip(trial.rep_of_lead, trial.group, strict=True))
    assert all(group[rep] == one for rep, one in zip(trial.rep_of_lead, trial.group, strict=True))
    assert trial.n_clusters == (6, 6) and trial.drawn_with == trial.rep_of_lead
    assert trial.n_changed > 10
    assert trial.summary() == "30 leads at random, 30 as planned; drawn as 6 of 12 clusters"
    frame = trial.frame()
    assert list(frame[0]) == ["lead_id", "group", "rep_id", "planned", "drawn_with"]
    lift = leadopt.evaluate.measure_lift([{**row, "converted": row["lead_id"] % 3 == 0} for row in frame])
    assert lift.n_clusters == 12


def test_whole_days_are_drawn():
    leads = [{"lead_id": k, "day": k // 7, "week": k // 35} for k in range(140)]
    trial = holdout(leads, cluster_by="day", stratify_by="week", share=0.4, rng=1)
    days = {lead["day"]: group for lead, group in zip(leads, trial.group, strict=True)}
    assert [days[lead["day"]] for lead in leads] == list(trial.group)
    for week in range(4):
        assert sum(days[day] == "random" for day in range(5 * week, 5 * week + 5)) == 2


def test_too_few_clusters_are_told():
    leads, plan = plan_of(np.ones((6, 3)), [2, 2, 2])
    trial = holdout(leads, plan=plan, cluster_by="rep_id", share=0.34)
    assert trial.notes == (
        "1 of 3 clusters can be drawn in 3 ways only, so that no difference, however large, can show: take more "
        "clusters, or a share nearer to half.",
    )


def test_it_is_told_how_far_leads_mixed():
    leads, plan = plan_of(np.ones((60, 12)), [5] * 12)
    trial = holdout(leads, plan=plan, share=0.5)
    assert re.search(
        r"\d+ of 30 at random go to another rep than planned\.\n\nEvery allowed way for the leads at random to change "
        r"reps was equally likely\.$",
        str(trial),
    )
    gains = [[1.0, -np.inf, 0.5], [-np.inf, 1.0, -np.inf], [0.0, 0.9, 1.0]]
    trial = holdout(*plan_of(gains, [1, 1, 1])[:1], plan=plan_of(gains, [1, 1, 1])[1], share=0.99, rng=1)
    assert trial.group.count("outside") == 1 and trial.mixing.n_exact == 2


def test_nothing_to_draw_is_legal():
    trial = holdout([])
    assert (trial.n_random, trial.n_planned, trial.summary()) == (0, 0, "0 leads at random, 0 as planned")


@pytest.mark.parametrize(
    "act, said",
    [
        (lambda: holdout([], share=0), "share: must be a number between 0 and 1, such as 0.1; found 0"),
        (lambda: holdout([{"lead_id": 1}, {"lead_id": 1}]), "leads.lead_id, row 2: ids must be unique, and row 1"),
        (lambda: holdout([{"lead_id": 1}], stratify_by="x"), 'leads: column "x" is missing'),
        (
            lambda: holdout([{"lead_id": 1}], stratify_by=[1]),
            "stratify_by: must be distinct names of columns; found [1]",
        ),
        (
            lambda: holdout([{"lead_id": 1}], cluster_by=["x"]),
            "cluster_by: must be the name of a column; found ['x']",
        ),
        (
            lambda: holdout([{"lead_id": 1, "day": None}], cluster_by="day"),
            "leads.day, row 1: every lead of the trial needs what it is drawn together by; found nothing",
        ),
        (
            lambda: holdout(
                [{"lead_id": k, "day": 1, "source": "ab"[k]} for k in (0, 1)], cluster_by="day", stratify_by="source"
            ),
            "stratify_by: leads that are drawn together, those of '1', are of several strata, ('a',) and ('b',); name "
            "columns that are the same for all of them",
        ),
        (
            lambda: holdout([{"lead_id": 9}], plan=plan_of([[1.0]], [1])[1]),
            "plan: has no lead 9; give holdout the leads that were planned",
        ),
        (
            lambda: holdout([{"lead_id": 9}]).detectable_lift(0.2),
            "holdout: a trial needs leads in both groups; there are too few, or share is too small",
        ),
        (
            lambda: holdout([{"lead_id": k} for k in range(9)], share=0.5).batches_needed(0.1),
            "base_rate: is not known from a plan; give the chance that a lead converts",
        ),
    ],
)
def test_bad_input_gets_a_sentence(act, said):
    with pytest.raises(leadopt.InvalidInput, match=f"^{re.escape(said)}"):
        act()


@pytest.mark.parametrize(
    "pins, share, said",
    [
        (
            {0: "a", 1: "a", 2: "b"},
            0.5,
            "Nothing can be compared: every lead stays in the pool or can go to one rep alon",
        ),
        ({}, 0.01, "Nothing can be compared, as one group is empty: take more leads, or another share."),
    ],
)
def test_a_trial_that_can_show_nothing_says_so(pins, share, said):
    leads = {"lead_id": [0, 1, 2]}
    plan = leadopt.assign(leads, [{"rep_id": "a", "capacity": 2}, {"rep_id": "b", "capacity": 2}], pins=pins)
    assert said in str(holdout(leads, plan=plan, share=share))
