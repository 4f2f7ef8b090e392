"""Leads that have no owner and may be claimed: pools, who is a member, and what a claim is bound to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.rules.conditions import Where
from leadopt.lifecycle.rules.reading import (
    check_flag,
    check_text,
    count,
    period,
    set_count,
    set_periods,
    set_words,
)
from leadopt.tables.ids import alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Which reps see a pool and claim from it: those of one of the teams, and those with one of the tags.

    Parameters
    ----------
    teams
        names of teams, one or more; left out = by tags alone
    tags
        tags of reps, one or more; left out = by teams alone
    """

    teams: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Make tuples of lists, and refuse nobody."""
        for name in ("teams", "tags"):
            if getattr(self, name) is not None:
                set_words(self, "rules.pool.members", name, least=1)
        if self.teams is None and self.tags is None:
            raise InvalidInput("rules.pool.members: must name teams or tags, or be left out for everybody; found none")

    def include(self, team: str | None, tags: Iterable[str] = ()) -> bool:
        """Return whether a rep of a team, with some tags, is a member."""
        wanted = set(map(alike, self.tags or ()))
        of_team = team is not None and alike(team) in map(alike, self.teams or ())
        return of_team or not wanted.isdisjoint(map(alike, tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRules:
    """A pool of leads without an owner.

    Parameters
    ----------
    name
        what it is called
    members
        which teams and tags see it and claim from it; left out = everybody
    where
        which leads go there if nobody names a pool: columns with a value, a list of values, "< 5", "<= 5", "> 5",
        ">= 5" or "missing", all of which hold; the first pool whose condition holds; left out = none by themselves
    default
        whether leads go there for which no condition holds; true for exactly one pool
    """

    name: str
    members: Members | None = None
    where: Where | None = None
    default: bool = False

    def __post_init__(self) -> None:
        """Read the condition, and refuse what is no pool."""
        check_text(self.name, "rules.pool.name", "a text")
        check_flag(self.default, f'rules.pool "{self.name}": default')
        if self.where is not None:
            object.__setattr__(self, "where", Where.of(self.where, f'rules.pool "{self.name}": where'))


def check_pools(pools: Collection[PoolRules]) -> None:
    """Refuse pools of one name, and no or two default pools."""
    check_names([pool.name for pool in pools], "pool")
    names = [f'"{pool.name}"' for pool in pools if pool.default]
    if len(names) == 1:
        return
    if names:
        raise InvalidInput(f"rules.pool: only one may have default = true; found {' and '.join(names)}")
    told = " or ".join(f'"{pool.name}"' for pool in pools)
    raise InvalidInput(f"rules.pool: one must have default = true; found none: write it for {told or 'one'}")


def check_names(names: Iterable[str], what: str) -> None:
    """Refuse two of one name, however it is written."""
    seen: dict[str, str] = {}
    for name in names:
        if alike(name) in seen:
            raise InvalidInput(f'rules.{what}: "{name}" is there twice; give one another name')
        seen[alike(name)] = name


def pool_named(name: str, pools: Iterable[PoolRules]) -> PoolRules:
    """Return the pool of a name, however it is written.

    Raises
    ------
    InvalidInput
        there is none; names the nearest
    """
    known = {alike(pool.name): pool for pool in pools}
    if alike(name) not in known:
        raise InvalidInput(
            f'rules.pool: there is no pool "{name}"{did_you_mean(name, [pool.name for pool in known.values()])}'
        )
    return known[alike(name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """What a rep is bound to who takes a lead from a pool.

    Parameters
    ----------
    embargo
        how long after it came to the pool a lead cannot be claimed; 0 or off = not at all
    per_day
        claims of a rep on one day; giving a lead back refunds none; off = no limit, 0 = none
    hide
        columns that nobody sees of a lead until it is claimed
    """

    embargo: Duration | None = period("12 hours")
    per_day: int | None = count(5)
    hide: tuple[str, ...] = ("phone", "email", "address", "name")

    def __post_init__(self) -> None:
        """Read the duration, and refuse what is none."""
        set_periods(self, "rules.claim", ("embargo",))
        set_count(self, "rules.claim", "per_day")
        set_words(self, "rules.claim", "hide")
