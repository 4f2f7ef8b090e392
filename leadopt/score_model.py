"""`ScoreModel`: lead scores learned from history, fair to leads that good reps had."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np

from leadopt.affinity import AffinityModel
from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.history.bins import check_bins
from leadopt.learning.history.codes import Segment, distinct
from leadopt.learning.scores import TOGETHER, Scores
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.engines import history_table

_EVERYBODY = "everybody"  # the rep of a history that names none
_NEVER = "\0never seen"  # a level that no table holds: it has no effect


class ScoreModel:
    r"""The chance that a lead converts with a typical rep, learned from past outcomes.

    It is an `AffinityModel` in which the rep is a nuisance: who had a lead explains part of its outcome, so that the
    leads of a good rep do not look good by themselves. With a rep of whom nothing is known,

    .. math:: \operatorname{logit} score_i = base + \sum_c part_c(level_{ci}) + together_i

    where a column's part is what its level alone does to the logit, and `together` is what is left: that some levels
    mean more, or less, in company.

    Parameters
    ----------
    columns
        of leads: source, industry, budget, activity, ...
    bins
        how numeric columns become levels, as of `AffinityModel`
    half_life_days, drift, rep, converted, at, assigned, now
        as of `AffinityModel`. A history without the column `rep` is fine: then nothing is known of who had which lead

    Attributes
    ----------
    model_
        the `AffinityModel`
    n_outcomes_
        settled outcomes that it has learned from
    base_
        chance of a lead of which nothing is known
    columns_
        those in use: a column that names leads is left out
    bins_
        inner edges of the columns that are binned
    notes_
        what was noticed in the history, in words

    Notes
    -----
    Effects are associations: a column that stands for something else is rewarded for it. Probabilities are as
    calibrated as those of the `AffinityModel`; how well that holds on later leads, check on your own history.

    Examples
    --------
    >>> rows = [("web", 20, 100), ("fair", 5, 100)]
    >>> history = [{"source": source, "converted": i < won} for source, won, tried in rows for i in range(tried)]
    >>> scores = ScoreModel(columns=["source"]).fit(history).scored({"lead_id": [1, 2], "source": ["fair", "web"]})
    >>> scores.values.round(2), scores.order
    (array([0.06, 0.19]), array([1, 0]))
    """

    def __init__(
        self,
        *,
        columns: Sequence[str] | str,
        bins: Mapping[str, int | Sequence[float]] | None = None,
        half_life_days: float | str | None = None,
        drift: bool | None = None,
        rep: str = "rep_id",
        converted: str = "converted",
        at: str = "at",
        assigned: str = "assigned_at",
        now: date | datetime | str | None = None,
    ) -> None:
        self.columns = columns
        self.bins = bins
        self.half_life_days = half_life_days
        self.drift = drift
        self.rep = rep
        self.converted = converted
        self.at = at
        self.assigned = assigned
        self.now = now

    def fit(self, history: Any) -> "ScoreModel":
        """Learn from past outcomes, and return the model itself.

        Raises
        ------
        InvalidInput
            no columns, a column is missing, bins are none, or an outcome or date cannot be read
        """
        columns = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
        if not columns:
            raise InvalidInput("ScoreModel.columns: must name a column at least; found none")
        check_bins("ScoreModel.bins", self.bins, columns)
        table = history_table(history, ids=(self.rep,))
        nobody_named = bool(table.columns) and self.rep not in table
        if nobody_named:  # one rep had them all, who is the typical one
            table = table.with_same(self.rep, _EVERYBODY)
        self.model_ = AffinityModel(
            segment_by=columns,
            bins=self.bins,
            half_life_days=self.half_life_days,
            drift=self.drift,
            rep=self.rep,
            converted=self.converted,
            at=self.at,
            assigned=self.assigned,
            now=self.now,
        ).fit(table)
        self.n_outcomes_, self.notes_ = self.model_.n_outcomes_, self.model_.notes_
        self.columns_, self.bins_ = self.model_.segment_by_, self.model_.bins_
        self._typical = _EVERYBODY if nobody_named else _stranger(self.model_.reps_)
        self.base_ = float(self._chance([(_NEVER,) * len(self.columns_)])[0])
        return self

    def score(self, leads: Any) -> Floats:
        """Return the chance that each lead converts with a typical rep, float64 (n_leads,)."""
        segments, row = self._segments(Table(leads, "leads"))
        return self._chance(segments)[row]

    def interval(self, leads: Any, level: float = 0.9) -> Floats:
        """Return the credible interval of each lead's chance, float64 (n_leads, 2); a new rep's own strength counts."""
        segments, row = self._segments(Table(leads, "leads"))
        low, high = self.model_.estimate(segments, [self._typical]).interval(level=level)
        return np.column_stack([low[row, 0], high[row, 0]])

    def scored(self, leads: Any, *, lead_id: str = "lead_id") -> Scores:
        """Return the scores with what each column adds, for explanations, tiers and the order of service.

        Raises
        ------
        InvalidInput
            a column is missing, or an id is missing or there twice
        """
        table = Table(leads, "leads")
        segments, row = self._segments(table)
        chance = self._chance(segments)
        base = _logit(self.base_)
        parts = {column: self._alone(k, segments) - base for k, column in enumerate(self.columns_)}
        if len(parts) > 1:
            parts[TOGETHER] = _logit(chance) - base - sum(parts.values(), np.zeros(len(segments)))
        return Scores(
            lead_ids=tuple(table.ids(lead_id)),
            values=chance[row],
            parts={column: part[row] for column, part in parts.items()},
            levels={column: tuple(segments[k][place] for k in row) for place, column in enumerate(self.columns_)},
            base=base,
            n_outcomes=self.n_outcomes_,
            notes=tuple(self.notes_),
            lead_id=lead_id,
            like=table,
        )

    def _segments(self, table: Table) -> tuple[list[Segment], Ints]:
        """Return the distinct combinations of levels, and which each lead has."""
        if not hasattr(self, "model_"):
            raise InvalidInput("ScoreModel: has learned nothing yet; call fit(history) first")
        segments, row = distinct(self.model_.segments_of(table))
        return segments, row

    def _chance(self, segments: Sequence[Segment]) -> Floats:
        return self.model_.estimate(segments, [self._typical]).probability[:, 0]

    def _alone(self, k: int, segments: Sequence[Segment]) -> Floats:
        """Return the logit of leads of which one column is known, float64 (n_segments,)."""
        levels = {level: place for place, level in enumerate(dict.fromkeys(segment[k] for segment in segments))}
        never = (_NEVER,) * len(self.columns_)
        chance = self._chance([(*never[:k], level, *never[k + 1 :]) for level in levels])
        return np.asarray(_logit(chance)[[levels[segment[k]] for segment in segments]])


def _stranger(reps: Sequence[Id]) -> Id:
    """Return an id that no rep has, of their kind."""
    if not reps or isinstance(reps[0], str):
        return _NEVER
    if isinstance(reps[0], UUID):
        return next(found for found in (UUID(int=k) for k in range(len(reps) + 1)) if found not in reps)
    return max(rep for rep in reps if isinstance(rep, int)) + 1


def _logit(chance: Any) -> Any:
    return np.log(chance) - np.log1p(-chance)
