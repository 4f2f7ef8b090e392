"""Columns of text as numbers, days and outcomes: by the settings, by themselves, or by the other columns of the table.

What was recognised is noted; what leaves doubt is a `Fault`, which the table raises with its row.
"""

from calendar import month_name
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from leadopt.errors import InvalidInput, enumerate_some
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.moments import Days, Moment, read_days
from leadopt.tables.reading.numerals import FAMILIES, Numbers, is_read, read_numbers
from leadopt.tables.reading.outcomes import Outcomes, choices, lines, propose_outcomes
from leadopt.tables.reading.words import says_nothing

Others = Callable[[], Iterable[tuple[str, Collection[str]]]]
"""The other columns of a table that hold text, each with its distinct cells."""

OUTCOME_RULE = "an outcome must be 0, 1, true, false, won, lost, yes, no, or missing while it is open"
_PLAIN_OUTCOMES = frozenset(("won", "lost", "true", "false", "yes", "no", "1", "0", "1.0", "0.0", "converted"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a table's text is read, and what was noticed of it so far.

    Parameters
    ----------
    formats, outcomes
        settings of the policy
    notes
        in words; the tables that are made of one another share them
    """

    formats: Formats = field(default_factory=Formats)
    outcomes: Outcomes = field(default_factory=Outcomes)
    notes: dict[str, None] = field(default_factory=dict, compare=False)

    def note(self, sentence: str) -> None:
        """Keep a note; one that is known already is not said twice."""
        self.notes[sentence] = None


def reading_of(where: str, formats: Formats | None, outcomes: Outcomes | None) -> Reading | None:
    """Return how a table's text is read by such settings; None where there are none, so that a table keeps its own.

    Raises
    ------
    InvalidInput
        something else than settings
    """
    for name, kind, found in (("formats", Formats, formats), ("outcomes", Outcomes, outcomes)):
        if found is not None and not isinstance(found, kind):
            raise InvalidInput(f"{where}.{name}: must be {kind.__name__}(...) or None; found {found!r}")
    if formats is None and outcomes is None:
        return None
    return Reading(formats=formats or Formats(), outcomes=outcomes or Outcomes())


class Fault(Exception):
    """A text of a column that cannot be read: which one, the rule, and how to mend it."""

    def __init__(self, text: str, rule: str, mend: str) -> None:
        super().__init__(rule)
        self.text, self.rule, self.mend = text, rule, mend


def numbers_in(texts: Collection[str], table: str, column: str, reading: Reading, others: Others) -> Numbers:
    """Return distinct texts of a column as numbers; NaN for what spells none.

    Raises
    ------
    Fault
        the texts could be other numbers too, and neither setting nor another column tells; or no one way reads them all
    """
    asked = reading.formats.decimal_of(table, column)
    found, like = read_numbers(texts, asked), ""
    if found.doubt is not None:
        like, mark = _told_elsewhere(others, _decimal_of) or ("", None)
        if mark is None:
            raise _number_doubt(found)
        found = read_numbers(texts, mark)
    if found.conflict is not None:
        raise _number_conflict(found.conflict)
    if found.telling is not None:
        reading.note(f"{table}.{column}: {_said_of_numbers(found, like, asked)}")
    _note_nothing(found.nothing, table, column, reading)
    return found


def _decimal_of(texts: Collection[str]) -> str | None:
    found = read_numbers(texts)
    sound = all(map(is_read, found.value.values()))
    return found.decimal if sound and found.doubt is None else None


def _order_of(texts: Collection[str]) -> str | None:
    found = read_days(texts)
    return found.order if not found.unread and found.doubt is None else None


def _told_elsewhere(others: Others, tell: Callable[[Collection[str]], str | None]) -> tuple[str, str] | None:
    """Return the one way that other columns are written in, and the first of them; None where none or several."""
    told = [(column, way) for column, texts in others() if (way := tell(texts)) is not None]
    return told[0] if len({way for _, way in told}) == 1 else None


def _number_doubt(found: Numbers) -> Fault:
    text, point, comma = found.doubt or ("", 0.0, 0.0)
    return Fault(
        text,
        f"may be {point:,.10g} or {comma:,.10g}, and nothing in the column tells which",
        f'Set [formats] decimal = "." for {point:,.10g} or decimal = "," for {comma:,.10g} in the policy, '
        'Policy(formats=Formats(decimal="."))',
    )


def _number_conflict(texts: tuple[str, str]) -> Fault:
    one, other = texts
    if "%" in one or "％" in one:
        return Fault(other, f"all numbers of a column must be per cents or none; {one!r} is", "Write all in one way.")
    return Fault(
        one,
        f"numbers of one column must have one decimal mark; {one!r} has a point, {other!r} a comma",
        "Write all in one way.",
    )


def _said_of_numbers(found: Numbers, like: str, asked: str | None) -> str:
    text = found.telling or ""
    number = found.value[text]
    codes = sorted(set(found.currency.values()))
    shown = "nothing" if number is None else f"{number:,.10g}"
    said = f"text read as numbers, {_one_line(text)!r} as {shown}"
    said += f" in {enumerate_some(codes)}" if codes else ""
    if like:
        return (
            f'{said}, as column {like} is written (set [formats] decimal = "{found.decimal}" or the other to be sure)'
        )
    return f"{said} ([formats] decimal can say otherwise)" if found.decimal is not None and asked is None else said


def _one_line(text: str) -> str:
    """Return text with plain blanks, as a message shows it."""
    return " ".join(text.split())


def _note_nothing(words: Collection[str], table: str, column: str, reading: Reading) -> None:
    if words:
        reading.note(f"{table}.{column}: {enumerate_some(map(repr, words))} counts as missing")


def days_in(texts: Collection[str], table: str, column: str, reading: Reading, others: Others) -> Days:
    """Return distinct texts of a column as moments; None for what spells none.

    Raises
    ------
    Fault
        day and month could stand the other way round, and neither setting nor another column tells; or no one order
        reads them all
    """
    asked = reading.formats.order_of(table, column)
    found, like = read_days(texts, asked), ""
    if found.doubt is not None:
        like, order = _told_elsewhere(others, _order_of) or ("", None)
        if order is None:
            raise _day_doubt(found)
        found = read_days(texts, order)
    if found.conflict is not None:
        one, other = found.conflict
        raise Fault(
            one, f"no one order of day and month reads all dates; {other!r} has another", "Write all in one way."
        )
    if found.telling is not None:
        reading.note(f"{table}.{column}: {_said_of_days(found, like, asked)}")
    _note_nothing(found.nothing, table, column, reading)
    return found


def _day_doubt(found: Days) -> Fault:
    text, moments = found.doubt or ("", {})
    several = " or ".join(in_words(moment) for moment in dict.fromkeys(moments.values()))
    orders = " or ".join(f'"{order}"' for order in moments)
    return Fault(
        text,
        f"may be {several}, and nothing in the column tells which",
        f'Set [formats] dates = {orders} in the policy, Policy(formats=Formats(dates="{next(iter(moments), "")}"))',
    )


def _said_of_days(found: Days, like: str, asked: str | None) -> str:
    text = found.telling or ""
    moment = found.value[text]
    said = f"text read as dates, {_one_line(text)!r} as {'no date' if moment is None else in_words(moment)}"
    if like:
        return f'{said}, as column {like} is written ([formats] dates = "{found.order}" makes sure)'
    return f"{said} ([formats] dates can say otherwise)" if found.order is not None and asked is None else said


def in_words(moment: Moment) -> str:
    """Return a day as nobody can mistake it.

    >>> from datetime import date
    >>> in_words(date(2025, 4, 3))
    '3 April 2025'
    """
    return f"{moment.day} {month_name[moment.month]} {moment.year}"


def outcomes_in(words: Collection[str], table: str, column: str, reading: Reading) -> dict[str, int | None]:
    """Return 1 for each word that means won, 0 for lost, None for open.

    Raises
    ------
    Fault
        a word is not known; the mend proposes the lines to write
    """
    meaning = {word: reading.outcomes.meaning(word) for word in words}
    unknown = [word for word, meant in meaning.items() if meant is None]
    if unknown:
        raise _unknown_outcome(unknown)
    told = {meant: [word for word, means in meaning.items() if means == meant] for meant in ("won", "lost", "open")}
    spoken = {meant: [word.strip() for word in found if not says_nothing(word)] for meant, found in told.items()}
    if {word.casefold() for found in spoken.values() for word in found} - _PLAIN_OUTCOMES:
        said = [f"{enumerate_some(map(repr, found), 4)} as {meant}" for meant, found in spoken.items() if found]
        reading.note(f"{table}.{column}: read {', '.join(said)} ([outcomes] can say otherwise)")
    return {word: None if meant == "open" else int(meant == "won") for word, meant in meaning.items()}


def _unknown_outcome(unknown: list[str]) -> Fault:
    proposed, _ = propose_outcomes(unknown)
    more = f"Nor is {enumerate_some(map(repr, unknown[1:]), 4)} known. " if len(unknown) > 1 else ""
    unclear, guessed = proposed.open, lines(replace(proposed, open=()))
    if not unclear:
        return Fault(unknown[0], OUTCOME_RULE, f"{more}If this is right, write in the policy: {guessed}")
    many = f"{enumerate_some(map(repr, unclear), 4)} mean{'s' * (len(unclear) == 1)}"
    what = "it means" if len(unknown) == 1 else many
    mend = f"{more}Say in the policy what {what}: {choices(unclear)}"
    sounds = f"; if this is right, also {guessed.removeprefix('[outcomes] ')}" if guessed else ""
    return Fault(unknown[0], OUTCOME_RULE, mend + sounds)


def checked_signs(codes: Iterable[str | None]) -> tuple[str, ...]:
    """Return the distinct currencies of codes and signs; a sign that one of the codes may have written is no other.

    >>> checked_signs(["$", "USD", None, "€"])
    ('USD', '€')
    """
    found = sorted({code for code in codes if code is not None})
    return tuple(code for code in found if not any(other in FAMILIES.get(code, ()) for other in found))
