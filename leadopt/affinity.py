"""`AffinityModel`: the chance that a rep converts a lead, learned from history."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.effects import sigmoid
from leadopt.errors import InvalidInput
from leadopt.frames import Table, check_same_kind
from leadopt.gains import Affinity
from leadopt.outcomes import count_outcomes
from leadopt.shrinkage import Estimates, Posterior, Tally, credible_interval
from leadopt.shrinkage import fit as fit_rates
from leadopt.values import Id, as_id, as_level

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Segment = tuple[str | None, ...]
Pairs = tuple[Ints, Ints]


class AffinityModel:
    """Chance that a rep converts a lead of a segment, learned from past outcomes; scarce evidence leans on its kin.

    The logit of the expected rate is a base plus an effect of the rep, of each segment column's level and (with two
    columns or more) of their combination; each family of effects is shrunk as far as the data say. A rep's own record
    with a segment moves the estimate from there: ``(k + kappa * m) / (n + kappa)``, with k of n won and m expected.
    What history never saw has no effect, and widens the interval by as much as its family is diverse. A missing level
    is a level of its own.

    Parameters
    ----------
    segment_by
        column or columns of a lead that conversion is estimated by; None = the rep alone
    half_life_days
        age at which an outcome counts half, counted back from the latest one; None = all count the same
    rep, converted, at
        names of the columns of the history; `at` is read only for the half-life. Outcomes without a rep inform the
        base and the segments

    Attributes
    ----------
    reps_, segments_
        ids and tuples of levels that history holds, sorted
    base_
        probability where no effect is known
    n_outcomes_, n_open_
        settled outcomes, and rows without an outcome yet
    strengths_
        standard deviation on the logit of the effects of "rep", each column and, with several, "segment"
    concentration_
        kappa: how many outcomes of its own move a pair halfway from the expected to its raw rate

    Notes
    -----
    One group-by in the engine that holds the history; then time grows with the distinct pairs of rep and segment, and
    with the cube of the effects up to 600 (beyond, variances take them for uncorrelated and come out somewhat small).
    Effects are associations: leads that were given to reps by merit bias them.

    References
    ----------
    `shrinkage` and `effects` hold the mathematics and its sources.

    Examples
    --------
    >>> rows = [("ann", 30, 40), ("bob", 10, 40), ("cid", 1, 1)]
    >>> history = [{"rep_id": rep, "converted": i < won} for rep, won, tried in rows for i in range(tried)]
    >>> model = AffinityModel().fit(history)
    >>> model.probability([{"rep_id": rep} for rep in ("ann", "bob", "cid", "new")]).round(2)
    array([0.74, 0.27, 0.7 , 0.57])
    """

    def __init__(
        self,
        *,
        segment_by: Sequence[str] | str | None = None,
        half_life_days: float | None = None,
        rep: str = "rep_id",
        converted: str = "converted",
        at: str = "at",
    ) -> None:
        self.segment_by = segment_by
        self.half_life_days = half_life_days
        self.rep = rep
        self.converted = converted
        self.at = at

    def fit(self, history: Any) -> "AffinityModel":
        """Learn from past outcomes, and return the model itself.

        Raises
        ------
        InvalidInput
            a setting is wrong, a column is missing, or a rep id, outcome or date cannot be read
        """
        columns, half_life = _columns(self.segment_by), _half_life(self.half_life_days)
        table = Table(history, "history")
        if not table.columns:  # an empty list of dicts cannot name its columns
            table = Table({column: [] for column in (self.rep, *columns, self.converted, self.at)}, "history")
        counts = count_outcomes(table, self.rep, columns, self.converted, self.at if half_life else None)
        reps = _rep_ids(f"{table.name}.{self.rep}", counts.keys[0])
        segments = _segments([_as_levels(key) for key in counts.keys[1:]], len(reps))
        self._columns = columns
        self._like = Table(table.build({self.rep: []}), "history")
        self.reps_ = sorted({rep for rep in reps if rep is not None}, key=lambda rep: (type(rep).__name__, rep))
        self.segments_ = sorted(set(segments), key=_none_first)
        self.n_outcomes_, self.n_open_ = int(counts.count.sum()), counts.n_open
        self._index()
        keys = self._keys(_codes(self._rep_code, reps), _codes(self._segment_code, segments))
        self._tally = Tally.of(keys, counts.count, counts.converted, counts.day, half_life)
        self._fit_effects()
        return self

    def _index(self) -> None:
        self._rep_code: dict[Id | None, int] = {rep: code for code, rep in enumerate([*self.reps_, None])}
        self._segment_code = {segment: code for code, segment in enumerate(self.segments_)}
        columns = [
            sorted({(segment[i],) for segment in self.segments_}, key=_none_first) for i in range(self._n_columns)
        ]
        self._level_codes = [{level: code for code, (level,) in enumerate(column)} for column in columns]

    def _fit_effects(self) -> None:
        reps, segments = self._cells()
        sizes = [len(self._rep_code), *map(len, self._level_codes), *([len(self.segments_)] * (self._n_columns > 1))]
        levels = np.array(self._levels(reps, segments, self.segments_), dtype=np.int64)
        effects, self.concentration_ = fit_rates(self._tally.cells(levels, tuple(sizes)))
        self._posterior = Posterior(tally=self._tally, effects=effects, concentration=self.concentration_)
        self.base_ = float(sigmoid(effects.values[0]))
        names = ["rep", *self._columns, *(["segment"] * (self._n_columns > 1))]
        self.strengths_ = dict(zip(names, effects.deviations[1:].tolist(), strict=True))

    @property
    def _n_columns(self) -> int:
        return len(self._columns)

    def _keys(self, reps: Ints, segments: Ints) -> Ints:
        """Return one number for each pair of codes; they may broadcast."""
        return np.asarray(reps * (len(self.segments_) + 1) + segments)

    def _cells(self) -> tuple[Ints, Ints]:
        """Return the codes of the rep and the segment of each cell that history holds."""
        return np.divmod(self._tally.keys, len(self.segments_) + 1)

    def _levels(self, reps: Ints, pointers: Ints, segments: Sequence[Segment]) -> list[Ints]:
        """Return each family's level for pairs of rep codes and of pointers into `segments`; they may broadcast."""
        columns = [_codes(codes, [segment[i] for segment in segments]) for i, codes in enumerate(self._level_codes)]
        combination = [_codes(self._segment_code, segments)] if self._n_columns > 1 else []
        return [reps, *(levels[pointers] for levels in [*columns, *combination])]

    def _locate(self, reps: Sequence[Id], segments: Sequence[Segment], pairs: Pairs) -> tuple[Ints, list[Ints]]:
        """Return the cell and each family's level for pairs of pointers into `reps` and `segments`."""
        rep, segment = _codes(self._rep_code, reps)[pairs[0]], _codes(self._segment_code, segments)[pairs[1]]
        return self._tally.find(self._keys(rep, segment)), self._levels(rep, pairs[1], segments)

    def estimate(self, segments: Sequence[Segment], reps: Sequence[Id]) -> Estimates:
        """Return what is known about every pair of these segments and reps.

        Parameters
        ----------
        segments
            one level for each column of `segment_by`, None where missing; levels never seen are fine
        reps
            ids; reps never seen are fine

        Notes
        -----
        Time and memory grow with the product of the two. Credible intervals, which cost several times as much as all
        the rest, are computed on demand and for the pairs in question by `Estimates.interval`.
        """
        self._check_fitted()
        self._check_reps("reps", reps)
        plain = self._plain_segments(segments)
        return self._posterior.estimates(
            *self._locate(reps, plain, _every_pair(plain, reps)),
            known_rep=_codes(self._rep_code, reps) < len(self.reps_),
            known_segment=_codes(self._segment_code, plain) < len(self.segments_),
        )

    def probability(self, rows: Any) -> Floats:
        """Return the chance of conversion of each row's rep with each row's segment, float64 (n_rows,)."""
        self._check_fitted()
        return self._posterior.probability(*self._locate_rows(rows))

    def interval(self, rows: Any, level: float = 0.9) -> Floats:
        """Return the credible interval of each row's chance of conversion, float64 (n_rows, 2)."""
        self._check_fitted()
        return np.column_stack(self._interval(*self._locate_rows(rows), level))

    def _interval(self, cell: Ints, levels: Sequence[Ints], level: float) -> tuple[Floats, Floats]:
        probability, outcomes = self._posterior.probability(cell, levels), self._posterior.outcomes(cell, levels)
        return credible_interval(probability, outcomes, level)

    def _locate_rows(self, rows: Any) -> tuple[Ints, list[Ints]]:
        table = Table(rows, "rows")
        reps, rep = _distinct(table.ids(self.rep, unique=False))
        self._check_reps(f"rows.{self.rep}", reps)
        segments, segment = _distinct(self._segments_of(table))
        return self._locate(reps, segments, (rep, segment))

    def affinity(self, leads: Any, reps: Any, *, value: str = "value", rep_id: str | None = None) -> Affinity:
        """Return the expected gain of every lead with every rep: probability times the lead's value.

        Parameters
        ----------
        leads
            table with the columns of `segment_by`
        reps
            table with the column of rep ids
        value
            column of `leads` with what a conversion is worth; each counts 1 where the table lacks it
        rep_id
            name of the column of ids in `reps`; None = as in the history

        Returns
        -------
        Affinity
            one row of rates for each distinct segment among the leads
        """
        self._check_fitted()
        table = Table(leads, "leads")
        segments, row = _distinct(self._segments_of(table))
        scale = table.numbers(value, low=0.0) if value in table else np.ones(table.n_rows)
        ids = Table(reps, "reps").ids(rep_id or self.rep)
        self._check_reps(f"reps.{rep_id or self.rep}", ids)
        rates = self._posterior.probability(*self._locate(ids, segments, _every_pair(segments, ids)))
        return Affinity(rates=rates, row=row, scale=scale)

    def table(self) -> Any:
        """Return one row per rep and segment that history holds, as the kind of table that the history was.

        Columns: the rep, those of `segment_by`, tried, converted, raw_rate, estimate, and low and high (90% interval).
        """
        self._check_fitted()
        rep, segment = self._cells()
        named = rep < len(self.reps_)
        rep, segment = rep[named], segment[named]
        cell, families = self._locate(self.reps_, self.segments_, (rep, segment))
        tried, converted = self._tally.tried[cell], self._tally.converted[cell]
        low, high = self._interval(cell, families, 0.9)
        numbers = {
            "tried": tried,
            "converted": converted,
            "raw_rate": converted / tried,
            "estimate": self._posterior.probability(cell, families),
            "low": low,
            "high": high,
        }
        levels = {name: [self.segments_[code][i] for code in segment] for i, name in enumerate(self._columns)}
        ids = {self.rep: [self.reps_[code] for code in rep]}
        return self._like.build(ids | levels | {name: values.tolist() for name, values in numbers.items()})

    def _segments_of(self, table: Table) -> list[Segment]:
        return _segments([table.levels(column) for column in self._columns], table.n_rows)

    def _plain_segments(self, segments: Sequence[Segment]) -> list[Segment]:
        for number, segment in enumerate(segments):
            if not isinstance(segment, tuple) or len(segment) != self._n_columns:
                raise InvalidInput(
                    f"segments, entry {number + 1}: must be a tuple with one level for each of "
                    f"{list(self._columns)}; found {segment!r}"
                )
        return [tuple(as_level(level) for level in segment) for segment in segments]

    def _check_fitted(self) -> None:
        if not hasattr(self, "_posterior"):
            raise InvalidInput("AffinityModel: has learned nothing yet; call fit(history) first")

    def _check_reps(self, name: str, reps: Sequence[Id]) -> None:
        # Sorted by type: where the first and the last are alike, all are.
        if self.reps_ and type(self.reps_[0]) is type(self.reps_[-1]):
            check_same_kind(name, reps, f"history.{self.rep}", self.reps_)


def _columns(segment_by: Sequence[str] | str | None) -> tuple[str, ...]:
    columns = (segment_by,) if isinstance(segment_by, str) else tuple(segment_by or ())
    if not all(isinstance(column, str) for column in columns) or len(set(columns)) < len(columns):
        raise InvalidInput(f"AffinityModel.segment_by: must be distinct names of columns; found {segment_by!r}")
    return columns


def _half_life(days: float | None) -> float | None:
    if days is not None and not (isinstance(days, int | float) and 0.0 < days < np.inf):
        raise InvalidInput(f"AffinityModel.half_life_days: must be a positive number of days or None; found {days!r}")
    return days


def _rep_ids(name: str, keys: Sequence[Any]) -> list[Id | None]:
    ids = {key: as_id(key) for key in set(keys)}
    for key, rep in ids.items():
        blank = key is None or (isinstance(key, str) and not key.strip())
        if rep is None and not blank:
            raise InvalidInput(f"{name}: an id must be text or a whole number; found {key!r}")
    return [ids[key] for key in keys]


def _as_levels(key: Sequence[Any]) -> list[str | None]:
    levels = {value: as_level(value) for value in set(key)}
    return [levels[value] for value in key]


def _segments(columns: Sequence[Sequence[str | None]], n_rows: int) -> list[Segment]:
    return list(zip(*columns, strict=True)) if columns else [()] * n_rows


def _none_first(segment: Segment) -> tuple[tuple[bool, str], ...]:
    return tuple((level is not None, level or "") for level in segment)


def _every_pair(segments: Sequence[Segment], reps: Sequence[Id]) -> Pairs:
    return np.arange(len(reps))[None, :], np.arange(len(segments))[:, None]


def _codes(code: Mapping[Any, int], items: Sequence[Any]) -> Ints:
    """Return the code of each item, one past the last for an item without."""
    return np.fromiter(map(code.get, items, repeat(len(code))), dtype=np.int64, count=len(items))


def _distinct(items: Sequence[Any]) -> tuple[list[Any], Ints]:
    """Return the distinct items in order of appearance, and where each item stands among them."""
    code = {item: number for number, item in enumerate(dict.fromkeys(items))}
    return list(code), _codes(code, items)
