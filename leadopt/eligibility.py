"""Which rep may get which lead: rules as frozen data, evaluated once per distinct kind of lead.

A rule turns every lead into a key (its territory, the skills it needs, the reps it must not go to) and says for a key
which reps may take it. Leads with equal keys share the answer, so eligibility costs distinct keys x reps.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.errors import InvalidInput, did_you_mean, enumerate_some
from leadopt.tables import Table, check_same_kind
from leadopt.tables.cells import Id, as_id, as_level
from leadopt.tables.ids import IdBook, level_alike

_AND = re.compile(r"[,/&+、，\r\n]+|\s(?:and|und|et|y)\s")  # what people write between names, beside ; and |
Allows = Callable[[Hashable], Bools]


class Rule(Protocol):
    """A rule of eligibility."""

    @property
    def excludes(self) -> bool:
        """Whether it takes single pairs out, rather than describing who fits."""
        ...

    def keys(self, leads: Table, lead_ids: Sequence[Id]) -> Sequence[Hashable]:
        """Return what the rule looks at in each lead."""
        ...

    def allows(self, reps: Table, rep_ids: Sequence[Id]) -> Allows:
        """Return the function from a key to the reps that may take such a lead, bool (n_reps,)."""
        ...

    def words(self, key: Hashable) -> str:
        """Return what a lead with this key asks of a rep."""
        ...


@dataclass(frozen=True, slots=True)
class MatchRule:
    """A lead's column must equal the rep's; a lead without a value may go to anyone, a rep without one serves none.

    Parameters
    ----------
    column
        column of leads, such as territory
    reps_column
        column of reps that must hold the same; None = the one of that name
    """

    column: str
    reps_column: str | None = None
    excludes = False

    def __post_init__(self) -> None:
        """Refuse names that are no text."""
        _check_names("match", column=self.column, reps_column="" if self.reps_column is None else self.reps_column)

    def keys(self, leads: Table, lead_ids: Sequence[Id]) -> Sequence[Hashable]:
        """Return the folded level of each lead."""
        return [level_alike(level) for level in leads.levels(self.column)]

    def allows(self, reps: Table, rep_ids: Sequence[Id]) -> Allows:
        """Return who has the same level."""
        levels = np.array([level_alike(level) for level in reps.levels(self.reps_column or self.column)], dtype=object)
        return lambda key: np.ones(len(levels), dtype=bool) if key is None else np.asarray(levels == key, dtype=bool)

    def words(self, key: Hashable) -> str:
        """Name column and level."""
        return f'{self.reps_column or self.column} must be "{key}"'


@dataclass(frozen=True, slots=True)
class SkillsRule:
    """A rep must have every skill that a lead needs; both columns hold lists, or text separated by ; or |.

    Parameters
    ----------
    needs
        column of leads: what a rep must have
    has
        column of reps: what each has
    """

    needs: str = "skills"
    has: str = "skills"
    excludes = False

    def __post_init__(self) -> None:
        """Refuse names that are no text."""
        _check_names("skills", needs=self.needs, has=self.has)

    def keys(self, leads: Table, lead_ids: Sequence[Id]) -> Sequence[Hashable]:
        """Return the skills each lead needs."""
        return [_fold_all(skills) for skills in leads.sets(self.needs)]

    def allows(self, reps: Table, rep_ids: Sequence[Id]) -> Allows:
        """Return who has them all."""
        has = [_fold_all(skills) for skills in reps.sets(self.has)]
        return lambda key: np.array([key <= skills for skills in has], dtype=np.bool_)  # type: ignore[operator]

    def words(self, key: Hashable) -> str:
        """Name the skills."""
        return f"{self.has} must include {' and '.join(sorted(key))}"  # type: ignore[call-overload]

    def notes(self, leads: Table, reps: Table) -> list[str]:
        """Return what is said of lists with other marks than ; and | between skills: they count as one skill."""
        sides = [(leads, self.needs), (reps, self.has)]
        skills = [frozenset().union(*map(_fold_all, table.sets(column))) for table, column in sides]
        apart = [frozenset(part for skill in side for part in _parts(skill)) for side in skills]
        notes = list[str]()
        for (table, column), own, other, known in zip(sides, skills, reversed(skills), reversed(apart), strict=True):
            listed = sorted(skill for skill in own - other if len(_parts(skill)) > 1 and set(_parts(skill)) & known)
            if listed:
                notes.append(
                    f"eligibility.skills: {table.name}.{column}: {enumerate_some(map(repr, listed), 3)} counts as one "
                    f"skill; if it is several, write ; or | between them: {'; '.join(_parts(listed[0]))!r}"
                )
        return notes


@dataclass(frozen=True, slots=True)
class ExcludeRule:
    """Single pairs that must not be: listed here as (lead id, rep id), or in a column of leads that lists rep ids.

    Parameters
    ----------
    pairs
        pairs of lead id and rep id
    column
        column of leads with the ids of reps that must not get them, separated by ; or |; what is no rep, but several
        with a comma, a slash, & or a line break between them, counts as these
    """

    pairs: tuple[tuple[Id, Id], ...] = ()
    column: str | None = None
    excludes = True

    def __post_init__(self) -> None:
        """Turn lists into tuples and numpy's numbers into plain ones, and refuse what is no pair of ids."""
        _check_names("exclude", column="" if self.column is None else self.column)
        if isinstance(self.pairs, str | Mapping) or not isinstance(self.pairs, Iterable):
            raise InvalidInput(f"eligibility.exclude: pairs must be a list of (lead id, rep id); found {self.pairs!r}")
        object.__setattr__(self, "pairs", tuple(_pair(pair) for pair in self.pairs))

    def keys(self, leads: Table, lead_ids: Sequence[Id]) -> Sequence[Hashable]:
        """Return the reps that each lead must not go to, as text."""
        banned, book = [frozenset[str]() for _ in lead_ids], IdBook(map(str, lead_ids))
        for lead, rep in self.pairs:
            place = book.place(str(lead))
            if place is None:
                raise InvalidInput(f"eligibility.exclude: lead {lead!r} is not in {leads.name}; remove the pair")
            banned[place] |= {str(rep)}
        listed = leads.sets(self.column) if self.column else [frozenset[str]()] * len(lead_ids)
        return [pairs | more for pairs, more in zip(banned, listed, strict=True)]

    def allows(self, reps: Table, rep_ids: Sequence[Id]) -> Allows:
        """Return who is not listed."""
        book = IdBook(map(str, rep_ids))
        unknown = [rep for _, rep in self.pairs if book.place(str(rep)) is None]
        if unknown:
            raise InvalidInput(f"eligibility.exclude: rep {unknown[0]!r} is not in {reps.name}; remove the pair")

        def allowed(key: Hashable) -> Bools:
            found = np.ones(len(rep_ids), dtype=np.bool_)
            found[[place for name in key for place in _places(name, book)[0]]] = False  # type: ignore[attr-defined]
            return found

        return allowed

    def notes(self, keys: Iterable[Hashable], leads: Table, rep_ids: Sequence[Id]) -> list[str]:
        """Return what is said of names in the column that are no rep's: they forbid nothing, or stand for several."""
        book = IdBook(map(str, rep_ids))
        names = dict.fromkeys(name for key in keys for name in sorted(key))  # type: ignore[call-overload]
        places = {name: _places(name, book) for name in names}
        split = [repr(name) for name, (found, _) in places.items() if found and book.place(name) is None]
        unknown = list(dict.fromkeys(part for _, parts in places.values() for part in parts))
        where, notes = f"eligibility.exclude: {leads.name}.{self.column}", list[str]()
        if split:
            notes.append(f"{where}: {enumerate_some(split, 3)} read as several reps (write ; or | between them)")
        if unknown:
            said = ("is", "it forbids") if len(unknown) == 1 else ("are", "they forbid")
            meant = did_you_mean(unknown[0], map(str, rep_ids))
            named = enumerate_some(map(repr, unknown), 3)
            notes.append(f"{where}: {named} {said[0]} not in reps, so {said[1]} nothing{meant}")
        return notes

    def words(self, key: Hashable) -> str:
        """Name the reps."""
        return f"must not go to {', '.join(sorted(key))}"  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class ProtectRule:
    """Leads that no newcomer may get: those where a column of leads is true; missing is false."""

    column: str
    newcomer: tuple[bool, ...]
    excludes = False

    def keys(self, leads: Table, lead_ids: Sequence[Id]) -> Sequence[Hashable]:
        """Return which leads are protected."""
        told = [value is not None for value in leads.values(self.column)]
        return [known and share > 0 for known, share in zip(told, leads.fractions(self.column), strict=True)]

    def allows(self, reps: Table, rep_ids: Sequence[Id]) -> Allows:
        """Return who is no newcomer."""
        new = np.array(self.newcomer, dtype=bool)
        return lambda key: ~new if key else np.ones(len(new), dtype=bool)

    def words(self, key: Hashable) -> str:
        """Name the column."""
        return f"not a newcomer ({self.column})" if key else "anyone"


def match(column: str, reps_column: str | None = None) -> MatchRule:
    """Return the rule that a lead's column equals the rep's column (of the same name, unless given)."""
    return MatchRule(column, reps_column)


def skills(needs: str = "skills", has: str = "skills") -> SkillsRule:
    """Return the rule that a rep has all skills (column `has`) that a lead needs (column `needs`)."""
    return SkillsRule(needs, has)


def exclude(pairs: Sequence[tuple[Id, Id]] = (), column: str | None = None) -> ExcludeRule:
    """Return the rule that these (lead id, rep id) pairs, and those a column of leads lists, are not made."""
    return ExcludeRule(pairs, column)  # type: ignore[arg-type]  # made tuples by __post_init__


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdicts:
    """What one rule says about every lead.

    Parameters
    ----------
    words
        what each kind of lead asks of a rep
    kind_of_lead
        int64 (n_leads,)
    allowed
        bool (n_kinds, n_reps)
    excludes
        as in `Rule`
    """

    words: tuple[str, ...]
    kind_of_lead: Ints
    allowed: Bools
    excludes: bool


def judge(rule: Rule, leads: Table, lead_ids: Sequence[Id], reps: Table, rep_ids: Sequence[Id]) -> Verdicts:
    """Return what a rule says, evaluated once per distinct kind of lead."""
    number: dict[Hashable, int] = {}
    kinds = [number.setdefault(key, len(number)) for key in rule.keys(leads, lead_ids)]
    allows = rule.allows(reps, rep_ids)
    for note in _notes(rule, number, leads, reps, rep_ids):
        leads.reading.note(note)
    allowed = [allows(key) for key in number]
    return Verdicts(
        words=tuple(rule.words(key) for key in number),
        kind_of_lead=np.array(kinds, dtype=np.int64),
        allowed=np.array(allowed, dtype=bool).reshape(len(number), len(rep_ids)),
        excludes=rule.excludes,
    )


def pinned_reps(
    pins: Mapping[Any, Any], leads: Table, lead_ids: Sequence[Id], reps: Table, rep_ids: Sequence[Id]
) -> Ints:
    """Return the index of the rep each lead is pinned to, int64 (n_leads,), -1 = free.

    Raises
    ------
    InvalidInput
        pins are no mapping, or one names a lead or rep that does not exist
    """
    if not isinstance(pins, Mapping):
        raise InvalidInput(f"pins: must be a dict from lead id to rep id; found {type(pins).__name__}")
    plain = [(as_id(lead), as_id(rep)) for lead, rep in pins.items()]
    check_same_kind("pins (lead ids)", [lead for lead, _ in plain if lead is not None], leads.name, lead_ids)
    check_same_kind("pins (rep ids)", [rep for _, rep in plain if rep is not None], reps.name, rep_ids)
    if not plain:
        return np.full(len(lead_ids), -1, dtype=np.int64)
    lead_at, rep_at = IdBook(lead_ids), IdBook(rep_ids)
    pinned = np.full(len(lead_ids), -1, dtype=np.int64)
    for (lead, rep), (given_lead, given_rep) in zip(plain, pins.items(), strict=True):
        at, of = lead_at.place(lead), rep_at.place(rep)
        if at is None:
            raise InvalidInput(f"pins: lead {given_lead!r} is not in {leads.name}; remove the pin or add the lead")
        if of is None:
            raise InvalidInput(
                f"pins: lead {given_lead!r} is pinned to rep {given_rep!r}, who is not in {reps.name}"
                f"{did_you_mean(str(given_rep), map(str, rep_ids))}"
            )
        pinned[at] = of
    return pinned


def _check_names(rule: str, **names: object) -> None:
    for setting, name in names.items():
        if not isinstance(name, str):
            raise InvalidInput(f"eligibility.{rule}: {setting} must be the name of a column; found {name!r}")


def _pair(pair: Any) -> tuple[Id, Id]:
    ids = [as_id(part) for part in pair] if isinstance(pair, list | tuple) else []
    if len(ids) != 2 or ids[0] is None or ids[1] is None:
        raise InvalidInput(f"eligibility.exclude: a pair must be (lead id, rep id); found {pair!r}")
    return ids[0], ids[1]


def _places(name: str, book: IdBook) -> tuple[list[int], list[str]]:
    """Return where the reps stand that a name means, and the parts of it that are nobody."""
    place = book.place(name)
    parts = [name] if place is not None else [part for each in _AND.split(name) if (part := each.strip())]
    places = {part: book.place(part) for part in parts}
    known = [found for found in places.values() if found is not None]
    # Where no part is a rep, the mark is as likely part of the name: "Lee, Ann".
    return known, [part for part, found in places.items() if found is None] if known else [name]


def _notes(rule: Rule, keys: Iterable[Hashable], leads: Table, reps: Table, rep_ids: Sequence[Id]) -> list[str]:
    if isinstance(rule, ExcludeRule) and rule.column is not None:
        return rule.notes(keys, leads, rep_ids)
    return rule.notes(leads, reps) if isinstance(rule, SkillsRule) else []


def _parts(skill: str) -> list[str]:
    """Return the skills that a text may list with marks that are none between skills."""
    return [part for each in _AND.split(skill) if (part := each.strip())]


def _fold_all(levels: frozenset[str]) -> frozenset[str]:
    return frozenset(folded for level in levels if (folded := level_alike(as_level(level))) is not None)
