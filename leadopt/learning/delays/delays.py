"""How long wins and losses take, learned from what is settled and from what is open still."""

from dataclasses import dataclass, replace
from math import lgamma

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.logistic import sigmoid
from leadopt.learning.history.open_leads import OpenLeads
from leadopt.tables.text import count, percent

LOST, WON = 0, 1
_A_BIN = 8  # outcomes in a bin, at least
# Bins of ages for each outcome, at most, and outcomes that the hazard of both outcomes together counts as, in each bin
# of each one's own. Of 600 leads of 120 days, of whom losses take 45 and wins 15, chances are .036 too high with 12 and
# .5, .016 with 12 and .05, and .005 with 6 and .05; of no kind of history, of 25 to 3,000 leads and exponential, gamma
# or lognormal delays, do they lie nearer to the truth by more than .002 with either of the others.
_MOST_BINS, _SMOOTH = 6, 0.05
# Prior Beta of the share that is never settled (Jeffreys'). With (.5, 50), of 240 leads a fifth of whom never are, wins
# taking 60 days and losses 10, .046 were found in place of .19, and chances were .07 too high where losses take 60.
_NEVER = (0.5, 0.5)
_START = 0.2  # never settled, to begin with: from little, it takes thousands of steps to much
_ROUGH = 10.0  # outcomes that the chance of all counts as, where the chance of a rep or segment is only roughly known
_LIKENESS = 2.0 ** np.arange(0, 11)  # shapes of the Gamma that segments' paces may come from: 1 = they differ a lot
_ITERATIONS, _STEADY = 300, 1e-4  # of chances that open leads are won
_CERTAIN = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delays:
    r"""How many days pass until a lead is settled: of days at which it may be, which part is settled then.

    Of leads of kind s that are to be won (y = 1) or lost (y = 0) and are open at the beginning of the day t after they
    were assigned, the part :math:`\lambda_{yk(t)} \theta_{ys}` is settled on that day, with one :math:`\lambda` for all
    days of a bin k, so that

    .. math:: S_{ys}(t) = \prod_{u \le t} (1 - \lambda_{yk(u)} \theta_{ys})

    is the part that is open still when it ends. The last bin has no end.

    Parameters
    ----------
    starts
        int64 (n_bins,), first day of each bin; the first is 0
    hazards
        float64 (2, n_bins), of lost leads and of won ones
    paces
        float64 (2, n_kinds), theta: by how much each kind of leads is faster than all; one never seen has 1
    never
        share of leads that nobody ever settles
    """

    starts: Ints
    hazards: Floats
    paces: Floats
    never: float

    def still_open(self, outcome: int, days: Ints, kind: Ints) -> Floats:
        """Return the part of leads of each kind that are open still after so many days, were this to be their end."""
        pace = np.append(self.paces[outcome], 1.0)[kind]
        return _still_open(self.hazards[outcome], pace, days_in_bins(self.starts, days))

    def shares(self, chance: Floats, days: Ints, kind: Ints) -> tuple[Floats, Floats]:
        """Return the chances that leads open for so many days will be won and lost, given their chance as they came."""
        won, lost = chance * self.still_open(WON, days, kind), (1.0 - chance) * self.still_open(LOST, days, kind)
        each = (1.0 - self.never) * (won + lost) + self.never
        return (1.0 - self.never) * won / each, (1.0 - self.never) * lost / each

    def usual(self, outcome: int) -> int:
        """Return the days within which half of all leads come to this end, by the hazards of all kinds."""
        days = np.arange(_FARTHEST)
        part = _still_open(self.hazards[outcome], np.ones(_FARTHEST), days_in_bins(self.starts, days))
        return int(np.searchsorted(-part, -0.5))


_FARTHEST = 4000  # days: beyond eleven years it does not matter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ages:
    """What delays are learned from, in groups: leads that are settled, with their delay, and open ones, with their age.

    Parameters
    ----------
    kind, won, days, entry, count
        int64 (n_settled_groups,) of settled leads: the kind that shares delays, 1 or 0, from being assigned to being
        settled, at which age history could have told of their end at first (mostly 0), and how many
    open_rep, open_kind, open_days, open_entry, open_count
        int64 (n_open_groups,) of open ones: who has them, their kind, for how long they are open, the same age, and how
        many
    settled_rep, settled_kind, settled_won, settled_count
        of settled leads by rep, whether or not their delay is known: they tell roughly what each one's chance is
    n_reps, n_kinds
        how many there are; a kind that is `n_kinds` is none of them
    """

    kind: Ints
    won: Ints
    days: Ints
    entry: Ints
    count: Ints
    open_rep: Ints
    open_kind: Ints
    open_days: Ints
    open_entry: Ints
    open_count: Ints
    settled_rep: Ints
    settled_kind: Ints
    settled_won: Ints
    settled_count: Ints
    n_reps: int
    n_kinds: int


def learn_delays(ages: Ages) -> tuple[Delays, Floats]:
    r"""Return the delays under which what is settled, and what is open still, is likeliest.

    With them comes the chance of each group of open leads, roughly, float64 (n_open_groups,).

    By expectation and maximisation: an open lead of age t and chance p counts as to be won, lost, or never settled in
    proportion to

    .. math:: (1 - z)\,p\,S_{1s}(t), \qquad (1 - z)(1 - p)\,S_{0s}(t), \qquad z

    and each hazard is what was settled in its bin over the days that leads were at risk there. Delays of settled leads
    alone would be too short, since long ones are not seen yet. Where outcomes are scarce, both ends lean on the hazard
    of both together: then open leads tell nothing. Paces are Gamma around 1, with the shape that their counts make
    likeliest. A lead that was assigned before history tells of any end is at risk only from then on: had it been
    settled earlier, it would not be there.

    Parameters
    ----------
    ages
        of settled and open leads; some are settled. The chance of an open lead is roughly that of its rep and kind,
        learned on the way

    Notes
    -----
    Leads that are open for longer than any was before its end count for nothing, little by little: they may be those
    that nobody settles. Time grows with groups of open leads times bins.

    References
    ----------
    Chapelle (2014), Modeling delayed feedback in display advertising, KDD, doi:10.1145/2623330.2623634; Larson & Dinse
    (1985), A mixture model for the regression analysis of competing risks data, Applied Statistics 34(3),
    doi:10.2307/2347464; Friedman (1982), Piecewise exponential models for survival data with covariates, Annals of
    Statistics 10(1), doi:10.1214/aos/1176345693; Farewell (1982) on those who never come, doi:10.2307/2529885.
    """
    starts = _starts(ages)
    happened, waited = settled_in_bins(ages, starts)
    found = Delays(
        starts=starts,
        hazards=np.tile(_pooled(happened, waited), (2, 1)),
        paces=np.ones((2, ages.n_kinds)),
        never=_START,
    )
    likeness = _likeness_of(happened[:, :-1].sum(axis=2))
    # What is open still depends on kind and age alone: of few of them, as there are many reps.
    (kind, days, entry), place = distinct_codes(ages.open_kind, ages.open_days, ages.open_entry)
    since = days_in_bins(starts, days)
    at_risk = since - days_in_bins(starts, entry - 1)
    n_all = float(ages.count.sum() + ages.open_count.sum())
    shares = np.zeros((2, len(ages.open_days)))
    for _ in range(_ITERATIONS):
        before, chances = shares, _rough_chances(ages, shares)
        shares = _shares(found, _open_of(found, kind, since)[:, place], chances)
        still = ages.open_count * shares
        days_open = [
            _sums_by(kind, np.bincount(place, part, minlength=len(days))[:, None] * at_risk, ages.n_kinds + 1)
            for part in still
        ]
        never = (_NEVER[0] + (ages.open_count - still.sum(axis=0)).sum()) / (sum(_NEVER) + n_all)
        found = _likeliest(found, happened, waited + np.array(days_open), likeness, float(never))
        if np.abs(shares - before).max(initial=0.0) < _STEADY:
            break
    return found, chances


def _starts(ages: Ages) -> Ints:
    """Return where bins begin: those of each end hold about equally many outcomes."""
    ends = [ages.won == outcome for outcome in (LOST, WON)]
    return np.unique(np.concatenate([starts_of(ages.days[end], ages.count[end]) for end in ends]))


def starts_of(days: Ints, count: Ints) -> Ints:
    """Return where bins of so many outcomes after so many days begin, the first at 0."""
    days, place = np.unique(days, return_inverse=True)
    total = np.bincount(place, count, minlength=len(days)).cumsum()
    n = int(total[-1]) if len(total) else 0
    n_bins = int(np.clip(n // _A_BIN, 1, _MOST_BINS))
    return np.unique(np.append(0, days[np.searchsorted(total, n * np.arange(1, n_bins) / n_bins, side="right")]))


def _pooled(happened: Floats, risks: Floats) -> Floats:
    """Return the hazards of both ends together."""
    pooled = happened.sum(axis=(0, 1)) / np.maximum(risks.sum(axis=(0, 1)), 1e-9)
    return np.asarray(np.clip(pooled, 1e-9, _CERTAIN))


def distinct_codes(*codes: Ints) -> tuple[list[Ints], Ints]:
    """Return the distinct combinations of numbers, 0 or more, and which one each is; sorting one number is quicker."""
    code = np.zeros(len(codes[0]), dtype=np.int64)
    for part in codes:
        code = code * (int(part.max(initial=0)) + 1) + part
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    return [part[first] for part in codes], place


def days_in_bins(starts: Ints, days: Ints) -> Floats:
    """Return how many of the days from 0 to each of these lie in each bin, float64 (n, n_bins)."""
    ends = np.append(starts[1:], np.iinfo(np.int64).max // 2)
    return np.asarray(np.clip(days[:, None] + 1 - starts, 0, ends - starts), dtype=np.float64)


def _sums_by(kind: Ints, values: Floats, n_kinds: int) -> Floats:
    """Return the sums of rows of values by kind, float64 (n_kinds, n_columns)."""
    columns = [np.bincount(kind, column, minlength=n_kinds).astype(np.float64) for column in values.T]
    return np.asarray(np.stack(columns, axis=1), dtype=np.float64)


def settled_in_bins(ages: Ages, starts: Ints) -> tuple[Floats, Floats]:
    """Return how many leads were settled, and how many days they had waited, float64 (2, n_kinds + 1, n_bins)."""
    (won, kind, ended, entry), place = distinct_codes(ages.won, ages.kind, ages.days, ages.entry)
    count = np.bincount(place, ages.count, minlength=len(won))
    happened = np.zeros((2, ages.n_kinds + 1, len(starts)))
    np.add.at(happened, (won, kind, np.searchsorted(starts, ended, side="right") - 1), count)
    days = count[:, None] * (days_in_bins(starts, ended) - days_in_bins(starts, entry - 1))
    waited = [_sums_by(kind[won == y], days[won == y], ages.n_kinds + 1) for y in (LOST, WON)]
    return happened, np.array(waited)


def _shares(delays: Delays, still_open: Floats, chance: Floats) -> Floats:
    """Return the chances that open leads will be lost and won, float64 (2, n_open_groups)."""
    parts = (1.0 - delays.never) * np.array([1.0 - chance, chance]) * still_open
    return np.asarray(parts / (parts.sum(axis=0) + delays.never))


def _open_of(delays: Delays, kind: Ints, since: Floats) -> Floats:
    """Return the part of leads of these kinds that are open after so many days in each bin, of lost and of won ones."""
    paces = np.pad(delays.paces, ((0, 0), (0, 1)), constant_values=1.0)[:, kind]
    return np.array([_still_open(delays.hazards[y], paces[y], since) for y in (LOST, WON)])


def _still_open(hazards: Floats, paces: Floats, days_in_bins: Floats) -> Floats:
    total = np.zeros(len(paces))
    for hazard, days in zip(hazards.tolist(), days_in_bins.T, strict=True):
        total += days * np.log1p(-np.minimum(hazard * paces, _CERTAIN))
    return np.asarray(np.exp(total))


def _likeliest(delays: Delays, happened: Floats, risks: Floats, likeness: Floats, never: float) -> Delays:
    """Return the delays that agree best with what happened over the days at risk, (2, n_kinds + 1, n_bins) both."""
    paces = np.pad(delays.paces, ((0, 0), (0, 1)), constant_values=1.0)
    expected = (paces[:, :, None] * risks).sum(axis=1)
    hazards = (happened.sum(axis=1) + _SMOOTH) / (expected + _SMOOTH / _pooled(happened, risks))
    hazards = np.minimum(hazards, _CERTAIN)
    n, due = happened[:, :-1].sum(axis=2), (hazards[:, None, :] * risks[:, :-1]).sum(axis=2)
    found = np.array([_paces(*each) for each in zip(n, due, likeness, strict=True)])
    return replace(delays, hazards=hazards, paces=found, never=never)


def _likeness_of(n: Floats) -> Floats:
    """Return the part of the likelihood of each of `_LIKENESS` that counts alone tell, float64 (2, n_shapes)."""
    gammas = np.array([[sum(map(lgamma, (like + each).tolist())) for like in _LIKENESS] for each in n])
    alone = np.array([lgamma(like) for like in _LIKENESS])
    return np.asarray(gammas + n.shape[1] * (_LIKENESS * np.log(_LIKENESS) - alone))


def _paces(n: Floats, due: Floats, likeness: Floats) -> Floats:
    """Return by how much each kind is faster than all, given what came of it and what was due."""
    if len(n) < 2:
        return np.ones(len(n))
    shape = _LIKENESS[:, None]
    like = _LIKENESS[int(np.argmax(likeness - ((shape + n) * np.log(shape + due)).sum(axis=1)))]
    return np.asarray((like + n) / (like + due))


def _rough_chances(ages: Ages, shares: Floats) -> Floats:
    """Return the chance of each group of open leads: its rep's and its kind's, each drawn towards that of all."""
    weights, won = ages.settled_count, ages.settled_count * ages.settled_won
    still = ages.open_count * shares
    total = weights.sum() + still.sum()
    base = (won.sum() + still[WON].sum() + 0.5) / (total + 1.0)

    def logit(settled: Ints, of_open: Ints, size: int) -> Floats:
        k = np.bincount(settled, won, minlength=size) + np.bincount(of_open, still[WON], minlength=size)
        n = np.bincount(settled, weights, minlength=size) + np.bincount(of_open, still.sum(axis=0), minlength=size)
        rate = (k + _ROUGH * base) / (n + _ROUGH)
        return np.asarray(np.log(rate) - np.log1p(-rate))[of_open]

    of_reps = logit(ages.settled_rep, ages.open_rep, ages.n_reps)
    of_kinds = logit(ages.settled_kind, ages.open_kind, ages.n_kinds + 1)
    return sigmoid(of_reps + of_kinds - np.log(base / (1.0 - base)))


def as_if_alike(assigned: str, at: str) -> str:
    """Return what leaving out open leads may do, and what it takes to count them."""
    return (
        "as if wins and losses took equally long: whose leads are new looks worse than he is where wins take longer, "
        f"and better where losses do; with {assigned} and {at}, open leads count by their age"
    )


def open_notes(n_open: int, leads: OpenLeads | None, delays: Delays | None, assigned: str, at: str) -> list[str]:
    """Return what is said of leads that are open still: that they count, or why not and what that may do."""
    if not n_open:
        return []
    left_out = f"{count(n_open, 'history row')} without an outcome, left out"
    if leads is None:
        return [f"{left_out} {as_if_alike(assigned, at)}"]
    if delays is None:
        why = f"no lead has {assigned}" if not len(leads.count) else f"nothing that is settled has {assigned} and {at}"
        return [f"{left_out}: {why}, so how long they are open tells nothing"]
    days = [count(delays.usual(outcome), "day") for outcome in (WON, LOST)]
    n_counted = int(leads.count.sum())
    return [
        f"{count(n_counted, 'open lead')} of history {'counts by its' if n_counted == 1 else 'count by their'} age, as "
        f"half of the wins take up to {days[0]} and half of the losses up to {days[1]}",
        *leads.notes,
        *_reach_notes(leads, delays),
    ]


def _reach_notes(leads: OpenLeads, delays: Delays) -> list[str]:
    """Say how much of the delays lies beyond what history could show, and which leads nobody seems to settle."""
    longest = np.array([max(leads.age.max(initial=0), leads.days.max(initial=0))])
    beyond = {
        what: float(delays.still_open(outcome, longest, np.array([delays.paces.shape[1]]))[0])
        for outcome, what in ((WON, "wins"), (LOST, "losses"))
    }
    notes = [
        f"{percent(part)} of {what} may take longer than the {longest[0]} days that history shows, which is assumed"
        for what, part in beyond.items()
        if part > _UNSEEN
    ]
    if delays.never > _UNSETTLED:
        notes.append(
            f"{percent(delays.never)} of leads look as if nobody ever settles them: who is open so long counts less"
        )
    return notes


_UNSEEN, _UNSETTLED = 0.05, 0.02  # parts from which a note is worth it
