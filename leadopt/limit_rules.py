"""Limits as people say them: for whom, over which leads, how much at most and at least. `[[limit]]` of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput, did_you_mean, enumerate_some
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Limit
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_id, as_level, is_number
from leadopt.tables.columns import Columns
from leadopt.tables.ids import IdBook, level_alike
from leadopt.tables.text import number

_MOST = 2.0**53  # floats beyond are no exact whole numbers
_SHOWN = 3  # ids or levels in a name
_TIME = ("effort", "hours")
_WORDS = ("leads", "value", "gain", *_TIME)

Chosen = tuple[Id, ...] | Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule:
    r"""How much some reps may or must get of some leads.

    .. math:: least \le \sum_{i \in leads} \sum_{j \in reps} usage_{ij} x_{ij} \le most

    Parameters
    ----------
    reps, leads
        ids, or columns with the levels that count, as in ``{"team": "North"}`` or ``{"source": ["web", "fair"]}``:
        several columns must all fit, letter case and blanks around are no matter, and "" is an empty cell; None = all
    most, least
        the bounds; one of them is needed
    usage
        what a lead counts: "leads" (1 each), "value" (its value, if won), "gain" (its expected gain with the rep),
        "effort" or "hours" (the hours that it takes the rep), or a column of leads with numbers, 0 or more
    weight
        gain lost per unit beyond a bound; None = the bound is hard
    each
        True = a limit of its own for each of the reps; a column of reps = one for each of its levels; False = one for
        all of them together
    name
        what explanations and refusals call it; None = what it says, such as "leads with source web of team North"

    Examples
    --------
    >>> LimitRule(reps={"team": "North"}, leads={"source": "web"}, most=5).words
    'leads with source web of team North'
    """

    reps: Chosen | None = None
    leads: Chosen | None = None
    most: float | None = None
    least: float | None = None
    usage: str = "leads"
    weight: float | None = None
    each: bool | str = False
    name: str | None = None

    def __post_init__(self) -> None:
        """Make plain what was chosen, and refuse what is no limit."""
        if self.name is not None and not (isinstance(self.name, str) and self.name.strip()):
            raise InvalidInput(f"policy.limit: name must be a text, or left out; found {self.name!r}")
        for side in ("reps", "leads"):
            object.__setattr__(self, side, _chosen(getattr(self, side), f"{self.where}: {side}"))
        for bound in ("most", "least", "weight"):
            value = getattr(self, bound)
            if value is not None and not (is_number(value) and 0 <= value < np.inf):
                raise InvalidInput(f"{self.where}: {bound} must be a number, 0 or more; found {value!r}")
        if self.most is None and self.least is None:
            raise InvalidInput(f'{self.where}: needs "most" or "least"; found neither')
        if self.most is not None and self.least is not None and self.least > self.most:
            least, most = number(self.least), number(self.most)
            raise InvalidInput(f"{self.where}: least must not exceed most; found {least} > {most}")
        if not isinstance(self.usage, str):
            words = ", ".join(f'"{word}"' for word in _WORDS)
            raise InvalidInput(f"{self.where}: usage must be {words} or a column of leads; found {self.usage!r}")
        if not isinstance(self.each, bool | str):
            raise InvalidInput(f"{self.where}: each must be true, false or a column of reps; found {self.each!r}")

    @classmethod
    def of(cls, data: Any) -> LimitRule:
        """Return the rule itself, or the one that plain data describe."""
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping):
            raise InvalidInput(
                'policy.limit: a limit must look like {reps = {team = "North"}, most = 5} ([[limit]] in TOML); '
                f"found {data!r}"
            )
        known = [field.name for field in fields(cls)]
        for key in data:
            if key not in known:
                raise InvalidInput(f'policy.limit: unknown key "{key}"{did_you_mean(str(key), known)}')
        return cls(**{key: value for key, value in data.items() if value is not None})

    @property
    def where(self) -> str:
        """What messages call it."""
        return f'policy.limit "{self.name}"' if self.name else "policy.limit"

    @property
    def words(self) -> str:
        """What it is about: its name, or what it says."""
        return self.name or f"{self._what}{_of(self.reps)}"

    @property
    def _what(self) -> str:
        what = {"gain": "expected gain", "effort": "hours"}.get(self.usage, self.usage)
        if isinstance(self.leads, Mapping):
            return f"{what}{' of leads' * (what != 'leads')} with {_levels(self.leads)}"
        if self.leads is not None:
            some = enumerate_some(self.leads, _SHOWN)
            return f"leads {some}" if what == "leads" else f"{what} of leads {some}"
        return what if self.reps is not None or self.each else f"{what} of all reps"

    def named(self, member: str) -> str:
        """Return what the limit of one rep or one level is called."""
        return f"{self.name or self._what} of {member}"

    def plain(self) -> dict[str, Any]:
        """Return plain data that `of` takes back, without what is left at its default."""
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        told = {key: value for key, value in data.items() if value is not None}
        for side in ("reps", "leads"):
            if side in told:
                told[side] = _plain(told[side])
        return {key: value for key, value in told.items() if (key, value) not in (("usage", "leads"), ("each", False))}


def as_rules(given: Any) -> tuple[LimitRule, ...]:
    """Return one rule or several, as data or as they are, as a tuple."""
    several = given if isinstance(given, list | tuple) else () if given is None else (given,)
    return tuple(LimitRule.of(one) for one in several)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What limits are made of.

    Parameters
    ----------
    leads, reps, lead_ids, rep_ids, columns
        the tables, their ids, and what their columns are called
    gain
        the expected gain of each pair, nothing negative
    value
        returns what each lead is worth if won, float64 (n_leads,); None where nobody says
    away
        bool (n_reps,), who is not there
    """

    leads: Table
    reps: Table
    lead_ids: Sequence[Id]
    rep_ids: Sequence[Id]
    columns: Columns
    gain: Affinity
    value: Floats | None
    away: Bools


def rule_limits(rules: Sequence[LimitRule], floor: Floor) -> tuple[list[Limit], list[str]]:
    """Return the limits of all rules, and notes.

    Raises
    ------
    InvalidInput
        a column, level or id that is not there (names the nearest); a column that holds no numbers
    """
    limits, notes = list[Limit](), list[str]()
    for rule in rules:
        found, said = _limits_of(rule, floor)
        limits += found
        notes += said
    return limits, notes


def _limits_of(rule: LimitRule, floor: Floor) -> tuple[list[Limit], list[str]]:
    leads, notes = _leads(rule, floor)
    reps = _reps(rule, floor)
    usage, limits = _usage(rule, floor), []
    for name, members in _groups(rule, floor, reps):
        least = (rule.least or 0.0) if floor.lead_ids else 0.0  # an empty batch asks for nothing
        if least and len(members) and floor.away[members].all():
            who = "who is" if len(members) == 1 else "who are all"
            notes.append(f"limit {name}: asks for nothing of {_ids(floor, members)}, {who} away")
            least = 0.0
        if rule.most is None and least == 0.0:
            continue
        limits.append(
            Limit(
                reps=None if len(members) == len(floor.rep_ids) else members,
                leads=leads,
                usage=usage,
                lower=least,
                upper=np.inf if rule.most is None else rule.most,
                penalty=rule.weight,
                name=name,
                kind=LimitKind.OWN,
                of=int(members[0]) if len(members) == 1 else None,
            )
        )
    return limits, notes


def _leads(rule: LimitRule, floor: Floor) -> tuple[Ints | None, list[str]]:
    """Return which leads count, None = all, and a note of levels that no lead of this batch has.

    A batch without leads of a kind is an ordinary one, so that only a minimum over such leads is refused.
    """
    if rule.leads is None:
        return None, []
    if not isinstance(rule.leads, Mapping):
        return _among(rule.leads, floor.lead_ids, f"{rule.where}: leads", floor.leads.name), []
    fits, absent = _fitting(rule.leads, floor.leads, f"{rule.where}: leads")
    notes = [f"limit {rule.words}: no lead here has {gone}" for gone in absent]
    if len(floor.lead_ids) and not fits.any() and rule.least and rule.weight is None:
        raise InvalidInput(
            f"{rule.where}: asks for {number(rule.least)} or more, and no lead here has "
            f"{absent[0] if absent else _levels(rule.leads)}; lower least, or give it a weight"
        )
    return np.flatnonzero(fits), notes


def _reps(rule: LimitRule, floor: Floor) -> Ints:
    if rule.reps is None:
        return np.arange(len(floor.rep_ids))
    if not isinstance(rule.reps, Mapping):
        return _among(rule.reps, floor.rep_ids, f"{rule.where}: reps", floor.reps.name)
    fits, absent = _fitting(rule.reps, floor.reps, f"{rule.where}: reps")
    if absent and len(floor.rep_ids):
        raise InvalidInput(f"{rule.where}: reps: no rep has {absent[0]}")
    return np.flatnonzero(fits)


def _groups(rule: LimitRule, floor: Floor, reps: Ints) -> list[tuple[str, Ints]]:
    """Return each set of reps that has a limit of its own, and what that is called."""
    if rule.each is False:
        return [(rule.words, reps)]
    if rule.each is True:
        return [(rule.named(str(floor.rep_ids[rep])), reps[k : k + 1]) for k, rep in enumerate(reps.tolist())]
    _require(floor.reps, rule.each, f"{rule.where}: each")
    cells = floor.reps.levels(rule.each)
    levels = [_fold(cell) for cell in cells]
    shown = dict(zip(reversed(levels), reversed(cells), strict=True))  # as it is written first
    kinds = dict.fromkeys(levels[rep] for rep in reps.tolist())
    return [
        (
            rule.named(f"{rule.each} {str(shown[kind]).strip() if kind else 'empty'}"),
            np.array([rep for rep in reps.tolist() if levels[rep] == kind]),
        )
        for kind in kinds
    ]


def _usage(rule: LimitRule, floor: Floor) -> float | Floats | Affinity:
    word, leads, columns = rule.usage, floor.leads, floor.columns
    if word == "leads":
        return 1.0
    if word == "gain":
        return floor.gain
    if word == "value" and floor.value is not None:
        return floor.value
    if word in _TIME and columns.effort in leads:
        pace = np.ones(len(floor.rep_ids))
        if columns.pace in floor.reps:
            pace = floor.reps.numbers(columns.pace, low=0, high=_MOST, missing=1.0)
        effort = leads.numbers(columns.effort, low=0, high=_MOST)
        return Affinity(rates=pace[None], row=np.zeros(len(effort), dtype=np.int64), scale=effort)
    if word in leads:
        return leads.numbers(word, low=0, high=_MOST)
    if not leads.n_rows:
        return 1.0
    needs = {"value": columns.value, "effort": columns.effort, "hours": columns.effort}
    if word in needs:
        raise InvalidInput(
            f'{rule.where}: usage "{word}" needs a column "{needs[word]}" of {leads.name}'
            f"{did_you_mean(needs[word], leads.columns)}"
        )
    raise InvalidInput(
        f'{rule.where}: usage "{word}" is no column of {leads.name}{did_you_mean(word, [*_WORDS, *leads.columns])}'
    )


def _among(wanted: Sequence[Id], ids: Sequence[Id], where: str, table: str) -> Ints:
    """Return the indices of some ids, however they are written; text stands for a number or UUID that reads so."""
    known = list(map(str, ids))
    book, places = IdBook(known), list[int]()
    for one in wanted:
        if (place := book.place(str(one))) is None:
            raise InvalidInput(f"{where}: {one!r} is not in {table}{did_you_mean(str(one), known)}")
        places.append(place)
    return np.unique(np.array(places, dtype=np.int64))


def _fitting(chosen: Mapping[str, tuple[str, ...]], table: Table, where: str) -> tuple[Bools, list[str]]:
    """Return which rows have the levels of all columns, and which levels no row has, with the nearest that one has."""
    fits, absent = np.ones(table.n_rows, dtype=bool), list[str]()
    for column, levels in chosen.items():
        _require(table, column, where)
        if column not in table:  # an empty table
            continue
        cells = table.levels(column)
        folded = [_fold(cell) for cell in cells]
        known = {_fold(cell): str(cell).strip() for cell in reversed(cells) if _fold(cell)}
        absent += [
            f'{column} "{level}"{did_you_mean(level, known.values())}' for level in levels if _fold(level) not in folded
        ]
        wanted = {_fold(level) for level in levels}
        fits &= np.array([cell in wanted for cell in folded], dtype=bool)
    return fits, absent


def _require(table: Table, column: str, where: str) -> None:
    if column not in table and (table.columns or table.n_rows):
        raise InvalidInput(f'{where}: {table.name} has no column "{column}"{did_you_mean(column, table.columns)}')


def _ids(floor: Floor, reps: Ints) -> str:
    return enumerate_some((floor.rep_ids[rep] for rep in reps.tolist()), _SHOWN)


def _chosen(given: Any, where: str) -> Chosen | None:
    """Return ids as a tuple, or columns with their levels as text."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        if not given or not all(isinstance(column, str) for column in given):
            raise InvalidInput(f'{where} must name columns with levels, as in {{team = "North"}}; found {given!r}')
        return {column: _as_levels(levels, f"{where}.{column}") for column, levels in given.items()}
    several = given if isinstance(given, list | tuple | set | frozenset) else (given,)
    ids = [as_id(one) for one in several]
    if not ids or None in ids:
        raise InvalidInput(f'{where} must be ids, or columns with levels as in {{team = "North"}}; found {given!r}')
    return tuple(one for one in ids if one is not None)


def _as_levels(given: Any, where: str) -> tuple[str, ...]:
    several = list(given) if isinstance(given, list | tuple | set | frozenset) else [given]
    if not several or any(isinstance(one, Mapping | list | tuple) for one in several):
        raise InvalidInput(f"{where}: must be a level or a list of them; found {given!r}")
    return tuple("" if (level := as_level(one)) is None else level.strip() for one in several)


def _fold(level: str | None) -> str:
    """Return a level as it is compared: nothing for an empty cell."""
    return level_alike(level) or ""


def _levels(chosen: Mapping[str, tuple[str, ...]]) -> str:
    return " and ".join(f"{column} {_either(levels)}" for column, levels in chosen.items())


def _either(levels: Sequence[str]) -> str:
    shown = [level or "empty" for level in levels]
    return enumerate_some(shown, _SHOWN) if len(shown) > _SHOWN else " or ".join(shown)


def _of(chosen: Chosen | None) -> str:
    if chosen is None:
        return ""
    return f" of {_levels(chosen) if isinstance(chosen, Mapping) else enumerate_some(chosen, _SHOWN)}"


def _plain(chosen: Chosen) -> Any:
    if isinstance(chosen, Mapping):
        return {column: list(levels) for column, levels in chosen.items()}
    return [str(one) if isinstance(one, UUID) else one for one in chosen]
