"""What a backtest says in words: does it matter who gets the lead, does it depend on the lead, or can nobody tell?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadopt.evaluate.backtests.heterogeneity import Heterogeneity
from leadopt.evaluate.backtests.losses import Difference
from leadopt.evaluate.counterfactual.matched import Matched
from leadopt.learning.past_assignment import PastAssignment, hidden_quality
from leadopt.tables.text import count, number, percent

USE_IT, REPS_ONLY, FREE, UNKNOWN = "use it", "reps alone", "fairness is free", "cannot tell yet"
_MAY = 10.0  # times the level of a test: what is seen more often by luck is no support
_GLOBAL, _RAW = "global", "raw cells"
_DECILE, _SIDES = 1.2816, np.array([-1.0, 1.0])  # nine in ten of a normal distribution lie below, one in ten above


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether it matters who gets the lead.

    Parameters
    ----------
    decision
        "use it": what a rep gains depends on the lead, and matching by that is worth having; "reps alone": reps differ,
        but not shown to differ by lead, or too little; "fairness is free": no evidence of either, though a difference
        worth knowing would have shown; "cannot tell yet"
    text
        why, with its uncertainty
    advice
        what to do, in one sentence
    caveat
        how past leads were handed out, and how strong a hidden quality of leads would explain what is claimed
    """

    decision: str
    text: str
    advice: str = ""
    caveat: str = ""

    def __str__(self) -> str:
        advice = f"{self.advice}." if self.advice else ""
        return " ".join(filter(None, [f"{self.decision}:", advice, _sentence(self.text), self.caveat]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a verdict looks at beside its claims.

    Parameters
    ----------
    past
        how past leads were handed out; None where nobody looked
    rate
        of conversion
    beside
        the model over each simpler estimate
    matched
        what matching would have brought; None without segments
    least_gain
        deals more that are worth having, as a fraction
    """

    past: PastAssignment | None = None
    rate: float = 0.0
    beside: tuple[Difference, ...] = ()
    matched: Matched | None = None
    least_gain: float = 0.0

    def better(self, *, of_pairs: bool) -> Difference | None:
        """Return the simpler estimate that foretold later outcomes better than the model, of those that claims need.

        That it depends on the lead takes more than the global rate, the rep and the segment; that reps differ takes
        more than the global rate.
        """
        rivals = [one for one in self.beside if one.over == _GLOBAL or (of_pairs and one.over != _RAW)]
        worst = min(rivals, key=lambda one: one.gain, default=None)
        return None if worst is None or worst.gain > 0.0 else worst

    @property
    def enough(self) -> bool:
        """Whether matching brings what is worth having."""
        return self.matched is None or self.matched.share >= self.least_gain

    @property
    def too_little(self) -> str:
        """What matching brings, beside what is worth having."""
        return "" if self.matched is None else f"{self.matched.in_words}; worth having is {percent(self.least_gain, 1)}"

    def handed_out(self, hidden: str = "") -> str:
        """Return how past leads were handed out, and with a claim what may be behind it."""
        told = "" if self.past is None else _sentence(str(self.past))
        trial = "" if self.past is None else "Only a trial with leads drawn by lot tells for sure." if hidden else ""
        return " ".join(filter(None, [told, hidden, trial]))

    def of_lift(self) -> str:
        """Return how past leads were handed out, and what would explain what matching brings."""
        if self.matched is None:
            return self.handed_out()
        lift, least = 1.0 + self.matched.share, 1.0 + self.matched.interval[0]
        told = self.handed_out(hidden_quality(self.past, lift, least))
        if self.matched.disagree:
            told += " Outcomes of leads that happened to go where matching sends them contradict its gain."
        return told.strip()

    def of_reps(self, reps: Claim) -> str:
        """Return how past leads were handed out, and what would explain the difference between reps."""
        ends = np.log(max(self.rate, 1e-9) / max(1.0 - self.rate, 1e-9)) + _DECILE * reps.tests[0].deviation * _SIDES
        low, high = 1.0 / (1.0 + np.exp(-ends))
        between = "difference between the best and the weakest reps"
        return self.handed_out(hidden_quality(self.past, float(high / low), None, between, "best"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That some estimate is better than a simpler one, since something differs.

    Parameters
    ----------
    what
        in words, such as "rep x product"
    gain
        on outcomes that neither was learned from
    tests
        whether what the claim is about differs by more than chance
    together
        the same for all columns of the lead at once, which takes many more outcomes; None if there is but one
    sure
        whether a gain whose interval lies above 0 is evidence where something may differ, but was not found to
    """

    what: str
    gain: Difference
    tests: tuple[Heterogeneity, ...]
    together: Heterogeneity | None = None
    sure: bool = True

    @property
    def holds(self) -> bool:
        """Whether there is evidence: a gain, and something differs; or may differ, and the gain's interval is above 0.

        Reps who come and go while the level changes foretell later outcomes, though none of them is better, and so do
        those whose accounts are good: that is no evidence (`sure`).
        """
        return self.gain.gain > 0.0 and (self.differs or (self.may_differ and self.sure and self.gain.low > 0.0))

    @property
    def may_differ(self) -> bool:
        """Whether any test leaves room for a difference."""
        return any(test.p_value < _MAY * test.alpha for test in self.every)

    @property
    def differs(self) -> bool:
        """Whether anything differs by more than chance."""
        return any(test.found for test in self.every)

    @property
    def every(self) -> tuple[Heterogeneity, ...]:
        """All tests."""
        return self.tests if self.together is None else (*self.tests, self.together)

    @property
    def would_show(self) -> bool:
        """Whether a difference worth knowing would have been found."""
        return all(test.would_show for test in self.tests)

    @property
    def told_apart(self) -> bool:
        """Whether more outcomes like these can tell."""
        return all(test.told_apart for test in self.tests)

    @property
    def small(self) -> bool:
        """Whether all that differs is known to differ less than is worth knowing."""
        return self.would_show and all(test.deviation < test.wanted for test in self.every if test.found)

    @property
    def figures(self) -> str:
        """The gain with its error, and the p-value where something differs."""
        p = min(test.p_value for test in self.every)
        sure = f", p = {number(p, 1)}" if self.differs else ""
        gain = signed(self.gain)
        unit = "" if gain == "nothing" else " nats a lead"
        return f"{gain}{unit} over {self.gain.over}{sure}"

    @property
    def hidden(self) -> str:
        """What may be there unseen, if all columns count together; nothing if it would have shown."""
        if self.together is None or self.together.would_show:
            return ""
        return f"; together they may still hide some: {_how_many(self.together)}"

    def how_many(self) -> str:
        """Return what would have shown, and how many outcomes it takes for what is worth knowing."""
        return _how_many(max(self.tests, key=lambda test: (test.needed is None, test.needed or 0)))


def verdict(reps: Claim, pairs: Claim | None, grounds: Grounds | None = None) -> Verdict:
    """Return the verdict.

    Parameters
    ----------
    reps
        that it matters who gets the lead: the model over the segment alone
    pairs
        that it depends on the lead: the model over rep + segment; None without segments
    grounds
        what else counts: simpler estimates to beat, what matching brings, how past leads were handed out
    """
    known = Grounds() if grounds is None else grounds
    claims = [reps] if pairs is None else [reps, pairs]
    if pairs is not None and pairs.holds and known.enough and known.better(of_pairs=True) is None:
        text = f"{pairs.what}: {pairs.figures}: it matters who gets which lead"
        return Verdict(decision=USE_IT, text=text, advice=_match(known), caveat=known.of_lift())
    if reps.holds and known.better(of_pairs=False) is None:
        text = _reps_only(reps, pairs, known)
        return Verdict(
            decision=REPS_ONLY, text=text, advice=_more_to_the_best(pairs, known), caveat=known.of_reps(reps)
        )
    beaten = known.better(of_pairs=pairs is not None and pairs.holds)
    if beaten is not None and any(claim.holds and claim.differs for claim in claims):
        return _waiting(_foretold_worse(beaten, claims), claims, known)
    if all(claim.small for claim in claims):
        advice = "share leads out as evenly as you like, as that costs no deals that anybody could show"
        return Verdict(decision=FREE, text=_free(claims, known), advice=advice, caveat=known.handed_out())
    return _waiting(_unknown(claims, known), claims, known)


def nothing_known(why: str, advice: str = "") -> Verdict:
    """Return the verdict on a history that tells nothing."""
    return Verdict(decision=UNKNOWN, text=why, advice=advice or _AS_BEFORE)


def one_rep(name: str) -> Verdict:
    """Return the verdict on a history of one rep alone, whom nobody can be compared with."""
    why = f"all leads that can be judged went to {name}, so nobody can tell whether it matters who gets them"
    return nothing_known(why, "let a second rep have some of the leads, best by lot, and ask again")


def signed(difference: Difference) -> str:
    """Return a gain with its standard error: ``+0.017 +- 0.003``."""
    if not np.isfinite(difference.error):
        return f"{difference.gain:+.3f} (error unknown)"
    if abs(difference.gain) < 5e-6 and difference.error < 5e-6:
        return "nothing"  # the model found no such family of effects, and says what the simpler one says
    decimals = 3
    while decimals < 5 and difference.error < 1.5 * 10.0**-decimals:
        decimals += 1
    return f"{round(difference.gain, decimals) + 0.0:+.{decimals}f} +- {difference.error:.{decimals}f}"


def odds(deviation: float) -> str:
    """Return a standard deviation on the logit as a difference in odds, such as 28%."""
    return percent(float(np.expm1(deviation))) if deviation < 5.0 else "any"


_AS_BEFORE = "keep handing leads out as you do, and ask again with more outcomes"


def _match(known: Grounds) -> str:
    said = "let the plan choose who gets which lead"
    if known.matched is None:
        return said
    leads = count(known.matched.n_leads, "lead")
    return f"{said}: with the same reps and loads, the {leads} judged would have brought {known.matched.in_words}"


def _more_to_the_best(pairs: Claim | None, known: Grounds) -> str:
    said = "give more leads to the reps who win more, if they can take more"
    if pairs is not None and not pairs.small:
        more = "with more outcomes" if pairs.told_apart else "when reps have had more kinds of leads"
        said += f", and ask again {more} whether it depends on the lead"
    if known.matched is None:
        return said
    # Whoever is better adds most where chances are near one half, so that matching may pay with equal loads too.
    return f"{said}; with equal loads, matching would have brought {known.matched.in_words}"


def _waiting(text: str, claims: list[Claim], known: Grounds) -> Verdict:
    """Return that nobody can tell, and when to ask again."""
    if not all(claim.told_apart for claim in claims):
        advice = "let other reps have some of the leads of each kind, best by lot, and ask again"
        return Verdict(decision=UNKNOWN, text=text, advice=advice, caveat=known.handed_out())
    needed = [test.needed for claim in claims for test in claim.tests if test.needed and not test.would_show]
    more = f"with about {_round(max(needed)):,} outcomes" if needed else "with more outcomes"
    advice = f"keep handing leads out as you do, best with some of them by lot, and ask again {more}"
    return Verdict(decision=UNKNOWN, text=text, advice=advice, caveat=known.handed_out())


def _foretold_worse(beaten: Difference, claims: list[Claim]) -> str:
    held = next(claim for claim in reversed(claims) if claim.holds and claim.differs)
    return (
        f"{held.what}: {held.figures}, but the simpler estimate by {beaten.over} foretold later outcomes as well or "
        f"better ({signed(beaten)} nats a lead): something else changes with time, or it takes more outcomes"
    )


def _reps_only(reps: Claim, pairs: Claim | None, known: Grounds) -> str:
    said = f"{reps.what}: {reps.figures}: it matters who gets the lead"
    if pairs is None:
        return said
    if pairs.holds and not known.enough:
        return f"{said}; that it depends on the lead shows ({pairs.figures}), but matching brings {known.too_little}"
    if pairs.small:
        how = "on the lead it depends too little to use" if pairs.differs else "no evidence that it depends on the lead"
        return f"{said}, but {how} ({pairs.figures}){pairs.hidden}"
    return f"{said}; nobody can tell yet whether it depends on the lead ({pairs.figures}): {pairs.how_many()}"


def _free(claims: list[Claim], known: Grounds) -> str:
    if claims[-1].holds and not known.enough:
        return f"{claims[-1].what}: {claims[-1].figures}, but matching brings {known.too_little}"
    tests = [test for claim in claims for test in claim.every]
    shown = ", ".join(f"{odds(test.detectable)} between {test.groups}" for claim in claims for test in claim.tests)
    little = [f"{test.groups} differ, but by {odds(test.deviation)}" for test in tests if test.found]
    more = f"; {', '.join(little)}" if little else ""
    return (
        f"no evidence that who gets the lead matters ({claims[0].figures}, and odds that differ by {shown} would have "
        f"shown{more}){claims[-1].hidden}"
    )


def _unknown(claims: list[Claim], known: Grounds) -> str:
    figures = claims[0].figures
    if claims[-1].holds and not known.enough:
        return f"{claims[-1].what}: {claims[-1].figures}, but what is known by now brings {known.too_little}"
    for claim in claims:
        if claim.differs:
            found = min((test for test in claim.every if test.found), key=lambda test: test.p_value)
            return (
                f"{found.groups} differ by more than chance (p = {number(found.p_value, 1)}), but "
                f"that did not foretell outcomes it was not learned from ({signed(claim.gain)} nats a lead over "
                f"{claim.gain.over}); either it changes with time, or it takes more than {found.n_outcomes:,} outcomes"
            )
    blind = max((claim for claim in claims if not claim.small), key=_most_needed)
    return f"nobody can tell yet whether it matters who gets the lead ({figures}): {blind.how_many()}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _most_needed(claim: Claim) -> float:
    return max(float("inf") if test.needed is None else test.needed for test in claim.tests)


def _how_many(test: Heterogeneity) -> str:
    if not test.told_apart:
        return f"{test.groups} cannot be told from what else differs by any number of outcomes, as leads are handed out"
    if test.needed is None:
        return f"{test.groups} have too few outcomes each, and more leads spread like these would not help"
    seen = f"{test.n_outcomes:,} outcomes show odds that differ by {odds(test.detectable)} between {test.groups}"
    if not test.detectable < 5.0:
        seen = f"{test.n_outcomes:,} outcomes show no difference between {test.groups}, however large"
    return f"{seen}; it takes about {_round(test.needed):,} for {odds(test.wanted)}"


def _round(n: int) -> int:
    """Return a number with two digits that matter, rounded up."""
    step: int = 10 ** max(0, len(str(n)) - 2)
    return -(-n // step) * step
