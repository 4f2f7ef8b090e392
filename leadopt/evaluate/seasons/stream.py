"""A simulated sales floor over time: whose leads come when, what is true then, and what waiting and load cost."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.seasons.floor import (
    INDUSTRIES,
    NOW,
    SOURCES,
    TERRITORIES,
    Requests,
    Strengths,
)
from leadopt.learning.effects.logistic import sigmoid
from leadopt.tables.cells import is_number

SEGMENT_BY = ("industry", "source")
SIZES = (len(INDUSTRIES), len(SOURCES))
SEASON_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a simulated sales floor is like.

    Parameters
    ----------
    n_reps, n_newcomers
        reps in all, and how many of them join after the past seasons
    leads_a_rep
        leads that come in a season, by reps
    strengths
        how much conversion depends on segment, rep and both
    drift_sd
        standard deviation, on the logit, by which the chance of each pair of segment and rep moves in a season
    throughput
        how many leads a rep can follow up, as a multiple of an even share of the leads; reps differ by up to a fifth
    slots
        how many leads a rep may be given, as a multiple of its throughput: what is beyond 1 has to wait
    overload
        how much the logit falls where a rep gets twice its throughput
    waiting
        how much the logit falls per ``log(1 + days)`` until a lead is answered
    newcomer_gap, learning_leads
        how much the logit of newcomers is lower at first, and after how many leads that has fallen by 63%
    win_days, loss_days
        how many days pass on average until a won and a lost lead is settled (exponential); 0 = its outcome is known
        when its batch is over
    """

    n_reps: int = 16
    n_newcomers: int = 3
    leads_a_rep: int = 60
    strengths: Strengths = field(default_factory=Strengths)
    drift_sd: float = 0.1
    throughput: float = 1.2
    slots: float = 1.0
    overload: float = 1.0
    waiting: float = 0.15
    newcomer_gap: float = 0.6
    learning_leads: float = 40.0
    win_days: float = 0.0
    loss_days: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no floor can be."""
        for name, least in (("n_reps", 2), ("n_newcomers", 0), ("leads_a_rep", 1)):
            value = getattr(self, name)
            if not (isinstance(value, int) and not isinstance(value, bool) and value >= least):
                raise InvalidInput(f"floor.{name}: must be a whole number, {least} or more; found {value!r}")
        if self.n_newcomers >= self.n_reps:
            raise InvalidInput(f"floor.n_newcomers: must be below n_reps, {self.n_reps}; found {self.n_newcomers}")
        if not isinstance(self.strengths, Strengths):
            raise InvalidInput(f"floor.strengths: must be leadopt.truth.Strengths(...); found {self.strengths!r}")
        for name in (setting.name for setting in fields(self) if setting.name != "strengths"):
            value = getattr(self, name)
            if not (is_number(value) and 0 <= value < np.inf):
                raise InvalidInput(f"floor.{name}: must be a number, 0 or more; found {value!r}")
        if self.throughput <= 0 or self.learning_leads <= 0:
            raise InvalidInput(
                f"floor: throughput and learning_leads must be above 0; found {self.throughput!r} and "
                f"{self.learning_leads!r}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """The leads of some days, and what is true of them: the same for every policy.

    Parameters
    ----------
    leads
        table with `lead_id`, `industry`, `source`, `territory` and `value`
    segment
        int64 (n_leads,)
    value, arrival_day, luck, patience
        float64 (n_leads,): worth; days since the start; the lead is won where its luck is below its chance; how long it
        takes until it is settled, as a multiple of what is usual
    logit
        float64 (n_segments, n_reps), true, of reps who are trained and have time
    season, batch
        numbers; seasons below 0 are past
    """

    leads: dict[str, list[Any]]
    segment: Ints
    value: Floats
    arrival_day: Floats
    luck: Floats
    patience: Floats
    logit: Floats
    season: int
    batch: int

    @property
    def day(self) -> date:
        """The last day of the batch, when its outcomes are known."""
        return day_of(float(self.arrival_day[-1]))


def day_of(days: float) -> date:
    """Return the day that is so many days after the start."""
    return NOW + timedelta(days=int(days))


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """One floor with its leads over time, and no decision yet.

    `capacity` int64 (n_reps,) are slots in a batch, `throughput` float64 (n_reps,) leads a day, `newcomer` bool.
    """

    floor: Floor
    batches: tuple[Batch, ...]
    capacity: Ints
    throughput: Floats
    newcomer: Bools
    territory: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """What reps are called; newcomers are the last."""
        old = self.floor.n_reps - self.floor.n_newcomers
        return [f"rep {k + 1}" for k in range(old)] + [f"new {k + 1}" for k in range(self.floor.n_newcomers)]

    @classmethod
    def draw(cls, floor: Floor, seasons: int, past_seasons: int, batches: int, rng: np.random.Generator) -> Stream:
        """Return the truth and the leads of all seasons, the past ones first."""
        logits = floor.strengths.draw(rng, SIZES, floor.n_reps)[0]
        n_batches = batches
        days, share = SEASON_DAYS / n_batches, floor.leads_a_rep / n_batches
        drawn = []
        for number in range((past_seasons + seasons) * n_batches):
            if number:
                logits = logits + rng.normal(0.0, floor.drift_sd / np.sqrt(n_batches), logits.shape)
            there = floor.n_reps - floor.n_newcomers * (number < past_seasons * n_batches)
            size = max(1, round(share * there))
            asked = Requests.draw(rng, size)
            columns = {name: asked.columns()[name] for name in (*SEGMENT_BY, "territory", "value")}
            drawn.append(
                Batch(
                    leads={"lead_id": [f"{number}-{k}" for k in range(size)], **columns},
                    segment=asked.segment,
                    value=asked.value,
                    arrival_day=(number - past_seasons * n_batches + (np.arange(size) + 0.5) / size) * days,
                    luck=rng.random(size),
                    patience=rng.exponential(size=size) if floor.win_days or floor.loss_days else np.zeros(size),
                    logit=logits,
                    season=number // n_batches - past_seasons,
                    batch=number % n_batches,
                )
            )
        talent = rng.uniform(0.8, 1.2, floor.n_reps)
        speed = floor.throughput * share / days * talent / talent.mean()
        return cls(
            floor=floor,
            batches=tuple(drawn),
            capacity=np.maximum(1, np.floor(floor.slots * speed * days + 1e-9)).astype(np.int64),
            throughput=speed,
            newcomer=np.arange(floor.n_reps) >= floor.n_reps - floor.n_newcomers,
            territory=tuple(TERRITORIES[k] for k in rng.permutation(np.arange(floor.n_reps) % len(TERRITORIES))),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """What became of a batch: float64 or bool (n_leads,), NaN and False for leads in the pool.

    `settled_day` is when that is known, in days since the start: not before the batch is over.
    """

    rep_of_lead: Ints
    chance: Floats
    won: Bools
    response_days: Floats
    settled_day: Floats


@dataclass(kw_only=True, eq=False)
class Team:
    """How busy and how experienced the reps are under one policy: float64 (n_reps,), it goes on from batch to batch."""

    stream: Stream
    free_on: Floats
    experience: Floats

    @classmethod
    def fresh(cls, stream: Stream) -> Team:
        """Return a team that is idle and whose newcomers know nothing."""
        first = stream.batches[0].arrival_day[0]
        return cls(stream=stream, free_on=np.full(stream.floor.n_reps, first), experience=np.zeros(stream.floor.n_reps))

    @property
    def days_of_batch(self) -> float:
        """How many days a batch lasts, however many leads come in them."""
        return SEASON_DAYS / self._n_batches

    @property
    def gap(self) -> Floats:
        """How much each rep's logit is lower for want of experience."""
        floor = self.stream.floor
        return np.where(self.stream.newcomer, floor.newcomer_gap * np.exp(-self.experience / floor.learning_leads), 0.0)

    def chances(self, batch: Batch) -> Floats:
        """Return the true chance of every segment with every rep as a batch begins, were nobody waiting."""
        return sigmoid(batch.logit - self.gap)

    def follow(self, batch: Batch, rep_of_lead: Ints) -> Followed:
        """Return what becomes of a batch, and grow older by it."""
        floor, n_reps = self.stream.floor, self.stream.floor.n_reps
        placed = np.flatnonzero(rep_of_lead >= 0)
        rep = rep_of_lead[placed]
        response = np.full(len(rep_of_lead), np.nan)
        for one in range(n_reps):
            mine = placed[rep == one]
            response[mine], self.free_on[one] = queue(
                batch.arrival_day[mine], 1.0 / self.stream.throughput[one], self.free_on[one]
            )
        load = np.bincount(rep, minlength=n_reps)
        beyond = np.maximum(load / (self.stream.throughput * self.days_of_batch) - 1.0, 0.0)
        logit = batch.logit[batch.segment[placed], rep] - self.gap[rep]
        logit = logit - floor.overload * beyond[rep] - floor.waiting * np.log1p(response[placed])
        chance = np.zeros(len(rep_of_lead))
        chance[placed] = sigmoid(logit)
        self.experience = self.experience + load
        won, over = batch.luck < chance, batch.arrival_day[-1]
        settled = batch.arrival_day + batch.patience * np.where(won, floor.win_days, floor.loss_days)
        return Followed(
            rep_of_lead=rep_of_lead,
            chance=chance,
            won=won,
            response_days=response,
            settled_day=np.where(rep_of_lead >= 0, np.maximum(settled, over), np.nan),
        )

    @property
    def _n_batches(self) -> int:
        return max(batch.batch for batch in self.stream.batches) + 1


def queue(arrival: Floats, service: float, free_on: float) -> tuple[Floats, float]:
    """Return how long each lead waits until it is dealt with, one after the other, and when that is done.

    ``done[k] = max(arrival[k], done[k - 1]) + service``, with `arrival` ascending.

    >>> queue(np.array([0.0, 1.0, 9.0]), 2.0, free_on=0.5)
    (array([2.5, 3.5, 2. ]), 11.0)
    """
    if not len(arrival):
        return np.zeros(0), free_on
    turn = service * np.arange(len(arrival))
    done = turn + service + np.maximum(np.maximum.accumulate(arrival - turn), free_on)
    return done - arrival, float(done[-1])
