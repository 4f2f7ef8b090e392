"""`simulate`: what ways of handing leads out come to over seasons, on a floor whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.assign import assign
from leadopt.decision.build import build
from leadopt.decision.case import Case
from leadopt.decision.know import know
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.evaluate.seasons.simulation import MEASURES, Simulation
from leadopt.evaluate.seasons.stream import (
    SEGMENT_BY,
    Batch,
    Floor,
    Followed,
    Stream,
    Team,
    day_of,
)
from leadopt.matching import match
from leadopt.metrics import gini
from leadopt.plans.baselines import ALL
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.progress import Meter, OnProgress
from leadopt.tables import Table

ORACLE = "oracle"
DEFAULT: dict[str, str | Policy] = {
    "round robin": "round robin",
    "territory": "territory",
    "performance": "performance",
    "greedy": "greedy",
    "leadopt": Policy(),
    ORACLE: ORACLE,
}


def simulate(
    floor: Floor | None = None,
    policies: Mapping[str, str | Policy] | None = None,
    *,
    seasons: int = 4,
    past_seasons: int = 3,
    batches: int = 3,
    n_runs: int = 10,
    like: Any = None,
    rng: int = 0,
    on_progress: OnProgress | None = None,
) -> Simulation:
    r"""Return what each policy comes to, on the same leads with the same luck, over seasons and over many floors.

    In each run, a floor is drawn and past leads are dealt in turn among its experienced reps. Then each policy hands
    out the same leads, batch by batch; what learns, learns from its own outcomes. A lead of segment s with rep j is won
    where its luck, uniform and the same for every policy, is below

    .. math:: \operatorname{sigmoid}(\mu_{sj} - gap_j e^{-\text{leads}_j / learning} - overload \cdot beyond_j
              - waiting \cdot \log(1 + \text{days}))

    Reps answer one lead after the other; beyond is how far the leads of a batch exceed what a rep can follow up, and
    days pass until a lead is answered. `mu` drifts. The oracle knows every chance but what load and waiting cost. Where
    the floor says that outcomes take their time, policies learn from what is settled by then, and see which leads are
    open and since when.

    Parameters
    ----------
    floor
        how reps, leads and chances are drawn; None = `Floor()`
    policies
        name -> a `Policy`, a baseline ("round robin", "territory", "performance", "profile", "greedy") or "oracle";
        None = round robin, territory, performance, greedy, leadopt and the oracle. Lifts are over the first
    seasons, past_seasons, batches
        seasons that are played, seasons before, and batches in a season of 90 days; at least 1 each
    n_runs
        floors; all figures are means over them with standard errors. At least 2
    like
        a table of the kind that results should be, such as ``pl.DataFrame()``; None = lists of dicts
    rng
        seed: same seed, same result
    on_progress
        called with a `Progress` for every run and season

    Returns
    -------
    Simulation
        `.frame()` by policy and season, `.before_after("leadopt")`, `.plot()`, `.to_json()`

    Raises
    ------
    InvalidInput
        a setting is out of range, or a policy is unknown

    Notes
    -----
    About a tenth of a second for each batch of each policy that learns: a minute or two as set.

    Examples
    --------
    >>> small = Floor(n_reps=4, n_newcomers=1, leads_a_rep=20)
    >>> policies = {"round robin": "round robin", "leadopt": Policy()}
    >>> found = simulate(small, policies, seasons=1, past_seasons=1, n_runs=2)
    >>> [row["policy"] for row in found.frame()]
    ['before', 'round robin', 'leadopt']
    """
    floor = Floor() if floor is None else floor
    if not isinstance(floor, Floor):
        raise InvalidInput(f"floor: must be leadopt.evaluate.Floor(...); found {floor!r}")
    chosen = _policies(DEFAULT if policies is None else policies)
    for name, count, least in (("seasons", seasons, 1), ("past_seasons", past_seasons, 1), ("batches", batches, 1)):
        _check_count(name, count, least)
    _check_count("n_runs", n_runs, 2)
    meter = Meter(on_progress)
    before = np.zeros((n_runs, len(MEASURES)))
    after = np.zeros((n_runs, len(chosen), seasons, len(MEASURES)))
    for run, seed in enumerate(np.random.SeedSequence(rng).spawn(n_runs)):
        stream = Stream.draw(floor, seasons, past_seasons, batches, np.random.default_rng(seed))
        past, before[run] = _past(stream)
        for place, (name, policy) in enumerate(chosen.items()):
            meter.enter(f"run {run + 1} of {n_runs}: {name}")
            after[run, place] = _played(stream, past, policy)
    return Simulation(
        policies=tuple(chosen),
        floor=floor,
        before=before,
        after=after,
        like=Table([] if like is None else like, "like"),
    )


def _policies(policies: Mapping[str, str | Policy]) -> dict[str, str | Policy]:
    if not isinstance(policies, Mapping) or not policies:
        raise InvalidInput(f"policies: must be a dict from a name to a policy; found {policies!r}")
    for name, policy in policies.items():
        if isinstance(policy, str) and policy not in (*ALL, ORACLE):
            raise InvalidInput(f"policies: {policy!r} is unknown{did_you_mean(policy, [*ALL, ORACLE])}")
        if not isinstance(policy, str | Policy):
            raise InvalidInput(f"policies: {name!r} must be a Policy or the name of a baseline; found {policy!r}")
    return {
        str(name): policy.replace(segment_by=SEGMENT_BY)
        if isinstance(policy, Policy) and policy.segment_by is None
        else policy
        for name, policy in policies.items()
    }


def _check_count(name: str, count: object, least: int) -> None:
    if not (isinstance(count, int) and not isinstance(count, bool) and count >= least):
        raise InvalidInput(f"{name}: must be a whole number, {least} or more; found {count!r}")


@dataclass(kw_only=True, eq=False)
class _Player:
    """One policy at work: its team and all that it has seen."""

    team: Team
    history: dict[str, list[Any]] = field(default_factory=dict)
    turn: int = 0
    case: Case | None = None

    def copy(self) -> _Player:
        team = Team(stream=self.team.stream, free_on=self.team.free_on.copy(), experience=self.team.experience.copy())
        return _Player(team=team, history={name: list(column) for name, column in self.history.items()})

    def reps(self, batch: Batch) -> dict[str, list[Any]]:
        """Return the table of reps as a batch begins; newcomers joined when the past was over."""
        stream = self.team.stream
        tenure = np.where(stream.newcomer, max(0.0, batch.arrival_day[0]), 1000.0)
        return {
            "rep_id": stream.names,
            "capacity": stream.capacity.tolist(),
            "tenure_days": tenure.astype(int).tolist(),
            "territory": list(stream.territory),
        }

    def known(self, day: date) -> dict[str, list[Any]]:
        """Return the history as it is known on a day: outcomes of later days are still open."""
        known = [at <= day for at in self.history.get("at", [])]
        hidden = {
            name: [cell if there else None for cell, there in zip(self.history[name], known, strict=True)]
            for name in ("converted", "at")
            if name in self.history
        }
        return self.history | hidden

    def follow(self, batch: Batch, rep_of_lead: Ints) -> Followed:
        """Return what becomes of a batch, and remember it."""
        found = self.team.follow(batch, rep_of_lead)
        placed = np.flatnonzero(rep_of_lead >= 0).tolist()
        names = self.team.stream.names
        rows = {
            "rep_id": [names[rep_of_lead[lead]] for lead in placed],
            **{name: [batch.leads[name][lead] for lead in placed] for name in SEGMENT_BY},
            "converted": found.won[placed].astype(int).tolist(),
            "assigned_at": [day_of(day) for day in batch.arrival_day[placed].tolist()],
            "at": [day_of(day) for day in found.settled_day[placed].tolist()],
        }
        for name, column in rows.items():
            self.history.setdefault(name, []).extend(column)
        return found


def _past(stream: Stream) -> tuple[_Player, Floats]:
    """Return a player who has seen the past, dealt in turn among those who were there, and the past's measures."""
    player = _Player(team=Team.fresh(stream))
    n_old = int((~stream.newcomer).sum())
    past = [batch for batch in stream.batches if batch.season < 0]
    seen, turn = [], 0
    for batch in past:
        answer = (turn + np.arange(len(batch.segment))) % n_old
        turn = (turn + len(answer)) % n_old
        seen.append((batch, player.follow(batch, answer)))
    player.team.experience[:] = 0.0  # of newcomers alone it matters
    return player, _measured(stream, seen, player, None, there=~stream.newcomer)


def _played(stream: Stream, past: _Player, policy: str | Policy) -> Floats:
    """Return the measures of each season under a policy, float64 (n_seasons, n_measures)."""
    player = past.copy()
    coming = [batch for batch in stream.batches if batch.season >= 0]
    rows = []
    for season in range(coming[-1].season + 1):
        now = (batch for batch in coming if batch.season == season)
        seen = [(batch, player.follow(batch, _decided(player, batch, policy))) for batch in now]
        rows.append(_measured(stream, seen, player, policy, there=np.ones(len(stream.newcomer), dtype=bool)))
    return np.array(rows)


def _decided(player: _Player, batch: Batch, policy: str | Policy) -> Ints:
    """Return who gets each lead of a batch, int64 (n_leads,), -1 = pool."""
    if policy == ORACLE:
        rates = player.team.chances(batch)
        gains = Affinity(rates=rates, row=batch.segment, scale=batch.value)
        return match(gains, player.team.stream.capacity).rep_of_lead
    reps = player.reps(batch)
    if isinstance(policy, Policy):
        seed = [batch.season, batch.batch]
        rng, now = np.random.default_rng(seed), batch.day
        plan = assign(batch.leads, reps, player.known(now), policy=policy, now=now, rng=rng)
        player.case = plan.case
        return plan.rep_of_lead
    # Round robin and territory need no estimates, which take most of the time.
    history = None if policy in ("round robin", "territory") else player.known(batch.day)
    settings = Policy(segment_by=SEGMENT_BY)
    player.case = build(know(batch.leads, reps, history, None, settings, Meter(None)), settings, None, None)
    dealt = ALL[str(policy)](player.case, player.turn)
    player.turn = dealt.turn
    return dealt.rep_of_lead


def _measured(
    stream: Stream,
    seen: list[tuple[Batch, Followed]],
    player: _Player,
    policy: str | Policy | None,
    there: NDArray[np.bool_],
) -> Floats:
    """Return the measures of some batches, in the order of `MEASURES`."""
    join = partial(_joined, seen)
    won, value = join(lambda _, found: found.won), join(lambda batch, _: batch.value)
    rep, days = join(lambda _, found: found.rep_of_lead), join(lambda _, found: found.response_days)
    placed = rep >= 0
    loads = np.bincount(rep[placed].astype(np.int64), minlength=len(there))
    per_batch = np.array([np.bincount(f.rep_of_lead[f.rep_of_lead >= 0], minlength=len(there)) for _, f in seen])
    can = stream.throughput * player.team.days_of_batch
    of_new = placed & stream.newcomer[np.maximum(rep, 0).astype(np.int64)]
    return np.array(
        [
            won.mean(),
            (value * won).sum() / len(won),
            np.nanmean(days) if placed.any() else np.nan,
            loads[there].sum() / (can[there].sum() * len(seen)),
            (per_batch[:, there] > can[there]).mean(),
            gini(loads[there] / can[there]),
            of_new.mean(),
            won[of_new].mean() if of_new.any() else np.nan,
            1.0 - np.exp(-player.team.experience[stream.newcomer] / stream.floor.learning_leads).mean()
            if stream.newcomer.any()
            else np.nan,
            _newcomer_error(player, seen[-1][0], policy),
        ]
    )


def _joined(seen: list[tuple[Batch, Followed]], part: Callable[[Batch, Followed], Any]) -> Floats:
    return np.concatenate([np.asarray(part(batch, found), dtype=np.float64) for batch, found in seen])


def _newcomer_error(player: _Player, batch: Batch, policy: str | Policy | None) -> float:
    """Return the mean absolute error of what is estimated of newcomers, by the leads' segments; NaN without."""
    evidence = None if player.case is None else player.case.evidence
    new = np.flatnonzero(player.team.stream.newcomer)
    if evidence is None or policy == ORACLE or not len(new):
        return np.nan
    truth = player.team.chances(batch)[np.ix_(batch.segment, new)]
    estimate = evidence.estimates.probability[np.ix_(evidence.segment_of_lead, new)]
    return float(np.abs(estimate - truth).mean())
