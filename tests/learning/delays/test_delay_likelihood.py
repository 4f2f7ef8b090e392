"""The posterior of delays, against itself differentiated by numbers, and against a lead at a time."""

from dataclasses import replace

import numpy as np
import pytest

from leadopt.learning.delays.delay_likelihood import DelayLikelihood
from leadopt.learning.delays.delays import LOST, WON, learn_delays
from tests.learning.test_delays import ages_of, simulated

AGES = ages_of(simulated(1, 45, 15, n=400, n_reps=4, never=0.1))
DELAYS = learn_delays(AGES)[0]
TOLD = DelayLikelihood.of(AGES, DELAYS)


@pytest.mark.parametrize("never", [1e-4, 0.1, 0.5])
def test_steps_go_to_where_the_posterior_is_highest_and_roots_are_of_its_curvature(never):
    angle, (point, root) = np.arcsin(np.sqrt([never])), TOLD.likeliest(never, TOLD.start(-0.5))

    def rises(directions, step=1e-3):
        return [TOLD.log_posterior(angle.repeat(len(point)), point + way * step * directions) for way in (1.0, -1.0)]

    high, low = rises(np.eye(len(point)))
    assert (high - low) / 2e-3 == pytest.approx(0.0, abs=0.05)
    high, low = rises(root.T)
    assert (high + low - 2 * TOLD.log_posterior(angle, point[None])[0]) / 1e-6 == pytest.approx(-1.0, abs=0.02)


def test_hazards_are_those_of_delays_in_the_bins_of_all_outcomes():
    hazards = TOLD.hazards(TOLD.start(0.0)[None])[0]
    assert hazards.shape == (2, len(DELAYS.starts))
    for y in (LOST, WON):
        assert hazards[y].min() > 0.0 and len(np.unique(hazards[y])) <= TOLD.n_hazards[y] <= 6


def test_a_lead_that_came_before_history_tells_of_ends_is_there_only_as_it_was_open_then():
    entry, open_entry = (30 * (days >= 30) for days in (AGES.days, AGES.open_days))
    cut = DelayLikelihood.of(replace(AGES, entry=entry, open_entry=open_entry), DELAYS)
    never, point = 0.1, TOLD.start(-0.4)[None]
    angle = np.arcsin(np.sqrt([never]))
    some = replace(DELAYS, hazards=TOLD.hazards(point)[0], paces=np.ones((2, 1)), never=never)
    lost, won = (some.still_open(y, np.array([29]), np.zeros(1, dtype=np.int64))[0] for y in (LOST, WON))
    p = 1 / (1 + np.exp(0.4))
    still_open = (1 - never) * (p * won + (1 - p) * lost) + never
    n = AGES.count[entry > 0].sum() + AGES.open_count[open_entry > 0].sum()
    divided = TOLD.log_posterior(angle, point) - cut.log_posterior(angle, point)
    assert divided == pytest.approx(n * np.log(still_open), rel=1e-6)
