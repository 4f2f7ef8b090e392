"""`Scores`: what leads score, why, and in which order they are served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.columns import Columns
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import (
    NEGLIGIBLE,
    count,
    number,
    odds,
    percent,
)

TOGETHER = "together"  # the part that belongs to no single column
_SHOWN = 10


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Scores(Result):
    r"""Scores of leads, in the order of their table, and what they are made of.

    The parts of a lead add up to its score where they are points, and to its logit where they are learned:

    .. math:: score_i = \sum_c part_{ci} \quad\text{or}\quad \operatorname{logit} score_i = base + \sum_c part_{ci}

    Parameters
    ----------
    lead_ids
        in the order of the leads
    values
        float64 (n_leads,): shares of the points that can be had, or chances of conversion
    parts
        what each column adds to each lead, float64 (n_leads,) each
    levels
        what each lead has in these columns
    most
        the points that each column can give; None = the parts are learned
    base
        the logit of a lead of which nothing is known
    n_outcomes
        settled outcomes that the scores are learned from
    notes
        what was noticed in them, in words
    """

    lead_ids: tuple[Id, ...]
    values: Floats
    parts: Mapping[str, Floats]
    levels: Mapping[str, Sequence[str | None]]
    most: Mapping[str, float] | None = None
    base: float = 0.0
    n_outcomes: int = 0
    notes: tuple[str, ...] = ()
    lead_id: str = "lead_id"
    like: Table = field(repr=False)

    @cached_property
    def order(self) -> Ints:
        """The order of service: indices of the leads, the best first, equal ones by id."""
        by_id = sorted(range(len(self.lead_ids)), key=lambda i: (type(self.lead_ids[i]).__name__, self.lead_ids[i]))
        return np.array(sorted(by_id, key=lambda i: -self.values[i]), dtype=np.int64)

    @cached_property
    def rank(self) -> Ints:
        """When each lead is served, from 1, int64 (n_leads,)."""
        rank = np.empty(len(self.order), dtype=np.int64)
        rank[self.order] = np.arange(1, len(self.order) + 1)
        return rank

    def frame(self) -> Any:
        """Return one row per lead in the order of service: id, rank, score, and what each column adds.

        The same kind of table as the leads were. Columns: `lead_id`, rank, score, and "adds " with each column's name:
        points, or on the logit.
        """
        order, lead_id = self.order, Columns(lead_id=self.lead_id).written[0]
        parts = {f"adds {column}": part[order].tolist() for column, part in self.parts.items()}
        ids = [self.lead_ids[i] for i in order.tolist()]
        scores = {"rank": self.rank[order].tolist(), "score": self.values[order].tolist()}
        return self.like.build(
            {lead_id: ids, **scores, **parts}, numbers=("rank", "score", *parts), own={lead_id} & {self.lead_id}
        )

    def explain(self, lead_id: Id | str) -> ScoreExplanation:
        """Return which column adds how much to a lead's score.

        Raises
        ------
        InvalidInput
            there is no such lead; names the nearest id
        """
        place = {str(known): i for i, known in enumerate(self.lead_ids)}
        if str(lead_id) not in place:
            raise InvalidInput(f"lead {lead_id!r} has no score{did_you_mean(str(lead_id), place)}")
        lead = place[str(lead_id)]
        return ScoreExplanation(
            lead_id=self.lead_ids[lead],
            score=float(self.values[lead]),
            rank=int(self.rank[lead]),
            n_leads=len(self.lead_ids),
            parts=tuple(
                Part(
                    column=column,
                    level=self.levels[column][lead] if column in self.levels else None,
                    adds=float(part[lead]),
                    most=None if self.most is None else self.most[column],
                )
                for column, part in self.parts.items()
            ),
            base=float(1.0 / (1.0 + np.exp(-self.base))),
            n_outcomes=self.n_outcomes,
        )

    def summary(self) -> str:
        """Return the scores in one sentence."""
        n, middle = count(len(self.lead_ids), "lead"), float(np.median(self.values)) if len(self.values) else 0.0
        if self.most is not None:
            return f"{n} scored by {', '.join(self.parts)}; median {number(middle)} of 1"
        names = ", ".join(column for column in self.parts if column != TOGETHER) or "nothing"
        learned = f"learned from {count(self.n_outcomes, 'outcome')}; median chance {percent(middle, 1)}"
        return "; ".join([f"{n} scored by {names}, {learned}", *self.notes])

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        if not page:
            return Parts()
        rows = []
        for i in self.order[:_SHOWN].tolist():
            told = self.explain(self.lead_ids[i])
            rows.append([str(self.rank[i]), str(told.lead_id), number(told.score), " ".join(told.lines[1:])])
        rest = len(self.lead_ids) - len(rows)
        more = [f"{count(rest, 'more lead')} in .frame()"] if rest > 0 else []
        return Parts(tables=[(["rank", "lead", "score", "why"], rows)], notes=more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a column adds to a lead's score.

    Parameters
    ----------
    column, level
        the column, and what the lead has in it; None = missing
    adds
        points, or on the logit
    most
        the points that the column can give; None = learned
    """

    column: str
    level: str | None
    adds: float
    most: float | None

    @property
    def words(self) -> str:
        """What the column adds, in words."""
        level = "missing" if self.level is None else self.level
        what = "the combination" if self.column == TOGETHER else f"{self.column}={level}"
        if self.most is not None:
            return f"{what}: {number(self.adds)} of {number(self.most)}"
        return f"{what} {odds(self.adds)}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScoreExplanation(Result):
    """Why a lead has its score.

    Parameters
    ----------
    lead_id, score, rank, n_leads
        the lead, its score, and its place among all
    parts
        what each column adds
    base
        chance of a lead of which nothing is known, where the score is learned
    n_outcomes
        settled outcomes that it is learned from
    """

    lead_id: Id
    score: float
    rank: int
    n_leads: int
    parts: tuple[Part, ...]
    base: float
    n_outcomes: int

    @property
    def lines(self) -> list[str]:
        """The explanation in sentences, the parts that matter most first."""
        learned = all(part.most is None for part in self.parts)
        place = f"rank {self.rank:,} of {self.n_leads:,}"
        told = [part for part in self.parts if not learned or part.column != TOGETHER or abs(part.adds) > NEGLIGIBLE]
        parts = [f"{part.words}." for part in sorted(told, key=lambda part: -abs(part.adds))]
        if not learned:
            return [f"{self.lead_id}: score {number(self.score)} of 1, {place}.", *parts]
        first = f"{self.lead_id}: {percent(self.score, 1)} chance with a typical rep, {place}"
        return [f"{first}; a lead of which nothing is known has {percent(self.base, 1)}.", *parts]

    def summary(self) -> str:
        """Return score and rank in one sentence."""
        return self.lines[0]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(lines=self.lines[1:])
