"""Seasons on simulated floors: what policies come to, what exploring is worth, and what too many slots cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.harness import Line

N_RUNS, N_SEASONS = 10, 4
FLOORS = {
    "slots as reps can follow up": {},
    "1.4 times as many slots": {"slots": 1.4},
}
SHOWN = (
    *("conversion", "response_days", "overloaded", "newcomer_share", "newcomer_conversion"),
    *("newcomer_trained", "newcomer_error"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One policy over all seasons, in words: the lift over round robin, then `SHOWN`."""

    TITLE: ClassVar[str] = "Seasons"
    INTRO: ClassVar[str] = (
        f"`simulate` on {N_RUNS} floors as they are by default (16 reps, 3 of them new; chances drift, leads queue,\n"
        f"newcomers learn by doing), {N_SEASONS} seasons of 90 days after three that were dealt in turn; +-\n"
        "standard error. Every policy has the same leads and the same luck, and learns from its own outcomes.\n"
        "Exploring is `Policy(explore=)`, the quota `NewcomerQuota(share=0.15)`. The last column is the mean\n"
        "absolute error of the estimated chances of newcomers when the last season ends."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("floor", "policy", "value beyond round robin:", "last season:", "won:", "days to answer:", "overloaded:"),
        *("newcomers get:", "of these, won:", "trained:", "error:"),
    )

    floor: str
    policy: str
    lifts: tuple[str, str]
    measures: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.floor, self.policy, *self.lifts, *self.measures)


def rows() -> Iterator[Line]:
    """Return a line for each floor and policy."""
    import numpy as np

    from leadopt import NewcomerQuota, Policy
    from leadopt.evaluate import Floor, simulate
    from leadopt.evaluate.seasons.simulation import MEASURES

    policies: dict[str, str | Policy] = {
        **{name: name for name in ("round robin", "performance", "greedy")},
        "leadopt": Policy(),
        "leadopt, explore 0.3": Policy(explore=0.3),
        "leadopt, explore 1": Policy(explore=1.0),
        "leadopt, quota": Policy(newcomers=NewcomerQuota(share=0.15)),
        "oracle": "oracle",
    }
    for floor, settings in FLOORS.items():
        found = simulate(Floor(**settings), policies, seasons=N_SEASONS, n_runs=N_RUNS)
        lifts = found.lifts
        for place, name in enumerate(policies):
            over_all = found.after[:, place].mean(axis=1)
            last = found.after[:, place, -1]
            columns = {key: over_all[:, k] for k, key in enumerate(MEASURES)}
            columns["newcomer_trained"], columns["newcomer_error"] = last[:, -2], last[:, -1]
            yield Played(
                floor=floor,
                policy=name,
                lifts=(_shown("lift", lifts[:, place].mean(axis=1)), _shown("lift", lifts[:, place, -1])),
                measures=tuple(_shown(key, np.asarray(columns[key])) for key in SHOWN),
            )


def _shown(key: str, values: object) -> str:
    import numpy as np

    known = np.asarray(values)[~np.isnan(np.asarray(values))]
    if not len(known):
        return "-"
    mean, error = known.mean(), known.std(ddof=1) / np.sqrt(len(known))
    if key in ("response_days", "newcomer_error"):
        return f"{mean:.3g} +- {error:.1g}"
    return f"{100 * mean:.1f} +- {100 * error:.1f}%"
