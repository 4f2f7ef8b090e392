"""What is drawn before anybody decides: as many leads as asked for, people who come and go, shares as set."""

import numpy as np
import pytest

from leadopt.errors import InvalidInput
from leadopt.evaluate import Quarter
from leadopt.evaluate.quarters.world import World


def drawn(seed=0, **settings):
    return World.draw(Quarter(**settings), np.random.default_rng(seed))


def test_leads_come_on_working_days_with_a_peak_before_noon():
    world = drawn(weeks=13, leads_a_day=20)
    day, hour = np.divmod(world.arrived, 24)
    assert ((day % 7) < 5).all()
    assert 20 * 130 * 0.9 < len(day) < 20 * 130 * 1.1
    by_day = np.unique(day, return_counts=True)[1]
    assert by_day.min() < 17
    assert by_day.max() > 24
    assert (hour >= 8).all() and (hour <= 20).all()
    assert ((hour >= 10) & (hour < 12)).mean() > ((hour >= 12) & (hour < 14)).mean()


def test_in_either_quarter_somebody_leaves_in_the_middle_and_somebody_comes():
    people = drawn(weeks=8, n_reps=6, leaves=1).people
    assert len(people.names) == 8
    assert sorted(np.isfinite(people.left).nonzero()[0]) == [4, 5]
    for quarter, (leaves, comes) in enumerate(((5, 6), (4, 7))):
        begin, end = quarter * 8 * 168, (quarter + 1) * 8 * 168
        assert begin < people.left[leaves] < people.joined[comes] < end
    counts = [
        sum(people.is_there(rep, week * 168 + 9.0) or bool(people.away[rep]) for rep in range(8)) for week in (1, 15)
    ]
    assert min(counts) >= 5


def test_nobody_is_ill_or_leaves_where_it_is_set_so():
    people = drawn(ill=0.0, leaves=0).people
    assert people.away == ((),) * 12
    assert np.isinf(people.left).all()


def test_who_is_ill_acts_when_back_and_who_left_never():
    world = drawn(seed=3, weeks=13)
    rep = next(rep for rep, spells in enumerate(world.people.away) if spells)
    begin, end = world.people.away[rep][0]
    at = world.people.acts(rep, begin - 1.0, 4.0)
    assert at >= end or at >= world.people.left[rep]
    leaver = int(np.isfinite(world.people.left).argmax())
    assert world.people.acts(leaver, float(world.people.left[leaver]) - 1.0, 8.0) == np.inf


def test_shares_are_about_as_set():
    world = drawn(weeks=26, bad_leads=0.1, key_accounts=0.05, forgets=0.2, n_reps=40)
    assert world.bad.mean() == pytest.approx(0.1, abs=0.02)
    assert world.key.mean() == pytest.approx(0.05, abs=0.015)
    assert world.people.forgets.mean() == pytest.approx(0.2, abs=0.06)
    assert world.people.forgets.std() > 0.05


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"weeks": 0}, "quarter.weeks: must be a whole number, 1 or more; found 0"),
        ({"n_reps": 1.5}, "quarter.n_reps: must be a whole number, 2 or more; found 1.5"),
        ({"leaves": 12}, "quarter.leaves: must be below n_reps, 12; found 12"),
        ({"forgets": 1.2}, "quarter.forgets: must be a share from 0 to 1; found 1.2"),
        ({"half_life_days": 0}, "quarter.half_life_days: must be a number above 0; found 0"),
        ({"strengths": 3}, "quarter.strengths: must be leadopt.truth.Strengths(...); found 3"),
    ],
)
def test_what_no_floor_can_be_is_refused(settings, says):
    with pytest.raises(InvalidInput) as refused:
        Quarter(**settings)
    assert str(refused.value) == says
