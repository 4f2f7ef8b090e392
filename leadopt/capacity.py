"""How much each rep can take now, in leads and in working time; and minimum loads and hours as limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import ROUNDING, Limit
from leadopt.tables import Table
from leadopt.tables.columns import Columns
from leadopt.tables.ids import level_alike
from leadopt.tables.text import count

_MOST = 2.0**53  # floats beyond are no exact whole numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Working time: what each rep has, and what leads take of it.

    Parameters
    ----------
    left
        float64 (n_reps,), hours that a rep can work on these leads
    usual
        float64 (n_reps,), the same at full availability and without open work
    effort
        float64 (n_leads,), hours that each lead takes at the usual pace
    pace
        float64 (n_reps,), by which a rep multiplies them
    alone
        whether the table says nothing else of how much reps can take, so that slots follow from hours
    """

    left: Floats
    usual: Floats
    effort: Floats
    pace: Floats
    alone: bool = False

    @property
    def alike(self) -> bool:
        """Whether every lead takes a rep the same time, so that hours are slots."""
        return bool((self.effort == self.effort[:1]).all())

    @property
    def most(self) -> Ints:
        """How many leads fit at most, the shortest first, int64 (n_reps,)."""
        return self.most_in(self.left)

    def most_in(self, left: Floats) -> Ints:
        """Return the same if each rep had so many hours left, float64 (n_reps,)."""
        spent = np.cumsum(np.sort(self.effort))
        return np.searchsorted(spent, left / self.pace * (1.0 + ROUNDING), side="right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What each rep can take in this batch.

    Parameters
    ----------
    most
        int64 (n_reps,), leads at most, hours counted
    slots
        int64 (n_reps,), the same without hours, where the reps' table says more than these
    least
        int64 (n_reps,), leads at least
    available
        float64 (n_reps,), fraction of the usual capacity that is there; 0 = away
    grown
        float64 (n_reps,), fraction of full capacity that a newcomer's ramp has reached
    weight
        float64 (n_reps,), what "capacity" means where something is divided by it: slots, or hours at the usual pace
        where reps have hours alone; of reps who are away, what it would be were they there
    whole
        float64 (n_reps,), the same as if nobody had open work
    hours
        working time; None where reps have no hours
    notes
        what was assumed, in words
    assumed
        what an even share is in proportion to, float64 (n_reps,), where the reps' table says nothing of capacity:
        `most` is then all leads for whoever is there, and `decision.even_share` asks for the rest; None where it does
    carried
        float64 (n_reps,), the part of a slot that is left for next time; None where capacities are whole
    """

    most: Ints
    slots: Ints
    least: Ints
    available: Floats
    grown: Floats
    weight: Floats
    whole: Floats
    hours: Hours | None
    notes: tuple[str, ...]
    assumed: Floats | None = None
    carried: Floats | None = None

    @property
    def away(self) -> Bools:
        """Who is not there at all, bool (n_reps,)."""
        return np.asarray(self.available <= 0)


def slots(reps: Table, columns: Columns, n_leads: int, leads: Table | None = None, ramp: Floats | None = None) -> Slots:
    r"""Return how many leads each rep can take, and how many hours.

    .. math:: most = \min(\lfloor capacity \cdot available \cdot ramp \rfloor, \max(0, max\_open - open\_leads))

    .. math:: left = \max(0, hours \cdot available \cdot ramp - open\_hours)

    Without `max_open`, a rep's capacity is the ceiling on open work. With neither, and without hours, nobody who is
    there has a ceiling, and `assumed` says what an even share is in proportion to. Where reps have hours, they take no
    more leads than fit in. A minimum counts in proportion to availability and ramp.

    A capacity may be a fraction, such as .45 a day: slots are whole, and what is left of one is `carried` over. With a
    column of what was carried from last time, it counts on top, so that over many batches a rep has slots for what the
    capacity promises, less than one apart. Such a capacity is no ceiling on open work.

    Parameters
    ----------
    leads
        the table with the effort of each lead; None = leads take no time
    ramp
        float64 (n_reps,), fraction of full capacity that each rep has reached; None = all of it

    Raises
    ------
    InvalidInput
        a capacity that is missing or negative; availability outside [0, 1]; open work that is no number;
        hours without effort
    """
    available, unsaid = _available(reps, columns.available)
    grown = np.ones(reps.n_rows) if ramp is None else ramp
    hours, notes = _hours(leads, reps, columns, available, grown)
    usual, left = _usual(reps, columns), _left_over(reps, columns)
    assumed, said, more = None, None, list[str]()
    if usual is not None:
        said, most, weight, whole, more = _leads_at_most(reps, columns, usual, available, grown, hours, left)
    elif hours is not None:
        most, there = hours.most.astype(np.float64), available > 0
        weight = np.where(there, hours.left, hours.usual) / hours.pace
        whole = hours.usual * np.where(there, available, 1.0) / hours.pace
    else:
        assumed = available * grown
        most, weight = np.where(assumed > 0, n_leads, 0), np.where(available > 0, assumed, grown)
        whole = weight
    least = np.zeros(reps.n_rows)
    if columns.min_leads in reps:
        least = np.floor(_whole(reps, columns.min_leads, missing=0.0) * available * grown + 1e-9)
    return Slots(
        most=most.astype(np.int64),
        slots=(most if said is None else said).astype(np.int64),
        least=least.astype(np.int64),
        available=available,
        grown=grown,
        weight=weight,
        whole=whole,
        hours=hours,
        notes=(*unsaid, *notes, *more),
        assumed=assumed,
        carried=None if left is None or usual is None else _after(usual * available * grown, left),
    )


def _usual(reps: Table, columns: Columns) -> Floats | None:
    """Return how many leads each rep usually takes in a batch, or has at most; None where no column says."""
    if columns.capacity in reps:
        return reps.numbers(columns.capacity, low=0, high=_MOST)
    return _whole(reps, columns.max_open) if columns.max_open in reps else None


def _left_over(reps: Table, columns: Columns) -> Floats | None:
    """Return what part of a slot each rep has left from last time; None where capacities are whole and nothing was."""
    if columns.capacity not in reps:
        return None
    if columns.carried in reps:
        return _given(reps, columns.carried, 0.0)
    usual = reps.numbers(columns.capacity, low=0, high=_MOST)
    return None if (usual == np.floor(usual)).all() else np.zeros(reps.n_rows)


def _slots_of(rate: Floats, left: Floats) -> Floats:
    """Return whole slots of a capacity and what was left over; nobody who is away has any."""
    return np.where(rate > 0, np.floor(rate + left + 1e-9), 0.0)


def _after(rate: Floats, left: Floats) -> Floats:
    """Return what part of a slot is left after them."""
    return np.maximum(rate + left - _slots_of(rate, left), 0.0)


def _leads_at_most(
    reps: Table,
    columns: Columns,
    usual: Floats,
    available: Floats,
    ramp: Floats,
    hours: Hours | None,
    left: Floats | None,
) -> tuple[Floats, Floats, Floats, Floats, list[str]]:
    """Return how many leads each rep can take, with and without hours, both kinds of weights, and notes."""
    there, away = available * ramp, available <= 0
    ceiling = _whole(reps, columns.max_open) if columns.max_open in reps else usual
    most, notes = _slots_of(usual * there, np.zeros(reps.n_rows) if left is None else left), []
    if left is not None:
        notes.append(
            f'"{columns.capacity}" is a fraction, or "{columns.carried}" is there: slots are whole, and what is left '
            f'of one is in plan.carried (--carry), to be read as "{columns.carried}" next time'
        )
    if columns.open_leads in reps and left is not None and columns.max_open not in reps:
        notes.append(
            f'"{columns.open_leads}" is not subtracted: such a capacity is so much each time, and no ceiling on open '
            f'work; add a column "{columns.max_open}" for that'
        )
    elif columns.open_leads in reps:
        most = np.minimum(most, np.maximum(ceiling - _whole(reps, columns.open_leads, missing=0.0), 0.0))
        if columns.max_open not in reps:
            notes.append(
                f'"{columns.capacity}" counts open leads too, as there is no column "{columns.max_open}": '
                f'"{columns.open_leads}" was subtracted'
            )
    said = most
    if hours is not None:
        most = np.minimum(most, hours.most)
    full = np.floor(usual * ramp + 1e-9) if left is None else usual * ramp
    weight = np.where(away, full, most if left is None else usual * there)
    return said, most, weight, np.where(away, ceiling * ramp, ceiling * there), notes


def _hours(
    leads: Table | None, reps: Table, columns: Columns, available: Floats, ramp: Floats
) -> tuple[Hours | None, list[str]]:
    """Return the working time, if the tables tell of any, and notes."""
    timed = leads is not None and columns.effort in leads
    if columns.hours not in reps:
        unused = f'"{columns.effort}" is not used, as there is no column "{columns.hours}" in {reps.name}'
        return None, [unused] if timed else []
    if leads is None or (not timed and leads.n_rows):
        raise InvalidInput(
            f'{reps.name}.{columns.hours}: needs a column "{columns.effort}" of leads, the hours that each lead takes; '
            f'add it (1 where every lead takes an hour), or leave "{columns.hours}" out'
        )
    full = reps.numbers(columns.hours, low=0, high=_MOST)
    open_hours = _given(reps, columns.open_hours, 0.0)
    pace = _given(reps, columns.pace, 1.0)
    if slow := np.flatnonzero(pace == 0)[:1].tolist():
        reps.refuse(columns.pace, slow[0], "must be above 0, the hours of a lead as a multiple of the usual", 0.0)
    return Hours(
        left=np.maximum(full * available * ramp - open_hours, 0.0),
        usual=full * ramp,
        effort=leads.numbers(columns.effort, low=0, high=_MOST) if timed else np.zeros(0),
        pace=pace,
        alone=columns.capacity not in reps and columns.max_open not in reps,
    ), []


def hours_limits(hours: Hours | None, names: Sequence[str]) -> list[Limit]:
    """Return one limit for each rep: ``sum of effort_i pace_j over the leads of j <= left_j``.

    All share one usage; where every lead takes a rep the same time, it is a number. None where no lead takes any.
    """
    if hours is None or not hours.effort.any():
        return []
    usage = Affinity(rates=hours.pace[None], row=np.zeros(len(hours.effort), dtype=np.int64), scale=hours.effort)
    return [
        Limit(
            reps=np.array([rep]),
            usage=float(hours.effort[0] * hours.pace[rep]) if hours.alike else usage,
            upper=left,
            name=f"hours of {names[rep]}",
            kind=LimitKind.HOURS,
            of=rep,
        )
        for rep, left in enumerate(hours.left.tolist())
    ]


def placeable_in_time(hours: Hours | None) -> float:
    """Return how many leads fit into all hours together, if the shortest were shared out without a break."""
    if hours is None:
        return float("inf")
    total = np.array([(hours.left / hours.pace).sum()])
    return float(Hours(left=total, usual=total, effort=hours.effort, pace=np.ones(1)).most[0])


def minimum_limits(least: Ints, names: Sequence[str]) -> list[Limit]:
    """Return one limit for each rep with a minimum: ``least[j] <= leads of rep j``."""
    return [
        Limit(reps=[rep], lower=int(least[rep]), name=f"minimum of {names[rep]}", kind=LimitKind.MINIMUM, of=rep)
        for rep in np.flatnonzero(least > 0).tolist()
    ]


def _available(reps: Table, column: str) -> tuple[Floats, list[str]]:
    """Return how much of each rep is there, and a note where cells of such a column are blank."""
    if column not in reps:
        return np.ones(reps.n_rows), []
    blank = [row for row, level in enumerate(reps.levels(column)) if level_alike(level) is None]
    if not blank:
        return reps.fractions(column), []
    who = f"{count(len(blank), 'rep')} ({reps.row_name(blank[0])}{', ...' if len(blank) > 1 else ''})"
    return reps.fractions(column), [blank_note(column, who)]


def blank_note(column: str, who: str) -> str:
    """Return what is said of blank cells in a column of who is there."""
    return f'"{column}" is blank for {who}: who has no word there counts as there'


def _whole(table: Table, column: str, missing: float | None = None) -> Floats:
    return table.numbers(column, low=0, high=_MOST, whole=True, missing=missing)


def _given(table: Table, column: str, usual: float) -> Floats:
    """Return a column of numbers, 0 or more, or the usual one where there is none."""
    return table.numbers(column, low=0, high=_MOST, missing=usual) if column in table else np.full(table.n_rows, usual)
