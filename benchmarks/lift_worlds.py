"""Sales floors whose truth is known: past leads dealt at random, coming leads, and what assignments truly earn."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from leadopt.evaluate.seasons.floor import Strengths
from leadopt.learning.effects.logistic import sigmoid

LEADS_A_REP, PAST_LEADS_A_REP, SLOTS = 40, 200, 1.2
FIRST, PAST_DAYS, MEMORIES_DAYS = date(2025, 1, 1), 365, (30.0, 60.0, 90.0)
NEWCOMERS = 5  # reps who are like the others and have no past leads
STRENGTHS = Strengths(segment_sd=0.8, rep_sd=0.3, interaction_sd=0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Settings of a floor: `sizes` are the levels of each column."""

    name: str
    sizes: tuple[int, ...]
    n_reps: int = 30
    interaction_sd: float = 0.25
    by_column: bool = False
    level_sd: float | None = None  # by which the level of all wanders on the logit; None = the past has no dates

    def floor(self, seed: int) -> "Floor":
        """Return one floor: the same seed, the same truth, past and leads."""
        rng = np.random.default_rng([seed, self.n_reps, *self.sizes])
        strengths = replace(STRENGTHS, interaction_sd=self.interaction_sd, by_column=self.by_column)
        rates = sigmoid(strengths.draw(rng, self.sizes, self.n_reps + NEWCOMERS)[0])
        rep = np.repeat(np.arange(self.n_reps), PAST_LEADS_A_REP)
        past = rng.integers(len(rates), size=len(rep))
        if self.level_sd is not None:
            return self._dated(seed, rates, past, rep)
        return Floor(
            sizes=self.sizes,
            n_reps=self.n_reps,
            rates=rates,
            past=past,
            rep=rep,
            won=rng.random(len(rep)) < rates[past, rep],
            leads=rng.integers(len(rates), size=LEADS_A_REP * self.n_reps),
            luck=rng.random(LEADS_A_REP * self.n_reps),
        )

    def _dated(self, seed: int, rates: Any, past: Any, rep: Any) -> "Floor":
        """Return a floor of a year whose level wandered (Ornstein-Uhlenbeck), its rates those of the day after."""
        rng = np.random.default_rng([seed, 365, self.n_reps, *self.sizes])
        spread = self.level_sd or 0.0
        day, level = rng.integers(0, PAST_DAYS, len(rep)), [rng.normal(0.0, spread)]
        kept = np.exp(-1.0 / MEMORIES_DAYS[seed % len(MEMORIES_DAYS)])
        for _ in range(PAST_DAYS):
            level.append(kept * level[-1] + rng.normal(0.0, spread * np.sqrt(1.0 - kept**2)))
        logits = np.log(rates / (1.0 - rates))
        return Floor(
            sizes=self.sizes,
            n_reps=self.n_reps,
            rates=sigmoid(logits + level[PAST_DAYS]),
            past=past,
            rep=rep,
            won=rng.random(len(rep)) < sigmoid(logits[past, rep] + np.array(level)[day]),
            leads=rng.integers(len(rates), size=LEADS_A_REP * self.n_reps),
            luck=rng.random(LEADS_A_REP * self.n_reps),
            day=day,
        )


@dataclass(frozen=True, kw_only=True)
class Floor:
    """True rates (n_segments, n_reps + NEWCOMERS); the segment, rep and outcome of each past lead; coming leads."""

    sizes: tuple[int, ...]
    n_reps: int
    rates: Any
    past: Any
    rep: Any
    won: Any
    leads: Any
    luck: Any
    day: Any = None

    @property
    def names(self) -> list[str]:
        """What the columns are called."""
        return [f"column {k}" for k in range(len(self.sizes))]

    def levels(self, segments: Any) -> dict[str, list[str]]:
        """Return the columns of some segments."""
        return {
            name: [f"level {code}" for code in codes]
            for name, codes in zip(self.names, np.unravel_index(segments, self.sizes), strict=True)
        }

    @property
    def every_segment(self) -> list[tuple[str, ...]]:
        """The levels of all segments, in order."""
        return list(zip(*self.levels(np.arange(len(self.rates))).values(), strict=True))

    @property
    def history(self) -> dict[str, list[Any]]:
        """The past as a table."""
        dated = {} if self.day is None else {"at": [FIRST + timedelta(int(day)) for day in self.day]}
        won = self.won.astype(int).tolist()
        return {"rep_id": self.rep.tolist(), **self.levels(self.past), "converted": won, **dated}

    @cached_property
    def counts(self) -> tuple[Any, Any]:
        """Past leads tried and won, both int64 (n_segments, n_reps)."""
        shape = (len(self.rates), self.n_reps)
        cell = np.ravel_multi_index((self.past, self.rep), shape)
        return tuple(
            np.bincount(cell, weights, minlength=shape[0] * shape[1]).reshape(shape) for weights in (None, self.won)
        )

    @property
    def capacity(self) -> Any:
        """Slots of each rep: the same for all."""
        return np.full(self.n_reps, round(SLOTS * LEADS_A_REP))

    @cached_property
    def round_robin(self) -> Any:
        """Leads dealt in turn."""
        return np.arange(len(self.leads)) % self.n_reps

    def plan(self, rates: Any) -> Any:
        """Return the best assignment if these rates (n_segments, n_reps) were true: int64 (n_leads,)."""
        import leadopt

        match = leadopt.match(leadopt.Affinity(rates=rates, row=self.leads), self.capacity)
        if match.status.name != "OPTIMAL":
            raise AssertionError(f"a match is {match.status.name}, not OPTIMAL")
        return match.rep_of_lead

    def earned(self, rep_of_lead: Any, rates: Any = None) -> float:
        """Return the deals that an assignment earns on average, in truth or by other rates."""
        return float((self.rates if rates is None else rates)[self.leads, rep_of_lead].sum())
