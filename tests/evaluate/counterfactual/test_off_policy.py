"""`off_policy`: estimates against plain sums, coverage with known truth, real logs, refusals and bad input."""

import json
import re
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import leadopt
from benchmarks.off_policy_coverage import N_REPS, REPS, simulated
from leadopt.evaluate import OffPolicy, off_policy
from leadopt.evaluate.counterfactual.propensity import log_propensities
from tests.evaluate.backtests.test_backtest import file


@pytest.fixture(scope="module")
def known():
    log, chances, _ = simulated(0, 400)
    return (
        log,
        chances,
        off_policy(log, chances, segment_by="source", propensity="chosen_with", reps=REPS, replicates=200),
    )


def test_ips_and_snips_are_their_sums(known):
    log, chances, found = known
    weights = [chances[k][REPS.index(log["rep_id"][k])] / log["chosen_with"][k] for k in range(400)]
    earned = sum(w * won for w, won in zip(weights, log["converted"], strict=True))
    assert found.estimate("IPS").value == pytest.approx(earned / 400)
    assert found.estimate("SNIPS").value == pytest.approx(earned / sum(weights))
    assert found.estimate("log").value == pytest.approx(np.mean(log["converted"]))
    assert found.lift.value == pytest.approx(found.value.value - np.mean(log["converted"]))
    assert found.overlap.effective == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
    assert found.overlap.largest == pytest.approx(max(weights) / sum(weights))


def test_bootstrap_errors_agree_with_the_formula_for_a_mean(known):
    log, chances, found = known
    weights = np.array([chances[k][REPS.index(log["rep_id"][k])] / log["chosen_with"][k] for k in range(400)])
    formula = (weights * np.array(log["converted"])).std() / np.sqrt(400)
    assert found.estimate("IPS").error == pytest.approx(formula, rel=0.2)


@pytest.mark.parametrize("propensity", ["chosen_with", None])
def test_intervals_cover_the_truth(propensity):
    """10 logs: 90% intervals miss more than 4 times with a chance below 0.2%; the benchmark has many more."""
    covered, errors = [], []
    for seed in range(10):
        log, chances, truth = simulated(100 + seed, 600)
        found = off_policy(
            log, chances, segment_by="source", propensity=propensity, reps=REPS, replicates=200, rng=seed
        )
        covered.append(found.value.low <= truth <= found.value.high)
        errors.append((found.value.value - truth) / found.value.error)
    assert sum(covered) >= 6
    assert abs(np.mean(errors)) < 1.0
    assert 0.4 < np.std(errors) < 1.8


def test_doubly_robust_survives_wrong_propensities_and_ips_does_not():
    log, chances, truth = simulated(1, 6000)
    # As if everybody had been chosen by lot: weights still average 1 or so, and the estimates q put it right.
    log["by_lot"] = [1.0 / N_REPS] * 6000
    found = off_policy(log, chances, segment_by="source", propensity="by_lot", reps=REPS, replicates=200)
    if found.refusal is None:
        assert abs(found.value.value - truth) < abs(found.estimate("IPS").value - truth) + 1e-9
    assert abs(found.value.value - truth) < 0.03 if found.refusal is None else "by_lot" in found.refusal


def test_a_plan_a_mapping_and_chances_say_the_same():
    log, _, _ = simulated(2, 900)
    best = {"s0": "r0", "s1": "r1", "s2": "r2"}
    mapping = {lead: best[source] for lead, source in zip(log["lead_id"], log["source"], strict=True)}
    reps = [{"rep_id": one, "capacity": 900} for one in REPS]
    leads = [{"lead_id": lead} for lead in log["lead_id"]]
    gains = np.array([[1.0 if REPS[a] == mapping[lead] else 0.1 for a in range(N_REPS)] for lead in log["lead_id"]])
    plan = leadopt.assign(leads, reps, affinity=gains)
    chances = (gains == 1.0).astype(float)
    first, *others = (
        off_policy(log, policy, segment_by="source", propensity="chosen_with", replicates=100)
        for policy in (plan, mapping, chances)
    )
    assert first.refusal is None
    assert all(other.estimates == first.estimates for other in others)


def test_the_pool_earns_nothing():
    log, chances, _ = simulated(3, 600)
    whole, half = (
        off_policy(log, part, segment_by="source", propensity="chosen_with", reps=REPS, replicates=100)
        for part in (chances, chances / 2)
    )
    for method in ("DR", "SNIPS", "IPS"):
        assert half.estimate(method).value == pytest.approx(whole.estimate(method).value / 2)
    assert half.overlap.expected_weight == pytest.approx(0.5)


def test_value_is_the_unit_of_earnings():
    log, chances, _ = simulated(4, 600)
    log["worth"] = [100.0] * 600
    settings = {"segment_by": "source", "propensity": "chosen_with", "reps": REPS, "replicates": 100}
    deals, money = (off_policy(log, chances, value=value, **settings) for value in (None, "worth"))
    assert money.value.value == pytest.approx(100 * deals.value.value)
    assert " worth a lead" in money.summary()


def test_the_logs_own_policy_earns_what_the_log_earned():
    log, _, _ = simulated(5, 600)
    own = dict(zip(log["lead_id"], log["rep_id"], strict=True))
    log["sure"] = [1.0] * 600
    found = off_policy(log, own, segment_by="source", propensity="sure", replicates=100)
    assert found.estimate("IPS").value == pytest.approx(np.mean(log["converted"]))
    assert found.value.value == pytest.approx(np.mean(log["converted"]))
    assert found.overlap.effective == pytest.approx(600)


@pytest.mark.parametrize("name", ["men", "women"])
def test_the_value_of_a_logs_own_random_policy_is_covered_on_real_data(name):
    """Half of the log, with its known and with estimated propensities, covers what the other half earned."""
    log = pl.read_csv(file("open-bandit-random", f"{name}.csv.gz"))
    items = log["item_id"].unique().sort().to_list()
    settings = {"rep": "item_id", "converted": "click", "reps": items, "segment_by": "position", "replicates": 300}
    odd = log.filter(pl.col("timestamp").rank("ordinal") % 2 == 1)
    even = log.filter(pl.col("timestamp").rank("ordinal") % 2 == 0)
    uniform = np.full((len(odd), len(items)), 1 / len(items))
    for propensity in ("propensity_score", None):
        found = off_policy(odd, uniform, propensity=propensity, **settings)
        clicks = even["click"].sum()
        spread = 2 * np.sqrt(clicks) / len(even)  # of the truth itself
        for method in ("DR", "SNIPS", "IPS"):
            one = found.estimate(method)
            assert one.low - spread <= clicks / len(even) <= one.high + spread, (method, propensity)
        assert found.value.low <= log["click"].mean() <= found.value.high
        assert abs(found.lift.value) < 3 * found.lift.error  # of four intervals of 90% one may well miss it


def test_estimated_propensities_are_shrunk_shares_of_segments():
    rng = np.random.default_rng(0)
    segment = rng.integers(4, size=4000)
    truth = rng.dirichlet(np.ones(3), size=4)
    rep = np.array([rng.choice(3, p=truth[one]) for one in segment])
    assert np.abs(log_propensities(rep, segment) - truth[segment, rep]).max() < 0.04
    alike = rng.integers(3, size=4000)  # whatever the segment
    raw = np.bincount(segment * 3 + alike)[segment * 3 + alike] / np.bincount(segment)[segment]
    assert np.abs(log_propensities(alike, segment) - 1 / 3).mean() < 0.8 * np.abs(raw - 1 / 3).mean()
    assert log_propensities(rep[:0], segment[:0]).shape == (0,)


def test_known_chances_answer_for_pairs_that_were_never_seen():
    """Bob had no fair lead, though he could have: estimated chances refuse, known ones say on what they rest."""
    log, _, _ = simulated(6, 600)
    seen = [k for k in range(600) if (log["rep_id"][k], log["source"][k]) != ("r0", "s0")]
    log = {name: [column[k] for k in seen] for name, column in log.items()}
    by_lot = np.full((len(seen), N_REPS), 1 / N_REPS)
    assert "kind of lead that it never had" in off_policy(log, by_lot, segment_by="source", reps=REPS).refusal
    found = off_policy(log, by_lot, segment_by="source", reps=REPS, propensity="chosen_with", replicates=100)
    assert found.refusal is None and 0.05 < found.overlap.never < 0.1
    assert found.notes[-1].endswith(
        "chosen_with says that it could have, so what is said of these rests on estimates alone."
    )
    nobody = off_policy(log, dict.fromkeys(log["lead_id"], "new"), segment_by="source", propensity="chosen_with")
    assert nobody.refusal.endswith("100% of its decisions give a lead to a rep who had none in the log")


def test_few_conversions_leave_more_room_above_than_below():
    """With one conversion of 200 leads, 95% limits of its rate are 0.013% and 2.8% (Garwood), and no bootstrap's."""
    log = {"lead_id": list(range(200)), "rep_id": ["a", "b"] * 100, "converted": [1] + [0] * 199, "p": [1.0] * 200}
    own = dict(zip(log["lead_id"], log["rep_id"], strict=True))
    found = off_policy(log, own, propensity="p", level=0.95).estimate("IPS")
    assert found.value == pytest.approx(0.005)
    assert found.high == pytest.approx(5.57 / 200, abs=0.002) and 0.0 <= found.low < 0.0002


def test_no_column_means_that_reps_were_chosen_by_lot():
    log, chances, _ = simulated(6, 300)
    found = off_policy(log, chances, reps=REPS, replicates=100)
    assert found.notes == (
        "Chances of the log's choices are estimated, as if reps had been chosen by nothing and by lot.",
    )


@pytest.mark.parametrize(
    "log, policy, settings, said",
    [
        ([], {}, {}, "it holds no outcome"),
        (simulated(7, 40)[0], dict.fromkeys(range(40)), {}, "the policy places no lead of it"),
        (
            simulated(7, 300)[0],
            dict.fromkeys(range(300), "somebody new"),
            {"segment_by": "source"},
            "100% of its decisions give a rep a kind of lead that it never had in the log",
        ),
        (
            simulated(7, 60)[0],
            dict.fromkeys(range(60), "r1"),
            {},
            r"the two agree too seldom, so that 60 outcomes are worth \d+ and 50 is the least",
        ),
        (
            simulated(7, 600)[0] | {"p": [0.9] * 600},
            simulated(7, 600)[1],
            {"propensity": "p", "reps": REPS},
            r"p cannot be the chances with which its reps were chosen, as weights average 0\.\d+ and not 1",
        ),
    ],
)
def test_what_a_log_cannot_answer_is_refused_in_a_sentence(log, policy, settings, said):
    found = off_policy(log, policy, **settings)
    assert re.fullmatch(f"this log cannot say what the policy would earn: {said}", found.refusal)
    assert found.estimates == () and found.refusal == found.summary()
    assert found.refusal in str(found) and found.refusal in repr(found)
    with pytest.raises(leadopt.InvalidInput, match=r"^this log cannot say"):
        _ = found.value
    json.loads(found.to_json())


def test_it_can_be_looked_at(known):
    found = known[2]
    assert isinstance(found, OffPolicy)
    assert re.search(r"conversions a lead \(90% interval 0\.\d+ to 0\.\d+\), ", found.summary())
    for part in ("SNIPS", "outcomes of the log are worth", "log&#x27;s"):
        assert part in found._repr_html_()
    assert "| DR" in str(found)
    assert [row["method"] for row in found.frame()] == ["DR", "SNIPS", "IPS", "log", "lift"]
    assert json.loads(found.to_json())["estimates"][0]["value"] == found.value.value


def test_the_same_seed_gives_the_same_answer():
    log, chances, _ = simulated(8, 200)
    one, other, third = (
        off_policy(log, chances, reps=REPS, segment_by="source", replicates=100, rng=seed).to_json()
        for seed in (0, 0, 1)
    )
    assert one == other != third


def test_a_clear_difference_is_told_from_none():
    log, _, _ = simulated(9, 1200)
    log["converted"] = [int(rep == "r0") for rep in log["rep_id"]]
    better, worse = (
        off_policy(log, dict.fromkeys(range(1200), rep), segment_by="source", replicates=200).summary()
        for rep in ("r0", "r1")
    )
    assert " more than the log's " in better and " less than the log's " in worse
    log["converted"] = [k % 2 for k in range(1200)]
    assert (
        ", no clear difference from the log's 0.5"
        in off_policy(log, dict.fromkeys(range(1200), "r0"), segment_by="source", replicates=200).summary()
    )


SMALL = simulated(10, 20)[0]
UNIFORM = np.full((20, N_REPS), 1 / N_REPS)


@pytest.mark.parametrize(
    "log, policy, settings, said",
    [
        (
            SMALL | {"rep_id": [None, *SMALL["rep_id"][1:]]},
            UNIFORM,
            {},
            "log.rep_id, row 1: every settled row of a log needs",
        ),
        (SMALL, UNIFORM, {"propensity": "nothing"}, 'log: column "nothing" is missing'),
        (
            SMALL | {"p": [0.0] * 20},
            UNIFORM,
            {"propensity": "p", "reps": REPS},
            "log.p, row 1: what was done cannot have had",
        ),
        (
            SMALL | {"p": [1.5] * 20},
            UNIFORM,
            {"propensity": "p", "reps": REPS},
            "log.p, row 1: must be a finite number from 0 to 1",
        ),
        (
            SMALL,
            UNIFORM[:5],
            {"reps": REPS},
            "policy: chances must have a row for each of 20 rows of the log and a column",
        ),
        (
            SMALL,
            UNIFORM * 2,
            {"reps": REPS},
            "policy, row 1: chances must be 0 or more and sum to 1 or less; found sum 2",
        ),
        (
            SMALL,
            UNIFORM - 0.5,
            {"reps": REPS},
            "policy, row 1: chances must be 0 or more and sum to 1 or less; found sum",
        ),
        (SMALL, UNIFORM, {"reps": [*"abcde"]}, "reps: must hold every rep of the log, each once; found"),
        (SMALL, "best", {}, "policy: must be a plan, a mapping from lead id to rep id, or an array of chances"),
        (SMALL, {}, {}, "policy: holds no lead of the log; it has none, those of the log 0"),
        (SMALL, {"x": "r1"}, {}, "policy: holds no lead of the log; its leads are like 'x', those of the log 0"),
        (SMALL, {0: 1.5}, {}, "policy, lead 0: a rep must be text or a whole number, None = pool; found 1.5"),
        (SMALL, UNIFORM, {"level": 2}, "level: must be between 0 and 1, such as 0.9; found 2"),
        (SMALL, UNIFORM, {"replicates": 5}, "replicates: must be a whole number, 100 or more; found 5"),
        (SMALL | {"converted": [2] * 20}, UNIFORM, {}, "log.converted, row 1: an outcome must be 0, 1, true, false"),
    ],
)
def test_bad_input_gets_a_sentence(log, policy, settings, said):
    with pytest.raises(leadopt.InvalidInput, match=f"^{re.escape(said)}"):
        off_policy(log, policy, **settings)


def test_a_plan_of_other_leads_is_refused():
    plan = leadopt.assign([{"lead_id": 0}], [{"rep_id": "r1", "capacity": 1}])
    with pytest.raises(
        leadopt.InvalidInput, match=r"^policy: the plan has no lead 1 of the log; plan the leads of the log$"
    ):
        off_policy(SMALL, plan)


def test_a_column_that_names_leads_is_left_out():
    rng = np.random.default_rng(8)
    log = [
        {"lead_id": k, "rep_id": "ab"[k % 2], "mail": f"{k}@x.org", "source": "web", "converted": int(won)}
        for k, won in enumerate(rng.integers(2, size=400))
    ]
    policy = {row["lead_id"]: "a" for row in log}
    found = off_policy(log, policy, segment_by=["source", "mail"])
    assert found.notes[0] == "mail has 400 levels in 400 outcomes: it names leads, so it is left out."
    assert found.summary() == off_policy(log, policy, segment_by="source").summary()


def by_lot(seed, n, rate=0.2, **columns):
    """A log whose reps were drawn by lot and are all alike."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "lead_id": np.arange(n),
            "rep_id": [f"r{one}" for one in rng.integers(0, 3, n)],
            "source": rng.choice(["web", "fair"], n),
            "converted": (rng.random(n) < rate).astype(int),
            "at": [date(2025, 1, 1) + timedelta(int(day)) for day in rng.integers(0, 300, n)],
            **columns,
        }
    )


def all_to(rep, log):
    return dict.fromkeys(log["lead_id"].to_list(), rep)


def test_copies_under_other_ids_are_no_evidence():
    """By its rows, 0.031 conversions more than the log (0.012 to 0.050): of reps who are all alike."""
    log = by_lot(0, 300)
    copied = pl.concat([log.with_columns(lead_id=pl.col("lead_id") + 1000 * k) for k in range(10)])
    once, often = (off_policy(one, all_to("r0", one), segment_by="source") for one in (log, copied))
    assert any(note.startswith("3,000 of 3,000 outcomes share their rep, segment and date") for note in often.notes)
    assert often.overlap.n < 400
    assert often.value.high - often.value.low == pytest.approx(once.value.high - once.value.low, rel=0.3)
    assert often.lift.low < 0 < often.lift.high


def test_a_column_that_is_no_copy_leaves_its_rows_alone():
    log, chances, _ = simulated(100, 600)
    assert off_policy(log, chances, reps=REPS, replicates=200).overlap.n == 600  # source tells a lot, and has 3 levels


def test_where_all_were_won_the_next_may_be_lost():
    low, high = by_lot(1, 300, rate=0.0), by_lot(1, 300, rate=1.0)
    none, every = (off_policy(log, all_to("r0", log), segment_by="source").value for log in (low, high))
    assert 0 == none.low < none.high < 0.06
    assert (every.low, every.high) == pytest.approx((1 - none.high, 1.0), abs=0.005)


def test_one_lead_that_outweighs_all_others_is_named():
    log = by_lot(2, 500).with_columns(amount=pl.when(pl.int_range(500) == 7).then(1e12).otherwise(100.0))
    found = off_policy(log, all_to(log["rep_id"][7], log), value="amount")
    assert found.refusal == (
        "this log cannot say what the policy would earn: one lead with amount 1,000,000,000,000 outweighs all others "
        "together; mend it, or leave it out, if it is none of their kind"
    )


def test_segments_that_tell_the_outcome_are_refused_unless_insisted_on():
    log = by_lot(3, 500).with_columns(stage=pl.col("converted").cast(pl.String))
    with pytest.raises(leadopt.InvalidInput, match=r"^segment_by: 'stage' seems to be filled in"):
        off_policy(log, all_to("r0", log), segment_by="stage")
    assert off_policy(log, all_to("r0", log), segment_by="stage", known_before="stage").refusal is None


@pytest.mark.parametrize("worth", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize("log", ["all lost", "all to their own rep"])
def test_what_is_left_by_rounding_reads_as_nothing(worth, log):
    """Terms that cancel each other left 2.89e-20 conversions where nobody converted."""
    lost = log == "all lost"
    rows = [
        {"lead_id": i, "rep_id": "AB"[i % 2], "s": "xy"[i // 2 % 2], "converted": not lost, "value": worth}
        for i in range(600)
    ]
    policy = {row["lead_id"]: "A" if lost else row["rep_id"] for row in rows}
    found = off_policy(rows, policy, segment_by="s", value="value")
    for one in found.estimates:
        for part in (one.value, one.error, one.low, one.high):
            assert part == 0.0 or abs(part) > 1e-9 * worth, (one.method, part)
    if lost:
        assert found.value.value == 0.0
        assert found.summary().startswith("0 value a lead (90% interval 0 to ")
