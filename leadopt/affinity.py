"""`AffinityModel`: the chance that a rep converts a lead, learned from history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.chances import LearnedChances
from leadopt.learning.delays.delays import Delays
from leadopt.learning.effects.draws import Joint
from leadopt.learning.effects.logistic import sigmoid
from leadopt.learning.estimates import Estimates, Posterior
from leadopt.learning.history.codes import RepRow, Segment, codes_of, distinct, every_pair
from leadopt.learning.history.past import Past, PastColumns, read_past
from leadopt.learning.learn_past import Asked, LearnedPast, columns_of, learn_past
from leadopt.learning.past_assignment import PastAssignment
from leadopt.problem.gains import Affinity
from leadopt.tables import Table, check_same_kind
from leadopt.tables.cells import Id, blanked
from leadopt.tables.engines import history_table
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes
from leadopt.tables.reading.reader import Reading, reading_of


class AffinityModel:
    """Chance that a rep converts a lead of a segment, learned from past outcomes; scarce evidence leans on its kin.

    The logit of the chance is a base plus effects of the rep, of each column's level, of pairs of columns (rep x column
    among them) and of the rep with the very segment, all normal around zero. Each family's variance is learned from the
    data, so that one without signal shrinks to nothing by itself; what is not known of it is averaged over. Whom or
    what history never saw is expected to do what the known ones do, and the interval is as wide as its family may be
    diverse. A missing level is a level of its own.

    Parameters
    ----------
    segment_by
        column or columns of a lead that conversion is estimated by; None = the rep alone
    rep_by
        columns of history that describe the rep at that time: team, tenure, response time. They say what to expect of a
        rep without a record; `affinity` reads a rep's present state from the same columns of the table of reps
    bins
        how columns of numbers or days become levels: a number of bins of equal weight, or inner edges (of days as
        20250108), by column; of durations in hours; 0 = each value is a level, as of codes. Left out, days are binned
        into eight, and so are numbers (text that spells them, too, unless it begins with 0) and durations whose levels
        are too many for their outcomes to tell apart better than bins do (`learning.history.bins.are_codes`); up to 50
        levels with ten outcomes each stay, but not of durations and fractions that describe reps. A note says so
    half_life_days
        age at which an outcome counts half, counted back from the latest one by `at`, or, where open leads count, by
        when they were assigned; None = all count the same; "learn" = the one of `learning.HALF_LIVES` under which the
        first three quarters of the history predict the rest best, None unless by more than luck. What fades is what
        tells reps and segments apart; a level that drifts has a memory of its own
    drift
        whether the level of all chances may drift over time, where history has dates: then it is learned how far it
        wanders and how long it remembers, if that foretells the history's later outcomes better than a level that
        stays. Chances and intervals are of the time when leads that come now settle. False = it stays; True = it is
        learned however long that takes; None = where the days of the history's outcomes by rep and segment are 250,000
        at most, which takes a second or two
    weight
        column of history with how much each outcome counts, from 0 to 1e100; None = 1 each
    count
        column of history with how many past leads each row stands for, all alike, where somebody has aggregated it;
        None = one
    rep, converted, at
        names of the columns of the history; `at`, when an outcome was known, is read for the half-life and the drift,
        and where leads are open still. Outcomes without a rep inform the base and the segments
    assigned
        column of history with the day on which the rep got the lead. With it and `at`, leads without an outcome count
        by how long they are open (`learning.delays`), and half-life and drift are by that day; without, they are left
        out. Where no lead is open, it tells how long leads usually take to settle, and so how far ahead a level that
        drifts is foretold
    now
        the day that it is: no lead may be assigned or, with a half-life, settled later, open leads are as old as they
        are then, and a level that drifts has gone on until then; None = today, with open leads as old as on the last
        day of which history tells, and the level as after the last outcome
    formats, outcomes
        how text is read as dates and numbers, and which words mean won, lost or open, as in a policy; None = as the
        columns tell

    Attributes
    ----------
    reps_, segments_
        ids and tuples of levels that history holds, sorted
    base_
        probability of a rep and a segment that history knows nothing of
    n_outcomes_, n_open_
        settled outcomes, and rows without an outcome yet
    delays_
        how long wins and losses take (`learning.delays.delays.Delays`), where leads are open and count; else None
    strengths_
        standard deviation on the logit of each family of effects, by name: "rep", "product", "rep x product", ...; a
        column of one level has none
    half_life_days_
        the one in use
    bins_
        inner edges of the columns that are binned
    segment_by_, rep_by_
        the columns in use: a column that names leads, with a level of its own for nine outcomes in ten, is left out,
        and so is one that tells the same as an earlier one in all outcomes, of 100 or more
    past_assignment_
        how far what history shows of leads told who got them (`learning.past_assignment.PastAssignment`)
    notes_
        what was noticed in the history, in words

    Notes
    -----
    One group-by in the engine that holds the history, where a lazy frame stays; then time grows with the distinct pairs
    of rep and segment.
    Up to 800 effects their covariance is exact, and beyond where what each rep does with each column can be eliminated
    rep by rep (or column by column) in about a second; else it is estimated from draws, and where draws would take
    seconds effects count as uncorrelated. What a rep does with a column is always learned; where all pairs of columns
    of leads would take too long, those that the data do not tell from chance are left out, and `notes_` says which.
    Effects are associations: leads that were given to reps by merit bias them.

    References
    ----------
    `leadopt.learning.effects` holds the mathematics and its sources.

    Examples
    --------
    >>> rows = [("ann", 30, 40), ("bob", 10, 40), ("cid", 1, 1)]
    >>> history = [{"rep_id": rep, "converted": i < won} for rep, won, tried in rows for i in range(tried)]
    >>> model = AffinityModel().fit(history)
    >>> model.probability([{"rep_id": rep} for rep in ("ann", "bob", "cid", "new")]).round(2)
    array([0.74, 0.27, 0.7 , 0.56])
    """

    def __init__(
        self,
        *,
        segment_by: Sequence[str] | str | None = None,
        rep_by: Sequence[str] | str | None = None,
        bins: Mapping[str, int | Sequence[float]] | None = None,
        half_life_days: float | str | None = None,
        drift: bool | None = None,
        weight: str | None = None,
        count: str | None = None,
        rep: str = "rep_id",
        converted: str = "converted",
        at: str = "at",
        assigned: str = "assigned_at",
        now: date | datetime | str | None = None,
        formats: Formats | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        self.segment_by = segment_by
        self.rep_by = rep_by
        self.bins = bins
        self.half_life_days = half_life_days
        self.drift = drift
        self.weight = weight
        self.count = count
        self.rep = rep
        self.converted = converted
        self.at = at
        self.assigned = assigned
        self.now = now
        self.formats = formats
        self.outcomes = outcomes

    def fit(self, history: Any, reps: Sequence[Id] = ()) -> AffinityModel:
        """Learn from past outcomes, and return the model itself.

        Parameters
        ----------
        history
            table with a row for each past lead
        reps
            ids of reps as they are written elsewhere. Ids of history that differ from one of them in letter case or
            blanks alone are that rep; without, those that differ so from each other are one

        Raises
        ------
        InvalidInput
            a setting is wrong, a column is missing, a rep id, outcome or date cannot be read, or, with a half-life, an
            outcome is later than it is now: all others would look old beside it
        """
        asked = self._asked(reps)
        return self._learn(asked, self._count(history, asked))

    def partial_fit(self, history: Any) -> AffinityModel:
        """Learn from further outcomes, such as those of a day, as if they had been in the history from the start.

        Which leads are open still says the last history that has any. Where this one has none, those that were open
        before are open still, but for as many as it settles of the same rep, columns and day of `assigned`.
        """
        if not hasattr(self, "_past"):
            return self.fit(history)
        asked = self._asked(self._known.asked.reps)
        past = self._count(history, asked, self._past)
        before, more = ([rep for rep in each.counts.keys[0].cells if rep is not None] for each in (self._past, past))
        check_same_kind(f"history.{self.rep}", more, f"the history before, {self.rep},", before)
        return self._learn(asked, self._past.joined(past))

    def _asked(self, reps: Sequence[Id]) -> Asked:
        return Asked.of(
            columns=PastColumns(
                rep=self.rep,
                converted=self.converted,
                at=self.at,
                assigned=self.assigned,
                kinds=columns_of("AffinityModel.segment_by", self.segment_by),
                of_reps=columns_of("AffinityModel.rep_by", self.rep_by),
                weight=self.weight,
            ),
            bins=self.bins,
            half_life_days=self.half_life_days,
            drift=self.drift,
            now=self.now,
            reps=reps,
        )

    def _reading(self) -> Reading | None:
        return reading_of("AffinityModel", self.formats, self.outcomes)

    def _count(self, history: Any, asked: Asked, before: Past | None = None) -> Past:
        table = history_table(history, reading=self._reading(), ids=(self.rep,)).counting(self.count)
        names = asked.columns
        if not table.columns:  # an empty list of dicts cannot name its columns
            table = Table({column: [] for column in (names.rep, *names.keys, names.converted, names.at)}, "history")
        self._like = Table(table.build({names.rep: []}), "history")
        table.expect([names.rep, *names.keys, names.converted])
        for column in names.described:
            if asked.bins.get(column) != 0:
                table = table.measured(column, asked=column in asked.bins)
        noticed: dict[str, None] = (
            {} if isinstance(history, Table) else table.reading.notes
        )  # a table's reader tells it
        self._noticed: dict[str, None] = {**(self._noticed if before else {}), **noticed}
        return read_past(table, names, self.now, fades=bool(self.half_life_days), drift=self.drift, before=before)

    def _learn(self, asked: Asked, past: Past) -> AffinityModel:
        known = learn_past(asked, past)
        self._known, self._past = known, past
        self.n_outcomes_, self.n_open_ = int(past.counts.count.sum()), past.counts.n_open
        self.rep_by_, self.segment_by_ = known.levels.rep_by, known.levels.segment_by
        self.bins_, self.notes_ = dict(known.levels.edges), [*self._noticed, *known.notes]
        self.delays_: Delays | None = self._learned.delays
        self.reps_, self.segments_ = list(known.reps.ids), list(self._learned.code_book.segments)
        self.half_life_days_, names = self._learned.half_life_days, known.levels.names
        self.base_ = float(self._learned.of_strangers([None] * len(names))[0])
        self.strengths_ = {name: deviation for name, deviation, _ in self._learned.spreads(names)}
        return self

    @property
    def past_assignment_(self) -> PastAssignment:
        """How far what history shows of leads told who got them."""
        return self._learned.past_assignment(self.segment_by_)

    def segments_of(self, leads: Any) -> list[Segment]:
        """Return each lead's segment: the levels of the columns of `segment_by`, measurements binned."""
        table = leads if isinstance(leads, Table) else Table(leads, "leads", self._reading())
        return list(self._fitted.levels.of_segments(table))

    def rep_rows_of(self, reps: Any, rep_id: str | None = None, *, unique: bool = True) -> list[RepRow]:
        """Return each rep's id and the levels of `rep_by`: as the table has them, else those of most of its history."""
        table = reps if isinstance(reps, Table) else Table(reps, "reps", self._reading(), ids=(rep_id or self.rep,))
        return self._fitted.rep_rows(table, rep_id or self.rep, unique=unique)

    def state_effects(self, rep_rows: Sequence[RepRow]) -> Floats:
        """Return what each level of `rep_by` alone adds to the logit of a rep in that state, (n_reps, n_columns)."""
        return self._learned.state_effects(rep_rows)

    def estimate(self, segments: Sequence[Segment], reps: Sequence[Id] | Sequence[RepRow]) -> Estimates:
        """Return what is known about every pair of these segments and reps.

        Parameters
        ----------
        segments
            one level for each column of `segment_by`, None where missing; levels never seen are fine
        reps
            ids, or tuples of an id and the levels of `rep_by` (`rep_rows_of`); reps never seen are fine

        Notes
        -----
        Time and memory grow with the product of the two.
        """
        rows, plain = self._fitted.pairs(segments, reps)
        _, known_segment = self._learned.code_book.places(rows, plain)
        known_ids = codes_of({rep: number for number, rep in enumerate(self.reps_)}, [row[0] for row in rows])
        return self._learned.posterior.estimates(
            *self._learned.located(rows, plain, every_pair(len(rows), len(plain))),
            known_rep=known_ids < len(self.reps_),
            known_segment=known_segment < len(self.segments_),
        )

    def draw(
        self,
        segments: Sequence[Segment],
        reps: Sequence[Id] | Sequence[RepRow],
        *,
        n_draws: int = 1,
        rng: int | np.random.Generator = 0,
    ) -> Floats:
        """Return rates drawn from the posterior, all pairs together, float64 (n_draws, n_segments, n_reps).

        What pairs share, such as a rep's effect, they share in every draw: a plan's total varies by far more than
        independent draws of its pairs would have it. Parameters as for `estimate`; `rng` is a seed or a generator.
        """
        rows, plain = self._fitted.pairs(segments, reps)
        cell, codes = self._learned.located(rows, plain, every_pair(len(rows), len(plain)))
        return sigmoid(self._learned.posterior.fitted.draw(codes, cell, n_draws, np.random.default_rng(rng)))

    def joint(self, segments: Sequence[Segment], reps: Sequence[Id] | Sequence[RepRow]) -> Joint:
        """Return what `draw` rests on for these pairs, in arrays that a plan saves. Parameters as for `estimate`."""
        rows, plain = self._fitted.pairs(segments, reps)
        cell, codes = self._learned.located(rows, plain, every_pair(len(rows), len(plain)))
        return self._learned.posterior.fitted.joint(codes, cell)

    def probability(self, rows: Any) -> Floats:
        """Return the chance of conversion of each row's rep with each row's segment, float64 (n_rows,)."""
        return self._by_row(rows, Posterior.probability)

    def interval(self, rows: Any, level: float = 0.9) -> Floats:
        """Return the credible interval of each row's chance of conversion, float64 (n_rows, 2)."""
        return self._by_row(rows, lambda told, cell, codes: np.column_stack(told.interval(cell, codes, level)))

    def open_chances(self, rows: Any) -> Floats:
        """Return the chances that open leads will be won and lost, float64 (n_rows, 2), given how long they are open.

        What is missing to 1 is the chance that nobody ever settles them. Rows have the rep, the columns of
        `segment_by` and the day of `assigned`; ages are counted to the last day of which the history told.

        Raises
        ------
        InvalidInput
            nothing is known of delays (`delays_` is None), or a row has no day
        """
        delays, leads = self._learned.delays, self._past.still_open
        if delays is None or leads is None:
            raise InvalidInput("AffinityModel.open_chances: history has no open leads from which delays are known")
        table = Table(rows, "rows", ids=(self.rep,))
        return self._fitted.open_shares(table, self.assigned, self.probability(table), delays, leads.last_day)

    def _by_row(self, rows: Any, answer: Callable[[Posterior, Ints, list[Ints]], Floats]) -> Floats:
        cell, codes, row = self._fitted.by_row(Table(rows, "rows", self._reading(), ids=(self.rep,)))
        return answer(self._learned.posterior, cell, codes)[row]

    def affinity(self, leads: Any, reps: Any, *, value: str | None = "value", rep_id: str | None = None) -> Affinity:
        """Return the expected gain of every lead with every rep: probability times the lead's value.

        Parameters
        ----------
        leads
            table with the columns of `segment_by`
        reps
            table with the column of rep ids, and perhaps those of `rep_by`
        value
            column of `leads` with what a conversion is worth; each counts 1 without a column "value", or with None
        rep_id
            name of the column of ids in `reps`; None = as in the history

        Returns
        -------
        Affinity
            one row of rates for each distinct segment among the leads
        """
        table = Table(leads, "leads", self._reading())
        segments, row = distinct(self._fitted.levels.of_segments(table))
        worth = value if value is not None and table.holds(value, "value") else None
        scale = np.ones(table.n_rows) if worth is None else table.numbers(worth, low=0.0)
        rows = self.rep_rows_of(reps, rep_id)
        located = self._learned.located(rows, segments, every_pair(len(rows), len(segments)))
        return Affinity(rates=self._learned.posterior.probability(*located), row=row, scale=scale)

    def frame(self) -> Any:
        """Return one row per rep and segment that history holds, as the kind of table that the history was.

        Columns: the rep, those of `rep_by` and `segment_by`, tried, converted, open (where open leads count), raw_rate
        (missing where all are open), estimate, and low and high (90% interval). One of the user's that is called like
        one of these gets a "_" behind its name.
        """
        levels, numbers = self._learned.record()
        named = dict(zip((self.rep, *self.rep_by_, *self.segment_by_), levels, strict=True))
        columns = {f"{name}_" if name in numbers else name: cells for name, cells in named.items()}
        columns |= {name: blanked(values.tolist()) for name, values in numbers.items()}
        return self._like.build(columns, numbers=("raw_rate",))

    def variance_components(self) -> Any:
        """Return one row per family of effects, as the kind of table that the history was.

        Columns: family; deviation, the standard deviation on the logit in use; low and high, its 90% interval if there
        is an effect at all; evidence, the log-likelihood ratio against none; and telling, whether that is more than
        chance alone yields once in twenty families. What is not telling is indistinguishable from 0.
        """
        families = self._learned.spreads(self._fitted.levels.names)
        names, deviations = [name for name, _, _ in families], [deviation for _, deviation, _ in families]
        columns: dict[str, list[Any]] = {"family": names, "deviation": deviations}
        columns |= {name: [getattr(known, name) for *_, known in families] for name in ("low", "high", "evidence")}
        return self._like.build(columns | {"telling": [known.is_telling for *_, known in families]})

    @property
    def _fitted(self) -> LearnedPast:
        if not hasattr(self, "_known"):
            raise InvalidInput("AffinityModel: has learned nothing yet; call fit(history) first")
        return self._known

    @property
    def _learned(self) -> LearnedChances:
        return self._fitted.chances
