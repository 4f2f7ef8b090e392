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


FEBRUARY = Period(first="2026-02-01", last="2026-02-28")


def with_chances(known, chance):
    return replace(known, owned=replace(known.owned, chance=np.full(len(known.owned.rep), chance)))


def counted(known, period=FEBRUARY):
    """How many leads came in a period, are open, and were won, lead by lead; each of the floor has one owner."""
    n = still_open = won = 0
    for k, lead in enumerate(known.owned.lead.tolist()):
        if period.start <= known.leads.received[lead] < period.end:
            n += 1
            still_open += known.owned.exit[k] == ""
            won += known.owned.exit[k] == "won"
    return n, still_open, won


def verdict(n, still_open, won, chance):
    low = chi2.ppf(0.05, 2 * won) / 2 if won else 0.0
    high = chi2.ppf(0.95, 2 * (won + still_open) + 2) / 2
    if low > n * chance:
        return "The model has drifted and promises too little: "
    if high < n * chance:
        return "The model has drifted and promises too much: "
    if 2 * still_open > n or n * chance <= chi2.ppf(0.95, 2) / 2:
        return "Whether the model's chances hold is not known yet: "
    return "No drift of the model shows: "


@pytest.mark.parametrize("now", ["2026-03-04T12:00", "2026-05-01T12:00"])
@pytest.mark.parametrize("chance", [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9])
def test_a_month_says_whether_the_chances_that_leads_were_given_out_by_still_hold(chance, now):
    known = with_chances(facts(300, now), chance)
    told = monthly(known, FEBRUARY)
    n, still_open, won = counted(known)
    assert len(told.sentences) == 4
    assert told.sentences[3].startswith(
        f"{verdict(n, still_open, won, chance)}of {n} leads that came and were given out with a chance, {still_open} "
        f"{'is' if still_open == 1 else 'are'} still open and {won} {'is' if won == 1 else 'are'} won; their chances "
        f"promised {n * chance:.3g} wins"
    )
    assert told.summary().endswith(told.sentences[3])


@pytest.mark.parametrize("sooner", ["won", "lost"])
def test_a_young_desk_whose_wins_and_losses_take_different_times_does_not_seem_to_drift(sooner):
    # A tenth of all leads is won and that is what was promised; the other outcome takes three months.
    rows = [
        {
            "rep_id": "Ann",
            "assigned_at": at(28 * k / 200),
            "at": at(28 * k / 200 + (3 if (k % 10 == 0) == (sooner == "won") else 90)),
            "converted": k % 10 == 0,
        }
        for k in range(200)
    ]
    month = Period.weeks("2026-01-05", 4)
    for days in (31, 60, 90, 130):
        told = [{**row, **({} if row["at"] <= at(days) else {"at": None, "converted": None})} for row in rows]
        said = monthly(with_chances(facts_of_history(told, now=at(days)), 0.1), month).sentences[3]
        assert "drifted" not in said
        assert said.startswith("No drift") == (days == 130 or sooner == "lost")
    assert "0 are still open and 20 are won; their chances promised 20 wins (90% interval 0.663" in said


def test_one_lead_is_spoken_of_as_one():
    rows = [{"rep_id": "Ann", "assigned_at": at(1), "at": at(2), "converted": True}]
    known = with_chances(facts_of_history(rows, now=at(40)), 0.5)
    said = "Whether the model's chances hold is not known yet: of 1 lead that came and was given out with a chance, "
    assert monthly(known, Period.weeks("2026-01-05", 4)).sentences[3] == (
        f"{said}0 are still open and 1 is won; their chances promised 0.5 wins."
    )


def test_where_no_lead_had_a_chance_it_says_so():
    told = monthly(with_chances(facts(), np.nan))
    said = "Whether the model's chances hold is not known: no lead that came then was given out with a chance."
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
