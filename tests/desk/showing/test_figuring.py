"""Figures of a desk on disk: people by their names, days in its time, and what stood in a CRM before it."""

from datetime import timedelta

import polars as pl
import pytest

from leadopt import InvalidInput
from leadopt.desk.figures import Period, facts_of_book, facts_of_history, metrics
from tests.desk.desks import MONDAY, leads, opened, owner, records
from tests.lifecycle.worlds import World


def worked(folder, n=3):
    """A desk after a week: leads that came, the first of them answered after two hours."""
    desk = opened(folder)
    desk.receive(leads(*range(n)))
    desk.place()
    desk.clock.now = MONDAY + timedelta(hours=2)
    desk.follow_up(0, by=owner(desk, 0), kind="call")
    desk.clock.now = MONDAY + timedelta(days=7)
    return desk


def test_figures_name_people_as_users_do(tmp_path):
    told = worked(tmp_path).metrics(("2026-03-02", "2026-03-08"))
    assert told.figure("arrived").value == 3
    assert told.figure("response_median").shown == "not yet known"
    assert {one.rep for one in told.reps} <= {"Ann", "Bo", "Cy"}
    assert sum(one.in_time for one in told.reps) == 1
    assert sum(one.due for one in told.reps) == 3


def test_figures_come_as_the_users_kind_of_table(tmp_path):
    desk = opened(tmp_path)
    desk.receive(pl.DataFrame({"lead_id": ["a", "b"]}))
    assert isinstance(desk.metrics(("2026-03-02", "2026-03-02")).frame(), pl.DataFrame)


def test_reports_are_of_the_last_week_and_month(tmp_path):
    desk = worked(tmp_path)
    assert desk.weekly().period == "2026-03-02 to 2026-03-08"
    assert desk.weekly().sentences[0].startswith("3 leads came from 2026-03-02 to 2026-03-08")
    desk.clock.now = MONDAY + timedelta(days=40)
    assert desk.monthly().period == "2026-03-01 to 2026-03-31"


def test_a_crms_history_is_before(tmp_path):
    desk = worked(tmp_path)
    at = MONDAY - timedelta(days=5)
    history = [{"rep_id": "Ann", "assigned_at": at, "first_response_at": at + timedelta(hours=k)} for k in range(1, 6)]
    earlier = facts_of_history(history, now=MONDAY, zone="Europe/Berlin")
    before = Period(first="2026-02-23", last="2026-03-01", zone="Europe/Berlin")
    told = desk.before_after(before, ("2026-03-02", "2026-03-08"), earlier=earlier)
    assert told.row("utilised").before == 1.0
    assert told.row("utilised").after == pytest.approx(1 / 3)
    assert (told.row("utilised").n_before, told.row("utilised").n_after) == (5, 3)


def test_a_desk_on_disk_tells_as_its_records_in_memory_do(tmp_path):
    desk = worked(tmp_path, n=5)
    world = World(reps=())
    for found in records(desk).values():
        for record in found:
            world.book.put(record)
    in_memory = facts_of_book(world.book, desk.facts().known_until)
    period = Period(first="2026-03-02", last="2026-03-08", zone="Europe/Berlin")
    one, other = metrics(in_memory, period), desk.metrics(period)
    assert repr(one.figures) == repr(other.figures)


def test_what_is_no_period_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="period: must be a Period, or its first and last day; found '2026-03-02'"):
        opened(tmp_path).metrics("2026-03-02")
