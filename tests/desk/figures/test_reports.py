"""Reports of weeks and months: three sentences, the lines behind them, and which period is meant."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from leadopt import InvalidInput
from leadopt.desk.figures import Period, facts_of_history, monthly, weekly
from tests.desk.figures.floors import at, floor

NOW = "2026-03-04T12:00"


def facts(n=120, now=NOW):
    return facts_of_history(floor(np.random.default_rng(1), n), now=now)


def test_a_weekly_report_is_of_the_last_whole_week():
    told = weekly(facts())
    assert told.period == "2026-02-23 to 2026-03-01"
    assert monthly(facts()).period == "2026-02-01 to 2026-02-28"
    assert weekly(facts(now="2026-03-02T00:00")).period == "2026-02-23 to 2026-03-01"


def test_three_sentences_say_what_came_how_soon_and_what_was_won():
    rows = floor(np.random.default_rng(1), 120)
    told = weekly(facts(), Period.weeks("2026-01-12", 1))
    came = [row for row in rows if at(7) <= row["assigned_at"] < at(14)]
    won = [row for row in rows if row["converted"] and at(7) <= row["at"] < at(14)]
    reps = [row["rep_id"] for row in came]
    most = max(reps.count(rep) for rep in set(reps))
    first, second, third = told.sentences
    assert first.startswith(f"{len(came)} leads came from 2026-01-12 to 2026-01-18; leads were given out {len(came)}")
    assert f"({most})." in first
    assert second.startswith("Half of them were answered within ")
    assert third == f"{len(won)} won; what went back is not known: history does not tell of it."
    assert told.summary() == " ".join(told.sentences)


def test_lines_are_how_many_of_what():
    told = weekly(facts(), Period.weeks("2026-01-12", 1))
    came = {line.of: line.n for line in told.lines if line.what == "came"}
    given = {line.of: line.n for line in told.lines if line.what == "given"}
    assert sum(came.values()) == sum(given.values()) == told.metrics.figure("arrived").value
    assert came.keys() == {"web", "fair"}


def test_a_month_says_how_even_every_week_was():
    told = monthly(facts())
    assert [day for day, _ in told.evenness] == ["2026-02-01", "2026-02-08", "2026-02-15", "2026-02-22"]
    assert all(0.0 <= value < 1.0 for _, value in told.evenness)
    assert "Gini of leads received" in str(told)


@pytest.mark.parametrize("chance", [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9])
def test_a_month_says_whether_the_chances_that_leads_were_given_out_by_still_hold(chance):
    known = facts(300)
    owned = known.owned
    told = monthly(replace(known, owned=replace(owned, chance=np.full(len(owned.rep), chance))))
    days = Period(first="2026-02-01", last="2026-02-28")
    ended = (owned.until >= days.start) & (owned.until < days.end) & np.isin(owned.exit, ["won", "lost"])
    n, won = int(ended.sum()), int((ended & owned.won).sum())
    ratio = won / (n * chance)
    low, high = chi2.ppf(0.05, 2 * won) / (2 * n * chance), chi2.ppf(0.95, 2 * won + 2) / (2 * n * chance)
    drifts = "The model has drifted and promises too "
    said = f"{drifts}little" if low > 1 else f"{drifts}much" if high < 1 else "No drift of the model shows"
    assert len(told.sentences) == 4
    assert told.sentences[3].startswith(
        f"{said}: {ratio:.3g} wins for each that was promised of {n} leads that were won or lost ("
    )
    assert told.summary().endswith(told.sentences[3])


def test_as_many_wins_as_were_promised_are_one_win_for_each():
    known = facts(300)
    owned, days = known.owned, Period(first="2026-02-01", last="2026-02-28")
    ended = (owned.until >= days.start) & (owned.until < days.end) & np.isin(owned.exit, ["won", "lost"])
    rate = (ended & owned.won).sum() / ended.sum()
    told = monthly(replace(known, owned=replace(owned, chance=np.full(len(owned.rep), rate))))
    assert told.sentences[3].startswith("No drift of the model shows: 1 win for each that was promised of ")


def test_where_no_lead_with_a_chance_ended_it_says_so():
    known = facts()
    told = monthly(replace(known, owned=replace(known.owned, chance=np.full(len(known.owned.rep), np.nan))))
    said = "Whether the model's chances hold is not known: no lead that was given out with a chance was won or lost."
    assert told.sentences[3] == said


def test_where_no_chance_is_known_nothing_is_said_of_drift():
    assert monthly(facts()).sentences[3] == ("Whether the model's chances hold is not known: nothing tells of chance.")
    assert len(weekly(facts()).sentences) == 3


def test_a_week_without_anything_says_so():
    told = weekly(facts(now="2026-04-20T00:00"), Period.weeks("2026-04-13", 1))
    assert told.sentences[0] == "0 leads came from 2026-04-13 to 2026-04-19, and none was given to a rep."
    assert told.sentences[1] == "How soon they were answered is not known: none was given to a rep."


def test_where_few_are_answered_it_says_so():
    rows = [{"rep_id": "Ann", "assigned_at": at(k), "first_response_at": at(1) if k == 0 else None} for k in range(5)]
    told = weekly(facts_of_history(rows, now="2026-01-12T00:00"))
    assert told.sentences[1].startswith("Fewer than half of them have been answered so far; ")


def test_it_prints_and_is_json_and_a_frame():
    told = monthly(facts())
    data = json.loads(told.to_json())
    assert data["sentences"] == list(told.sentences)
    assert data["metrics"]["figures"][0]["name"] == "arrived"
    assert "<table>" in told._repr_html_()
    assert told.frame()[0]["what"] == "came"


@pytest.mark.parametrize(
    ("make", "period", "said"),
    [
        (weekly, Period(first="2026-01-05", last="2026-01-12"), "period: must have 7 days; found 8 days, "),
        (monthly, Period.weeks("2026-01-05", 1), "period: must have 28 days or more; found 7 days, "),
    ],
)
def test_a_period_of_another_length_is_refused(make, period, said):
    with pytest.raises(InvalidInput) as error:
        make(facts(), period)
    assert said in str(error.value)
