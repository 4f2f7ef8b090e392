"""What open leads tell about chances: by how long they are open, beside what is settled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.delays.delay_draws import DelayDraws, draw_delays
from leadopt.learning.delays.delays import LOST, WON, Ages, Delays, distinct_codes, learn_delays
from leadopt.learning.effects.waiting import OtherDelays, Waiting
from leadopt.learning.history.codes import CodeBook
from leadopt.learning.history.levels import Levels
from leadopt.learning.history.open_leads import OpenLeads
from leadopt.learning.history.outcomes import OutcomeCounts
from leadopt.tables.cells.coded import Coded, crossed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenLevels:
    """Open leads with the levels of their columns, and settled ones whose delays are known with theirs.

    Parameters
    ----------
    leads
        by group
    weights
        float64 (n_groups,), how much each of them counts
    rep_rows, segments
        of each group of open leads
    settled_segments
        of each group of settled ones
    early_rep_rows, early_segments, early_weights
        of each group of leads that were assigned before history tells of any end
    """

    leads: OpenLeads
    weights: Floats
    rep_rows: Coded
    segments: Coded
    settled_segments: Coded
    early_rep_rows: Coded
    early_segments: Coded
    early_weights: Floats

    @classmethod
    def of(cls, leads: OpenLeads, levels: Levels, kinds: Sequence[str]) -> "OpenLevels | None":
        """Return leads with their levels; None = of no delay anything is known.

        Parameters
        ----------
        leads
            as they were read
        levels
            what levels are
        kinds
            the columns of `leads.settled_keys`
        """
        if not len(leads.count) or not leads.settled_count.sum():
            return None
        settled = dict(zip(kinds, leads.settled_keys, strict=True))
        of_settled = [levels.of_cells("history", name, settled[name]) for name in levels.segment_by]
        rows, segments, weights = levels.of_groups(leads.keys)
        early_rows, early_segments, early_weights = levels.of_groups(leads.early_keys)
        return cls(
            leads=leads,
            weights=weights,
            rep_rows=rows,
            segments=segments,
            settled_segments=crossed(of_settled, len(leads.won)),
            early_rep_rows=early_rows,
            early_segments=early_segments,
            early_weights=early_weights,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenChances:
    """Open leads by the keys of their cells, and how long such leads are open.

    Parameters
    ----------
    keys, early_keys
        int64 (n_groups,), of the cells of open leads, and of those that were assigned before history tells of any end
    ages
        what delays are learned from
    delays, drawn
        what they are, and what else they may be
    levels
        the leads; the rows and segments of groups are in another order than all else
    """

    keys: Ints
    early_keys: Ints
    ages: Ages
    delays: Delays
    drawn: DelayDraws
    levels: OpenLevels

    @classmethod
    def of(cls, code_book: CodeBook, keys: Ints, counts: OutcomeCounts, levels: OpenLevels) -> "OpenChances":
        """Return what settled outcomes, with the keys of their cells, and open leads tell of delays."""
        open_keys, early_keys = (
            code_book.keys_of(rows, segments)
            for rows, segments in (
                (levels.rep_rows, levels.segments),
                (levels.early_rep_rows, levels.early_segments),
            )
        )
        levels, open_keys, early_keys = _in_order(levels, open_keys, early_keys)
        ages = _ages(code_book, keys, counts, open_keys, levels)
        # With the chances that come out, delays learned once more are the same to three digits.
        delays, chances = learn_delays(ages)
        return cls(
            keys=open_keys,
            early_keys=early_keys,
            ages=ages,
            delays=delays,
            drawn=draw_delays(ages, delays, chances),
            levels=levels,
        )

    def waiting(self, cells: Ints, newest: int = 0, half_life: float | None = None) -> Waiting:
        """Return what being open tells about cells.

        Leads that are in history only because they were not settled before it begins count less that: by Bayes' rule
        what is known of them is divided by the chance of being open still when it began.

        Parameters
        ----------
        cells
            their keys, ascending; those of all open leads are among them
        newest, half_life
            proleptic ordinal from which ages are counted back, and the days after which a lead counts half; None = all
            count the same
        """
        leads, n_segments = self.levels.leads, self.ages.n_kinds
        days = np.concatenate([self.ages.open_days, leads.first_day - leads.early_assigned - 1])
        kind = np.concatenate([self.ages.open_kind, self.early_keys % (n_segments + 1)])
        settled = 1.0 - self.delays.never
        # Open leads count for their age, as settled ones do, by the day on which they were assigned.
        fade = np.ones(len(leads.count)) if half_life is None else 0.5 ** ((newest - leads.assigned) / half_life)
        return Waiting(
            cell=np.searchsorted(cells, np.concatenate([self.keys, self.early_keys])),
            count=np.append(leads.count * self.levels.weights * fade, -leads.early_count * self.levels.early_weights),
            if_won=settled * self.delays.still_open(WON, days, kind),
            if_lost=settled * self.delays.still_open(LOST, days, kind),
            never=self.delays.never,
            others=self._others(days, kind),
        )

    def _others(self, days: Ints, kind: Ints) -> OtherDelays:
        (some_days, some_kinds), place = distinct_codes(days, kind)
        won, lost = (
            np.array([(1.0 - one.never) * one.still_open(y, some_days, some_kinds) for one in self.drawn.delays])
            for y in (WON, LOST)
        )
        return OtherDelays(
            if_won=won[:, place],
            if_lost=lost[:, place],
            never=np.array([one.never for one in self.drawn.delays]),
            raised=self.drawn.raised,
        )

    def since(self, by_assignment: bool) -> Ints:
        """Return the day of whose level each group of `waiting` is: when it was assigned, or when it will be settled.

        That is after all that is settled; what was assigned before history began is settled when it begins, at the
        earliest.
        """
        leads = self.levels.leads
        if by_assignment:
            return np.append(leads.assigned, leads.early_assigned)
        return np.append(
            np.full(len(leads.count), leads.last_day + 1), np.full(len(leads.early_count), leads.first_day)
        )


def _in_order(still_open: OpenLevels, keys: Ints, early_keys: Ints) -> tuple[OpenLevels, Ints, Ints]:
    """Return groups of leads in an order that does not depend on that of the history, on which last digits would hang.

    The rows and segments that their keys stand for stay as they were, and are of no further use.
    """
    leads = still_open.leads
    order = np.lexsort((leads.count, still_open.weights, leads.assigned, keys))
    early = np.lexsort((leads.early_count, still_open.early_weights, leads.early_assigned, early_keys))
    ordered = replace(
        leads,
        assigned=leads.assigned[order],
        count=leads.count[order],
        early_assigned=leads.early_assigned[early],
        early_count=leads.early_count[early],
    )
    weights, early_weights = still_open.weights[order], still_open.early_weights[early]
    found = replace(still_open, leads=ordered, weights=weights, early_weights=early_weights)
    return found, keys[order], early_keys[early]


def _ages(code_book: CodeBook, keys: Ints, counts: OutcomeCounts, open_keys: Ints, still_open: OpenLevels) -> Ages:
    """Return what delays are learned from, whatever each lead's weight; leads of one segment share them."""
    leads, n_segments = still_open.leads, len(code_book.segments)
    row, segment = np.divmod(keys, n_segments + 1)
    open_row, open_segment = np.divmod(open_keys, n_segments + 1)
    return Ages(
        kind=code_book.places([], still_open.settled_segments.cells)[1][still_open.settled_segments.code],
        won=leads.won,
        days=leads.days,
        entry=leads.entry,
        count=leads.settled_count,
        open_rep=open_row,
        open_kind=open_segment,
        open_days=leads.age,
        open_entry=np.maximum(leads.first_day - leads.assigned, 0),
        open_count=leads.count,
        settled_rep=row,
        settled_kind=segment,
        settled_won=counts.converted,
        settled_count=counts.count,
        n_reps=len(code_book.rep_rows),
        n_kinds=n_segments,
    )
