"""All that is read of a history for chances: outcomes, their days as far as they are needed, and open leads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from leadopt.errors import InvalidInput
from leadopt.learning.history.open_leads import OpenLeads, joined_open, read_open_leads
from leadopt.learning.history.outcomes import OutcomeCounts, count_outcomes, joined
from leadopt.learning.history.settling import Settling, read_settling
from leadopt.tables import Table
from leadopt.tables.dates import check_later, latest_day

MOST_DATED = 250_000
"""Groups of outcomes of one day, rep and segment up to which a drift is looked for unasked: a million take six
seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastColumns:
    """Names of the columns that are read.

    Parameters
    ----------
    rep, converted, at, assigned
        of the rep, the outcome, the day when it was known, and the one when the rep got the lead
    kinds, of_reps
        that describe the lead, and the rep at that time
    weight
        how much an outcome counts; None = there is none
    """

    rep: str
    converted: str
    at: str
    assigned: str
    kinds: Sequence[str]
    of_reps: Sequence[str] = ()
    weight: str | None = None

    @property
    def described(self) -> tuple[str, ...]:
        """Those of reps and of leads from which their chances are learned."""
        return (*self.of_reps, *self.kinds)

    @property
    def keys(self) -> list[str]:
        """All by which outcomes are counted beside the rep."""
        return [*self.described, *([] if self.weight is None else [self.weight])]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What was read.

    Parameters
    ----------
    counts
        outcomes by group
    still_open
        open leads; None = there are none, or nothing tells how long they are open
    by_assignment
        whether the days of outcomes are those on which their leads were assigned, in place of those when they settled
    settling
        how long settled leads took; None = that is not known, or does not matter
    undated
        why the level of conversion is taken to stay, in words; None = it is not
    """

    counts: OutcomeCounts
    still_open: OpenLeads | None
    by_assignment: bool = False
    settling: Settling | None = None
    undated: str | None = None

    def joined(self, later: "Past") -> "Past":
        """Return what this and a later history tell together: which leads are open says the last one that has any."""
        still_open = joined_open(self.still_open, later.still_open, settles=bool(len(later.counts.count)))
        n_open = later.counts.n_open
        if not n_open:
            before, after = (0 if each is None else int(each.count.sum()) for each in (self.still_open, still_open))
            n_open = self.counts.n_open - (before - after)
        return replace(
            self,
            counts=replace(joined(self.counts, later.counts), n_open=n_open),
            still_open=still_open,
            settling=later.settling or self.settling,
            undated=self.undated or later.undated,
        )

    def horizon_days(self, now: date | datetime | str | None) -> float:
        """Return the days from the last outcome until leads that come now settle; None = now is when that was."""
        day = self.counts.day
        delay = 0.0 if self.by_assignment or self.settling is None else self.settling.usual_days
        if day is None or not len(day):
            return delay
        newest = int(day.max()) if self.counts.latest is None else self.counts.latest
        days = [newest if now is None else latest_day(now).toordinal()]
        if self.by_assignment:  # of the newest leads perhaps none is settled
            days += [told.last_day for told in (self.still_open, self.settling) if told is not None]
        return delay + float(max(days) - newest)


def read_past(
    history: Table,
    columns: PastColumns,
    now: date | datetime | str | None,
    *,
    fades: bool,
    drift: bool | None,
    before: Past | None = None,
) -> Past:
    """Return what a history tells.

    Parameters
    ----------
    history
        table with a row for each past lead
    columns
        what to read
    now
        the day that it is; None = today
    fades
        whether outcomes count by their age, so that all need a day that has come
    drift
        whether to read their days to look for a level that drifts; None = where they are no more than `MOST_DATED`
    before
        a history that this one follows: its open leads may be settled here

    Raises
    ------
    InvalidInput
        a column is missing, or an id, an outcome or a date that counts cannot be read or has not come yet
    """
    names = columns.rep, columns.keys, columns.converted
    latest_day(now)  # refused if it is no day, whether it is asked for or not
    if fades:
        counts, undated = _dated(history, columns, now), None
        if drift is None:
            undated = _too_many(len(counts.count))
    else:
        counts, undated = _counted(history, columns, now, drift)
    leads = read_open_leads(
        history,
        columns.rep,
        columns.keys,
        columns.kinds,
        columns.converted,
        columns.assigned,
        columns.at,
        now,
        n_open=counts.n_open,
        before=None if before is None else before.still_open,
    )
    wanders = counts.day is not None and drift is not False and undated is None
    settling = read_settling(history, columns.converted, columns.assigned, columns.at) if wanders else None
    # By the day of their end, leads that were assigned together would count differently for how they end: where losses
    # take longer, a history that begins looks good, and one whose last leads are waited for bad. By the day on which
    # they were assigned, the newest ones would, unless it is known which are open, or all are settled.
    all_known = settling is not None and settling.is_complete if leads is None else leads.dates_all
    by_assignment = counts.day is not None and all_known
    if by_assignment:
        counts = count_outcomes(history, *names, columns.assigned)
    return Past(counts=counts, still_open=leads, by_assignment=by_assignment, settling=settling, undated=undated)


def _dated(history: Table, columns: PastColumns, now: date | datetime | str | None) -> OutcomeCounts:
    """Return outcomes with their days, none of which may be later than now."""
    counts = count_outcomes(history, columns.rep, columns.keys, columns.converted, columns.at)
    if counts.latest is not None and counts.latest > latest_day(now).toordinal():
        check_later(history, columns.converted, columns.at, now)
    return counts


def _counted(
    history: Table, columns: PastColumns, now: date | datetime | str | None, drift: bool | None
) -> tuple[OutcomeCounts, str | None]:
    """Return outcomes, with their days where those may show a drift, and what is said if they do not."""
    counted = partial(count_outcomes, history, columns.rep, columns.keys, columns.converted)
    if drift is False or columns.at not in history:
        return counted(), None
    if drift is None and history.n_rows > MOST_DATED:
        counts = counted()
        if undated := _too_many(min(history.n_rows, len(counts.count) * history.n_levels(columns.at))):
            return counts, undated
    try:
        return _dated(history, columns, now), None
    except InvalidInput as error:  # what else may be wrong is refused as it is counted without days
        return counted(), f"the level of conversion is taken to stay, as it was: {error}"


def _too_many(n_groups: int) -> str | None:
    """Return what is said where groups of outcomes are too many to look for a drift unasked."""
    if n_groups <= MOST_DATED:
        return None
    return (
        f"{n_groups:,} outcomes or more, by day, rep and segment, are too many to look for a level of conversion that "
        "drifts, which is taken to stay: AffinityModel(drift=True) looks for it"
    )
