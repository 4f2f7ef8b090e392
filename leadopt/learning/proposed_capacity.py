"""`Throughput`: the capacity that history suggests for each rep, with its interval, in words, tables and a picture."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.loads.change_points import ChangePoints
from leadopt.plot import plot_throughput
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# Of a drop: what is said without "probably", what is said at all, and what is not even mentioned as a doubt.
_SURE, _LIKELY, _UNLIKELY = 0.9, 0.5, 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadLevels:
    """One rep's conversion by load, arrays (n_levels,): loads from `low` to `high`, seen and fitted."""

    low: Ints
    high: Ints
    tried: Ints
    won: Ints
    fitted: Floats

    @property
    def arrays(self) -> tuple[Ints | Floats, ...]:
        """What the table of levels shows of it, one array each."""
        return self.low, self.high, self.tried, self.won, self.won / self.tried, self.fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What history suggests for one rep.

    Parameters
    ----------
    rep_id, outcomes
        who, and how many outcomes were judged
    usual, most
        loads: the median, and the highest that ten outcomes reached
    capacity
        how many leads before conversion drops; where no drop is seen nor known from others, `most`
    low, high
        ends of the 90% interval of where the drop begins; None = beyond all that was seen
    drop_chance
        probability that the odds of a deal are lower by a tenth at least at the highest loads that were seen
    words
        the same in a sentence
    """

    rep_id: Id
    outcomes: int
    usual: float
    most: int
    capacity: int
    low: float
    high: float | None
    drop_chance: float
    words: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Throughput(Result):
    """How many leads each rep can follow up before conversion drops, as far as history shows.

    Parameters
    ----------
    rep_ids
        sorted
    points
        what is known of their change points; None without outcomes
    levels_of_reps
        conversion by load
    outcomes, usual, most
        arrays (n_reps,), as of `Proposal`
    window_days
        days that a load is counted over; None = leads open at a time
    rep
        name of the column of ids
    notes
        what was left out or assumed, in words
    like
        the kind of table that results are
    """

    rep_ids: tuple[Id, ...]
    points: ChangePoints | None
    levels_of_reps: tuple[LoadLevels, ...]
    outcomes: Ints
    usual: Floats
    most: Ints
    window_days: int | None
    rep: str
    notes: tuple[str, ...]
    like: Table = field(repr=False)

    @classmethod
    def empty(cls, like: Table, rep: str, notes: tuple[str, ...], window_days: int | None) -> "Throughput":
        """Return what is known without any outcome of a rep."""
        none = np.zeros(0, dtype=np.int64)
        return cls(
            rep_ids=(),
            points=None,
            levels_of_reps=(),
            outcomes=none,
            usual=none.astype(np.float64),
            most=none,
            window_days=window_days,
            rep=rep,
            notes=notes,
            like=like,
        )

    @cached_property
    def proposals(self) -> tuple[Proposal, ...]:
        """What history suggests for each rep."""
        if self.points is None:
            return ()
        low, middle, high = (self.points.quantile(share) for share in (0.05, 0.5, 0.95))
        chance, top = self.points.dropped(self.most.astype(np.float64)), float(self.most.max())
        return tuple(
            self._proposal(k, float(low[k]), float(middle[k]), float(high[k]), float(chance[k]), top)
            for k in range(len(self.rep_ids))
        )

    def _proposal(self, k: int, low: float, middle: float, high: float, chance: float, top: float) -> Proposal:
        most = int(self.most[k])
        known = chance >= _LIKELY or most < middle <= top
        capacity = max(1, int(middle)) if known else most
        end = high if high <= top else None
        return Proposal(
            rep_id=self.rep_ids[k],
            outcomes=int(self.outcomes[k]),
            usual=float(self.usual[k]),
            most=most,
            capacity=capacity,
            low=min(low, float(capacity)),
            high=end,
            drop_chance=chance,
            words=self._words(most, middle, low, end, chance, top),
        )

    def _words(self, most: int, middle: float, low: float, high: float | None, chance: float, top: float) -> str:
        if chance < _LIKELY:
            seen = f"no drop seen up to {self._leads(most)}"
            if most < middle <= top:
                return f"{seen}; by what others show, one is to be expected beyond {int(middle)}"
            return seen if chance < _UNLIKELY else f"{seen}, though one cannot be ruled out (chance {percent(chance)})"
        end = f"to {round(high)}" if high is not None else f"to more than the {round(top)} seen"
        drops = "drops" if chance >= _SURE else "probably drops"
        sure = "" if chance >= _SURE else f", chance {percent(chance)}"
        return f"conversion {drops} beyond {self._leads(int(middle))} (90% interval {round(low)} {end}{sure})"

    def _leads(self, n: int) -> str:
        noun = "lead" if n == 1 else "leads"
        if self.window_days is None:
            return f"{n} {noun} open at a time"
        return f"{n} {noun} in {self.window_days} days" if self.window_days > 1 else f"{n} {noun} a day"

    def frame(self) -> Any:
        """Return one row per rep, of the kind that the history was: it joins with the table of reps.

        Columns: the rep, outcomes, usual_load, most_load, proposed_capacity, low, high, drop_chance, history_shows; see
        `Proposal`.
        """
        found, rep = self.proposals, self._rep_column
        columns: dict[str, list[Any]] = {
            rep: [one.rep_id for one in found],
            "outcomes": [one.outcomes for one in found],
            "usual_load": [one.usual for one in found],
            "most_load": [one.most for one in found],
            "proposed_capacity": [one.capacity for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "drop_chance": [one.drop_chance for one in found],
            "history_shows": [one.words for one in found],
        }
        return self.like.build(columns, numbers=set(columns) - {rep, "history_shows"}, own={rep} & {self.rep})

    @property
    def levels(self) -> Any:
        """One row per rep and level of load: outcomes, converted, raw_rate, and the fitted rate of the same leads."""
        rows = [
            (rep, *row)
            for rep, level in zip(self.rep_ids, self.levels_of_reps, strict=True)
            for row in zip(*(part.tolist() for part in level.arrays), strict=True)
        ]
        names = (self._rep_column, "from_load", "to_load", "outcomes", "converted", "raw_rate", "fitted")
        columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
        return self.like.build(columns, numbers=names[1:], own={names[0]} & {self.rep})

    @property
    def _rep_column(self) -> str:
        """What the reps are called beside the columns of numbers."""
        own = {"outcomes", "usual_load", "most_load", "proposed_capacity", "low", "high", "drop_chance"}
        return "rep_id" if self.rep in own | {"from_load", "to_load", "converted", "raw_rate", "fitted"} else self.rep

    def summary(self) -> str:
        """Return in a sentence whether load matters."""
        if self.points is None:
            return "no settled outcomes of reps with a date, so nothing is known of their throughput"
        seen = [one for one in self.proposals if one.drop_chance >= _LIKELY]
        if not seen:
            return f"no drop of conversion seen up to {self._leads(int(self.most.max()))}"
        usual = self._leads(int(np.median([one.capacity for one in seen])))
        fall = percent(1.0 - float(np.exp(-self.points.slope())))
        return (
            f"conversion drops with load for {len(seen)} of {len(self.rep_ids)} reps, typically beyond {usual}; "
            f"at twice that, the odds of a deal are about {fall} lower"
        )

    def plot(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw each rep's proposed capacity with its interval beside the loads that were seen."""
        return plot_throughput(self.proposals, self._leads(2).partition(" ")[2], ax=ax)

    def _told(self) -> dict[str, Any]:
        return {"window_days": self.window_days, "proposals": self.proposals, "notes": self.notes}

    @property
    def _cells(self) -> Cells:
        rows = [
            [str(one.rep_id), number(one.outcomes, 6), number(one.usual), str(one.most), str(one.capacity), one.words]
            for one in self.proposals
        ]
        return [self.rep, "outcomes", "usual", "most", "proposed", "history shows"], rows

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(tables=[self._cells] if self.rep_ids else [], notes=self.notes)
