"""`Quarter`: what a simulated floor and its people are like."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.evaluate.seasons.floor import Strengths
from leadopt.tables.cells import is_number

_SHARES = (
    "forgets",
    "slides",
    "heeds",
    "refuses",
    "bad_leads",
    "key_accounts",
    "gives_up",
    "complains",
    "again",
    "ill",
)
_COUNTS = {"weeks": 1, "n_reps": 2, "leaves": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """What a simulated floor and its people are like. None of it is measured: all numbers here are assumed.

    Parameters
    ----------
    weeks
        of the quarter; as many before it are by hand in either arm
    n_reps
        who are there at any time
    leads_a_day
        on average of a working day; they come as they come, with peaks before and after noon
    strengths
        how much conversion depends on segment, rep and both, as of `leadopt.evaluate.simulate`
    response_hours
        working hours until a rep answers a lead, typically; reps differ by a half, and so does each of them
    half_life_days
        after so many days until the first follow-up the chance of a win is half
    forgets, slides
        shares of leads that a rep never answers, and answers once and then lets slide, unless somebody reminds; means
        over reps, who differ widely
    heeds
        share of reminders and escalations that are heeded, within half a working day
    refuses
        share of the leads of one industry, which differs by rep, that a rep hands back as not his
    bad_leads, key_accounts
        shares of the leads that are spam, and of key accounts
    gives_up
        share of the leads that a rep would lose which he gives back instead, where that can be done
    again
        what is left of the chance of a lead that somebody had worked on and did not win
    complains
        share of the customers who complain if nobody has answered for five days
    ill
        chance that a rep falls ill in a quarter, for one to eight working days
    leaves
        reps who leave in a quarter, each replaced within two weeks; the first in the middle of it
    win_days, loss_days
        how many days pass on average from the first follow-up until a lead is won or lost
    """

    weeks: int = 13
    n_reps: int = 12
    leads_a_day: float = 18.0
    strengths: Strengths = field(default_factory=Strengths)
    response_hours: float = 6.0
    half_life_days: float = 3.0
    forgets: float = 0.15
    slides: float = 0.1
    heeds: float = 0.7
    refuses: float = 0.15
    bad_leads: float = 0.04
    key_accounts: float = 0.03
    gives_up: float = 0.1
    again: float = 0.3
    complains: float = 0.15
    ill: float = 0.6
    leaves: int = 1
    win_days: float = 16.0
    loss_days: float = 14.0

    def __post_init__(self) -> None:
        """Refuse what no floor can be."""
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            if not (isinstance(value, int) and not isinstance(value, bool) and value >= least):
                raise InvalidInput(f"quarter.{name}: must be a whole number, {least} or more; found {value!r}")
        if self.leaves >= self.n_reps:
            raise InvalidInput(f"quarter.leaves: must be below n_reps, {self.n_reps}; found {self.leaves}")
        if not isinstance(self.strengths, Strengths):
            raise InvalidInput(f"quarter.strengths: must be leadopt.truth.Strengths(...); found {self.strengths!r}")
        for one in fields(self):
            self._check(one.name)

    def _check(self, name: str) -> None:
        value = getattr(self, name)
        if name in _COUNTS or name == "strengths":
            return
        if name in _SHARES and not (is_number(value) and 0 <= value <= 1):
            raise InvalidInput(f"quarter.{name}: must be a share from 0 to 1; found {value!r}")
        if name not in _SHARES and not (is_number(value) and 0 < value < np.inf):
            raise InvalidInput(f"quarter.{name}: must be a number above 0; found {value!r}")


START = date(2026, 1, 5)
"""A Monday: the first day of the quarter before."""
ZONE = "Europe/Berlin"
