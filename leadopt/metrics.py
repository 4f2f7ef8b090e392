"""How even an assignment is, ours or anybody's: Gini, Jain, Theil, min/max, envy, and what fairness costs.

Measures of shares are 0 or 1 for "all equal" exactly where the floats are equal: where shares differ by so little that
rounding would hide it, they return the next float. Only ratios of shares matter, so that no size overflows or vanishes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.fairness import entitlements
from leadopt.problem.gains import Affinity
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import markdown, number

_LARGEST = 1e290  # gains up to here can be added up within float64
_BLOCK = 1 << 17  # cells looked at together: 1 MB
_BELOW_1 = float(np.nextafter(1.0, 0.0))
_ABOVE_0 = float(np.nextafter(0.0, 1.0))


def gini(shares: ArrayLike) -> float:
    r"""Return the Gini coefficient of non-negative shares: 0 = all equal, ``1 - 1/n`` = one has all.

    .. math:: G = \frac{\sum_{i,j} |x_i - x_j|}{2 n \sum_i x_i}
                = \frac{\sum_{k=1}^{n-1} k (n - k) (x_{(k+1)} - x_{(k)})}{n \sum_i x_i}

    with the shares in order, ``x_(1) <= ... <= x_(n)``. The second form adds up gaps and cancels nothing: it is above
    0 wherever shares differ. No shares, and all zero, are equal: 0.

    Raises
    ------
    InvalidInput
        a share is negative, infinite, NaN or no number

    References
    ----------
    Gini (1912), Variabilità e mutabilità.

    Examples
    --------
    >>> gini([1, 1, 1]), gini([0, 0, 4])
    (0.0, 0.6666666666666666)
    """
    x = np.sort(_unit(_shares(shares)))
    n, total = len(x), x.sum()
    if total == 0:
        return 0.0
    below = np.arange(1, n)
    return min(float((below * (n - below) * np.diff(x)).sum() / (n * total)), (n - 1) / n)


def jain(shares: ArrayLike) -> float:
    r"""Return Jain's index of non-negative shares: 1 = all equal, 1/n = one has all.

    .. math:: J = \frac{(\sum_i x_i)^2}{n \sum_i x_i^2}

    ``J = 1 / (1 + cv^2)`` with the coefficient of variation: shares that differ by 1e-9 of themselves are 1e-18 below
    1, which no float is. They get the largest float below 1. No shares, and all zero, are equal: 1.

    Raises
    ------
    InvalidInput
        a share is negative, infinite, NaN or no number

    References
    ----------
    Jain, Chiu & Hawe (1984), DEC-TR-301, eq. 1.

    Examples
    --------
    >>> jain([2, 2]), jain([0, 5])
    (1.0, 0.5)
    """
    x = _unit(_shares(shares))
    if _all_equal(x):
        return 1.0
    index = float(x.sum() ** 2 / (len(x) * (x**2).sum()))
    return max(min(index, _BELOW_1), 1 / len(x))


def theil(shares: ArrayLike) -> float:
    r"""Return Theil's T of non-negative shares: 0 = all equal, ``ln n`` = one has all.

    .. math:: T = \frac{1}{n} \sum_i \frac{x_i}{\mu} \ln \frac{x_i}{\mu}
                = \frac{1}{n} \sum_i \left[(1 + d_i) \ln(1 + d_i) - d_i\right],
              \quad \mu = \frac{1}{n} \sum_i x_i, \quad d_i = \frac{x_i}{\mu} - 1

    with ``0 ln 0 = 0``. The second form adds terms that are all positive, as the ``d_i`` sum to 0. Groups decompose:
    T of all reps is T between teams plus the mean of T within them, weighted by what they hold. No shares, and all
    zero, are equal: 0.

    Raises
    ------
    InvalidInput
        a share is negative, infinite, NaN or no number

    References
    ----------
    Theil (1967), Economics and information theory.

    Examples
    --------
    >>> theil([3, 3]), theil([0, 5])
    (0.0, 0.6931471805599453)
    """
    x = _unit(_shares(shares))
    if _all_equal(x):
        return 0.0
    above = x - x.min()  # the deviations of shares that are nearly equal keep their digits
    index = float(_surprise((above - above.mean()) / (x.min() + above.mean())).mean())
    return min(index, float(np.log(len(x))))


def min_max_ratio(shares: ArrayLike) -> float:
    """Return the smallest share over the largest: 1 = all equal, 0 = somebody has nothing and another does not.

    No shares, and all zero, are equal: 1. A ratio too small for a float is the smallest float above 0.

    Raises
    ------
    InvalidInput
        a share is negative, infinite, NaN or no number

    Examples
    --------
    >>> min_max_ratio([2, 4])
    0.5
    """
    x = _shares(shares)
    if _all_equal(x):
        return 1.0
    return max(float(x.min() / x.max()), _ABOVE_0) if x.min() > 0 else 0.0


def price_of_fairness(best: float, fair: float) -> float:
    r"""Return the fraction of the best objective that a fair answer gives up: 0 = nothing, 1 = all of it.

    .. math:: \frac{best - fair}{|best|}

    The source has ``best > 0``. With gains below zero (costs), it is the loss in terms of the size of the best, and
    may exceed 1. Where the best is 0, nothing is lost by 0 (0) and infinitely much by less (inf). Negative: `fair` is
    worth more, so that `best` was not the best.

    Raises
    ------
    InvalidInput
        an objective is infinite, NaN or no number

    References
    ----------
    Bertsimas, Farias & Trichakis (2011), The price of fairness, Operations Research 59(1), doi:10.1287/opre.1100.0865.

    Examples
    --------
    >>> price_of_fairness(200.0, 190.0), price_of_fairness(0.0, 0.0), price_of_fairness(-10.0, -12.0)
    (0.05, 0.0, 0.2)
    """
    top, other = _objective(best, "best"), _objective(fair, "fair")
    if top == other:
        return 0.0
    size, power = np.frexp(top)  # so that neither the difference of huge numbers nor of tiny ones is lost
    with np.errstate(over="ignore", divide="ignore"):
        return float((size - np.ldexp(other, -power)) / np.abs(size))


def largest_envy(affinity: Affinity | ArrayLike, rep_of_lead: ArrayLike, entitlement: ArrayLike | None = None) -> float:
    r"""Return by how much the most envious rep would rather have another's leads, in units of gain; 0 = no envy.

    .. math:: \max\Bigl(0, \max_{r,s}\; \frac{e_r}{e_s} \sum_{i \in leads_s} gain_{ir}
                                         - \sum_{i \in leads_r} gain_{ir}\Bigr)

    A lead that a rep is not eligible for is worth nothing to that rep. Sums are exact to about 1e-15 of a bundle.

    Parameters
    ----------
    affinity
        gains, `Affinity` or (n_leads, n_reps)
    rep_of_lead
        whole numbers (n_leads,), index of each lead's rep, -1 = none
    entitlement
        ``e``, (n_reps,): a rep entitled to half as much as another expects half as much; None = all alike

    Raises
    ------
    InvalidInput
        wrong shapes, a rep that does not exist, gains too large to add up, or a rep with leads and no entitlement

    Notes
    -----
    Leads of one rep and row are taken together: the time is that of a look at every distinct pair of these with every
    rep, and memory is (n_reps, n_reps). A million leads of 200 rows with 1,000 reps take seconds.

    References
    ----------
    Foley (1967), Resource allocation and the public sector. With entitlements: Chakraborty, Igarashi, Suksompong & Zick
    (2021), Weighted envy-freeness in indivisible item allocation, doi:10.1145/3457166.

    Examples
    --------
    >>> largest_envy(Affinity(rates=[[3.0, 2.0], [1.0, 1.0]]), [1, 0])
    2.0
    """
    gains, held = _read(affinity, rep_of_lead)
    whole, _ = _worth_of_bundles(gains, held)
    return _most_envy(whole, whole, _entitled(entitlement, None, held, gains.n_reps))


def envy_up_to_one(
    affinity: Affinity | ArrayLike, rep_of_lead: ArrayLike, entitlement: ArrayLike | None = None
) -> float:
    r"""Return the largest envy that is left when the one best lead is taken out of what is envied; 0 = EF1.

    .. math:: \max\Bigl(0, \max_{r,s}\; \frac{e_r}{e_s} \Bigl(\sum_{i \in leads_s} gain_{ir}
              - \max_{i \in leads_s} gain_{ir}\Bigr) - \sum_{i \in leads_r} gain_{ir}\Bigr)

    Leads cannot be cut, so some envy is bound to be; an EF1 assignment, envy-free up to one lead, always exists where
    every rep may have any number of any leads and no gain is negative. The lead taken out is the one that the envious
    rep values most, and none if that rep values none above 0. Parameters, errors and cost are those of `largest_envy`.

    References
    ----------
    Lipton, Markakis, Mossel & Saberi (2004), On approximately fair allocations of indivisible goods,
    doi:10.1145/988772.988792; Budish (2011), The combinatorial assignment problem, doi:10.1086/664613. With
    entitlements: WEF1 of Chakraborty et al. (2021), doi:10.1145/3457166.

    Examples
    --------
    >>> gains = [[3.0, 3.0], [1.0, 1.0], [1.0, 1.0]]
    >>> largest_envy(gains, [0, 1, 1]), envy_up_to_one(gains, [0, 1, 1]), envy_up_to_one(gains, [0, 0, 0])
    (1.0, 0.0, 2.0)
    """
    gains, held = _read(affinity, rep_of_lead)
    whole, rest = _worth_of_bundles(gains, held)
    return _most_envy(rest, whole, _entitled(entitlement, None, held, gains.n_reps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evenness:
    """How even some shares are: `gini`, `jain`, `theil` and `min_max_ratio` of them."""

    gini: float
    jain: float
    theil: float
    min_max: float

    @classmethod
    def of(cls, shares: ArrayLike) -> Evenness:
        """Return every measure of the shares.

        >>> Evenness.of([0, 1])
        Evenness(gini=0.5, jain=0.5, theil=0.6931471805599453, min_max=0.0)
        """
        return cls(gini=gini(shares), jain=jain(shares), theil=theil(shares), min_max=min_max_ratio(shares))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Measures(Result):
    """How fair an assignment is, in numbers; prints as a table.

    Parameters
    ----------
    leads
        evenness of each rep's number of leads, over what the rep is entitled to
    value
        evenness of each rep's expected gain, over the same
    envy, envy_up_to_one
        `largest_envy` and `envy_up_to_one`, in units of gain
    """

    leads: Evenness
    value: Evenness
    envy: float
    envy_up_to_one: float

    def to_dict(self) -> dict[str, float]:
        """Return every number by name, as a row of a table: leads_gini, ..., value_min_max, envy, ..."""
        parts = {"leads": asdict(self.leads), "value": asdict(self.value)}
        even = {f"{part}_{name}": value for part, values in parts.items() for name, value in values.items()}
        return even | {"envy": self.envy, "envy_up_to_one": self.envy_up_to_one}

    def summary(self) -> str:
        """Return the two that are asked for most, in one sentence."""
        even = f"Gini {_shown(self.leads.gini)} of leads and {_shown(self.value.gini)} of expected gain"
        return f"{even}, largest envy {_shown(self.envy)}"

    @property
    def _cells(self) -> Cells:
        names = (("Gini", "gini", "0"), ("Jain", "jain", "1"), ("Theil", "theil", "0"), ("min / max", "min_max", "1"))
        even = [
            [name, _shown(getattr(self.leads, field)), _shown(getattr(self.value, field)), equal]
            for name, field, equal in names
        ]
        envies = (("largest envy", self.envy), ("envy up to one lead", self.envy_up_to_one))
        return _HEADERS, [*even, *([name, "", _shown(envy), "0"] for name, envy in envies)]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(tables=[self._cells])

    def __str__(self) -> str:
        return markdown(*self._cells)


_HEADERS = ("measure", "of leads", "of expected gain", "if equal")


def measures(
    affinity: Affinity | ArrayLike,
    rep_of_lead: ArrayLike,
    entitlement: ArrayLike | None = None,
    capacity: ArrayLike | None = None,
) -> Measures:
    r"""Return how even an assignment is in leads and in expected gain, and who envies whom by how much.

    Shares are what a rep has over what the rep is entitled to,

    .. math:: x_j = \frac{1}{e_j} |leads_j| \quad\text{and}\quad x_j = \frac{1}{e_j} \sum_{i \in leads_j} gain_{ij}

    Parameters
    ----------
    affinity, rep_of_lead
        as of `largest_envy`
    entitlement
        (n_reps,), weights of 0 or more by which reps should get leads; None = in proportion to the capacity, or alike
        without one. A rep entitled to nothing, who has nothing, is left out
    capacity
        (n_reps,), most leads each rep can get. With an entitlement, what a rep has no slots for is the others'
        (`leadopt.fairness.entitlements`); None = no bound

    Raises
    ------
    InvalidInput
        as `largest_envy`; also if a rep's leads together are expected to lose, as shares cannot be negative

    Examples
    --------
    >>> print(measures([[3.0, 3.0], [1.0, 1.0], [1.0, 1.0]], [0, 0, 1]))
    | measure             | of leads | of expected gain | if equal |
    | ------------------- | -------: | ---------------: | -------: |
    | Gini                |    0.167 |              0.3 |        0 |
    | Jain                |      0.9 |            0.735 |        1 |
    | Theil               |   0.0566 |            0.193 |        0 |
    | min / max           |      0.5 |             0.25 |        1 |
    | largest envy        |          |                3 |        0 |
    | envy up to one lead |          |                0 |        0 |
    """
    gains, held = _read(affinity, rep_of_lead)
    weights = _entitled(entitlement, capacity, held, gains.n_reps)
    entitled = weights > 0
    loads = np.bincount(held[held >= 0], minlength=gains.n_reps)
    whole, rest = _worth_of_bundles(gains, held)
    return Measures(
        leads=Evenness.of(loads[entitled] / weights[entitled]),
        value=Evenness.of(_no_loss(whole.diagonal())[entitled] / weights[entitled]),
        envy=_most_envy(whole, whole, weights),
        envy_up_to_one=_most_envy(rest, whole, weights),
    )


def _shares(shares: ArrayLike, name: str = "shares") -> Floats:
    try:
        x = np.asarray(shares, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name}: must be numbers; {error}") from None
    if bad := np.flatnonzero(~((x >= 0) & (x < np.inf)))[:1].tolist():
        raise InvalidInput(f"{name} must be finite and not negative; found {x[bad[0]]} at index {bad[0]}")
    return x


def _objective(value: float, name: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = np.nan
    if not np.isfinite(found):
        raise InvalidInput(f"{name}: must be a finite number; found {value!r}")
    return found


def _unit(x: Floats) -> Floats:
    """Return numbers times a power of two, the largest in [0.5, 1): exact, and sums and squares stay in range."""
    return np.asarray(np.ldexp(x, -np.frexp(x.max(initial=0.0))[1]))


def _all_equal(x: Floats) -> bool:
    return not len(x) or bool(x.min() == x.max())


def _surprise(d: Floats) -> Floats:
    """Return ``(1 + d) ln(1 + d) - d`` for d of -1 or more; where d is small, from its series."""
    small = np.abs(d) < 1e-3
    series = sum((-1) ** k / (k * (k - 1)) * d**k for k in range(2, 8))
    logs = np.log1p(d, where=~small & (d > -1.0), out=np.zeros_like(d))
    return np.asarray(np.where(small, series, (1.0 + d) * logs - d))


def _read(affinity: Affinity | ArrayLike, rep_of_lead: ArrayLike) -> tuple[Affinity, Ints]:
    gains, held = Affinity.coerce(affinity), np.asarray(rep_of_lead)
    if held.shape != (gains.n_leads,) or (held.size and held.dtype.kind not in "iu"):
        raise InvalidInput(
            f"rep_of_lead: must be one rep index (or -1) for each of {gains.n_leads} leads; "
            f"found {held.dtype} {held.shape}"
        )
    if bad := np.flatnonzero((held < -1) | (held >= gains.n_reps))[:1].tolist():
        raise InvalidInput(
            f"rep_of_lead: lead {bad[0]} has rep {held[bad[0]]}, which does not exist; there are {gains.n_reps}"
        )
    if gains.largest > _LARGEST or gains.scale.max(initial=0.0) > _LARGEST:
        raise InvalidInput(
            f"affinity: gains and scales must be at most {_LARGEST:g}, so that they can be added up; "
            "give them in a larger unit"
        )
    return gains, held.astype(np.int64)


def _entitled(entitlement: ArrayLike | None, capacity: ArrayLike | None, held: Ints, n_reps: int) -> Floats:
    """Return what reps are entitled to relative to each other, float64 (n_reps,), checked against what they hold."""
    weights = _per_rep(entitlement, "entitlement", n_reps)
    slots = _per_rep(capacity, "capacity", n_reps)
    if weights is not None and slots is not None:
        found = entitlements(_unit(weights), slots, max(1, int((held >= 0).sum())))
    else:
        # Taken as they are: whole numbers of leads in one proportion to whole weights are equal as floats too.
        found = next((given for given in (weights, slots) if given is not None), np.ones(n_reps))
    loads, found = np.bincount(held[held >= 0], minlength=n_reps), _unit(found)
    if bad := np.flatnonzero((loads > 0) & (found == 0))[:1].tolist():
        raise InvalidInput(
            f"entitlement: rep {bad[0]} has {loads[bad[0]]} leads and is entitled to none, so that its share has no "
            "size; give it an entitlement above 0"
        )
    return found


def _per_rep(values: ArrayLike | None, name: str, n_reps: int) -> Floats | None:
    if values is None:
        return None
    found = _shares(values, name)
    if len(found) != n_reps:
        raise InvalidInput(f"{name}: must have one entry for each of {n_reps} reps; found {len(found)}")
    return found


def _no_loss(value: Floats) -> Floats:
    if bad := np.flatnonzero(value < 0)[:1].tolist():
        raise InvalidInput(
            f"affinity: the leads of rep {bad[0]} are expected to gain {value[bad[0]]:g} together; shares of value "
            "need 0 or more"
        )
    return value


def _worth_of_bundles(affinity: Affinity, held: Ints) -> tuple[Floats, Floats]:
    """Return what the leads of s are worth to r, [s, r]; all, and all but the one that r values most above 0."""
    n_rows, n_reps = affinity.n_rows, affinity.n_reps
    placed = np.flatnonzero(held >= 0)
    pair = held[placed] * n_rows + affinity.row[placed]
    order = np.lexsort((-affinity.scale[placed], pair))
    pair, scale = pair[order], affinity.scale[placed][order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))  # the largest lead of each pair of rep and row
    sums, largest = _sums(scale, first), scale[first]
    scale[first] = 0.0
    others = _sums(scale, first)
    rep, row = np.divmod(pair[first], max(1, n_rows))
    whole, rest, best = np.zeros((3, n_reps, n_reps))
    edges = np.searchsorted(rep, np.arange(n_reps + 1)).tolist()
    step = max(1, _BLOCK // max(1, n_reps))
    for s in range(n_reps):
        for start in range(edges[s], edges[s + 1], step):
            part = slice(start, min(start + step, edges[s + 1]))
            rates = affinity.rates_of(row[part])
            rates[np.isneginf(rates)] = 0.0
            more, more_rest, top = _bundle(rates, sums[part], others[part], largest[part])
            # Of two parts, the one without the best lead loses it and the other is whole.
            rest[s] = np.where(top > best[s], whole[s] + more_rest, rest[s] + more)
            whole[s] += more
            best[s] = np.maximum(best[s], top)
    return whole, rest


def _bundle(rates: Floats, sums: Floats, others: Floats, largest: Floats) -> tuple[Floats, Floats, Floats]:
    """Return for some rows of one rep's leads, to every rep: their worth, that without the best lead, and the best."""
    worth = sums[:, None] * rates
    whole = worth.sum(axis=0)
    single = largest[:, None] * rates
    row, rep = single.argmax(axis=0), np.arange(rates.shape[1])
    top = single[row, rep]
    # Added up without it: to subtract the largest from a sum would cost the digits of what is left.
    worth[row, rep] = np.where(top > 0, others[row] * rates[row, rep], worth[row, rep])
    return whole, worth.sum(axis=0), np.maximum(top, 0.0)


def _sums(values: Floats, first: Ints) -> Floats:
    return np.add.reduceat(values, first) if len(first) else np.zeros(0)


def _most_envy(envied: Floats, whole: Floats, weights: Floats) -> float:
    """Return the largest envy, at least 0, of bundles [s, r] over what each rep has, between those entitled."""
    entitled = np.flatnonzero(weights > 0)
    e, wanted = weights[entitled], envied[np.ix_(entitled, entitled)]
    with np.errstate(over="ignore", invalid="ignore"):
        fair = np.where(wanted == 0, 0.0, wanted * (e / e[:, None]))
    return float((fair - whole.diagonal()[entitled]).max(initial=0.0))


def _shown(value: float) -> str:
    text = number(value)
    return "< 1" if text == "1" and value < 1 else text
