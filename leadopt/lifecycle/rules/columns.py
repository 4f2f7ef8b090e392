"""Which columns the rules name, and whether the tables have them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.rules.ownership import CapRules, StickyRules
from leadopt.lifecycle.rules.periods import RecallRules
from leadopt.lifecycle.rules.pools import PoolRules
from leadopt.lifecycle.rules.reviews import KEY_ACCOUNTS, ReviewRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The rules that name columns, and the calendar.

    Parameters
    ----------
    recall, pools, reviews, sticky, caps
        as in `Rules`
    calendar
        of these rules
    """

    recall: RecallRules
    pools: tuple[PoolRules, ...]
    reviews: tuple[ReviewRules, ...]
    sticky: StickyRules
    caps: CapRules
    calendar: Calendar


def columns_of(rules: Naming) -> tuple[str, ...]:
    """Return the columns of leads that rules name, each once and in order."""
    return tuple(sorted({column for _, columns in _named(rules) for column in columns}))


def check_columns(rules: Naming, columns: Collection[str], rep_columns: Collection[str] | None) -> tuple[str, ...]:
    """Return notes on rules that are off and on long closures; refuse a column that is not there."""
    return (*_of_leads(rules, columns), *_of_reps(rules, rep_columns), *_closures(rules))


def _named(rules: Naming) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each rule that names columns of leads, as a message calls it, with its columns."""
    for exception in rules.recall.exceptions:
        yield f"rules.recall.for ({exception.words})", exception.where.columns
    for pool in rules.pools:
        if pool.where is not None:
            yield f'rules.pool "{pool.name}": where', pool.where.columns
    for rule in rules.reviews:
        yield f'rules.review "{rule.name}": where', rule.where.columns
    if rules.sticky.by is not None:
        yield "rules.sticky.by", (rules.sticky.by,)


def _of_leads(rules: Naming, columns: Collection[str]) -> Iterator[str]:
    there_anyway = {
        f'rules.review "{KEY_ACCOUNTS.name}": where': KEY_ACCOUNTS in rules.reviews,
        "rules.sticky.by": rules.sticky.by == StickyRules().by,
    }
    for where, named in _named(rules):
        for column in named:
            if column in columns:
                continue
            if not there_anyway.get(where):
                raise InvalidInput(f'{where}: leads have no column "{column}"{did_you_mean(column, columns)}')
            yield f'{where.removesuffix(": where")} is off: leads have no column "{column}"'


def _of_reps(rules: Naming, columns: Collection[str] | None) -> Iterator[str]:
    cap = rules.caps.open
    if columns is None or not isinstance(cap, str) or cap in columns:
        return
    if cap != CapRules().open:
        raise InvalidInput(f'rules.caps.open: reps have no column "{cap}"{did_you_mean(cap, columns)}')
    yield f'rules.caps.open is off: reps have no column "{cap}"'


def _closures(rules: Naming) -> Iterator[str]:
    for first, last in rules.calendar.closures():
        n_days = (last - first).days + 1
        yield (
            f"rules.time.holidays: nobody works for {n_days} days, from {first} to {last}; what falls due then waits "
            "until work begins again"
        )
