"""What people lived through elsewhere, one test each: the numbers are those of the desk's list of scenarios."""

import pytest

from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.conduct import overdue
from leadopt.lifecycle.records import Rep
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.stages import Stage
from tests.lifecycle.moments import moment, shown
from tests.lifecycle.worlds import RULES, World


def claim(world, lead, rep):
    return world.by_rep("Claim", lead, rep)


def test_1_of_two_claims_one_gets_the_lead_and_one_claim_is_used():
    world = World(["ann", "bo"])
    lead = world.pooled()
    assert world.do(claim(world, lead, "ann")) == ["assigned"]
    assert world.denied(claim(world, lead, "bo")).code == "not_in_pool"
    assert world.owner(lead) == "ann"
    assert [world.book.get(Rep, rep).claimed for rep in ("ann", "bo")] == [1, 0]


def test_2_of_ten_claims_a_cap_of_five_lets_five_through():
    world = World(["ann", "bo"], max_open=5, rules={"claim": {"embargo": 0, "per_day": "off"}})
    leads = [world.pooled() for _ in range(10)]
    for lead in leads[:5]:
        world.do(claim(world, lead, "ann"))
    assert {world.denied(claim(world, lead, "ann")).code for lead in leads[5:]} == {"full"}
    assert world.load("ann") == 5


def test_6_a_follow_up_moves_the_deadline_at_once_and_the_recall_with_it():
    world = World()
    lead = world.held("ann")
    assert world.deadline(lead) == "2026-03-05 09:00"
    world.wait("1 day").follow_up(lead, "ann")
    assert world.deadline(lead) == "2026-03-17 09:00"  # 14 days from the follow-up
    told = world.run_until("2026-03-20 00:00")
    assert ("2026-03-18 09:00", "recalled") in told
    assert [kind for at, kind in told if at < "2026-03-16 09:00" and kind != "day_began"] == []


def test_7_what_a_list_calls_overdue_is_overdue_by_its_own_deadline():
    world = World(rules={"recall": {"after": "off"}}, max_open=9)
    leads = [world.wait("5 hours").held("ann") for _ in range(8)]
    for at in ("2026-03-05 08:59", "2026-03-05 16:00", "2026-03-06 12:00", "2026-03-10 09:00"):
        world.goto(at)
        listed = overdue(world.book, "ann", world.at)
        assert listed == sum(moment(world.deadline(lead)) < world.at for lead in leads)
    assert listed == 8


def test_8_of_two_follow_ups_the_earlier_one_is_the_first_whichever_arrives_first():
    for times in (("10:00", "09:30"), ("09:30", "10:00")):
        world = World()
        lead = world.held("ann")
        world.goto("2026-03-02 11:00")
        for time in times:
            world.follow_up(lead, "ann", occurred_at=moment(f"2026-03-02 {time}"))
        (mine,) = world.ownerships(lead)
        assert (shown(mine.first_at), shown(mine.last_at)) == ("2026-03-02 09:30", "2026-03-02 10:00")
        assert world.deadline(lead) == "2026-03-16 10:00"


def test_9_what_is_due_on_a_saturday_night_is_told_on_monday_at_nine():
    world = World(at="2026-03-04 20:00")
    lead = world.held("ann")  # 3 days: Saturday 20:00, so that it is due on Monday evening
    assert world.deadline(lead) == "2026-03-09 18:00"
    world.run_until("2026-03-09 17:00")
    (message,) = world.messages("reminder")
    assert (message.to, shown(message.not_before)) == ("ann", "2026-03-09 09:00")
    assert not world.messages("escalation")


def test_10_two_working_hours_from_half_past_twelve_end_at_three():
    world = World(at="2026-03-02 12:30", rules={"follow": {"first_within": "2 working hours"}})
    assert world.deadline(world.held("ann")) == "2026-03-02 15:00"


def test_11_working_time_of_a_sunday_lead_counts_from_monday():
    world = World(at="2026-03-01 15:00", rules={"follow": {"first_within": "2 working hours"}})
    assert world.deadline(world.held("ann")) == "2026-03-02 11:00"


def test_12_rules_without_a_working_hour_are_refused_in_one_sentence():
    world = World()
    data = {"time": {"zone": "Europe/Berlin", "hours": {}}}
    denied = world.denied(commands.SetRules(by="root", role="admin", data=data))
    assert denied.code == "bad_rules"
    assert "hours" in denied.sentence
    assert "\n" not in denied.sentence


def test_13_after_a_transfer_the_new_owner_has_a_full_period_and_the_old_one_is_closed():
    world = World()
    lead = world.held("ann")
    world.wait("2 days").do(world.manager("Transfer", lead, to="bo"))
    assert world.deadline(lead) == "2026-03-09 18:00"  # 3 days: Saturday 9:00, so Monday evening
    old, new = world.ownerships(lead)
    assert (old.exit, shown(old.until), shown(old.first_due)) == ("transferred", "2026-03-04 09:00", "2026-03-05 09:00")
    assert (new.rep, new.until) == ("bo", None)


def test_14_on_day_three_rep_and_manager_hear_and_on_day_four_the_best_other_rep_has_it():
    world = World(gains={("L1", "cy"): 5.0})
    lead = world.held("ann")
    told = world.run_until("2026-03-06 10:00")
    happened = [(at, kind) for at, kind in told if kind != "day_began"]
    assert happened == [
        ("2026-03-04 09:00", "reminded"),
        ("2026-03-05 09:00", "escalated"),
        ("2026-03-06 09:00", "recalled"),
        ("2026-03-06 09:00", "assigned"),
    ]
    assert world.owner(lead) == "cy"
    assert [message.to for message in world.messages("reminder")] == ["ann"]
    assert sorted(message.to for message in world.messages("escalation")) == ["ann", "manager"]
    assert "ann" in world.lead(lead).cooling
    given = [event for _, event in world.book.history(lead)][-1]
    assert given.decision["gain"] - given.decision["before"]["gain"] == 4.0  # what the move brings


def test_15_who_left_gets_none_and_loses_the_open_ones_to_whom_they_are_worth_most():
    world = World(gains={("x", "ann"): 9.0, ("L1", "bo"): 5.0, ("L2", "cy"): 5.0})
    first, second = world.held("ann", segment="x"), world.held("ann", segment="x")
    world.wait("1 day").do(commands.RepLeaves(by="root", role="admin", rep="ann"))
    assert [world.owner(first), world.owner(second)] == ["bo", "cy"]
    third = world.receive(segment="x")
    world.place(third)
    assert world.owner(third) in ("bo", "cy")
    assert world.credit()["ann"] == pytest.approx(0)


def test_15_with_no_room_elsewhere_the_leads_of_who_left_go_to_the_pool():
    world = World(["ann", "bo"], max_open=1)
    world.held("bo")
    lead = world.held("ann")
    world.do(commands.RepLeaves(by="root", role="admin", rep="ann"))
    assert world.stage(lead) is Stage.POOL


def test_16_of_nine_reps_three_away_the_six_others_share_evenly():
    reps = [f"r{number}" for number in range(9)]
    world = World(reps, checked=False, rules={"credit": {"half_life": "off"}})
    for number, rep in enumerate(("r2", "r5", "r8")):
        world.away(rep, "2026-03-01 00:00", "2026-06-01 00:00", absence=f"A{number}")
    for _ in range(600):
        world.place(world.receive())
    assert [world.load(rep) for rep in reps] == [100, 100, 0, 100, 100, 0, 100, 100, 0]


def test_17_a_lead_whose_first_follow_up_falls_into_a_sudden_absence_goes_to_somebody_else():
    world = World(rules={"credit": {"half_life": "off"}})
    soon, later = world.held("ann"), world.held("ann")
    world.follow_up(later, "ann")
    world.away("ann", "2026-03-02 12:00", "2026-03-06 12:00")
    world.goto("2026-03-02 13:00").run()
    assert world.owner(soon) in ("bo", "cy")
    assert world.owner(later) == "ann"
    assert world.credit()["ann"] == pytest.approx(-2 / 3)  # one of two leads, the other as if it never came


def shares_of(world, n):
    """Return how many of so many leads, arriving one by one, each rep gets."""
    before = {rep.id: rep.open for rep in world.book.find(Rep, Where())}
    for _ in range(n):
        world.place(world.receive())
    return {rep.id: rep.open - before[rep.id] for rep in world.book.find(Rep, Where())}


def test_18_who_is_back_after_two_weeks_gets_a_share_and_no_flood():
    world = World(checked=False)
    shares_of(world, 30)
    world.away("ann", "2026-03-03 00:00", "2026-03-17 00:00")
    world.goto("2026-03-10 09:00")
    assert shares_of(world, 30)["ann"] == 0
    world.goto("2026-03-17 09:00")
    assert shares_of(world, 51) == {"ann": 17, "bo": 17, "cy": 17}


def test_19_who_joins_in_week_thirty_gets_a_share_and_catches_up_on_nothing():
    world = World(checked=False)
    for week in range(30):
        world.goto("2026-03-02 09:00").wait(f"{7 * week} days")
        shares_of(world, 3)
    world.rep("dee")
    assert shares_of(world, 52) == {"ann": 13, "bo": 13, "cy": 13, "dee": 13}


def test_20_closed_leads_are_no_load():
    world = World(["ann", "bo"], max_open=5)
    for _ in range(5):
        lead = world.held("ann")
        world.do(world.by_rep("Win", lead, "ann"))
    assert world.load("ann") == 0
    for _ in range(6):
        world.place(world.receive())
    assert {world.load("ann"), world.load("bo")} <= {1, 2, 3, 4, 5}
    assert world.load("ann") + world.load("bo") == 6


def test_22_a_lead_of_eight_days_ago_is_still_told_of_and_placed():
    world = World(["ann"], max_open=0)
    lead = world.receive()
    world.run_until("2026-03-10 10:00")
    told = world.messages("open_leads")
    assert len(told) == 6  # each working day since it came
    assert dict(told[-1].body) == {"new": 1}
    world.rep("ann", max_open=1)
    world.place(lead)
    assert world.owner(lead) == "ann"


def planned(world, lead, rep, **facts):
    seen = {"expect": world.lead(lead).version, "plan": "P1"}
    return commands.ApplyPlanned(by="clock", role="system", lead=lead, rep=rep, **{**seen, **facts})


def test_23_of_leads_given_by_a_plan_every_rep_hears_once():
    world = World()
    leads = [world.receive() for _ in range(6)]
    world.do(world.system("StartPlan", plan="P1", leads=6, placed=6))
    for number, lead in enumerate(leads):
        world.do(planned(world, lead, ("ann", "bo", "cy")[number % 3]))
    world.do(world.system("FinishPlan", plan="P1", applied=6, skipped=0))
    told = world.messages("assigned")
    assert sorted((message.to, message.lead) for message in told) == sorted((world.owner(lead), lead) for lead in leads)


def customer_of(world, rep):
    """Let a rep win a lead of an account."""
    lead = world.held(rep, account="acme")
    world.do(world.by_rep("Win", lead, rep))


def test_24_a_customer_whose_rep_is_away_for_weeks_goes_the_usual_way():
    world = World()
    customer_of(world, "ann")
    world.away("ann", "2026-03-02 12:00", "2026-03-23 12:00")
    world.goto("2026-03-03 09:00")
    lead = world.receive(account="acme")
    assert world.lead(lead).waits_until is None
    world.place(lead)
    assert world.owner(lead) in ("bo", "cy")


def test_24_a_customer_whose_rep_is_back_soon_waits():
    world = World()
    customer_of(world, "ann")
    world.away("ann", "2026-03-02 12:00", "2026-03-04 12:00")
    world.goto("2026-03-03 09:00")
    lead = world.receive(account="acme")
    assert world.place(lead) == []
    assert world.denied(planned(world, lead, "bo")).code == "waiting"
    assert (world.stage(lead), world.due(lead)) == (Stage.NEW, ("stick", "2026-03-04 12:00"))
    world.run_until("2026-03-04 12:00")
    assert (world.owner(lead), world.lead(lead).via) == ("ann", "sticky")


def test_24_a_customer_who_waited_for_nothing_goes_the_usual_way():
    world = World()
    customer_of(world, "ann")
    world.away("ann", "2026-03-02 12:00", "2026-03-04 12:00")
    lead = world.goto("2026-03-03 09:00").receive(account="acme")
    world.away("ann", "2026-03-02 12:00", "2026-03-30 12:00")
    world.run_until("2026-03-04 12:00")
    assert world.owner(lead) in ("bo", "cy")


def test_25_a_copy_of_an_open_lead_is_merged_and_changes_neither_owner_nor_load():
    world = World()
    lead = world.held("ann")
    copy = world.wait("1 day").receive(twins=(lead,))
    assert (world.stage(copy), world.lead(copy).merged_into) == (Stage.CLOSED, lead)
    assert (world.owner(lead), world.load("ann"), world.deadline(lead)) == ("ann", 1, "2026-03-05 09:00")


def test_26_of_two_leads_merged_the_withdrawn_consent_wins_and_undo_restores_both():
    world = World()
    one, other = world.receive(), world.receive(no_contact=True)
    before = [world.lead(one), world.lead(other)]
    world.do(world.manager("Merge", other, into=one))
    assert world.lead(one).no_contact
    merged = world.lead(other).seq
    world.do(world.manager("Undo", other, of=merged))
    for lead in before:
        now = world.lead(lead.id)
        assert (now.stage, now.no_contact, now.merged_into) == (lead.stage, lead.no_contact, None)


def test_27_who_had_received_a_copy_is_owed_as_if_it_had_never_come():
    world = World()
    one, copy = world.held("ann"), world.held("bo")
    owed = world.credit()
    assert owed["bo"] == pytest.approx(-1 / 3)
    world.do(world.manager("Merge", copy, into=one))
    assert world.credit() == pytest.approx({"ann": -2 / 3, "bo": 1 / 3, "cy": 1 / 3})


def test_30_a_bar_that_a_manager_lifts_is_gone_and_the_log_has_both():
    world = World(["ann", "bo"])
    lead = world.held("ann")
    world.do(world.by_rep("Refuse", lead, "ann", reason="mistake"))
    assert world.denied(world.manager("Transfer", lead, to="ann", override="knows_customer")).code == "refused"
    world.do(world.manager("LiftBar", lead, rep="ann"))
    world.do(world.manager("Transfer", lead, to="ann"))
    assert world.owner(lead) == "ann"
    kinds = [event.kind for _, event in world.book.history(lead)]
    assert kinds.index("refused") < kinds.index("bar_lifted")


def test_31_what_was_given_and_not_begun_is_load():
    world = World(["ann", "bo"], max_open=2)
    for _ in range(4):
        world.place(world.receive())
    lead = world.receive()
    world.place(lead)
    assert world.stage(lead) is Stage.POOL


def test_32_parked_leads_are_no_load_and_attract_nothing():
    world = World(["ann"], max_open=1, checked=False)
    for _ in range(20):
        lead = world.held("ann")
        world.do(world.manager("Park", lead, until=moment("2026-09-01 00:00"), reason="not_now"))
    assert world.load("ann") == 0
    world.place(lead)
    assert world.stage(lead) is Stage.PARKED
    world.place(another := world.receive())
    assert world.owner(another) == "ann"


def test_33_an_owner_set_by_hand_leaves_no_ghost_when_a_rule_gives_the_lead_on():
    world = World(never={("y", "ann")})
    lead = world.held("ann", segment="x", account="acme")
    world.do(commands.Change(by="crm", role="feed", lead=lead, columns={"segment": "y"}))
    assert world.owner(lead) in ("bo", "cy")
    assert [one.rep for one in world.ownerships(lead) if one.until is None] == [world.owner(lead)]
    assert world.load("ann") == 0
    assert world.owner(world.receive(account="acme")) == world.owner(lead)


POOLS = [{"name": "main", "default": True}, {"name": "east", "where": {"segment": "east"}}, {"name": "old"}]


def test_34_who_releases_a_lead_names_the_pool_else_the_rules_do():
    world = World(rules={"pool": POOLS})
    leads = [world.held("ann"), world.held("ann", segment="east"), world.held("ann", segment="east")]
    for lead, pool in zip(leads, (None, None, "old"), strict=True):
        world.do(world.by_rep("Release", lead, "ann", reason="no_time", pool=pool))
    assert [world.lead(lead).pool for lead in leads] == ["main", "east", "old"]


def test_35_two_product_lines_are_recalled_each_by_its_own_days():
    lines = [
        {"where": {"product": "a"}, "first_within": "1 day"},
        {"where": {"product": "b"}, "first_within": "8 days"},
    ]
    world = World(rules={"recall": {"for": lines}})
    one, other = world.held("ann", product="a"), world.held("ann", product="b")
    told = world.run_until("2026-03-12 12:00")
    recalled = [at for at, kind in told if kind == "recalled"]
    assert [shown(world.ownerships(lead)[0].until) for lead in (one, other)] == ["2026-03-04 09:00", "2026-03-11 09:00"]
    assert recalled[0] == "2026-03-04 09:00"
    assert world.book.rules_at(world.at).periods({"product": "b"}).rule == "product is b"


def test_36_a_customer_who_was_won_is_never_recalled():
    world = World()
    lead = world.held("ann")
    world.do(world.by_rep("Win", lead, "ann", value=100.0))
    assert {kind for _, kind in world.run_until("2026-05-01 00:00", step="12 hours")} == {"day_began"}
    assert (world.stage(lead), world.lead(lead).owner) == (Stage.WON, "ann")


def test_37_a_customer_who_complained_of_calls_rests_and_no_route_reaches_it():
    world = World()
    lead = world.held("ann")
    world.do(world.manager("Park", lead, until=moment("2026-08-29 09:00"), reason="no_calls"))
    world.place(lead)
    for command in (
        claim(world, lead, "bo"),
        world.manager("AssignTo", lead, to="bo", override="test"),
        world.manager("Transfer", lead, to="bo"),
        world.manager("Pool", lead),
        planned(world, lead, "bo"),
    ):
        assert world.denied(command).code in ("wrong_stage", "not_in_pool")
    assert world.due(lead) == ("unpark", "2026-08-29 09:00")
    world.goto("2026-08-29 09:00").run()
    assert world.stage(lead) is Stage.NEW


def test_38_zero_is_at_once_and_off_is_never():
    data = {**RULES, "recall": {"after": 0}, "follow": {"next_within": "off"}, "claim": {"per_day": 0}}
    rules = Rules.from_dict(Rules.from_dict(data).to_dict())
    assert (str(rules.recall.after), rules.follow.next_within, rules.claim.per_day) == ("0", None, 0)
    world = World(rules={"recall": {"after": 0}, "follow": {"next_within": "off"}, "claim": {"per_day": 0}})
    lead, done = world.held("ann"), world.held("ann")
    world.follow_up(done, "ann")
    assert world.due(done)[0] == "tell"  # nothing is ever due: managers hear of it each working day
    assert ("2026-03-05 09:00", "recalled") in world.run_until("2026-03-05 09:00")
    assert world.owner(lead) != "ann"
    pooled = world.pooled()
    world.wait("12 hours")
    assert world.denied(claim(world, pooled, "bo")).code == "no_claims_left"


def test_39_a_customer_who_was_won_long_ago_and_comes_again_is_no_copy_for_ever():
    world = World()
    old = world.held("ann", account="acme")
    world.do(world.by_rep("Win", old, "ann"))
    world.wait("400 days")
    new = world.receive(twins=(old,))
    assert world.lead(new).linked == (old,)
    assert world.lead(new).is_open
    assert world.lead(new).account == "acme"


def test_42_of_400_leads_given_to_the_wrong_rep_397_come_back_and_three_say_why_not():
    world = World(["ann", "bo"], checked=False)
    leads = [world.held("ann") for _ in range(400)]
    for lead in leads:
        world.do(world.manager("Transfer", lead, to="bo"))
    acts = {lead: world.lead(lead).seq for lead in leads}
    for lead in leads[:3]:
        world.follow_up(lead, "bo")
    why = [world.denied(world.manager("Undo", lead, of=acts[lead])) for lead in leads[:3]]
    assert {denied.code for denied in why} == {"changed_since"}
    for lead in leads[3:]:
        world.do(world.manager("Undo", lead, of=acts[lead]))
    assert (world.load("ann"), world.load("bo")) == (397, 3)
    assert world.credit() == pytest.approx({"ann": -198.5, "bo": 198.5})  # as if three of 400 had gone to bo alone
    kinds = [event.kind for _, event in world.book.history(leads[9])]
    assert kinds[-4:] == ["transferred", "credit_reversed", "assigned", "undone"]
    world.check()


def test_44_a_lead_that_refusals_and_cool_offs_leave_nobody_goes_to_a_manager():
    world = World()
    lead = world.held("ann")
    world.do(world.by_rep("Refuse", lead, "ann", reason="wrong_segment"))
    second = world.owner(lead)
    world.do(world.manager("Transfer", lead, to="cy" if second == "bo" else "bo"))
    third = world.owner(lead)
    world.do(world.by_rep("Refuse", lead, third, reason="wrong_segment"))
    assert world.stage(lead) is Stage.REVIEW
    assert world.lead(lead).review.rule == "nobody left"
    assert dict(world.lead(lead).review.offer["barred"]) == {"refused": 2, "cooling": 1}
    world.do(world.manager("LiftBar", lead, rep=third))
    world.do(world.manager("Approve", lead, to=third))
    assert world.owner(lead) == third
