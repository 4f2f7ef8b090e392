"""A quarter in two arms: one luck for both, nothing but assignment differs where nobody errs, same seed same answer."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from leadopt.desk.desk import Desk
from leadopt.errors import InvalidInput
from leadopt.evaluate import Quarter, simulate_desk
from leadopt.evaluate.quarters import habits
from leadopt.evaluate.quarters.at_desk import LEARN_EVERY, at_desk
from leadopt.evaluate.quarters.by_hand import by_hand, history, next_deal
from leadopt.evaluate.quarters.held import Clock
from leadopt.evaluate.quarters.rules import RULES
from leadopt.evaluate.quarters.world import World
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy

SMALL = Quarter(weeks=2, n_reps=5, leads_a_day=8)
FAULTLESS = Quarter(
    weeks=2, n_reps=5, leads_a_day=8, response_hours=3.0, forgets=0, slides=0, refuses=0, bad_leads=0, key_accounts=0,
    gives_up=0, complains=0, ill=0, leaves=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return simulate_desk(SMALL, like=pl.DataFrame(), rng=3)


def drawn(quarter, seed=0):
    world = World.draw(quarter, np.random.default_rng(seed))
    return replace(world, people=replace(world.people, speaks=np.ones_like(world.people.speaks)))


def played(world, folder, **settings):
    clock = Clock()
    clock.hours = world.middle
    rules = {**Rules.from_toml(RULES).to_dict(), **settings}
    policy = Policy(segment_by=["industry", "source"])
    with Desk.open(
        f"sqlite:///{folder}/desk.db", rules=rules, policy=policy, clock=clock, rng=0, learn_every=LEARN_EVERY
    ) as desk:
        play = at_desk(world, by_hand(world), desk, clock)
        assert desk.verify().ok
        assert desk.rebuild().ok
    return play


# ---- by hand


def test_by_hand_leads_are_dealt_in_turn_at_eight_and_one():
    world = drawn(FAULTLESS)
    stints = by_hand(world).stints
    assert len(stints) == (world.arrived < world.end).sum() - sum(next_deal(t) >= world.end for t in world.arrived)
    assert [one.rep for one in stints] == [k % 5 for k in range(len(stints))]
    assert {one.since % 24 for one in stints} == {8.0, 13.0}


def test_by_hand_what_is_forgotten_stays_forgotten():
    world = drawn(replace(SMALL, forgets=0.3, leaves=0))
    stints = [one for one in by_hand(world).stints if one.exit == "" and one.first == np.inf]
    assert stints
    for one in stints:
        act = habits.answer(world, one.lead, one.rep, one.since)
        assert act is None or act.at == np.inf


def test_who_refused_gets_no_lead_again_while_others_have_not():
    world = World.draw(Quarter(weeks=4, refuses=1.0, ill=0, leaves=0), np.random.default_rng(1))
    by_lead = {}
    for one in by_hand(world).stints:
        by_lead.setdefault(one.lead, []).append(one)
    several = [stints for stints in by_lead.values() if len(stints) > 1]
    assert several
    for stints in several:
        assert all(one.exit == habits.REFUSES for one in stints[:-1])
        assert len({one.rep for one in stints}) == len(stints)


def test_the_history_tells_nothing_of_what_comes_later():
    world = drawn(SMALL)
    rows = history(by_hand(world), 0.0, world.middle)
    end = Clock().moment(world.middle)
    for name in ("assigned_at", "first_response_at", "at"):
        assert all(moment is None or moment < end for moment in rows[name])
    assert all((at is None) == (won is None) for at, won in zip(rows["at"], rows["converted"], strict=True))


def test_the_chance_of_a_win_halves_in_the_half_life():
    world = drawn(FAULTLESS)
    arrived = float(world.arrived[0])
    at_once, later = (habits.chance(world, 0, 1, arrived + 24.0 * days, 0) for days in (0, 3))
    assert at_once == pytest.approx(world.rates[world.asked.segment[0], 1])
    assert later == pytest.approx(at_once / 2)
    assert habits.chance(world, 0, 1, arrived, 1) == pytest.approx(0.3 * at_once)


# ---- both arms


def test_where_nobody_errs_only_who_gets_which_lead_differs(tmp_path):
    """A lead that the same rep got at the same time is answered at the same time, and comes to the same."""
    world = drawn(FAULTLESS)
    hand = {one.lead: one for one in by_hand(world).stints if world.arrived[one.lead] >= world.middle}
    play = played(world, tmp_path, caps={"open": "off"}, reward=[], restrict=[])
    assert not {"recalled", "refuses", "gives_up", "complains", "review"} & play.events.keys()
    answered = {lead: held for lead, held in play.held.items() if held.answered < np.inf and lead in hand}
    same = [lead for lead in answered if play.first_by.get(lead) == hand[lead].rep]
    assert 5 < len(same) < len(answered)
    for lead in same:
        assert answered[lead].answered == pytest.approx(hand[lead].first)
        ended = hand[lead].until <= play.clock.hours and hand[lead].exit == habits.WON
        assert (lead in play.wins) == ended
        assert play.wins.get(lead, hand[lead].until) == pytest.approx(hand[lead].until)


def test_who_forgets_is_reminded_at_the_desk_and_loses_the_lead_there(tmp_path):
    world = drawn(replace(SMALL, forgets=0.3, heeds=0.5, leaves=0, ill=0), seed=2)
    play = played(world, tmp_path)
    assert len(play.events["reminded"]) > 5
    assert len(play.events["recalled"]) > 0


def test_the_same_seed_gives_the_same_answer(found):
    again = simulate_desk(SMALL, rng=3)
    assert (again.at_desk, again.by_hand, again.weeks) == (found.at_desk, found.by_hand, found.weeks)
    assert again.events == found.events
    assert simulate_desk(SMALL, rng=4).at_desk != found.at_desk


def test_both_arms_have_the_same_leads_and_the_result_tells_of_both(found):
    assert found.by_hand.n == found.at_desk.n > 50
    assert found.frame()["arm"].to_list() == ["by hand", "at the desk"]
    assert isinstance(found.before_after.frame(), pl.DataFrame)
    told = json.loads(found.to_json())
    assert told["at_desk"]["answered"] == pytest.approx(found.at_desk.answered)
    assert f"{found.by_hand.n:,} leads in 2 weeks" in found.summary()
    for words in ("chance of a win, as it was", "followed up within", "Before/after is no experiment"):
        assert words in str(found)


def test_what_is_no_quarter_and_a_file_that_is_there_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"quarter: must be leadopt.evaluate.Quarter"):
        simulate_desk(3)
    (file := tmp_path / "there.db").write_text("")
    with pytest.raises(InvalidInput, match="file: must not be there yet"):
        simulate_desk(SMALL, file=file)
