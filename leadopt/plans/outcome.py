"""What a plan will really bring: an interval for its outcome, beside what unshrunk rates would promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Evidence
from leadopt.decision.draws import drawn_rates
from leadopt.errors import InvalidInput
from leadopt.learning.estimates import check_level
from leadopt.learning.lead_worth import Valued
from leadopt.learning.past_assignment import PastAssignment, hidden_quality
from leadopt.plans.baselines import round_robin
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.linear_algebra import applied, inner
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import number, percent

_ALIKE = 0.02  # relative difference that the noise of a thousand draws could make
_MOST_LUCK = 20_000_000  # outcomes that are drawn one by one; beyond, their sums are normal as far as can be told
_MOST_NOISE = 700.0  # variance of a logarithm; exp of more is no number
_BLOCK = 4_000_000  # numbers drawn at a time
_NO_DIFFERENCE = 1e-9
_MOST_DRAWN = 20_000_000  # rates that a report draws: it takes a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """How much more a plan brings on average than another assignment of the same leads, with its credible interval.

    `ratio` is what the plan brings over what the other does, and `least_ratio` the lower end of that.
    """

    over: str
    estimate: float
    low: float
    high: float
    ratio: float
    least_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlanValue(Result):
    """What the placed leads of a plan will bring.

    Parameters
    ----------
    unit
        what a gain of 1 is: "deals" or "value"
    level
        probability that the outcome lies between `low` and `high`
    estimate
        posterior mean of the outcome
    low, high
        the interval of the outcome itself: rates are uncertain, and outcomes are luck
    naive
        what the raw rates (won / tried) of the same pairs promise: too much, as the luckiest of many are chosen
    lift
        against round robin, on average over outcomes; None if it was not asked for
    past
        how leads were handed out in history; None where nothing tells
    """

    unit: str
    level: float
    estimate: float
    low: float
    high: float
    naive: float
    lift: Lift | None = None
    past: PastAssignment | None = None

    def summary(self) -> str:
        """Return the same in words, with how past leads were handed out and what that may hide."""
        return " ".join(filter(None, [self._outcome_words, self.caveat]))

    @property
    def caveat(self) -> str:
        """How past leads were handed out, and how strong a hidden quality of them would explain the whole lift."""
        if self.past is None:
            return ""
        handed = f"{str(self.past)[0].upper()}{str(self.past)[1:]}."
        hidden = "" if self.lift is None else hidden_quality(self.past, self.lift.ratio, self.lift.least_ratio)
        return " ".join(filter(None, [handed, hidden]))

    @property
    def _outcome_words(self) -> str:
        text = (
            f"Expect {number(self.estimate, 4)} {self.unit}; with {percent(self.level)} probability between "
            f"{number(self.low, 4)} and {number(self.high, 4)}"
        )
        if self.lift is not None:
            text += f". That is {_more(self.lift, self.unit)}"
        return f"{text}. {self._naive_words}"

    @property
    def _naive_words(self) -> str:
        above = self.naive / self.estimate - 1.0 if self.estimate > 0 else 0.0
        if abs(above) < _ALIKE:
            return "Raw rates promise about the same."
        side = "too much, as the best of many noisy rates were chosen" if above > 0 else "less"
        return f"Raw rates promise {number(self.naive, 4)}, {percent(abs(above))} {side}."

    def _told(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.summary()}

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        if not page:
            return Parts()
        rows = [["outcome", *(number(x, 4) for x in (self.estimate, self.low, self.high))]]
        if self.lift is not None:
            lift = (self.lift.estimate, self.lift.low, self.lift.high)
            rows.append([f"more than {self.lift.over}", *(number(x, 4) for x in lift)])
        rows.append(["by raw rates", number(self.naive, 4), "", ""])
        return Parts(tables=[([self.unit, "estimate", "low", "high"], rows)])


def plan_value(
    plan: Answered,
    *,
    level: float = 0.9,
    n_draws: int = 1000,
    lift: bool = True,
    rng: int | np.random.Generator = 0,
) -> PlanValue:
    r"""Return what a plan will really bring, with the interval of the outcome.

    .. math:: X = \sum_i v_i B_i, \quad B_i \sim \operatorname{Bernoulli}(p_{s(i) j(i)}), \quad p \sim \text{posterior}

    Choosing the largest of noisy estimates overstates what is chosen (the optimiser's curse). A posterior mean does
    not: it is the mean of the truth whatever was chosen by it, as long as the prior is right. So the estimate is the
    mean over draws from the posterior, in which how much reps and segments differ is itself uncertain, as it is in the
    plan's expected gain; the two differ by the luck of the draws. `naive` is what raw rates promise. Of the lift, the
    luck of outcomes is no part: no lead is handed out twice.
    Values that were learned are drawn too: around what is expected of the lead's segment, log-normal as single values
    are, and with what is not known of that expectation itself. The lift takes values for what is expected.

    Parameters
    ----------
    plan
        learned from history, or from an `AffinityModel`; what lies in the pool brings nothing
    level
        probability inside the intervals, in (0, 1)
    n_draws
        how many times rates and outcomes are drawn: 1,000 place the ends of a 90% interval to a tenth of a standard
        deviation
    lift
        whether to compare with round robin; that takes a look at each lead
    rng
        seed or generator

    Raises
    ------
    InvalidInput
        the plan rests on no history; or a setting is out of range

    Notes
    -----
    Draws by pairs of segment and rep in use, and by leads: 5,000 leads take about half a second. Beyond 20 million
    outcomes, their sum given the rates is taken for normal.
    A cross-fitted estimate (planned on some outcomes, valued by the others) was measured and is worse: where leads
    spread over hundreds of pairs, few outcomes are left to value each (see docs/decisions/0004).

    References
    ----------
    Smith & Winkler (2006), The optimizer's curse: skepticism and postdecision surprise in decision analysis,
    Management Science 52(3), doi:10.1287/mnsc.1050.0451, sec. 3.

    Examples
    --------
    >>> from leadopt.assign import assign
    >>> leads, reps = [{"lead_id": i} for i in range(100)], [{"rep_id": "Ann"}, {"rep_id": "Bo"}]
    >>> history = [{"rep_id": rep, "converted": i % 4 == 0} for rep in ("Ann", "Bo") for i in range(200)]
    >>> print(plan_value(assign(leads, reps, history), lift=False))  # doctest: +NORMALIZE_WHITESPACE
    Expect 25 deals; with 90% probability between 17.95 and 33. Raw rates promise about the same. History shows nothing
    of leads but who had them, so nobody can tell how they were handed out.
    """
    evidence = plan.case.evidence
    if evidence is None:
        raise InvalidInput("plan: rests on no history, so nothing is known of what it will bring")
    check_level(level)
    if not (isinstance(n_draws, int) and n_draws >= 2):
        raise InvalidInput(f"n_draws: must be a whole number, 2 or more; found {n_draws!r}")
    scale = plan.case.gains.scale
    answers = [plan.rep_of_lead, *([round_robin(plan.case).rep_of_lead] if lift else [])]
    valued = plan.case.valued
    pairs = _Pairs.of(evidence, scale, answers, None if valued is None else valued.segment_of_lead)
    expected, outcomes, lifts = _drawn(evidence, pairs, valued, n_draws, np.random.default_rng(rng))
    ends = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    low, high = np.quantile(outcomes, ends).tolist()
    found = None
    if lift:
        lift_low, lift_high = np.quantile(lifts, ends).tolist()
        found = Lift(
            over="round robin",
            estimate=float(lifts.mean()),
            low=lift_low,
            high=lift_high,
            ratio=float(_over(expected.mean(), expected.mean() - lifts.mean())),
            least_ratio=float(np.quantile(_over(expected, expected - lifts), ends[0])),
        )
    return PlanValue(
        unit=plan.case.unit,
        level=level,
        estimate=float(expected.mean()),
        low=low,
        high=high,
        naive=inner(pairs.worth, _raw_rates(evidence)[pairs.segment, pairs.rep]),
        lift=found,
        past=evidence.past,
    )


def value_in_words(plan: Answered) -> str:
    """Return what a plan will bring as a sentence for the report; empty where it rests on no history."""
    if plan.case.evidence is None:
        return ""
    n_rates = max(1, plan.case.evidence.estimates.probability.size)
    # What a hidden quality of leads may explain is told of a lift; a plan of an earlier version says what it said.
    lift = plan.case.evidence.past is not None
    return plan_value(plan, lift=lift, n_draws=int(np.clip(_MOST_DRAWN // n_rates, 100, 1000))).summary()


def _over(one: Any, other: Any) -> Any:
    """Return the ratio of two numbers or arrays, 1 where the second brings nothing."""
    there = np.asarray(other) > 0.0
    return np.where(there, np.divide(one, np.where(there, other, 1.0)), 1.0)


def _more(lift: Lift, unit: str) -> str:
    if max(abs(lift.low), abs(lift.high)) <= _NO_DIFFERENCE:
        return f"as much as {lift.over} brings"
    return f"{number(lift.estimate)} more {unit} than {lift.over} ({number(lift.low)} to {number(lift.high)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """The pairs of segment and rep in use, each (n_pairs,), and the plan's leads that are alike, each (n_groups,).

    `worth` is what the plan's leads of a pair are worth together, `more` that less the other assignment's. A group are
    the leads of one pair and one scale; `valued` is the segment that their value was learned of, -1 if it was not.
    """

    segment: Ints
    rep: Ints
    worth: Floats
    more: Floats
    pair_of_group: Ints
    scale: Floats
    size: Ints
    valued: Ints

    @classmethod
    def of(cls, evidence: Evidence, scale: Floats, answers: list[Ints], valued: Ints | None) -> _Pairs:
        n_reps = evidence.estimates.probability.shape[1]
        leads = [np.flatnonzero(answer >= 0) for answer in answers]
        keys = [
            evidence.segment_of_lead[chosen] * n_reps + answer[chosen]
            for chosen, answer in zip(leads, answers, strict=True)
        ]
        distinct, pair = np.unique(np.concatenate(keys), return_inverse=True)
        split = np.split(pair, [len(keys[0])])
        sums = [
            np.bincount(one, scale[chosen], minlength=len(distinct)).astype(np.float64)
            for one, chosen in zip(split, leads, strict=False)
        ]
        learned = np.full(len(leads[0]), -1) if valued is None else valued[leads[0]]
        groups, size = np.unique(np.stack([split[0], scale[leads[0]], learned]), axis=1, return_counts=True)
        segment, rep = np.divmod(distinct, n_reps)
        return cls(
            segment=segment,
            rep=rep,
            worth=sums[0],
            more=sums[0] - sums[-1],
            pair_of_group=groups[0].astype(np.int64),
            scale=groups[1],
            size=size,
            valued=groups[2].astype(np.int64),
        )

    def groups(self, chosen: NDArray[np.bool_]) -> _Pairs:
        """Return the same pairs with some of the groups."""
        parts = {name: getattr(self, name)[chosen] for name in ("pair_of_group", "scale", "size", "valued")}
        return replace(self, **parts)


def _drawn(
    evidence: Evidence, pairs: _Pairs, valued: Valued | None, n_draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return what the plan earns on average, its outcomes, and what it earns beyond the other, each (n_draws,)."""
    given, learned = pairs.groups(pairs.valued < 0), pairs.groups(pairs.valued >= 0)
    one_by_one = len(given.size) * n_draws <= _MOST_LUCK
    worth, squares = (
        np.bincount(given.pair_of_group, given.scale**power * given.size, minlength=len(pairs.segment))
        for power in (1, 2)
    )
    expected, outcomes, lifts = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    width = max(1, evidence.estimates.probability.size, len(pairs.size))
    for n in _blocks(n_draws, max(1, _BLOCK // width)):
        rates = drawn_rates(evidence, pairs.segment, pairs.rep, n, rng)
        expected.append(applied(rates, pairs.worth))
        lifts.append(applied(rates, pairs.more))
        if one_by_one:
            won = rng.binomial(given.size, rates[:, given.pair_of_group])
            earned = applied(won, given.scale)
        else:
            variance = applied(rates * (1.0 - rates), squares)
            earned = applied(rates, worth) + np.sqrt(variance) * rng.standard_normal(n)
        outcomes.append(earned if valued is None else earned + _drawn_values(rates, learned, valued, rng))
    return np.concatenate(expected), np.concatenate(outcomes), np.concatenate(lifts)


def _drawn_values(rates: Floats, pairs: _Pairs, valued: Valued, rng: np.random.Generator) -> Floats:
    r"""Return what leads whose value was learned earn, float64 (n_draws,).

    The sum of k log-normal values is taken for log-normal with the right mean and variance:

    .. math:: \sigma_k^2 = \log\left(1 + \frac{e^{\sigma^2} - 1}{k}\right)

    References
    ----------
    Fenton (1960), The sum of log-normal probability distributions in scatter transmission systems, IRE Transactions on
    Communications Systems 8(1), doi:10.1109/TCOM.1960.1097606.
    """
    won = rng.binomial(pairs.size, rates[:, pairs.pair_of_group])
    of_sum = np.log1p(np.expm1(min(valued.noise**2, _MOST_NOISE)) / np.maximum(won, 1))
    luck = np.sqrt(of_sum) * rng.standard_normal(won.shape) - 0.5 * of_sum
    doubt = valued.doubt
    expectation = doubt * rng.standard_normal((len(rates), len(doubt))) - 0.5 * doubt**2
    return np.asarray((won * pairs.scale * np.exp(luck + expectation[:, pairs.valued])).sum(axis=1))


def _blocks(total: int, most: int) -> Iterator[int]:
    for start in range(0, total, most):
        yield min(most, total - start)


def _raw_rates(evidence: Evidence) -> Floats:
    """Return won / tried of every pair, float64 (n_segments, n_reps); all together where nothing was tried.

    The estimates where nothing was tried at all, as with reps who all are new.
    """
    tried, won = evidence.estimates.tried, evidence.estimates.converted
    if not tried.any():
        return evidence.estimates.probability
    overall = float(won.sum() / tried.sum())
    return np.where(tried > 0, won / np.maximum(tried, 1), overall)


def expected_in_words(plan: Answered) -> str:
    """Return what the placed leads gain by the estimates, and what the plan counts for where that is something else."""
    case, leads = plan.case, np.flatnonzero(plan.rep_of_lead >= 0)
    gain = float(case.gains_of(leads, plan.rep_of_lead[leads]).sum())
    told = f", expected {case.unit} {number(gain, 4)}"
    if case.gain_words != f"expected {case.unit}":
        told = f", {case.unit} of the leads placed {number(gain, 4)}, chances unknown"
    others = {
        "move costs": -_cost_of_moves(plan),
        "the reserve": case.pool_gain * (len(plan.rep_of_lead) - len(leads)),
        "penalties": -_penalties(plan),
    }
    named = [name for name, counts in others.items() if abs(counts) > _NO_DIFFERENCE * max(1e-300, abs(gain))]
    return f"{told} ({number(gain + sum(others.values()), 4)} with {' and '.join(named)})" if named else told


def _cost_of_moves(plan: Answered) -> float:
    kept = plan.case.kept
    if kept is None:
        return 0.0
    return float(kept.move_cost) * int(((kept.previous >= 0) & (kept.previous != plan.rep_of_lead)).sum())


def _penalties(plan: Answered) -> float:
    """Return what broken limits cost that somebody asked for: an even share that is assumed is none of them."""
    pairs = zip(plan.case.problem.limits, plan.used.tolist(), strict=True)
    soft = [(limit.penalty, limit, load) for limit, load in pairs if limit.kind is not LimitKind.EVEN_SHARE]
    costs = [cost * max(0.0, limit.lower - load, load - limit.upper) for cost, limit, load in soft if cost is not None]
    return float(sum(costs))
