"""Deadlines under rules that change while they run: they only move later, and no run looks too late."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leadopt.lifecycle import commands
from leadopt.lifecycle.due import deadline, due_of, timing
from tests.lifecycle.moments import moment
from tests.lifecycle.worlds import MONDAY, RULES, World
from tests.strategies import examples

HOURS = {"mon": ["9-18"], "tue": ["9-12"], "wed": ["9-20"], "thu": ["8-10"], "fri": ["9-18"]}
DAYS = st.frozensets(st.integers(0, 20).map(lambda n: str(date(2026, 3, 2) + timedelta(n))), max_size=6)


def by(world, lead):
    found = world.lead(lead)
    return deadline(found, timing(world.book, found, world.at))


def set_holidays(world, days):
    data = {**RULES, "time": {**RULES["time"], "hours": HOURS, "holidays": sorted(days)}}
    world.do(commands.SetRules(by="root", role="admin", data=data))


def test_a_holiday_that_is_taken_out_again_does_not_move_a_deadline_that_runs():
    world = World()
    world.do(commands.Receive(by="web", role="feed", lead="L"))
    world.do(commands.Place(by="system", role="system", leads=("L",)))
    first = by(world, "L")
    world.at = moment("2026-03-03 09:00")
    set_holidays(world, ["2026-03-05"])
    later = by(world, "L")
    assert later > first
    world.at = moment("2026-03-03 10:00")
    set_holidays(world, [])
    assert by(world, "L") == later


@given(st.lists(DAYS, min_size=1, max_size=4), st.integers(0, 6), st.integers(0, 23))
@examples(60)
def test_new_rules_only_move_deadlines_later_and_no_run_looks_too_late(files, day, hour):
    world = World(at=MONDAY, checked=False)
    set_holidays(world, [])
    world.at += (24 * day + hour) * 3600 * 10**6
    world.do(commands.Receive(by="web", role="feed", lead="L"))
    world.do(commands.Place(by="system", role="system", leads=("L",)))
    was = by(world, "L")
    for holidays in files:
        world.at += 3600 * 10**6
        set_holidays(world, holidays)
        now = by(world, "L")
        assert now >= was
        assert world.lead("L").look_at <= due_of(world.book, world.lead("L"), world.at).at
        was = now
