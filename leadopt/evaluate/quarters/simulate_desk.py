"""`simulate_desk`: a quarter by hand and at a desk, with the same leads, people and luck."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.desk.figures import BeforeAfter, Period, before_after, facts_of_history
from leadopt.errors import InvalidInput
from leadopt.evaluate.quarters.at_desk import LEARN_EVERY, at_desk
from leadopt.evaluate.quarters.by_hand import ByHand, by_hand, history
from leadopt.evaluate.quarters.held import AtDesk, Clock
from leadopt.evaluate.quarters.rules import POLICY, RULES
from leadopt.evaluate.quarters.setting import START, ZONE, Quarter
from leadopt.evaluate.quarters.truth import Truth, truth_at_desk, truth_by_hand
from leadopt.evaluate.quarters.world import World
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.records import columns_of
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import number, percent

if TYPE_CHECKING:
    from leadopt.desk.desk import Desk

_MIX = ("industry",)
OnWeek = Callable[[int, Mapping[str, int]], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DeskSimulation(Result):
    """A quarter by hand and at a desk.

    Parameters
    ----------
    quarter
        what was simulated
    by_hand, at_desk
        what the leads of the quarter truly came to in either arm
    before_after
        what a company would see: the quarter before, by hand, beside this one at the desk
    weeks
        what happened at the desk in each week: kind of event -> how often
    events
        events at the desk by kind, as sequence numbers that `Desk.why` explains
    now
        when the quarter ends
    """

    quarter: Quarter
    by_hand: Truth
    at_desk: Truth
    before_after: BeforeAfter
    weeks: tuple[Mapping[str, int], ...]
    events: Mapping[str, tuple[int, ...]] = field(repr=False)
    now: datetime
    like: Table = field(repr=False)

    def summary(self) -> str:
        """Return what the desk truly changed, in one sentence."""
        hand, desk = self.by_hand, self.at_desk
        lift = desk.value / hand.value - 1.0 if hand.value else float("nan")
        return (
            f"{desk.n:,} leads in {self.quarter.weeks} weeks, the same in both: followed up {percent(hand.answered)} "
            f"by hand, {percent(desk.answered)} at the desk; truly worth {100 * lift:+.0f}%"
        )

    def _told(self) -> dict[str, Any]:
        return {**Result._told(self), "now": self.now.isoformat()}

    @property
    def cells(self) -> Cells:
        """The truth of both arms for people."""
        rows = [
            [label, *(shown(getattr(arm, name)) for arm in (self.by_hand, self.at_desk))]
            for name, (label, shown) in _LABELS.items()
        ]
        return ["leads of the quarter, in truth", "by hand", "at the desk"], rows

    def below(self, page: bool = True) -> Parts:
        """Return the truth of both arms, and what a company would see."""
        seen = self.before_after.below(page)
        return Parts(tables=[self.cells, *seen.tables], notes=seen.notes)

    def frame(self) -> Any:
        """Return one row per arm, as the user's kind of table."""
        arms = {"by hand": self.by_hand, "at the desk": self.at_desk}
        return self.like.build({"arm": list(arms), **columns_of(list(arms.values()))})


def _days(days: float) -> str:
    return "-" if not np.isfinite(days) else number(days, 2)


_LABELS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "answered": ("followed up by its end", lambda share: percent(share, 1)),
    "days": ("days until then, median", _days),
    "if_at_once": ("chance with who answered, had it been at once", lambda share: percent(share, 1)),
    "chance": ("chance of a win, as it was", lambda share: percent(share, 1)),
    "value": ("that times the value, a lead", lambda value: number(value, 3)),
    "won": ("won by its end", lambda share: percent(share, 1)),
    "complaints": ("customers who complained", lambda count: f"{count:,}"),
}


def simulate_desk(
    quarter: Quarter | None = None,
    *,
    rules: Rules | Mapping[str, Any] | str | Path | None = None,
    policy: Policy | None = None,
    file: str | Path | None = None,
    like: Any = None,
    rng: int = 0,
    on_week: OnWeek | None = None,
) -> DeskSimulation:
    r"""Return what a quarter comes to by hand and at a desk, on the same leads with the same people and luck.

    Two quarters are drawn. In the first, leads are dealt in turn twice a day; some are forgotten, some let slide, and
    nobody notices. In the second it goes on like this in one arm; in the other, a `Desk` takes over what is open then:
    it plans twice a day, reminds, tells managers, takes back, pools, asks managers about key accounts, and reps with
    little to do claim. People have the same habits in both: when a rep would answer a lead, whether the rep forgets or
    refuses it and what comes of it is drawn for each pair of lead and rep before anybody decides anything. What differs
    is who gets which lead, and that those who forget are reminded. A lead of segment s that is first answered after d
    days is won by rep j with chance

    .. math:: p_{sj} \cdot 2^{-d / \text{half-life}} \cdot again^{\text{reps who worked on it before}}

    Parameters
    ----------
    quarter
        what the floor and its people are like; None = `Quarter()`
    rules, policy
        of the desk, as of `leadopt.Desk.open`; None = those of ``leadopt desk demo``
    file
        where the desk is kept, a file that is not there; None = nowhere
    like
        a table of the kind that results should be; None = lists of dicts
    rng
        seed: same seed, same result
    on_week
        called after each week at the desk, with its number from 0 and what happened: kind of event -> how often

    Returns
    -------
    DeskSimulation
        `.by_hand` and `.at_desk` (the truth), `.before_after` (what a company would see), `.frame()`

    Raises
    ------
    InvalidInput
        a setting is out of range, the rules are none, or the file is there

    Notes
    -----
    About a second for a week of 100 leads. It is one floor: another seed has another answer, and an average needs
    several.

    Examples
    --------
    >>> from leadopt.evaluate import Quarter, simulate_desk
    >>> found = simulate_desk(Quarter(weeks=1, n_reps=4, leads_a_day=6, leaves=0))
    >>> found.at_desk.n == found.by_hand.n
    True
    """
    setting = Quarter() if quarter is None else quarter
    if not isinstance(setting, Quarter):
        raise InvalidInput(f"quarter: must be leadopt.evaluate.Quarter(...); found {quarter!r}")
    world = World.draw(setting, np.random.default_rng(rng))
    past, table = by_hand(world), Table([] if like is None else like, "like")
    chosen = Policy.from_dict(tomllib.loads(POLICY)) if policy is None else policy
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk.db" if file is None else Path(file)
        found, compared = _played(world, past, path, RULES if rules is None else rules, chosen, rng, table, on_week)
    return DeskSimulation(
        quarter=setting,
        by_hand=truth_by_hand(past),
        at_desk=truth_at_desk(found),
        before_after=compared,
        weeks=tuple(dict(one) for one in found.weeks),
        events={kind: tuple(seqs) for kind, seqs in found.events.items()},
        now=found.clock(),
        like=table,
    )


def _played(
    world: World,
    past: ByHand,
    path: Path,
    rules: Any,
    policy: Policy,
    rng: int,
    like: Table,
    on_week: OnWeek | None,
) -> tuple[AtDesk, BeforeAfter]:
    """Return what came of the quarter at a desk in a file, and what a company would see of both quarters."""
    from leadopt.desk.desk import Desk

    if path.exists():
        raise InvalidInput(f"file: must not be there yet; found {path}")
    clock = Clock()
    clock.hours = world.middle
    with Desk.open(
        f"sqlite:///{path}", rules=rules, policy=policy, clock=clock, rng=rng, learn_every=LEARN_EVERY
    ) as desk:
        found = at_desk(world, past, desk, clock, on_week)
        return found, _compared(world, past, desk, like)


def _compared(world: World, past: ByHand, desk: Desk, like: Table) -> BeforeAfter:
    """Return the quarter before, as a CRM's history tells it, beside the one at the desk."""
    weeks, calendar = world.setting.weeks, desk.rules().calendar
    begin = START + timedelta(weeks=weeks)
    earlier = facts_of_history(
        history(past, 0.0, world.middle),
        reps=_staff(world),
        mix=_MIX,
        calendar=calendar,
        now=begin - timedelta(days=1),
    )
    return before_after(
        replace(desk.facts(mix=_MIX), like=like),
        Period.weeks(START, weeks, ZONE),
        Period.weeks(begin, weeks, ZONE),
        earlier=earlier,
    )


def _staff(world: World) -> list[dict[str, Any]]:
    """Return who worked there in the quarter before, as a table of reps."""
    people, found = world.people, []
    for rep, name in enumerate(people.names):
        if people.joined[rep] < world.middle:
            joined, left = (_day(float(moment)) for moment in (people.joined[rep], people.left[rep]))
            gone = people.left[rep] < world.middle
            found.append({"rep_id": name, "hired_on": joined, "left_on": left if gone else None})
    return found


def _day(moment: float) -> Any:
    """Return the day of a moment; long ago, and the day after who left was there last."""
    if moment == -np.inf:
        return START - timedelta(days=731)
    return None if moment == np.inf else START + timedelta(days=int(-(-moment // 24)))
