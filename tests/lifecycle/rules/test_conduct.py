"""When rewards and restrictions begin and end."""

import pytest

from leadopt.lifecycle.rules.conduct import FIGURES, LEAST, MOST, ends, holds
from tests.lifecycle.rules.test_settings import FULL

GOOD = {"on_time": 0.97, "won_to_expected": 1.2, "complaints": 0, "n": 30}
BAD = {"on_time": 0.4, "won_to_expected": 0.7, "complaints": 3, "n": 30}


def test_a_reward_lasts_while_the_figures_are_good():
    (reward,) = FULL.reward
    assert holds(reward, GOOD)
    assert not ends(reward, GOOD)
    assert not holds(reward, {**GOOD, "n": 19})
    assert ends(reward, BAD)
    assert reward.words == "n >= 20 and on_time >= 0.95 and won_to_expected >= 1"
    assert (reward.then.entitlement, reward.then.claims_per_day) == (1.1, 3)


@pytest.mark.parametrize(("overdue", "lifted"), [(0, True), (2, True), (3, False)])
def test_a_restriction_ends_by_what_lifts_it(overdue, lifted):
    (late,) = FULL.restrict
    assert holds(late, BAD)
    assert ends(late, {**BAD, "overdue": overdue}) == lifted
    assert late.words == "late"
    assert late.then.new_leads is False


def test_bounds_are_those_of_the_page():
    assert (LEAST, MOST) == (0.5, 1.25)
    assert FIGURES == ("on_time", "won_to_expected", "complaints", "n")
