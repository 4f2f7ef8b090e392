"""What a backtest says in words: does it matter who gets the lead, does it depend on the lead, or can nobody tell?"""

from dataclasses import dataclass

import numpy as np

from leadopt.evaluate.backtests.heterogeneity import Heterogeneity
from leadopt.evaluate.backtests.losses import Difference
from leadopt.tables.text import number, percent

USE_IT, REPS_ONLY, FREE, UNKNOWN = "use it", "reps alone", "fairness is free", "cannot tell yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether it matters who gets the lead.

    Parameters
    ----------
    decision
        "use it": what a rep gains depends on the lead; "reps alone": reps differ, but not shown to differ by lead;
        "fairness is free": no evidence of either, though a difference worth knowing would have shown; "cannot tell yet"
    text
        why, with its uncertainty, and what to do
    """

    decision: str
    text: str

    def __str__(self) -> str:
        return self.text


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
    """

    what: str
    gain: Difference
    tests: tuple[Heterogeneity, ...]
    together: Heterogeneity | None = None

    @property
    def holds(self) -> bool:
        """Whether there is evidence: the interval of the gain is above 0, or something differs and there is a gain."""
        return self.gain.low > 0.0 or (self.differs and self.gain.gain > 0.0)

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


def verdict(reps: Claim, pairs: Claim | None) -> Verdict:
    """Return the verdict.

    Parameters
    ----------
    reps
        that it matters who gets the lead: the model over the segment alone
    pairs
        that it depends on the lead: the model over rep + segment; None without segments
    """
    if pairs is not None and pairs.holds:
        return Verdict(decision=USE_IT, text=f"{pairs.what}: {pairs.figures}: it matters who gets which lead, use it")
    claims = [reps] if pairs is None else [reps, pairs]
    if reps.holds:
        return Verdict(decision=REPS_ONLY, text=_reps_only(reps, pairs))
    if all(claim.small for claim in claims):
        return Verdict(decision=FREE, text=_free(claims))
    return Verdict(decision=UNKNOWN, text=_unknown(claims))


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


def _reps_only(reps: Claim, pairs: Claim | None) -> str:
    said = f"{reps.what}: {reps.figures}: it matters who gets the lead"
    if pairs is None:
        return f"{said}, use it"
    if pairs.small:
        how = "on the lead it depends too little to use" if pairs.differs else "no evidence that it depends on the lead"
        return f"{said}, but {how} ({pairs.figures}), so with equal loads fairness is free{pairs.hidden}"
    return f"{said}; cannot tell yet whether it depends on the lead ({pairs.figures}): {pairs.how_many()}"


def _free(claims: list[Claim]) -> str:
    tests = [test for claim in claims for test in claim.every]
    shown = ", ".join(f"{odds(test.detectable)} between {test.groups}" for claim in claims for test in claim.tests)
    little = [f"{test.groups} differ, but by {odds(test.deviation)}" for test in tests if test.found]
    known = f"; {', '.join(little)}" if little else ""
    return (
        f"no evidence that who gets the lead matters ({claims[0].figures}, and odds that differ by {shown} would have "
        f"shown{known}); fairness is free here{claims[-1].hidden}"
    )


def _unknown(claims: list[Claim]) -> str:
    figures = claims[0].figures
    for claim in claims:
        if claim.differs:
            found = min((test for test in claim.every if test.found), key=lambda test: test.p_value)
            return (
                f"cannot tell yet: {found.groups} differ by more than chance (p = {number(found.p_value, 1)}), but "
                f"that did not foretell outcomes it was not learned from ({signed(claim.gain)} nats a lead over "
                f"{claim.gain.over}); either it changes with time, or it takes more than {found.n_outcomes:,} outcomes"
            )
    blind = max((claim for claim in claims if not claim.small), key=_most_needed)
    return f"cannot tell yet whether it matters who gets the lead ({figures}): {blind.how_many()}"


def _most_needed(claim: Claim) -> float:
    return max(float("inf") if test.needed is None else test.needed for test in claim.tests)


def _how_many(test: Heterogeneity) -> str:
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
