"""What was known at a moment is what a history tells of which all that came later is cut off."""

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt.desk.figures import Period, facts_of_history, metrics
from leadopt.desk.figures.facts import during
from tests.desk.figures.floors import at, micro, rows
from tests.strategies import examples


def cut(history, moment):
    """A history as it was exported at a moment."""
    kept = [dict(row) for row in history if row["assigned_at"] < moment]
    for row in kept:
        if row["first_response_at"] and row["first_response_at"] >= moment:
            row["first_response_at"] = None
        if row["at"] and row["at"] >= moment:
            row["at"] = row["converted"] = None
    return kept


@examples(25)
@given(rows(), st.integers(2, 42))
def test_what_was_known_is_what_a_history_of_then_tells(history, days):
    moment, period = at(days), Period(first="2026-01-05", last="2026-02-15")
    for row in history:  # a history tells of a lead when it was given to somebody
        row["received_at"] = row["assigned_at"]
    then = cut(history, moment)
    if not then:
        return
    now = max([at(60), *(row[name] for row in history for name in ("first_response_at", "at") if row[name])])
    known = facts_of_history(history, now=now + timedelta(hours=1)).known_at(micro(moment))
    exported = facts_of_history(then, now=moment)
    period = Period(first="2026-01-05", last=min(moment.date() - timedelta(1), period.last))
    one, other = metrics(known, period), metrics(exported, period)
    for figure in one.figures:
        told = other.figure(figure.name)
        assert np.isclose(figure.value, told.value, equal_nan=True), figure.name
        assert np.isclose(figure.low, told.low, equal_nan=True), figure.name


def test_what_is_known_now_is_known_later():
    facts = facts_of_history([{"rep_id": "Ann", "assigned_at": at(0)}])
    assert facts.known_at(facts.known_until) is facts
    assert facts.known_at(facts.known_until - 1).known_until == facts.known_until - 1


def test_the_end_of_a_period_is_not_in_it():
    period = Period.weeks("2026-01-05", 1)
    moments = np.array([period.start - 1, period.start, period.end - 1, period.end, np.nan])
    assert during(moments, period.start, period.end).tolist() == [False, True, True, False, False]
