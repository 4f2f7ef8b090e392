"""Tables made anew from the log are as they were, whatever is held in memory meanwhile."""

import pytest

from leadopt.desk import rebuilding
from leadopt.desk.book import sql_book
from tests.desk.desks import leads, opened


@pytest.fixture
def desk(tmp_path):
    """A desk at which leads of accounts were given out, worked on, taken back and won, and reps were away and left."""
    desk = opened(tmp_path)
    desk.receive([{"lead_id": n, "account": f"A{n % 3}"} for n in range(9)])
    desk.place()
    for n in range(0, 9, 2):
        desk.follow_up(n)
    desk.absence("Ann", desk.clock.now, desk.clock.now.replace(day=9))
    desk.won(0, value=5.0)
    desk.undo(desk.transfer(2, to="Bo", by="Mia", override="knows_customer"))
    desk.rep_leaves("Cy")
    desk.receive(leads(9))
    return desk


OFTEN = [(300_000, 500, 2_000), (5, 3, 2_000), (300_000, 500, 1), (0, 1, 0)]


@pytest.mark.parametrize(("most", "every", "many"), OFTEN)
def test_it_is_the_same_however_often_records_are_written_and_forgotten(desk, monkeypatch, most, every, many):
    monkeypatch.setattr(rebuilding, "_MOST", most)
    monkeypatch.setattr(rebuilding, "_LOOK_EVERY", every)
    monkeypatch.setattr(sql_book, "_MANY", many)
    found = desk.rebuild()
    assert found.ok, found.differing
    assert found.events == desk.checkpoint().seq
    owned = next(n for n in range(1, 9) if desk.lead(n).owner in ("Ann", "Bo"))
    assert desk.follow_up(owned).ok  # what is known in memory holds afterwards
