"""`backtest`: the verdicts on data whose truth is known, on real data, and what bad input gets."""

import json
import re
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import leadopt
from leadopt.evaluate import Backtest, backtest
from leadopt.evaluate.backtests.losses import auc, difference, log_losses
from leadopt.evaluate.backtests.verdict import FREE, REPS_ONLY, UNKNOWN, USE_IT
from leadopt.evaluate.history.records import read_records
from leadopt.learning.effects.logistic import sigmoid
from leadopt.tables.columns import Columns
from tests import many_seeds, seeds
from tests.real_data import DATA


def history(seed, n, *, rep_sd=0.0, pair_sd=0.0, n_reps=10, n_segments=4, dated=True):
    """A history as a dict of lists, over 300 days, of reps and pairs that differ by so much."""
    rng = np.random.default_rng(seed)
    rep, segment = rng.integers(n_reps, size=n), rng.integers(n_segments, size=n)
    logit = -1.0 + rng.normal(0, 0.8, n_segments)[segment] + rep_sd * rng.normal(size=n_reps)[rep]
    logit += pair_sd * rng.normal(size=(n_reps, n_segments))[rep, segment]
    table = {
        "rep_id": [f"r{one}" for one in rep],
        "source": [f"s{one}" for one in segment],
        "converted": (rng.random(n) < sigmoid(logit)).astype(int).tolist(),
    }
    if dated:
        table["at"] = [str(date.fromordinal(737000 + day)) for day in np.arange(n) * 300 // max(n, 1)]
    return table


def file(name, *parts):
    path = DATA.joinpath(name, *parts)
    if not path.exists():
        pytest.skip(f"the data are absent: {path}")
    return path


@pytest.fixture(scope="module")
def strong():
    return backtest(history(0, 3000, rep_sd=0.3, pair_sd=0.9), segment_by="source")


def test_what_a_rep_gains_depends_on_the_lead(strong):
    assert strong.verdict.decision == USE_IT
    assert strong.verdict.text.startswith("rep x source: +0.0")
    assert strong.verdict.text.endswith("it matters who gets which lead")
    assert str(strong.verdict).startswith(
        "use it: let the plan choose who gets which lead: with the same reps and loads"
    )


def test_reps_differ_and_pairs_do_not():
    found = backtest(history(1, 6000, rep_sd=0.6), segment_by="source")
    assert found.verdict.decision == REPS_ONLY
    assert "no evidence that it depends on the lead" in found.verdict.text
    assert "with equal loads, matching would have brought" in found.verdict.advice


def test_reps_alone_matter_where_there_are_no_segments():
    found = backtest(history(1, 3000, rep_sd=0.6), segment_by=())
    assert found.verdict.decision == REPS_ONLY
    assert found.verdict.text.endswith("it matters who gets the lead")
    assert [score.method for score in found.scores] == ["rep", "global", "raw cells"]


def test_nobody_matters_and_enough_outcomes_say_so():
    found = backtest(history(2, 6000), segment_by="source")
    assert found.verdict.decision == FREE
    assert found.verdict.text.startswith("no evidence that who gets the lead matters")
    assert str(found.verdict).startswith("fairness is free: share leads out as evenly as you like")


def test_what_all_columns_do_together_may_be_hidden():
    table = history(2, 6000)
    table["region"] = [f"g{one}" for one in np.random.default_rng(0).integers(6, size=6000)]
    found = backtest(table, segment_by=["source", "region"])
    assert found.verdict.decision == FREE
    assert "would have shown); together they may still hide some: 6,000 outcomes show" in found.verdict.text
    groups = ["reps", "pairs of rep and source", "pairs of rep and region", "pairs of rep and source, region"]
    assert [test.groups for test in found.tests] == groups
    assert found.tests[2].would_show and not found.tests[3].would_show


def test_little_data_say_how_many_outcomes_it_takes():
    found = backtest(history(3, 200), segment_by="source")
    assert found.verdict.decision == UNKNOWN
    pattern = (
        r"nobody can tell yet .* 200 outcomes show odds that differ by \d+% between .*; it takes about [\d,]+ for 28%"
    )
    assert re.fullmatch(pattern, found.verdict.text)


@many_seeds
def test_the_verdict_is_rarely_wrong_where_nobody_matters():
    """Small histories without any signal: a claim in more than 3 of 12 has a chance below 1% at a rate of 6%."""
    found = [backtest(history(100 + seed, 400), segment_by="source").verdict.decision for seed in seeds(4, 48)]
    assert sum(decision in (USE_IT, REPS_ONLY) for decision in found) <= len(found) / 4
    assert found.count(UNKNOWN) >= 0.75 * len(found)


def test_every_figure_can_be_recomputed_from_the_rows(strong):
    for score in strong.scores:
        chance = strong.chances[score.method]
        assert score.log_loss == pytest.approx(log_losses(chance, strong.won).mean())
        assert score.brier == pytest.approx(np.mean((chance - strong.won) ** 2))
        assert score.auc == pytest.approx(auc(chance, strong.won, strong.fold))
    for one in strong.differences:
        losses, others = (log_losses(strong.chances[name], strong.won) for name in (one.method, one.over))
        assert difference(one.method, one.over, losses, others, strong.cell, level=0.9) == one
    assert sum(one.n for one in strong.bins) == strong.n_judged == len(strong.won)


def test_the_model_is_judged_by_the_past_alone(strong):
    table = pl.DataFrame(history(0, 3000, rep_sd=0.3, pair_sd=0.9))
    order = np.argsort(np.array(table["at"].to_list()), kind="stable")
    rows = order[1500:1800]  # the first block
    model = leadopt.AffinityModel(segment_by="source").fit(table[order[:1500].tolist()])
    expected = model.probability(table[rows.tolist()])
    assert np.sort(strong.chances["rep x source"][strong.fold == 1]) == pytest.approx(np.sort(expected))


def test_rivals_are_what_they_are_called():
    table = history(4, 900, rep_sd=0.5, dated=False)
    found = backtest(table, segment_by="source", folds=3)
    won = np.array(table["converted"])
    for fold in (1, 2, 3):
        learned = found.fold != fold
        rate = (won[learned].sum() + 0.5) / (learned.sum() + 1)
        assert found.chances["global"][~learned] == pytest.approx(rate)
        row = int(np.flatnonzero(~learned)[0])
        cell = learned & (found.cell == found.cell[row])
        assert found.chances["raw cells"][row] == pytest.approx((won[cell].sum() + 0.5) / (cell.sum() + 1))
    assert len(set(np.round(found.chances["source"][found.fold == 1], 12))) == 4
    assert len(set(np.round(found.chances["rep"][found.fold == 1], 12))) == 10


def test_a_half_life_is_that_of_all_estimates():
    table = history(5, 800)
    table["converted"] = [0] * 600 + [1] * 200  # everything changes at last
    plain, decayed = (backtest(table, segment_by="source", half_life_days=days) for days in (None, 10))
    for before, after in zip(plain.scores, decayed.scores, strict=True):
        assert after.log_loss < before.log_loss, after.method


def test_the_same_seed_gives_the_same_answer():
    table = history(6, 300, dated=False)
    one, other, third = (backtest(table, segment_by="source", rng=seed, folds=2) for seed in (0, 0, 1))
    assert one.to_json() == other.to_json() != third.to_json()


def test_times_of_day_order_the_rows_of_a_day():
    table = history(7, 400)
    table["at"] = [f"2026-01-05T{8 + minute // 60:02}:{minute % 60:02}:00+01:00" for minute in np.arange(400)]
    found = backtest(table, segment_by="source")
    assert found.scheme.startswith("Rolling origin by at: 200 of 400 outcomes judged")


@pytest.mark.parametrize("kind", [pl.DataFrame, lambda table: pl.DataFrame(table).to_pandas(), dict])
def test_tables_come_back_as_the_kind_that_came_in(kind):
    table = kind(history(8, 200))
    found = backtest(table, segment_by="source")
    for part in (found.frame(), found.intervals, found.calibration):
        assert isinstance(part, list if kind is dict else type(table))
    names = pl.DataFrame(found.intervals).columns if kind is dict else list(found.intervals.columns)
    assert names == ["method", "over", "gain", "error", "low", "high", "freedom"]


def test_it_can_be_looked_at(strong):
    page, text = strong._repr_html_(), str(strong)
    for part in ("rep x source", "raw cells", "would have shown", "AUC"):
        assert part in page and part in text
    assert text.startswith("Verdict: use it: ")
    assert repr(strong) == f"<Backtest: {strong.summary()}>" and str(strong.verdict) in repr(strong)
    read = json.loads(strong.to_json())
    assert read["verdict"]["decision"] == USE_IT
    assert [row["method"] for row in read["scores"]] == [score.method for score in strong.scores]


def test_names_are_escaped():
    table = history(9, 100)
    table["<b>"] = table.pop("source")
    assert "<b>," not in backtest(table, segment_by="<b>")._repr_html_()


def test_progress_is_reported():
    stages = {}  # in order; a slow machine is told of one stage more than once
    backtest(history(10, 100), segment_by="source", on_progress=lambda progress: stages.setdefault(progress.stage))
    assert list(stages) == ["read", *(f"fold {k} of 5" for k in range(1, 6)), "compare"]


@pytest.mark.parametrize("table", [[], {"rep_id": [], "converted": []}, [{"rep_id": "a", "converted": 1}]])
def test_next_to_nothing_is_legal(table):
    found = backtest(table)
    assert found.verdict.decision == UNKNOWN
    assert (found.n_judged, found.scores, found.bins) == (0, (), ())
    assert isinstance(found, Backtest)
    assert str(found.verdict) in str(found)
    json.loads(found.to_json())


@pytest.mark.parametrize("outcome, word", [(0, "lost"), (1, "won")])
def test_one_class_is_a_flat_answer_that_says_so(outcome, word):
    table = history(11, 50) | {"converted": [outcome] * 50}
    found = backtest(table, segment_by="source")
    assert found.verdict.decision == UNKNOWN
    assert found.verdict.text == f"all of 50 outcomes are {word}, so every estimate is the same"
    assert found.scores[0].log_loss < 0.1
    assert found.scores[0].auc != found.scores[0].auc


def test_open_rows_and_rows_without_a_rep_are_named():
    table = history(12, 120)
    table["converted"][:7] = [None] * 7
    table["rep_id"][100:103] = [None, "", None]
    found = backtest(table, segment_by="source")
    assert found.notes == (
        "7 rows without an outcome yet: left out as if wins and losses took equally long: whose leads are new looks "
        "worse than he is where wins take longer, and better where losses do; with assigned_at and at, open leads "
        "count by their age.",
        "3 outcomes without a rep: learned from, not judged.",
    )


def test_one_date_is_no_order():
    table = history(13, 60) | {"at": ["2026-01-05"] * 60}
    assert backtest(table).scheme.startswith("Folds drawn by lot, as all have one date in at: 60 of 60 outcomes judged")


def test_copies_are_named_where_folds_are_drawn_by_lot():
    table = history(14, 60, dated=False) | {"size": [*range(59), 0]}
    for name in ("rep_id", "source", "converted"):
        table[name][59] = table[name][0]
    assert "1 of 60 rows repeat another in every column" in backtest(table, segment_by="source").notes[0]


def bad(**changes):
    return history(15, 10) | changes


@pytest.mark.parametrize(
    "table, settings, said",
    [
        (bad(converted=[0, 1] * 4 + [2, 1]), {}, "history.converted, row 9: an outcome must be 0, 1, true, false"),
        (bad(converted=["won", "maybe"] * 5), {}, "history.converted, row 2: an outcome must be 0, 1, true, false"),
        (bad(rep_id=[1.0, 1.5] * 5), {}, "history.rep_id, row 2: an id must be text or a whole number; found 1.5"),
        (bad(rep_id=[1, "a"] * 5), {}, "history.rep_id, row 2: ids must be of one kind"),
        (bad(), {"segment_by": "sorce"}, 'history: column "sorce" is missing; did you mean "source"?'),
        (bad(at=["2026-01-05"] * 9 + ["soon"]), {}, "history.at, row 10: must be a date or an ISO date"),
        (bad(at=["2026-01-05"] * 9 + [None]), {}, "history.at, row 10: every settled row needs a date"),
        (
            bad(at=["2026-01-05"] * 9 + ["2026-02-01"]),
            {"now": "2026-01-31"},
            "history.at, row 10: an outcome cannot be settled after 2026-01-31; found '2026-02-01'",
        ),
        (bad(at=["2999-01-01"] * 10), {}, "history.at, row 1: an outcome cannot be settled after 2"),
        (
            bad(lead_id=[1, 2, 3, 4, 1, 6, 7, 8, 9, 10], rep_id=["a"] * 10, at=["2026-01-05"] * 10),
            {},
            "history.lead_id, row 5: the outcome of this lead with rep 'a' stands in row 1 already, and is won there; "
            "found 1. Of won and lost keep the one that holds.",
        ),
        (
            bad(lead_id=[1, 2, 1, *range(4, 11)], rep_id=["a"] * 10, converted=[1] * 10, at=["2026-01-05"] * 10),
            {},
            "history.lead_id, row 3: the outcome of this lead with rep 'a' stands in row 1 already; found 1. "
            "Remove the copy.",
        ),
        (
            bad(
                lead_id=[1, 1, 1, *range(4, 11)],
                rep_id=["a"] * 10,
                converted=[0, 0, 1] + [1] * 7,
                at=["2026-01-05"] * 10,
            ),
            {},
            "history.lead_id, row 2: the outcome of this lead with rep 'a' stands in row 1 already; found 1 (and 1 "
            "more row). Remove the copy. Of won and lost keep the one that holds.",
        ),
        (
            bad(Nr=[1, 2, 3, 4, 1, 6, 7, 2, 2, 10], rep_id=["a"] * 10, at=["2026-01-05"] * 10),
            {"lead_id": "Nr"},
            "history.Nr, row 5: the outcome of this lead with rep 'a' stands in row 1 already, and is won there; "
            "found 1 (and 2 more rows). Of won and lost keep the one that holds.",
        ),
        (bad(), {"segment_by": ["source", "source"]}, "segment_by: must be distinct names of columns"),
        (bad(), {"folds": 1}, "folds: must be a whole number, 2 or more; found 1"),
        (bad(), {"level": 90}, "level: must be between 0 and 1, such as 0.9; found 90"),
        (bad(), {"worthwhile": 0}, "worthwhile: must be a positive standard deviation on the logit; found 0"),
        (bad(), {"now": "soon"}, "now: must be a date or an ISO date like 2026-01-31; found 'soon'"),
        (bad(), {"half_life_days": -1}, "AffinityModel.half_life_days: must be a positive number"),
        (bad(source=[["a"]] * 10), {"segment_by": "source"}, "history.source, row 1: must be a plain value"),
    ],
)
def test_bad_input_gets_a_sentence(table, settings, said):
    with pytest.raises(leadopt.InvalidInput, match=f"^{re.escape(said)}"):
        backtest(table, **settings)


def test_a_column_of_its_own_level_for_each_row_changes_nothing():
    table = history(16, 60)
    found = backtest(table | {"lead": [f"x{k}" for k in range(60)]}, segment_by="lead")
    assert found.scores == backtest(table, segment_by=()).scores
    assert found.verdict == backtest(table, segment_by=()).verdict


def test_records_are_the_settled_rows():
    table = history(17, 30)
    table["converted"][3] = None
    records = read_records(table, segment_by=("source",), columns=Columns(), now=None)
    rows = [k for k in range(30) if k != 3]
    assert [records.reps[code] for code in records.rep] == [table["rep_id"][k] for k in rows]
    assert records.won.tolist() == [table["converted"][k] for k in rows]
    assert records.table.values("source") == [table["source"][k] for k in rows]
    pairs = [(table["rep_id"][k], table["source"][k]) for k in rows]
    assert len(set(zip(pairs, records.cell.tolist(), strict=True))) == len(set(pairs)) == len(set(records.cell))


def test_maven_crm_is_a_null_case():
    """Fictitious sales whose outcomes are independent of agent, product and sector."""
    deals = pl.read_csv(file("maven-crm", "sales_pipeline.csv"))
    sectors = pl.read_csv(file("maven-crm", "accounts.csv")).select("account", "sector")
    won = pl.when(pl.col("deal_stage").is_in(["Won", "Lost"])).then(pl.col("deal_stage"))
    deals = deals.join(sectors, on="account", how="left").with_columns(won=won)
    known = {"rep": "sales_agent", "converted": "won", "at": "close_date", "folds": 3}
    found = backtest(deals, segment_by="product", **known)
    assert found.verdict.decision == FREE, found.verdict
    found = backtest(deals, segment_by=["product", "sector"], **known)
    assert found.verdict.decision == UNKNOWN, found.verdict  # pairs with sector would take 7,800 outcomes, not 6,711
    assert not any(test.found for test in found.tests)
    assert abs(found.differences[0].gain) < 0.0003
    assert found.scores[0].log_loss < found.scores[-1].log_loss - 0.008  # raw cells overfit


def test_incidents_depend_on_group_and_product():
    cases = pl.read_csv(file("incidents", "incidents.csv"))
    columns = {"rep": "first_group", "converted": "first_line_only", "at": "first_event"}
    found = backtest(cases, segment_by="product", folds=2, **columns)
    assert found.verdict.decision == USE_IT, found.verdict
    scores = {score.method: score.log_loss for score in found.scores}
    assert min(scores, key=scores.get) == "first_group x product"
    assert found.tests[1].p_value < 1e-6


def test_salvirt_has_no_dates():
    deals = pl.read_csv(file("salvirt", "Salvirt_B2B_ML_dataset.csv"), separator=";")
    found = backtest(deals, segment_by="Source", rep="Seller", converted="Status", folds=10)
    assert found.scheme.startswith("Folds drawn by lot, as history has no dates in at: 448 of 448 outcomes judged")
    assert found.verdict.decision in (USE_IT, REPS_ONLY)
    assert "83 of 448 rows repeat another in every column" in found.notes[0]
    assert found.tests[0].p_value < 1e-6


def test_a_column_that_names_leads_is_left_out_and_measurements_are_binned():
    rng = np.random.default_rng(8)
    history = {
        "rep_id": rng.choice(["a", "b"], 300).tolist(),
        "source": rng.choice(["web", "fair"], 300).tolist(),
        "mail": [f"{k}@x.org" for k in range(300)],
        "size": rng.lognormal(2.0, 1.0, 300).tolist(),
        "converted": rng.integers(2, size=300).tolist(),
    }
    found = backtest(history, segment_by=["source", "mail"], folds=2)
    assert found.notes == ("mail has 300 levels in 300 outcomes: it names leads, so it is left out.",)
    assert found.scores == backtest(history, segment_by="source", folds=2).scores
    binned = backtest(history, segment_by="size", folds=2)
    assert len(binned.notes) == 1
    assert binned.notes[0].startswith("size holds numbers, 300 levels in 300 outcomes: it counts in 8 bins (")
    assert {test.groups: test.n_groups for test in binned.tests}["pairs of rep and size"] == 16


def shared_out(seed, n, reps_of, strong=0.0):
    """Leads of four kinds of which each goes to one of `reps_of(kind)`, whose reps differ by so much on the logit."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, n)
    rep = np.array([rng.choice(reps_of(k)) for k in kind])
    level = rng.normal(0, strong, rep.max() + 1)[rep]
    won = (rng.random(n) < 1 / (1 + np.exp(1.2 - level))).astype(int)
    at = [date(2025, 1, 1) + timedelta(int(day)) for day in np.sort(rng.integers(0, 365, n))]
    return pl.DataFrame({"rep_id": [f"r{k}" for k in rep], "kind": [f"k{k}" for k in kind], "converted": won, "at": at})


@pytest.mark.parametrize("strong", [0.0, 0.8])
def test_reps_who_have_a_kind_of_lead_of_their_own_are_told_apart_by_no_number_of_outcomes(strong):
    found = backtest(shared_out(0, 3000, lambda kind: [kind], strong), segment_by="kind", now="2026-01-01")
    assert found.verdict.decision == "cannot tell yet"
    assert found.verdict.advice == "let other reps have some of the leads of each kind, best by lot, and ask again"
    assert "reps cannot be told from what else differs by any number of outcomes" in found.verdict.text
    assert not found.tests[0].told_apart and found.tests[0].needed is None
    both = backtest(shared_out(0, 3000, lambda kind: [kind, (kind + 1) % 4], strong), segment_by="kind")
    assert both.tests[0].told_apart and "any number" not in str(both.verdict)


@pytest.mark.parametrize("segment_by", ["kind", ()])
def test_one_rep_alone_is_told_what_it_takes(segment_by):
    found = backtest(shared_out(0, 300, lambda kind: [7]), segment_by=segment_by, now="2026-01-01")
    assert str(found.verdict) == (
        "cannot tell yet: let a second rep have some of the leads, best by lot, and ask again. All leads that can be "
        "judged went to r7, so nobody can tell whether it matters who gets them."
    )


def test_a_column_of_one_level_leaves_the_reps_alone_to_be_judged():
    history = shared_out(0, 8000, lambda kind: [0, 1, 2, 3]).with_columns(kind=pl.lit("all"))
    found = backtest(history, segment_by="kind", now="2026-01-01")
    assert found.verdict.decision == "fairness is free"
    assert "pairs" not in found.verdict.text
