"""Deadlines and working time: the scenarios of people, an oracle that walks minute by minute, and what always holds."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Calendar, Duration
from tests.lifecycle.moments import (
    BERLIN,
    DAY,
    HOUR,
    MINUTE,
    WEEK,
    ZONES,
    changes_in_file,
    distinct_zones,
    moment,
    shown,
    walked,
    wall,
    works,
)
from tests.strategies import examples

ODD_HOURS = [
    WEEK,
    "Mon-Sun 0-24",
    "Sun 9-10",
    "Mon-Fri 22-24; Tue-Sat 0-6",
    "Mon-Sun 0-3",
    "Mon-Sat 8:15-12:45, 14-14:10, 23:30-24",
    "Sun 2-3",
    "Sat-Sun 0:30-2:30",
]


def after(start, duration, calendar=BERLIN):
    return shown(calendar.add(moment(start, calendar.zone), Duration.parse(duration)), calendar.zone)


class TestScenarios:
    def test_9_a_message_of_saturday_night_leaves_on_monday_morning(self):
        due = moment("2026-11-28 23:00")
        assert shown(BERLIN.next_working(due)) == "2026-11-30 09:00"
        assert shown(BERLIN.deadline(due)) == "2026-11-30 18:00"

    def test_10_working_hours_begin_after_lunch(self):
        assert after("2026-11-30 12:30", "2 working hours") == "2026-11-30 15:00"

    def test_11_a_lead_of_sunday_counts_from_monday(self):
        assert after("2026-11-29 15:00", "4 working hours") == "2026-11-30 14:00"
        assert after("2026-11-29 15:00", "1 working day") == "2026-12-01 09:00"

    def test_12_no_working_day_is_refused(self):
        for hours in ({}, {"mon": []}):
            with pytest.raises(InvalidInput, match="must hold a working hour in any 14 days; found none"):
                Calendar("Europe/Berlin", hours)


class TestAdd:
    @pytest.mark.parametrize(
        ("start", "duration", "end"),
        [
            ("2026-11-27 17:00", "2 hours", "2026-11-27 19:00"),
            ("2026-11-27 17:00", "90 minutes", "2026-11-27 18:30"),
            ("2026-11-27 17:00", "3 days", "2026-11-30 17:00"),
            ("2026-11-27 17:00", "2 working hours", "2026-11-30 10:00"),
            (
                "2026-11-27 09:00",
                "3 working hours",
                "2026-11-27 12:00",
            ),  # not where the next span begins
            ("2026-11-27 09:00", "8 working hours", "2026-11-27 18:00"),
            ("2026-11-27 09:00", "0.5 working hours", "2026-11-27 09:30"),
            ("2026-11-27 17:00", "1 working day", "2026-11-30 17:00"),
            ("2026-11-27 20:00", "1 working day", "2026-12-01 09:00"),  # counts from Monday 09:00
            ("2026-11-27 12:30", "1 working day", "2026-11-30 13:00"),
            ("2026-11-28 20:00", "1 working day", "2026-12-01 09:00"),
            ("2026-11-23 08:00", "5 working days", "2026-11-30 09:00"),
            ("2026-11-28 20:00", 0, "2026-11-28 20:00"),
            ("2026-11-28 20:00", "0 working days", "2026-11-28 20:00"),
            ("2026-03-27 10:00", "3 days", "2026-03-30 10:00"),  # 71 hours
            ("2026-03-27 10:00", "72 hours", "2026-03-30 11:00"),
            ("2026-10-23 10:00", "3 days", "2026-10-26 10:00"),  # 73 hours
            ("2026-03-27 02:30", "2 days", "2026-03-29 03:00"),  # 02:30 does not exist
            ("2026-03-27 10:00", "8 working hours", "2026-03-30 10:00"),
        ],
    )
    def test_by_hand(self, start, duration, end):
        assert after(start, duration) == end

    def test_a_time_that_exists_twice_is_its_first(self):
        due = BERLIN.add(moment("2026-10-23 02:30"), Duration(2, "days"))
        assert due == moment("2026-10-25 02:30", fold=0)

    def test_holidays_hold_no_work(self):
        calendar = BERLIN.with_holidays(["2026-12-24", date(2026, 12, 25)])
        assert after("2026-12-23 17:00", "2 working hours", calendar) == "2026-12-28 10:00"
        assert after("2026-12-23 17:00", "1 working day", calendar) == "2026-12-28 17:00"
        assert after("2026-12-24 17:00", "1 working day", calendar) == "2026-12-29 09:00"
        assert after("2026-12-23 17:00", "1 day", calendar) == "2026-12-24 17:00"
        assert calendar == Calendar("Europe/Berlin", WEEK, ["2026-12-25", "2026-12-24"])
        assert not calendar.has_working_day(date(2026, 12, 24))

    def test_a_day_that_a_zone_left_out(self):
        apia = Calendar("Pacific/Apia", "Mon-Sun 9-17")
        assert after("2011-12-29 10:00", "1 day", apia) == "2011-12-31 00:00"
        assert after("2011-12-29 16:00", "2 working hours", apia) == "2011-12-31 10:00"
        assert after("2011-12-29 16:00", "1 working day", apia) == "2011-12-31 16:00"
        assert not apia.has_working_day(date(2011, 12, 30))
        assert apia.start_of(date(2011, 12, 30)) == apia.start_of(date(2011, 12, 31))

    def test_days_of_23_and_25_hours(self):
        always = Calendar("Europe/Berlin", "Mon-Sun 0-24")
        for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 1), 24)):
            begin, end = always.start_of(day), always.start_of(date.fromordinal(day.toordinal() + 1))
            assert always.working_seconds(begin, end) == hours * 3600
            assert end - begin == hours * HOUR

    def test_half_an_hour_at_lord_howe(self):
        island = Calendar("Australia/Lord_Howe", "Mon-Sun 0-24")
        assert island.working_seconds(*(island.start_of(date(2026, 4, day)) for day in (5, 6))) == 24.5 * 3600
        assert after("2026-10-03 02:15", "1 day", island) == "2026-10-04 02:30"

    def test_far_away(self):
        calendar = Calendar("Europe/Berlin", "Sun 9-10")
        sunday = moment("2026-11-29 09:00")
        assert shown(calendar.add(sunday, Duration(1000, "working hours"))) == "2046-01-21 10:00"
        weeks = Duration(5000 * 7, "days")
        assert calendar.add(sunday, Duration(5000, "working days")) == calendar.add(sunday, weeks)
        with pytest.raises(InvalidInput, match="knows the years 1970 to 9998"):
            calendar.add(moment("9990-01-01 00:00"), Duration(100_000, "working hours"))
        with pytest.raises(InvalidInput, match="knows the years"):
            calendar.add(moment("9998-01-01 00:00"), Duration(100_000, "working days"))
        with pytest.raises(InvalidInput, match="knows the years"):
            calendar.add(moment("9998-01-01 00:00"), Duration(100_000, "days"))
        for outside in (-1, moment("9998-12-31 00:00"), 10**30):
            with pytest.raises(InvalidInput, match="knows the years"):
                calendar.deadline(outside)


class TestSubtract:
    @pytest.mark.parametrize(
        ("end", "duration", "start"),
        [
            ("2026-11-30 10:00", "24 hours", "2026-11-29 10:00"),
            ("2026-11-30 10:00", "3 days", "2026-11-27 10:00"),
            ("2026-03-30 10:00", "24 hours", "2026-03-29 10:00"),
            ("2026-03-30 02:30", "1 day", "2026-03-29 03:00"),  # 02:30 does not exist
            ("2026-11-30 10:00", "2 working hours", "2026-11-27 17:00"),
            ("2026-11-30 10:00", "1 working hour", "2026-11-30 09:00"),  # as late as it can
            ("2026-11-29 10:00", "1 working hour", "2026-11-27 17:00"),
            ("2026-11-30 10:00", "1 working day", "2026-11-27 10:00"),
            ("2026-11-29 10:00", "1 working day", "2026-11-26 18:00"),
            ("2026-11-30 18:00", "1 working day", "2026-11-27 18:00"),
            ("2026-11-30 20:00", "1 working day", "2026-11-27 18:00"),
            ("2026-11-29 10:00", 0, "2026-11-29 10:00"),
        ],
    )
    def test_by_hand(self, end, duration, start):
        assert shown(BERLIN.subtract(moment(end), Duration.parse(duration))) == start

    def test_nothing_is_before_1970(self):
        for unit in ("hours", "days", "working hours", "working days"):
            with pytest.raises(InvalidInput, match="knows the years 1970 to 9998"):
                BERLIN.subtract(moment("1970-01-05 10:00"), Duration(1000, unit))


class TestDeadline:
    @pytest.mark.parametrize(
        ("at", "due"),
        [
            ("2026-11-27 17:59", "2026-11-27 17:59"),
            ("2026-11-27 18:00", "2026-11-27 18:00"),
            ("2026-11-27 12:00", "2026-11-27 12:00"),  # 3 working hours from 9 end here
            ("2026-11-27 12:01", "2026-11-27 18:00"),
            ("2026-11-27 08:00", "2026-11-27 18:00"),
            ("2026-11-27 18:01", "2026-11-30 18:00"),
            ("2026-11-29 10:00", "2026-11-30 18:00"),
        ],
    )
    def test_moves_to_the_end_of_a_working_day(self, at, due):
        assert shown(BERLIN.deadline(moment(at))) == due

    def test_a_closure_of_weeks_moves_it_and_is_told(self):
        closed = Calendar("Europe/Rome", WEEK, [date(2027, 8, day) for day in range(2, 28)])
        assert shown(closed.deadline(moment("2027-08-10 10:00")), "Europe/Rome") == "2027-08-30 18:00"
        assert list(closed.closures()) == [(date(2027, 7, 31), date(2027, 8, 29))]
        assert list(BERLIN.with_holidays(["2026-12-25", "2026-12-24"]).closures()) == []
        assert list(BERLIN.with_holidays([date.min, date.max, "9998-12-31"]).closures()) == []
        years = Calendar("Europe/Rome", "Sun 9-10", [date.fromordinal(739_000 + day) for day in range(3000)])
        assert len(list(years.closures())) == 1
        assert years.deadline(moment("2024-05-01 00:00")) > moment("2032-01-01 00:00")


ODD_ZONES = ["Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "America/St_Johns"]


def calendars(zones=None):
    holidays = st.lists(st.dates(date(2024, 1, 1), date(2030, 12, 31)), max_size=3)
    return st.builds(
        Calendar, st.sampled_from(zones or [*ZONES, *ODD_ZONES * 20]), st.sampled_from(ODD_HOURS), holidays
    )


@st.composite
def near_a_change(draw, zone):
    """A moment of a whole minute within days of one at which clocks of the zone change, if they do."""
    changes = changes_in_file(zone) or [moment("2027-01-01 00:00", "UTC")]
    return draw(st.sampled_from(changes)) // MINUTE * MINUTE + draw(st.integers(-3 * 1440, 3 * 1440)) * MINUTE


@examples(40)
@given(st.data())
def test_working_time_is_what_the_clock_on_the_wall_shows(data):
    calendar = data.draw(calendars())
    start = data.draw(near_a_change(calendar.zone))
    n_minutes = data.draw(st.integers(0, 1500))
    minutes = [works(calendar, start + k * MINUTE) for k in range(n_minutes)]
    assert [calendar.is_working(start + k * MINUTE) for k in range(n_minutes)] == minutes
    assert calendar.working_seconds(start, start + n_minutes * MINUTE) == 60 * sum(minutes)
    assert calendar.working_seconds(start + n_minutes * MINUTE, start) == -60 * sum(minutes)


@examples(40)
@given(st.data())
def test_working_hours_end_where_a_walk_by_minutes_does(data):
    calendar = data.draw(calendars())
    start = data.draw(near_a_change(calendar.zone))
    hours = data.draw(st.sampled_from([0.5, 1, 2, 3]))
    assume(calendar.working_seconds(start, start + 3 * DAY) >= hours * 3600)  # a walk takes its time
    assert calendar.add(start, Duration(hours, "working hours")) == walked(calendar, start, hours * 60)


@examples(100)
@given(st.data())
def test_working_hours_add_up_and_never_cross(data):
    calendar = data.draw(calendars())
    start = data.draw(near_a_change(calendar.zone)) + data.draw(st.integers(0, 60 * 10**6))
    later = start + data.draw(st.integers(0, 10 * DAY))
    work = Duration(data.draw(st.integers(1, 200)), "working hours")
    end = calendar.add(start, work)
    assert calendar.working_microseconds(start, end) == work.microseconds
    assert calendar.working_microseconds(start, end - 1) == work.microseconds - 1  # not a moment too late
    assert calendar.add(later, work) >= end
    assert calendar.working_seconds(start, later) >= 0


@examples(100)
@given(st.data())
def test_working_hours_before_a_moment_are_the_last_there_are(data):
    calendar = data.draw(calendars())
    end = data.draw(near_a_change(calendar.zone)) + data.draw(st.integers(0, 60 * 10**6))
    work = Duration(data.draw(st.integers(1, 200)), "working hours")
    start = calendar.subtract(end, work)
    assert calendar.working_microseconds(start, end) == work.microseconds
    assert calendar.working_microseconds(start + 1, end) == work.microseconds - 1  # not a moment too early
    assert calendar.add(start, work) <= end


@examples(100)
@given(st.data())
def test_days_keep_the_local_time_in_every_zone(data):
    calendar = data.draw(calendars())
    start = data.draw(near_a_change(calendar.zone))
    days = data.draw(st.integers(1, 400))
    clock, end = wall(start, calendar.zone), wall(calendar.add(start, Duration(days, "days")), calendar.zone)
    if end.replace(tzinfo=None) == clock.replace(tzinfo=None, fold=0) + (date(2000, 1, 2) - date(2000, 1, 1)) * days:
        assert end.fold == 0
    else:  # it does not exist: the first moment after it does
        wanted = clock.replace(tzinfo=None) + (date(2000, 1, 2) - date(2000, 1, 1)) * days
        assert end.replace(tzinfo=None) > wanted
        at = calendar.add(start, Duration(days, "days"))
        assert wall(at - 1, calendar.zone).replace(tzinfo=None) < wanted


@examples(100)
@given(st.data())
def test_deadlines_move_later_to_the_end_of_a_working_day_or_not_at_all(data):
    calendar = data.draw(calendars())
    at = data.draw(near_a_change(calendar.zone)) + data.draw(st.sampled_from([0, 1, 30 * 10**6]))
    due = calendar.deadline(at)
    if calendar.is_working(at) or calendar.is_working(at - 1):
        assert due == at
    else:
        assert due >= at
        assert calendar.is_working(due - 1)
        assert not calendar.is_working(due) or calendar.start_of(calendar.day(due)) == due  # a day ends at midnight
        end_of_day = calendar.start_of(date.fromordinal(calendar.day(due - 1).toordinal() + 1))
        assert calendar.working_microseconds(due, end_of_day) == 0
    assert calendar.deadline(due) == due
    first = calendar.next_working(at)
    assert first >= at
    assert calendar.is_working(first)
    assert calendar.working_microseconds(at, first) == 0


@examples(80)
@given(st.data())
def test_working_days_are_counted_one_by_one(data):
    calendar = data.draw(calendars())
    count = data.draw(st.integers(1, 30))
    start = calendar.next_working(data.draw(near_a_change(calendar.zone)))
    day = calendar.day(start).toordinal()
    left = count
    while left:
        day += 1
        left -= calendar.has_working_day(date.fromordinal(day))
    days = Duration(day - calendar.day(start).toordinal(), "days")
    end = calendar.add(start, Duration(count, "working days"))
    assert end == calendar.add(start, days)
    if calendar.is_working(end):  # else it counts back from work before it
        assert calendar.day(calendar.subtract(end, Duration(count, "working days"))) == calendar.day(start)


@examples(100)
@given(st.data())
def test_more_holidays_never_make_anything_earlier(data):  # invariant 15
    calendar = data.draw(calendars())
    at = data.draw(near_a_change(calendar.zone))
    near = calendar.day(at).toordinal()
    off = data.draw(st.sets(st.integers(near - 1, near + 12), min_size=1, max_size=4))
    closed = calendar.with_holidays(map(date.fromordinal, off))
    assert closed.deadline(at) >= calendar.deadline(at)
    assert closed.next_working(at) >= calendar.next_working(at)
    for unit in ("hours", "days", "working hours", "working days"):
        duration = Duration(data.draw(st.integers(1, 20)), unit)
        assert closed.add(at, duration) >= calendar.add(at, duration)
        if str(calendar.hours) in (WEEK, "Mon-Sun 0-24"):  # where hours are those of each day, also once rounded
            assert closed.deadline(closed.add(at, duration)) >= calendar.deadline(calendar.add(at, duration))


@examples(100)
@given(st.data())
def test_a_later_start_never_brings_an_earlier_end(data):
    calendar = Calendar(data.draw(st.sampled_from([*ZONES, *ODD_ZONES * 20])), WEEK)
    start = data.draw(near_a_change(calendar.zone))
    later = start + data.draw(st.integers(0, 4 * DAY))
    for unit in ("minutes", "hours", "working hours", "working days"):
        duration = Duration(data.draw(st.integers(0, 40)), unit)
        assert calendar.add(later, duration) >= calendar.add(start, duration)
        assert calendar.subtract(later, duration) >= calendar.subtract(start, duration)


@examples(80)
@given(st.data())
def test_a_deadline_is_the_same_instant_whatever_zone_asks(data):  # invariant 11
    calendar = data.draw(calendars())
    asked_in = data.draw(st.sampled_from(ZONES))
    start = data.draw(near_a_change(calendar.zone))
    due = calendar.deadline(calendar.add(start, Duration(3, "days")))
    clock = wall(start, asked_in)
    there = round(clock.timestamp()) * 1_000_000
    assert calendar.deadline(calendar.add(there, Duration(3, "days"))) == due
    fresh = Calendar(calendar.zone, str(calendar.hours), calendar.holidays)  # nothing remembered
    assert fresh.deadline(fresh.add(start, Duration(3, "days"))) == due


def test_working_hours_add_up_around_every_change_of_every_zone():
    for zone in distinct_zones():
        calendar = Calendar(zone, "Mon-Sun 0-3, 22-24; Tue 9-12")
        for change in changes_in_file(zone):
            ends = []
            for start in range(change - 6 * HOUR, change + 6 * HOUR, 97 * MINUTE):
                end = calendar.add(start, Duration(8, "working hours"))
                assert calendar.working_seconds(start, end) == 8 * 3600, zone
                ends.append(end)
            assert ends == sorted(ends), zone


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("Europe/Berlin", WEEK, "2026-12-25"), "holidays: must be a list of days"),
        (("Europe/Berlin", WEEK, ["2026-02-30"]), "holidays: must be days such as \"2026-12-25\"; found '2026-02-30'"),
        (("Europe/Berlin", WEEK, ["20261225"]), "found '20261225'"),
        (("Europe/Berlin", WEEK, [moment("2026-12-25 00:00")]), "holidays: must be days"),
        (("Europe/Berlin", WEEK, [wall(0, "UTC")]), "holidays: must be days"),
        (("Europe/Berlin", WEEK, 7), "holidays: must be a list"),
        ((None, WEEK), "zone: must be the name"),
        ((["Europe/Berlin"], WEEK), "zone: must be the name"),
    ],
)
def test_what_is_no_calendar_is_refused(given, said):
    with pytest.raises(InvalidInput) as caught:
        Calendar(*given)
    assert said in str(caught.value)


def test_the_next_day_of_work_begins_at_midnight():
    friday = moment("2026-11-27 17:00")
    assert shown(BERLIN.next_day(friday)) == "2026-11-30 00:00"
    assert shown(BERLIN.next_midnight(friday)) == "2026-11-28 00:00"
    assert shown(BERLIN.next_day(moment("2026-11-30 00:00"))) == "2026-12-01 00:00"
