"""What a rep does with a lead, by habit and luck, whoever gave it: the same in every arm."""

from __future__ import annotations

from typing import NamedTuple

from leadopt.evaluate.quarters.hours import DAY
from leadopt.evaluate.quarters.world import ATTEMPTS, World

FOLLOWS, REFUSES, BAD, WON, LOST, GIVES_UP = "follows", "refuses", "bad", "won", "lost", "gives_up"
EVERY_DAYS = 11.0  # a rep who works on a lead gets in touch again; with a weekend, less than two weeks
COMPLAINS_AFTER = 5 * DAY
_HEEDED_WITHIN = 4.0  # working hours


class Act(NamedTuple):
    """What a rep does, when (inf = never: the rep is gone by then), and why."""

    what: str
    at: float
    reason: str = ""


def answer(world: World, lead: int, rep: int, since: float) -> Act | None:
    """Return how a rep who got a lead answers it; None = the rep forgets it."""
    people, luck = world.people, world.luck
    if luck.forgets[lead, rep] < people.forgets[rep]:
        return None
    return _answered(world, lead, rep, people.acts(rep, since, float(people.pace[rep] * luck.answer[lead, rep])))


def heeded(world: World, lead: int, rep: int, since: float, time: int) -> Act | None:
    """Return how a rep answers a lead after being reminded the first or second time; None = not at all."""
    drawn = float(world.luck.heeds[lead, rep, time])
    if drawn >= world.setting.heeds:
        return None
    within = _HEEDED_WITHIN * drawn / world.setting.heeds
    return _answered(world, lead, rep, world.people.acts(rep, since, within))


def _answered(world: World, lead: int, rep: int, at: float) -> Act:
    if world.bad[lead]:
        return Act(BAD, at, "spam")
    if not world.speaks(rep, lead):
        return Act(REFUSES, at, "wrong_language")
    dislikes = world.people.dislikes[rep] == world.asked.industry[lead]
    if dislikes and world.luck.refuses[lead, rep] < world.setting.refuses:
        return Act(REFUSES, at, "wrong_segment")
    return Act(FOLLOWS, at)


def slides(world: World, lead: int, rep: int) -> bool:
    """Return whether a rep lets a lead slide after the first answer."""
    return bool(world.luck.slides[lead, rep] < world.people.slides[rep])


def chance(world: World, lead: int, rep: int, answered: float, attempt: int) -> float:
    r"""Return the true chance that a rep wins a lead.

    .. math:: p_{sj} \cdot 2^{-\text{days until first answered} / \text{half-life}} \cdot again^{\text{attempts before}}
    """
    setting = world.setting
    days = max(0.0, answered - float(world.arrived[lead])) / DAY
    rate = float(world.rates[world.asked.segment[lead], rep])
    return float(rate * 0.5 ** (days / setting.half_life_days) * setting.again**attempt)


def ending(world: World, lead: int, rep: int, since: float, answered: float, attempt: int) -> Act:
    """Return what comes of a lead that a rep works on since a moment, and when."""
    setting, luck, draw = world.setting, world.luck, min(attempt, ATTEMPTS - 1)
    won = luck.win[lead, draw] < chance(world, lead, rep, answered, attempt)
    days = float(luck.patience[lead, draw]) * (setting.win_days if won else setting.loss_days)
    at = world.people.acts(rep, since + days * DAY, 0.0)
    gives_up = luck.gives_up[lead, draw] < setting.gives_up
    return Act(WON if won else GIVES_UP if gives_up else LOST, at)


def complaint(world: World, lead: int) -> float:
    """Return when the customer complains if nobody has answered by then; inf = never."""
    patient = world.bad[lead] or world.luck.complains[lead] >= world.setting.complains
    return float("inf") if patient else float(world.arrived[lead]) + COMPLAINS_AFTER
