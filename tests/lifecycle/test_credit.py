"""Credit is conserved: through fading, clock changes, new rules, reversals, leaving and coming back."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.lifecycle import commands
from leadopt.lifecycle.credit import split
from leadopt.lifecycle.denied import Denied
from tests.lifecycle.worlds import RULES, World
from tests.strategies import examples


def test_what_is_received_is_split_by_weights_of_who_is_entitled():
    assert split({"leads": 2.0, "value": 0.0}, {"ann": 3.0, "bo": 1.0, "cy": 0.0}) == {"leads": {"ann": 1.5, "bo": 0.5}}
    assert split({"leads": 2.0}, {}) == {}


def test_a_debt_is_half_after_a_half_life_whatever_the_clocks_do():
    world = World(at="2026-03-02 09:00")  # clocks change in between
    world.held("ann")
    owed = world.credit()["ann"]
    world.at += 90 * 24 * 3600 * 1_000_000
    assert world.credit()["ann"] == pytest.approx(owed / 2)


@examples(15)
@given(
    st.lists(
        st.tuples(st.sampled_from(["give", "transfer", "rules", "leave", "return"]), st.integers(0, 40)), max_size=12
    )
)
def test_all_accounts_add_up_to_nothing_whatever_happens(acts):
    """The world asserts it after every command; the half-life changes meanwhile, between acts that book and not."""
    world = World(["ann", "bo", "cy"])
    lead = world.held("ann")
    for act, days in acts:
        world.wait(f"{days} days")
        if act == "give":
            world.place(world.receive())
        elif act == "transfer":
            owner = world.owner(lead)
            to = next(rep for rep in ("bo", "ann", "cy") if rep != owner)
            with suppress(Denied):
                world.do(world.manager("Transfer", lead, to=to, override="test"))
        elif act == "rules":
            half_life = "off" if days % 3 == 0 else f"{days + 1} days"
            data = {**RULES, "credit": {"half_life": half_life}}
            world.do(commands.SetRules(by="root", role="admin", data=data))
        elif act == "leave":
            world.do(commands.RepLeaves(by="root", role="admin", rep="cy"))
        else:
            world.do(commands.RepReturns(by="root", role="admin", rep="cy"))
    assert sum(world.credit().values()) == pytest.approx(0, abs=1e-9)


def test_credit_evens_out_what_reps_get_over_time():
    world = World(checked=False, weight_of={"ann": 2.0}, rules={"credit": {"half_life": "off"}})
    for _ in range(40):
        world.place(world.receive())
    assert [world.load(rep) for rep in ("ann", "bo", "cy")] == [20, 10, 10]
