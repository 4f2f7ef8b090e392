"""`Rules`: every setting of a desk as frozen data, from TOML or a dict, to JSON, with a fingerprint."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Calendar, Duration
from leadopt.lifecycle.rules.columns import Naming, check_columns, columns_of
from leadopt.lifecycle.rules.conditions import Cell, Where
from leadopt.lifecycle.rules.conduct import RestrictRules, RewardRules
from leadopt.lifecycle.rules.ownership import CapRules, CreditRules, LeaveRules, ProtectRules, StickyRules
from leadopt.lifecycle.rules.periods import FollowRules, Periods, RecallRules, TimeRules
from leadopt.lifecycle.rules.pools import ClaimRules, PoolRules, check_names, check_pools, pool_named
from leadopt.lifecycle.rules.reading import period, plain, read, set_periods, tables_of
from leadopt.lifecycle.rules.reviews import KEY_ACCOUNTS, ReviewRules
from leadopt.tables.reading.encodings import read_text

MAIN = PoolRules(name="main", default=True)
"""The pool that is there if nobody writes one: everybody is a member."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """All the rules of a desk.

    A duration is "3 days", "8 working hours" or the like, 0 for at once, "off" for never; in Python None is off.

    Parameters
    ----------
    time
        zone, working hours and holidays
    follow
        by when a lead is followed up, what counts, and who is told
    recall
        when a lead is taken back, who gets it, and other periods for some leads
    pool
        the pools; one of them is the default
    claim
        what a rep is bound to who takes a lead from a pool
    cool_off
        how long nobody gets a lead again who had it; off = not at all
    caps
        how many leads a rep may have
    protect
        how long a manager may protect a lead from recall
    review
        leads that a manager looks at first
    reward
        what good figures bring
    restrict
        what bad figures bring
    leave
        what becomes of the leads of a rep who is away
    sticky
        whether a lead goes to whoever knows its account
    credit
        how what each rep got is remembered

    Examples
    --------
    >>> rules = Rules.from_toml('''
    ... time.zone = "Europe/Berlin"
    ... [[recall.for]]
    ... where = {product = "service"}
    ... first_within = "1 working day"
    ... ''')
    >>> rules.periods({"product": "service"}).rule, str(rules.periods({}).first_within)
    ('product is service', '3 days')
    >>> Rules.from_dict(rules.to_dict()) == rules
    True
    """

    time: TimeRules
    follow: FollowRules = field(default_factory=FollowRules)
    recall: RecallRules = field(default_factory=RecallRules)
    pool: tuple[PoolRules, ...] = (MAIN,)
    claim: ClaimRules = field(default_factory=ClaimRules)
    cool_off: Duration | None = period("14 days")
    caps: CapRules = field(default_factory=CapRules)
    protect: ProtectRules = field(default_factory=ProtectRules)
    review: tuple[ReviewRules, ...] = (KEY_ACCOUNTS,)
    reward: tuple[RewardRules, ...] = ()
    restrict: tuple[RestrictRules, ...] = ()
    leave: LeaveRules = field(default_factory=LeaveRules)
    sticky: StickyRules = field(default_factory=StickyRules)
    credit: CreditRules = field(default_factory=CreditRules)

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        own: Any = type(self)
        for name, (kind, several) in tables_of(own).items():
            given = getattr(self, name)
            found = tuple(given) if several and isinstance(given, list | tuple) else given
            object.__setattr__(self, name, found)
            if not all(isinstance(one, kind) for one in (found if isinstance(found, tuple) else (found,))):
                raise InvalidInput(f"rules.{name}: must be {kind.__name__}(...); found {given!r}")
        set_periods(self, "rules", ("cool_off",))
        check_pools(self.pool)
        check_names([rule.name for rule in self.review], "review")
        rewards, restrictions = [rule.words for rule in self.reward], [rule.words for rule in self.restrict]
        check_names(rewards, "reward")
        check_names([*rewards, *restrictions], "restrict")  # a rep has both by name
        check_names([exception.words for exception in self.recall.exceptions], "recall.for")
        for periods in (self._usual, *(periods for _, periods in self._exceptions)):
            periods.check(self.time.hours)

    # ---- what holds for a lead or a rep

    @cached_property
    def calendar(self) -> Calendar:
        """The calendar by which all durations are counted."""
        return Calendar(self.time.zone, self.time.hours, self.time.holidays)

    @cached_property
    def _usual(self) -> Periods:
        return Periods.of(self.follow, self.recall)

    @cached_property
    def _exceptions(self) -> tuple[tuple[Where, Periods], ...]:
        return tuple((exception.where, self._usual.but(exception)) for exception in self.recall.exceptions)

    def periods(self, columns: Mapping[str, Cell]) -> Periods:
        """Return the periods of a lead: those of the first exception that holds, and which one it is."""
        held = (periods for where, periods in self._exceptions if where.holds(columns))
        return next(held, self._usual)

    def review_of(self, columns: Mapping[str, Cell]) -> ReviewRules | None:
        """Return the first rule by which a manager looks at a lead first; None = none."""
        return next((rule for rule in self.review if rule.where.holds(columns)), None)

    def pool_of(self, columns: Mapping[str, Cell]) -> PoolRules:
        """Return the pool that a lead goes to: the first whose condition holds, else the default."""
        holding = (pool for pool in self.pool if pool.where is not None and pool.where.holds(columns))
        return next(holding, None) or next(pool for pool in self.pool if pool.default)

    def pool_named(self, name: str) -> PoolRules:
        """Return the pool of a name, however it is written.

        Raises
        ------
        InvalidInput
            there is none; names the nearest
        """
        return pool_named(name, self.pool)

    def review_named(self, name: str) -> ReviewRules | None:
        """Return the rule of review of a name; None = none has it, such as those that are always on."""
        return next((rule for rule in self.review if rule.name == name), None)

    def pools_of(self, team: str | None, tags: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names of the pools that a rep of a team, with some tags, sees and claims from."""
        own = tuple(tags)
        return tuple(pool.name for pool in self.pool if pool.members is None or pool.members.include(team, own))

    @cached_property
    def _naming(self) -> Naming:
        return Naming(
            recall=self.recall,
            pools=self.pool,
            reviews=self.review,
            sticky=self.sticky,
            caps=self.caps,
            calendar=self.calendar,
        )

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of leads that rules name, each once and in order."""
        return columns_of(self._naming)

    def check(self, columns: Collection[str], rep_columns: Collection[str] | None = None) -> tuple[str, ...]:
        """Return what somebody should know about these rules for these tables: which are off, and long closures.

        Parameters
        ----------
        columns
            names of the columns of leads
        rep_columns
            names of the columns of reps; None = they are not looked at

        Raises
        ------
        InvalidInput
            a rule names a column that is not there (names the nearest); those that are there if nobody writes one are
            off then, and a note says so
        """
        return check_columns(self._naming, columns, rep_columns)

    # ---- data in and out

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` takes back; settings left at their defaults are spelled out."""
        data: dict[str, Any] = plain(self)
        return data

    def to_json(self) -> str:
        """Return the rules as canonical JSON: keys sorted, no blanks."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of `to_json` in hex digits: equal rules, equal fingerprint, on any machine."""
        return sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the rules that plain data describe.

        Raises
        ------
        InvalidInput
            an unknown setting (names the nearest), a value that is none, or rules that contradict each other
        """
        rules: Self = read(cls, data, "rules")
        return rules

    @classmethod
    def from_toml(cls, text: str | Path) -> Self:
        """Return the rules in a TOML file, or in TOML text.

        Parameters
        ----------
        text
            a path; or text, which has a line end or a "="

        Raises
        ------
        InvalidInput
            as `from_dict`; a file that is not there, or no TOML
        """
        path = text if isinstance(text, Path) or not ("\n" in text or "=" in text) else None
        named = "" if path is None else f"{path}: "
        try:
            return cls.from_dict(tomllib.loads(str(text) if path is None else read_text(path)))
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(f"{named or 'rules: '}is not valid TOML: {error}") from None
        except InvalidInput as error:
            told = str(error)
            raise InvalidInput(told if told.startswith(named) else f"{named}{told}") from None
