"""Figures against ones counted row by row; what order, splits of periods and unanswered leads may change."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import InvalidInput
from leadopt.desk.figures import Period, facts_of_history, metrics
from leadopt.lifecycle.calendar import Calendar
from leadopt.metrics import gini
from tests.desk.figures.floors import DAY, HOUR, START, at, micro, rows
from tests.strategies import examples

WHOLE = Period(first="2026-01-05", last="2026-02-15")
NOW = at(60)


def facts_of(history, **options):
    end = max([NOW, *(row[name] for row in history for name in ("first_response_at", "at") if row.get(name))])
    return facts_of_history(history, now=end + timedelta(hours=1), **options)


def found(history, period=WHOLE, **options):
    return metrics(facts_of(history), period, **options)


def values(result):
    return {one.name: (one.value, one.low, one.high, one.n) for one in result.figures}


@examples(25)
@given(rows())
def test_counts_are_those_of_the_rows(history):
    told = found(history)
    end = micro(START) + 42 * DAY
    leads = {row["lead_id"]: row for row in history}
    won = [row for row in history if row["converted"] and micro(row["at"]) < end]
    assert told.figure("arrived").value == len(leads)
    assert told.figure("given").value == sum(micro(row["assigned_at"]) < end for row in history)
    assert told.figure("won").value == len(won)
    given_out = [row for row in history if micro(row["assigned_at"]) < end]
    if given_out:
        complaints = sum(row["complaints"] for row in given_out)
        assert told.figure("complaints").value == pytest.approx(complaints / len(given_out))
        reps = [row["rep_id"] for row in given_out]
        assert told.figure("gini_leads").value == pytest.approx(gini([reps.count(rep) for rep in set(reps)]))
    assert {one.rep: one.given for one in told.reps if one.given} == {
        rep: sum(row["rep_id"] == rep for row in given_out) for rep in {row["rep_id"] for row in given_out}
    }


@examples(25)
@given(rows())
def test_first_follow_ups_in_time_are_counted_where_they_had_to_come(history):
    facts = facts_of(history)
    told = metrics(facts, WHOLE)
    had_to = in_time = 0
    for row in history:
        following = [
            other["assigned_at"]
            for other in history
            if other["lead_id"] == row["lead_id"] and history.index(other) > history.index(row)
        ]
        ends = [moment for moment in (row["at"], *following) if moment]
        answered = row["first_response_at"]
        over = bool(ends) and min(ends) < row["due_at"]
        if micro(row["assigned_at"]) < micro(START) + 42 * DAY and (answered or not over):
            had_to += 1
            in_time += bool(answered and answered <= row["due_at"])
    figure = told.figure("in_time")
    assert figure.n == had_to
    assert np.isnan(figure.value) if not had_to else figure.value == pytest.approx(in_time / had_to)
    assert sum(one.due for one in told.reps) == had_to
    assert sum(one.in_time for one in told.reps) == in_time


@examples(25)
@given(rows())
def test_where_all_are_answered_the_median_is_that_of_the_waits(history):
    for row in history:
        row["first_response_at"] = row["first_response_at"] or row["assigned_at"] + timedelta(hours=300)
    waits = sorted(
        (row["first_response_at"] - row["assigned_at"]) / timedelta(hours=1)
        for row in history
        if micro(row["assigned_at"]) < micro(START) + 42 * DAY
    )
    told = found(history).figure("rep_response_median")
    if waits:
        assert told.value == pytest.approx(waits[(len(waits) - 1) // 2])


@examples(25)
@given(rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_nothing(history, random):
    for lead in {row["lead_id"] for row in history}:  # two owners at one moment have no order of their own
        own = [row for row in history if row["lead_id"] == lead]
        if len({row["assigned_at"] for row in own}) < len(own):
            return
    mixed = list(history)
    random.shuffle(mixed)
    one, other = found(history), found(mixed)
    for name, told in values(one).items():
        assert told == pytest.approx(values(other)[name], nan_ok=True), name
    assert {rep.rep: rep.given for rep in one.reps} == {rep.rep: rep.given for rep in other.reps}
    assert [(week.first, week.won) for week in one.weeks] == [(week.first, week.won) for week in other.weeks]


@examples(25)
@given(rows(), st.integers(1, 41))
def test_figures_of_a_split_period_add_up(history, days):
    facts = facts_of(history)
    parts = [
        metrics(facts, period)
        for period in (
            Period(first=WHOLE.first, last=WHOLE.first + timedelta(days - 1)),
            Period(first=WHOLE.first + timedelta(days), last=WHOLE.last),
        )
    ]
    whole = metrics(facts, WHOLE)
    for name in ("arrived", "given", "won", "bad"):
        assert sum(part.figure(name).value for part in parts) == whole.figure(name).value
    for name in ("utilised", "rep_response_median", "in_time", "conversion", "complaints"):
        assert sum(part.figure(name).n for part in parts) == whole.figure(name).n
    for name in ("given", "won", "due", "in_time", "complaints"):
        of_parts = [sum(getattr(rep, name) for rep in part.reps) for part in parts]
        assert sum(of_parts) == sum(getattr(rep, name) for rep in whole.reps)


@examples(25)
@given(rows(), st.integers(0, 39))
def test_a_lead_that_nobody_answered_makes_no_figure_better(history, day):
    unanswered = {"first_response_at": None, "at": None, "converted": None, "complaints": 0, "source": "web"}
    came = {name: at(day) for name in ("received_at", "assigned_at")}
    more = [*history, {"lead_id": "new", "rep_id": "Ann", **came, "due_at": at(day + 3), **unanswered}]
    before, after = found(history), found(more)
    for name in ("response_median", "response_p90", "rep_response_median", "rep_response_p90"):
        assert after.figure(name).value >= before.figure(name).value or np.isnan(before.figure(name).value)
    for name in ("utilised", "answered_soon", "in_time"):
        better = after.figure(name).value - before.figure(name).value
        assert better <= 1e-12 or np.isnan(better)


@examples(25)
@given(rows())
def test_idle_days_are_those_before_the_first_follow_up_and_between_owners(history):
    facts = facts_of(history)
    figure = metrics(facts, WHOLE).figure("idle_share")
    hours = range(42 * 24)
    start, total, idle = micro(START), 0, 0
    for lead in {row["lead_id"] for row in history}:
        own = [row for row in history if row["lead_id"] == lead]
        came = min(micro(row["received_at"]) for row in own)
        ends = [micro(row["at"]) for row in own if row["at"]]
        for hour in hours:
            moment = start + hour * HOUR
            if came <= moment and all(moment < end for end in ends):
                total += 1
                idle += not any(_in_work(row, own[k + 1 :], moment) for k, row in enumerate(own))
    assert np.isnan(figure.value) if not total else figure.value == pytest.approx(idle / total, abs=1e-9)


def _in_work(row, following, moment):
    ends = [micro(other["assigned_at"]) for other in following] + ([micro(row["at"])] if row["at"] else [])
    answered = row["first_response_at"]
    begun = answered is not None and max(micro(answered), micro(row["assigned_at"])) <= moment
    return begun and all(moment < end for end in ends)


def history_of(*hours, rep="Ann"):
    """Leads of 9 o'clock, one a day, answered after so many hours; None = not."""
    return [
        {
            "rep_id": rep,
            "assigned_at": START + timedelta(days=k, hours=9),
            "first_response_at": None if one is None else START + timedelta(days=k, hours=9 + one),
        }
        for k, one in enumerate(hours)
    ]


def test_a_median_that_is_not_reached_is_not_yet_known():
    told = metrics(facts_of_history(history_of(1, None, None)), Period.weeks("2026-01-05", 1))
    assert told.figure("rep_response_median").shown == "not yet known"
    assert told.figure("rep_response_median").low > 0
    assert str(told.figure("rep_response_median")) == "response of the rep, median: not yet known"


def test_working_hours_leave_out_the_night():
    calendar = Calendar("UTC", "Mon-Fri 9-17")
    told = metrics(facts_of_history(history_of(26), calendar=calendar), Period.weeks("2026-01-05", 1))
    assert told.figure("rep_response_median").value == 26.0
    assert told.figure("working_response_median").value == 10.0  # 8 on Monday, 2 on Tuesday
    assert told.figure("working_response_median").unit == "working hours"


def test_attrition_is_of_reps_who_were_there_and_has_an_exact_interval():
    reps = [
        {"rep_id": f"R{k}", "hired_on": "2025-01-01", "left_on": "2026-02-01" if k == 0 else None} for k in range(12)
    ]
    facts = facts_of_history(history_of(*[1] * 60), reps=reps, now="2026-03-05")
    told = metrics(facts, Period(first="2026-01-05", last="2026-03-01")).figure("attrition")
    years = (11 * 56 + 27 + 56 - 9 / 24) / 365.25  # Ann is in the history alone, from her first lead on
    assert told.value == pytest.approx(1 / years)
    assert (told.low * years, told.high * years) == pytest.approx((0.0513, 4.7439), abs=1e-4)
    assert told.n == 13


def test_wins_are_held_against_what_was_promised_of_leads_that_ended():
    history = [
        {"rep_id": "Ann", "lead_id": k, "assigned_at": at(k), "at": at(k + 2), "converted": k in (1, 4)}
        for k in range(1, 6)
    ]
    facts = facts_of(history)
    assert metrics(facts, WHOLE).figure("won_to_expected").note == "nothing tells of chance"
    exits = ("won", "lost", "recalled", "won", "lost")
    chance = np.array([0.5, 0.25, 0.9, 0.5, np.nan])
    told = metrics(replace(facts, owned=replace(facts.owned, exit=exits, chance=chance)), WHOLE)
    figure = told.figure("won_to_expected")
    assert (figure.value, figure.n) == (pytest.approx(2 / 1.25), 3)
    assert figure.low < 1.0 < figure.high


def test_what_is_not_known_says_why():
    told = metrics(facts_of_history(history_of(1, 2)), Period.weeks("2026-01-05", 1))
    for name, why in (
        ("conversion", 'history has no column "converted"'),
        ("in_time", 'history has no column "due_at"'),
        ("complaints", 'history has no column "complaints"'),
        ("recalls", "history does not tell of it"),
        ("attrition", "who left is not known without a table of reps"),
        ("working_response_median", "no calendar of working time is given"),
    ):
        assert np.isnan(told.figure(name).value)
        assert told.figure(name).note == why


def test_it_prints_and_is_json_and_frames():
    history = [{**row, "at": row["assigned_at"] + timedelta(2), "converted": True} for row in history_of(1, 5, 9)]
    told = metrics(facts_of_history(history), Period.weeks("2026-01-05", 1))
    assert told.summary().startswith("3 leads came from 2026-01-05 to 2026-01-11; half of them were answered within 5")
    assert "foretold" not in str(told)
    assert "<table>" in told._repr_html_()
    data = json.loads(told.to_json())
    assert data["figures"][0] == {**data["figures"][0], "name": "arrived", "value": 3.0}
    assert data["weeks"][0]["first"] == "2026-01-05"
    assert told.frame()[0]["name"] == "arrived"
    assert told.rep_frame()[0]["rep"] == "Ann"
    assert told.week_frame()[0]["conversion"] == 1.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": 1.0}, "level: must be between 0 and 1, such as 0.9; found 1.0"),
        ({"within_days": 0}, "within_days: must be a number of days, above 0; found 0"),
        ({"first_within_days": "3"}, "first_within_days: must be a number of days, above 0; found '3'"),
    ],
)
def test_settings_that_are_wrong_are_refused(options, said):
    with pytest.raises(InvalidInput) as error:
        metrics(facts_of_history(history_of(1)), Period.weeks("2026-01-05", 1), **options)
    assert str(error.value) == said


def test_a_period_of_which_nothing_is_known_is_refused():
    with pytest.raises(InvalidInput, match="period: must begin before what is known ends; found 2026-03-02"):
        metrics(facts_of_history(history_of(1)), Period.weeks("2026-03-02", 1))


def test_a_figure_that_is_not_there_is_refused_by_name():
    with pytest.raises(InvalidInput, match="figure: unknown name 'in time'; did you mean"):
        metrics(facts_of_history(history_of(1)), Period.weeks("2026-01-05", 1)).figure("in time")
