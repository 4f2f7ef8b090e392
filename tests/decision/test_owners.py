"""The owner of an account first: the greatest number of leads with their owner, then the greatest gain."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leadopt
from leadopt import Infeasible, InvalidInput, Limit, NewcomerQuota, Policy
from leadopt.decision.clock import Clock
from leadopt.decision.owners import owners_first
from leadopt.errors import NoPlanFound
from leadopt.fairness import Fairness
from leadopt.policy import match
from leadopt.problem.limit_kinds import LimitKind
from leadopt.tables.columns import Columns
from tests.oracles import brute_force
from tests.strategies import examples
from tests.tables_strategies import KINDS, framed, records

OWNERS = Policy(columns=Columns(owner="account_owner"))
LEADS = {"lead_id": [1, 2, 3, 4], "account_owner": ["Bo", " BO", None, "Zed"], "region": ["N", "N", "S", "S"]}
REPS = {"rep_id": ["Ann", "Bo"], "capacity": [4, 1], "region": ["N", "S"]}
GAINS = np.array([[5.0, 1.0], [9.0, 2.0], [1.0, 7.0], [2.0, 3.0]])


def rep_of(plan):
    return {row["lead_id"]: row["rep_id"] for row in records(plan.assignments)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_table(kind):
    plan = leadopt.assign(framed(kind, LEADS), framed(kind, REPS), affinity=GAINS, policy=OWNERS)
    assert rep_of(plan) == {1: "Bo", 2: "Ann", 3: "Ann", 4: "Ann"}  # 1 + 9 + 1 + 2 beats 5 + 2 + 1 + 2
    assert plan.status == "OPTIMAL" and plan.method == "MinCostFlow"
    assert plan.notes[1:4] == (
        "owner first: 1 of 3 leads with an owner (account_owner) go to that rep; leave columns.owner out to go by gain "
        "alone",
        "1 lead whose owner is not in reps: Zed",
        "1 lead whose owner has no room, by capacity or a limit",
    )


def test_explanations_name_the_owner_and_why_not():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=OWNERS)
    assert "Its owner is Bo, who comes first." in plan.explain(1).lines
    assert any("who has no room for it: as many leads as capacity" in line for line in plan.explain(2).lines)
    assert plan.explain(3).owner is None
    assert "Its owner is Zed, who is not in reps." in plan.explain(4).lines
    assert any("because of owner first: leads of Bo" in line for line in plan.explain(1).lines)


def test_a_column_that_is_not_named_is_not_read():
    leads = LEADS | {"owner": ["Bo"] * 4}
    plan = leadopt.assign(leads, REPS, affinity=GAINS)
    assert plan.case.owned is None and rep_of(plan)[3] == "Bo"


@pytest.mark.parametrize(
    "change, said",
    [
        ({"available": [1, 0]}, "2 leads whose owner is away: Bo,  BO"),
        ({"capacity": [4, 0]}, "2 leads whose owner has no slot: Bo,  BO"),
    ],
)
def test_owners_who_cannot(change, said):
    plan = leadopt.assign(LEADS, REPS | change, affinity=GAINS, policy=OWNERS)
    assert said in plan.notes and rep_of(plan)[1] == "Ann"


def test_rules_and_pins_come_before_owners():
    policy = OWNERS.replace(eligibility=[match("region")])
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=policy)
    assert "2 leads whose owner may not have it, by a rule: Bo,  BO" in plan.notes
    pinned = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=OWNERS, pins={1: "Ann"})
    assert "1 lead whose owner is passed over by a pin: Bo" in pinned.notes
    assert rep_of(pinned) == {1: "Ann", 2: "Bo", 3: "Ann", 4: "Ann"}


def test_an_owner_gets_what_is_worth_less_than_the_reserve():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=OWNERS.replace(reserve=4.0))
    assert rep_of(plan)[1] == "Bo"


def test_numbers_and_text_name_the_same_rep():
    leads = {"lead_id": [1, 2], "boss": [7.0, None]}
    policy = Policy(columns=Columns(owner="boss"))
    for ids in ([7, 8], ["7", "8"]):
        plan = leadopt.assign(
            leads, {"rep_id": ids, "capacity": [1, 1]}, affinity=[[1.0, 9.0], [1.0, 9.0]], policy=policy
        )
        assert rep_of(plan) == {1: ids[0], 2: ids[1]}


def test_nobody_has_an_owner():
    leads = LEADS | {"account_owner": [None, "", " ", None]}
    plan = leadopt.assign(leads, REPS, affinity=GAINS, policy=OWNERS)
    assert plan.notes[1:] == ("owner first: no lead has an entry in account_owner",)
    with pytest.raises(InvalidInput, match=r'did you mean "account_owner"'):
        leadopt.assign(LEADS, REPS, affinity=GAINS, policy=Policy(columns=Columns(owner="Account Owner")))


def test_what_ifs_count_owners_anew():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=OWNERS)
    more = plan.what_if(capacity={"Bo": 1}).plan
    assert (more.case.owned.most, rep_of(more)) == (2, {1: "Bo", 2: "Bo", 3: "Ann", 4: "Ann"})
    away = plan.what_if(away=["Bo"]).plan
    assert away.case.owned.most == 0 and set(rep_of(away).values()) == {"Ann"}
    back = away.what_if(capacity={"Bo": 2}).plan
    assert back.case.owned.most == 2
    without = plan.what_if(without=["owner first"]).plan
    assert rep_of(without)[3] == "Bo" and not [
        lim for lim in without.case.problem.limits if lim.kind is LimitKind.OWNER
    ]
    loose = plan.what_if(limits={"owner first: leads of Bo": {"lower": 0}}).plan
    assert rep_of(loose)[3] == "Bo"


ALL_OF_ANN = leadopt.assign(
    {"lead_id": [1, 2, 3], "account_owner": ["Ann"] * 3},
    {"rep_id": ["Ann", "Bo"], "capacity": [3, 3]},
    affinity=[[1.0, 5.0]] * 3,
    policy=OWNERS,
)


@pytest.mark.parametrize(
    "change, first, second, explained",
    [
        ({"capacity": {"Ann": -2}}, "owner first: 1 of 3 leads", "2 leads whose owner has no room", "no room for it"),
        ({"capacity": {"Ann": -3}}, "owner first: 0 of 3 leads", "3 leads whose owner has no slot", "has no slot."),
        ({"away": ["Ann"]}, "owner first: 0 of 3 leads", "3 leads whose owner is away: Ann", "who is away."),
        (
            {"pins": {1: "Bo"}},
            "owner first: 2 of 3 leads",
            "1 lead whose owner is passed over",
            "passed over by a pin.",
        ),
    ],
)
def test_what_ifs_tell_of_owners_as_they_are_then(change, first, second, explained):
    plan = ALL_OF_ANN.what_if(**change).plan
    told = [note for note in plan.notes if "owner" in note and not note.startswith(("what if", "columns read"))]
    assert len(told) == 2 and told[0].startswith(first) and told[1].startswith(second)
    assert explained in plan.explain(1).owner
    again = plan.what_if(capacity={"Bo": 1}).plan
    assert [note for note in again.notes if note in told] == told


@pytest.mark.parametrize(
    "change", [{"without": ["owner first"]}, {"limits": {"owner first: leads of Ann": {"lower": 1}}}]
)
def test_what_ifs_that_leave_owners_out_tell_nothing_of_them(change):
    plan = ALL_OF_ANN.what_if(**change).plan
    assert not any(note.startswith("owner first") for note in plan.notes)
    assert plan.case.owned is None and plan.explain(1).owner is None
    again = plan.what_if(capacity={"Bo": 1}).plan
    assert again.rep_of_lead.tolist() == plan.rep_of_lead.tolist()
    assert leadopt.Plan.from_json(plan.to_json()).to_json() == plan.to_json()


@pytest.mark.parametrize(
    "owners, slots, note, explained",
    [
        ("AB", (2, 2), "1 lead whose owner is not the one of all its account", "B owns 1 of it."),
        ("AA", (1, 2), "2 leads whose owner has no room for all of its account", "no room for all 2 leads"),
        ("BAA", (3, 3), "1 lead whose owner is not the one of all its account", "A owns 2 of it."),
        ("AAB", (2, 3), "1 lead whose owner has no room for all of its account", "no room for all 3 leads"),
    ],
)
def test_owners_of_an_account_that_goes_to_one_rep(owners, slots, note, explained):
    leads = [{"lead_id": i, "account_owner": one, "acc": "p"} for i, one in enumerate(owners, 1)]
    reps = [{"rep_id": rep, "capacity": room} for rep, room in zip("AB", slots, strict=True)]
    gains = np.tile([1.0, 2.0], (len(leads), 1))
    plan = leadopt.assign(leads, reps, affinity=gains, policy=OWNERS.replace(together="acc"))
    assert any(one.startswith(note) for one in plan.notes)
    assert explained in plan.explain(1).owner


def test_what_ifs_may_leave_out_one_owner():
    leads = {"lead_id": [1, 2], "account_owner": ["Ann", "Bo"]}
    reps = {"rep_id": ["Ann", "Bo"], "capacity": [2, 2]}
    plan = leadopt.assign(leads, reps, affinity=[[1.0, 5.0], [5.0, 1.0]], policy=OWNERS)
    assert rep_of(plan) == {1: "Ann", 2: "Bo"}
    without = plan.what_if(without=["owner first: leads of Ann"]).plan
    assert rep_of(without) == {1: "Bo", 2: "Bo"}
    assert any(note.startswith("owner first: 1 of 1 lead with") for note in without.notes)


def test_a_saved_plan_comes_back_with_its_owners():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=OWNERS)
    again = leadopt.Plan.from_json(plan.to_json())
    assert again.to_json() == plan.to_json()
    assert [str(again.explain(lead)) for lead in (1, 2, 4)] == [str(plan.explain(lead)) for lead in (1, 2, 4)]


def test_a_policy_file_names_the_column(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text('together = "account"\nmove_cost = 2\n[columns]\nowner = "account_owner"\n')
    policy = Policy.from_toml(path)
    assert (policy.columns.owner, policy.together, policy.move_cost) == ("account_owner", "account", 2)
    assert Policy.from_dict(policy.to_dict()) == policy


@st.composite
def floors(draw):
    """Leads with owners, perhaps in accounts, and rules of several kinds at once."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 3))

    def column(values, size):
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    names = list("ABC")[:m]
    leads = {
        "lead_id": list(range(n)),
        "owned_by": column([*names, *names, "Zed", None], n),
        "account": column(["a", "b", None], n),
        "region": column(["N", "S", None], n),
        "effort": column([1, 2, 3.5], n),
    }
    reps = {"rep_id": names, "capacity": column([0, 1, 2, 5], m), "region": column(["N", "S"], m)}
    if draw(st.booleans()):
        reps["hours"] = column([2, 5, 8], m)
    if draw(st.booleans()):
        reps["min_leads"] = column([0, 0, 1], m)
    reps["is_newcomer"] = column([True, False], m)
    if balanced := draw(st.integers(0, 3)) == 0:
        reps |= {"open_leads": column([0, 1, 3], m), "max_open": column([2, 5], m)}
    if draw(st.integers(0, 3)) == 0:
        del reps["capacity"]
    rules = [
        {"leads": {"region": "N"}, "most": 1},
        {"reps": ["A"], "least": 1},
        {"most": 4, "usage": "effort", "each": True},
    ]
    policy = Policy(
        columns=Columns(owner="owned_by"),
        together=draw(st.sampled_from([None, None, "account"])),
        eligibility=draw(st.sampled_from([(), (match("region"),)])),
        fairness=draw(
            st.sampled_from([None, Fairness(), Fairness(weight=0.5), Fairness(of="value"), Fairness(maximin=True)])
        ),
        newcomers=draw(st.sampled_from([None, NewcomerQuota(min_leads=1), NewcomerQuota(share=0.3)])),
        balance_open=balanced,
        limit=draw(st.sampled_from([(), (), *((rule,) for rule in rules)])),
        reserve=draw(st.sampled_from([0.0, 0.0, 1.5, float("-inf")])),
    )
    gains = np.array(draw(st.lists(st.integers(-2, 9), min_size=n * m, max_size=n * m)), dtype=float).reshape(n, m)
    pins = {0: names[0]} if draw(st.integers(0, 3)) == 0 else None
    return leads, reps, gains, policy, pins


def lexicographic(problem, owner):
    """Of all allowed answers: the greatest number with their owner, and the greatest worth among those."""
    rest = [limit for limit in problem.limits if limit.kind is not LimitKind.OWNER]
    truth = brute_force(problem, limits=rest)
    with_owner = ((truth.answers == owner) & (owner >= 0)).sum(axis=1)
    most = int(with_owner[truth.allowed].max())
    return most, float(truth.worth[truth.allowed & (with_owner == most)].max())


@examples(30)
@given(floors())
def test_owners_first_with_other_rules_as_every_answer_tells(floor):
    leads, reps, gains, policy, pins = floor
    try:
        plan = leadopt.assign(leads, reps, affinity=gains, policy=policy, pins=pins)
    except (Infeasible, NoPlanFound):
        return
    owner = np.array([reps["rep_id"].index(one) if one in reps["rep_id"] else -1 for one in leads["owned_by"]])
    most, worth = lexicographic(plan.case.problem, owner)
    assert int(((plan.rep_of_lead == owner) & (owner >= 0)).sum()) == most == plan.case.owned.most
    assert plan.objective == pytest.approx(worth, abs=1e-6) and plan.bound >= worth - 1e-6
    for lead in leads["lead_id"]:
        assert plan.explain(lead).lines
    assert plan.report() and plan.unassigned is not None


def test_under_limits_of_all_reps_one_minimum_counts_them_together():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=OWNERS)
    case = plan.case
    of_all = Limit(upper=1, leads=[0, 1, 2], name="three at most one")
    problem = case.problem.replace(limits=[of_all], capacity=[4, 4])
    owner = np.array([1, 0, -1, -1])
    again = owners_first(replace(case, problem=problem, owned=replace(case.owned, owner=owner)), Clock())
    assert [limit.name for limit in again.problem.limits] == ["three at most one", "owner first"]
    assert again.owned.most == 1


def test_moves_that_owners_alone_bar_are_not_called_impossible():
    leads, reps = {"lead_id": [1, 2], "account_owner": ["A", None]}, {"rep_id": ["A", "B"], "capacity": [1, 1]}
    plan = leadopt.assign(leads, reps, affinity=[[1.0, 3.0], [1.0, 1.0]], policy=OWNERS)
    assert "; no plan allows it there while as many leads as can be go to their owners." in plan.explain(1).lines[-1]
    assert plan.what_if(pins={1: "B"}).change == 2.0
    by_gain = leadopt.assign(leads, reps, affinity=[[1.0, 3.0], [1.0, 1.0]], pins={2: "B"})
    assert by_gain.explain(1).lines[-1].endswith("; no plan allows it there.")
