"""A simulated sales floor whose true conversion rates are known: a plan can be judged by what it really earns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.effects.logistic import sigmoid
from leadopt.problem.linear_algebra import inner
from leadopt.tables import Table
from leadopt.tables.cells import is_number

Columns = dict[str, list[Any]]

INDUSTRIES = ("software", "manufacturing", "retail", "health", "logistics", "finance")
SOURCES = ("website", "referral", "trade fair", "cold call")
TERRITORIES = ("north", "east", "south", "west")
SIZES = ("small", "medium", "large")
LANGUAGES = ("en", "de", "fr", "es")
NOW = date(2026, 1, 31)

_NAMES = (
    *("Ana", "Bo", "Carla", "Dev", "Elif", "Finn", "Gita", "Hugo", "Ines", "Jun", "Kofi", "Lena", "Mats", "Nora"),
    *("Omar", "Pia", "Quinn", "Rosa", "Sven", "Tara", "Uma", "Viktor", "Wen", "Ximena", "Yusuf", "Zoe", "Aiko", "Ben"),
    *("Chloe", "Dario", "Emma", "Farid", "Greta", "Hana", "Ivo", "Jana", "Kemal", "Lucia", "Marco", "Nadia", "Oskar"),
    *("Petra", "Ravi", "Sara", "Tom", "Ulla", "Vera", "Wim", "Yara", "Zeno"),
)
_SIZE_SHARE, _SIZE_VALUE, _VALUE_SD = (0.5, 0.35, 0.15), (4_000.0, 9_000.0, 25_000.0), 0.6
_LANGUAGE_SHARE, _SPEAKS = (0.76, 0.12, 0.07, 0.05), 0.35
_SLOTS_PER_LEAD = 0.95
_TRAINING_DAYS, _SALES_CYCLE_DAYS, _YEAR_DAYS = 30, 21, 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """How much conversion depends on what: standard deviations on the logit.

    Parameters
    ----------
    base_rate
        chance of conversion where every effect is 0, in (0, 1)
    segment_sd, rep_sd, interaction_sd
        of segments (all columns together), of reps, and of who is good at what
    by_column
        whether who is good at what is a sum of a part for each column, or differs from segment to segment
    """

    base_rate: float = 0.16
    segment_sd: float = 0.8
    rep_sd: float = 0.3
    interaction_sd: float = 0.25
    by_column: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no chance or no standard deviation."""
        if not (is_number(self.base_rate) and 0.0 < self.base_rate < 1.0):
            raise InvalidInput(f"strengths.base_rate: must be between 0 and 1, such as 0.16; found {self.base_rate!r}")
        for name in ("segment_sd", "rep_sd", "interaction_sd"):
            sd = getattr(self, name)
            if not (is_number(sd) and 0.0 <= sd < np.inf):
                raise InvalidInput(f"strengths.{name}: must be a number, 0 or more; found {sd!r}")

    def draw(self, rng: np.random.Generator, sizes: Sequence[int], n_reps: int) -> tuple[Floats, Floats]:
        """Return the logits and, of these, the part that is the rep's; both float64 (n_segments, n_reps).

        Segments are the combinations of the columns' levels, `sizes` of them, the last column's changing fastest.
        """
        part = 1.0 / np.sqrt(len(sizes))
        segment = _crossed([rng.normal(0.0, self.segment_sd * part, (size, 1)) for size in sizes])
        of_rep = rng.normal(0.0, self.rep_sd, n_reps)
        if self.by_column:
            good_at = _crossed([rng.normal(0.0, self.interaction_sd * part, (size, n_reps)) for size in sizes])
        else:
            good_at = rng.normal(0.0, self.interaction_sd, (len(segment), n_reps))
        return logit(self.base_rate) + segment + of_rep + good_at, of_rep + good_at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SalesFloor:
    """Three tables as a user would have them, and the truth behind them.

    Parameters
    ----------
    leads, reps, history
        dicts of lists, which `leadopt.assign` takes as they are
    now
        the day on which the leads are handed out; history is of the year before
    rates
        float64 (n_segments, n_reps), true chance that a rep converts a lead of a segment (industry x source)
    segment_of_lead, segment_of_history
        int64, the segment of each row of these tables
    """

    leads: Columns
    reps: Columns
    history: Columns
    now: date
    rates: Floats
    segment_of_lead: Ints
    segment_of_history: Ints

    @property
    def probability(self) -> Floats:
        """True chance of conversion of every lead with every rep, float64 (n_leads, n_reps)."""
        return np.asarray(self.rates[self.segment_of_lead])

    def true_deals(self, rep_of_lead: ArrayLike) -> float:
        """Return the number of deals that these assignments earn on average; -1 = pool, which earns none."""
        return float(self._placed(rep_of_lead)[1].sum())

    def true_gain(self, rep_of_lead: ArrayLike) -> float:
        """Return the value that these assignments earn on average; -1 = pool, which earns none."""
        leads, chance = self._placed(rep_of_lead)
        return inner(chance, np.asarray(self.leads["value"], dtype=np.float64)[leads])

    def true_chance(self, rows: Any) -> Floats:
        """Return the true chance that each row's rep converts a lead of its segment, float64 (n_rows,).

        Parameters
        ----------
        rows
            table with the columns rep_id, industry and source, such as `AffinityModel.frame()`

        Raises
        ------
        InvalidInput
            a column is missing, or a rep, industry or source that this floor does not have
        """
        table = Table(rows, "rows")
        rep, industry, source = (
            _places(table, column, known)
            for column, known in (("rep_id", self.reps["rep_id"]), ("industry", INDUSTRIES), ("source", SOURCES))
        )
        return np.asarray(self.rates[industry * len(SOURCES) + source, rep])

    def _placed(self, rep_of_lead: ArrayLike) -> tuple[Ints, Floats]:
        reps = np.asarray(rep_of_lead, dtype=np.int64)
        n_leads, n_reps = len(self.segment_of_lead), self.rates.shape[1]
        low, high = reps.min(initial=0), reps.max(initial=-1)
        if reps.shape != (n_leads,) or low < -1 or high >= n_reps:
            raise InvalidInput(
                f"rep_of_lead: must hold -1 or an index below {n_reps} for each of {n_leads} leads; "
                f"found shape {reps.shape}, from {low} to {high}"
            )
        leads = np.flatnonzero(reps >= 0)
        return leads, self.rates[self.segment_of_lead[leads], reps[leads]]


def sales_floor(
    *, n_leads: int = 240, n_reps: int = 12, n_history: int = 6000, rng: int | np.random.Generator = 0
) -> SalesFloor:
    r"""Return a simulated sales floor: leads, reps, a year of history, and the true conversion rates.

    A lead of industry `a` and source `b` is of segment `s = (a, b)`; with rep `j` it converts with chance

    .. math:: p_{sj} = \operatorname{sigmoid}(\mu + u_a + v_b + r_j + w_{sj}), \quad
              u, v \sim N(0, 0.8^2 / 2),\; r \sim N(0, 0.3^2),\; w \sim N(0, 0.25^2)

    with `mu` the logit of 0.16, so segments differ most, reps less, and who is good at what least. Values are
    log-normal around a median that grows with company size. Past leads went to reps who speak the language with odds

    .. math:: \exp(0.8\,[\text{same territory}] + r_j + w_{sj})

    as managers already lean towards whom they think good; newcomers got leads only after 30 days of training. Half of
    the leads of the last 21 days are still open (`converted` and `at` are None). All slots add up to 0.95 of the leads.

    Parameters
    ----------
    n_leads, n_reps, n_history
        rows of the tables. From 4 reps on, one is on vacation, one works half time and a sixth are newcomers
    rng
        seed or generator: same seed, same floor

    Returns
    -------
    SalesFloor
        `.leads`, `.reps`, `.history`, and `.true_gain(rep_of_lead)`, `.true_deals(rep_of_lead)`

    Raises
    ------
    InvalidInput
        fewer than 0 leads or history rows, or fewer than 1 rep

    Notes
    -----
    5,000 leads, 50 reps and 200,000 history rows take well under a second.

    Examples
    --------
    >>> floor = sales_floor(n_leads=3, n_reps=2, n_history=10)
    >>> floor.leads["lead_id"], floor.reps["rep_id"], floor.probability.shape
    (['L1', 'L2', 'L3'], ['Ana', 'Bo'], (3, 2))
    """
    for name, count, least in (("n_leads", n_leads, 0), ("n_reps", n_reps, 1), ("n_history", n_history, 0)):
        if count < least:
            raise InvalidInput(f"{name}: must be {least} or more; found {count}")
    generator = np.random.default_rng(rng)
    logits, leaning = Strengths().draw(generator, (len(INDUSTRIES), len(SOURCES)), n_reps)
    team = _Team.hire(generator, n_reps)
    asked, past = Requests.draw(generator, n_leads), Requests.draw(generator, n_history)
    rates = sigmoid(logits)
    return SalesFloor(
        leads=_lead_table(asked),
        reps=_rep_table(generator, team, n_leads),
        history=_history_table(generator, past, team, rates, leaning),
        now=NOW,
        rates=rates,
        segment_of_lead=asked.segment,
        segment_of_history=past.segment,
    )


@dataclass(frozen=True, slots=True)
class Requests:
    """Leads as indices into the constants above, each int64 (n,)."""

    industry: Ints
    source: Ints
    territory: Ints
    size: Ints
    language: Ints
    value: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int) -> "Requests":
        size = rng.choice(len(SIZES), n, p=_SIZE_SHARE)
        return cls(
            industry=rng.integers(len(INDUSTRIES), size=n),
            source=rng.integers(len(SOURCES), size=n),
            territory=rng.integers(len(TERRITORIES), size=n),
            size=size,
            language=rng.choice(len(LANGUAGES), n, p=_LANGUAGE_SHARE),
            value=np.round(np.array(_SIZE_VALUE)[size] * np.exp(rng.normal(0.0, _VALUE_SD, n))),
        )

    @property
    def segment(self) -> Ints:
        return self.industry * len(SOURCES) + self.source

    def columns(self) -> Columns:
        return {
            "industry": _named(INDUSTRIES, self.industry),
            "source": _named(SOURCES, self.source),
            "territory": _named(TERRITORIES, self.territory),
            "company_size": _named(SIZES, self.size),
            "language": _named(LANGUAGES, self.language),
            "value": self.value.astype(np.int64).tolist(),
        }


@dataclass(frozen=True, slots=True)
class _Team:
    """The reps in arrays, each (n_reps,) but `speaks`, bool (n_reps, n_languages)."""

    names: list[str]
    territory: Ints
    tenure_days: Ints
    available: Floats
    speaks: Bools

    @classmethod
    def hire(cls, rng: np.random.Generator, n: int) -> "_Team":
        order = rng.permutation(n)
        n_new = max(1, round(n / 6)) if n >= 4 else 0
        tenure = rng.integers(400, 3000, n)
        tenure[order[:n_new]] = np.linspace(12, 75, n_new).round()
        available = np.ones(n)
        if n >= 4:
            available[order[n_new]], available[order[n_new + 1]] = 0.0, 0.5
        speaks = rng.random((n, len(LANGUAGES))) < _SPEAKS
        speaks[:, 0] = True
        # Every language has somebody who is there now and was there all year.
        speaks[order[-1]] = True
        return cls(
            names=rep_names(n),
            territory=rng.permutation(np.arange(n) % len(TERRITORIES)),
            tenure_days=tenure,
            available=available,
            speaks=speaks,
        )


def rep_names(n: int) -> list[str]:
    """Return what so many reps are called."""
    return [_NAMES[k % len(_NAMES)] + (f" {k // len(_NAMES) + 1}" if k >= len(_NAMES) else "") for k in range(n)]


def _lead_table(asked: Requests) -> Columns:
    return {"lead_id": _numbered("L", len(asked.value)), **asked.columns()}


def _rep_table(rng: np.random.Generator, team: _Team, n_leads: int) -> Columns:
    weight = rng.uniform(0.7, 1.3, len(team.names))
    there = float(weight @ team.available)
    capacity = np.maximum(1, np.round(_SLOTS_PER_LEAD * n_leads * weight / there)).astype(np.int64)
    return {
        "rep_id": team.names,
        "capacity": capacity.tolist(),
        "available": team.available.tolist(),
        "tenure_days": team.tenure_days.tolist(),
        "territory": _named(TERRITORIES, team.territory),
        "languages": [";".join(np.array(LANGUAGES)[row]) for row in team.speaks],
    }


def _history_table(rng: np.random.Generator, past: Requests, team: _Team, rates: Floats, leaning: Floats) -> Columns:
    n = len(past.value)
    days_ago = np.sort(rng.integers(1, _YEAR_DAYS + 1, n))[::-1]
    rep = _past_reps(rng, past, team, leaning, days_ago)
    converted = (rng.random(n) < rates[past.segment, rep]).astype(object)
    at = (np.datetime64(NOW) - days_ago.astype("timedelta64[D]")).astype(object)
    is_open = (days_ago <= _SALES_CYCLE_DAYS) & (rng.random(n) < 0.5)
    converted[~is_open] = converted[~is_open].astype(np.int64)
    converted[is_open] = at[is_open] = None
    return {
        "lead_id": _numbered("H", n),
        "rep_id": np.array(team.names, dtype=object)[rep].tolist(),
        **past.columns(),
        "converted": converted.tolist(),
        "at": at.tolist(),
    }


def _past_reps(rng: np.random.Generator, past: Requests, team: _Team, leaning: Floats, days_ago: Ints) -> Ints:
    """Return who had each past lead, int64 (n,): by territory and strength, among those who speak the language."""
    shape = (len(leaning), len(TERRITORIES), len(LANGUAGES))
    same = team.territory == np.arange(len(TERRITORIES))[:, None]
    odds = np.exp(0.8 * same[None, :, None, :] + leaning[:, None, None, :]) * team.speaks.T[None, None]
    kind = np.ravel_multi_index((past.segment, past.territory, past.language), shape)
    table = odds.reshape(-1, len(team.names))
    rep = _drawn(rng, table, kind)
    untrained = days_ago > team.tenure_days[rep] - _TRAINING_DAYS
    rep[untrained] = _drawn(rng, table * (team.tenure_days > _YEAR_DAYS + _TRAINING_DAYS), kind[untrained])
    return rep


def _drawn(rng: np.random.Generator, odds: Floats, kind: Ints) -> Ints:
    """Return a column for each entry of `kind`, with chance in proportion to its row of `odds`."""
    edges = np.cumsum(odds, axis=1)
    edges /= edges[:, -1:]
    return np.asarray((rng.random(len(kind))[:, None] >= edges[kind]).sum(axis=1))


def _places(table: Table, column: str, known: Sequence[str]) -> Ints:
    """Return where each cell of a column stands among the known ones."""
    place = {name: k for k, name in enumerate(known)}
    cells = table.levels(column)
    for row, cell in enumerate(cells):
        if cell not in place:
            table.refuse(column, row, f"must be one of {', '.join(known)}", cell)
    return np.array([place[cell] for cell in cells if cell is not None], dtype=np.int64)


def _named(names: Sequence[str], index: Ints) -> list[str]:
    return [names[k] for k in index.tolist()]


def _numbered(letter: str, n: int) -> list[str]:
    digits = len(str(n))
    return [f"{letter}{k:0{digits}d}" for k in range(1, n + 1)]


def _crossed(parts: Sequence[Floats]) -> Floats:
    """Return the sums of a row of each part, for all combinations; float64 (n_combinations, n_columns)."""
    total = np.zeros((1, 1))
    for part in parts:
        total = (total[:, None, :] + part[None, :, :]).reshape(-1, part.shape[1])
    return total


def logit(rate: float) -> float:
    """Return the logarithm of the odds of a chance in (0, 1)."""
    return float(np.log(rate / (1.0 - rate)))
