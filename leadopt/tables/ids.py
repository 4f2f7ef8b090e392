"""Ids and levels that are one though they are written in several ways: letter case, blanks, width, marks unseen.

"Ann", "ANN " and "Ａｎｎ" are one rep, unless a table lists two of them: then each is its own.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from leadopt.arrays import Ints
from leadopt.errors import enumerate_some
from leadopt.tables.cells import Id
from leadopt.tables.cells.coded import Coded
from leadopt.tables.reading.words import says_nothing


def alike(text: str) -> str:
    """Return what all ways to write a text have in common.

    >>> alike(" Ann  LEE") == alike("ann lee\u00a0"), alike("\ufeffAnn\u200b") == "ann"
    (True, True)
    """
    # Most text is plain, and needs no table of characters.
    plain = text if text.isascii() else "".join(filter(_is_seen, unicodedata.normalize("NFKC", text)))
    return " ".join(plain.casefold().split())


def _is_seen(character: str) -> bool:
    """Return whether a character is no mark of formatting, of no width, such as web forms and exports leave."""
    return unicodedata.category(character) != "Cf"


def level_alike(level: str | None) -> str | None:
    """Return the same of a cell, None where it is missing or blank.

    >>> level_alike(" ACME  Corp "), level_alike(" "), level_alike(None)
    ('acme corp', None, None)
    """
    return None if level is None else alike(level) or None


class IdBook:
    """Where ids stand in a table, found again however they are written.

    Parameters
    ----------
    ids
        as the table has them

    Examples
    --------
    >>> book = IdBook(["Ann", "Bo", "BO"])
    >>> book.place("ann "), book.place("BO"), book.place("bo"), book.place("Cy")
    (0, 2, None, None)
    """

    __slots__ = ("_places", "_places_alike", "ids")

    def __init__(self, ids: Iterable[Id]) -> None:
        self.ids = tuple(ids)
        self._places: dict[Any, int] = {known: place for place, known in enumerate(self.ids)}
        self._places_alike: dict[str, list[int]] | None = None  # made where an id is written in another way: it costs

    def place(self, wanted: Any) -> int | None:
        """Return where an id stands, None if nowhere, or if it is none of several that differ from it in case alone."""
        if (place := self._places.get(wanted)) is not None or not isinstance(wanted, str):
            return place
        if self._places_alike is None:
            self._places_alike = {}
            for place, known in enumerate(self.ids):
                if isinstance(known, str):
                    self._places_alike.setdefault(alike(known), []).append(place)
        places = self._places_alike.get(alike(wanted), [])
        return places[0] if len(places) == 1 else None


def one_spelling(written: Mapping[Any, int], known: Sequence[Id] = ()) -> dict[Any, Any]:
    """Return for each text that is another one in another spelling that one, which all spellings of it have.

    Parameters
    ----------
    written
        texts, and how often each occurs; what is no text is passed over
    known
        ids whose spelling counts, such as those of the table of reps; else the most frequent one does

    Examples
    --------
    >>> one_spelling({"Ann": 2, "ANN ": 1, "bo": 1}, known=["Bo"])
    {'ANN ': 'Ann', 'bo': 'Bo'}
    """
    texts = {text: alike(text) for text in written if isinstance(text, str)}
    own, listed = set(known), dict[str, list[Id]]()
    for one in known:
        if isinstance(one, str):
            listed.setdefault(alike(one), []).append(one)
    usual = dict[str, str]()
    for text in sorted(texts, key=lambda text: (-written[text], text)):
        usual.setdefault(texts[text], text)
    found = {}
    for text, key in texts.items():
        candidates = listed.get(key, [usual[key]])
        # Of two reps who differ in letter case alone, a third spelling may mean either.
        if text not in own and len(candidates) == 1 and candidates[0] != text:
            found[text] = candidates[0]
    return found


def respelled(ids: Sequence[Any], counts: Ints | None = None, known: Sequence[Id] = ()) -> dict[Any, Any]:
    """Return the same of a column: ids by row, and how many rows each stands for (None = one)."""
    column = Coded.of(ids)
    return one_spelling(dict(zip(column.cells, column.times(counts).tolist(), strict=True)), known)


_TRUTH = {"1": "true", "0": "false"}


def one_truth(levels: Collection[str | None]) -> dict[Any, Any]:
    """Return which levels of a column mean true or false in another way than others: 1 and 0, if it holds nothing else.

    >>> one_truth({"1", "0", "TRUE", None}), one_truth({"1", "0"}), one_truth({"1", "2", "true"})
    ({'1': 'TRUE', '0': 'false'}, {}, {})
    """
    known = {alike(level): level for level in sorted(level for level in levels if level is not None)}
    if not known.keys() <= {*_TRUTH, *_TRUTH.values()} or not known.keys() & set(_TRUTH.values()):
        return {}
    return {known[digit]: known.get(word, word) for digit, word in _TRUTH.items() if digit in known}


NOWHERE = ""
"""What all ways to write nothing have in common; see `level_key`."""


def level_key(level: str | None) -> str:
    """Return what all ways to write a level have in common, where one may be missing.

    >>> level_key(" WEB"), level_key("N/A") == level_key(" ") == level_key(None)
    ('web', True)
    """
    return NOWHERE if level is None or says_nothing(level) else alike(level)


def one_nothing(levels: Collection[str | None]) -> dict[str, None]:
    """Return which levels are missing ones: those that say nothing, if a column has more than one way to say so.

    One way alone may be a kind of its own, as "NA" is a region and "none" a competitor.

    >>> one_nothing({"N/A", None, "web"}), one_nothing({"NA", "EU"}), one_nothing({"", None})
    ({'N/A': None}, {}, {'': None})
    """
    ways = {level for level in levels if level_key(level) == NOWHERE}
    return {level: None for level in sorted(ways - {None}, key=str) if level is not None} if len(ways) > 1 else {}


def nothing_note(column: str, ways: Collection[str]) -> list[str]:
    """Return what is said of such levels: one sentence, or none.

    >>> nothing_note("region", ["N/A", ""])
    ['region: "N/A", "" are read as missing cells; if one is a kind of its own, write it in another way']
    """
    if not ways:
        return []
    told = enumerate_some((f'"{way}"' for way in ways), most=3)
    are = "is read as a missing cell" if len(ways) == 1 else "are read as missing cells"
    one = "it" if len(ways) == 1 else "one"
    return [f"{column}: {told} {are}; if {one} is a kind of its own, write it in another way"]


def spellings_of(levels: Collection[str | None]) -> dict[str, str | None]:
    """Return levels by what all their spellings have in common; where all are true or false, 1 and 0 are spellings.

    >>> spellings_of({"Web", None}), spellings_of({"1", "0"}) == {"1": "1", "0": "0", "true": "1", "false": "0"}
    ({'': None, 'web': 'Web'}, True)
    """
    known = {level_key(level): level for level in sorted(levels, key=str)}
    for own in (_TRUTH, {word: digit for digit, word in _TRUTH.items()}):
        if known.keys() - {NOWHERE} <= own.keys():
            return known | {own[key]: level for key, level in known.items() if key != NOWHERE}
    return known


def spellings_note(what: str, spelled: Mapping[Any, Any]) -> list[str]:
    """Return what is said of texts that were read as another: one sentence, or none.

    >>> spellings_note("reps of history", {"ann ": "Ann"})
    ['reps of history written in another way are one: "ann " is "Ann"']
    """
    if not spelled:
        return []
    pairs = enumerate_some((f'"{text}" is "{one}"' for text, one in sorted(spelled.items())), most=3)
    return [f"{what} written in another way are one: {pairs}"]


def twice_but_for_blanks(ids: Collection[Id]) -> tuple[Id, Id] | None:
    """Return the first two ids that look the same, None if no two do: blanks, or how an accent is stored, differ.

    >>> twice_but_for_blanks(["Ann", "ann", "Bo", " Ann"])
    ('Ann', ' Ann')
    """
    first, texts = dict[str, Id](), "".join(one for one in ids if isinstance(one, str))
    if texts.isascii() and not any(map(str.isspace, set(texts))):
        return None
    for one in ids:
        seen = " ".join(unicodedata.normalize("NFC", one).split()) if isinstance(one, str) else ""
        if isinstance(one, str) and first.setdefault(seen, one) != one:
            return first[seen], one
    return None


def look_alikes(ids: Sequence[Id], others: Sequence[Id]) -> dict[Id, Id]:
    """Return for ids one of the others that may be the same: of the same words and numbers, or hardly another spelling.

    >>> look_alikes(["Ann Lee", "R01", "Bo"], ["LEE, Ann", "r1", "Cy"])
    {'Ann Lee': 'LEE, Ann', 'R01': 'r1'}
    """
    from difflib import get_close_matches

    of_parts = {_parts(str(other)): other for other in reversed(others)}
    spelled = {_plain(str(other)): other for other in others}
    found = dict[Id, Id]()
    for one in ids[:_MOST_ASKED]:
        other = of_parts.get(_parts(str(one)), _within(_parts(str(one)), of_parts))
        if other is None and len(others) <= _MOST_ASKED:
            text = _plain(str(one))
            near = get_close_matches(text, spelled, n=1, cutoff=_NEAR)
            other = spelled[near[0]] if near and _digits(near[0]) == _digits(text) else None
        if other is not None:
            found[one] = other
    return found


_MOST_ASKED = 200  # ids that are compared letter by letter
_NEAR = 0.85  # "Muller" and "Mueller" have 0.92, "Ann" and "Anna" 0.86


def _parts(text: str) -> frozenset[str]:
    """Return the words and numbers of a text, numbers without leading zeros."""
    return frozenset(part.lstrip("0") or "0" for part in re.findall(r"\d+|[^\W\d_]+", _plain(text)))


def _plain(text: str) -> str:
    """Return a text without letter case and accents."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in letters if not unicodedata.combining(character))


def _within(parts: frozenset[str], of_parts: Mapping[frozenset[str], Id]) -> Id | None:
    """Return the only one whose words and numbers are some of these, or these and more, as of a mail address."""
    fits = [other for found, other in of_parts.items() if _has_word(parts & found) and (parts < found or found < parts)]
    return fits[0] if len(fits) == 1 else None


def _has_word(parts: frozenset[str]) -> bool:
    return any(part.isalpha() and len(part) > 1 for part in parts)


def _digits(text: str) -> list[str]:
    return re.findall(r"\d+", text)
