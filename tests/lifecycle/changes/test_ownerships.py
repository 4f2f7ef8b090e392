"""What an ownership keeps of how it began and ended."""

import pytest

from leadopt.lifecycle.records import Ownership
from tests.lifecycle.worlds import World


@pytest.mark.parametrize(
    ("command", "facts", "exit_", "reason"),
    [
        ("Refuse", {"reason": "wrong_segment"}, "refused", "wrong_segment"),
        ("Release", {"reason": "no_time"}, "released", "no_time"),
        ("Lose", {"reason": "too_dear"}, "lost", "too_dear"),
        ("Win", {}, "won", None),
    ],
)
def test_it_keeps_why_it_ended(command, facts, exit_, reason):
    world = World()
    lead = world.held("ann")
    world.do(world.by_rep(command, lead, "ann", **facts))
    first = world.ownerships(lead)[0]
    assert (first.exit, first.reason) == (exit_, reason)


def test_it_keeps_why_a_manager_closed_or_parked_the_lead():
    world = World()
    closed, parked = world.held("ann"), world.held("bo")
    world.do(world.manager("Close", closed, reason="spam"))
    world.do(world.manager("Park", parked, until=world.at + 10**12, reason="on_leave"))
    assert [world.ownerships(lead)[0].reason for lead in (closed, parked)] == ["spam", "on_leave"]


def test_it_keeps_that_it_began_by_an_override():
    world = World(max_open=1)
    world.held("ann")
    forced, placed = world.held("ann"), world.receive()
    world.place(placed)
    told: list[Ownership] = [*world.ownerships(forced), *world.ownerships(placed)]
    assert [one.override for one in told] == ["test", None]
