"""What a simulation found: measures by policy and season, the table before and after, as tables, picture and JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.evaluate.seasons.stream import Floor
from leadopt.plot import plot_seasons
from leadopt.tables import Table
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MEASURES = {
    "conversion": "leads won",
    "value": "value won a lead",
    "response_days": "days until a lead is answered",
    "utilisation": "load by what reps can follow up",
    "overloaded": "reps with more than that",
    "load_gini": "spread of load (Gini)",
    "newcomer_share": "leads that newcomers get",
    "newcomer_conversion": "of these, won",
    "newcomer_trained": "newcomers' training done",
    "newcomer_error": "error of newcomers' estimates",
}
_IN_PERCENT = ("conversion", "utilisation", "overloaded", "newcomer_share", "newcomer_conversion", "newcomer_trained")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Simulation(Result):
    """Measures of every policy in every season, on the same leads with the same luck.

    Parameters
    ----------
    policies
        their names; lifts are over the first
    floor
        what was simulated
    before
        float64 (n_runs, n_measures): the past seasons, dealt in turn
    after
        float64 (n_runs, n_policies, n_seasons, n_measures), in the order of `MEASURES`; NaN where there is none
    like
        the kind of table that results are
    """

    policies: tuple[str, ...]
    floor: Floor
    before: Floats
    after: Floats
    like: Table = field(repr=False)

    @property
    def n_runs(self) -> int:
        """How many floors were simulated."""
        return len(self.before)

    def frame(self) -> Any:
        """Return one row per policy and season: means over the runs, and the standard error of each as `..._se`.

        The first row is the past, with the policy "before" and season 0. `lift` is the value won beyond that of the
        first policy, as a fraction.
        """
        columns = self._columns
        return self.like.build(columns, numbers=set(columns) - {"policy"})

    @property
    def _columns(self) -> dict[str, list[Any]]:
        rows: list[dict[str, Any]] = [{"policy": "before", "season": 0, **_summary(self.before), **_lift(None)}]
        for place, name in enumerate(self.policies):
            for season in range(self.after.shape[2]):
                measures = _summary(self.after[:, place, season])
                lift = _lift(self._lifts(place, slice(season, season + 1)))
                rows.append({"policy": name, "season": season + 1, **measures, **lift})
        return {key: [row[key] for row in rows] for key in rows[0]}

    def _lifts(self, policy: int, seasons: slice) -> Floats:
        """Return the value won beyond the first policy's in each run, as a fraction, float64 (n_runs,)."""
        value = list(MEASURES).index("value")
        mine, first = (self.after[:, one, seasons, value].mean(axis=1) for one in (policy, 0))
        # A run in which the first policy wins nothing would have no lift of its own.
        return np.asarray((mine - first) / first.mean()) if first.mean() > 0 else np.full(self.n_runs, np.nan)

    @property
    def lifts(self) -> Floats:
        """Value won beyond the first policy's, as a fraction, float64 (n_runs, n_policies, n_seasons)."""
        seasons = range(self.after.shape[2])
        return np.stack(
            [
                np.stack([self._lifts(place, slice(season, season + 1)) for season in seasons], axis=1)
                for place in range(len(self.policies))
            ],
            axis=1,
        )

    def before_after(self, policy: str) -> Any:
        """Return the table that managers ask for: each measure before, after (all seasons), and the change.

        Columns: measure, before, after, change, change_se; the same kind of table as `frame()`.

        Raises
        ------
        InvalidInput
            the policy was not simulated; names the nearest
        """
        return self.like.build(self._before_after(policy), numbers=("before", "after", "change", "change_se"))

    def _before_after(self, policy: str) -> dict[str, list[Any]]:
        before = _summary(self.before)
        after = self.after[:, self._place(policy)].mean(axis=1)
        changes = [_mean_and_error(column) for column in (after - self.before).T]
        return {
            "measure": list(MEASURES),
            "before": [before[name] for name in MEASURES],
            "after": [_mean_and_error(column)[0] for column in after.T],
            "change": [change for change, _ in changes],
            "change_se": [error for _, error in changes],
        }

    def _place(self, policy: str) -> int:
        if policy not in self.policies:
            raise InvalidInput(f"policy {policy!r} was not simulated{did_you_mean(policy, self.policies)}")
        return self.policies.index(policy)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the value won beyond the first policy's, season by season; see `leadopt.plot.plot_seasons`."""
        return plot_seasons(self, ax=ax)

    def _told(self) -> dict[str, Any]:
        return {"floor": self.floor, "n_runs": self.n_runs, "policies": self.policies, "seasons": self._columns}

    @property
    def _cells(self) -> Cells:
        """A row for each measure, a column for each policy, over all seasons."""
        over_all = self.after.mean(axis=2)
        cells = [
            [
                words,
                *(
                    _cell(name, column)
                    for column in (self.before[:, k], *(over_all[:, p, k] for p in range(len(self.policies))))
                ),
            ]
            for k, (name, words) in enumerate(MEASURES.items())
        ]
        lifts = [self._lifts(place, slice(None)) for place in range(1, len(self.policies))]
        beyond = [f"value beyond {self.policies[0]}", "", "", *(_cell("conversion", lift) for lift in lifts)]
        return ["", "before", *self.policies], [beyond, *cells]

    def summary(self) -> str:
        """Return what was simulated, in a sentence."""
        floor = self.floor
        return (
            f"{self.n_runs} floors of {floor.n_reps} reps, {floor.n_newcomers} of them new, over "
            f"{self.after.shape[2]} seasons; every policy has the same leads and the same luck; +- standard error"
        )

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(tables=[self._cells])


def _summary(runs: Floats) -> dict[str, float | None]:
    """Return the mean and the standard error of each measure, from float64 (n_runs, n_measures)."""
    found: dict[str, float | None] = {}
    for name, column in zip(MEASURES, runs.T, strict=True):
        found[name], found[f"{name}_se"] = _mean_and_error(column)
    return found


def _lift(runs: Floats | None) -> dict[str, float | None]:
    mean, error = (None, None) if runs is None else _mean_and_error(runs)
    return {"lift": mean, "lift_se": error}


def _mean_and_error(values: Floats) -> tuple[float | None, float | None]:
    """Return the mean over the runs that have the measure, and its standard error; None where there are too few."""
    known = values[~np.isnan(values)]
    mean = float(known.mean()) if len(known) else None
    return mean, float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else None


def _cell(name: str, values: Floats) -> str:
    mean, error = _mean_and_error(values)
    if mean is None:
        return "-"
    parts = [mean] if error is None else [mean, error]
    return " +- ".join(percent(part, 1) if name in _IN_PERCENT else number(part, 3) for part in parts)
