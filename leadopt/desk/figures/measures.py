"""Which figures there are, each with its words."""

from __future__ import annotations

from leadopt.desk.figures.acts import claimed, complained, ended_by, overridden, reps_who_left
from leadopt.desk.figures.figure import DAY, HOUR, Counted, RowsOf, Sampled, by, quantile, quantile_within, share_of
from leadopt.desk.figures.waits import (
    answers_from_arrival,
    answers_from_ownership,
    follow_ups,
    in_time,
    wins_from_arrival,
    wins_from_assignment,
    wins_of_later_owners,
    working_answers,
)

UTILISED_DAYS = 30
"""After arrival: a lead that was followed up by then is utilised."""


def answers(first_within_days: float, utilised_days: int = UTILISED_DAYS) -> tuple[Sampled, ...]:
    """Return the figures of how soon leads are answered."""
    return (
        Sampled(
            name="utilised",
            label=f"followed up within {utilised_days} days of arrival",
            unit="share",
            rows=follow_ups,
            read=by(utilised_days * DAY),
        ),
        _wait("response_median", "response from arrival, median", "hours", answers_from_arrival, 0.5),
        _wait("response_p90", "response from arrival, nine in ten", "hours", answers_from_arrival, 0.9),
        _wait("rep_response_median", "response of the rep, median", "hours", answers_from_ownership, 0.5),
        _wait("rep_response_p90", "response of the rep, nine in ten", "hours", answers_from_ownership, 0.9),
        _wait("working_response_median", "the same in working time, median", "working hours", working_answers, 0.5),
        _wait("working_response_p90", "the same in working time, nine in ten", "working hours", working_answers, 0.9),
        Sampled(
            name="answered_soon",
            label=f"answered by the rep within {first_within_days:g} days",
            unit="share",
            rows=answers_from_ownership,
            read=by(first_within_days * DAY),
        ),
        Sampled(name="in_time", label="first follow-ups in time", unit="share", rows=in_time, read=share_of),
    )


def wins(within_days: int) -> tuple[Sampled, ...]:
    """Return the figures of what is won, within so many days of arrival, of assignment, of the next rep's."""
    return (
        Sampled(
            name="conversion",
            label=f"won within {within_days} days of arrival",
            unit="share",
            rows=wins_from_arrival,
            read=by(within_days * DAY),
        ),
        Sampled(
            name="cycle",
            label=f"days to a win, median of wins within {within_days} days",
            unit="days",
            rows=wins_from_assignment,
            read=quantile_within(0.5, within_days * DAY, DAY),
        ),
        Sampled(
            name="second_holder_conversion",
            label=f"won by a second or later owner within {within_days} days",
            unit="share",
            rows=wins_of_later_owners,
            read=by(within_days * DAY),
        ),
    )


COUNTS = (
    Counted(name="complaints", label="complaints", unit="for each lead", tally=complained),
    Counted(name="recalls", label="recalls", unit="for each lead", tally=ended_by("recalled")),
    Counted(name="refusals", label="refusals", unit="for each lead", tally=ended_by("refused")),
    Counted(name="releases", label="given back", unit="for each lead", tally=ended_by("released")),
    Counted(name="claims", label="claims", unit="for each lead", tally=claimed),
    Counted(name="overrides", label="overrides", unit="for each lead", tally=overridden),
)
"""What happened to leads that were given out, for each of them."""
ATTRITION = Counted(name="attrition", label="reps who left, of all", unit="a year", tally=reps_who_left)


def _wait(name: str, label: str, unit: str, rows: RowsOf, part: float) -> Sampled:
    return Sampled(name=name, label=label, unit=unit, rows=rows, read=quantile(part, HOUR))
