"""Plans at the desk: made from it as it is, applied in chunks that survive a crash, each lead once."""

import json
import signal

import numpy as np
import pandas as pd
import pytest

from leadopt import Fairness, Policy
from leadopt.desk.asking import planning
from leadopt.desk.log import store
from leadopt.desk.work import learning
from leadopt.errors import InvalidInput
from leadopt.lifecycle.records import Credit
from leadopt.plans.plan import Plan
from leadopt.policy import exclude
from leadopt.tables.columns import Columns
from tests.desk.asking.planners import apply_and_be_killed
from tests.desk.desks import MONDAY, again, kinds, leads, opened, owner, records
from tests.desk.workers import processes

POLICY = Policy(segment_by=("industry",), fairness=Fairness())
MANY = [{"rep_id": name, "max_open": 20} for name in ("Ann", "Bo", "Cy")]


def busy(folder, n_leads=9, **settings):
    """Return a desk with leads that nobody owns."""
    desk = opened(folder, reps=MANY, **{"policy": POLICY, **settings})
    rng = np.random.default_rng(1)
    industries = rng.choice(["steel", "wood"], n_leads).tolist()
    rows = [{"lead_id": n, "industry": one, "value": 10 + n} for n, one in enumerate(industries)]
    assert desk.receive(rows).ok
    return desk


def assigned(desk):
    """Return how often each lead was given to a rep by a plan."""
    with desk._core.read() as snapshot:
        told = list(store.read(snapshot.connection, kind="assigned"))
        times = {}
        for record in told:
            lead = snapshot.names.called(record.subject)
            times[lead] = times.get(lead, 0) + (json.loads(record.body)["via"] == "plan")
        return times


def test_a_plan_is_made_and_applied(tmp_path):
    desk = busy(tmp_path)
    plan = desk.plan()
    assert isinstance(plan, Plan)
    assert plan.status == "OPTIMAL"
    assert kinds(desk)[-1] == "received"  # a plan alone changes nothing
    done = desk.apply(plan)
    assert done.ok
    assert [one.id for one in done] == list(plan.case.lead_ids)
    assert {row["lead_id"]: row["rep_id"] for row in plan.assignments} == {lead: owner(desk, lead) for lead in range(9)}
    assert kinds(desk)[-1] == "plan_applied"
    assert desk.rebuild().differing == ()
    assert desk.verify().ok


def test_a_decision_of_a_plan_says_what_it_rests_on(tmp_path):
    desk = busy(tmp_path)
    plan = desk.plan()
    why = desk.why(desk.apply(plan)[0].seq)
    told = str(why)
    assert plan.id in told
    assert "is proven best" in told
    assert "Next was" in told


def test_leads_and_reps_that_changed_are_skipped_with_why(tmp_path):
    desk = busy(tmp_path)
    plan = desk.plan()
    had = {row["lead_id"]: row["rep_id"] for row in plan.assignments}
    assert desk.assign(0, to="Ann").ok
    assert desk.park(1, until=MONDAY.replace(month=4), reason="later").ok
    assert desk.close_lead(2, reason="spam").ok
    assert desk.absence("Bo", MONDAY, MONDAY.replace(day=20)).ok
    done = {one.id: one for one in desk.apply(plan)}
    assert [done[lead].code for lead in (0, 1, 2)] == ["conflict"] * 3
    for lead in range(3, 9):
        assert (done[lead].reason == "absent") if had[lead] == "Bo" else done[lead].ok
        assert done[lead].sentence
    assert any(had[lead] == "Bo" for lead in range(3, 9))
    again_placed = desk.apply(desk.plan())
    assert again_placed.ok
    assert len(again_placed) == sum(had[lead] == "Bo" for lead in range(3, 9))


def test_a_cap_that_is_reached_meanwhile_holds(tmp_path):
    desk = busy(tmp_path, n_leads=3)
    plan = desk.plan()
    assert desk.reps([{"rep_id": one["rep_id"], "max_open": 0} for one in MANY]).ok
    assert {one.reason for one in desk.apply(plan)} == {"full"}


def test_who_nobody_has_room_for_goes_to_the_pool_and_stays_there(tmp_path):
    desk = opened(tmp_path, reps=[{"rep_id": "Ann", "max_open": 1}])
    desk.receive(leads(1, 2))
    assert desk.apply(desk.plan()).ok
    [pooled] = [lead for lead in (1, 2) if desk.lead(lead).stage == "pool"]
    last = desk.checkpoint().seq
    assert len(desk.apply(desk.plan())) == 0
    assert desk.lead(pooled).stage == "pool"
    assert kinds(desk)[last:] == ["plan_made", "plan_applied"]


def test_managers_look_first_at_what_a_rule_says(tmp_path):
    desk = busy(tmp_path, n_leads=2, rules={"review": [{"name": "steel", "where": {"industry": "steel"}}]})
    desk.receive({"lead_id": "key", "industry": "steel", "value": 99})
    plan = desk.plan()
    assert desk.apply(plan).ok
    assert desk.lead("key").stage == "review"
    [asked] = [row for row in desk.reviews() if row["lead"] == "key"]
    other = next(rep for rep in ("Ann", "Bo", "Cy") if rep != asked["proposed"])
    told = str(desk.why(desk.approve("key", to=other).seq + 1))
    assert "Beside the plan it costs" in told


def test_after_a_crash_it_goes_on_with_the_first_lead_that_was_not_done(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "CHUNK", 4)
    desk, n_chunks, chunk = busy(tmp_path), [], planning._chunk

    def broken(session, **told):
        found = chunk(session, **told)
        n_chunks.append(1)
        if len(n_chunks) == 2:
            raise KeyboardInterrupt
        return found

    plan = desk.plan()
    monkeypatch.setattr(planning, "_chunk", broken)
    with pytest.raises(KeyboardInterrupt):
        desk.apply(plan)
    assert len(assigned(desk)) == 4
    monkeypatch.setattr(planning, "_chunk", chunk)
    other = again(desk)
    assert len(other.apply()) == 5
    assert set(assigned(other).values()) == {1}
    assert len(assigned(other)) == 9
    with other._core.read() as snapshot:
        [applied] = store.read(snapshot.connection, kind="plan_applied")
        [made] = store.read(snapshot.connection, kind="plan_made")
    assert json.loads(applied.body)["applied"] == 9
    assert json.loads(made.body)["plan"] == plan.id


@pytest.mark.parametrize("after", [0, 2])
def test_killed_while_it_applies_a_plan_it_loses_and_doubles_nothing(tmp_path, after):
    context = processes()
    if context is None:
        pytest.skip("no processes of their own here")
    desk = busy(tmp_path)
    one = context.Process(target=apply_and_be_killed, args=(str(desk._core.engine.url), MONDAY, after))
    one.start()
    one.join(60)
    assert one.exitcode == -signal.SIGKILL
    assert len(assigned(desk)) == 3 * after
    desk.apply()
    assert assigned(desk) == dict.fromkeys(range(9), 1)
    assert kinds(desk).count("plan_applied") == 1
    assert len(desk.apply()) == 0
    assert desk.verify().ok


def test_a_plan_is_applied_once(tmp_path):
    desk = busy(tmp_path)
    plan = desk.plan()
    assert len(desk.apply(plan)) == 9
    assert len(desk.apply(plan)) == 0
    assert kinds(desk).count("plan_made") == 1


def test_what_is_no_plan_of_a_desk_is_refused(tmp_path):
    desk = busy(tmp_path)
    with pytest.raises(InvalidInput, match="must be a plan of this desk"):
        desk.apply("P-1")
    with pytest.raises(InvalidInput, match="time_limit_s"):
        desk.plan(time_limit_s=-1)


def test_some_leads_alone_can_be_planned(tmp_path):
    desk = busy(tmp_path)
    assert desk.plan([3, 5]).case.lead_ids == (3, 5)


def test_plans_have_the_tables_and_ids_of_the_user(tmp_path):
    desk = opened(tmp_path, reps=None)
    desk.reps(pd.DataFrame({"rep_id": [7, 8], "max_open": [5, 5]}))
    desk.receive(pd.DataFrame({"lead_id": ["a", "b"]}))
    plan = desk.plan()
    assert isinstance(plan.assignments, pd.DataFrame)
    assert set(plan.assignments["rep_id"]) == {7, 8}


# ---- what is learned


@pytest.fixture
def fits(monkeypatch):
    """Count how often a model is fitted."""
    counted, fit = [], learning.learned_from

    def counting(*given, **told):
        counted.append(1)
        return fit(*given, **told)

    monkeypatch.setattr(learning, "learned_from", counting)
    return counted


def test_a_process_learns_once_and_a_plan_learns_what_is_new(tmp_path, fits):
    desk = busy(tmp_path)
    assert fits == []  # receiving asks nothing
    desk.place([0])
    desk.place([1])
    desk.receive({"lead_id": "new", "industry": "wood", "value": 5})
    assert len(fits) == 1
    desk.plan()
    assert len(fits) == 1
    desk.won(0)
    desk.place([2])
    assert len(fits) == 1
    plan = desk.plan()
    assert len(fits) == 2
    assert plan.model != ""
    desk.clock.move(days=1)
    desk.plan()
    assert len(fits) == 3


def test_leads_that_ended_are_counted_only_where_the_log_tells_of_another_end(tmp_path, fits, monkeypatch):
    """Counting them reads every lead: a third of a second of each plan from a desk of 200,000."""
    desk = busy(tmp_path)
    desk.place([0, 1])
    counted, count = [], learning.n_ended
    monkeypatch.setattr(learning, "n_ended", lambda connection: counted.append(1) or count(connection))
    desk.plan()
    desk.follow_up(0)
    desk.plan()
    assert counted == []
    desk.undo(desk.park(1, until="2030-01-01", reason="not_now"))
    desk.plan()
    assert (len(counted), len(fits)) == (1, 1)  # it might have been an end that was taken back
    desk.lost(0)
    desk.plan()
    assert len(fits) == 2


def test_the_first_run_of_a_day_learns_anew_where_something_was_learned(tmp_path, fits):
    desk = busy(tmp_path)
    desk.run_due()
    assert fits == []
    desk.place([0])
    desk.run_due()
    assert len(fits) == 1
    desk.clock.move(days=1)
    desk.run_due()
    desk.run_due()
    assert len(fits) == 2


def test_another_process_learns_the_same(tmp_path):
    desk = busy(tmp_path)
    desk.apply(desk.plan())
    for lead in range(6):
        assert (desk.won if lead % 3 else desk.lost)(lead).ok
    desk.receive(leads("x", "y", industry="wood", value=4))
    first, second = desk.plan(), again(desk).plan()
    assert first.model == second.model
    assert first.objective == second.objective


def test_an_imported_history_is_learned_from(tmp_path):
    rng = np.random.default_rng(0)
    desk = opened(tmp_path, reps=MANY, policy=Policy(segment_by=("industry",)))
    history = [
        {
            "rep_id": str(rng.choice(["Ann", "Bo", "Gone"])),
            "industry": "steel",
            "converted": bool(rng.random() < 0.4),
            "assigned_at": f"2025-{month:02d}-01",
            "at": f"2025-{month:02d}-{day:02d}",
            "value": 100,
        }
        for month in range(1, 13)
        for day in range(2, 12)
    ]
    assert desk.import_(history=history).ok
    desk.receive({"lead_id": 1, "industry": "steel"})
    plan = desk.plan()
    assert plan.case.evidence.n_outcomes == 120
    assert plan.unit == "value"  # learned from what was won
    assert plan.objective < 100


def test_what_describes_reps_tells_what_to_expect_of_who_is_new(tmp_path):
    reps = [{"rep_id": name, "max_open": 99, "team": name[0]} for name in ("ann", "amy", "bob", "ben", "alf", "bea")]
    desk = opened(tmp_path, reps=reps, policy=Policy(segment_by=(), rep_by=("team",)))
    rows = [
        {"rep_id": rep, "converted": number < won, "lead_id": f"{rep} {number}"}
        for rep, won in {"ann": 45, "amy": 42, "bob": 12, "ben": 9}.items()
        for number in range(60)
    ]
    assert desk.import_(history=rows).ok
    desk.receive(leads("x"))
    plan = desk.plan()
    chance = dict(zip(plan.case.rep_ids, plan.case.evidence.estimates.probability[0], strict=True))
    assert chance["alf"] > chance["bea"] + 0.1  # neither has a record


def test_reps_and_pairs_that_policies_name_hold_at_the_desk(tmp_path):
    desk = opened(tmp_path, reps=MANY, policy=Policy(eligibility=(exclude(column="not_to"),)))
    desk.receive([{"lead_id": 1, "not_to": "Ann;Bo"}, {"lead_id": 2, "not_to": "Cy"}])
    plan = desk.plan()
    assert {row["lead_id"]: row["rep_id"] for row in plan.assignments}[1] == "Cy"
    desk.apply(plan)
    assert owner(desk, 1) == "Cy"
    assert owner(desk, 2) != "Cy"
    desk.receive({"lead_id": 3, "not_to": "Ann;Cy"})
    desk.place([3])
    assert owner(desk, 3) == "Bo"


def test_pairs_that_a_policy_excludes_hold_as_leads_are_placed(tmp_path):
    desk = opened(tmp_path, policy=Policy(eligibility=(exclude([(1, "Ann"), (1, "Bo")]),)))
    desk.receive(leads(1))
    assert desk.place().ok
    assert owner(desk, 1) == "Cy"


def test_tables_whose_columns_have_names_of_their_own(tmp_path):
    columns = Columns(leads={"value": "Amount", "lead_id": "Deal"}, reps={"rep_id": "Name"})
    desk = opened(tmp_path, reps=None, policy=Policy(columns=columns))
    desk.reps([{"Name": "Ann", "max_open": 1}, {"Name": "Bo", "max_open": 0}])
    desk.receive([{"Deal": 1, "Amount": 10}, {"Deal": 2, "Amount": 30}])
    plan = desk.plan()
    assert plan.unit == "value"
    assert desk.apply(plan).ok
    assert owner(desk, 2) == "Ann"


def test_half_a_lead_a_plan_is_one_every_other_plan(tmp_path):
    desk = opened(tmp_path, reps=[{"rep_id": "Ann", "capacity": 0.5, "max_open": 9}])
    for number in range(4):
        desk.receive(leads(number))
        assert desk.apply(desk.plan()).ok
    assert desk.rep("Ann").open == 2


def test_what_no_plan_could_read_is_refused_as_it_comes_in(tmp_path):
    desk = opened(tmp_path, reps=None, policy=Policy(currencies={"USD": 1.0}))
    unlike = [{"capacity": -1}, {"max_open": 2}, {"available": "?"}]
    done = desk.reps([{"rep_id": rep, **one} for rep, one in zip(("Ann", "Bo", "Cy"), unlike, strict=True)])
    assert [one.ok for one in done] == [False, True, False]
    assert "capacity" in done[0].sentence
    done = desk.receive([{"lead_id": 1, "value": 5, "currency": "XYZ"}, {"lead_id": 2, "value": 5, "currency": "USD"}])
    assert [one.ok for one in done] == [False, True]
    assert "no rate for the currency XYZ" in done[0].sentence
    assert desk.apply(desk.plan()).ok
    assert owner(desk, 2) == "Bo"


def test_credit_goes_on_over_days(tmp_path):
    desk = busy(tmp_path)
    plan = desk.plan()
    desk.apply(plan)
    with desk._core.read() as snapshot:
        owed = {snapshot.names.called(one.rep): one.amount for one in records(desk)[Credit]}
    assert owed == pytest.approx(plan.carry())
