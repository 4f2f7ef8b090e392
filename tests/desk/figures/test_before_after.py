"""Two periods beside each other: by hand, by a mix made alike, and intervals that hold as often as they say."""

import json
from datetime import timedelta

import numpy as np
import pytest

from leadopt import InvalidInput
from leadopt.desk.figures import Period, before_after, facts_of_history
from leadopt.desk.figures.before_after import Row
from leadopt.evaluate import measure_lift
from tests.desk.figures.floors import DAY, START, at, floor, held, micro

BEFORE, AFTER = Period.weeks("2026-01-05", 8), Period.weeks("2026-03-02", 8)
END = "2026-05-04T00:00"
LEVEL = 0.9


def floors(rng, n=300, before=None, after=None):
    """Facts of a time before, as a CRM tells it, and after, as known long afterwards."""
    old = facts_of_history(floor(rng, n, **(before or {})), now=END, mix="source")
    new = facts_of_history(floor(rng, n, start=56.0, **(after or {})), now=END, mix="source")
    return old, new


def compared(rng, **options):
    old, new = floors(rng, **options)
    return before_after(new, BEFORE, AFTER, earlier=old, within_days=30)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng, trials = np.random.default_rng(6), 60
    names = ("utilised", "response_median", "answered_soon", "conversion", "cycle")
    hits, shown = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    before = {"answer_hours": 30.0, "never": 0.2, "conversion": 0.2, "win_days": 15.0}
    after = {"answer_hours": 12.0, "never": 0.02, "conversion": 0.3, "win_days": 11.0}
    truths = truths_of(after) - truths_of(before)
    for _ in range(trials):
        found = compared(rng, before=before, after=after)
        for name, truth in zip(names, truths.tolist(), strict=True):
            hits[name] += held(truth, found.row(name))
            shown[name] += found.row(name).shows == np.sign(truth)
    for name in names:
        assert 0.83 <= hits[name] / trials <= 0.97, (name, hits)
    assert shown["utilised"] > 0.98 * trials
    assert shown["cycle"] > 0.3 * trials


def truths_of(world):
    """The figures of a floor: within 30 days answered, half answered, within 3 days, won within 30 days, the cycle."""
    rng = np.random.default_rng(1)
    answered = np.where(rng.random(400_000) < world["never"], np.inf, rng.exponential(world["answer_hours"], 400_000))
    wins = rng.gamma(3.0, world["win_days"] / 3.0, 400_000)
    soon = (wins <= 30.0).mean()
    return np.array(
        [
            (answered <= 720.0).mean(),
            np.median(answered),
            (answered <= 72.0).mean(),
            world["conversion"] * soon,
            np.median(wins[wins <= 30.0]),
        ]
    )


def test_where_nothing_changed_nothing_is_shown_more_often_than_it_may():
    rng, shown = np.random.default_rng(7), []
    for _ in range(40):
        shown += [row.shows != 0 for row in compared(rng).rows if np.isfinite(row.low)]
    assert 0.04 < np.mean(shown) < 0.15


def test_leads_before_count_by_the_mix_after():
    # Web converts half, fair nothing; half of the leads were web before and all but one tenth are after.
    def of(source, start, n_won, n):
        ends = [{"at": at(start + 5), "converted": k < n_won} for k in range(n)]
        return [{"rep_id": "Ann", "assigned_at": at(start), "source": source, **end} for end in ends]

    rows = [*of("web", 1, 10, 20), *of("fair", 1, 0, 20), *of("web", 57, 9, 18), *of("fair", 57, 0, 2)]
    told = before_after(facts_of_history(rows, mix="source", now=END), BEFORE, AFTER)
    assert told.row("conversion").before == pytest.approx(0.9 * 0.5)
    assert told.row("conversion").after == pytest.approx(0.45)
    plain = before_after(facts_of_history(rows, now=END), BEFORE, AFTER)
    assert plain.row("conversion").before == pytest.approx(0.25)
    assert "lead mix: fair 50% -> 10%, web 50% -> 90%; shares and waits before are by the mix after" in str(told)
    assert "the lead mix is not looked at, as no column says what leads are like" in str(plain)
    gap = told.row("conversion")
    assert gap.high - gap.low > plain.row("conversion").high - plain.row("conversion").low  # weights tell less


def test_kinds_of_one_period_alone_are_left_out_of_both():
    rows = floor(np.random.default_rng(1), 80, source=lambda k: "web" if k % 4 else "old")
    rows += floor(np.random.default_rng(2), 80, start=56.0, source=lambda k: "web" if k % 4 else "new")
    told = before_after(facts_of_history(rows, mix="source", now=END), BEFORE, AFTER)
    assert (told.row("conversion").n_before, told.row("conversion").n_after) == (60, 60)
    assert "40 leads of kinds that came in one period alone are left out" in str(told)


def test_measured_columns_are_cut_into_fifths_of_both_periods():
    rng = np.random.default_rng(5)
    rows = [{**row, "value": float(rng.integers(1, 1000))} for row in floor(rng, 100)]
    rows += [{**row, "value": float(rng.integers(1, 1000))} for row in floor(rng, 100, start=56.0)]
    told = before_after(facts_of_history(rows, mix="value", now=END), BEFORE, AFTER)
    assert told.row("conversion").n_before == 100
    assert all(" to " in one or "below" in one or "more" in one for one in told.changed[2].split(", "))


def test_each_period_is_seen_as_of_its_own_end():
    rows = floor(np.random.default_rng(3), 200)
    late = [row for row in rows if row["first_response_at"] is None]
    late[0]["first_response_at"] = at(60)  # what is done after the period, for a lead of it
    rows += floor(np.random.default_rng(4), 200, start=56.0)
    told = before_after(facts_of_history(rows, now=END), BEFORE, AFTER, within_days=30)
    late[0]["first_response_at"] = None
    assert told.row("utilised") == before_after(facts_of_history(rows, now=END), BEFORE, AFTER, within_days=30).row(
        "utilised"
    )


def test_a_crms_history_stands_beside_a_desk():
    old, new = floors(np.random.default_rng(9))
    told = before_after(new, BEFORE, AFTER, earlier=old)
    assert told.row("conversion").n_before == told.row("conversion").n_after == 300
    assert [row.name for row in told.rows if np.isnan(row.before)] == ["complaints", "attrition"]
    assert told.row("attrition").note == "who left is not known without a table of reps"


def test_what_is_known_of_one_period_alone_is_shown_and_why():
    old = facts_of_history([{"rep_id": "Ann", "assigned_at": at(k)} for k in range(56)], now=END)
    new = facts_of_history(floor(np.random.default_rng(2), 100, start=56.0), now=END)
    row = before_after(new, BEFORE, AFTER, earlier=old).row("conversion")
    assert np.isnan(row.before)
    assert np.isnan(row.difference)
    assert 0 < row.after < 1
    assert row.note == 'before: history has no column "converted"'
    assert row.shows == 0


def test_it_says_that_it_is_no_experiment_and_what_a_trial_says():
    old, new = floors(np.random.default_rng(2), n=50)
    alone = str(before_after(new, BEFORE, AFTER, earlier=old))
    assert "Before/after is no experiment" in alone
    assert "No trial with a random group tells what the change alone did" in alone
    trial = measure_lift([{"group": g, "converted": k % 3 == 0} for g in ("plan", "random") for k in range(30)])
    told = before_after(new, BEFORE, AFTER, earlier=old, trial=trial)
    assert f"The trial says: {trial.summary()}." in str(told)


def test_what_else_changed_is_said():
    rows = floor(np.random.default_rng(1), 80) + floor(np.random.default_rng(2), 160, start=56.0)
    told = before_after(facts_of_history(rows, now=END), BEFORE, AFTER)
    assert told.changed[:2] == ("10 leads a week before, 20 after", "4 reps on average before, 4 after")


def test_it_prints_and_is_json_and_a_frame():
    found = compared(np.random.default_rng(11), after={"never": 0.0, "answer_hours": 4.0})
    assert "response from arrival, median" in found.summary()
    assert found.summary().startswith("2026-01-05 to 2026-03-01 before, 2026-03-02 to 2026-04-26 after: ")
    assert "<table>" in found._repr_html_()
    data = json.loads(found.to_json())
    assert data["rows"][0]["name"] == "utilised"
    assert data["rows"][0]["after"] == 1.0
    frame = found.frame()
    assert [row["name"] for row in frame] == [row.name for row in found.rows]
    assert frame[-1]["difference"] is not None or frame[-1]["before"] is None


def test_the_same_facts_before_and_after_by_turns_differ_by_the_opposite():
    rng = np.random.default_rng(4)
    rows = floor(rng, 200)
    later = [
        {
            **row,
            **{name: row[name] and row[name] + timedelta(56) for name in ("assigned_at", "first_response_at", "at")},
        }
        for row in rows
    ]
    told = before_after(facts_of_history([*rows, *later], now=END), BEFORE, AFTER)
    for row in told.rows:
        assert np.isnan(row.difference) or row.difference == pytest.approx(0.0, abs=1e-9), row.name


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (Period(first="2026-01-05", last="2026-01-31"), AFTER, "before: must be whole weeks; found 27 days"),
        (BEFORE, Period.weeks("2026-03-03", 4), "must begin on the same day of the week; found Monday and Tuesday"),
        (BEFORE, Period.weeks("2026-02-23", 4), "after: must begin after before ends, on 2026-03-01; found"),
        (BEFORE, Period.weeks("2026-04-06", 8), "after: must end when something is known of it, by 2026-05-04T00:00"),
    ],
)
def test_periods_that_compare_nothing_are_refused(before, after, said):
    facts = facts_of_history(floor(np.random.default_rng(1), 10), now=END)
    with pytest.raises(InvalidInput) as error:
        before_after(facts, before, after)
    assert said in str(error.value)


def test_a_row_that_is_not_there_is_refused_by_name():
    old, new = floors(np.random.default_rng(2), n=50)
    with pytest.raises(InvalidInput, match="row: must be one of utilised, response_median"):
        before_after(new, BEFORE, AFTER, earlier=old).row("use")


def test_ends_of_periods_are_those_of_days():
    assert micro(START) + 56 * DAY == BEFORE.end == AFTER.start


def test_what_is_told_by_the_same_digits_does_not_differ():
    near = Row(
        name="turnover", label="left", unit="a year", before=0.33702, after=0.33694, difference=-7.8e-5, low=-1.3,
        high=1.3, change=-2e-4, n_before=13, n_after=13,
    )  # fmt: skip
    assert near.cells[:5] == ["left", "0.337 a year", "0.337 a year", "0 a year (+0%)", "-1.3 to +1.3"]
