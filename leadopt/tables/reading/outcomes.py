"""Which words say that a lead was won, was lost, or is open still: a setting of the policy, and proposals for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.tables.reading.words import LOST, NO, OPEN, WON, YES, folded_outcome, guess, says_nothing

MEANINGS = ("won", "lost", "open")

_KNOWN = dict.fromkeys(OPEN, "open") | dict.fromkeys(LOST | NO, "lost") | dict.fromkeys(WON | YES, "won")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The words of a history's outcomes, beside those that are known in English, German, Spanish, French and Chinese.

    Case, accents and marks between words do not matter. A word that is listed here means what it is listed as,
    whatever it is known as otherwise.

    Parameters
    ----------
    won
        what says that a lead was won, such as "Closed Won" or "成交"
    lost
        what says that it was lost
    open
        what says that it is neither yet: nothing is learned from it

    Examples
    --------
    >>> outcomes = Outcomes(won=["Handshake"], open="Demo")
    >>> [outcomes.meaning(word) for word in ("handshake", "Demo", "Closed-Lost", "gewonnen", "maybe")]
    ['won', 'open', 'lost', 'won', None]
    """

    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    open: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Turn lists into tuples of words, and refuse a word that is to mean two things."""
        own: dict[str, str] = {}
        for meaning in MEANINGS:
            object.__setattr__(self, meaning, _words(meaning, getattr(self, meaning)))
            for word in getattr(self, meaning):
                other = own.setdefault(folded_outcome(word), meaning)
                if other != meaning:
                    raise InvalidInput(f"policy.outcomes: {word!r} is listed as {other} and as {meaning}; list it once")

    def meaning(self, word: str) -> str | None:
        """Return whether a word means "won", "lost" or "open"; None = it is not known."""
        plain = folded_outcome(word)
        return self.own().get(plain) or _KNOWN.get(plain) or ("open" if says_nothing(word) else None)

    def own(self) -> dict[str, str]:
        """Return the meaning of each word that is listed here, as words are compared."""
        return {folded_outcome(word): meaning for meaning in MEANINGS for word in getattr(self, meaning)}

    def to_dict(self) -> dict[str, list[str]]:
        """Return plain data that `Outcomes(**data)` takes back."""
        return {meaning: list(getattr(self, meaning)) for meaning in MEANINGS}


def _words(meaning: str, asked: Any) -> tuple[str, ...]:
    words = (asked,) if isinstance(asked, str | int | float) else asked
    if not isinstance(words, list | tuple | set | frozenset) or not all(
        isinstance(w, str | int | float) for w in words
    ):
        raise InvalidInput(f'policy.outcomes.{meaning}: must be a list of words, ["Closed Won"]; found {asked!r}')
    texts = [_text(word) for word in (sorted(words, key=str) if isinstance(words, set | frozenset) else words)]
    if blank := [text for text in texts if not text.strip()]:
        raise InvalidInput(f"policy.outcomes.{meaning}: a word cannot be blank; found {blank[0]!r}")
    return tuple(dict.fromkeys(texts))


def _text(word: Any) -> str:
    if isinstance(word, bool):
        return str(word).lower()
    return str(int(word)) if isinstance(word, float) and word.is_integer() else str(word)


def propose_outcomes(cells: Iterable[Any]) -> tuple[Outcomes, tuple[str, ...]]:
    """Return a setting for the outcomes that are there, and the words of it that are a guess.

    Words that are known need no setting and are left out. The others are proposed as won or lost where they sound like
    it ("Closed Won - upsell", "Verloren an Mitbewerber"), else as open; whoever knows them should look.

    Parameters
    ----------
    cells
        of the column of outcomes, of any type; each word counts once, in the order of appearance

    Examples
    --------
    >>> found, guessed = propose_outcomes(["Closed Won", "Lost to rival", "Demo", None, 1])
    >>> found.lost, found.open, guessed
    (('Lost to rival',), ('Demo',), ('Lost to rival', 'Demo'))
    """
    words = dict.fromkeys(cell.strip() for cell in cells if isinstance(cell, str))
    known = Outcomes()
    unknown = [word for word in words if known.meaning(word) is None]
    meant: dict[str, list[str]] = {meaning: [] for meaning in MEANINGS}
    for word in unknown:
        meant[guess(word)].append(word)
    return Outcomes(**{meaning: tuple(found) for meaning, found in meant.items()}), tuple(unknown)


def lines(outcomes: Outcomes) -> str:
    """Return the lines of a policy file that say the same, on one line, "" if there are none.

    >>> lines(Outcomes(lost=["Dead"], open=["Demo"]))
    '[outcomes] lost = ["Dead"], open = ["Demo"]'
    """
    import json

    told = [
        f"{each.name} = {json.dumps(list(getattr(outcomes, each.name)), ensure_ascii=False)}"
        for each in fields(outcomes)
        if getattr(outcomes, each.name)
    ]
    return f"[outcomes] {', '.join(told)}" if told else ""


def choices(words: Sequence[str]) -> str:
    """Return the lines of a policy file of which one says what a word means; of several words, the first stands there.

    >>> choices(["Demo"])
    '[outcomes] won = ["Demo"], lost = ["Demo"] or open = ["Demo"]'
    """
    import json

    listed = f"[{json.dumps(words[0], ensure_ascii=False)}{', ...' * (len(words) > 1)}]"
    return f"[outcomes] won = {listed}, lost = {listed} or open = {listed}"
