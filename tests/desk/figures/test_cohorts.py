"""Conversion by week: counted where it is over, and what is foretold of young weeks holds as often as it says."""

import numpy as np
import pytest

from leadopt.desk.figures import Period, facts_of_history
from leadopt.desk.figures.cohorts import cohorts
from tests.desk.figures.floors import DAY, START, at, floor, held, micro

LEVEL = 0.9
EIGHT = Period.weeks("2026-01-05", 8)


@pytest.mark.parametrize("differ", [False, True], ids=["weeks alike", "weeks that differ"])
def test_what_is_foretold_comes_true_as_often_as_it_says(differ):
    rng, hits, widths = np.random.default_rng(12), [], []
    for _ in range(40):
        rates = rng.beta(6, 24, 12) if differ else np.full(12, 0.2)
        came = np.sort(rng.random(400) * 84.0)
        won = rng.random(400) < rates[(came // 7).astype(int)]
        settled = came + np.where(won, rng.gamma(3.0, 4.0, 400), rng.gamma(2.0, 6.0, 400))
        rows = [
            {"rep_id": "Ann", "assigned_at": at(a), "at": at(b), "converted": bool(w)}
            for a, b, w in zip(came.tolist(), settled.tolist(), won.tolist(), strict=True)
        ]
        whole = facts_of_history(rows, now="2027-01-01")
        known = whole.known_at(micro(START) + 84 * round(DAY))
        period = Period.weeks("2026-01-05", 12)
        told = cohorts(known, period, LEVEL, within_days=30)
        truth = cohorts(whole, period, LEVEL, within_days=30)
        for young, over in zip(told.weeks, truth.weeks, strict=True):
            assert over.is_over
            if young.is_over:
                assert (young.conversion, young.won) == (over.conversion, over.won)
                assert young.low == young.high == young.conversion
            else:
                hits.append(held(over.conversion, young))
                widths.append((young.maturity, young.high - young.low))
    assert 0.88 < np.mean(hits) < 0.99, np.mean(hits)
    mature, width = np.array(widths).T
    assert width[mature > 0.9].mean() < width[mature < 0.3].mean() / 2


def test_without_young_leads_nothing_is_foretold():
    rng = np.random.default_rng(3)
    facts = facts_of_history(floor(rng, 200, days=28.0), now="2026-06-01")
    told = cohorts(facts, Period.weeks("2026-01-05", 4), LEVEL)
    won = sum(bool(row["converted"]) for row in floor(np.random.default_rng(3), 200, days=28.0))
    assert all(week.is_over and week.maturity == 1.0 for week in told.weeks)
    within = told.horizon_days * DAY
    facts_won = np.sum(facts.leads.won - facts.leads.received <= within)
    assert sum(week.won for week in told.weeks) == facts_won <= won
    assert 0 < told.usual_days < told.horizon_days


def test_the_horizon_is_where_nine_in_ten_wins_have_come():
    rows = [
        {"rep_id": "Ann", "assigned_at": at(0), "at": at(day + 0.5), "converted": day < 10} for day in range(20)
    ]  # wins on days 0 to 9
    told = cohorts(facts_of_history(rows, now="2026-03-01"), EIGHT, LEVEL)
    assert told.horizon_days == 9.0
    assert told.usual_days == pytest.approx(4.5)
    assert told.weeks[0].won == 9  # the last comes after it


def test_where_nothing_is_won_nothing_is_told():
    rows = [{"rep_id": "Ann", "assigned_at": at(0), "at": at(1), "converted": False}]
    told = cohorts(facts_of_history(rows), EIGHT, LEVEL)
    assert told.weeks == ()
    assert np.isnan(told.horizon_days)
    undated = facts_of_history([{"rep_id": "Ann", "assigned_at": at(0)}])
    assert cohorts(undated, EIGHT, LEVEL).weeks == ()


def test_no_more_are_foretold_than_are_open():
    rng = np.random.default_rng(1)
    rows = floor(rng, 300, days=56.0)
    lost = [{**row, "at": at(55.9), "converted": False} if row["at"] is None else row for row in rows]
    told = cohorts(facts_of_history(lost, now="2026-03-02"), EIGHT, LEVEL)
    for week in told.weeks:
        assert week.conversion == week.high == week.low == week.won / week.arrived


def test_one_who_is_neither_won_nor_lost_does_not_end_a_week():
    facts = facts_of_history(
        [
            {"rep_id": "Ann", "assigned_at": at(0), "at": at(3), "converted": True},
            {"rep_id": "Ann", "assigned_at": at(1), "at": None, "converted": None},
        ],
        now="2026-01-12",
    )
    week = cohorts(facts, EIGHT, LEVEL, within_days=10).weeks[0]
    assert (week.arrived, week.won, week.is_over) == (2, 1, False)
    assert 0.5 <= week.low <= week.conversion <= week.high <= 1.0
