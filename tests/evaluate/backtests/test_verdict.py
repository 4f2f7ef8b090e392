"""Every verdict in words, from evidence made by hand."""

import pytest

from leadopt.evaluate.backtests.heterogeneity import Heterogeneity
from leadopt.evaluate.backtests.losses import Difference
from leadopt.evaluate.backtests.verdict import (
    FREE,
    REPS_ONLY,
    UNKNOWN,
    USE_IT,
    Claim,
    Grounds,
    odds,
    signed,
    verdict,
)
from leadopt.evaluate.counterfactual.matched import Matched
from leadopt.learning.past_assignment import PastAssignment


def gain(value, error, over="product"):
    return Difference(
        method="m", over=over, gain=value, error=error, low=value - 2 * error, high=value + 2 * error, freedom=50.0
    )


def between(groups, *, p=0.05, deviation=0.05, detectable=0.2, needed=4000):
    return Heterogeneity(
        groups=groups,
        n_groups=30,
        n_outcomes=5000,
        p_value=p,
        alpha=0.01,
        deviation=deviation,
        detectable=detectable,
        wanted=0.25,
        needed=needed,
    )


def claims(who=None, pairs=None, **tests):
    who, pairs = who or gain(0.0, 0.001), pairs or gain(0.0, 0.001, "rep + product")
    reps = tests.get("reps", between("reps"))
    both = tests.get("both", between("pairs of rep and product"))
    return (
        Claim(what="rep", gain=who, tests=(reps,)),
        Claim(what="rep x product", gain=pairs, tests=(both,), together=tests.get("together")),
    )


BLIND = {"detectable": 0.6, "needed": 41_234}


@pytest.mark.parametrize(
    "evidence, decision, said",
    [
        (
            claims(pairs=gain(0.017, 0.003, "rep + product")),
            USE_IT,
            "rep x product: +0.017 +- 0.003 nats a lead over rep + product: it matters who gets which lead",
        ),
        (
            claims(pairs=gain(0.002, 0.003, "rep + product"), both=between("pairs", p=0.001, deviation=0.4)),
            USE_IT,
            "rep x product: +0.002 +- 0.003 nats a lead over rep + product, p = 0.001: it matters who gets which lead",
        ),
        (
            claims(who=gain(0.02, 0.003)),
            REPS_ONLY,
            "rep: +0.020 +- 0.003 nats a lead over product: it matters who gets the lead, but no evidence that it "
            "depends on the lead (+0.0000 +- 0.0010 nats a lead over rep + product)",
        ),
        (
            claims(
                who=gain(0.02, 0.003),
                pairs=gain(-0.001, 0.001, "rep + product"),
                both=between("pairs", p=0.002, deviation=0.1),
            ),
            REPS_ONLY,
            "rep: +0.020 +- 0.003 nats a lead over product: it matters who gets the lead, but on the lead it depends "
            "too little to use (-0.0010 +- 0.0010 nats a lead over rep + product, p = 0.002)",
        ),
        (
            claims(who=gain(0.02, 0.003), both=between("pairs of rep and product", **BLIND)),
            REPS_ONLY,
            "rep: +0.020 +- 0.003 nats a lead over product: it matters who gets the lead; nobody can tell yet whether "
            "it depends on the lead (+0.0000 +- 0.0010 nats a lead over rep + product): 5,000 outcomes show odds that "
            "differ by 82% between pairs of rep and product; it takes about 42,000 for 28%",
        ),
        (
            claims(),
            FREE,
            "no evidence that who gets the lead matters (+0.0000 +- 0.0010 nats a lead over product, and odds that "
            "differ by 22% between reps, 22% between pairs of rep and product would have shown)",
        ),
        (
            claims(reps=between("reps", p=0.004, deviation=0.1), who=gain(-0.001, 0.001)),
            FREE,
            "no evidence that who gets the lead matters (-0.0010 +- 0.0010 nats a lead over product, p = 0.004, and "
            "odds that differ by 22% between reps, 22% between pairs of rep and product would have shown; reps differ, "
            "but by 11%)",
        ),
        (
            claims(together=between("pairs of rep and product, region", **BLIND)),
            FREE,
            "no evidence that who gets the lead matters (+0.0000 +- 0.0010 nats a lead over product, and odds that "
            "differ by 22% between reps, 22% between pairs of rep and product would have shown); together they may "
            "still hide some: 5,000 outcomes show odds that differ by 82% between pairs of rep and product, region; it "
            "takes about 42,000 for 28%",
        ),
        (
            claims(reps=between("reps", **BLIND)),
            UNKNOWN,
            "nobody can tell yet whether it matters who gets the lead (+0.0000 +- 0.0010 nats a lead over product): "
            "5,000 outcomes show odds that differ by 82% between reps; it takes about 42,000 for 28%",
        ),
        (
            claims(reps=between("reps", detectable=float("inf"), needed=None)),
            UNKNOWN,
            "nobody can tell yet whether it matters who gets the lead (+0.0000 +- 0.0010 nats a lead over product): "
            "reps have too few outcomes each, and more leads spread like these would not help",
        ),
        (
            claims(reps=between("reps", detectable=float("inf"), needed=90_000)),
            UNKNOWN,
            "nobody can tell yet whether it matters who gets the lead (+0.0000 +- 0.0010 nats a lead over product): "
            "5,000 outcomes show no difference between reps, however large; it takes about 90,000 for 28%",
        ),
        (
            claims(reps=between("reps", p=1e-6, deviation=0.5), who=gain(-0.01, 0.004)),
            UNKNOWN,
            "reps differ by more than chance (p = 1e-06), but that did not foretell outcomes it was "
            "not learned from (-0.010 +- 0.004 nats a lead over product); either it changes with time, or it takes "
            "more than 5,000 outcomes",
        ),
    ],
)
def test_evidence_gets_its_verdict(evidence, decision, said):
    found = verdict(*evidence)
    assert (found.decision, found.text) == (decision, said)
    assert str(found).startswith(f"{decision}: {found.advice}. {said[0].upper()}")


def test_without_segments_there_is_one_claim():
    reps, _ = claims(who=gain(0.02, 0.003, "global"))
    assert verdict(reps, None).text == ("rep: +0.020 +- 0.003 nats a lead over global: it matters who gets the lead")
    reps, _ = claims()
    assert verdict(reps, None).decision == FREE


@pytest.mark.parametrize(
    "value, error, said",
    [
        (0.0172, 0.0029, "+0.017 +- 0.003"),
        (0.00004, 0.00007, "+0.00004 +- 0.00007"),
        (-0.00001, 0.0012, "+0.0000 +- 0.0012"),
        (0.01, float("inf"), "+0.010 (error unknown)"),
    ],
)
def test_gains_have_as_many_digits_as_their_error(value, error, said):
    assert signed(gain(value, error)) == said


def test_deviations_on_the_logit_are_said_as_odds():
    assert (odds(0.25), odds(0.0), odds(float("inf"))) == ("28%", "0%", "any")


def matched(share, came_true=1.0, **changes):
    parts = {"n_leads": 900, "n_moved": 500, "deals": 200, "promised": share, "came_true": came_true, "error": 0.1}
    parts |= {"robust": 200 * share, "robust_error": 9.0, "refusal": None, "level": 0.9}
    return Matched(**parts | changes)


PAST = PastAssignment(n_outcomes=5000, by="product", elsewhere=0.2, p_value=1e-9, favour=1.3)
SURE = claims(who=gain(0.02, 0.003), pairs=gain(0.017, 0.003, "rep + product"))


def beside(**gains):
    return tuple(gain(value, 0.001, over) for over, value in {"global": 0.03, "rep": 0.02, **gains}.items())


def test_use_it_takes_a_gain_that_is_worth_having():
    found = verdict(*SURE, Grounds(past=PAST, rate=0.2, beside=beside(), matched=matched(0.05), least_gain=0.005))
    assert found.decision == USE_IT
    assert found.advice == (
        "let the plan choose who gets which lead: with the same reps and loads, the 900 leads judged would have "
        "brought 10 deals more than 200 (5.0%, between 4.2% and 5.0%)"
    )
    little = verdict(*SURE, Grounds(past=PAST, rate=0.2, beside=beside(), matched=matched(0.004), least_gain=0.005))
    assert little.decision == REPS_ONLY
    assert "but matching brings 1 deal more than 200 (0.4%, between 0.3% and 0.4%); worth having is 0.5%" in little.text
    nobody = claims(pairs=gain(0.017, 0.003, "rep + product"), both=between("pairs", p=1e-4, deviation=0.1))
    none = verdict(*nobody, Grounds(matched=matched(0.05, came_true=-0.5), least_gain=0.005))
    assert none.decision == FREE and "but matching brings no deal more than 200" in none.text
    blind = claims(pairs=gain(0.017, 0.003, "rep + product"), both=between("pairs", p=1e-4, detectable=0.6))
    assert verdict(*blind, Grounds(matched=matched(0.001), least_gain=0.005)).decision == UNKNOWN


@pytest.mark.parametrize("rival", ["global", "rep", "product"])
def test_use_it_takes_a_model_that_is_better_than_every_simpler_one(rival):
    differ = claims(
        who=gain(0.02, 0.003),
        pairs=gain(0.017, 0.003, "rep + product"),
        both=between("pairs of rep and product", p=1e-5),
        reps=between("reps", p=0.5),
    )
    grounds = Grounds(beside=beside(**{rival: -0.004}), matched=matched(0.05), least_gain=0.005)
    assert verdict(*differ, Grounds(beside=beside(), matched=matched(0.05))).decision == USE_IT
    found = verdict(*differ, grounds)
    assert found.decision == UNKNOWN
    assert f"the simpler estimate by {rival} foretold later outcomes as well or better (-0.0040 +- 0.0010" in found.text
    sure = claims(who=gain(0.02, 0.003), reps=between("reps", p=1e-6))
    assert verdict(*sure, grounds).decision == (UNKNOWN if rival == "global" else REPS_ONLY)


def test_a_gain_that_no_test_of_differences_supports_is_no_evidence():
    """Reps who come and go while the level changes foretell later outcomes."""
    luck = claims(who=gain(0.02, 0.003), reps=between("reps", p=0.4), both=between("pairs", p=0.4))
    assert verdict(*luck).decision == FREE


def test_no_claim_is_without_its_caveat():
    for what, grounds in {
        USE_IT: Grounds(past=PAST, rate=0.2, beside=beside(), matched=matched(0.05)),
        REPS_ONLY: Grounds(past=PAST, rate=0.2, beside=beside(), matched=matched(0.05), least_gain=0.1),
    }.items():
        evidence = claims(who=gain(0.02, 0.003), pairs=SURE[1].gain, reps=between("reps", p=1e-6, deviation=0.3))
        found = verdict(*evidence, grounds)
        assert found.decision == what
        assert found.caveat.startswith("Past leads were not handed out by lot: 20% went elsewhere by their product")
        assert "A quality of leads that history does not show would explain the whole " in found.caveat
        assert "product, the strongest that history shows, reaches 1.92" in found.caveat
        assert "Only a trial with leads drawn by lot tells for sure." in found.caveat
    against = Grounds(past=PAST, beside=beside(), matched=matched(0.05, robust=-90.0))
    assert "contradict its gain" in verdict(*SURE, against).caveat
