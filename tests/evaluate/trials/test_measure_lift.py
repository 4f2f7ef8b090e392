"""`measure_lift`: intervals cover by simulation, formulas agree with published ones, and its power is as planned."""

import json
import re

import numpy as np
import pytest

import leadopt
from leadopt.evaluate import measure_lift, power_of
from leadopt.evaluate.trials.counts import Counts
from leadopt.evaluate.trials.measure_lift import _by_lead
from tests import many_seeds, seeds


def results(planned, at_random, **columns):
    """A trial with so many (won, lost) in each group."""
    cells = [("plan", 1, planned[0]), ("plan", 0, planned[1]), ("random", 1, at_random[0]), ("random", 0, at_random[1])]
    return [{"group": group, "converted": won, **columns} for group, won, n in cells for _ in range(n)]


def trial_of(n1, n0, k1, k0):
    """Strata of so many planned and random leads each, with their conversions."""
    won = [np.asarray(part, dtype=float) for part in (k1, k0)]
    return Counts(n1=np.full(len(won[0]), float(n1)), n0=np.full(len(won[0]), float(n0)), k1=won[0], k0=won[1])


def test_the_interval_is_newcombes():
    """His table II, case (a): 56 of 70 against 48 of 80, method 10: 0.0524 to 0.3339."""
    found = measure_lift(results((56, 14), (48, 32)))
    assert (found.difference, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@many_seeds
def test_intervals_cover_the_truth():
    """With one stratum and with twenty: 95% intervals cover in 93.5 to 97%, over 2,000 trials in `make fuzz`."""
    rng, trials = np.random.default_rng(0), seeds(600, 2000)
    for n_strata, n1, n0 in ((1, 400, 100), (20, 20, 5)):
        base = np.linspace(0.1, 0.3, n_strata) if n_strata > 1 else np.array([0.2])
        truth = float(0.25 * base.mean())
        covered = ratio_covered = 0
        for _ in trials:
            won = rng.binomial(n1, 1.25 * base).astype(float), rng.binomial(n0, base).astype(float)
            (low, high), (ratio_low, ratio_high) = _by_lead(trial_of(n1, n0, *won), 0.95)
            covered += low <= truth <= high
            ratio_covered += ratio_low <= 1.25 <= ratio_high
        assert 0.935 < covered / len(trials) < 0.97
        assert 0.935 < ratio_covered / len(trials) < 0.97


@many_seeds
def test_trials_show_a_lift_as_often_as_planned():
    rng, n, lift, shown = np.random.default_rng(1), 3000, 0.3, 0
    trials = seeds(300, 2000)
    for _ in trials:
        planned, at_random = rng.binomial(2000, 0.16 * (1 + lift)), rng.binomial(1000, 0.16)
        shown += _by_lead(trial_of(2000, 1000, [planned], [at_random]), 0.95)[0][0] > 0
    assert shown / len(trials) == pytest.approx(power_of(n, 0.16, lift, share=1 / 3), abs=0.05)


def test_strata_put_right_what_groups_hide():
    """Simpson: better in both strata, worse in all, as the plan had the hard leads."""
    trial = results((30, 70), (2, 8), source="cold") + results((8, 2), (70, 30), source="warm")
    assert measure_lift(trial).difference < 0
    found = measure_lift(trial, stratify_by="source")
    assert found.difference == pytest.approx(0.1)
    assert found.rate_planned == pytest.approx(38 / 110)


def test_strata_of_one_group_alone_say_nothing():
    trial = results((56, 14), (48, 32), source="a")
    alone = results((9, 0), (0, 0), source="b")
    one, other = (measure_lift(rows, stratify_by="source") for rows in (trial, trial + alone))
    assert (other.difference, other.low, other.high) == (one.difference, one.low, one.high)
    assert (one.n_alone, other.n_alone) == (0, 9)
    assert other.summary().endswith("; 9 leads in strata of one group alone, which compare nothing")


@pytest.mark.parametrize(
    "planned, at_random, said",
    [
        ((240, 760), (180, 820), "the plan helps: 24.0% of 1,000 planned"),
        ((180, 820), (240, 760), "the plan harms: "),
        ((20, 80), (19, 81), r"no difference is shown \(a lift of 10% takes [\d,]+ leads\): "),
        ((5, 5), (0, 10), "the plan helps: .* points .*95% interval"),
        ((1, 9), (0, 10), "no difference is shown: "),
    ],
)
def test_the_summary_says_what_was_shown(planned, at_random, said):
    found = measure_lift(results(planned, at_random))
    assert re.match(said, found.summary())
    assert str(found) == found.summary() and "<b>" in found._repr_html_()
    assert json.loads(found.to_json())["n_random"] == sum(at_random)


def test_what_is_open_or_outside_is_left_out():
    trial = results((5, 5), (4, 6))
    trial += [{"group": "plan", "converted": None}] * 3 + [{"group": "outside", "converted": 1}] * 9
    found = measure_lift(trial)
    assert (found.n_planned, found.n_random, found.n_open) == (10, 10, 3)
    assert found.summary().endswith("; 3 leads still open")


@pytest.mark.parametrize(
    "rows, settings, said",
    [
        ([{"group": "control", "converted": 1}], {}, 'results.group, row 1: must be "plan", "random" or "outside"'),
        ([{"group": "plan", "converted": 2}], {}, "results.converted, row 1: an outcome must be 0, 1"),
        ([{"group": "plan", "converted": 1}], {}, 'results.group: no lead of the group "random" has an outcome yet'),
        ([{"group": "random", "converted": 1}], {}, 'results.group: no lead of the group "plan" has an outcome yet'),
        ([{"converted": 1}], {}, 'results: column "group" is missing'),
        (
            results((9, 0), (0, 0), source="b") + results((0, 0), (3, 4), source="c"),
            {"stratify_by": "source"},
            "stratify_by: no level of source has settled leads of both groups, so that nothing can be compared; name "
            "fewer columns, or coarser ones",
        ),
        (
            [{"group": "plan", "converted": 1, "day": None}, {"group": "random", "converted": 1, "day": 2}],
            {"cluster_by": "day"},
            "results.day, row 1: every settled lead needs what it hangs together by",
        ),
        (
            results((1, 1), (1, 1), day=3),
            {"cluster_by": "day"},
            "results.day: all settled leads are of one cluster, '3': nothing can be told",
        ),
        ([], {"level": 95}, "level: must be between 0 and 1, such as 0.9; found 95"),
        (results((1, 1), (1, 1)), {"stratify_by": "x"}, 'results: column "x" is missing'),
        (
            results((1, 1), (1, 1)),
            {"stratify_by": "converted"},
            "stratify_by: must be known before leads are drawn, and 'converted' is what the trial tells",
        ),
        (results((1, 1), (1, 1)), {"cluster_by": "group"}, "cluster_by: must be known before leads are drawn, and 'gr"),
        (
            results((1, 0), (1, 0), lead_id="L7"),
            {},
            "results.lead_id, row 2: a lead has one group and one outcome, and row 1 has another; found 'L7'. Keep one "
            "row a lead; where ids begin anew in each batch, name its column in stratify_by.",
        ),
        (results((1, 1), (0, 0), lead_id=7), {}, "results.lead_id, row 2: a lead has one group and one outcome"),
    ],
)
def test_bad_input_gets_a_sentence(rows, settings, said):
    with pytest.raises(leadopt.InvalidInput, match=f"^{re.escape(said)}"):
        measure_lift(rows, **settings)


def test_line_items_of_a_lead_are_one_outcome():
    """By its rows, a plan that does nothing would help in half of such trials."""
    leads = [{"lead_id": k, **one} for k, one in enumerate(results((6, 6), (4, 8)))]
    once, often = measure_lift(leads), measure_lift(leads * 50)
    assert (often.low, often.high, often.n_planned, often.n_repeated) == (once.low, once.high, 12, 49 * 24)
    assert often.summary().endswith("; 1,176 rows that repeat a lead, counted once")
    unnamed = [one | {"lead_id": None} for one in leads * 50]
    assert measure_lift(unnamed).n_planned == 600
    batches = [one | {"batch": batch} for batch in range(50) for one in leads]
    assert measure_lift(batches, stratify_by="batch").n_planned == 600


@pytest.mark.parametrize("planned, at_random", [((0, 200), (0, 200)), ((200, 0), (200, 0)), ((200, 0), (0, 200))])
@pytest.mark.parametrize("whole", [True, False])
def test_clusters_that_are_all_alike_do_not_make_a_rate_certain(planned, at_random, whole):
    rows = results(planned, at_random)
    rows = [one | {"day": k % 4 + (4 if whole and one["group"] == "plan" else 0)} for k, one in enumerate(rows)]
    found, by_lead = measure_lift(rows, cluster_by="day"), measure_lift(rows)
    assert found.high - found.low > 0.9 * (by_lead.high - by_lead.low)


def test_whole_clusters_help_only_where_so_many_conversions_can():
    """Two conversions, both in the planned days, which have 51 leads and the others 50: by lot 1 of 70 draws."""
    number = [*range(2), *range(198), *range(200)]
    rows = [
        one | {"day": k % 4 + (4 if one["group"] == "plan" else 0)}
        for k, one in zip(number, results((2, 198), (0, 200)), strict=True)
    ]
    assert measure_lift(rows, cluster_by="day").summary().startswith("no difference is shown")


@pytest.mark.parametrize("settings", [{}, {"stratify_by": "source"}, {"stratify_by": "source", "cluster_by": "rep"}])
@pytest.mark.parametrize("seed", range(3))
def test_leads_count_the_same_one_by_one_and_together(settings, seed):
    """Rows of leads without ids and with unique ones, in any order, in a frame, or each lead twice."""
    polars, rng, n = pytest.importorskip("polars"), np.random.default_rng(seed), 400
    rows = polars.DataFrame(
        {
            "group": rng.choice(["plan", "random", "outside"], n, p=[0.6, 0.3, 0.1]),
            "converted": [[1, 0, None][k] for k in rng.choice(3, n, p=[0.3, 0.6, 0.1])],
            "source": rng.choice(["a", "b", "c"], n),
            "rep": rng.integers(8, size=n),
        }
    )
    with_ids = rows.with_row_index("lead_id")
    shuffled = rng.permutation(n)
    found = measure_lift(rows, **settings)
    assert found.n_planned + found.n_random + found.n_open == (rows["group"] != "outside").sum()
    for same in (with_ids, with_ids[shuffled], rows[shuffled], rows.to_dicts(), rows.to_dict(as_series=False)):
        assert measure_lift(same, **settings) == found
    twice = measure_lift(polars.concat([with_ids, with_ids]), **settings)
    n_settled = found.n_planned + found.n_random
    assert (twice.n_planned, twice.n_random, twice.n_repeated) == (found.n_planned, found.n_random, n_settled)
    ends = [(one.difference, one.low, one.high, one.lift_low, one.lift_high) for one in (found, twice)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)


def test_the_row_at_fault_is_named_where_leads_are_counted():
    polars = pytest.importorskip("polars")
    groups = ["plan", "random", "plan", "random", "plan"]
    rows = polars.DataFrame({"group": groups, "converted": [1, 0, None, 1, 1], "rep": ["a", "b", None, "a", None]})
    with pytest.raises(leadopt.InvalidInput, match=r"results\.rep, row 5: every settled lead needs"):
        measure_lift(rows, cluster_by="rep")
    with pytest.raises(leadopt.InvalidInput, match=r'results\.group, row 3: must be "plan"'):
        measure_lift(rows.with_columns(group=polars.Series(["plan", "random", "none", "random", "plan"])))
