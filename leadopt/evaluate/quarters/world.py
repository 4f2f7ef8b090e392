"""Two quarters of a sales floor before anybody decides anything: leads, people, luck; the same for every arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.evaluate.quarters.hours import DAY, WEEK, at_work, worked
from leadopt.evaluate.quarters.setting import Quarter
from leadopt.evaluate.seasons.floor import INDUSTRIES, LANGUAGES, Requests, rep_names
from leadopt.evaluate.seasons.stream import SIZES
from leadopt.learning.effects.logistic import sigmoid

ATTEMPTS = 3  # that a lead is worked on at most with luck of their own; later ones share the last
_SPEAKS = 0.5
_FRIDAY_EVENING, _EIGHT = 4 * DAY + 18.0, 8.0
# Of a day's leads by hour from 8 to 20: a peak before noon, a smaller one after it, a tail into the evening.
_BY_HOUR = np.array([3, 7, 12, 12, 6, 8, 12, 11, 8, 5, 4, 3, 2], dtype=np.float64)
_DAY_SPREAD = 0.18  # of the logarithm of a day's leads: most days of 20 have 15 to 28
Spell = tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """Who works there; arrays (n_reps,), moments in hours since the start.

    Parameters
    ----------
    names
        what they are called
    speaks
        bool (n_reps, n_languages)
    joined, left
        moments; -inf = was there before, inf = stays
    away
        the spells of illness of each, in order
    pace
        working hours until a lead is answered, typically
    forgets, slides
        shares of leads that are never answered, and let slide after the first answer, unless somebody reminds
    dislikes
        the industry of which a rep hands leads back
    """

    names: tuple[str, ...]
    speaks: Bools
    joined: Floats
    left: Floats
    away: tuple[tuple[Spell, ...], ...]
    pace: Floats
    forgets: Floats
    slides: Floats
    dislikes: Ints

    def is_there(self, rep: int, moment: float) -> bool:
        """Return whether a rep works there and is not ill."""
        return bool(self.joined[rep] <= moment < self.left[rep]) and not any(a <= moment < b for a, b in self.away[rep])

    def acts(self, rep: int, since: float, hours: float) -> float:
        """Return when a rep has worked so many hours since a moment and is there; inf = never, as the rep left."""
        moment = at_work(float(worked(since)) + hours)
        for begin, end in self.away[rep]:
            if begin <= moment < end:  # what has piled up is answered on the first morning
                moment = at_work(float(worked(end)) + hours % 4.0)
        return moment if moment < self.left[rep] else float("inf")


@dataclass(frozen=True, kw_only=True, eq=False)
class Luck:
    """Uniform numbers in (0, 1) that decide what happens, by lead, and rep or attempt; exponential ones for waits."""

    win: Floats
    patience: Floats
    gives_up: Floats
    complains: Floats
    answer: Floats
    forgets: Floats
    slides: Floats
    refuses: Floats
    heeds: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, n_leads: int, n_reps: int) -> Luck:
        by_attempt, by_rep = (n_leads, ATTEMPTS), (n_leads, n_reps)
        return cls(
            win=rng.random(by_attempt),
            patience=rng.exponential(size=by_attempt),
            gives_up=rng.random(by_attempt),
            complains=rng.random(n_leads),
            answer=np.exp(rng.normal(0.0, 0.5, by_rep)),
            forgets=rng.random(by_rep),
            slides=rng.random(by_rep),
            refuses=rng.random(by_rep),
            heeds=rng.random((n_leads, n_reps, 2)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """Two quarters: the one before, and the one that is looked at.

    Parameters
    ----------
    setting
        how it was drawn
    arrived
        float64 (n_leads,), when each lead came, in hours since the start, ascending
    asked
        what each lead is
    bad, key
        bool (n_leads,), whether it is spam, and of a key account
    rates
        float64 (n_segments, n_reps), true chances of leads that are answered at once
    people, luck
        who works there, and what chance decides
    """

    setting: Quarter
    arrived: Floats
    asked: Requests
    bad: Bools
    key: Bools
    rates: Floats
    people: People
    luck: Luck

    @property
    def middle(self) -> float:
        """The moment at which the quarter before ends, in hours."""
        return self.setting.weeks * WEEK

    @property
    def end(self) -> float:
        """The moment at which all ends."""
        return 2 * self.middle

    def rows(self, leads: Ints | list[int]) -> dict[str, list[Any]]:
        """Return what the user's table says of some leads."""
        chosen = np.asarray(leads, dtype=np.int64)
        columns = {name: np.array(cells, dtype=object)[chosen].tolist() for name, cells in self.columns.items()}
        return {"lead_id": [lead_id(lead) for lead in chosen.tolist()], **columns}

    @property
    def columns(self) -> dict[str, list[Any]]:
        """All that is known of leads when they come."""
        tier = np.where(self.key, "key", "standard").tolist()
        return {**self.asked.columns(), "tier": tier}

    def speaks(self, rep: int, lead: int) -> bool:
        """Return whether a rep speaks the language of a lead."""
        return bool(self.people.speaks[rep, self.asked.language[lead]])

    @classmethod
    def draw(cls, setting: Quarter, rng: np.random.Generator) -> World:
        """Return two quarters of a floor."""
        n_reps = setting.n_reps + 2 * setting.leaves
        rates = sigmoid(setting.strengths.draw(rng, SIZES, n_reps)[0])
        people = _people(setting, n_reps, rng)
        arrived = _arrivals(setting, rng)
        return cls(
            setting=setting,
            arrived=arrived,
            asked=Requests.draw(rng, len(arrived)),
            bad=rng.random(len(arrived)) < setting.bad_leads,
            key=rng.random(len(arrived)) < setting.key_accounts,
            rates=rates,
            people=people,
            luck=Luck.draw(rng, len(arrived), n_reps),
        )


def lead_id(lead: int) -> str:
    """Return what a lead is called in the CRM."""
    return f"L{lead + 1:04d}"


def _arrivals(setting: Quarter, rng: np.random.Generator) -> Floats:
    """Return when leads come, on working days, by the hour."""
    days = [week * WEEK + day * DAY for week in range(2 * setting.weeks) for day in range(5)]
    n = np.round(setting.leads_a_day * np.exp(rng.normal(0.0, _DAY_SPREAD, len(days)))).astype(np.int64)
    hours = rng.choice(len(_BY_HOUR), int(n.sum()), p=_BY_HOUR / _BY_HOUR.sum())
    return np.sort(np.repeat(days, n) + _EIGHT + hours)


def _people(setting: Quarter, n: int, rng: np.random.Generator) -> People:
    speaks = rng.random((n, len(LANGUAGES))) < _SPEAKS
    speaks[:, 0] = speaks[:2] = True  # everybody speaks the first language, and two who stay speak all
    joined, left = _staff(setting, n)
    return People(
        names=tuple(rep_names(n)),
        speaks=speaks,
        joined=joined,
        left=left,
        away=tuple(_spells(setting, rng) for _ in range(n)),
        pace=setting.response_hours * np.exp(rng.normal(0.0, 0.5, n)),
        forgets=_spread(setting.forgets, n, rng),
        slides=_spread(setting.slides, n, rng),
        dislikes=rng.integers(len(INDUSTRIES), size=n),
    )


def _staff(setting: Quarter, n: int) -> tuple[Floats, Floats]:
    """Return when each rep comes and goes: in either quarter some leave, and as many come."""
    joined, left = np.full(n, -np.inf), np.full(n, np.inf)
    for quarter in range(2):
        for k in range(setting.leaves):
            place = quarter * setting.leaves + k
            week = quarter * setting.weeks + min(setting.weeks // 2 + k, setting.weeks - 1)
            left[setting.n_reps - 1 - place] = week * WEEK + _FRIDAY_EVENING
            joined[setting.n_reps + place] = (week + 2) * WEEK
    return joined, left


def _spells(setting: Quarter, rng: np.random.Generator) -> tuple[Spell, ...]:
    """Return when a rep is ill: from a morning to a morning."""
    found = []
    for quarter in range(2):
        day, length = int(rng.integers(setting.weeks * 5)), int(rng.integers(1, 9))
        if rng.random() < setting.ill:
            first = quarter * setting.weeks * 5 + day
            begin, end = (week * WEEK + rest * DAY for week, rest in (divmod(first, 5), divmod(first + length, 5)))
            found.append((begin, end))
    return tuple(found)


def _spread(mean: float, n: int, rng: np.random.Generator) -> Floats:
    """Return shares that differ widely around a mean: most below it, a few far above."""
    drawn = rng.beta(1.0, 2.0, n) * 3.0 * mean
    return np.minimum(drawn, 0.9)
