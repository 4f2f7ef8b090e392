"""Reps who never have leads at the same time are in different teams, and all who do are in one."""

import numpy as np
import pytest

from leadopt.evaluate.history.teams import teams


@pytest.mark.parametrize("n_teams, n_reps", [(2, 8), (4, 12), (2, 300), (3, 3)])
def test_teams_that_never_meet_are_told_apart(n_teams, n_reps):
    rng, n = np.random.default_rng(0), 6000
    period, of_team = np.arange(n) // 20, n_reps // n_teams
    rep = period % n_teams * of_team + rng.integers(of_team, size=n)
    found = teams(rep, period)
    assert [len(set(found[k * of_team : (k + 1) * of_team].tolist())) for k in range(n_teams)] == [1] * n_teams
    assert len(set(found.tolist())) == n_teams
    assert not teams(rng.permutation(rep), period).any()


@pytest.mark.parametrize("leads", [2, 5, 20])
def test_reps_with_few_leads_by_lot_are_one_team(leads):
    rng, n = np.random.default_rng(leads), 3000
    rep = rng.permutation(np.arange(n) // leads)
    assert not teams(rep, np.arange(n) // 20).any()


def test_shifts_that_change_within_a_period_are_told_apart_all_the_same():
    """Every 30 days another team, and periods are weeks."""
    rng, day = np.random.default_rng(0), np.arange(3600) // 10
    rep = rng.integers(4, size=3600) + 4 * (day // 30 % 2)
    found = teams(rep, day // 7)
    assert len(set(found[:4].tolist())) == len(set(found[4:].tolist())) == 1 and found[0] != found[4]


def test_one_rep_and_none():
    assert teams(np.zeros(30, dtype=np.int64), np.arange(30)).tolist() == [0]
    assert teams(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)).tolist() == []


def test_in_one_period_all_meet():
    assert teams(np.arange(60) % 4, np.zeros(60, dtype=np.int64)).tolist() == [0] * 4
