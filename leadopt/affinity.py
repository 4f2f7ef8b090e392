"""`AffinityModel`: the chance that a rep converts a lead, learned from history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from math import comb
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.chances import Horizon, learn_chances
from leadopt.learning.delays import Delays, open_notes
from leadopt.learning.effects.draws import Joint
from leadopt.learning.effects.logistic import sigmoid
from leadopt.learning.estimates import Estimates, Posterior
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import Results, check_bins, spelled
from leadopt.learning.history.checks import check_segments, class_note, pairs_note
from leadopt.learning.history.codes import RepRow, Segment, codes_of, distinct, every_pair, tuples
from leadopt.learning.history.levels import Levels, weights_of
from leadopt.learning.history.past import Past, PastColumns, read_past
from leadopt.learning.history.repeats import of_one_day
from leadopt.learning.open_chances import OpenLevels
from leadopt.learning.past_assignment import PastAssignment, past_assignment
from leadopt.problem.gains import Affinity
from leadopt.tables import Table, check_same_kind
from leadopt.tables.cells import Id, as_level, blanked, is_number
from leadopt.tables.engines import history_table
from leadopt.tables.ids import IdBook, alike, respelled, spellings_note
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
        20250108), by column; of durations in hours. Left out, days are binned into eight, and so are numbers and
        durations whose levels are too many for their outcomes, unless these tell the levels apart better than bins, as
        those of codes do (`learning.history.bins.are_codes`); up to 50 levels with ten outcomes each stay. A note says
        so; codes that are text, whole numbers too, stay levels in any case
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
        how long wins and losses take (`learning.delays.Delays`), where leads are open and count; else None
    strengths_
        standard deviation on the logit of each family of effects, by name: "rep", "product", "rep x product", ...
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
    array([0.74, 0.27, 0.71, 0.57])
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
        self._asked_of_leads = _columns("segment_by", self.segment_by)
        self._asked_of_reps = _columns("rep_by", self.rep_by)
        if twice := set(self._asked_of_reps) & {self.rep, *self._asked_of_leads}:
            raise InvalidInput(
                f"AffinityModel.rep_by: {sorted(twice)[0]!r} is the id, or describes the lead; leave it out"
            )
        check_segments(self._asked_of_leads, self.rep, self.converted)
        self._asked_bins = check_bins("AffinityModel.bins", self.bins, (*self._asked_of_reps, *self._asked_of_leads))
        _check_half_life(self.half_life_days)
        _check_drift(self.drift)
        self._written = tuple(reps)
        return self._learn(self._count(history))

    def partial_fit(self, history: Any) -> AffinityModel:
        """Learn from further outcomes, such as those of a day, as if they had been in the history from the start.

        Which leads are open still says the last history that has any. Where this one has none, those that were open
        before are open still, but for as many as it settles of the same rep, columns and day of `assigned`.
        """
        if not hasattr(self, "_past"):
            return self.fit(history)
        past = self._count(history, self._past)
        before, more = ([rep for rep in each.counts.keys[0] if rep is not None] for each in (self._past, past))
        check_same_kind(f"history.{self.rep}", more, f"the history before, {self.rep},", before)
        return self._learn(self._past.joined(past))

    def _reading(self) -> Reading | None:
        return reading_of("AffinityModel", self.formats, self.outcomes)

    def _count(self, history: Any, before: Past | None = None) -> Past:
        table = history_table(history, reading=self._reading(), ids=(self.rep,)).counting(self.count)
        columns = [*self._asked_of_reps, *self._asked_of_leads, *([self.weight] if self.weight else [])]
        if not table.columns:  # an empty list of dicts cannot name its columns
            table = Table({column: [] for column in (self.rep, *columns, self.converted, self.at)}, "history")
        self._like = Table(table.build({self.rep: []}), "history")
        table.expect([self.rep, *columns, self.converted])
        for column in (*self._asked_of_reps, *self._asked_of_leads):
            table = table.measured(column, asked=column in self._asked_bins)
        names = PastColumns(
            rep=self.rep,
            converted=self.converted,
            at=self.at,
            assigned=self.assigned,
            kinds=self._asked_of_leads,
            others=(self._asked_of_reps, [self.weight] if self.weight else []),
        )
        return read_past(table, names, self.now, fades=bool(self.half_life_days), drift=self.drift, before=before)

    def _learn(self, past: Past) -> AffinityModel:
        self._past, counts, still_open = past, past.counts, past.still_open
        self.n_outcomes_, self.n_open_ = int(counts.count.sum()), counts.n_open
        weights = weights_of(self.weight, counts.keys)
        of_open = [] if still_open is None else [*still_open.keys[0], *still_open.early_keys[0]]
        other = respelled([*counts.keys[0], *of_open], [*counts.count, *[0] * len(of_open)], self._written)
        counts = replace(counts, keys=([other.get(rep, rep) for rep in counts.keys[0]], *counts.keys[1:]))
        asked = (*self._asked_of_reps, *self._asked_of_leads)
        cells = dict(zip(asked, counts.keys[1 : 1 + len(asked)], strict=True))
        results = Results.of_won(counts.converted, counts.count)
        held = counts.count * weights
        bins, beside = self._asked_bins, self._asked_of_reps
        read = read_attributes("history", cells, counts.count, results, weights=held, bins=bins, of_reps=beside)
        self.rep_by_, self.segment_by_ = (
            tuple(name for name in some if name in read.levels) for some in (self._asked_of_reps, self._asked_of_leads)
        )
        said = class_note(counts.converted, counts.count)
        named = spellings_note("reps of history", other)
        self.bins_, self.notes_ = read.edges, [*([said] if said else []), *named, *read.notes]
        self._levels = Levels(
            asked=asked,
            rep_by=self.rep_by_,
            segment_by=self.segment_by_,
            weight=self.weight,
            edges=read.edges,
            spellings=read.spellings,
            numbers=read.numbers,
            reps=other,
        )
        of_reps, of_leads = ([read.levels[name] for name in some] for some in (self.rep_by_, self.segment_by_))
        open_levels = None if still_open is None else OpenLevels.of(still_open, self._levels, self._asked_of_leads)
        if counts.day is not None and counts.exact and not past.by_assignment and len(counts.count):
            # By the day on which they end, outcomes of one rep and segment that are one event share all they have.
            levels = [read.levels[name] for name in self.segment_by_]
            found, weight = of_one_day(counts.keys[0], levels, counts.day, counts.count, counts.converted)
            weights = weights * weight
            self.notes_ += [told] if (told := found.note("their rep, segment and day")) else []
        horizon = None
        if self.drift is not False and past.undated is None:
            horizon = Horizon(days=past.horizon_days(self.now), by_assignment=past.by_assignment)
        self._learned = learn_chances(counts, weights, of_reps, of_leads, self.half_life_days, open_levels, horizon)
        self.delays_: Delays | None = self._learned.delays
        self.notes_ += open_notes(self.n_open_, still_open, self.delays_, self.assigned, self.at)
        n_pairs = comb(len(self.segment_by_), 2)
        self.notes_ += pairs_note(self._names, self._learned.posterior.fitted.left_out, n_pairs)
        self.notes_ += [past.undated] if past.undated else []
        if self._learned.drift is not None:
            known = past.by_assignment or past.settling is not None
            self.notes_ += self._learned.drift.notes(self.assigned if known else None, past.by_assignment)
        self.reps_ = [rep for rep in self._learned.code_book.reps if rep is not None]
        self._rep_book = IdBook(self.reps_)
        self.segments_ = list(self._learned.code_book.segments)
        self.half_life_days_ = self._learned.half_life_days
        self.base_ = float(self._learned.of_strangers([None] * (1 + len(read.levels)))[0])
        self.strengths_ = {name: deviation for name, deviation, _ in self._learned.spreads(self._names)}
        return self

    @property
    def past_assignment_(self) -> PastAssignment:
        """How far what history shows of leads told who got them."""
        self._check_fitted()
        book, tally = self._learned.code_book, self._learned.posterior.tally
        rep, *others = book.codes_of_keys(tally.keys)
        nobody = np.array([one is None for one in book.reps], dtype=bool)
        levels = zip(self.segment_by_, others[book.n_rep_columns - 1 :], strict=True)
        tried, won = (each[:-1].astype(np.float64) for each in (tally.tried, tally.converted))
        return past_assignment(np.where(nobody[rep], -1, rep), tuple(levels), tried, won)

    @property
    def _names(self) -> tuple[str, ...]:
        return ("rep", *self.rep_by_, *self.segment_by_)

    def _same_rep(self, rep: Id) -> Id:
        """Return the id of history that is a rep's, however it is written; one that history lacks as it is."""
        place = self._rep_book.place(rep)
        return rep if place is None else self.reps_[place]

    def segments_of(self, leads: Any) -> list[Segment]:
        """Return each lead's segment: the levels of the columns of `segment_by`, measurements binned."""
        self._check_fitted()
        table = leads if isinstance(leads, Table) else Table(leads, "leads", self._reading())
        return self._levels.of_segments(table)

    def rep_rows_of(self, reps: Any, rep_id: str | None = None, *, unique: bool = True) -> list[RepRow]:
        """Return each rep's id and the levels of `rep_by`: as the table has them, else those of most of its history."""
        self._check_fitted()
        table = reps if isinstance(reps, Table) else Table(reps, "reps", self._reading(), ids=(rep_id or self.rep,))
        column = rep_id or self.rep
        ids = table.ids(column, unique=unique)
        self._check_reps(f"{table.name}.{column}", ids)
        several = {text for text, n in Counter(alike(str(rep)) for rep in set(ids)).items() if n > 1}
        ids = [rep if alike(str(rep)) in several else self._same_rep(rep) for rep in ids]
        usual = [self._learned.usual_row(rep) for rep in ids]
        levels = [
            self._levels.of_table(table, name) if name in table else [row[place] for row in usual]
            for place, name in enumerate(self.rep_by_, 1)
        ]
        return list(zip(ids, *levels, strict=True))

    def state_effects(self, rep_rows: Sequence[RepRow]) -> Floats:
        """Return what each level of `rep_by` alone adds to the logit of a rep in that state, (n_reps, n_columns)."""
        self._check_fitted()
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
        rows, plain = self._asked(segments, reps)
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
        rows, plain = self._asked(segments, reps)
        cell, codes = self._learned.located(rows, plain, every_pair(len(rows), len(plain)))
        return sigmoid(self._learned.posterior.fitted.draw(codes, cell, n_draws, np.random.default_rng(rng)))

    def joint(self, segments: Sequence[Segment], reps: Sequence[Id] | Sequence[RepRow]) -> Joint:
        """Return what `draw` rests on for these pairs, in arrays that a plan saves. Parameters as for `estimate`."""
        rows, plain = self._asked(segments, reps)
        cell, codes = self._learned.located(rows, plain, every_pair(len(rows), len(plain)))
        return self._learned.posterior.fitted.joint(codes, cell)

    def _asked(self, segments: Sequence[Segment], reps: Sequence[Any]) -> tuple[list[RepRow], list[Segment]]:
        self._check_fitted()
        rows = [rep if isinstance(rep, tuple) else self._learned.usual_row(self._same_rep(rep)) for rep in reps]
        self._check_reps("reps", [row[0] for row in rows])
        return rows, self._plain_segments(segments)

    def probability(self, rows: Any) -> Floats:
        """Return the chance of conversion of each row's rep with each row's segment, float64 (n_rows,)."""
        return self._by_row(rows, self._posterior_of().probability)

    def interval(self, rows: Any, level: float = 0.9) -> Floats:
        """Return the credible interval of each row's chance of conversion, float64 (n_rows, 2)."""
        posterior = self._posterior_of()
        return self._by_row(rows, lambda cell, codes: np.column_stack(posterior.interval(cell, codes, level)))

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
        days = table.days(self.assigned)
        if None in days:
            table.refuse(self.assigned, days.index(None), "must be a date like 2026-01-31", None)
        age = np.maximum(leads.last_day - np.array(days, dtype=np.int64), 0)
        places = {segment: number for number, segment in enumerate(self._learned.code_book.segments)}
        kind = codes_of(places, self.segments_of(table))
        return np.column_stack(delays.shares(self.probability(table), age, kind))

    def _by_row(self, rows: Any, answer: Callable[[Ints, list[Ints]], Floats]) -> Floats:
        table = Table(rows, "rows", self._reading(), ids=(self.rep,))
        rep_rows, rep = distinct(self.rep_rows_of(table, unique=False))
        segments, segment = distinct(self.segments_of(table))
        # A history repeats its pairs: each is looked up once.
        pairs, row = distinct(list(zip(rep.tolist(), segment.tolist(), strict=True)))
        pointers = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
        return answer(*self._learned.located(rep_rows, segments, (pointers[:, 0], pointers[:, 1])))[row]

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
        self._check_fitted()
        table = Table(leads, "leads", self._reading())
        segments, row = distinct(self.segments_of(table))
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
        self._check_fitted()
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
        self._check_fitted()
        families = self._learned.spreads(self._names)
        columns: dict[str, list[Any]] = {"family": [name for name, _, _ in families]}
        columns["deviation"] = [deviation for _, deviation, _ in families]
        columns |= {name: [getattr(known, name) for *_, known in families] for name in ("low", "high", "evidence")}
        return self._like.build(columns | {"telling": [known.is_telling for *_, known in families]})

    def _plain_segments(self, segments: Sequence[Segment]) -> list[Segment]:
        for number, segment in enumerate(segments):
            if not isinstance(segment, tuple) or len(segment) != len(self.segment_by_):
                raise InvalidInput(
                    f"segments, entry {number + 1}: must be a tuple with one level for each of "
                    f"{list(self.segment_by_)}; found {segment!r}"
                )
        known = [self._levels.spellings.get(column, {}) for column in self.segment_by_]
        leveled = [spelled(column, known[k]) for k, column in enumerate(_columns_of(segments, len(known)))]
        return tuples(leveled, len(segments))

    def _posterior_of(self) -> Posterior:
        self._check_fitted()
        return self._learned.posterior

    def _check_fitted(self) -> None:
        if not hasattr(self, "_learned"):
            raise InvalidInput("AffinityModel: has learned nothing yet; call fit(history) first")

    def _check_reps(self, name: str, reps: Sequence[Any]) -> None:
        # Sorted by type: where the first and the last are alike, all are.
        if self.reps_ and type(self.reps_[0]) is type(self.reps_[-1]):
            check_same_kind(name, reps, f"history.{self.rep}", self.reps_)


def _columns_of(segments: Sequence[Segment], n_columns: int) -> list[list[str | None]]:
    """Return the levels of each column of segments."""
    return [[as_level(segment[k]) for segment in segments] for k in range(n_columns)]


def _columns(setting: str, given: Sequence[str] | str | None) -> tuple[str, ...]:
    columns = (given,) if isinstance(given, str) else tuple(given or ())
    if not all(isinstance(column, str) for column in columns) or len(set(columns)) < len(columns):
        raise InvalidInput(f"AffinityModel.{setting}: must be distinct names of columns; found {given!r}")
    return columns


def _check_half_life(days: float | str | None) -> None:
    if days in (None, "learn") or (is_number(days) and 0.0 < float(days) < np.inf):
        return
    raise InvalidInput(
        f'AffinityModel.half_life_days: must be a positive number of days, "learn" or None; found {days!r}'
    )


def _check_drift(drift: object) -> None:
    if drift is not None and not isinstance(drift, bool | np.bool_):
        raise InvalidInput(f"AffinityModel.drift: must be True, False or None; found {drift!r}")
